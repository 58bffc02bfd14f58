package client_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// trustPolicy stores a witness policy.
func (w *world) trustPolicy(policy []byte) *client.TrustResult {
	w.Helper()
	cfg := w.config()
	cfg.Policy = policy
	r, err := client.Trust(w.Context(), w.root, w.server.URL, "", cfg)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// witnessedWorld is a world with a label, whose client has a witness policy.
func witnessedWorld(t *testing.T, quorum string) *world {
	t.Helper()
	w := newWorld(t)
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	w.settle()
	w.trustPolicy(w.dir.Policy(quorum))
	return w
}

// freshWorld is one in which all log entries are new.
func freshWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t).fresh()
}

// fresh makes a new world a freshWorld.
func (w *world) fresh() *world {
	w.Helper()
	w.insert("a")
	w.dir.Insert()
	w.dir.Insert()
	w.trustPolicy(w.dir.Policy("any"))
	return w
}

// with returns a client with another configuration.
func (w *world) with(change func(*client.Config)) *client.Client {
	w.Helper()
	cfg := w.config()
	change(&cfg)
	c, err := client.Open(w.root, w.server.URL, cfg)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// insert adds a log entry, made just now.
func (w *world) insert(set string) uint64 {
	return w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys(set)}})
}

// onLog answers requests for files of the log whose path begins with prefix.
func (w *world) onLog(prefix string, answer func() *clienttest.Answer) {
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if !strings.HasPrefix(op, "log/"+prefix) {
			return nil
		}
		return answer()
	}
}

// storedWitness is the part of the state that belongs to the witnesses.
type storedWitness struct {
	Once       bool   `json:"once"`
	Policy     []byte `json:"policy"`
	Checkpoint []byte `json:"checkpoint"`
	Pending    []struct {
		Position uint64          `json:"position"`
		Proof    json.RawMessage `json:"proof"`
	} `json:"pending"`
}

func (w *world) stored() *storedWitness {
	w.Helper()
	var f struct {
		State struct {
			Witness *storedWitness `json:"witness"`
		} `json:"state"`
	}
	if err := json.Unmarshal([]byte(w.readState()), &f); err != nil {
		w.Fatal(err)
	}
	return f.State.Witness
}

func (s *storedWitness) positions() []uint64 {
	out := []uint64{}
	for _, p := range s.Pending {
		out = append(out, p.Position)
	}
	return out
}

// witnessed checks what a result says of the witnesses.
func (w *world) witnessed(got *client.Witnessed, size uint64, by []string, pending ...uint64) {
	w.Helper()
	if got == nil {
		w.Fatal("nothing about the witnesses")
	}
	if got.CheckpointSize != size || !slices.Equal(got.CosignedBy, by) || !slices.Equal(got.Pending, pending) || got.Settled != (len(pending) == 0) || (got.Reason == "") != got.Settled {
		w.Errorf("%+v, want a log of %d entries by %v, pending %v", got, size, by, pending)
	}
}

var both = []string{clienttest.Witness1, clienttest.Witness2}

