package keytrans

import (
	"errors"
	"fmt"
	"testing"
)

// mix presents answers to questions that they do not belong to, and counts.
func mix(t *testing.T, answers, questions []*tamperCase) (tried int) {
	t.Helper()
	var data [][]byte
	for _, a := range answers {
		data = append(data, a.prepare(t))
	}
	for _, q := range questions {
		q.prepare(t)
		if q.limited {
			continue // longer answers to the same question are as good
		}
		for i, a := range answers {
			if a != q {
				q.try(t, "answered as "+a.name, data[i])
				tried++
			}
		}
	}
	return tried
}

// TestReplayToOthers presents every answer to every other request: of another
// operation, label, version, position or retained view, in another suite.
func TestReplayToOthers(t *testing.T) {
	var all []*tamperCase
	for _, suite := range []CipherSuite{KT_128_SHA256_Ed25519, KT_128_SHA256_P256} {
		w := tamperWorld(suite)
		for _, last := range []uint64{0, tamperLast, tamperSize} {
			all = append(all, tamperCases(t, w, tamperSize, last)...)
		}
	}
	t.Logf("%d answers to other requests", mix(t, all, all))
}

// TestReplayRollback presents answers from older states of the log.
func TestReplayRollback(t *testing.T) {
	w := tamperWorld(KT_128_SHA256_Ed25519)
	tried := 0
	for _, last := range []uint64{tamperSize - 2, tamperSize} {
		questions := tamperCases(t, w, tamperSize, last)
		for older := uint64(tamperLast); older <= last; older++ {
			for _, seen := range []uint64{0, tamperLast, older} {
				if older == tamperSize && seen == older {
					continue // that is the state to roll back from
				}
				tried += mix(t, tamperCases(t, w, older, seen), questions)
			}
		}
	}
	t.Logf("%d older answers", tried)
}

// TestReplayFork presents answers from logs that signed another history with
// the same keys.
func TestReplayFork(t *testing.T) {
	w := tamperWorld(KT_128_SHA256_Ed25519)
	tried := 0
	for at := range uint64(tamperSize) {
		n := w.World
		n.Timestamps = append([]uint64(nil), n.Timestamps...)
		n.Timestamps[at]++
		fork := newWorld(n, testVRFKey)
		for _, last := range []uint64{tamperLast, tamperSize} {
			if at >= last {
				continue // no user could tell
			}
			questions := tamperCases(t, w, tamperSize, last)
			for _, seen := range []uint64{0, last} {
				tried += mix(t, tamperCases(t, fork, tamperSize, seen), questions)
			}
		}
	}
	t.Logf("%d answers from forks", tried)
}

// TestReplayOtherConfiguration has users pin another Configuration of a log
// with the same history: each field is covered by the signature.
func TestReplayOtherConfiguration(t *testing.T) {
	other := tamperWorld(KT_128_SHA256_Ed25519)
	changes := map[string]func(c *Configuration){
		"signature key": func(c *Configuration) { c.SignaturePublicKey = testVRFKey.Public() },
		"VRF key":       func(c *Configuration) { c.VRFPublicKey = testSigningKey.Public() },
		"max_ahead":     func(c *Configuration) { c.MaxAhead++ },
		"max_behind":    func(c *Configuration) { c.MaxBehind++ },
		"window":        func(c *Configuration) { c.ReasonableMonitoringWindow++ },
		"lifetime":      func(c *Configuration) { c.MaximumLifetime = ptr(*c.MaximumLifetime + 1) },
		"no lifetime":   func(c *Configuration) { c.MaximumLifetime = nil },
	}
	l := other.at(tamperSize)
	for name, change := range changes {
		cfg := *other.cfg
		change(&cfg)
		verify, err := NewVerifier(&cfg)
		fatalIfErr(t, err)
		for _, last := range []*uint64{nil, ptr(uint64(tamperLast))} {
			view := &View{}
			if last != nil {
				view = other.view(t, *last)
			}
			q := &SearchRequest{Last: last, Label: []byte("alice")}
			p, err := (&Prover{Config: other.cfg}).Search(l, l.label("alice"), q)
			fatalIfErr(t, err)
			_, err = verify.Search(view, q, p, l.now())
			if !errors.Is(err, ErrSignature) && !errors.Is(err, ErrProof) {
				t.Errorf("%s, last %v: %v", name, last, err)
			}
			dq := &DistinguishedRequest{Last: last}
			dp, err := (&Prover{Config: other.cfg}).Distinguished(l, dq)
			fatalIfErr(t, err)
			_, err = verify.Distinguished(view, dq, dp, l.now())
			if !errors.Is(err, ErrSignature) && !errors.Is(err, ErrProof) {
				t.Errorf("%s, last %v: %v", name, last, err)
			}
		}
	}
}

// TestTime presents an honest answer too early and too late.
func TestTime(t *testing.T) {
	w := tamperWorld(KT_128_SHA256_Ed25519)
	l := w.at(tamperSize)
	for _, last := range []uint64{tamperLast, tamperSize} {
		q := &DistinguishedRequest{Last: &last}
		p, err := (&Prover{Config: w.cfg}).Distinguished(l, q)
		fatalIfErr(t, err)
		for ms, want := range map[int64]error{
			-1 - int64(w.cfg.MaxAhead): ErrTime, -int64(w.cfg.MaxAhead): nil, 0: nil,
			int64(w.cfg.MaxBehind): nil, 1 + int64(w.cfg.MaxBehind): ErrTime, -1 << 40: ErrTime, 1 << 50: ErrTime,
		} {
			now := l.now().UnixMilli() + ms
			_, err := w.verifier().Distinguished(w.view(t, last), q, p, timeOf(now))
			if !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("%d ms off: %v, want %v", ms, err, want)
			}
		}
	}
}

// TestRetainedViewIsChecked hands the verifier views that storage spoiled.
func TestRetainedViewIsChecked(t *testing.T) {
	w := tamperWorld(KT_128_SHA256_Ed25519)
	l := w.at(tamperSize)
	good := w.view(t, tamperLast)
	q := &DistinguishedRequest{Last: ptr(uint64(tamperLast))}
	p, err := (&Prover{Config: w.cfg}).Distinguished(l, q)
	fatalIfErr(t, err)
	for i, spoil := range []func(v *View){
		func(v *View) { v.Head.TreeSize = 1<<62 + 1 },
		func(v *View) { v.Head.TreeSize = 1 << 63 },
		func(v *View) { v.Head.TreeSize++ },
		func(v *View) { v.Subtrees = v.Subtrees[1:] },
		func(v *View) { v.Subtrees = append(v.Subtrees[:1:1], v.Subtrees...) },
		func(v *View) { v.Frontier = v.Frontier[1:] },
		func(v *View) { v.Frontier = nil },
		func(v *View) { v.Frontier = append([]Entry{{Position: 3}}, v.Frontier[1:]...) },
		func(v *View) { v.Head.TreeSize = 0 },
	} {
		view := *good
		spoil(&view)
		if _, err := w.verifier().Distinguished(&view, q, p, l.now()); err == nil {
			t.Error(fmt.Sprint("spoiled view ", i, " was used"))
		}
	}
}
