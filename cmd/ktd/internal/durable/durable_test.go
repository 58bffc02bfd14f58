package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func fatalIfErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReplace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(dir, "file")
	if err := Replace(path, 0o600, Bytes([]byte("x"))); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	fatalIfErr(t, MkdirAll(dir, 0o755))
	fatalIfErr(t, MkdirAll(dir, 0o755))
	fatalIfErr(t, Create(path, []byte("one"), 0o600))
	if err := Create(path, []byte("again"), 0o600); !errors.Is(err, os.ErrExist) {
		t.Errorf("created twice: %v", err)
	}
	fatalIfErr(t, Replace(path, 0o640, Bytes([]byte("two"))))
	failed := errors.New("nothing more")
	err := Replace(path, 0o600, func(w io.Writer) error { _, _ = io.WriteString(w, "thr"); return failed })
	if !errors.Is(err, failed) {
		t.Errorf("the writer's error: %v", err)
	}
	data, err := os.ReadFile(path)
	fatalIfErr(t, err)
	info, err := os.Stat(path)
	fatalIfErr(t, err)
	entries, err := os.ReadDir(dir)
	fatalIfErr(t, err)
	if string(data) != "two" || info.Mode() != 0o640 || len(entries) != 1 {
		t.Errorf("%q, mode %v, %v", data, info.Mode(), entries)
	}
	if err := MkdirAll(filepath.Join(path, "c"), 0o755); err == nil {
		t.Error("a folder was made below a file")
	}
}
