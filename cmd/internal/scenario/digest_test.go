package scenario

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// digest returns what kt prints for members to compare.
func (p *person) digest(r rosterFile) string {
	p.Helper()
	text, err := json.Marshal(r)
	fatalIfErr(p.T, err)
	file := filepath.Join(p.TempDir(), "roster.json")
	fatalIfErr(p.T, os.WriteFile(file, text, 0o600))
	var out struct {
		Digest string `json:"digest"`
	}
	fatalIfErr(p.T, json.Unmarshal([]byte(p.kt("--json", "roster", "digest", file).exits(p.T, exitVerified).stdout), &out))
	if len(out.Digest) != 60 {
		p.Fatalf("a digest of %d characters: %q", len(out.Digest), out.Digest)
	}
	var groups []string
	for group := range slices.Chunk([]byte(out.Digest), 5) {
		groups = append(groups, string(group))
	}
	p.kt("roster", "digest", file).exits(p.T, exitVerified, strings.Join(groups, " "))
	return out.Digest
}

// Members compare what they are shown, by reading digits to each other. It is the same,
// unless one is shown another member or other keys.
func TestDigest(t *testing.T) {
	s := newStage(t)
	alice, bob, carol := s.enter("alice@example.org"), s.enter("bob@example.org"), s.enter("carol@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")
	carol.publish("carol's phone")
	of := func(p *person, members ...*person) string {
		r := p.conversation()
		for _, m := range members {
			r.Members = append(r.Members, m.as(device(m.label[:len(m.label)-len("@example.org")]+"'s phone")))
		}
		return p.digest(r)
	}
	first := of(alice, alice, bob, carol)
	if other := of(bob, carol, bob, alice); other != first {
		t.Errorf("two members of one conversation: %s and %s", first, other)
	}
	if other := of(alice, alice, bob); other == first {
		t.Error("the same digest without carol")
	}
	carol.publish("carol's phone", "carol's laptop")
	if other := of(alice, alice, bob, carol); other == first {
		t.Error("the same digest with another key set")
	}
}