func TestWitnessedAtOnce(t *testing.T) {
	w := witnessedWorld(t, "all")
	r := w.lookup(alice)
	w.outcome(r.Verdict, client.OutcomeVerified)
	w.witnessed(r.Witness, w.dir.Size(), both)
	if r.Witness.Quorum != "both-all" {
		t.Errorf("quorum %q", r.Witness.Quorum)
	}
	if s := w.stored(); len(s.Pending) != 0 || !bytes.Equal(s.Checkpoint, w.dir.Checkpoint()) {
		t.Errorf("stored: %+v", s)
	}
	if n := len(r.Steps); r.Steps[n-1].Name != "witness" || !strings.Contains(r.Steps[n-1].Text, "others who trust these witnesses") {
		t.Errorf("%+v", r.Steps[n-2:])
	}
	h, err := w.c.History(bg, alice, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.outcome(h.Verdict, client.OutcomeVerified)
	w.witnessed(h.Witness, w.dir.Size(), both)
	o := w.own(alice)
	w.outcome(o.Verdict, client.OutcomeVerified)
	w.witnessed(o.Witness, w.dir.Size(), both)
	p := w.publish(alice, keys("ab"))
	w.witnessed(p.Witness, w.dir.Size(), both)
	round := w.watch()
	w.outcome(round.Log.Verdict, client.OutcomeVerified)
	w.witnessed(round.Log.Witness, w.dir.Size(), both)
	if round.Kind() != 0 || round.Log.Finding != "none" {
		t.Errorf("%+v", round.Log)
	}
}

// TestNoPolicy looks at what must not be there without a policy.
func TestNoPolicy(t *testing.T) {
	w := newWorld(t)
	w.insert("a")
	w.onLog("", func() *clienttest.Answer { t.Error("the log was read"); return nil })
	if r := w.lookup(alice); r.Witness != nil {
		t.Errorf("%+v", r.Witness)
	}
	if p := w.publish("bob@example.org", keys("b")); p.Witness != nil {
		t.Errorf("%+v", p.Witness)
	}
	if r := w.watch(); r.Log != nil {
		t.Errorf("%+v", r.Log)
	}
	if s := w.readState(); strings.Contains(s, `"witness"`) {
		t.Errorf("%s", s)
	}
	c := w.with(func(cfg *client.Config) { cfg.WaitWitnessed = time.Second })
	_, err := c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Usage, "no witness policy")
	_, err = w.c.Prove(bg, alice, nil)
	wantKind(t, err, client.Usage, "no witness policy")
}

