package keytrans

import (
	"errors"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
)

// auditedWorld is a log of ten entries, a second apart, of which an auditor has
// signed nine.
func auditedWorld(lag uint64) *world {
	n := naive.World{RMW: 3000, Inserted: map[string][]uint64{"alice": {1, 4, 7}}}
	for i := range uint64(10) {
		n.Timestamps = append(n.Timestamps, 1_000_000+1000*i)
	}
	w := newModeWorld(n, testVRFKey, ThirdPartyAuditing)
	w.cfg.MaxAuditorLag = lag
	return w
}

// lenient is a prover that does not look at how far the auditor lags.
func lenient(w *world) *Prover {
	c := *w.cfg
	c.MaxAuditorLag = 1 << 60
	return &Prover{Config: &c}
}

// TestAuditorHeads gives a user auditor's heads that it must not accept.
func TestAuditorHeads(t *testing.T) {
	other := must(NewEd25519SigningKey(make([]byte, 32)))
	sign := func(w *world, key SigningKey, ts, size, rootOf uint64) *AuditorTreeHead {
		return must(SignAuditorTreeHead(w.cfg, key, ts, size, w.at(rootOf).root))
	}
	const ts = 1_008_000 // of entry 8, the last of the nine
	for name, c := range map[string]struct {
		lag   uint64
		start uint64
		last  uint64
		head  func(w *world, honest *AuditorTreeHead) *AuditorTreeHead
		view  func(v *View)
		want  []error
	}{
		"honest":               {lag: 1000},
		"honest, for a user":   {lag: 1000, last: 7},
		"none":                 {lag: 1000, head: func(*world, *AuditorTreeHead) *AuditorTreeHead { return nil }, want: []error{ErrAuditor}},
		"of nothing":           {lag: 1000, head: func(w *world, _ *AuditorTreeHead) *AuditorTreeHead { return sign(w, w.auditorKey, ts, 0, 1) }, want: []error{ErrAuditor}},
		"of a longer log":      {lag: 1000, head: func(w *world, _ *AuditorTreeHead) *AuditorTreeHead { return sign(w, w.auditorKey, ts, 11, 10) }, want: []error{ErrAuditor}},
		"too old":              {lag: 999, want: []error{ErrAuditor}},
		"of the future":        {lag: 1000, head: func(w *world, _ *AuditorTreeHead) *AuditorTreeHead { return sign(w, w.auditorKey, 1_009_001, 9, 9) }, want: []error{ErrAuditor}},
		"of another root":      {lag: 1000, head: func(w *world, _ *AuditorTreeHead) *AuditorTreeHead { return sign(w, w.auditorKey, ts, 9, 8) }, want: []error{ErrAuditor, ErrSignature}},
		"by the log's own key": {lag: 1000, head: func(w *world, _ *AuditorTreeHead) *AuditorTreeHead { return sign(w, w.key, ts, 9, 9) }, want: []error{ErrAuditor, ErrSignature}},
		"by a stranger's key":  {lag: 1000, head: func(w *world, _ *AuditorTreeHead) *AuditorTreeHead { return sign(w, other, ts, 9, 9) }, want: []error{ErrAuditor, ErrSignature}},
		"with another time": {lag: 1000, head: func(_ *world, h *AuditorTreeHead) *AuditorTreeHead {
			changed := *h
			changed.Timestamp++
			return &changed
		}, want: []error{ErrAuditor, ErrSignature}},
		"of a user without one":        {lag: 1000, last: 7, view: func(v *View) { v.AuditorTreeHead = nil }, want: []error{ErrAuditor}},
		"of an auditor who came later": {lag: 1000, start: 7, last: 7, want: []error{ErrAuditor}},
		"of one who came in time":      {lag: 1000, start: 6, last: 7},
		"that came later to a newcomer": {
			lag: 1000, start: 7, // who knows nothing of the time before
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := auditedWorld(c.lag)
			w.cfg.AuditorStartPos = c.start
			view := &View{}
			if c.last > 0 {
				view = lastView(t, w, c.last)
			}
			if c.view != nil {
				c.view(view)
			}
			q := &SearchRequest{Last: view.Last(), Label: []byte("alice")}
			p, err := lenient(w).Search(w.at(10), w.at(10).label("alice"), q)
			fatalIfErr(t, err)
			if c.head != nil {
				p.FullTreeHead.AuditorTreeHead = c.head(w, p.FullTreeHead.AuditorTreeHead)
			}
			r, err := w.verifier().Search(view, q, p, w.at(10).now())
			if c.want == nil {
				fatalIfErr(t, err)
				if got := r.View.AuditorTreeHead; got == nil || got.TreeSize != 9 {
					t.Fatalf("retained %+v", got)
				}
				return
			}
			expectRefused(t, err, c.want...)
			// What the log signed is there to be seen all the same, unless the size
			// that the proof is for too makes no sense.
			r, err = w.verifier().Unaudited().Search(view, q, p, w.at(10).now())
			if a := p.FullTreeHead.AuditorTreeHead; a == nil || a.TreeSize != 9 {
				expectRefused(t, err, ErrAuditor)
			} else if fatalIfErr(t, err); r.View.Head.TreeSize != 10 {
				t.Fatalf("%+v", r.View)
			}
		})
	}
}

