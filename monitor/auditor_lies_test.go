package monitor

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

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
	"a leaf removed too soon": {want: "entry 11: auditing, step 5", log: func(l *keytranstest.Log) {
		l.Append(auditTime(10), keytranstest.Create("ghost", "value"))
		l.Append(auditTime(11), keytranstest.Remove("ghost", 0))
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
				if a.audit.log.Size() != 10 || !bytes.Equal(readFile(t, filepath.Join(w.dir, auditorStateName)), state) {
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
