package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// witnessEvidence is what evidence by means of the witnesses has in it.
type witnessEvidence struct {
	Schema        string                    `json:"schema"`
	Kind          evidence.Kind             `json:"kind"`
	Summary       string                    `json:"summary"`
	Directory     string                    `json:"directory"`
	Configuration []byte                    `json:"configuration"`
	RetainedView  *evidenceView             `json:"retained_view"`
	Policy        []byte                    `json:"policy"`
	Log           string                    `json:"log"`
	Inconsistency *checkpoint.Inconsistency `json:"inconsistency"`
	Entry         *evidence.EntryConflict   `json:"log_entry"`
}

func readWitnessEvidence(t *testing.T, path string, kind evidence.Kind) *witnessEvidence {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var e witnessEvidence
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	if e.Schema != evidence.Schema || e.Kind != kind || e.Summary == "" || e.Directory == "" || e.Policy == nil || e.RetainedView == nil ||
		bytes.Contains(data, []byte(`"operation"`)) {
		t.Errorf("%s", data)
	}
	return &e
}

// checkCheckpoints verifies evidence of two checkpoints as somebody else would.
func (w *world) checkCheckpoints(path string, older, newer uint64) {
	w.Helper()
	e := readWitnessEvidence(w.T, path, evidence.Inconsistency)
	policy, err := checkpoint.ParsePolicy([]byte("log " + e.Log + "\nquorum none\n"))
	if err != nil {
		w.Fatal(err)
	}
	if err := e.Inconsistency.Verify(policy); err != nil {
		w.Error(err)
	}
	for size, note := range map[uint64][]byte{older: e.Inconsistency.Older, newer: e.Inconsistency.Newer} {
		if c, err := checkpoint.Peek(note); err != nil || c.Size != size {
			w.Errorf("a checkpoint of %d entries, want %d: %v", c.Size, size, err)
		}
	}
}

// checkEntry verifies evidence of a log entry as somebody else would.
func (w *world) checkEntry(path string, index uint64) *witnessEvidence {
	w.Helper()
	e := readWitnessEvidence(w.T, path, evidence.LogEntry)
	cfg, err := keytrans.ParseConfiguration(e.Configuration)
	if err != nil {
		w.Fatal(err)
	}
	if e.Entry.Index != index {
		w.Errorf("log entry %d, want %d", e.Entry.Index, index)
	}
	if err := e.Entry.Verify(cfg, w.dir.LogKey()); err != nil {
		w.Error(err)
	}
	policy, err := checkpoint.ParsePolicy(e.Policy)
	if err != nil {
		w.Fatal(err)
	}
	if s, err := policy.Open(e.Entry.Checkpoint); err != nil || s.Witnessed() != nil {
		w.Errorf("the checkpoint has no quorum: %v", err)
	}
	return e
}

