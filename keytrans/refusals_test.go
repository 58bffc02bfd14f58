package keytrans

import (
	"errors"
	"strings"
	"testing"
)

// TestProverRefuses asks for what no answer can be given to: the error says which
// field is at fault.
func TestProverRefuses(t *testing.T) {
	w := tamperWorld(KT_128_SHA256_Ed25519)
	l := w.at(tamperSize)
	p := &Prover{Config: w.cfg}
	alice, bob := l.label("alice"), l.label("bob")
	distinguished := l.naive.Distinguished()
	rightmost := distinguished[len(distinguished)-1]
	monitor := func(label Label, q *OwnerMonitorRequest) error {
		_, err := p.OwnerMonitor(l, label, q)
		return err
	}
	credential := func(q CredentialUpdateRequest) error {
		_, err := p.CredentialUpdate(l, bob, &q)
		return err
	}
	for name, c := range map[string]struct {
		err   error
		field string
	}{
		"monitoring from beyond the log":         {monitor(alice, &OwnerMonitorRequest{Start: tamperSize, GreatestVersion: ptr(uint32(7))}), "start"},
		"a greatest version that does not exist": {monitor(alice, &OwnerMonitorRequest{Start: 7, GreatestVersion: ptr(uint32(8))}), "greatest_version"},
		"a greatest version of nothing":          {monitor(l.label("nobody"), &OwnerMonitorRequest{Start: 7, GreatestVersion: ptr(uint32(0))}), "greatest_version"},
		"a greatest version below that at start": {monitor(alice, &OwnerMonitorRequest{Start: 7, GreatestVersion: ptr(uint32(2))}), "greatest_version"},
		"none, though there was one at start":    {monitor(alice, &OwnerMonitorRequest{Start: 7}), "greatest_version"},
		"a last beyond the log":                  {monitor(alice, &OwnerMonitorRequest{Last: ptr(uint64(tamperSize + 1)), Start: 7}), "last"},
		"a last of 0":                            {monitor(alice, &OwnerMonitorRequest{Last: ptr(uint64(0)), Start: 7}), "last"},

		"a credential's update beyond the log":       {credential(CredentialUpdateRequest{TreeSize: 9, Distinguished: tamperSize}), "distinguished"},
		"one that does not lead to a distinguished":  {credential(CredentialUpdateRequest{TreeSize: 9, Distinguished: 12}), "distinguished"},
		"one from an empty log":                      {credential(CredentialUpdateRequest{Distinguished: rightmost}), "tree_size"},
		"one from a longer log":                      {credential(CredentialUpdateRequest{TreeSize: rightmost + 2, Distinguished: rightmost}), "tree_size"},
		"one of a terminal beyond the credential's":  {credential(CredentialUpdateRequest{TreeSize: 9, Terminal: MonitorMapEntry{Position: 9}, Distinguished: rightmost}), "terminal"},
		"one of a terminal that lacks the version":   {credential(CredentialUpdateRequest{TreeSize: 9, Terminal: MonitorMapEntry{Position: 7, Version: 5}, Distinguished: rightmost}), "terminal"},
		"one of a terminal that is before the label": {credential(CredentialUpdateRequest{TreeSize: 9, Terminal: MonitorMapEntry{Position: 8}, Distinguished: rightmost}), "terminal"},
	} {
		if !errors.Is(c.err, ErrRequest) || !strings.Contains(c.err.Error(), c.field) {
			t.Errorf("%s: %v, want one about %s", name, c.err, c.field)
		}
	}
}

// brokenViews are views that no log leads to.
func brokenViews(good *View) map[string]*View {
	change := func(f func(v *View)) *View {
		v := *good
		v.Subtrees, v.Frontier = append(v.Subtrees[:0:0], v.Subtrees...), append(v.Frontier[:0:0], v.Frontier...)
		f(&v)
		return &v
	}
	return map[string]*View{
		"another size":           change(func(v *View) { v.Head.TreeSize++ }),
		"too great a size":       change(func(v *View) { v.Head.TreeSize = 1 << 63 }),
		"a subtree missing":      change(func(v *View) { v.Subtrees = v.Subtrees[1:] }),
		"an entry missing":       change(func(v *View) { v.Frontier = v.Frontier[1:] }),
		"another frontier entry": change(func(v *View) { v.Frontier[0].Position++ }),
	}
}

// TestBrokenView has a user whose retained view was damaged verify honest answers:
// it is neither taken for one, nor blamed on the log.
func TestBrokenView(t *testing.T) {
	w := tamperWorld(KT_128_SHA256_Ed25519)
	for _, last := range []uint64{tamperLast, tamperSize} {
		for name, broken := range brokenViews(w.view(t, last)) {
			c := newCaser(t, w, tamperSize, last)
			c.took = tamperLast
			c.search("alice", nil)
			c.contactMonitor("alice", 5, 8, 9)
			c.ownerInit("alice")
			c.ownerMonitor("alice", 0)
			if last == tamperLast {
				c.update("carol", 0, 0)
			}
			c.distinguished(nil)
			c.absence("nobody", nil)
			if len(c.out) < 6 {
				t.Fatalf("%d answers", len(c.out))
			}
			c.view = broken
			for _, one := range c.out {
				data, err := one.marshal()
				fatalIfErr(t, err)
				_, err = one.verify(data)
				var m *Misbehaviour
				if err == nil || errors.As(err, &m) || !strings.Contains(err.Error(), "retained view") {
					t.Errorf("%s: %s: %v", name, one.name, err)
				}
			}
			if _, err := NewAuditorAt(auditingConfiguration(3000), broken); err == nil {
				t.Errorf("%s: an auditor begins with it", name)
			}
		}
	}
}

// TestRecentCheck holds retained distinguished heads that were damaged against the
// user's view.
func TestRecentCheck(t *testing.T) {
	w := tamperWorld(KT_128_SHA256_Ed25519)
	l := w.at(tamperSize)
	p, err := (&Prover{Config: w.cfg}).Distinguished(l, &DistinguishedRequest{})
	fatalIfErr(t, err)
	r, err := w.verifier().Distinguished(&View{}, &DistinguishedRequest{}, p, l.now())
	fatalIfErr(t, err)
	good := r.Recent
	if len(good) < 2 {
		t.Fatalf("%d recent heads", len(good))
	}
	fatalIfErr(t, good.Check(r.View))
	head, err := good.Head()
	fatalIfErr(t, err)
	for i, v := range good {
		if head.Heads[i] != w.at(v.Head.TreeSize).root {
			t.Errorf("another root at entry %d", v.Head.TreeSize-1)
		}
	}
	for name, broken := range brokenViews(good[0]) {
		if (Recent{broken}).Check(r.View) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := (Recent{{Head: TreeHead{TreeSize: 3}}}).Head(); err == nil {
		t.Error("a root without subtrees")
	}
	// Of the log of eight entries, the user's view has the only subtree.
	forged := *good.At(7)
	forged.Subtrees = append(forged.Subtrees[:0:0], forged.Subtrees...)
	forged.Subtrees[0][0] ^= 1
	for name, bad := range map[string]Recent{
		"out of order": {good[1], good[0]},
		"twice":        {good[0], good[0]},
		"of nothing":   {{}},
		"of a fork":    {&forged},
	} {
		if bad.Check(r.View) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if good.Check(w.view(t, good[0].Head.TreeSize)) == nil {
		t.Error("heads beyond the view: accepted")
	}
}
