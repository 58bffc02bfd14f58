package prefixtree

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

func cloneProof(p Proof) Proof {
	return Proof{slices.Clone(p.Results), slices.Clone(p.Elements)}
}

// A claim is a proof and what it is said to prove.
type claim struct {
	p    Proof
	keys []Key
	cs   []*merkle.Hash
}

// tamper calls try with every small change of an honest claim.
func tamper(c claim, try func(what string, c claim)) {
	for i := range c.p.Elements {
		for b := range merkle.HashSize {
			m := cloneProof(c.p)
			m.Elements[i][b] ^= 1 << (b % 8)
			try("element flipped", claim{m, c.keys, c.cs})
		}
		m := cloneProof(c.p)
		m.Elements[i] = merkle.Hash{}
		try("element zeroed", claim{m, c.keys, c.cs})
		try("element dropped", claim{Proof{c.p.Results, slices.Delete(slices.Clone(c.p.Elements), i, i+1)}, c.keys, c.cs})
		try("element duplicated", claim{Proof{c.p.Results, slices.Insert(slices.Clone(c.p.Elements), i, c.p.Elements[i])}, c.keys, c.cs})
		if i > 0 {
			m := cloneProof(c.p)
			m.Elements[i-1], m.Elements[i] = m.Elements[i], m.Elements[i-1]
			try("elements swapped", claim{m, c.keys, c.cs})
		}
	}
	try("element added", claim{Proof{c.p.Results, append(slices.Clone(c.p.Elements), merkle.Hash{})}, c.keys, c.cs})
	for i := range c.p.Results {
		tamperResult(c, i, try)
	}
}

// tamperResult is tamper for result i.
func tamperResult(c claim, i int, try func(what string, c claim)) {
	change := func(what string, f func(*Result)) {
		m := cloneProof(c.p)
		f(&m.Results[i])
		try(what, claim{m, c.keys, c.cs})
		for _, h := range []*merkle.Hash{nil, {}} {
			cs := slices.Clone(c.cs)
			cs[i] = h
			try(what+", other commitment", claim{m, c.keys, cs})
		}
	}
	for t := range ResultType(6) {
		change("type", func(r *Result) { r.Type = t })
		change("type without leaf", func(r *Result) { r.Type, r.Leaf = t, Leaf{} })
		change("leaf of the key", func(r *Result) { r.Type, r.Leaf.Key = t, c.keys[i] })
	}
	for d := range 256 {
		change("depth", func(r *Result) { r.Depth = uint8(d) })
	}
	for b := range 64 {
		change("leaf", func(r *Result) {
			if b < 32 {
				r.Leaf.Key[b] ^= 1 << (b % 8)
			} else {
				r.Leaf.Commitment[b-32] ^= 1 << (b % 8)
			}
		})
	}
	dropped := slices.Delete(slices.Clone(c.p.Results), i, i+1)
	try("result dropped", claim{Proof{dropped, c.p.Elements}, c.keys, c.cs})
	try("search dropped", claim{Proof{dropped, c.p.Elements},
		slices.Delete(slices.Clone(c.keys), i, i+1), slices.Delete(slices.Clone(c.cs), i, i+1)})
	twice := slices.Insert(slices.Clone(c.p.Results), i, c.p.Results[i])
	try("result duplicated", claim{Proof{twice, c.p.Elements}, c.keys, c.cs})
	try("search duplicated", claim{Proof{twice, c.p.Elements},
		slices.Insert(slices.Clone(c.keys), i, c.keys[i]), slices.Insert(slices.Clone(c.cs), i, c.cs[i])})
	for j := range c.p.Results {
		m := cloneProof(c.p)
		m.Results[i], m.Results[j] = m.Results[j], m.Results[i]
		try("results swapped", claim{m, c.keys, c.cs})
		m = cloneProof(c.p)
		m.Results[i] = m.Results[j]
		cs := slices.Clone(c.cs)
		cs[i] = cs[j]
		try("result copied", claim{m, c.keys, cs})
	}
	for _, k := range []int{0, 3, 9, 100, 255} {
		keys := slices.Clone(c.keys)
		keys[i][k/8] ^= 0x80 >> (k % 8)
		try("other key", claim{c.p, keys, c.cs})
	}
}

// TestTampered checks that a changed proof leads to the root only if it is the
// one proof that the reference makes for its keys: then it says nothing wrong.
func TestTampered(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 1))
	for _, size := range []int{0, 1, 2, 3, 5, 9, 20} {
		for range 3 {
			var all []Leaf
			freshLeaves(rng, &all, size, 12)
			ls := sortedLeaves(all)
			var keys []Key
			for range rng.IntN(5) {
				keys = append(keys, randKey(rng, ls, 12))
				if size > 0 {
					keys = append(keys, ls[rng.IntN(size)].Key)
				}
			}
			checkTampered(t, ls, keys)
		}
	}
}

