package evidence_test

import (
	"errors"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// innocent are files that accuse an honest log.
func innocent(t testing.TB, l *keytranstest.Log) map[string]*evidence.Evidence {
	grow(l, 18, changes{12: {keytranstest.Create(alice, "two")}})
	u := newUser(t).see(l, 7)
	v1 := u.search(l.Directory(12), nil)
	out := map[string]*evidence.Evidence{
		"one answer":       contradiction(l, v1, nil),
		"the same answer":  contradiction(l, v1, v1),
		"a walk":           contradiction(l, u.distinguished(l.Directory(18)), nil),
		"a newer version":  contradiction(l, u.search(l.Directory(18), nil), v1),
		"an older state":   contradiction(l, newUser(t).search(l.Directory(7), nil), v1),
		"none before":      contradiction(l, newUser(t).absence(l.Directory(3)), v1),
		"an older version": contradiction(l, u.search(l.Directory(18), ptr[uint32](0)), v1),
		"another label":    contradiction(l, u.ask(l.Directory(18), keytranstest.Absence, &keytrans.AbsenceRequest{Last: u.view.Last(), Label: []byte("bob")}), v1),
		"a batch":          contradiction(l, u.batch(l.Directory(18), alice, "bob"), u.batch(l.Directory(12), "bob", alice)),
		"taking a label":   contradiction(l, u.ask(l.Directory(18), keytranstest.OwnerInit, &keytrans.OwnerInitRequest{Last: u.view.Last(), Label: []byte(alice), Start: 15}), v1),
		"owner monitoring": contradiction(l, u.ask(l.Directory(12), keytranstest.OwnerMonitor, &keytrans.OwnerMonitorRequest{Last: u.view.Last(), Label: []byte(alice), Start: 7, GreatestVersion: ptr[uint32](0)}), newUser(t).search(l.Directory(7), nil)),
		"contact monitoring": func() *evidence.Evidence {
			earlier := newUser(t).see(l, 12).search(l.Directory(13), nil)
			x := newUser(t).see(l, 13)
			q := &keytrans.ContactMonitorRequest{Last: x.view.Last(), Label: []byte(alice), Entries: []keytrans.MonitorMapEntry{{Position: 12, Version: 2}}}
			return contradiction(l, x.ask(l.Directory(18), keytranstest.ContactMonitor, q), earlier)
		}(),
	}
	fork := newEvidence(evidence.Fork, l)
	fork.RetainedView, fork.Fork = evidence.NewView(newUser(t).see(l, 12).view, nil), newcomer(t, l.Directory(14))
	out["one log"] = fork
	both := newEvidence(evidence.Fork, l)
	both.RetainedView, both.Own, both.Fork = evidence.NewView(&keytrans.View{}, nil), newcomer(t, l.Directory(18)), newcomer(t, l.Directory(7))
	out["two newcomers"] = both
	for name, view := range map[string]uint64{"a credential": 13, "a credential, later": 18} {
		e := newEvidence(evidence.Credential, l)
		e.RetainedView, e.Credential = evidence.NewView(newUser(t).see(l, view).view, nil), credentialOf(t, l, 11, 13)
		e.Credential.Distinguished, e.Earlier = newUser(t).see(l, 12).distinguished(l.Directory(view)), v1
		out[name] = e
	}
	heads := newEvidence(evidence.TreeHeads, l)
	for _, size := range []uint64{12, 13} {
		heads.Heads = append(heads.Heads, evidence.Head{TreeSize: size, Root: evidence.Hash(l.Root(size)), Signature: l.At(size).Head().Signature})
	}
	out["two heads"] = heads
	out["a leaf that stays"] = leafChange(t, l, 1, 10, 17)
	out["a leaf that came"] = leafChange(t, l, 2, 11, 12)
	return out
}

// TestInnocent verifies files that accuse honest logs, and such as somebody damaged.
func TestInnocent(t *testing.T) {
	for mode, o := range modes() {
		for name, e := range innocent(t, newLog(o)) {
			t.Run(mode+"/"+name, func(t *testing.T) {
				t.Parallel()
				if p, err := e.Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrNotProof) {
					t.Fatalf("%v, %+v", err, p)
				}
				e.Classify()
				if e.Class != evidence.ClassReport || e.Rule != "" {
					t.Errorf("class %q, rule %q", e.Class, e.Rule)
				}
				if o.Suite == keytrans.KT_128_SHA256_P256 {
					return // slow, and no other code
				}
				e.Class = ""
				tamper(t, e, 15, func(path string, changed *evidence.Evidence) {
					if p, err := changed.Verify(evidence.Expected{}); err == nil {
						t.Errorf("%s: it proves that %s", path, p.Found)
					}
				})
			})
		}
	}
}

