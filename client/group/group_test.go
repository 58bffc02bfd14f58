package group

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const name = "#team@example.org"

// signer returns a key that depends on its name only: on P-256, if the name begins
// with p.
func signer(t testing.TB, name string) crypto.Signer {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	if !strings.HasPrefix(name, "p") {
		return ed25519.NewKeyFromSeed(seed[:])
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	fatalIfErr(t, err)
	return private
}

func labelOf(who string) string { return who + "@example.org" }

func person(t testing.TB, who string) Person {
	t.Helper()
	k, err := account.KeyOf(signer(t, who))
	fatalIfErr(t, err)
	return Person{labelOf(who), k}
}

// commitment stands for the directory's of a version.
func commitment(number uint32) account.Hash {
	return sha256.Sum256(binary.BigEndian.AppendUint32([]byte("commitment"), number))
}

// version is a group as it comes back from a directory.
func versionOf(t testing.TB, number uint32, g Group) Version {
	t.Helper()
	data, err := g.Marshal()
	fatalIfErr(t, err)
	parsed, err := Parse(data)
	fatalIfErr(t, err)
	return Version{Label: name, Number: number, Commitment: commitment(number), Group: &parsed}
}

// team returns the state of a group that alice founded with bob and peter.
func team(t testing.TB) State {
	t.Helper()
	g, err := Create(name, labelOf("alice"), signer(t, "alice"), person(t, "bob"), person(t, "peter"))
	fatalIfErr(t, err)
	s, change, err := Follow(nil, versionOf(t, 0, g))
	fatalIfErr(t, err)
	if change.Actor != labelOf("alice") || len(change.Added) != 3 {
		t.Fatalf("founded: %+v", change)
	}
	return s
}

// next makes and follows a version.
func next(t testing.TB, s State, who string, c Changes) (State, Change) {
	t.Helper()
	g, err := s.Next(name, labelOf(who), signer(t, who), c)
	fatalIfErr(t, err)
	s, change, err := Follow(&s, versionOf(t, s.Version+1, g))
	fatalIfErr(t, err)
	return s, change
}

func labels(members []Member) string {
	var list []string
	for _, m := range members {
		list = append(list, strings.TrimSuffix(m.Label, "@example.org"))
	}
	return strings.Join(list, " ")
}

func TestHistory(t *testing.T) {
	s := team(t)
	s, change := next(t, s, "peter", Changes{Add: []Person{person(t, "carol")}})
	if labels(change.Added) != "carol" || change.Added[0].AddedBy != labelOf("peter") || change.Added[0].AddedAt != 1 {
		t.Errorf("added: %+v", change)
	}
	s, change = next(t, s, "bob", Changes{Remove: []string{labelOf("alice")}, Add: []Person{person(t, "dave"), person(t, "erin")}})
	if labels(change.Removed) != "alice" || labels(change.Added) != "dave erin" || change.Rekeyed != nil {
		t.Errorf("exchanged: %+v", change)
	}
	s, change = next(t, s, "carol", Changes{NewKey: signer(t, "p carol's phone")})
	if change.Rekeyed == nil || change.Rekeyed.Label != labelOf("carol") || len(change.Added)+len(change.Removed) > 0 {
		t.Errorf("rekeyed: %+v", change)
	}
	// The new key acts from now on, and its member leaves.
	g, err := s.Next(name, labelOf("carol"), signer(t, "p carol's phone"), Changes{Remove: []string{labelOf("carol")}})
	fatalIfErr(t, err)
	s, change, err = Follow(&s, versionOf(t, 4, g))
	fatalIfErr(t, err)
	if labels(change.Removed) != "carol" {
		t.Errorf("left: %+v", change)
	}
	// Alice, who founded the group, is added anew.
	s, change = next(t, s, "erin", Changes{Add: []Person{person(t, "alice")}})
	if labels(change.Added) != "alice" || labels(s.Members) != "alice bob dave erin peter" || s.Version != 5 || s.Stood != 5 || s.From != 0 {
		t.Errorf("at the end: %+v, %+v", change, s)
	}
	if m := find(s.Members, labelOf("dave")); m.AddedBy != labelOf("bob") || m.AddedAt != 2 {
		t.Errorf("dave: %+v", m)
	}
}

// A version that no member made does not stand, and the next is held against the
// last one that stood.
func TestGoesOnAfterAnUnsignedVersion(t *testing.T) {
	s := team(t)
	ghost := forge(t, s, "ghost", func(g *Group) {})
	after, _, err := Follow(&s, versionOf(t, 1, ghost))
	if !errors.Is(err, ErrUnsigned) || after.Version != 1 || after.Stood != 0 || labels(after.Members) != "alice bob peter" {
		t.Fatalf("the ghost's version: %v, %+v", err, after)
	}
	after, change := next(t, after, "alice", Changes{Add: []Person{person(t, "carol")}})
	if labels(after.Members) != "alice bob carol peter" || labels(change.Added) != "carol" || after.Stood != 2 {
		t.Errorf("after it: %+v", after)
	}
	// Neither a value that is lost nor one of another kind is a group.
	lost, _, err := Follow(&s, Version{Label: name, Number: 1, Commitment: commitment(1)})
	if !errors.Is(err, ErrUnsigned) || lost.Version != 1 || lost.Stood != 0 {
		t.Errorf("a lost version: %v, %+v", err, lost)
	}
}

// forge returns a version after s in which who is a member, signed by who, and then
// changed.
func forge(t testing.TB, s State, who string, change func(*Group)) Group {
	t.Helper()
	key := person(t, who).Key
	g := Group{Previous: s.Commitment, Actor: labelOf(who), Members: slices.Clone(s.Members)}
	if find(g.Members, labelOf(who)) == nil {
		fatalIfErr(t, g.append(name, s.Version+1, person(t, who), key, signer(t, who)))
	}
	change(&g)
	fatalIfErr(t, g.sign(name, s.Version+1, signer(t, who), nil))
	return g
}

func TestFollowRefuses(t *testing.T) {
	s := team(t)
	at := func(g *Group, who string) *Member { return find(g.Members, labelOf(who)) }
	drop := func(g *Group, who string) {
		g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.Label == labelOf(who) })
	}
	add := func(g *Group, who, by string, number uint32) {
		fatalIfErr(t, g.append(name, number, person(t, who), person(t, by).Key, signer(t, by)))
	}
	for _, tt := range []struct {
		name string
		g    Group
		want string
	}{
		{"a ghost who adds himself", forge(t, s, "ghost", func(*Group) {}), "by somebody who was no member"},
		{"a ghost in a member's name", forge(t, s, "ghost", func(g *Group) { g.Actor = labelOf("alice") }), "signature does not verify"},
		{"an addition in another member's name", forge(t, s, "bob", func(g *Group) {
			add(g, "ghost", "bob", 1)
			at(g, "ghost").AddedBy = labelOf("alice")
		}), "whom its actor did not add"},
		{"an addition with another member's key", forge(t, s, "bob", func(g *Group) {
			add(g, "ghost", "bob", 1)
			at(g, "ghost").AdderKey = person(t, "alice").Key
		}), "whom its actor did not add"},
		{"an addition of an earlier version", forge(t, s, "bob", func(g *Group) { add(g, "ghost", "bob", 0) }), "whom its actor did not add"},
		{"the addition of somebody else", forge(t, s, "bob", func(g *Group) {
			add(g, "carol", "bob", 1)
			at(g, "carol").Label = labelOf("ghost")
		}), "the addition of a member"},
		{"another's key", forge(t, s, "bob", func(g *Group) { at(g, "alice").Key = person(t, "ghost").Key }), "key of another member"},
		{"a new key without its own signature", forge(t, s, "bob", func(g *Group) { at(g, "bob").Key = person(t, "ghost").Key }), "signature does not verify"},
		{"another version of an addition", forge(t, s, "bob", func(g *Group) { at(g, "bob").AddedAt = 1 }), "changes how a member was added"},
		{"another adder", forge(t, s, "bob", func(g *Group) { at(g, "bob").AddedBy = labelOf("peter") }), "changes how a member was added"},
		{"another adder's key", forge(t, s, "bob", func(g *Group) { at(g, "bob").AdderKey = person(t, "peter").Key }), "changes how a member was added"},
		{"another signature of an addition", forge(t, s, "bob", func(g *Group) { at(g, "bob").Addition = []byte{1} }), "changes how a member was added"},
		{"an addition rewritten", forge(t, s, "alice", func(g *Group) {
			drop(g, "bob")
			add(g, "bob", "alice", 1)
		}), "changes how a member was added"},
		{"another place", forge(t, State{Version: 0, Commitment: commitment(9), Members: s.Members}, "bob", func(*Group) {}), "another place"},
		{"another version's number", forge(t, State{Version: 1, Commitment: s.Commitment, Members: s.Members}, "bob", func(*Group) {}), "signature does not verify"},
	} {
		after, change, err := Follow(&s, versionOf(t, 1, tt.g))
		if !errors.Is(err, ErrUnsigned) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if labels(after.Members) != labels(s.Members) || after.Stood != 0 || change.Actor != "" {
			t.Errorf("%s: the state is %+v, the change %+v", tt.name, after, change)
		}
	}
	signed := forge(t, s, "bob", func(*Group) {})
	signed.ByNewKey = []byte("something")
	if _, _, err := Follow(&s, versionOf(t, 1, signed)); !errors.Is(err, ErrUnsigned) || !strings.Contains(err.Error(), "do not go together") {
		t.Errorf("a signature of no new key: %v", err)
	}
	gone, _ := next(t, s, "bob", Changes{Remove: []string{labelOf("alice")}})
	late := forge(t, gone, "bob", func(g *Group) { g.Actor = labelOf("alice") })
	if _, _, err := Follow(&gone, versionOf(t, 2, late)); !errors.Is(err, ErrUnsigned) || !strings.Contains(err.Error(), "no member") {
		t.Errorf("somebody who was removed: %v", err)
	}
	back := forge(t, gone, "bob", func(g *Group) { g.Members = s.Members })
	if _, _, err := Follow(&gone, versionOf(t, 2, back)); !errors.Is(err, ErrUnsigned) || !strings.Contains(err.Error(), "did not add") {
		t.Errorf("an old addition of somebody who was removed: %v", err)
	}
	elsewhere := versionOf(t, 1, forge(t, s, "bob", func(*Group) {}))
	elsewhere.Label = "#other@example.org"
	if _, _, err := Follow(&s, elsewhere); !errors.Is(err, account.ErrSignature) {
		t.Errorf("for another label: %v", err)
	}
}

