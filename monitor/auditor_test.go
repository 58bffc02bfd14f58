package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
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

// auditLies are what a directory can do wrong after an honest beginning of ten
// entries: another log, of which it may tell the truth, and wrong updates.
var auditLies = map[string]struct {
	want string // the refusal
	log  func(l *keytranstest.Log)
	lie  auditLie
}{
	"time turned back": {want: "entry 10: auditing, step 1", log: func(l *keytranstest.Log) { l.Append(1, keytranstest.Pad(1)) }},
	"a leaf twice": {want: "entry 10: auditing, step 2", lie: func(_ *keytranstest.Log, _ uint64, u *keytrans.AuditorUpdate) {
		u.Added[1] = u.Added[0]
	}},
	"a replacement that is not told of": {want: "entry 10: auditing, step 3",
		log: func(l *keytranstest.Log) { l.Append(auditTime(10), keytranstest.Put("label1", 0, [32]byte{1})) },
		lie: func(_ *keytranstest.Log, _ uint64, u *keytrans.AuditorUpdate) {
			u.Removed, u.Proof.Results = nil, u.Proof.Results[:1]
		}},
	"a removal of what is not there": {want: "entry 10: auditing, step 4", lie: func(_ *keytranstest.Log, _ uint64, u *keytrans.AuditorUpdate) {
		u.Added, u.Removed = u.Added[:1], u.Added[1:]
	}},
	"a leaf replaced too soon": {want: "entry 11: auditing, step 5", log: func(l *keytranstest.Log) {
		l.Append(auditTime(10), keytranstest.Create("ghost", "value"))
		l.Append(auditTime(11), keytranstest.Put("ghost", 0, [32]byte{1}))
	}},
	"another previous tree": {want: "entry 11: auditing, step 6", lie: func(_ *keytranstest.Log, pos uint64, u *keytrans.AuditorUpdate) {
		if pos == 11 {
			u.Proof.Elements[0][0]++
		}
	}},
	"a hidden leaf": {want: "entry 11: auditing, step 6", lie: func(l *keytranstest.Log, pos uint64, u *keytrans.AuditorUpdate) {
		if pos == 10 {
			hideLeaf(l, pos, u)
		}
	}},
	"a leaf removed beside an unknown one": {want: "entry 10: auditing, step 7", log: func(l *keytranstest.Log) {
		l.Append(auditTime(10), keytranstest.Remove("label1", 0))
	}},
	"a hidden leaf at the end": {want: "another root", lie: func(l *keytranstest.Log, pos uint64, u *keytrans.AuditorUpdate) {
		if pos == l.Size()-1 {
			hideLeaf(l, pos, u)
		}
	}},
	"another time": {want: "another root", lie: func(_ *keytranstest.Log, pos uint64, u *keytrans.AuditorUpdate) { u.Timestamp++ }},
}

func hideLeaf(l *keytranstest.Log, pos uint64, u *keytrans.AuditorUpdate) {
	u.Added = u.Added[1:]
	u.Proof = l.ProveChange(pos, u.Added, u.Removed)
}

