package evidence_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// TestWrongParts changes evidence in ways that somebody might think of.
func TestWrongParts(t *testing.T) {
	const entry, times = "another entry in the public log", "timestamps of a checkpoint"
	extra := func(text string, f func(p *checkpoint.Proof)) string {
		p := must(checkpoint.ParseProof([]byte(text)))
		f(p)
		return string(p.Marshal())
	}
	for name, c := range map[string]struct {
		of     string
		change func(l *keytranstest.Log, e *evidence.Evidence)
		text   string
	}{
		"an index beyond":       {entry, func(_ *keytranstest.Log, e *evidence.Evidence) { e.LogEntry.Index = 2 }, "and not entry 2"},
		"the very entry":        {entry, func(l *keytranstest.Log, e *evidence.Evidence) { e.LogEntry.LogEntry = l.Entries()[0].Marshal() }, "the very entry"},
		"a short leaf":          {entry, func(_ *keytranstest.Log, e *evidence.Evidence) { e.LogEntry.LeafHash = nil }, "a hash has 0 bytes"},
		"a short hash":          {entry, func(_ *keytranstest.Log, e *evidence.Evidence) { e.LogEntry.Path[0] = e.LogEntry.Path[0][1:] }, "a hash has 31 bytes"},
		"no path":               {entry, func(_ *keytranstest.Log, e *evidence.Evidence) { e.LogEntry.Path = nil }, "too few elements"},
		"no log entry":          {entry, func(_ *keytranstest.Log, e *evidence.Evidence) { e.LogEntry.LogEntry = nil }, "malformed"},
		"a log of no entries":   {entry, func(_ *keytranstest.Log, e *evidence.Evidence) { e.LogEntry.TreeSize = 1 }, "no log of 1 entries proves it"},
		"a log beyond counting": {entry, func(_ *keytranstest.Log, e *evidence.Evidence) { e.LogEntry.TreeSize = 1 << 63 }, "entries proves it"},
		"one entry twice":       {times, func(_ *keytranstest.Log, e *evidence.Evidence) { e.Entries[1] = e.Entries[0] }, "entry 0 does not follow entry 0"},
		"exchanged": {times, func(_ *keytranstest.Log, e *evidence.Evidence) {
			e.Entries[0], e.Entries[1] = e.Entries[1], e.Entries[0]
		}, "entry 0 does not follow entry 1"},
		"in order": {times, func(l *keytranstest.Log, e *evidence.Evidence) {
			p := newPublicLog(t, l)
			for i := range 2 {
				proof := checkpoint.Proof{Index: uint64(i), Hashes: []merkle.Hash{p.leaves[1-i]}, Note: p.sign(2, p.root(0, 1)), Extra: l.Entries()[i].Marshal()}
				e.Entries[i] = string(proof.Marshal())
			}
		}, "the second entry is not older"},
		"two checkpoints": {times, func(l *keytranstest.Log, e *evidence.Evidence) {
			p := newPublicLog(t, l)
			e.Entries[1] = string(checkpoint.Proof{Index: 1, Hashes: []merkle.Hash{p.leaves[0]}, Note: p.sign(2, p.root(0, 1)), Extra: l.Entries()[1].Marshal()}.Marshal())
		}, "in two checkpoints"},
		"another entry": {times, func(_ *keytranstest.Log, e *evidence.Evidence) {
			e.Entries[1] = extra(e.Entries[1], func(p *checkpoint.Proof) { p.Extra[39] ^= 1 })
		}, "does not verify"},
		"no entry at all":  {times, func(_ *keytranstest.Log, e *evidence.Evidence) { e.Entries[1] = "hello" }, "malformed"},
		"a root of itself": {"checkpoints", func(_ *keytranstest.Log, e *evidence.Evidence) { e.Inconsistency.Older = e.Inconsistency.Newer }, "does not prove"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLog(keytranstest.Options{})
			e := lying[c.of].make(t, l)
			c.change(l, e)
			_, err := e.Verify(evidence.Expected{})
			if !errors.Is(err, evidence.ErrNotProof) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v, want %q", err, c.text)
			}
		})
	}
}

// TestEntryConflict verifies a conflict by itself.
func TestEntryConflict(t *testing.T) {
	l := newLog(keytranstest.Options{})
	e := lying["another entry in the public log"].make(t, l)
	fatalIfErr(t, e.LogEntry.Verify(l.Config, e.Log))
	fatalIfErr(t, e.LogEntry.VerifyCheckpoint(e.Log))
	other := *l.Config
	other.MaxAhead++
	if err := e.LogEntry.Verify(&other, e.Log); !errors.Is(err, evidence.ErrNotProof) || !errors.Is(err, keytrans.ErrSignature) {
		t.Errorf("another directory: %v", err)
	}
	if err := e.LogEntry.Verify(l.Config, "x"); !errors.Is(err, evidence.ErrNotProof) {
		t.Errorf("another log: %v", err)
	}
	again := *e.LogEntry
	again.TreeSize = 0
	if err := again.Verify(l.Config, e.Log); !errors.Is(err, evidence.ErrNotProof) {
		t.Errorf("no head: %v", err)
	}
	// Without that proof, as much is proven of both.
	report, other2 := *e, *e
	report.LogEntry, other2.LogEntry = &again, &again
	if !report.Same(&other2) || report.Same(e) || e.Same(&report) {
		t.Error("conflicts with and without a head are the same")
	}
	elsewhere := *e
	elsewhere.LogEntry = &evidence.EntryConflict{Index: 2}
	if e.Same(&elsewhere) {
		t.Error("conflicts at two entries are the same")
	}
}

// TestView writes and reads views.
func TestView(t *testing.T) {
	l := newLog(keytranstest.Options{Mode: keytrans.ThirdPartyAuditing})
	u := newUser(t).see(l, 5, 9, 12)
	v := evidence.NewView(u.view, u.proofs)
	if !reflect.DeepEqual(v.Keytrans(), u.view) || !reflect.DeepEqual(v.Proofs(), u.proofs) || len(u.proofs) != len(u.view.Frontier) {
		t.Errorf("%+v is not %+v", v.Keytrans(), u.view)
	}
	if n := len(evidence.NewView(u.view, nil).Proofs()); n != 0 {
		t.Errorf("%d proofs out of nothing", n)
	}
	// What was not proven before is not, as long as the entry is on the frontier.
	var none evidence.Proofs
	q := &keytrans.DistinguishedRequest{Last: u.view.Last()}
	grow(l, 13, nil)
	p, err := l.Prover().Distinguished(l.At(13), q)
	fatalIfErr(t, err)
	r, err := l.Verifier().Distinguished(u.view, q, p, l.Now(13))
	fatalIfErr(t, err)
	if next := none.Next(&r.Verified); len(next) != 1 || next[12] == nil {
		t.Errorf("%v", next)
	}
	h := evidence.Hash{1}
	text, err := h.MarshalText()
	fatalIfErr(t, err)
	if err := h.UnmarshalText(bytes.ToUpper(bytes.Replace(text, []byte("0"), []byte("a"), 1))); err == nil {
		t.Error("capital digits were read")
	}
}
