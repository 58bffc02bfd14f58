package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// fake is a Source of batches of two labels. It verifies that its caller calls
// one method at a time.
type fake struct {
	t        *testing.T
	identity directory.Identity
	busy     atomic.Bool
	batches  int // to give
	given    int
	done     int

	failNext, failDone error
	inNext             func()
}

func (f *fake) enter() func() {
	if !f.busy.CompareAndSwap(false, true) {
		f.t.Error("two calls at a time")
	}
	return func() { f.busy.Store(false) }
}

func (f *fake) Next() ([]directory.NewVersions, error) {
	defer f.enter()()
	if f.inNext != nil {
		f.inNext()
	}
	if f.given == f.batches {
		return nil, f.failNext
	}
	f.given++
	var batch []directory.NewVersions
	for i := range 2 {
		batch = append(batch, directory.NewVersions{
			Label: fmt.Appendf(nil, "label %d.%d", f.given, i), Values: [][]byte{{1}}, Identity: f.identity,
		})
	}
	return batch, nil
}

func (f *fake) Done(batch []directory.NewVersions, outcomes []error) error {
	defer f.enter()()
	if len(batch) != 2 || len(outcomes) != 2 || errors.Join(outcomes...) != nil {
		f.t.Errorf("outcomes %v", outcomes)
	}
	f.done++
	return f.failDone
}

func newInstance(t *testing.T) *instance.Instance {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dir")
	if _, err := instance.Init(dir, instance.DefaultConfig()); err != nil {
		t.Fatal(err)
	}
	inst, err := instance.Open(dir, instance.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := inst.Close(); err != nil {
			t.Error(err)
		}
	})
	return inst
}

func TestInsert(t *testing.T) {
	inst := newInstance(t)
	failure := errors.New("failure")
	for _, batches := range []int{0, 1, 2, 3, 20} {
		f := &fake{t: t, batches: batches, identity: directory.Identity{byte(batches)}}
		inst := inst
		if batches == 20 {
			inst = newInstance(t) // labels 1 to 3 exist
		} else if batches > 0 {
			inst = newInstance(t)
		}
		if err := Insert(t.Context(), inst.Directory, f); err != nil || f.done != batches {
			t.Errorf("%d batches: %d done, %v", batches, f.done, err)
		}
	}

	f := &fake{t: t, batches: 2, failNext: failure}
	if err := Insert(t.Context(), inst.Directory, f); err != failure || f.done != f.given {
		t.Errorf("failing Next: %v; %d of %d done", err, f.done, f.given)
	}
	f = &fake{t: t, batches: 100, failDone: failure, given: 10}
	if err := Insert(t.Context(), inst.Directory, f); err != failure || f.given > 10+2*workers || f.done == 0 {
		t.Errorf("failing Done: %v; %d given, %d done", err, f.given-10, f.done)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f = &fake{t: t, batches: 100, given: 50, inNext: cancel}
	if err := Insert(ctx, inst.Directory, f); err != context.Canceled || f.given > 50+workers {
		t.Errorf("cancelled: %v; %d given", err, f.given-50)
	}
}