// TestTwoCheckpoints has a log sign another history than the retained one, with
// and without the witnesses.
func TestTwoCheckpoints(t *testing.T) {
	for _, asleep := range [][]string{nil, both} {
		for name, c := range map[string]struct {
			size int64 // of the other checkpoint, beyond the retained one
			text string
		}{
			"of the same size": {0, "two states of 20 entries differ"},
			"that is larger":   {3, "its state of 23 entries does not continue the one of 20"},
			"that is smaller":  {-3, "its state of 20 entries does not continue the one of 17"},
		} {
			t.Run(name, func(t *testing.T) {
				w := witnessedWorld(t, "any")
				for w.dir.Size() < 20 {
					w.dir.Insert()
				}
				w.lookup(alice)
				retained := w.stored().Checkpoint
				other := w.dir.Fork()
				other.ChangeLeaf(14)
				other.Tick(3, time.Minute)
				other.Sleep(asleep...)
				other.ShowLog(uint64(20 + c.size))
				if c.size < 0 {
					// The tiles are those of the retained checkpoint.
					w.onLog("checkpoint", func() *clienttest.Answer {
						return &clienttest.Answer{Status: 200, Body: other.Checkpoint()}
					})
				} else {
					w.dir.ShowLogOf(other)
				}
				w.insert("ab")
				_, err := w.c.Lookup(bg, alice, nil)
				e := wantKind(t, err, client.Misbehaved, c.text)
				w.checkCheckpoints(e.Evidence, uint64(min(20, 20+c.size)), uint64(max(20, 20+c.size)))
				w.outcome(client.VerdictOf(err), client.OutcomeMisbehaviour)
				if !bytes.Equal(w.stored().Checkpoint, retained) {
					t.Error("the retained checkpoint was replaced")
				}
				if !strings.Contains(e.Hint, "keep this file") {
					t.Errorf("hint %q", e.Hint)
				}
				// The evidence is there already, also if the other history went on.
				if c.size >= 0 {
					other.Insert()
					other.ShowLog(uint64(21 + c.size))
				}
				round := w.watch()
				if round.Kind() != client.Misbehaved || round.Log.Evidence != e.Evidence || len(w.evidence()) != 1 || round.Log.Finding != "misbehaviour" || round.Log.Witness != nil {
					t.Errorf("%+v", round.Log)
				}
				edit(t, e.Evidence, func(v map[string]any) { v["inconsistency"].(map[string]any)["newer"] = "" })
				if again := w.watch(); again.Log.Evidence == e.Evidence || len(w.evidence()) != 2 {
					t.Errorf("damaged evidence was taken for that: %+v", again.Log)
				}
				w.outcome(round.Log.Verdict, client.OutcomeMisbehaviour)
				for _, r := range round.Reports {
					wantKind(t, r.Err, client.Undecided, "cannot be relied on")
				}
			})
		}
	}
}

// TestChangedLeaf has the public log differ from the KEYTRANS log in one entry,
// which the client finds at once, or at its next contact.
func TestChangedLeaf(t *testing.T) {
	for name, late := range map[string]bool{"at once": false, "at the next contact": true} {
		t.Run(name, func(t *testing.T) {
			w := witnessedWorld(t, "all")
			size := w.dir.Size()
			if late {
				w.dir.ShowLog(size)
			}
			pos := w.insert("ab")
			w.dir.ChangeLeaf(pos)
			r, err := w.c.Lookup(bg, alice, nil)
			if late {
				if err != nil {
					t.Fatal(err)
				}
				w.witnessed(r.Witness, size, both, pos)
				w.dir.Tick(5, time.Second)
				w.dir.ShowWholeLog()
				_, err = w.c.Lookup(bg, alice, nil)
			}
			e := wantKind(t, err, client.Misbehaved, "another log entry 18 than is in the log of")
			if !strings.Contains(e.Error(), "that w1, w2 cosigned: one of the two is a history for some eyes only") || !strings.Contains(e.Hint, "compare the log's line in the policy") {
				t.Errorf("%v, hint %q", e, e.Hint)
			}
			w.checkEntry(e.Evidence, pos)
			// It stays so.
			_, err = w.c.Publish(bg, "bob@example.org", keys("b"), client.PublishOptions{})
			wantKind(t, err, client.Misbehaved, "version 0 was published, but: the directory showed this client another log entry 18")
			if round := w.watch(); round.Kind() != client.Misbehaved || round.Log.Evidence != e.Evidence || len(w.evidence()) != 1 {
				t.Errorf("%+v, evidence %v", round.Log, w.evidence())
			}
		})
	}
}

