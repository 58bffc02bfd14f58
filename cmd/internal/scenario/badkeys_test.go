package scenario

import (
	"crypto/rand"
	"crypto/rsa"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// A private key in the place of a public one is refused before anything is sent.
func TestPrivateKey(t *testing.T) {
	s := newStage(t)
	alice := s.enter("alice@example.org")
	alice.newAccount()
	for _, flags := range [][]string{nil, {"--raw"}} {
		args := append([]string{"publish", alice.label, alice.account, "--token-file", s.token()}, flags...)
		if r := alice.kt(args...); r.code == exitVerified || !strings.Contains(strings.ToLower(r.stderr), "private key") {
			t.Error(r)
		}
	}
	alice.kt("lookup", alice.label).exits(t, exitAbsent)
}

// A key that is too short to be safe is told of, whoever published it.
func TestWeakKey(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	modulus, err := rand.Prime(rand.Reader, 1024) // nobody needs the private key
	fatalIfErr(t, err)
	public, err := ssh.NewPublicKey(&rsa.PublicKey{N: modulus, E: 65537})
	fatalIfErr(t, err)
	file := filepath.Join(t.TempDir(), "key.pub")
	fatalIfErr(t, os.WriteFile(file, ssh.MarshalAuthorizedKey(public), 0o600))
	bob.kt("publish", bob.label, file, "--token-file", s.token()).exits(t, exitVerified, "rsa-1024")
	m := with(bob.label)
	m.Devices = append(m.Devices, sessionDevice{"SSH", public.Marshal(), ""})
	alice.check(alice.conversation(alice.as("alice's phone"), m)).finds(t, exitAttention, "weak-key bob@example.org")
}

// A member whose label looks like another's is told of: here, the first letter is
// Cyrillic.
func TestLookAlikeLabel(t *testing.T) {
	s := newStage(t)
	alice, bob, mallory := s.enter("alice@example.org"), s.enter("bob@example.org"), s.enter("\u0430lice@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")
	mallory.publish("mallory's phone")
	r := bob.conversation(alice.as("alice's phone"), bob.as("bob's phone"), mallory.as("mallory's phone"))
	bob.check(r).finds(t, exitAttention, "look-alike-label "+alice.label)
	bob.check(bob.conversation(alice.as("alice's phone"), bob.as("bob's phone"))).clean(t)
}

// Two of Bob's devices have one key: it was copied. That an app lists one device twice,
// or that he has two devices with two keys, is no more than a note.
func TestDuplicateDevice(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone", "bob's laptop")
	copied := bob.as("bob's phone", "bob's laptop", "bob's phone")
	twice := alice.check(alice.conversation(alice.as("alice's phone"), copied))
	twice.clean(t)
	twice.notes(t, "duplicate-device", bob.label)
	alice.check(alice.conversation(alice.as("alice's phone"), bob.as("bob's phone", "bob's laptop"))).clean(t)

	copied.Devices[2].Name = "provider's server"
	alice.check(alice.conversation(alice.as("alice's phone"), copied)).finds(t, exitAttention, "duplicate-device bob@example.org")
}