// madeUp are files that accuse an honest log by means of what nobody has signed, and
// the errors for them.
func madeUp(t testing.TB) map[string]struct {
	make func(l *keytranstest.Log, u *user) *evidence.Evidence
	want error
} {
	return map[string]struct {
		make func(l *keytranstest.Log, u *user) *evidence.Evidence
		want error
	}{
		"a frontier": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			x := u.see(l, 12).search(l.Directory(18), nil)
			last := &x.RetainedView.Frontier[len(x.RetainedView.Frontier)-1]
			last.Timestamp += 100 * second
			return contradiction(l, x, nil)
		}, evidence.ErrNotProof},
		"a frontier without a proof": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			x := u.see(l, 12).search(l.Directory(18), nil)
			last := &x.RetainedView.Frontier[len(x.RetainedView.Frontier)-1]
			last.Timestamp += 100 * second
			last.Proof = nil
			return contradiction(l, x, nil)
		}, evidence.ErrReport},
		"a view of nothing": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			x := u.search(l.Directory(18), nil)
			x.RetainedView = evidence.NewView(newUser(t).see(l, 12).view, nil)
			x.RetainedView.TreeSize = 0
			return contradiction(l, x, nil)
		}, evidence.ErrNotProof},
		"a longer frontier": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			x := u.see(l, 12).search(l.Directory(18), nil)
			x.RetainedView.Frontier = x.RetainedView.Frontier[1:]
			return contradiction(l, x, nil)
		}, evidence.ErrNotProof},
		"another view": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			x := u.search(l.Directory(18), nil)
			x.RetainedView = u.see(l, 12).search(l.Directory(18), nil).RetainedView
			return contradiction(l, x, nil)
		}, evidence.ErrNotProof},
		"a version to monitor": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			u.see(l, 12)
			q := &keytrans.ContactMonitorRequest{Last: u.view.Last(), Label: []byte(alice), Entries: []keytrans.MonitorMapEntry{{Position: 11, Version: 1}}}
			x := u.ask(l.Directory(18), keytranstest.ContactMonitor, q)
			q.Entries[0].Position = 8 // before it existed
			x.Request = must(q.Marshal())
			return contradiction(l, x, newUser(t).search(l.Directory(12), nil))
		}, evidence.ErrReport},
		"a version that nothing proves": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			u.see(l, 12)
			q := &keytrans.ContactMonitorRequest{Last: u.view.Last(), Label: []byte(alice), Entries: []keytrans.MonitorMapEntry{{Position: 11, Version: 1}}}
			return contradiction(l, u.ask(l.Directory(18), keytranstest.ContactMonitor, q), newUser(t).search(l.Directory(7), nil))
		}, evidence.ErrReport},
		"a position beyond": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			u.see(l, 12)
			q := &keytrans.ContactMonitorRequest{Last: u.view.Last(), Label: []byte(alice), Entries: []keytrans.MonitorMapEntry{{Position: 11, Version: 1}}}
			x := u.ask(l.Directory(18), keytranstest.ContactMonitor, q)
			q.Entries[0].Position = 1 << 63
			x.Request = must(q.Marshal())
			return contradiction(l, x, newUser(t).search(l.Directory(12), nil))
		}, evidence.ErrNotProof},
		"nothing to monitor": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			u.see(l, 12)
			q := &keytrans.ContactMonitorRequest{Last: u.view.Last(), Label: []byte(alice)}
			return contradiction(l, u.ask(l.Directory(18), keytranstest.ContactMonitor, q), nil)
		}, evidence.ErrNotProof},
		"an owner's start": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			u.see(l, 12)
			q := &keytrans.OwnerMonitorRequest{Last: u.view.Last(), Label: []byte(alice), Start: 3, GreatestVersion: ptr[uint32](1)}
			return contradiction(l, u.ask(lyingAt(l, 18), keytranstest.OwnerMonitor, q), newUser(t).search(l.Directory(12), nil))
		}, evidence.ErrReport},
		"an owner's version": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			u.see(l, 12)
			q := &keytrans.OwnerMonitorRequest{Last: u.view.Last(), Label: []byte(alice), Start: 11, GreatestVersion: ptr[uint32](9)}
			x := u.ask(lyingAt(l, 18), keytranstest.OwnerMonitor, &keytrans.OwnerMonitorRequest{Last: q.Last, Label: q.Label, Start: 11, GreatestVersion: ptr[uint32](1)})
			x.Request = must(q.Marshal())
			return contradiction(l, x, newUser(t).search(l.Directory(12), nil))
		}, evidence.ErrReport},
		"an owner who knows nothing": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			q := &keytrans.OwnerMonitorRequest{Label: []byte("bob"), Start: 11}
			return contradiction(l, u.ask(l.Directory(18), keytranstest.OwnerMonitor, q), nil)
		}, evidence.ErrReport},
		"a memory": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			e := contradiction(l, u.search(l.Directory(18), nil), nil)
			e.RetainedContact = []byte(`{"label": "alice@example.org"}`)
			return e
		}, evidence.ErrReport},
		"an update": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			x := u.search(l.Directory(18), nil)
			x.Operation = "update"
			return contradiction(l, x, nil)
		}, evidence.ErrReport},
		"a configuration": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			x := u.search(l.Directory(18), nil)
			other := *l.Config
			other.ReasonableMonitoringWindow++
			x.Configuration = must(other.Marshal())
			return contradiction(l, u.absence(upto(l, 18, -1)), x)
		}, evidence.ErrNotProof},
		"another head for a proof": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			x := u.see(l, 12).search(l.Directory(18), nil)
			x.RetainedView.Frontier[0].Proof.Configuration = []byte("x")
			return contradiction(l, x, nil)
		}, evidence.ErrNotProof},
		"a credential without its head": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			e := newEvidence(evidence.Credential, l)
			e.RetainedView, e.Credential = evidence.NewView(&keytrans.View{}, nil), standardOf(t, l, l.Directory(18), 15)
			return e
		}, evidence.ErrReport},
		"a key of two logs": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			e := lying["checkpoints"].make(t, l)
			e.Log += "\nlog " + e.Log
			return e
		}, evidence.ErrNotProof},
		"no key of a log": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			e := lying["timestamps of a checkpoint"].make(t, l)
			e.Log = "keys.example.org/log"
			return e
		}, evidence.ErrNotProof},
		"no head over an entry": {func(l *keytranstest.Log, u *user) *evidence.Evidence {
			e := lying["another entry in the public log"].make(t, l)
			e.LogEntry.TreeSize = 0
			return e
		}, evidence.ErrReport},
	}
}

