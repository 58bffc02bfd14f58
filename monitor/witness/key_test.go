package witness

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func TestCreateKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	vkey, err := CreateKey(path, "witness.example/w1")
	fatalIfErr(t, err)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	key, err := ReadKey(path)
	fatalIfErr(t, err)
	if keys := key.VerifierKeys(); len(keys) != 2 || keys[0] != vkey || !strings.HasPrefix(keys[1], "witness.example/w1+") {
		t.Errorf("keys %q, created %q", keys, vkey)
	}
	before, err := os.ReadFile(path)
	fatalIfErr(t, err)
	if _, err := CreateKey(path, "witness.example/w2"); !errors.Is(err, os.ErrExist) {
		t.Errorf("created again: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the key was replaced (%v)", err)
	}
	// What others make of the file.
	for i, line := range strings.Split(strings.TrimSpace(string(before)), "\n") {
		signer, err := f_note.NewSignerForCosignatureV1(line)
		fatalIfErr(t, err)
		verifier, err := f_note.NewVerifierForCosignatureV1(key.VerifierKeys()[i])
		fatalIfErr(t, err)
		if signer.KeyHash() != verifier.KeyHash() {
			t.Errorf("line %d is another key", i+1)
		}
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o700 | 0o001} {
		fatalIfErr(t, os.Chmod(path, mode))
		if _, err := ReadKey(path); err == nil || !strings.Contains(err.Error(), "only its owner") {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	if _, err := ReadKey(filepath.Dir(path)); err == nil {
		t.Error("a folder is a key")
	}
	for _, name := range []string{"", "a b", "a+b", "a\n", strings.Repeat("a", 256), "\xff"} {
		path := filepath.Join(t.TempDir(), "key")
		if _, err := CreateKey(path, name); err == nil || exists(path) {
			t.Errorf("%q is a name: %v", name, err)
		}
	}
}

// TestParseKey reads keys of x/mod/sumdb/note, and refuses what is none.
func TestParseKey(t *testing.T) {
	skey, vkey, err := note.GenerateKey(nil, "witness.example/old")
	fatalIfErr(t, err)
	vkey, err = f_note.VKeyToCosignatureV1(vkey)
	fatalIfErr(t, err)
	key, err := parseKey(skey + "\n")
	fatalIfErr(t, err)
	if key.VerifierKeys()[0] != vkey {
		t.Errorf("%q, want %q", key.VerifierKeys(), vkey)
	}
	parts := strings.SplitN(skey, "+", 5) // the last part can have a plus
	with := func(i int, text string) string {
		changed := append([]string{}, parts...)
		changed[i] = text
		return strings.Join(changed, "+")
	}
	for name, text := range map[string]string{
		"nothing": "", "an empty line": "\n", "a verifier key": vkey, "another beginning": with(0, "PUBLIC"),
		"another name": with(2, "witness.example/new"), "no name": with(2, ""), "a space": with(2, "a b"),
		"another ID": with(3, "00000000"), "a short ID": with(3, parts[3][1:]), "capitals": with(3, "ABCDEF01"),
		"no key": with(4, ""), "a short key": with(4, parts[4][:40]), "no base64": with(4, "!"+parts[4][1:]),
		"another type": with(4, "Ag"+parts[4][2:]), "twice": skey + "\n" + skey, "more": skey + "\nmore\n", "blank": skey + "\n\n",
	} {
		if _, err := parseKey(text); err == nil {
			t.Errorf("%s was accepted", name)
		} else if strings.Contains(err.Error(), parts[4][8:40]) {
			t.Errorf("%s: the error has the secret", name)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	w := newWorld(t, 1)
	fatalIfErr(t, w.w.Close())
	for name, change := range map[string]func(c *Config){
		"no key":      func(c *Config) { c.KeyFile += "x" },
		"no logs":     func(c *Config) { c.Logs = nil },
		"no log":      func(c *Config) { c.Logs = []Logs{{Policy: []byte("quorum none\n")}} },
		"no policy":   func(c *Config) { c.Logs = []Logs{{Policy: []byte("log\n")}} },
		"a file":      func(c *Config) { c.Dir = c.KeyFile },
		"a long name": func(c *Config) { c.Logs = []Logs{{Policy: longOrigin(t)}} },
	} {
		cfg := w.cfg
		change(&cfg)
		if _, err := Open(cfg); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func longOrigin(t *testing.T) []byte {
	t.Helper()
	_, vkey, err := note.GenerateKey(nil, strings.Repeat("a", 300))
	fatalIfErr(t, err)
	return []byte("log " + vkey + "\nquorum none\n")
}
