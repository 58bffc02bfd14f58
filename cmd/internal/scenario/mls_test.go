package scenario

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
)

// mlsSuite is MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.
const mlsSuite = 1

// publishMLS publishes the signature key of somebody's MLS client.
func (p *person) publishMLS(c *mlstest.Client) {
	p.Helper()
	key := append(mlstest.Uint16(mlsSuite), c.Leaf().SignatureKey...)
	file := filepath.Join(p.TempDir(), "key")
	fatalIfErr(p.T, os.WriteFile(file, []byte("MLS-signature "+base64.StdEncoding.EncodeToString(key)+" phone\n"), 0o600))
	p.kt(append([]string{"publish", p.label, file}, p.writeFlags()...)...).exits(p.T, exitVerified)
}

// checkMLS has somebody check an MLS group, as their client exports it.
func (p *person) checkMLS(c *mlstest.Client, leaves ...*mls.LeafNode) ran {
	p.Helper()
	file := filepath.Join(p.TempDir(), "group")
	fatalIfErr(p.T, os.WriteFile(file, c.GroupInfo(p.T, mlstest.Tree(leaves...), 0), 0o600))
	return p.kt("roster", "--mls", file, "--me", p.label, window())
}

// anotherHPKEKey gives a leaf an encryption key that no other one of its name has.
func anotherHPKEKey(l *mls.LeafNode) { l.EncryptionKey = append([]byte(nil), l.SignatureKey...) }

// The delivery service adds a client of its own to an MLS group, under Bob's name: MLS
// leaves it to others whether a credential and a key belong together.
func TestMLSGhost(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alices, bobs, ghost := mlstest.New(t, mlsSuite, alice.label), mlstest.New(t, mlsSuite, bob.label), mlstest.New(t, mlsSuite, "ghost")
	ghost.Name = bob.label
	alice.publishMLS(alices)
	bob.publishMLS(bobs)
	later()

	alice.checkMLS(alices, alices.Leaf(), bobs.Leaf(), ghost.Leaf(anotherHPKEKey)).exits(t, exitAttention, "ghost-device", "leaf 2")
	alice.checkMLS(alices, alices.Leaf(), ghost.Leaf(anotherHPKEKey)).exits(t, exitAttention, "ghost-device", "leaf 1")
	stranger := mlstest.New(t, mlsSuite, "stranger@example.org")
	alice.checkMLS(alices, alices.Leaf(), bobs.Leaf(), stranger.Leaf()).exits(t, exitAbsent, "ghost-user")

	t.Run("innocent: the group as it is", func(t *testing.T) {
		alice.checkMLS(alices, alices.Leaf(), bobs.Leaf()).exits(t, exitVerified)
	})
	t.Run("innocent: Bob has a second client", func(t *testing.T) {
		second := mlstest.New(t, mlsSuite, "second")
		second.Name = bob.label
		key := append(mlstest.Uint16(mlsSuite), second.Leaf().SignatureKey...)
		first := append(mlstest.Uint16(mlsSuite), bobs.Leaf().SignatureKey...)
		file := filepath.Join(t.TempDir(), "keys")
		lines := "MLS-signature " + base64.StdEncoding.EncodeToString(first) + " phone\nMLS-signature " + base64.StdEncoding.EncodeToString(key) + " laptop\n"
		fatalIfErr(t, os.WriteFile(file, []byte(lines), 0o600))
		bob.kt(append([]string{"publish", bob.label, file}, bob.writeFlags()...)...).exits(t, exitVerified)
		later()
		alice.checkMLS(alices, alices.Leaf(), bobs.Leaf(), second.Leaf(anotherHPKEKey)).exits(t, exitVerified)
	})
}