// TestPendingThenSettled has the witnesses lag behind, and then catch up.
func TestPendingThenSettled(t *testing.T) {
	w := witnessedWorld(t, "any")
	seen := w.dir.Size()
	w.dir.ShowLog(seen)
	pos := w.insert("ab")
	p, err := w.c.Lookup(bg, alice, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.witnessed(p.Witness, seen, both, pos)
	w.outcome(p.Verdict, client.OutcomeMonitored)
	want := fmt.Sprintf("log entry %d is newer than what the witnesses have seen", pos)
	if p.Kind() != 0 || !strings.Contains(p.Verdict.Reason, want) || p.Witness.Reason != want {
		t.Errorf("%v, %q", p.Verdict, p.Witness.Reason)
	}
	if last := p.Steps[len(p.Steps)-1]; last.Name != "witness" || !strings.Contains(last.Text, want[1:]) {
		t.Errorf("%+v", last)
	}
	s := w.stored()
	if !slices.Equal(s.positions(), []uint64{pos}) || s.Pending[0].Proof == nil {
		t.Errorf("stored: %+v", s)
	}
	// A second one joins, and both are reported until they are seen.
	w.dir.Clock.Add(time.Minute)
	pos2 := w.insert("abc")
	round := w.watch()
	w.witnessed(round.Log.Witness, seen, both, pos, pos2)
	w.outcome(round.Log.Verdict, client.OutcomeMonitored)
	w.outcome(round.Reports[0].Verdict, client.OutcomeMonitored)
	if !strings.Contains(round.Log.Verdict.Reason, fmt.Sprintf("log entries %d, %d are newer", pos, pos2)) {
		t.Errorf("%v", round.Log.Verdict)
	}
	w.dir.ShowLog(pos + 1)
	w.witnessed(w.watch().Log.Witness, pos+1, both, pos2)
	w.dir.ShowWholeLog()
	round = w.watch()
	w.witnessed(round.Log.Witness, w.dir.Size(), both)
	w.outcome(round.Log.Verdict, client.OutcomeVerified)
	if s := w.stored(); len(s.Pending) != 0 {
		t.Errorf("stored: %+v", s)
	}
}

// TestOverdue has the witnesses stand still for too long.
func TestOverdue(t *testing.T) {
	w := witnessedWorld(t, "any")
	w.own(alice)
	w.lookup(alice)
	seen := w.dir.Size()
	w.dir.ShowLog(seen)
	pos := w.insert("ab")
	w.dir.Clock.Add(10 * time.Minute)
	if _, err := w.c.Lookup(bg, alice, nil); client.KindOf(err) != 0 {
		t.Fatalf("an entry that is exactly as old as allowed: %v", err)
	}
	w.dir.Clock.Add(time.Millisecond)
	for name, run := range map[string]func() error{
		"lookup":  func() error { _, err := w.c.Lookup(bg, alice, nil); return err },
		"history": func() error { _, err := w.c.History(bg, alice, 0); return err },
		"prove":   func() error { _, err := w.c.Prove(bg, alice, nil); return err },
	} {
		e := wantKind(t, run(), client.Undecided, fmt.Sprintf("log entry %d is newer than what the witnesses have seen", pos))
		for _, want := range []string{"more than 10m0s ago", "2026-11-24T", fmt.Sprintf("they have seen a log of %d entries", seen)} {
			if !strings.Contains(e.Error(), want) {
				t.Errorf("%s: no %q in %q", name, want, e)
			}
		}
		if !strings.Contains(e.Hint, "another network") || e.Evidence != "" {
			t.Errorf("%s: hint %q, evidence %q", name, e.Hint, e.Evidence)
		}
	}
	o, err := w.c.Own(bg, alice)
	if err != nil || o.Kind() != client.Attention || o.Witness.Kind() != client.Undecided {
		t.Errorf("own: %+v, %v", o, err) // the version is not one that the owner made
	}
	// Accepting it asks nobody, so that it does not know what they have seen by now.
	if o, err = w.c.Accept(bg, alice, 1); err != nil || o.Kind() != 0 || o.Witness != nil || !strings.Contains(o.Verdict.Reason, "was not asked") {
		t.Errorf("accept: %+v, %v", o, err)
	}
	w.outcome(o.Verdict, client.OutcomeMonitored)
	round := w.watch()
	if round.Kind() != client.Undecided || round.Log.Finding != "undecided" {
		t.Errorf("watch: %+v", round.Log)
	}
	w.outcome(round.Log.Verdict, client.OutcomeUnchecked)
	for _, r := range round.Reports {
		wantKind(t, r.Err, client.Undecided, "a log that cannot be relied on")
		w.outcome(r.Verdict, client.OutcomeUnchecked)
	}
	patient := w.with(func(cfg *client.Config) { cfg.WitnessDelay = time.Hour })
	if _, err := patient.Lookup(bg, alice, nil); err != nil {
		t.Error(err)
	}
	w.dir.ShowWholeLog()
	w.outcome(w.watch().Log.Verdict, client.OutcomeVerified)
}

// TestNoDelay wants everything witnessed at once.
func TestNoDelay(t *testing.T) {
	w := witnessedWorld(t, "any")
	c := w.with(func(cfg *client.Config) { cfg.WitnessDelay = -1 })
	w.dir.Clock.Add(time.Second)
	w.insert("ab")
	w.dir.ShowLog(w.dir.Size() - 1)
	w.dir.Clock.Add(time.Millisecond)
	_, err := c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Undecided, "more than 0s ago")
}

// TestChangeIsNotPassedOver lets the first lookup of a changed value end without
// a verdict: the change must still be reported by the next one.
func TestChangeIsNotPassedOver(t *testing.T) {
	w := witnessedWorld(t, "any")
	w.lookup(alice)
	w.dir.ShowLog(w.dir.Size())
	w.insert("ab")
	w.dir.Clock.Add(time.Hour)
	_, err := w.c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Undecided, "newer than what the witnesses have seen")
	_, err = w.c.History(bg, alice, 0)
	wantKind(t, err, client.Undecided, "newer than what the witnesses have seen")
	w.dir.ShowWholeLog()
	r := w.lookup(alice)
	w.outcome(r.Verdict, client.OutcomeChanged)
	if r.Kind() != client.Attention || r.Before.Version != 0 {
		t.Errorf("%+v", r)
	}
	w.outcome(w.lookup(alice).Verdict, client.OutcomeMonitored)
}

