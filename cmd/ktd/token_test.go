package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// admitted reports whether the instance in dir admits a token.
func admitted(t *testing.T, dir, token string) bool {
	t.Helper()
	f, err := directory.OpenTokenFile(filepath.Join(dir, instance.TokensFile))
	fatalIfErr(t, err)
	id, err := f.Identify(directory.Credential{Token: token})
	return err == nil && id == directory.TokenIdentity(token)
}

func TestToken(t *testing.T) {
	dir := newDir(t)
	registration := strings.TrimSpace(read(t, filepath.Join(dir, "registration-token")))
	token := strings.TrimSuffix(ktd(t, "token", dir, "alice").exits(exitOK).stdout, "\n")
	var out tokenOutput
	ktd(t, "token", dir, "bob", "--json").exits(exitOK).json(&out)
	file := filepath.Join(t.TempDir(), "carol.token")
	r := ktd(t, "token", dir, "carol", "--out", file).exits(exitOK, file)
	carol := strings.TrimSpace(read(t, file))
	if r.stdout != "" || strings.Contains(r.stderr, carol) {
		t.Errorf("the token was printed: %+v", r)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	for _, token := range []string{registration, token, out.Token, carol} {
		if !admitted(t, dir, token) {
			t.Errorf("a token is not admitted")
		}
	}
	if admitted(t, dir, directory.NewToken()) {
		t.Error("a foreign token is admitted")
	}
	if info, err := os.Stat(filepath.Join(dir, "tokens")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestBadTokens(t *testing.T) {
	dir := newDir(t)
	tokens := filepath.Join(dir, "tokens")
	before := read(t, tokens)
	for _, name := range []string{"", "two words", "a#b", "a\nb", "ä", strings.Repeat("x", 65), "registration"} {
		ktd(t, "token", dir, name).exits(exitUsage, "token name")
	}
	existing := filepath.Join(t.TempDir(), "file")
	write(t, existing, "precious")
	ktd(t, "token", dir, "alice", "--out", existing).exits(exitFailed, "exists")
	if read(t, existing) != "precious" || read(t, tokens) != before {
		t.Error("a token that was not delivered left something")
	}
	write(t, tokens, before+"junk\n")
	ktd(t, "token", dir, "alice").exits(exitFailed, "tokens: line 4")
	// A last line without its end, from an editor.
	write(t, tokens, strings.TrimSuffix(before, "\n"))
	token := strings.TrimSpace(ktd(t, "token", dir, "alice").exits(exitOK).stdout)
	if !admitted(t, dir, token) {
		t.Error("the token is not admitted")
	}
}

func TestTokensAtOnce(t *testing.T) {
	dir := newDir(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := instance.AddToken(dir, fmt.Sprint("t", i), func(string) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	for line := range strings.Lines(read(t, filepath.Join(dir, "tokens"))) {
		if _, name, _ := strings.Cut(line, " "); strings.HasPrefix(name, "t") && line[0] != '#' {
			n++
		}
	}
	if n != 20 {
		t.Errorf("%d of 20 tokens are there", n)
	}
	entries, err := os.ReadDir(dir)
	fatalIfErr(t, err)
	if len(entries) != 7 {
		t.Errorf("files are left: %v", entries)
	}
}
