package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// TestAuditor follows a log that grows, with restarts.
func TestAuditor(t *testing.T) {
	for _, suite := range []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256} {
		w := newAuditWorld(t, suite)
		for round := range 4 {
			a, err := w.open(nil)
			fatalIfErr(t, err)
			if a.FirstUse != (round == 0) {
				t.Errorf("round %d: first use %t", round, a.FirstUse)
			}
			for range 3 {
				fatalIfErr(t, a.Update(t.Context()))
				fatalIfErr(t, a.Update(t.Context())) // of nothing new
				if s := a.Status(); w.latest() != w.log.Size() || s.Size != w.log.Size() || s.Head.TreeSize != s.Size {
					t.Fatalf("the log has %d entries, the head %d: %+v", w.log.Size(), w.latest(), s)
				}
				w.grow(7)
			}
			fatalIfErr(t, a.Close())
		}
		next := uint64(0)
		for _, q := range w.asked {
			if q.Start != next {
				t.Errorf("asked from %d on after %d entries", q.Start, next)
			}
			next += uint64(q.Count)
		}
	}
}

// TestAuditorContradiction has the directory sign two roots for one size, also with
// a restart in between. From then on nothing is signed.
func TestAuditorContradiction(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
		w.grow(7)
		a := w.mustOpen()
		fatalIfErr(t, a.Update(t.Context()))
		other := w.fork(9)
		other.Append(auditTime(9), keytranstest.Pad(9))
		honest := w.log
		w.set(other, nil)
		if restart {
			fatalIfErr(t, a.Close())
			a = w.mustOpen()
		}
		err := w.wantRefusal(a, Misbehaved, "two roots for its log of 10 entries")
		var e *Error
		if !errors.As(err, &e) || e.Evidence == "" {
			t.Fatalf("no evidence: %v", err)
		}
		found, err := evidence.Parse(readFile(t, e.Evidence))
		fatalIfErr(t, err)
		p, err := found.Verify(evidence.Expected{Configuration: a.Configuration()})
		fatalIfErr(t, err)
		if p.Kind != evidence.TreeHeads || found.Class != evidence.ClassEvidence || found.Rule != p.Rule || found.Private() {
			t.Errorf("%+v, %+v", p, found)
		}
		checkHeadsEvidence(t, found)
		w.set(honest, nil)
		fatalIfErr(t, a.Close())
		if _, err := w.open(nil); KindOf(err) != Misbehaved {
			t.Errorf("opened with evidence: %v", err)
		}
		fatalIfErr(t, os.RemoveAll(filepath.Dir(e.Evidence)))
		w.grow(1)
		fatalIfErr(t, w.mustOpen().Update(t.Context()))
	}
}