// TestEvidenceIsTamperproof damages each byte of the evidence about a log entry:
// it must not prove anything against anybody any more, or the same.
func TestEvidenceIsTamperproof(t *testing.T) {
	w := witnessedWorld(t, "all")
	pos := w.insert("ab")
	w.dir.ChangeLeaf(pos)
	_, err := w.c.Lookup(bg, alice, nil)
	good := w.checkEntry(wantKind(t, err, client.Misbehaved, "").Evidence, pos)
	cfg, err := keytrans.ParseConfiguration(good.Configuration)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(change func(c *evidence.EntryConflict), cfg *keytrans.Configuration, key string) error {
		encoded, err := json.Marshal(good.Entry)
		if err != nil {
			t.Fatal(err)
		}
		var c evidence.EntryConflict
		if err := json.Unmarshal(encoded, &c); err != nil {
			t.Fatal(err)
		}
		change(&c)
		return c.Verify(cfg, key)
	}
	if err := verify(func(*evidence.EntryConflict) {}, cfg, w.dir.LogKey()); err != nil {
		t.Fatal(err)
	}
	parts := func(c *evidence.EntryConflict) [][]byte {
		out := [][]byte{c.LogEntry, c.Signature, c.LeafHash}
		return append(append(out, c.Path...), c.Inclusion...)
	}
	for i, part := range parts(good.Entry) {
		for j := range part {
			err := verify(func(c *evidence.EntryConflict) { parts(c)[i][j] ^= 1 << (j % 8) }, cfg, w.dir.LogKey())
			if !errors.Is(err, evidence.ErrNotProof) {
				t.Fatalf("part %d, byte %d: %v", i, j, err)
			}
		}
	}
	body := good.Entry.Checkpoint[:bytes.Index(good.Entry.Checkpoint, []byte("\n\n"))]
	for i := range body {
		err := verify(func(c *evidence.EntryConflict) { c.Checkpoint[i] ^= 1 }, cfg, w.dir.LogKey())
		if !errors.Is(err, evidence.ErrNotProof) {
			t.Fatalf("byte %d of the checkpoint: %v", i, err)
		}
	}
	stranger := clienttest.New()
	honest := w.dir.Entries()[pos]
	for name, c := range map[string]struct {
		change func(c *evidence.EntryConflict)
		cfg    *keytrans.Configuration
		key    string
		text   string
	}{
		"another index":     {func(c *evidence.EntryConflict) { c.Index-- }, cfg, w.dir.LogKey(), ""},
		"beyond the end":    {func(c *evidence.EntryConflict) { c.Index = 1 << 40 }, cfg, w.dir.LogKey(), "and not entry"},
		"another tree size": {func(c *evidence.EntryConflict) { c.TreeSize++ }, cfg, w.dir.LogKey(), ""},
		"no head":           {func(c *evidence.EntryConflict) { c.TreeSize = 0 }, cfg, w.dir.LogKey(), "no signed head"},
		"short hash":        {func(c *evidence.EntryConflict) { c.Path[0] = c.Path[0][1:] }, cfg, w.dir.LogKey(), "a hash has 31 bytes"},
		"short leaf":        {func(c *evidence.EntryConflict) { c.LeafHash = nil }, cfg, w.dir.LogKey(), "a hash has 0 bytes"},
		"no path":           {func(c *evidence.EntryConflict) { c.Path = nil }, cfg, w.dir.LogKey(), "too few elements"},
		"long path":         {func(c *evidence.EntryConflict) { c.Path = append(c.Path, c.LeafHash) }, cfg, w.dir.LogKey(), "too many"},
		"no inclusion":      {func(c *evidence.EntryConflict) { c.Inclusion = nil }, cfg, w.dir.LogKey(), ""},
		"the very entry":    {func(c *evidence.EntryConflict) { c.LeafHash = leafOf(honest) }, cfg, w.dir.LogKey(), "the very entry"},
		"no entry":          {func(c *evidence.EntryConflict) { c.LogEntry = nil }, cfg, w.dir.LogKey(), "malformed"},
		"another directory": {func(*evidence.EntryConflict) {}, stranger.Configuration(), w.dir.LogKey(), "signature"},
		"another log":       {func(*evidence.EntryConflict) {}, cfg, stranger.LogKey(), "no log of the policy"},
		"no key":            {func(*evidence.EntryConflict) {}, cfg, "", "malformed policy"},
	} {
		err := verify(c.change, c.cfg, c.key)
		if !errors.Is(err, evidence.ErrNotProof) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForkedDirectory has a directory that shows the client a history of its own,
// while the witnesses see the honest one, or shows the client its own log, too,
// which the witnesses do not cosign.
func TestForkedDirectory(t *testing.T) {
	for name, own := range map[string]bool{"the log that the witnesses see": false, "a log of its own": true} {
		t.Run(name, func(t *testing.T) {
			w := freshWorld(t)
			honest := w.dir
			w.lookup(alice)
			fork := honest.Fork()
			w.become(fork)
			pos := fork.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("ax")}})
			honest.Insert()
			honest.Insert()
			if own {
				fork.Sleep(both...)
			} else {
				fork.ShowLogOf(honest)
			}
			r, err := w.c.Lookup(bg, alice, nil)
			if !own {
				e := wantKind(t, err, client.Misbehaved, "another log entry 4 than is in the log of 6 entries")
				w.checkEntry(e.Evidence, pos)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w.witnessed(r.Witness, pos, both, pos)
			fork.Clock.Add(time.Hour)
			_, err = w.c.Lookup(bg, alice, nil)
			wantKind(t, err, client.Undecided, "log entry 4 is newer than what the witnesses have seen")
			// Sooner or later, the client meets the honest log.
			fork.ShowLogOf(honest)
			_, err = w.c.Lookup(bg, alice, nil)
			e := wantKind(t, err, client.Misbehaved, "another log entry 4")
			w.checkEntry(e.Evidence, pos)
		})
	}
}