// lastView is what a user retains of the log of size entries, of whose Configuration
// only the auditor's start may have changed since.
func lastView(t *testing.T, w *world, size uint64) *View {
	t.Helper()
	start := w.cfg.AuditorStartPos
	w.cfg.AuditorStartPos = 0
	fresh := w.view(t, size)
	w.cfg.AuditorStartPos = start
	clear(w.states) // signed anew
	view := *fresh
	return &view
}

// TestAuditorBinding shows a user of one log the head that an auditor signed for
// another one, along with what it takes to come to its root.
func TestAuditorBinding(t *testing.T) {
	honest, fork := auditedWorld(1<<50), auditedWorld(1<<50)
	fork.entries[5].PrefixTree[0] ^= 1
	fork.hashes[5] = fork.entries[5].Hash()
	for size := uint64(7); size <= 10; size++ {
		for last := uint64(0); last < size; last++ {
			view := fork.view(t, last)
			q := &DistinguishedRequest{Last: view.Last()}
			p, err := lenient(fork).Distinguished(fork.at(size), q)
			fatalIfErr(t, err)
			audited := p.FullTreeHead.AuditorTreeHead.TreeSize
			p.FullTreeHead.AuditorTreeHead = must(SignAuditorTreeHead(honest.cfg, honest.auditorKey, honest.Timestamps[audited-1], audited, honest.at(audited).root))
			_, err = fork.verifier().Distinguished(view, q, p, fork.at(size).now())
			if !errors.Is(err, ErrAuditor) || !errors.Is(err, ErrSignature) {
				t.Fatalf("%d entries after %d, %d audited: %v", size, last, audited, err)
			}
			// With the honest log's nodes in place of its own, the log contradicts its head.
			own := p.Distinguished.Inclusion
			other, err := lenient(honest).Distinguished(honest.at(size), q)
			fatalIfErr(t, err)
			for i := range own {
				p.Distinguished.Inclusion = append(append(own[:0:0], own[:i]...), other.Distinguished.Inclusion[i:]...)
				if _, err = fork.verifier().Distinguished(view, q, p, fork.at(size).now()); err == nil {
					t.Fatalf("%d entries after %d: accepted with the nodes of the other log from %d on", size, last, i)
				}
			}
		}
	}
}

// TestAuditorOfProver has a prover refuse what users would not accept.
func TestAuditorOfProver(t *testing.T) {
	w := auditedWorld(999)
	l := w.at(10)
	if _, err := (&Prover{Config: w.cfg}).Distinguished(l, &DistinguishedRequest{}); !errors.Is(err, ErrAuditor) {
		t.Errorf("an auditor who lags: %v", err)
	}
	l.naive.Audited = 0
	if _, err := lenient(w).Distinguished(l, &DistinguishedRequest{}); !errors.Is(err, ErrAuditor) {
		t.Errorf("no auditor: %v", err)
	}
	// Whoever has the present head needs no other.
	if _, err := lenient(w).Distinguished(l, &DistinguishedRequest{Last: ptr(uint64(10))}); err != nil {
		t.Errorf("the same head: %v", err)
	}
}