// checkHeadsEvidence changes evidence so that it proves nothing.
func checkHeadsEvidence(t *testing.T, found *evidence.Evidence) {
	t.Helper()
	for name, change := range map[string]func(e *evidence.Evidence){
		"configuration": func(e *evidence.Evidence) { e.Configuration = e.Configuration[1:] },
		"one head":      func(e *evidence.Evidence) { e.Heads = e.Heads[:1] },
		"one root":      func(e *evidence.Evidence) { e.Heads[1] = e.Heads[0] },
		"two sizes":     func(e *evidence.Evidence) { e.Heads[1].TreeSize++ },
		"signature":     func(e *evidence.Evidence) { e.Heads[1].Signature = e.Heads[0].Signature },
	} {
		changed := *found
		changed.Heads = slices.Clone(found.Heads)
		change(&changed)
		if _, err := changed.Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrNotProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAuditorCrash fails, or ends, at each step that changes the folder, with or
// without effect. What is signed is always of the one log, which the world checks.
func TestAuditorCrash(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	crash := errors.New("crash")
	steps := 0
	for at := 0; ; at++ {
		w.grow(2)
		n, fail := 0, at%2 == 0
		a, err := w.open(func(c *AuditorConfig) {
			c.hook = func(op, path string, step func() error) error {
				n++
				if n-1 != at/2 {
					return step()
				}
				if fail {
					return crash
				}
				return errors.Join(step(), crash)
			}
		})
		if err == nil {
			err = a.Update(t.Context())
			if err != nil {
				if again := a.Update(t.Context()); KindOf(again) != Operational || !errors.Is(again, crash) {
					t.Errorf("it went on after %v: %v", err, again)
				}
			}
			fatalIfErr(t, a.Close())
		}
		if err == nil {
			break
		}
		if !errors.Is(err, crash) {
			t.Fatal(err)
		}
		steps++
		a = w.mustOpen()
		fatalIfErr(t, a.Update(t.Context()))
		fatalIfErr(t, a.Close())
		if w.latest() != w.log.Size() {
			t.Fatalf("signed %d of %d entries", w.latest(), w.log.Size())
		}
	}
	if steps < 10 {
		t.Errorf("only %d steps", steps)
	}
}

// TestAuditorConfiguration opens folders with configurations that do not fit, and
// one with other terms.
func TestAuditorConfiguration(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	changed := func(change func(c *keytrans.Configuration)) []byte {
		c := *w.log.Config
		change(&c)
		data, err := c.Marshal()
		fatalIfErr(t, err)
		return data
	}
	another := keytranstest.New(keytranstest.Options{Mode: keytrans.ThirdPartyAuditing, Seed: "another"})
	refused := func(name string, configuration []byte, kind Kind, text string) {
		t.Helper()
		_, err := w.open(func(c *AuditorConfig) { c.Configuration = configuration })
		if KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), text) {
			t.Errorf("%s: %v: %v", name, KindOf(err), err)
		}
	}
	refused("garbage", []byte("garbage"), Undecided, "malformed")
	refused("no auditor", changed(func(c *keytrans.Configuration) { c.Mode = keytrans.ContactMonitoring }), Usage, "has no auditor")
	refused("another auditor", changed(func(c *keytrans.Configuration) { c.AuditorPublicKey = another.Config.AuditorPublicKey }), Usage, "another auditor's key")
	right := w.log.Config.AuditorPublicKey
	w.log.Config.AuditorPublicKey = another.Config.AuditorPublicKey
	refused("another auditor, says the directory", nil, Usage, "another auditor's key")
	w.log.Config.AuditorPublicKey = right // what was refused is not pinned
	a := w.mustOpen()
	fatalIfErr(t, a.Update(t.Context()))
	fatalIfErr(t, a.Close())
	refused("another auditor later", changed(func(c *keytrans.Configuration) { c.AuditorPublicKey = another.Config.AuditorPublicKey }), Usage, "another auditor's key")
	a = w.mustOpen()
	if a.seen == nil {
		t.Error("the configuration that was refused removed the latest head")
	}
	fatalIfErr(t, a.Close())
	refused("another log", changed(func(c *keytrans.Configuration) { c.MaxAhead++ }), Usage, "another log")

	w.grow(1)
	w.log.Config.MaxAuditorLag += 5
	next := w.log.Fork(w.log.Size()) // has its heads signed under the new terms
	next.Config.AuditorPublicKey, next.Config.MaxAuditorLag = w.log.Config.AuditorPublicKey, w.log.Config.MaxAuditorLag
	w.set(next, nil)
	old := w.mustOpen()
	w.wantRefusal(old, Undecided, "signature")
	fatalIfErr(t, old.Close())
	b, err := w.open(func(c *AuditorConfig) { c.Configuration = changed(func(*keytrans.Configuration) {}) })
	fatalIfErr(t, err)
	defer b.Close()
	fatalIfErr(t, b.Update(t.Context()))
	if w.latest() != 4 {
		t.Errorf("signed %d entries under the new terms", w.latest())
	}
}