// TestAuditorLies has the directory lie in every way that a step is about. Nothing
// is signed, and the auditor goes on once it is told the truth.
func TestAuditorLies(t *testing.T) {
	for name, c := range auditLies {
		t.Run(name, func(t *testing.T) {
			w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
			w.grow(7)
			a := w.mustOpen()
			fatalIfErr(t, a.Update(t.Context()))
			state := readFile(t, filepath.Join(w.dir, auditorStateName))
			log := w.fork(10)
			if c.log != nil {
				c.log(log)
			} else {
				growLog(log, 3)
			}
			honest := w.fork(10)
			growLog(honest, 5)
			w.set(log, c.lie)
			for range 2 {
				w.wantRefusal(a, Undecided, c.want)
				if a.log.Size() != 10 || !bytes.Equal(readFile(t, filepath.Join(w.dir, auditorStateName)), state) {
					t.Error("the auditor did not go back to what it had verified")
				}
			}
			w.set(honest, nil)
			fatalIfErr(t, a.Update(t.Context()))
			if w.latest() != 15 {
				t.Errorf("signed %d entries", w.latest())
			}
		})
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	fatalIfErr(t, err)
	return data
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
		var evidence headsEvidence
		fatalIfErr(t, json.Unmarshal(readFile(t, e.Evidence), &evidence))
		fatalIfErr(t, evidence.verify())
		checkHeadsEvidence(t, evidence)
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
func checkHeadsEvidence(t *testing.T, evidence headsEvidence) {
	t.Helper()
	for name, change := range map[string]func(e *headsEvidence){
		"configuration": func(e *headsEvidence) { e.Configuration = e.Configuration[1:] },
		"one head":      func(e *headsEvidence) { e.Heads = e.Heads[:1] },
		"one root":      func(e *headsEvidence) { e.Heads[1] = e.Heads[0] },
		"two sizes":     func(e *headsEvidence) { e.Heads[1].TreeSize++ },
		"signature":     func(e *headsEvidence) { e.Heads[1].Signature = e.Heads[0].Signature },
	} {
		changed := evidence
		changed.Heads = slices.Clone(evidence.Heads)
		change(&changed)
		if changed.verify() == nil {
			t.Errorf("%s: it still proves something", name)
		}
	}
}

// auditLinks are answers that a link, or whoever sits on it, can make of a
// directory's. The auditor has 3 of 8 entries.
var auditLinks = map[string]struct {
	path, want string
	answer     func(w *auditWorld, rw http.ResponseWriter)
}{
	"overloaded":       {"/v1/audit-updates", "503", answersWith(http.StatusServiceUnavailable)},
	"refused":          {"/v1/audit-updates", "400", answersWith(http.StatusBadRequest)},
	"broken":           {"/v1/audit-updates", "not reached", broken},
	"nothing":          {"/v1/audit-updates", "there is no update for entry 3", answersWith(http.StatusOK)},
	"too large":        {"/v1/audit-updates", "too large", bytesOf(255, 0, 0, 0)},
	"garbled":          {"/v1/audit-updates", "malformed", bytesOf(0, 0, 0, 1, 7)},
	"cut in a length":  {"/v1/audit-updates", "unexpected EOF", bytesOf(0, 0)},
	"cut off":          {"/v1/audit-updates", "unexpected EOF", func(w *auditWorld, rw http.ResponseWriter) { _, _ = rw.Write(w.frame(3)[:99]) }},
	"repeated":         {"/v1/audit-updates", "step 1", frames(3, 2)},
	"reordered":        {"/v1/audit-updates", "step 6", frames(4, 3)},
	"left out":         {"/v1/audit-updates", "step 6", frames(3, 5)},
	"more than asked":  {"/v1/audit-updates", "more updates", frames(3, 4, 5, 6, 7, 7)},
	"no head":          {"/api/v1/log", "does not have this resource", answersWith(http.StatusNotFound)},
	"a garbled head":   {"/api/v1/log", "malformed", func(_ *auditWorld, rw http.ResponseWriter) { _, _ = rw.Write([]byte(`{"root":"zz"}`)) }},
	"an unsigned head": {"/api/v1/log", "signature", func(_ *auditWorld, rw http.ResponseWriter) { _, _ = rw.Write([]byte(`{"tree_size":99}`)) }},
	"an older head":    {"/api/v1/log", "after one of more", func(w *auditWorld, rw http.ResponseWriter) { w.serveHead(rw, 2) }},
	"a lost answer":    {"/v1/auditor-tree-head", "not reached", broken},
	"a conflict":       {"/v1/auditor-tree-head", "409", answersWith(http.StatusConflict)},
	"a refused head":   {"/v1/auditor-tree-head", "tree_size too large", refuseHead},
}

func answersWith(code int) func(*auditWorld, http.ResponseWriter) {
	return func(_ *auditWorld, rw http.ResponseWriter) { rw.WriteHeader(code) }
}

func broken(*auditWorld, http.ResponseWriter) { panic(http.ErrAbortHandler) }

func bytesOf(b ...byte) func(*auditWorld, http.ResponseWriter) {
	return func(_ *auditWorld, rw http.ResponseWriter) { _, _ = rw.Write(b) }
}

func frames(positions ...uint64) func(*auditWorld, http.ResponseWriter) {
	return func(w *auditWorld, rw http.ResponseWriter) {
		for _, pos := range positions {
			_, _ = rw.Write(w.frame(pos))
		}
	}
}

// TestAuditorLinks has a link that breaks, stalls, garbles, reorders and repeats.
func TestAuditorLinks(t *testing.T) {
	for name, c := range auditLinks {
		t.Run(name, func(t *testing.T) {
			w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
			a := w.mustOpen()
			fatalIfErr(t, a.Update(t.Context()))
			w.grow(5)
			w.between(func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == c.path {
					c.answer(w, rw)
				}
				return r.URL.Path == c.path
			})
			w.wantRefusal(a, Undecided, c.want)
			w.between(nil)
			fatalIfErr(t, a.Update(t.Context()))
			if w.latest() != 8 {
				t.Errorf("signed %d entries", w.latest())
			}
		})
	}
}

func refuseHead(_ *auditWorld, rw http.ResponseWriter) {
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(http.StatusBadRequest)
	_, _ = rw.Write([]byte(`{"field":"tree_size","detail":"too large"}`))
}

// TestAuditorDrops has a link that breaks at random. What arrived is not asked for
// again.
func TestAuditorDrops(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	w.grow(60)
	rng := rand.New(rand.NewPCG(1, 2))
	w.between(func(rw http.ResponseWriter, r *http.Request) bool {
		if rng.IntN(3) == 0 {
			panic(http.ErrAbortHandler)
		}
		if r.URL.Path != "/v1/audit-updates" {
			return false
		}
		var body [10]byte
		_, _ = io.ReadFull(r.Body, body[:])
		w.serveUpdates(&shortWriter{rw, rng.IntN(6000)}, body[:])
		return true
	})
	a := w.mustOpen()
	failures := 0
	for w.latest() != 63 {
		if err := a.Update(t.Context()); err != nil {
			if KindOf(err) != Undecided {
				t.Fatal(err)
			}
			failures++
		}
	}
	t.Logf("%d rounds failed", failures)
	if failures == 0 {
		t.Error("nothing was broken")
	}
}

// shortWriter breaks a connection after some bytes.
type shortWriter struct {
	http.ResponseWriter
	left int
}

func (s *shortWriter) Write(b []byte) (int, error) {
	if s.left -= len(b); s.left < 0 {
		_, _ = s.ResponseWriter.Write(b[:len(b)/2])
		panic(http.ErrAbortHandler)
	}
	return s.ResponseWriter.Write(b)
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
	fatalIfErr(t, os.Remove(filepath.Join(w.dir, configurationName)))
	a := w.mustOpen()
	fatalIfErr(t, a.Update(t.Context()))
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
	refused("a damaged state", Operational, "malformed")
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
