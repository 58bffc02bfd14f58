package monitor

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// headWorld is a world whose directory signs heads.
type headWorld struct {
	*world
	signer *keytranstest.Log
	size   atomic.Uint64 // of the head that is served; 0 for none
	lie    atomic.Bool   // about its root
	roots  map[uint64]merkle.Hash
}

func newHeadWorld(t *testing.T, entries int) *headWorld {
	t.Helper()
	w := &headWorld{world: newWorld(t, entries, 2)}
	w.signer = keytranstest.New(keytranstest.Options{Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring, Seed: t.Name(), Window: 1000})
	var err error
	w.cfg.Configuration, err = w.signer.Config.Marshal()
	fatalIfErr(t, err)
	w.log.KeepLeaves()
	w.learn()
	server := httptest.NewServer(http.HandlerFunc(w.serveHead))
	t.Cleanup(server.Close)
	source, err := NewHTTPSource(server.URL, w.http)
	fatalIfErr(t, err)
	w.cfg.Directory = source
	return w
}

// learn computes the roots of the log tree at all sizes.
func (w *headWorld) learn() {
	roots, both := make(map[uint64]merkle.Hash), newTrees()
	for _, data := range w.log.Entries() {
		e, err := keytrans.ParseLogEntry(data)
		fatalIfErr(w.t, err)
		both.append(e)
		roots[both.size()] = both.logRoot()
	}
	w.roots = roots
}

func (w *headWorld) serveHead(rw http.ResponseWriter, r *http.Request) {
	size := w.size.Load()
	if r.URL.Path != "/"+logPath || size == 0 {
		http.NotFound(rw, r)
		return
	}
	root := w.roots[size]
	if w.lie.Load() {
		root[0] ^= 1
	}
	head, err := keytrans.SignTreeHead(w.signer.Config, w.signer.Keys.Signer, size, root)
	if err != nil {
		w.t.Error(err)
		return
	}
	_ = json.NewEncoder(rw).Encode(map[string]any{"tree_size": size, "root": hex.EncodeToString(root[:]), "signature": head.Signature})
}

// round is one round of monitoring.
func (w *headWorld) round(m *Mirror) (read, update, compare error) {
	w.t.Helper()
	_, read = m.ReadHead(w.t.Context())
	update = m.Update(w.t.Context())
	return read, update, m.CompareHeads(w.t.Context())
}

// mustRound is a round in which all is well.
func (w *headWorld) mustRound(m *Mirror, equal, waiting uint64) {
	w.t.Helper()
	read, update, compare := w.round(m)
	fatalIfErr(w.t, read)
	fatalIfErr(w.t, update)
	fatalIfErr(w.t, compare)
	if h := m.Heads(); h.Equal != equal || h.Waiting != waiting || h.Differing != 0 {
		w.t.Fatalf("heads %+v, want %d equal and %d waiting", h, equal, waiting)
	}
}

// TestHeads compares the heads of a log that grows: at the checkpoint, behind it,
// and before it.
func TestHeads(t *testing.T) {
	w := newHeadWorld(t, 300)
	w.size.Store(300)
	m := w.open()
	w.mustRound(m, 300, 0)
	w.log.Grow(t, 300, 1)
	w.learn()
	w.size.Store(450) // passed on the way
	w.mustRound(m, 450, 0)
	size := w.log.Size()
	note := w.log.SignAt(t, size)
	w.log.Grow(t, 20, 1)
	w.log.Serve(note)
	w.learn()
	w.size.Store(610) // beyond the checkpoint, with a restart meanwhile
	w.mustRound(m, 450, 610)
	w.size.Store(615)
	w.mustRound(m, 450, 610)
	fatalIfErr(t, m.Close())
	w.log.Publish(t)
	w.mustRound(w.open(), 615, 0)
}