// TestAuditorView begins in the middle of a log, as its configuration says, with a
// right and with a wrong view.
func TestAuditorView(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	w.grow(7)
	w.log.Config.AuditorStartPos = 10
	state := w.log.At(10)
	subtrees, err := state.LogNodes(logtree.FullSubtrees(10))
	fatalIfErr(t, err)
	view := &keytrans.View{Head: state.Head(), Subtrees: subtrees}
	for _, pos := range ibst.Frontier(10) {
		view.Frontier = append(view.Frontier, keytrans.Entry{Position: pos, LogEntry: w.log.Entries()[pos]})
	}
	wrong := *view
	wrong.Subtrees = append([]merkle.Hash{{1}}, view.Subtrees[1:]...)
	w.grow(3)
	a, err := w.open(func(c *AuditorConfig) { c.View = &wrong })
	fatalIfErr(t, err)
	w.wantRefusal(a, Undecided, "another root")
	fatalIfErr(t, a.Close())
	a, err = w.open(func(c *AuditorConfig) { c.View = view })
	fatalIfErr(t, err)
	fatalIfErr(t, a.Update(t.Context()))
	fatalIfErr(t, a.Close())
	if w.latest() != 13 || w.asked[0].Start != 10 {
		t.Errorf("signed %d entries, asked from %d on", w.latest(), w.asked[0].Start)
	}
	w.grow(1)
	fatalIfErr(t, w.mustOpen().Update(t.Context())) // without the view
}

// TestAuditorProgress ends a long round again and again, and goes on where it was.
// What it had come to is of no use if it was wrong.
func TestAuditorProgress(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	w.grow(17)
	few := func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v1/audit-updates" {
			return false
		}
		var body [10]byte
		_, _ = io.ReadFull(r.Body, body[:])
		if body[7] == 14 { // from where on a directory does not answer
			rw.WriteHeader(http.StatusBadRequest)
			return true
		}
		body[8], body[9] = 0, 2
		w.serveUpdates(rw, body[:])
		return true
	}
	progress := func(c *AuditorConfig) { c.progressEvery = 4 }
	for _, wrong := range []bool{true, false} {
		w.between(few)
		if wrong {
			w.set(w.log, func(_ *keytranstest.Log, pos uint64, u *keytrans.AuditorUpdate) { u.Timestamp++ })
		}
		for range 2 {
			a, err := w.open(progress)
			fatalIfErr(t, err)
			w.wantRefusal(a, Undecided, "400")
			fatalIfErr(t, a.Close())
			if w.asked = w.asked[len(w.asked)-1:]; w.asked[0].Start != 12 {
				t.Errorf("asked from %d on", w.asked[0].Start)
			}
		}
		w.set(w.log, nil)
		w.between(nil)
		a, err := w.open(progress)
		fatalIfErr(t, err)
		if a.audit.log.Size() != 12 {
			t.Errorf("goes on at %d", a.audit.log.Size())
		}
		if wrong {
			w.wantRefusal(a, Undecided, "another root")
		}
		if _, err := os.Stat(filepath.Join(w.dir, progressName)); wrong == (err == nil) {
			t.Errorf("wrong updates %t: progress is kept: %v", wrong, err)
		}
		if !wrong {
			fatalIfErr(t, a.Update(t.Context()))
		}
		fatalIfErr(t, a.Close())
	}
	if w.latest() != 20 {
		t.Errorf("signed %d entries", w.latest())
	}
	if _, err := os.Stat(filepath.Join(w.dir, progressName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("progress is left: %v", err)
	}
}

// TestAuditorStart signs nothing before the entry that the configuration says the
// auditor began with.
func TestAuditorStart(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	w.log.Config.AuditorStartPos = 3
	a := w.mustOpen()
	fatalIfErr(t, a.Update(t.Context()))
	if w.latest() != 0 || a.Status().Size != 3 {
		t.Errorf("signed %d entries: %+v", w.latest(), a.Status())
	}
	w.grow(1)
	fatalIfErr(t, a.Update(t.Context()))
	if w.latest() != 4 {
		t.Errorf("signed %d entries", w.latest())
	}
}

// TestAuditorClock refuses a log of the future.
func TestAuditorClock(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	w.log.Append(auditTime(0)+w.log.Config.MaxAhead+1, keytranstest.Pad(1))
	w.wantRefusal(w.mustOpen(), Undecided, "1 ms")
}

