package publisher

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// fakeReplica is a Replica in memory.
type fakeReplica struct {
	mu      sync.Mutex
	entries [][]byte
	// fail, if set, is called before anything is done.
	fail func() error
	// tamper, if set, changes what is stored.
	tamper func(index int, entry []byte) []byte
}

func (r *fakeReplica) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// Advance implements Replica.
func (r *fakeReplica) Advance(_ context.Context, size uint64, read func(lo, hi uint64) ([][]byte, error)) (uint64, merkle.Hash, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(); err != nil {
			return 0, merkle.Hash{}, err
		}
	}
	if have := uint64(len(r.entries)); have < size {
		entries, err := read(have, size)
		if err != nil {
			return 0, merkle.Hash{}, err
		}
		for _, e := range entries {
			if r.tamper != nil {
				e = r.tamper(len(r.entries), e)
			}
			r.entries = append(r.entries, e)
		}
	}
	return r.head()
}

func (r *fakeReplica) head() (uint64, merkle.Hash, error) {
	if len(r.entries) == 0 {
		return 0, merkle.Hash{}, nil
	}
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, e := range r.entries {
		if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(e), nil); err != nil {
			return 0, merkle.Hash{}, err
		}
	}
	root, err := tree.GetRootHash(nil)
	return tree.End(), merkle.Hash(root), err
}

// runReplica publishes with a replica and returns what is told of mismatches.
func (w *world) runReplica(r Replica) func() []Mismatch {
	var mu sync.Mutex
	var found []Mismatch
	cfg := w.config("")
	cfg.Replica = r
	cfg.OnMismatch = func(m Mismatch) {
		mu.Lock()
		defer mu.Unlock()
		found = append(found, m)
	}
	w.run(cfg)
	return func() []Mismatch {
		mu.Lock()
		defer mu.Unlock()
		return found
	}
}

func TestReplica(t *testing.T) {
	w := newWorld(t)
	r := &fakeReplica{}
	mismatches := w.runReplica(r)
	for range 10 {
		size := w.grow(3)
		s := w.await("growth", servedAt(size))
		if s.ReplicaSize == nil || *s.ReplicaSize != size || s.SigningErr != nil {
			t.Fatalf("status %+v", s)
		}
	}
	if n := len(mismatches()); n != 0 {
		t.Errorf("%d mismatches", n)
	}
}

// TestReplicaDown checks that nothing is signed without the replica, and that it
// is once it is back.
func TestReplicaDown(t *testing.T) {
	w := newWorld(t)
	r := &fakeReplica{}
	w.runReplica(r)
	w.await("first", servedAt(1))
	r.set(func() { r.fail = func() error { return errors.New("no connection") } })
	size := w.grow(3)
	s := w.await("trouble", func(s Status) bool { return s.SigningErr != nil })
	if s.Served.Size != 1 || !strings.Contains(s.SigningErr.Error(), "no connection") {
		t.Errorf("status %+v", s)
	}
	r.set(func() { r.fail = nil })
	w.await("back", servedAt(size))
}

// TestReplicaBehind checks that a replica that was emptied, or is empty, delays
// checkpoints and makes none that is older.
func TestReplicaBehind(t *testing.T) {
	w := newWorld(t)
	size := w.grow(5)
	r := &fakeReplica{}
	w.runReplica(r)
	w.await("first", servedAt(size))
	w.stop()
	w.grow(1)
	stuck := &stuckReplica{}
	w.runReplica(stuck)
	s := w.await("behind", func(s Status) bool { return s.SigningErr != nil })
	if s.Served.Size != size || !strings.Contains(s.SigningErr.Error(), "answers that it has 2") {
		t.Errorf("status %+v", s)
	}
	w.runReplica(&emptyReplica{})
	s = w.await("empty", func(s Status) bool { return s.SigningErr != nil })
	if !strings.Contains(s.SigningErr.Error(), "answers that it has 0") {
		t.Errorf("status %+v", s)
	}
}

// stuckReplica has integrated the first two entries only.
type stuckReplica struct{ fakeReplica }

func (r *stuckReplica) Advance(ctx context.Context, _ uint64, read func(lo, hi uint64) ([][]byte, error)) (uint64, merkle.Hash, error) {
	return r.fakeReplica.Advance(ctx, 2, read)
}

type emptyReplica struct{}

func (emptyReplica) Advance(context.Context, uint64, func(lo, hi uint64) ([][]byte, error)) (uint64, merkle.Hash, error) {
	return 0, merkle.Hash{}, nil
}

// TestMismatch checks that nothing is signed any more once the replica holds
// another log, and that what the two hold is told of once.
func TestMismatch(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*fakeReplica)
		want  string
	}{
		"another entry": {func(r *fakeReplica) {
			r.tamper = func(_ int, e []byte) []byte { return append([]byte{1}, e[1:]...) }
		}, "its root is"},
		"an entry too many": {func(r *fakeReplica) {
			r.entries = append(r.entries, make([]byte, 40), make([]byte, 40), make([]byte, 40), make([]byte, 40), make([]byte, 40))
		}, "it has 6 entries"},
		"a conflict": {func(r *fakeReplica) {
			r.fail = func() error { return fmt.Errorf("asking: %w", &Conflict{2, []byte{7}, []byte{8}}) }
		}, "entry 2 is 08 there, and 07 in this log"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := &fakeReplica{}
			mismatches := w.runReplica(r)
			w.await("first", servedAt(1))
			r.set(func() { c.spoil(r) })
			w.grow(3)
			s := w.await("stopped", func(s Status) bool { return errors.Is(s.SigningErr, ErrMismatch) })
			if s.Served.Size != 1 || s.Signed.Size != 1 || !strings.Contains(s.SigningErr.Error(), c.want) {
				t.Errorf("status %+v", s)
			}
			w.grow(3)
			if found := mismatches(); len(found) != 1 || found[0].Err == nil || found[0].Time.IsZero() {
				t.Errorf("mismatches %+v", found)
			} else if name == "another entry" && (*found[0].Root == found[0].ReplicaRoot || found[0].ReplicaSize == 0 || found[0].Size == 0) {
				t.Errorf("mismatch %+v", found[0])
			}
			// A restart changes nothing.
			w.runReplica(r)
			s = w.await("stopped again", func(s Status) bool { return s.SigningErr != nil })
			if s.Served.Size != 1 {
				t.Errorf("after a restart: %+v", s)
			}
		})
	}
}