// TestMadeUp accuses an honest log by means of what nobody has signed.
func TestMadeUp(t *testing.T) {
	for name, c := range madeUp(t) {
		t.Run(name, func(t *testing.T) {
			l := grow(newLog(keytranstest.Options{Seed: "evidence"}), 18, nil)
			_, err := c.make(l, newUser(t)).Verify(evidence.Expected{})
			t.Log(err)
			if !errors.Is(err, c.want) || errors.Is(err, evidence.ErrReport) != (c.want == evidence.ErrReport) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

// TestLifetime holds answers against each other where versions may go for their age.
func TestLifetime(t *testing.T) {
	for lifetime, want := range map[uint64]error{4 * second: evidence.ErrNotProof, 5 * second: nil, 60 * second: nil} {
		l := newLog(keytranstest.Options{Lifetime: &lifetime})
		earlier := newUser(t).search(l.Directory(12), nil)
		grow(l, 16, changes{12: {keytranstest.Remove(alice, 1)}})
		later := newUser(t).search(upto(l, 16, 0), nil)
		if _, err := contradiction(l, later, earlier).Verify(evidence.Expected{}); !errors.Is(err, want) {
			t.Errorf("%d ms: error %v, want %v", lifetime, err, want)
		}
		if lifetime == 60*second { // else version 0 has expired already
			older := newUser(t).search(l.Directory(12), ptr[uint32](0))
			v := l.NewVersion(alice, 0, 12, "ghost")
			grow(l, 17, changes{16: {keytranstest.Put(alice, 0, v.Commitment)}})
			if _, err := contradiction(l, newUser(t).search(says(l, 17, v), ptr[uint32](0)), older).Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrNotProof) {
				t.Errorf("%d ms: an older version: %v", lifetime, err)
			}
		}
		u := newUser(t).see(l, 12)
		q := &keytrans.ContactMonitorRequest{Last: u.view.Last(), Label: []byte(alice), Entries: []keytrans.MonitorMapEntry{{Position: 11, Version: 1}}}
		if _, err := contradiction(l, u.ask(lyingAt(l, 16), keytranstest.ContactMonitor, q), earlier).Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrReport) {
			t.Errorf("%d ms: monitoring: %v", lifetime, err)
		}
	}
}

// TestAuditorChanges has a log change its auditor between two answers: the log is the
// same.
func TestAuditorChanges(t *testing.T) {
	l := newLog(keytranstest.Options{Mode: keytrans.ThirdPartyAuditing})
	before := must(l.Config.Marshal())
	u := newUser(t).see(l, 7)
	earlier := u.search(l.Directory(12), nil)
	u.see(l, 12)
	v := l.NewVersion(alice, 1, 12, "ghost")
	grow(l, 16, changes{12: {keytranstest.Put(alice, 1, v.Commitment)}})
	l.ChangeAuditor("another", 0)
	u.proofs = u.proofs.Under(before)
	earlier.Configuration = before
	e := contradiction(l, u.search(says(l, 16, v), nil), earlier)
	e.RetainedConfiguration = before
	p, err := e.Verify(evidence.Expected{Configuration: must(l.Config.Marshal())})
	fatalIfErr(t, err)
	t.Log(p.Found)
	for name, change := range map[string]func(){
		"the earlier one": func() { earlier.Configuration = nil }, "the retained one": func() { e.RetainedConfiguration = nil },
	} {
		saved, retained := earlier.Configuration, e.RetainedConfiguration
		change()
		if _, err := e.Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrNotProof) {
			t.Errorf("without %s: %v", name, err)
		}
		earlier.Configuration, e.RetainedConfiguration = saved, retained
	}
	again := u.proofs.Under([]byte("not used")) // what is older stays what it is
	for pos, proof := range again {
		if string(proof.Configuration) != string(before) {
			t.Errorf("the proof of entry %d is under another configuration", pos)
		}
	}
}
