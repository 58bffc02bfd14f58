package account

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signer returns a key in memory that depends on its name only.
func signer(t testing.TB, a Algorithm, name string) crypto.Signer {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	if a == Ed25519 {
		return ed25519.NewKeyFromSeed(seed[:])
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	fatalIfErr(t, err)
	return private
}

func keyOf(t testing.TB, s crypto.Signer) Key {
	t.Helper()
	k, err := KeyOf(s)
	fatalIfErr(t, err)
	return k
}

// keys returns a set of one key that depends on its name only.
func keys(name string) keyset.Set {
	seed := sha256.Sum256([]byte(name))
	public := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	return keyset.Set{Keys: []keyset.Key{{Format: keyset.FormatEd25519, Data: public, Name: name}}}
}
