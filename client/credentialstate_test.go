package client_test

import (
	"os"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
)

// TestDamagedCredentialState damages what is retained of a credential.
func TestDamagedCredentialState(t *testing.T) {
	w, o := newCredentialWorld(t)
	w.freshKeys("abc")
	made := w.credential(alice, client.CredentialOptions{})
	o.watch()
	if _, err := o.verifyOffline(made.File); err != nil {
		t.Fatal(err)
	}
	path := o.credentialFiles()[0]
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(good)-1; i += 97 {
		bad := []byte(string(good))
		bad[i] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := o.verifyOffline(made.File)
		wantKind(t, err, client.Operational, "credential")
		if report := o.watch(); report.Kind() != client.Operational {
			t.Fatalf("byte %d: %+v", i, report)
		}
	}
}