func TestFoundingRefuses(t *testing.T) {
	good, err := Create(name, labelOf("alice"), signer(t, "alice"), person(t, "bob"))
	fatalIfErr(t, err)
	for _, tt := range []struct {
		name   string
		change func(*Group)
		want   string
	}{
		{"by somebody who is no member", func(g *Group) { g.Actor = labelOf("carol") }, "does not begin a group"},
		{"after something", func(g *Group) { g.Previous = commitment(3) }, "does not begin a group"},
		{"with a new key", func(g *Group) { g.ByNewKey = []byte{1} }, "does not begin a group"},
		{"by a member who did not add all", func(g *Group) { g.Actor = labelOf("bob") }, "whom its actor did not add"},
		{"with another signature", func(g *Group) { g.Signature = slices.Clone(g.Signature); g.Signature[0] ^= 1 }, "signature does not verify"},
	} {
		g := good
		tt.change(&g)
		s, _, err := Follow(nil, versionOf(t, 0, g))
		if !errors.Is(err, ErrUnsigned) || !strings.Contains(err.Error(), tt.want) || s.Members != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, _, err := Follow(nil, Version{Label: name}); !errors.Is(err, ErrUnsigned) {
		t.Errorf("not a group: %v", err)
	}
	if _, _, err := Follow(nil, versionOf(t, 3, good)); !errors.Is(err, errUsage) {
		t.Errorf("version 3 without those before: %v", err)
	}
	s := team(t)
	if after, _, err := Follow(&s, versionOf(t, 2, good)); !errors.Is(err, errUsage) || after.Version != 0 {
		t.Errorf("version 2 after version 0: %v", err)
	}
}

func TestBegin(t *testing.T) {
	s := team(t)
	g, err := s.Next(name, labelOf("alice"), signer(t, "alice"), Changes{Add: []Person{person(t, "carol")}, NewKey: signer(t, "alice 2")})
	fatalIfErr(t, err)
	begun, err := Begin(versionOf(t, 1, g))
	fatalIfErr(t, err)
	if begun.From != 1 || labels(begun.Members) != "alice bob carol peter" {
		t.Errorf("got %+v", begun)
	}
	if begun, _ = next(t, begun, "bob", Changes{Remove: []string{labelOf("carol")}}); begun.From != 1 {
		t.Errorf("it is not told any more where it began: %+v", begun)
	}
	for what, change := range map[string]func(*Group){
		"an addition of the future": func(g *Group) {
			g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.Label == labelOf("carol") })
			fatalIfErr(t, g.append(name, 2, person(t, "carol"), person(t, "alice").Key, signer(t, "alice")))
			fatalIfErr(t, g.sign(name, 1, signer(t, "alice"), signer(t, "alice 2")))
		},
		"a false addition":  func(g *Group) { g.Members[1].AddedBy, g.Members[1].AdderKey = labelOf("bob"), person(t, "bob").Key },
		"a false signature": func(g *Group) { g.ByNewKey = g.Signature },
	} {
		changed := g
		changed.Members = slices.Clone(g.Members)
		change(&changed)
		if _, err := Begin(versionOf(t, 1, changed)); !errors.Is(err, ErrUnsigned) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Begin(Version{Label: name, Number: 4}); !errors.Is(err, ErrUnsigned) {
		t.Errorf("not a group: %v", err)
	}
}

