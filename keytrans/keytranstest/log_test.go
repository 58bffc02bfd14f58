package keytranstest_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

const start = 1_700_000_000_000

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func parse[T any](t *testing.T, p func([]byte) (T, error), data []byte) T {
	t.Helper()
	v, err := p(data)
	fatalIfErr(t, err)
	return v
}

// honest is a log with an entry every second and all kinds of changes that an
// honest log may have in its mode.
func honest(o keytranstest.Options, size int) *keytranstest.Log {
	o.Window = 5000
	l := keytranstest.New(o)
	for i := range size {
		changes := []keytranstest.Change{keytranstest.Pad(2)}
		switch i {
		case 1, 4, 9:
			changes = append(changes, keytranstest.Create("alice", fmt.Sprint("a", i)))
		case 12:
			if o.Mode == keytrans.ThirdPartyManagement {
				changes = append(changes, keytranstest.Skip("alice", 1), keytranstest.Create("alice", "c", "d"))
			} else {
				changes = append(changes, keytranstest.Create("alice", "b", "c", "d"))
			}
			changes = append(changes, keytranstest.Create("bob", "x"))
		}
		l.Append(start+1000*uint64(i), changes...)
	}
	return l
}

// each runs f for every suite and mode.
func each(t *testing.T, f func(t *testing.T, o keytranstest.Options)) {
	for _, suite := range []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256} {
		for _, mode := range []keytrans.DeploymentMode{keytrans.ContactMonitoring, keytrans.ThirdPartyManagement, keytrans.ThirdPartyAuditing} {
			t.Run(fmt.Sprint(suite, " mode ", mode), func(t *testing.T) { f(t, keytranstest.Options{Suite: suite, Mode: mode}) })
		}
	}
}

// TestHonest has a user follow a log through each of its states, by all
// operations.
func TestHonest(t *testing.T) {
	each(t, func(t *testing.T, o keytranstest.Options) {
		l := honest(o, 20)
		v := l.Verifier()
		view, contact := &keytrans.View{}, &keytrans.Contact{}
		var owner *keytrans.Owner
		label := []byte("alice")
		for size := uint64(2); size <= l.Size(); size++ {
			d, now := l.Directory(size), l.Now(size)
			ask := func(operation string, q interface{ Marshal() ([]byte, error) }) []byte {
				t.Helper()
				request, err := q.Marshal()
				fatalIfErr(t, err)
				data, err := d.Answer(operation, request)
				if err != nil {
					t.Fatalf("%s with %d entries: %v", operation, size, err)
				}
				return data
			}
			dq := &keytrans.DistinguishedRequest{Last: view.Last()}
			dp, err := keytrans.ParseDistinguishedResponse(l.Config, ask(keytranstest.Distinguished, dq))
			fatalIfErr(t, err)
			dr, err := v.Distinguished(view, dq, dp, now)
			fatalIfErr(t, err)
			view = dr.View

			sq := &keytrans.SearchRequest{Last: view.Last(), Label: label}
			sp, err := keytrans.ParseSearchResponse(l.Config, sq, ask(keytranstest.Search, sq))
			fatalIfErr(t, err)
			sr, err := v.Search(view, sq, sp, now)
			fatalIfErr(t, err)
			if want := l.Label("alice").Versions[sr.Version].Value.Value; !bytes.Equal(sr.Value.Value, want) {
				t.Errorf("found %q, want %q", sr.Value.Value, want)
			}
			contact, err = contact.Observe(sr)
			fatalIfErr(t, err)
			cq := &keytrans.ContactMonitorRequest{Last: view.Last(), Label: label, Entries: contact.Map}
			cp, err := keytrans.ParseContactMonitorResponse(l.Config, ask(keytranstest.ContactMonitor, cq))
			fatalIfErr(t, err)
			cr, err := v.ContactMonitor(view, contact, cq, cp, now)
			fatalIfErr(t, err)
			contact = cr.Contact

			if owner == nil && len(dr.Positions) > 0 {
				oq := &keytrans.OwnerInitRequest{Last: view.Last(), Label: label, Start: dr.Positions[0]}
				op, err := keytrans.ParseOwnerInitResponse(l.Config, ask(keytranstest.OwnerInit, oq))
				fatalIfErr(t, err)
				or, err := v.OwnerInit(view, oq, op, now)
				fatalIfErr(t, err)
				owner = or.Owner
			}
			if owner == nil {
				continue
			}
			if *owner.Greatest() != sr.Version {
				uq := &keytrans.UpdateRequest{Last: view.Last(), Label: label, GreatestVersion: owner.Greatest()}
				ups, err := keytrans.ParseUpdateResponses(l.Config, ask(keytranstest.Update, uq))
				fatalIfErr(t, err)
				ur, err := v.Update(view, owner, uq, ups[0], now)
				fatalIfErr(t, err)
				owner = ur.Owner
			}
			op, err := keytrans.ParseOwnerMonitorResponse(l.Config, ask(keytranstest.OwnerMonitor, owner.OwnerMonitorRequest(view, label)))
			fatalIfErr(t, err)
			or, err := v.OwnerMonitor(view, owner, op, now)
			fatalIfErr(t, err)
			owner = or.Owner
		}
		if owner == nil || *owner.Greatest() != 5 {
			t.Errorf("the owner knows of %v", owner)
		}
	})
}

