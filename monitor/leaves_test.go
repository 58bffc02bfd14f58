package monitor

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// leafOf returns a leaf, the same for the same numbers.
func leafOf(key, commitment byte) prefixtree.Leaf {
	return prefixtree.Leaf{Key: prefixtree.Key{key, 1}, Commitment: merkle.Hash{commitment}}
}

// newLeafWorld returns a world in which the log keeps its leaves and has those of 1 to
// 9. The directory's Configuration has a maximum lifetime if that is not 0.
func newLeafWorld(t *testing.T, lifetime uint64) *world {
	t.Helper()
	w := newWorld(t, 0, 1)
	w.log.KeepLeaves()
	o := keytranstest.Options{Window: 1000}
	if lifetime > 0 {
		o.Lifetime = &lifetime
	}
	var err error
	w.cfg.Configuration, err = keytranstest.New(o).Config.Marshal()
	fatalIfErr(t, err)
	var leaves []prefixtree.Leaf
	for i := range byte(9) {
		leaves = append(leaves, leafOf(i+1, 0))
	}
	w.log.Append(t, 1, leaves, nil)
	w.log.Grow(t, 300, 1)
	return w
}

// change appends a log entry, and publishes it.
func (w *world) change(added, removed []prefixtree.Leaf) {
	w.t.Helper()
	w.log.Append(w.t, 1, added, removed)
	w.log.Publish(w.t)
}

// leaves updates a mirror, and returns what it says of leaves.
func (w *world) leaves(m *Mirror) error {
	w.t.Helper()
	fatalIfErr(w.t, m.Update(w.t.Context()))
	if s := m.Status(); s.Checkpoint.Size != w.log.Size() {
		w.t.Fatalf("mirrored %d of %d entries", s.Checkpoint.Size, w.log.Size())
	}
	return m.Leaves(w.t.Context())
}

func list(l ...prefixtree.Leaf) []prefixtree.Leaf { return l }

// leafChanges are what a log may not do with leaf 1, and what is found then.
var leafChanges = map[string]struct {
	do    func(w *world)
	found string
	aged  bool // also with a maximum lifetime
}{
	"removed":      {do: func(w *world) { w.change(list(leafOf(100, 0)), list(leafOf(1, 0))) }, found: "log entry 301 removed the leaf"},
	"only removed": {do: func(w *world) { w.change(nil, list(leafOf(1, 0))) }, found: "log entry 301 removed the leaf"},
	"moved": {do: func(w *world) {
		moved := leafOf(1, 0)
		moved.Key[31] ^= 1
		w.change(list(moved), list(leafOf(1, 0)))
	}, found: "log entry 301 removed the leaf"},
	"replaced": {do: func(w *world) { w.change(list(leafOf(1, 1)), list(leafOf(1, 0))) }, found: "log entry 301 replaced the leaf", aged: true},
	"swapped and restored": {do: func(w *world) {
		w.log.Append(w.t, 1, list(leafOf(1, 1)), list(leafOf(1, 0)))
		w.log.Grow(w.t, 300, 1)
		w.change(list(leafOf(1, 0)), list(leafOf(1, 1)))
	}, found: "log entry 301 replaced the leaf", aged: true},
	"inserted and removed": {do: func(w *world) {
		w.log.Append(w.t, 1, list(leafOf(99, 0)), nil)
		w.change(list(leafOf(100, 0)), list(leafOf(99, 0)))
	}, found: "log entry 302 removed the leaf"},
}

// TestLeaves has a log do all that. The mirror tells, again after a restart, with one
// file, and goes on.
func TestLeaves(t *testing.T) {
	for _, lifetime := range []uint64{0, 100_000} {
		for name, c := range leafChanges {
			t.Run(fmt.Sprint(name, "/", lifetime), func(t *testing.T) {
				w := newLeafWorld(t, lifetime)
				m := w.open()
				fatalIfErr(t, w.leaves(m))
				c.do(w)
				if lifetime > 0 && !c.aged {
					fatalIfErr(t, w.leaves(m))
					return
				}
				for range 3 {
					err := w.leaves(m)
					wantKind(t, err, Misbehaved, ErrLeaves, c.found)
					w.wantMisbehaved(err, evidence.PrefixTree)
					fatalIfErr(t, m.Close())
					w.log.Grow(t, 3, 1)
					m = w.open()
				}
			})
		}
	}
}

// TestLeavesBounded removes more leaves than are proven, in one log entry and in
// several.
func TestLeavesBounded(t *testing.T) {
	w := newLeafWorld(t, 0)
	m := w.open()
	w.change(list(leafOf(100, 0)), list(leafOf(1, 0), leafOf(2, 0)))
	w.change(list(leafOf(1, 0), leafOf(2, 0)), nil)
	w.change(list(leafOf(101, 0)), list(leafOf(1, 0), leafOf(2, 0)))
	w.change(list(leafOf(102, 0)), list(leafOf(3, 0), leafOf(4, 0), leafOf(5, 0), leafOf(6, 0)))
	err := w.leaves(m)
	wantKind(t, err, Misbehaved, ErrLeaves, "log entry 301")
	if n := len(w.evidence()); n != mostLeafChanges {
		t.Errorf("%d evidence files", n)
	}
	wantKind(t, m.Leaves(t.Context()), Misbehaved, ErrLeaves, "log entry 301", "changes of this kind in all: 8")
	if n := len(w.evidence()); n != mostLeafChanges {
		t.Errorf("%d evidence files", n)
	}
}