// TestNoEscape has a directory that answers every request with an error after it
// was caught: what is pending is settled all the same.
func TestNoEscape(t *testing.T) {
	w := freshWorld(t)
	w.dir.ShowLog(w.dir.Size())
	pos := w.insert("ab")
	w.lookup(alice)
	w.dir.ChangeLeaf(pos)
	w.dir.ShowWholeLog()
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if strings.HasPrefix(op, "log/") {
			return nil
		}
		return clienttest.Problem(http.StatusInternalServerError, "internal", "", "")
	}
	for name, run := range map[string]func() error{
		"lookup":  func() error { _, err := w.c.Lookup(bg, alice, nil); return err },
		"history": func() error { _, err := w.c.History(bg, alice, 0); return err },
		"publish": func() error { _, err := w.c.Publish(bg, alice, keys("x"), client.PublishOptions{}); return err },
		"own":     func() error { _, err := w.c.Own(bg, alice); return err },
		"watch":   func() error { _, err := w.c.Watch(bg); return err },
		"prove":   func() error { _, err := w.c.Prove(bg, alice, nil); return err },
	} {
		e := wantKind(t, run(), client.Misbehaved, "another log entry")
		w.checkEntry(e.Evidence, pos)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestOldEntries has a client whose view is older than its policy, so that it has
// no proof of the entries on the view's frontier.
func TestOldEntries(t *testing.T) {
	setup := func(t *testing.T) (*world, uint64) {
		w := newWorld(t)
		w.insert("a")
		w.dir.Tick(3, time.Minute)
		w.lookup(alice)
		pos := w.dir.Size() - 1 // on the frontier
		w.dir.ChangeLeaf(pos)
		return w, pos
	}
	trust := func(w *world) error {
		cfg := w.config()
		cfg.Policy = w.dir.Policy("any")
		_, err := client.Trust(bg, w.root, w.server.URL, "", cfg)
		return err
	}
	t.Run("proven again", func(t *testing.T) {
		w, pos := setup(t)
		e := wantKind(t, trust(w), client.Misbehaved, "another log entry")
		w.checkEntry(e.Evidence, pos)
		if w.stored() == nil {
			t.Error("the policy was not stored")
		}
	})
	t.Run("not proven again", func(t *testing.T) {
		w, pos := setup(t)
		n := 0
		w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
			if op != "distinguished" {
				return nil
			}
			if n++; n > 1 {
				return clienttest.Problem(http.StatusInternalServerError, "internal", "", "")
			}
			return nil
		}
		e := wantKind(t, trust(w), client.Misbehaved, "others cannot check that")
		found := readWitnessEvidence(t, e.Evidence, evidence.LogEntry)
		if !strings.Contains(found.Summary, "others cannot check that") || found.Entry.TreeSize != 0 || found.Entry.Index != pos {
			t.Errorf("%+v", found)
		}
		err := found.Entry.Verify(w.dir.Configuration(), w.dir.LogKey())
		if !errors.Is(err, evidence.ErrNotProof) || !strings.Contains(err.Error(), "no signed head") {
			t.Errorf("%v", err)
		}
	})
}

func leafOf(e keytrans.LogEntry) []byte { return rfc6962.DefaultHasher.HashLeaf(e.Marshal()) }
