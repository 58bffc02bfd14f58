package client_test

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// garbage is an answer that is no response of the protocol.
func garbage() *clienttest.Answer {
	return &clienttest.Answer{Status: http.StatusOK, Type: "application/octet-stream", Body: []byte("garbage")}
}

// TestCheckRosterOneLabel has answers about one label damaged, in batches and alone:
// the others are checked all the same.
func TestCheckRosterOneLabel(t *testing.T) {
	for _, oneByOne := range []bool{false, true} {
		w := oldConversation(t)
		insert(w.dir, carol, keys("c"))
		w.dir.Tick(60, time.Hour)
		w.dir.Before = func(operation string, request []byte) *clienttest.Answer {
			if bytes.Contains(request, []byte(carol)) {
				return garbage()
			}
			return nil
		}
		r := w.rosterOf(w.member(bob, "bx", time.Hour), w.member(carol, "c", time.Hour), w.member(alice, "a", time.Hour))
		got := w.check(r, client.RosterOptions{OneByOne: oneByOne})
		w.found(got, alice)
		w.found(got, bob, "ghost-device")
		w.found(got, carol, "could-not-check")
		if got.Exit() != roster.ExitFindings || got.Digest != "" || got.NoDigest == "" {
			t.Errorf("%+v", got)
		}
		for _, f := range got.Findings {
			if f.Label == carol && (bytes.Contains([]byte(f.Message), []byte(bob)) || bytes.Contains([]byte(f.Message), []byte(alice))) {
				t.Errorf("a finding about carol names others: %s", f.Message)
			}
		}
	}
}

// TestCheckRosterMisbehaviour takes back a version that the client has seen.
func TestCheckRosterMisbehaviour(t *testing.T) {
	for _, oneByOne := range []bool{false, true} {
		w := oldConversation(t)
		insert(w.dir, bob, keys("bc"))
		w.lookup(bob)
		w.dir.Remove(bob)
		w.dir.Tick(8, clienttest.Window/2)
		r := w.rosterOf(w.member(bob, "b", time.Hour), w.member(alice, "ax", time.Hour))
		got := w.check(r, client.RosterOptions{OneByOne: oneByOne})
		w.found(got, bob, "misbehaviour")
		w.found(got, alice, "ghost-device")
		if got.Exit() != roster.ExitMisbehaviour || got.Kind() != client.Misbehaved || got.Verdict.Outcome != client.OutcomeMisbehaviour {
			t.Errorf("%+v", got.Verdict)
		}
		if _, err := os.Stat(got.Evidence[bob]); err != nil || len(got.Evidence) != 1 {
			t.Errorf("evidence %v: %v", got.Evidence, err)
		}
	}
}

// TestCheckRosterLogGrows has the log grow between the batches: labels of the first
// one are asked for again.
func TestCheckRosterLogGrows(t *testing.T) {
	w := oldConversation(t)
	w.dir.MaxBatchBytes = 1 // one answer
	grow := 1
	w.dir.After = func(operation string, _ *clienttest.Answer) {
		if operation == "batch" && grow > 0 {
			grow--
			w.dir.Insert()
		}
	}
	r := w.rosterOf(w.member(bob, "bx", time.Hour), w.member(alice, "ax", time.Hour))
	got := w.check(r, client.RosterOptions{})
	if grow != 0 || len(got.Findings) == 0 {
		t.Fatalf("%+v", got)
	}
	for _, f := range got.Findings {
		if f.Proof.Head == nil || f.Proof.Head.TreeSize != w.dir.Size() || f.Proof.Head.Root != got.Head.Root {
			t.Errorf("%s about %s rests on %+v, not on the log of %d entries", f.Code, f.Label, f.Proof.Head, w.dir.Size())
		}
	}
}