// TestSeed makes a log twice, and one with another seed.
func TestSeed(t *testing.T) {
	each(t, func(t *testing.T, o keytranstest.Options) {
		roots := make(map[merkle.Hash]int)
		for _, seed := range []string{"1", "1", "2"} {
			o.Seed = seed
			roots[honest(o, 14).Root(14)]++
		}
		random := o.Suite == keytrans.KT_128_SHA256_P256 && o.Mode == keytrans.ThirdPartyManagement
		if len(roots) != 2 && !random {
			t.Errorf("%d roots for two seeds", len(roots))
		}
	})
}

// TestHistory forks and rewrites a log in each mode.
func TestHistory(t *testing.T) {
	each(t, func(t *testing.T, o keytranstest.Options) {
		l := honest(o, 14)
		f := l.Fork(10)
		if f.Size() != 10 || f.Root(10) != l.Root(10) || len(f.Label("alice").Versions) != 3 {
			t.Error("a fork has another history")
		}
		same := l.Rewrite(func(uint64, *keytranstest.Entry) {})
		if same.Root(14) != l.Root(14) {
			t.Error("the same history has another root")
		}
		other := l.Rewrite(func(pos uint64, e *keytranstest.Entry) {
			if pos == 5 {
				e.Timestamp++
			}
		})
		for size := uint64(1); size <= 14; size++ {
			if (other.Root(size) == l.Root(size)) != (size <= 5) {
				t.Errorf("roots of %d entries", size)
			}
		}
		state := l.At(14)
		fatalIfErr(t, keytrans.VerifyTreeHead(l.Config, &state.TreeHead, l.Root(14)))
		if (o.Mode == keytrans.ThirdPartyAuditing) != (state.AuditorHead() != nil) {
			t.Errorf("auditor head: %v", state.AuditorHead())
		}
		if a := state.AuditorHead(); a != nil {
			fatalIfErr(t, keytrans.VerifyAuditorTreeHead(l.Config, a, l.Root(14)))
		}
	})
}

// TestAuditorUpdate replays a log that removes, restores and replaces leaves.
func TestAuditorUpdate(t *testing.T) {
	l := honest(keytranstest.Options{Mode: keytrans.ThirdPartyAuditing}, 14)
	l.Append(start+20_000, keytranstest.PutValue("alice", 2, "another"), keytranstest.Create("carol", "1"))
	l.Append(start+21_000, keytranstest.Remove("carol", 0))
	l.Append(start+22_000, keytranstest.Restore("carol", 0), keytranstest.Restore("alice", 2), keytranstest.Skip("bob", 1))
	l.Append(start+23_000, keytranstest.Clear())
	var previous *keytrans.LogEntry
	for pos, want := range l.Entries() {
		u := l.AuditorUpdate(uint64(pos))
		data, err := u.Marshal()
		fatalIfErr(t, err)
		got, err := parse(t, keytrans.ParseAuditorUpdate, data).Replay(previous)
		if err != nil && !errors.Is(err, keytrans.ErrUndetermined) {
			t.Fatalf("entry %d: %v", pos, err)
		}
		if err == nil && got != want {
			t.Errorf("entry %d: %v, want %v", pos, got, want)
		}
		previous = &want
	}
	if l.Entries()[17].PrefixTree != (merkle.Hash{}) {
		t.Error("an empty prefix tree has a root")
	}
}