func TestQuorum(t *testing.T) {
	for _, c := range []struct {
		quorum string
		asleep []string
		by     []string // nil if that is no quorum
	}{
		{"any", nil, both},
		{"any", both[:1], both[1:]},
		{"any", both, nil},
		{"all", nil, both},
		{"all", both[1:], nil},
		{clienttest.Witness1, both[1:], both[:1]},
		{clienttest.Witness1, both[:1], nil},
		{"none", both, []string{}},
	} {
		t.Run(fmt.Sprintf("%s without %v", c.quorum, c.asleep), func(t *testing.T) {
			w := newWorld(t)
			w.insert("a")
			w.dir.Sleep(c.asleep...)
			r := w.trustPolicy(w.dir.Policy(c.quorum))
			if c.by != nil {
				w.witnessed(r.Witness, w.dir.Size(), c.by)
				w.witnessed(w.lookup(alice).Witness, w.dir.Size(), c.by)
				return
			}
			if r.Witness.CheckpointSize != 0 || !strings.Contains(r.Witness.Reason, "too few of the policy's witnesses") {
				t.Errorf("%+v", r.Witness)
			}
			w.outcome(w.lookup(alice).Verdict, client.OutcomeMonitored)
			w.dir.Clock.Add(time.Hour)
			_, err := w.c.Lookup(bg, alice, nil)
			wantKind(t, err, client.Undecided, "too few of the policy's witnesses")
			if w.stored().Checkpoint != nil {
				t.Error("a checkpoint without a quorum is retained")
			}
			w.dir.Sleep()
			w.witnessed(w.lookup(alice).Witness, w.dir.Size(), both)
		})
	}
}

// TestQuorumNone has a policy that requires no witness: nothing may sound as if
// there had been one.
func TestQuorumNone(t *testing.T) {
	w := witnessedWorld(t, "none")
	w.dir.Sleep(both...)
	check := func(text, want string) {
		t.Helper()
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
		for _, claim := range []string{"the witnesses", "these witnesses", "they have seen", "its witnesses"} {
			if strings.Contains(text, claim) {
				t.Errorf("%q claims that there are witnesses", text)
			}
		}
	}
	last := func(r *client.LookupResult) string { return r.Steps[len(r.Steps)-1].Text }
	const others = "others may be shown another log"
	w.insert("ab")
	r := w.lookup(alice)
	w.witnessed(r.Witness, w.dir.Size(), []string{})
	check(last(r), others)
	check(r.Steps[len(r.Steps)-2].Text, "no witness has cosigned; the policy asks for none")
	check(w.watch().Log.Verdict.Reason, others)
	proof, err := w.c.Prove(bg, alice, nil)
	if err != nil || proof.Proven.Quorum != "none" || len(proof.Proven.Cosignatures) != 0 {
		t.Errorf("%+v, %v", proof, err)
	}

	w.dir.ShowLog(w.dir.Size())
	pos := w.insert("abc")
	newer := fmt.Sprintf("og entry %d is newer than the log's checkpoint", pos)
	r = w.lookup(alice)
	check(r.Witness.Reason, newer)
	check(w.watch().Log.Verdict.Reason, newer)
	check(last(r), newer)
	_, err = w.c.Prove(bg, alice, nil)
	e := wantKind(t, err, client.Undecided, "")
	check(e.Error(), fmt.Sprintf("the log's checkpoint does not have log entry %d yet", pos))
	check(e.Hint, "--wait-witnessed")
	w.dir.Clock.Add(time.Hour)
	_, err = w.c.Lookup(bg, alice, nil)
	e = wantKind(t, err, client.Undecided, "checking the log against its checkpoint: l"+newer)
	check(e.Error(), fmt.Sprintf("that one has %d entries", pos))
	check(e.Hint, "another log than it publishes")
	w.dir.ChangeLeaf(pos)
	w.dir.ShowWholeLog()
	_, err = w.c.Lookup(bg, alice, nil)
	e = wantKind(t, err, client.Misbehaved, "")
	check(e.Error(), "that no witness has cosigned")
	check(e.Hint, "keep this file")
}