// TestAuditorFolder opens folders that are none of an auditor.
func TestAuditorFolder(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	refused := func(name string, kind Kind, text string) {
		t.Helper()
		_, err := w.open(nil)
		if KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), text) {
			t.Errorf("%s: %v: %v", name, KindOf(err), err)
		}
	}
	a := w.mustOpen()
	refused("a second process", Operational, "another process")
	fatalIfErr(t, a.Update(t.Context()))
	fatalIfErr(t, a.Close())
	if _, err := CreateAuditorKey(w.dir, w.log.Config.Suite); KindOf(err) != Usage {
		t.Errorf("a second key: %v", err)
	}
	if _, err := CreateAuditorKey(filepath.Join(w.dir, "b"), 99); KindOf(err) != Operational {
		t.Errorf("a key of no suite: %v", err)
	}
	key := filepath.Join(w.dir, auditorKeyName)
	fatalIfErr(t, os.Chmod(key, 0o640))
	refused("a key that others can read", Usage, "only its owner")
	fatalIfErr(t, os.Chmod(key, 0o600))
	good := readFile(t, key)
	for name, data := range map[string]string{
		"header": "x" + string(good), "secret": string(good[:len(good)-3]), "empty": "", "hex": strings.ReplaceAll(string(good), "\n", "\nz"),
	} {
		fatalIfErr(t, os.WriteFile(key, []byte(data), 0o600))
		refused(name, Operational, "line")
	}
	fatalIfErr(t, os.WriteFile(key, good, 0o600))
	fatalIfErr(t, os.WriteFile(filepath.Join(w.dir, auditorStateName), []byte("x"), 0o600))
	fatalIfErr(t, os.Rename(filepath.Join(w.dir, verifiedHeadName), filepath.Join(w.dir, "verified")))
	fatalIfErr(t, os.Rename(filepath.Join(w.dir, logHeadName), filepath.Join(w.dir, "head")))
	refused("a damaged state without a head", Operational, "no head tells any more which log")
	fatalIfErr(t, os.Rename(filepath.Join(w.dir, "verified"), filepath.Join(w.dir, verifiedHeadName)))
	policy := filepath.Join(w.dir, policyName)
	fatalIfErr(t, os.WriteFile(policy, nil, 0o600))
	refused("a mirror", Usage, "is a mirror")
	fatalIfErr(t, os.Remove(policy))
	folder := filepath.Join(w.dir, evidenceName)
	fatalIfErr(t, os.WriteFile(folder, nil, 0o600))
	refused("evidence that cannot be listed", Operational, "evidence")
	fatalIfErr(t, os.Remove(folder))
	fatalIfErr(t, os.Remove(key))
	refused("no key", Usage, "auditor.key")
	w.dir = filepath.Join(w.dir, "nothing")
	refused("no folder", Usage, "nothing")
	if _, err := OpenAuditor(t.Context(), w.dir, "ftp://x", AuditorConfig{}); KindOf(err) != Usage {
		t.Errorf("URL: %v", err)
	}
}

// TestAuditorRun runs until it is told to end, and until the directory misbehaves.
func TestAuditorRun(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	a := w.mustOpen()
	ctx, end := context.WithCancel(t.Context())
	rounds, failed := 0, 0
	err := a.Run(ctx, func(err error) {
		if err != nil {
			failed++
		}
		switch rounds++; rounds {
		case 2:
			w.grow(2)
		case 3:
			w.between(func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(http.StatusBadRequest); return true })
		case 5:
			w.between(nil)
		case 6:
			end()
		}
	})
	if err != nil || failed != 2 || rounds != 6 || w.latest() != 5 {
		t.Errorf("%v after %d rounds, of which %d failed; signed %d", err, rounds, failed, w.latest())
	}
	other := w.fork(4)
	other.Append(auditTime(4), keytranstest.Pad(9))
	w.set(other, nil)
	if err := a.Run(t.Context(), func(error) {}); KindOf(err) != Misbehaved {
		t.Errorf("two roots: %v", err)
	}
}