// TestCheckRosterTimes has it found out which entry created a version.
func TestCheckRosterTimes(t *testing.T) {
	w := oldConversation(t)
	at := w.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{keys("bx")}})
	created := w.dir.Clock.Now()
	w.dir.Tick(100, time.Hour)
	m := w.member(bob, "bx", time.Hour)
	// At the edges of the window, only the exact entry decides.
	for _, c := range []struct {
		after time.Duration
		want  []string
	}{
		{time.Hour, []string{"just-in-time-insertion"}},
		{24*time.Hour - time.Second, []string{"just-in-time-insertion"}},
		{24*time.Hour + time.Second, nil},
	} {
		m.FirstSeen = created.Add(c.after)
		got := w.check(w.rosterOf(m), client.RosterOptions{})
		w.found(got, bob, c.want...)
		for _, f := range got.Findings {
			for _, v := range f.Proof.Versions {
				if f.Code == roster.JustInTimeInsertion && v.Version == 1 && (v.NotBefore.After(created) || v.NotAfter.Before(created) || v.LogEntry < at) {
					t.Errorf("version 1 was created at %v in entry %d: %+v", created, at, v)
				}
				if c.after == 24*time.Hour-time.Second && v.Version == 1 && (!v.NotBefore.Equal(created) || !v.NotAfter.Equal(created) || v.LogEntry != at) {
					t.Errorf("version 1 was created at %v in entry %d, and that is not proven exactly: %+v", created, at, v)
				}
			}
		}
	}
	if w.dir.Requests("owner-init") == 0 || w.dir.Requests("update") == 0 {
		t.Error("no version was dated exactly")
	}
	if _, owned, err := w.c.Contacts(bg); err != nil || len(owned) != 0 {
		t.Errorf("owned %v, %v", owned, err)
	}
}

// TestCheckRosterUnsettled has the directory not tell which entry created a version, when
// all depends on that: it could not be checked, and is no ghost.
func TestCheckRosterUnsettled(t *testing.T) {
	// A second later or earlier decides; the one takes fewer requests.
	for operation, edge := range map[string]time.Duration{"owner-init": time.Second, "update": -time.Second} {
		w := oldConversation(t)
		w.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{keys("bx")}})
		created := w.dir.Clock.Now()
		w.dir.Tick(100, time.Hour)
		m := w.member(bob, "bx", time.Hour)
		m.FirstSeen = created.Add(24*time.Hour + edge)
		w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
			if op == operation {
				return garbage()
			}
			return nil
		}
		got := w.check(w.rosterOf(m), client.RosterOptions{})
		w.found(got, bob, "could-not-check")
		if w.dir.Requests(operation) == 0 {
			t.Errorf("%s was not asked for", operation)
		}
	}
}

// TestCheckRosterMany checks more labels than fit in a batch.
func TestCheckRosterMany(t *testing.T) {
	labels := labelNames(300)
	w := newWorld(t)
	var updates []clienttest.Update
	r := w.rosterOf()
	for i, l := range labels {
		key := keyset.Key{Format: keyset.FormatX25519, Data: append(binary.BigEndian.AppendUint64(nil, uint64(1000+i)), make([]byte, 24)...)}
		value, err := keyset.Set{Keys: []keyset.Key{key}}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		updates = append(updates, clienttest.Update{Label: l, Values: [][]byte{value}})
		r.Members = append(r.Members, roster.Member{Label: l, FirstSeen: w.dir.Clock.Now().Add(59 * time.Hour), Devices: []roster.Device{
			{Format: key.Format, Data: key.Data, Fingerprint: key.Fingerprint()},
		}})
	}
	w.dir.Insert(updates...)
	w.dir.Tick(60, time.Hour)
	r.Me = labels[7]
	got := w.check(r, client.RosterOptions{})
	w.found(got, labels[299])
	if got.Exit() != roster.ExitFine {
		t.Errorf("%v, the first: %+v", got.Verdict, got.Findings[0])
	}
	if n := w.dir.Requests("batch"); n > 4 || w.dir.Requests("search") != 0 {
		t.Errorf("%d batches, %d searches", n, w.dir.Requests("search"))
	}
	w.server.Close()
	got = w.check(r, client.RosterOptions{})
	w.found(got, labels[299], "could-not-check")
	if got.Exit() != roster.ExitCouldNotCheck {
		t.Errorf("exit code %d", got.Exit())
	}
}
