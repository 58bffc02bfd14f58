package directory_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
)

func tokenFile(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens")
	fatalIfErr(t, os.WriteFile(path, []byte(lines), 0o600))
	return path
}

func TestTokenFile(t *testing.T) {
	token, other := directory.NewToken(), directory.NewToken()
	line, err := directory.TokenLine(token, "registration")
	fatalIfErr(t, err)
	if strings.Contains(line, token) {
		t.Fatal("the line holds the token")
	}
	path := tokenFile(t, "# tokens\n\n"+line)
	f, err := directory.OpenTokenFile(path)
	fatalIfErr(t, err)
	id, err := f.Identify(directory.Credential{Token: token})
	fatalIfErr(t, err)
	if id != directory.TokenIdentity(token) {
		t.Fatal("identity of another token")
	}
	for _, bad := range []string{"", other, token + " ", token[:len(token)-1], strings.ToUpper(token), line} {
		if _, err := f.Identify(directory.Credential{Token: bad}); !errors.Is(err, directory.ErrUnauthenticated) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	// A token that is added later is admitted without a restart.
	added, err := directory.TokenLine(other, "added")
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(path, []byte(line+added), 0o600))
	waitFor(t, func() bool {
		_, err := f.Identify(directory.Credential{Token: other})
		return err == nil
	})
	// One that is taken away is not.
	fatalIfErr(t, os.WriteFile(path, []byte(added), 0o600))
	waitFor(t, func() bool {
		_, err := f.Identify(directory.Credential{Token: token})
		return errors.Is(err, directory.ErrUnauthenticated)
	})
	// A file that was damaged admits nobody, but that is not the token's fault.
	fatalIfErr(t, os.WriteFile(path, []byte("damaged"), 0o600))
	time.Sleep(1100 * time.Millisecond)
	if _, err := f.Identify(directory.Credential{Token: other}); err == nil || errors.Is(err, directory.ErrUnauthenticated) {
		t.Fatalf("damaged file: %v", err)
	}
}

func TestTokenFileRefused(t *testing.T) {
	for _, lines := range []string{"zz name", "abcd name", strings.Repeat("ab", 32), strings.Repeat("ab", 32) + " a b"} {
		if _, err := directory.OpenTokenFile(tokenFile(t, "# fine\n"+lines+"\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", lines, err)
		}
	}
	if _, err := directory.OpenTokenFile(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	for _, name := range []string{"", "a b", "a#", "a\nb"} {
		if _, err := directory.TokenLine(directory.NewToken(), name); err == nil {
			t.Errorf("name %q was accepted", name)
		}
	}
}
