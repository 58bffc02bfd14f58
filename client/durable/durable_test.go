package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func fatalIfErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReplaceAndRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	fatalIfErr(t, MakeFolder(dir))
	path := filepath.Join(dir, "file")
	fatalIfErr(t, os.WriteFile(path+Suffix, []byte("what a crash left, which is longer"), 0o600))
	for _, text := range []string{"one", "", "three"} {
		fatalIfErr(t, Replace(path, []byte(text)))
		got, err := ReadFile(path, 5)
		fatalIfErr(t, err)
		if string(got) != text {
			t.Errorf("read %q, want %q", got, text)
		}
	}
	for _, p := range []string{path, dir} {
		info, err := os.Stat(p)
		fatalIfErr(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", p, info.Mode())
		}
	}
	if err := Create(path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create where there is a file: %v", err)
	}
	for range 2 { // the second time there is none
		fatalIfErr(t, Remove(path))
	}
	fatalIfErr(t, Create(path, []byte("secret")))
}

func TestReadFileRefuses(t *testing.T) {
	dir := t.TempDir()
	large, pipe := filepath.Join(dir, "large"), filepath.Join(dir, "pipe")
	fatalIfErr(t, os.WriteFile(large, []byte("123456"), 0o600))
	fatalIfErr(t, syscall.Mkfifo(pipe, 0o600))
	for _, path := range []string{large, pipe, dir} {
		if data, err := ReadFile(path, 5); !errors.Is(err, ErrNotSmallFile) || data != nil {
			t.Errorf("%s: %q, %v, want ErrNotSmallFile", path, data, err)
		}
	}
	if _, err := ReadFile(filepath.Join(dir, "none"), 5); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestReplaceFails has writing fail, as with a full disk: the old file stays.
func TestReplaceFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	fatalIfErr(t, Replace(path, []byte("old")))
	fatalIfErr(t, os.Mkdir(path+Suffix, 0o700))
	if err := Replace(path, []byte("new")); err == nil {
		t.Error("no error")
	}
	if got, err := ReadFile(path, 10); err != nil || string(got) != "old" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestUnseal(t *testing.T) {
	type content struct{ Text string }
	good, err := Seal("example/v1", content{"<a> & b"})
	fatalIfErr(t, err)
	var c content
	fatalIfErr(t, Unseal("example/v1", good, &c))
	if c.Text != "<a> & b" {
		t.Errorf("read %q", c.Text)
	}
	whole := string(good)
	for name, bad := range map[string]string{
		"content":   strings.Replace(whole, "b\"", "c\"", 1),
		"checksum":  strings.Replace(whole, `"sha256":"`, `"sha256":"0`, 1),
		"cut off":   whole[:len(whole)/2],
		"empty":     "",
		"follows":   whole + "x",
		"no object": "[]",
	} {
		if bad == whole {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := Unseal("example/v1", []byte(bad), new(content)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := Unseal("example/v2", good, new(content)); err == nil || !strings.Contains(err.Error(), "schema") {
		t.Errorf("another schema: %v", err)
	}
}
