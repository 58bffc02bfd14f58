package monitor

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
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
		wantKind(t, compare, Undecided, ErrTreesDiffer, "1 heads, the first one of 333 entries")
	}
}

// TestHeadsDiffer has a directory sign a head of other entries than the checkpoint's.
// It is found out again after a restart.
func TestHeadsDiffer(t *testing.T) {
	w := newHeadWorld(t, 300)
	w.size.Store(200)
	w.lie.Store(true)
	m := w.open()
	for range 2 {
		read, update, compare := w.round(m)
		fatalIfErr(t, read)
		fatalIfErr(t, update)
		wantKind(t, compare, Undecided, ErrTreesDiffer, "1 heads, the first one of 200 entries")
		fatalIfErr(t, m.Close())
		m = w.open()
	}
	// The other head of that size is proof.
	w.lie.Store(false)
	_, err := m.ReadHead(t.Context())
	if e, ok := err.(*Error); !ok || e.Kind != Misbehaved || e.Evidence == "" {
		t.Fatalf("no evidence: %v", err)
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