func checkTampered(t *testing.T, ls []Leaf, keys []Key) {
	t.Helper()
	root := refHash(ls, 0)
	p, cs := refProve(ls, keys)
	if h, err := p.Root(keys, cs); err != nil || h != root {
		t.Fatalf("honest proof: %v, %v", h, err)
	}
	tamper(claim{p, keys, cs}, func(what string, c claim) {
		h, err := c.p.Root(c.keys, c.cs)
		if err != nil {
			wantErr(t, err, errProof)
			return
		}
		if h != root {
			return
		}
		want, wantCs := refProve(ls, c.keys)
		same := sameProof(c.p, want)
		for i := range wantCs {
			same = same && (c.cs[i] == nil) == (wantCs[i] == nil) && (c.cs[i] == nil || *c.cs[i] == *wantCs[i])
		}
		if !same {
			t.Fatalf("%s: accepted %v for %v in %d leaves", what, c.p, c.keys, len(ls))
		}
	})
}

// TestAttacks has proofs that a lax verifier would accept because a part of
// them takes no part in the root (facebook/akd#495), and other malformed ones.
func TestAttacks(t *testing.T) {
	key := func(b byte) Key { return Key{b} }
	c1, c2, sib := merkle.Hash{1}, merkle.Hash{2}, merkle.Hash{9}
	inc := func(d uint8) Result { return Result{Type: Inclusion, Depth: d} }
	non := func(d uint8) Result { return Result{Type: NonInclusionParent, Depth: d} }
	nil1 := []*merkle.Hash{nil}
	nleaf := func(l Leaf, d uint8) Result { return Result{NonInclusionLeaf, l, d} }
	type es = []merkle.Hash
	for _, c := range []struct {
		name string
		p    Proof
		keys []Key
		cs   []*merkle.Hash
		ok   bool
	}{
		{"honest", Proof{[]Result{inc(1)}, es{sib}}, []Key{key(0)}, []*merkle.Hash{&c1}, true},
		{"two commitments for a key", Proof{[]Result{inc(1), inc(1)}, es{sib}}, []Key{key(0), key(0)}, []*merkle.Hash{&c1, &c2}, false},
		{"a key at two depths", Proof{[]Result{inc(1), inc(2)}, es{sib, sib}}, []Key{key(0), key(0)}, []*merkle.Hash{&c1, &c1}, false},
		{"a key included and absent", Proof{[]Result{inc(1), non(1)}, es{sib}}, []Key{key(0), key(0)}, []*merkle.Hash{&c1, nil}, false},
		{"a key included and another's leaf", Proof{[]Result{inc(1), nleaf(Leaf{key(1), c1}, 1)}, es{sib}}, []Key{key(0), key(0)}, []*merkle.Hash{&c1, nil}, false},
		{"two leaves in a place", Proof{[]Result{inc(1), inc(1)}, es{sib}}, []Key{key(0), key(1)}, []*merkle.Hash{&c1, &c1}, false},
		{"leaf below a leaf", Proof{[]Result{inc(1), inc(2)}, es{sib, sib}}, []Key{key(0), key(1)}, []*merkle.Hash{&c1, &c1}, false},
		{"leaf below a missing node", Proof{[]Result{non(1), inc(2)}, es{sib, sib}}, []Key{key(0), key(1)}, []*merkle.Hash{nil, &c1}, false},
		{"leaf below the root", Proof{[]Result{inc(0), inc(1)}, es{sib}}, []Key{key(0), key(0x80)}, []*merkle.Hash{&c1, &c1}, false},
		{"leaf and missing in a place", Proof{[]Result{non(2), inc(2)}, es{sib, sib}}, []Key{key(0), key(1)}, []*merkle.Hash{nil, &c1}, false},
		{"other leaf with another commitment", Proof{[]Result{inc(1), nleaf(Leaf{key(0), c2}, 1)}, es{sib}}, []Key{key(0), key(1)}, []*merkle.Hash{&c1, nil}, false},
		{"same leaf twice", Proof{[]Result{inc(1), nleaf(Leaf{key(0), c1}, 1)}, es{sib}}, []Key{key(0), key(1)}, []*merkle.Hash{&c1, nil}, true},
		{"absence by the key's own leaf", Proof{[]Result{nleaf(Leaf{key(0), c1}, 1)}, es{sib}}, []Key{key(0)}, nil1, false},
		{"absence by a leaf elsewhere", Proof{[]Result{nleaf(Leaf{key(0x80), c1}, 1)}, es{sib}}, []Key{key(0)}, nil1, false},
		{"two absent keys in a place", Proof{[]Result{non(1), non(1)}, es{sib}}, []Key{key(0), key(1)}, []*merkle.Hash{nil, nil}, true},
		{"childless parent", Proof{[]Result{non(1)}, es{{}}}, []Key{key(0)}, nil1, false},
		{"childless parent of two results", Proof{[]Result{non(1), non(1)}, nil}, []Key{key(0), key(0x80)}, []*merkle.Hash{nil, nil}, false},
		{"childless parent below", Proof{[]Result{non(2)}, es{{}, sib}}, []Key{key(0)}, nil1, false},
		{"leaf beside a missing node", Proof{[]Result{inc(1)}, es{{}}}, []Key{key(0)}, []*merkle.Hash{&c1}, true},
		{"empty tree", Proof{[]Result{non(0)}, nil}, []Key{key(0)}, nil1, true},
		{"no commitment", Proof{[]Result{inc(1)}, es{sib}}, []Key{key(0)}, nil1, false},
		{"commitment for an absent key", Proof{[]Result{non(1)}, es{sib}}, []Key{key(0)}, []*merkle.Hash{&c1}, false},
		{"no commitments", Proof{[]Result{inc(1)}, es{sib}}, []Key{key(0)}, nil, false},
		{"fewer keys", Proof{[]Result{inc(1), inc(1)}, nil}, []Key{key(0)}, []*merkle.Hash{&c1}, false},
		{"more keys", Proof{[]Result{inc(1)}, es{sib}}, []Key{key(0), key(0)}, []*merkle.Hash{&c1, &c1}, false},
		{"type 0", Proof{[]Result{{Depth: 1}}, es{sib}}, []Key{key(0)}, nil1, false},
		{"type 4", Proof{[]Result{{Type: 4, Depth: 1}}, es{sib}}, []Key{key(0)}, nil1, false},
		{"left-over element", Proof{[]Result{inc(1)}, es{sib, sib}}, []Key{key(0)}, []*merkle.Hash{&c1}, false},
		{"missing element", Proof{[]Result{inc(1)}, nil}, []Key{key(0)}, []*merkle.Hash{&c1}, false},
		{"no searches", Proof{nil, es{sib}}, nil, nil, true},
		{"no searches, no elements", Proof{}, nil, nil, false},
		{"no searches, two elements", Proof{nil, es{sib, sib}}, nil, nil, false},
	} {
		_, err := c.p.Root(c.keys, c.cs)
		if c.ok && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if !c.ok && !errors.Is(err, errProof) {
			t.Errorf("%s: error %v, want %v", c.name, err, errProof)
		}
	}
}

