package accountpolicy_test

import (
	"crypto"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/accountpolicy"
)

func personOf(t testing.TB, name string) group.Person {
	t.Helper()
	key, err := account.KeyOf(signer(name))
	fatalIfErr(t, err)
	return group.Person{Label: name + "@example.org", Key: key}
}

func encoded(t testing.TB, g group.Group, err error) []byte {
	t.Helper()
	fatalIfErr(t, err)
	value, err := g.Marshal()
	fatalIfErr(t, err)
	return value
}

// team is what a member knows of the group of the label.
type team struct {
	*world
	state *group.State
}

// follow publishes a version that stands.
func (g *team) follow(value []byte) {
	g.t.Helper()
	g.publish(value)
	read, err := group.Parse(value)
	fatalIfErr(g.t, err)
	next, _, err := group.Follow(g.state, group.Version{Label: label, Number: *g.greatest, Commitment: *g.previous, Group: &read})
	fatalIfErr(g.t, err)
	g.state = &next
}

func (g *team) next(name string, by crypto.Signer, c group.Changes) []byte {
	g.t.Helper()
	made, err := g.state.Next(label, name+"@example.org", by, c)
	return encoded(g.t, made, err)
}

func TestGroup(t *testing.T) {
	policy := accountpolicy.Policy{ResetWait: wait}
	g := &team{world: newWorld(t, policy)}
	founded, err := group.Create(label, "a@example.org", signer("a"), personOf(t, "b"))
	value := encoded(t, founded, err)
	for i, want := range map[int]string{10: "not understood", len(value) - 5: "not signed as it has to be"} {
		damaged := append([]byte(nil), value...)
		damaged[i] ^= 0x80
		if i == 10 {
			damaged = damaged[:len(damaged)-1]
		}
		g.refused(want, damaged)
	}
	elsewhere, err := group.Create("another", "a@example.org", signer("a"))
	g.refused("not signed as it has to be", encoded(t, elsewhere, err))
	g.follow(value)
	g.refused("signed for another place", value)
	g.refused("no version of one", g.marshal(keys("phone"), nil))
	g.refused("no version of one", g.signed(keys("phone"), signer("a"), nil))
	g.refused("no version of one", []byte("x"))

	add := g.next("b", signer("b"), group.Changes{Add: []group.Person{personOf(t, "c")}})
	stale := g.next("a", signer("a"), group.Changes{Add: []group.Person{personOf(t, "d")}})
	g.follow(add)
	g.refused("signed for another place", stale)
	g.reopen(policy)
	g.refused("no version of one", g.marshal(keys("phone"), nil))
	g.follow(g.next("a", signer("a"), group.Changes{Remove: []string{"a@example.org"}}))
	_, err = g.Erase(t.Context(), []byte(label), nil)
	fatalIfErr(t, err)
	g.refused("no version of one", g.marshal(keys("phone"), nil))

	// Whether a member made it is not for the directory to say: it does not keep the list.
	mallory, err := group.Create(label, "mallory@example.org", signer("mallory"))
	fatalIfErr(t, err)
	ghost, _, err := group.Follow(nil, group.Version{Label: label, Group: &mallory})
	fatalIfErr(t, err)
	ghost.Version, ghost.Commitment = *g.greatest, *g.previous
	made, err := ghost.Next(label, "mallory@example.org", signer("mallory"), group.Changes{Add: []group.Person{personOf(t, "d")}})
	g.publish(encoded(t, made, err))
}

func TestGroupOverKeys(t *testing.T) {
	founded, err := group.Create(label, "a@example.org", signer("a"))
	value := encoded(t, founded, err)
	for name, before := range map[string]func(w *world) []byte{
		"keys":        func(w *world) []byte { return w.marshal(keys("phone"), nil) },
		"signed keys": func(w *world) []byte { return w.signed(keys("phone"), signer("a"), nil) },
		"other":       func(*world) []byte { return []byte("x") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, accountpolicy.Policy{ResetWait: wait})
			w.publish(before(w))
			w.refused("not those of a group", value)
		})
	}
}

// TestGroupOff: what was published while nothing was enforced counts.
func TestGroupOff(t *testing.T) {
	g := &team{world: newWorld(t, nil)}
	founded, err := group.Create(label, "a@example.org", signer("a"))
	g.follow(encoded(t, founded, err))
	next := g.next("a", signer("a"), group.Changes{Add: []group.Person{personOf(t, "b")}})
	g.reopen(accountpolicy.Policy{ResetWait: wait})
	g.refused("no version of one", g.marshal(keys("phone"), nil))
	g.follow(next)
}