func TestNextRefuses(t *testing.T) {
	s := team(t)
	for _, tt := range []struct {
		name, actor, key string
		c                Changes
		want             string
	}{
		{"somebody who is no member", "carol", "carol", Changes{}, "is no member"},
		{"with another key", "alice", "bob", Changes{}, "another account key"},
		{"a member twice", "alice", "alice", Changes{Add: []Person{person(t, "bob")}}, "a member already"},
		{"somebody twice", "alice", "alice", Changes{Add: []Person{person(t, "carol"), person(t, "carol")}}, "there twice"},
		{"removed and added", "alice", "alice", Changes{Remove: []string{labelOf("bob")}, Add: []Person{person(t, "bob")}}, "a member already"},
		{"removing nobody", "alice", "alice", Changes{Remove: []string{labelOf("carol")}}, "is no member"},
		{"removing everybody", "alice", "alice", Changes{Remove: []string{labelOf("alice"), labelOf("bob"), labelOf("peter")}}, "0 members"},
		{"the same key anew", "alice", "alice", Changes{NewKey: signer(t, "alice")}, "has another"},
		{"a new key for one who leaves", "alice", "alice", Changes{Remove: []string{labelOf("alice")}, NewKey: signer(t, "x")}, "has another"},
		{"a label that is not normalised", "alice", "alice", Changes{Add: []Person{{"Carol@Example.org", person(t, "carol").Key}}}, "not normalised"},
		{"no key", "alice", "alice", Changes{Add: []Person{{labelOf("carol"), account.Key{}}}}, "unknown account key algorithm"},
	} {
		if _, err := s.Next(name, labelOf(tt.actor), signer(t, tt.key), tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if labels(s.Members) != "alice bob peter" {
		t.Errorf("the state was changed: %s", labels(s.Members))
	}
}

// TestContent: signing once more does not change what a version says, and everything
// else does.
func TestContent(t *testing.T) {
	content := func(g Group) account.Hash {
		h, err := g.Content()
		fatalIfErr(t, err)
		return h
	}
	s := team(t)
	made := func(who string, s State, c Changes) Group {
		g, err := s.Next(name, labelOf(who), signer(t, who), c)
		fatalIfErr(t, err)
		return g
	}
	add := Changes{Add: []Person{person(t, "carol")}}
	good := made("alice", s, add)
	before := string(good.Members[0].Addition)
	again := good
	again.Signature, again.Members = []byte("another"), slices.Clone(good.Members)
	again.Members[0].Addition = []byte("another")
	if content(good) != content(again) || string(good.Members[0].Addition) != before {
		t.Error("signatures are in the content")
	}
	moved := s
	moved.Commitment[0] ^= 1
	for name, other := range map[string]Group{
		"another place":  made("alice", moved, add),
		"another actor":  made("bob", s, add),
		"another member": made("alice", s, Changes{Add: []Person{person(t, "dave")}}),
		"another key":    made("alice", s, Changes{Add: add.Add, NewKey: signer(t, "p another")}),
	} {
		if content(other) == content(good) {
			t.Errorf("%s: the same content", name)
		}
	}
	if _, err := (Group{}).Content(); !errors.Is(err, errMalformed) {
		t.Error(err)
	}
	if m := s.Find(labelOf("bob")); m == nil || m.Label != labelOf("bob") || s.Find(labelOf("carol")) != nil {
		t.Errorf("found %v", m)
	}
}