func TestDepth256(t *testing.T) {
	ls := []Leaf{{Key: Key{31: 2}}, {Key: Key{31: 3}}}
	_, _, err := Prove(newRefNode(ls, 0), []Key{ls[0].Key})
	wantErr(t, err, errTooDeep)
	// Beside the path of such leaves all is well.
	checkProof(t, newRefNode(ls, 0), ls, []Key{{1}})
	_, _, err = Search(newRefNode(ls, 0), ls[1].Key)
	wantErr(t, err, errTooDeep)

	p, _ := refProve(ls[:1], []Key{ls[1].Key})
	_, _, _, err = Mutate(p, ls[1:], nil)
	wantErr(t, err, errTooDeep)

	// At depth 255 it works.
	ls[1].Key[31] = 0
	checkProof(t, newRefNode(sortedLeaves(ls), 0), sortedLeaves(ls), []Key{ls[0].Key, ls[1].Key, {31: 1}})
}

type childless struct{ refNode }

func (childless) Leaf() (Leaf, bool, error)     { return Leaf{}, false, nil }
func (childless) Children() (Node, Node, error) { return nil, nil, nil }

func TestSearchChildless(t *testing.T) {
	if _, _, err := Search(childless{}, Key{}); err == nil {
		t.Error("parent without children accepted")
	}
}

// FuzzProof proves arbitrary keys in arbitrary trees, checks the proof against
// the reference, and that the verifier survives a changed one.
func FuzzProof(f *testing.F) {
	f.Add([]byte{0x10, 0x20, 0x31, 0xff}, []byte{0x10, 0x11, 0x80}, []byte{3, 1})
	f.Add([]byte{}, []byte{1}, []byte{})
	f.Add([]byte{7}, []byte{}, []byte{0, 9})
	f.Fuzz(func(t *testing.T, leaves, keys, edits []byte) {
		if len(leaves) > 100 || len(keys) > 100 {
			return
		}
		// A byte makes a key of few distinct bits, so that keys collide and
		// share prefixes: its low half tells how deep its high half goes.
		mk := func(b byte) (k Key) {
			k[2*int(b&0xf)] = b & 0xf0
			return k
		}
		seen := map[Key]Leaf{}
		for i, b := range leaves {
			seen[mk(b)] = Leaf{mk(b), merkle.Hash{byte(i)}}
		}
		var ls []Leaf
		for _, l := range seen {
			ls = append(ls, l)
		}
		ls = sortedLeaves(ls)
		var ks []Key
		for _, b := range keys {
			ks = append(ks, mk(b))
		}
		checkProof(t, newRefNode(ls, 0), ls, ks)
		p, cs := refProve(ls, ks)
		for i := 0; i+1 < len(edits); i += 2 {
			if n := len(p.Results); n > 0 {
				r := &p.Results[int(edits[i])%n]
				r.Type, r.Depth = r.Type^ResultType(edits[i+1]&3), r.Depth^edits[i+1]>>2
			}
		}
		h, err := p.Root(ks, cs)
		want, _ := refProve(ls, ks)
		if err == nil && h == refHash(ls, 0) && !sameProof(p, want) {
			t.Fatalf("accepted %v instead of %v", p, want)
		}
	})
}