// TestLeavesUnjudged mirrors the log of who knows which directory, and verifies a copy
// with and without knowing it.
func TestLeavesUnjudged(t *testing.T) {
	w := newLeafWorld(t, 0)
	w.change(nil, list(leafOf(1, 0)))
	known := w.cfg
	w.cfg.Configuration = nil
	m := w.open()
	fatalIfErr(t, w.leaves(m))
	fatalIfErr(t, m.Close())
	w.verifies(302)
	_, err := VerifyMirror(t.Context(), w.dir, known)
	w.wantMisbehaved(err, evidence.PrefixTree)
	known.Configuration = []byte("x")
	_, err = VerifyMirror(t.Context(), w.dir, known)
	wantKind(t, err, Usage, nil, "the configuration")
}

// TestLeavesIncomplete withholds the end of a log that has removed a leaf, so that the
// mirror never comes to the checkpoint.
func TestLeavesIncomplete(t *testing.T) {
	w := newLeafWorld(t, 0)
	m := w.open()
	fatalIfErr(t, w.leaves(m))
	w.change(nil, list(leafOf(1, 0)))
	w.log.Grow(t, 300, 1)
	w.onPath("changes/002.p/90", func(rw http.ResponseWriter, _ *http.Request, _ []byte) { rw.WriteHeader(http.StatusNotFound) })
	wantKind(t, m.Update(t.Context()), Undecided, ErrNotFound)
	if s := m.Status(); s.Checkpoint.Size != 301 {
		t.Fatalf("mirrored %d entries", s.Checkpoint.Size)
	}
	w.wantMisbehaved(m.Leaves(t.Context()), evidence.PrefixTree)
}

// TestLeavesNotStored has a full disk. The finding stands, and the evidence is written
// when there is room again.
func TestLeavesNotStored(t *testing.T) {
	w := newLeafWorld(t, 0)
	m := w.open()
	w.change(nil, list(leafOf(1, 0)))
	fatalIfErr(t, m.Update(t.Context()))
	full := errors.New("full")
	m.store.hook = func(string, string, func() error) error { return full }
	err := m.Leaves(t.Context())
	wantKind(t, err, Misbehaved, full, "the evidence could not be stored")
	if path := err.(*Error).Evidence; path != "" || len(w.evidence()) != 0 {
		t.Errorf("evidence %q", path)
	}
	m.store.hook = nil
	w.wantMisbehaved(m.Leaves(t.Context()), evidence.PrefixTree)
}

// TestLeavesWrongChanges offers changes that remove a leaf, and that no log entry has:
// anybody on the way could have made them.
func TestLeavesWrongChanges(t *testing.T) {
	w := newLeafWorld(t, 0)
	m := w.open()
	fatalIfErr(t, w.leaves(m))
	w.change(list(leafOf(100, 0)), nil)
	lie := tile.Change{Added: list(leafOf(100, 0)), Removed: list(leafOf(1, 0))}.Marshal()
	w.onPath("changes/001.p/46", func(rw http.ResponseWriter, _ *http.Request, data []byte) {
		_, _ = rw.Write(append(bytes.Clone(data[:len(data)-8-64]), lie...))
	})
	wantKind(t, m.Update(t.Context()), Undecided, ErrChanges)
	fatalIfErr(t, m.Leaves(t.Context()))
	w.log.Intercept(nil)
	fatalIfErr(t, w.leaves(m))
	names, err := filepath.Glob(filepath.Join(w.dir, evidenceName, "*"))
	if err != nil || len(names) > 0 {
		t.Errorf("%q, %v", names, err)
	}
}

// TestLeavesDamaged damages the evidence. It is made anew, when the log has grown under
// another name.
func TestLeavesDamaged(t *testing.T) {
	w := newLeafWorld(t, 0)
	m := w.open()
	w.change(nil, list(leafOf(1, 0)))
	path := w.leaves(m).(*Error).Evidence
	data, err := os.ReadFile(path)
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(path, []byte(strings.Replace(string(data), `"prefix-tree"`, `"fork"`, 1)), 0o600))
	w.log.Grow(t, 1, 1)
	again := w.leaves(m).(*Error).Evidence
	if again == "" || again == path {
		t.Errorf("evidence %q, and before %q", again, path)
	}
	fatalIfErr(t, os.Remove(path))
	w.wantMisbehaved(m.Leaves(t.Context()), evidence.PrefixTree)
}
