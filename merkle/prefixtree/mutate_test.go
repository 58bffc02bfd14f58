package prefixtree

import (
	"math/rand/v2"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// TestMutate replays random changes and compares with the reference.
func TestMutate(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 1))
	determined, not, sunk := 0, 0, 0
	for i := range 4000 {
		var all []Leaf
		freshLeaves(rng, &all, rng.IntN(12), []int{0, 3, 20, 254}[i%4])
		var removed, added, after []Leaf
		for _, l := range all {
			switch rng.IntN(4) {
			case 0:
				removed = append(removed, l)
			case 1:
				removed = append(removed, l)
				n := Leaf{l.Key, randHash(rng)}
				added = append(added, n)
				after = append(after, n)
			default:
				after = append(after, l)
			}
		}
		if i%3 == 0 { // nothing but additions
			removed, added, after = nil, nil, append([]Leaf(nil), all...)
		}
		fresh := freshLeaves(rng, &all, rng.IntN(4), 20)
		before := all[:len(all)-len(fresh)]
		added, removed = sortedLeaves(append(added, fresh...)), sortedLeaves(removed)
		after = sortedLeaves(append(after, fresh...))

		var keys []Key
		for _, l := range append(append([]Leaf(nil), added...), removed...) {
			keys = append(keys, l.Key)
		}
		p, _ := refProve(sortedLeaves(before), keys)
		b, a, ok, err := Mutate(p, added, removed)
		fatalIfErr(t, err)
		if b != refHash(sortedLeaves(before), 0) {
			t.Fatal("wrong root before")
		}
		switch right := a == refHash(after, 0); {
		case ok && !right:
			t.Fatalf("wrong root after: %d leaves, added %v, removed %v", len(before), added, removed)
		case ok:
			determined++
		case len(removed) == 0:
			t.Fatal("additions do not determine the root")
		case right:
			not++
		default:
			sunk++
		}
	}
	t.Logf("%d roots determined, %d guessed right, %d wrong", determined, not, sunk)
	if determined < 2000 || not == 0 || sunk == 0 {
		t.Error("the changes are not varied enough")
	}
}

// TestMutateCollapse moves a leaf up through several levels, once its sibling,
// which the proof reveals, is gone.
func TestMutateCollapse(t *testing.T) {
	a, b, d := Leaf{Key{0}, merkle.Hash{1}}, Leaf{Key{1}, merkle.Hash{2}}, Leaf{Key{0x80}, merkle.Hash{3}}
	a2 := Leaf{a.Key, merkle.Hash{4}}
	p, _ := refProve([]Leaf{a, b, d}, []Key{a.Key, a.Key, b.Key})
	_, after, ok, err := Mutate(p, []Leaf{a2}, []Leaf{a, b})
	fatalIfErr(t, err)
	if !ok || after != refHash([]Leaf{a2, d}, 0) {
		t.Errorf("after %v, determined %t", after, ok)
	}
}

func TestMutateErrors(t *testing.T) {
	a, b, d := Leaf{Key{0}, merkle.Hash{1}}, Leaf{Key{1}, merkle.Hash{2}}, Leaf{Key{0x80}, merkle.Hash{3}}
	x, y := Leaf{Key{2}, merkle.Hash{5}}, Leaf{Key{0xf0}, merkle.Hash{6}}
	tree := []Leaf{a, b, d}
	for _, c := range []struct {
		name           string
		added, removed []Leaf
	}{
		{"added unsorted", []Leaf{y, x}, nil},
		{"added twice", []Leaf{x, x}, nil},
		{"removed unsorted", nil, []Leaf{b, a}},
		{"removed twice", nil, []Leaf{a, a}},
		{"added but present", []Leaf{a}, nil},
		{"removed but absent", nil, []Leaf{x}},
		{"replaced but absent", []Leaf{x}, []Leaf{x}},
	} {
		var keys []Key
		for _, l := range append(append([]Leaf(nil), c.added...), c.removed...) {
			keys = append(keys, l.Key)
		}
		p, _ := refProve(tree, keys)
		_, _, _, err := Mutate(p, c.added, c.removed)
		t.Log(c.name, err)
		wantErr(t, err, errProof)
	}

	p, _ := refProve(tree, []Key{x.Key, a.Key})
	for _, bad := range []Proof{
		{p.Results[:1], p.Elements},
		{p.Results, p.Elements[1:]},
		{p.Results, append(p.Elements[:len(p.Elements):len(p.Elements)], merkle.Hash{})},
		{append(p.Results[:2:2], p.Results[1]), p.Elements},
	} {
		_, _, _, err := Mutate(bad, []Leaf{x}, []Leaf{a})
		wantErr(t, err, errProof)
	}
	// A wrong commitment for a removed leaf shows in the root before.
	before, _, _, err := Mutate(p, []Leaf{x}, []Leaf{{a.Key, b.Commitment}})
	fatalIfErr(t, err)
	if before == refHash(tree, 0) {
		t.Error("wrong commitment not noticed")
	}
}