// TestHeadsOlder compares a head that is older than what is mirrored, which takes
// reading the entries again.
func TestHeadsOlder(t *testing.T) {
	for _, lie := range []bool{false, true} {
		w := newHeadWorld(t, 700)
		w.size.Store(700)
		m := w.open()
		w.mustRound(m, 700, 0)
		w.size.Store(333)
		w.lie.Store(lie)
		read, update, compare := w.round(m)
		wantKind(t, read, Undecided, ErrRolledBack, "333 entries, after one of 700")
		fatalIfErr(t, update)
		if !lie {
			fatalIfErr(t, compare)
			continue
		}
		wantKind(t, compare, Misbehaved, ErrTreesDiffer, "1 heads, the first one of 333 entries")
	}
}

// TestHeadsDiffer has a directory sign a head of other entries than the checkpoint's,
// with and without an earlier one that is right. It is found out again after a
// restart, with one evidence file.
func TestHeadsDiffer(t *testing.T) {
	for _, based := range []bool{true, false} {
		w := newHeadWorld(t, 300)
		m := w.open()
		if based {
			w.size.Store(101)
			w.mustRound(m, 101, 0)
		}
		w.size.Store(200)
		w.lie.Store(true)
		path := ""
		for range 3 {
			read, update, compare := w.round(m)
			fatalIfErr(t, read)
			fatalIfErr(t, update)
			wantKind(t, compare, Misbehaved, ErrTreesDiffer, "1 heads, the first one of 200 entries")
			e := compare.(*Error)
			if path == "" {
				path = e.Evidence
			}
			if e.Evidence != path || path == "" {
				t.Fatalf("evidence %q, and before %q", e.Evidence, path)
			}
			fatalIfErr(t, m.Close())
			w.log.Grow(t, 3, 1)
			m = w.open()
		}
		checkTreesEvidence(t, path, w.signer.Config, based)
		// The other head of that size is proof, too.
		w.lie.Store(false)
		_, err := m.ReadHead(t.Context())
		if e, ok := err.(*Error); !ok || e.Kind != Misbehaved || e.Evidence == "" {
			t.Fatalf("no evidence: %v", err)
		}
		fatalIfErr(t, m.Close())
	}
}

// checkTreesEvidence changes evidence so that it proves nothing.
func checkTreesEvidence(t *testing.T, path string, cfg *keytrans.Configuration, based bool) {
	t.Helper()
	data, err := os.ReadFile(path)
	fatalIfErr(t, err)
	parse := func() *evidence.Evidence {
		e, err := evidence.Parse(data)
		fatalIfErr(t, err)
		return e
	}
	e := parse()
	if p, err := e.Verify(evidence.Expected{}); err != nil || e.Class != evidence.ClassEvidence || (e.Trees.Base != nil) != based {
		t.Fatalf("%+v, %v", p, err)
	}
	changes := map[string]func(*evidence.Trees){
		"the root":         func(x *evidence.Trees) { x.Head.Root[3] ^= 1 },
		"the size":         func(x *evidence.Trees) { x.Head.TreeSize-- },
		"the signature":    func(x *evidence.Trees) { x.Head.Signature[9] ^= 1 },
		"an entry":         func(x *evidence.Trees) { x.Entries[50] ^= 1 },
		"an entry less":    func(x *evidence.Trees) { x.Entries = x.Entries[40:] },
		"half an entry":    func(x *evidence.Trees) { x.Entries = x.Entries[:len(x.Entries)-20] },
		"after":            func(x *evidence.Trees) { x.After[0][0] ^= 1 },
		"less after":       func(x *evidence.Trees) { x.After = x.After[1:] },
		"more after":       func(x *evidence.Trees) { x.After = append(x.After, x.After[0]) },
		"more before":      func(x *evidence.Trees) { x.Before = append(x.Before, x.After[0]) },
		"the checkpoint":   func(x *evidence.Trees) { x.Checkpoint = x.Checkpoint[1:] },
		"another base":     func(x *evidence.Trees) { x.Base = &evidence.Base{Head: x.Head} },
		"a base of no log": func(x *evidence.Trees) { x.Base = &evidence.Base{} },
	}
	if based {
		changes["no base"] = func(x *evidence.Trees) { x.Base = nil }
		changes["the base's subtrees"] = func(x *evidence.Trees) { x.Base.Subtrees[0][0] ^= 1 }
		changes["the base's signature"] = func(x *evidence.Trees) { x.Base.Signature = x.Head.Signature }
		changes["before"] = func(x *evidence.Trees) { x.Before[0][0] ^= 1 }
		changes["less before"] = func(x *evidence.Trees) { x.Before = x.Before[1:] }
	}
	for name, change := range changes {
		e := parse()
		change(e.Trees)
		if _, err := e.Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrNotProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A head of the very entries proves nothing.
	e = parse()
	right := e.Trees.Head
	both := newTrees()
	if !based {
		for i := 0; i < len(e.Trees.Entries); i += keytrans.LogEntrySize {
			entry, err := keytrans.ParseLogEntry(e.Trees.Entries[i:][:keytrans.LogEntrySize])
			fatalIfErr(t, err)
			both.append(entry)
		}
		signer := keytranstest.NewKeys(cfg.Suite, cfg.Mode, t.Name()).Signer
		head, err := keytrans.SignTreeHead(cfg, signer, right.TreeSize, both.logRoot())
		fatalIfErr(t, err)
		e.Trees.Head = evidence.Head{TreeSize: right.TreeSize, Root: evidence.Hash(both.logRoot()), Signature: head.Signature}
		if _, err := e.Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrNotProof) || !strings.Contains(err.Error(), "very log entries") {
			t.Errorf("of the very entries: %v", err)
		}
	}
}

// TestHeadsRefused reads what is no head of the directory.
func TestHeadsRefused(t *testing.T) {
	w := newHeadWorld(t, 10)
	m := w.open()
	_, err := m.ReadHead(t.Context())
	wantKind(t, err, Undecided, ErrNotFound)
	w.signer = keytranstest.New(keytranstest.Options{Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring, Seed: "other", Window: 1000})
	w.size.Store(10)
	_, err = m.ReadHead(t.Context())
	wantKind(t, err, Undecided, nil, "the directory's head of 10 entries")
	if h := m.Heads(); h != (HeadsStatus{}) {
		t.Errorf("something was believed: %+v", h)
	}
	damage := []byte(`{"waiting":[{"tree_size":3,"root":"` + hex.EncodeToString(make([]byte, 32)) + `","signature":"AAAA"}]}`)
	fatalIfErr(t, m.store.write(headsName, damage))
	fatalIfErr(t, m.Close())
	m = w.open()
	if len(m.Damage()) != 1 || m.Heads() != (HeadsStatus{}) {
		t.Errorf("damage %q, %+v", m.Damage(), m.Heads())
	}
}

// TestEqualHead reads the head from the folder of a mirror that is at work.
func TestEqualHead(t *testing.T) {
	w := newHeadWorld(t, 300)
	m := w.open()
	if head, err := EqualHead(t.Context(), m.store.dir, w.signer.Config); head != nil || err != nil {
		t.Errorf("before the first: %+v, %v", head, err)
	}
	w.size.Store(300)
	w.mustRound(m, 300, 0)
	head, err := EqualHead(t.Context(), m.store.dir, w.signer.Config)
	if err != nil || head == nil || head.TreeSize != 300 || merkle.Hash(head.Root) != w.roots[300] {
		t.Errorf("%+v, %v", head, err)
	}
	other := keytranstest.New(keytranstest.Options{Seed: "another directory"})
	if _, err := EqualHead(t.Context(), m.store.dir, other.Config); err == nil {
		t.Error("the head of another directory")
	}
	fatalIfErr(t, os.WriteFile(m.store.path(headsName), []byte("{"), 0o600))
	if _, err := EqualHead(t.Context(), m.store.dir, w.signer.Config); !errors.Is(err, errContent) {
		t.Errorf("a damaged file: %v", err)
	}
}
