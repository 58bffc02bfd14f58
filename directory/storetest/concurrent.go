package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ghostlight-kt/ghostlight/directory"
)

func testIsolation(h *harness) {
	var all []*snapshot
	for i := range 30 {
		all = append(all, h.snapshot())
		h.commit(set("a", fmt.Sprint(i)), add("b", "."), set(fmt.Sprint("k", i), ""), del(fmt.Sprint("k", i-1)))
	}
	all = append(all, h.snapshot())
	check := func(i int) {
		s := all[i]
		s.wantSize(uint64(i))
		if i == 0 {
			s.wantScan("", top, "")
			return
		}
		s.want("a", fmt.Sprint(i-1))
		s.want("b", strings.Repeat(".", i))
		s.wantLast("k", "l", fmt.Sprint("k", i-1), "")
		s.wantScan("k", "l", fmt.Sprintf("%q=%q ", fmt.Sprint("k", i-1), ""))
	}
	for _, i := range rand.Perm(len(all)) { // closing some does not hurt others
		check(i)
		all[i].close()
	}
}

func testClosing(h *harness) {
	h.commit(set("a", "1"))
	// Two snapshots of one state are closed separately.
	one, two := h.snapshot(), h.snapshot()
	one.close()
	two.want("a", "1")
	two.close()
	// A snapshot and a store can be closed without having been used.
	h.snapshot().close()
	h.reopen()
	h.reopen()
	h.snapshot().want("a", "1")
}

func testRace(h *harness) {
	const workers, rounds = 4, 40
	for round := range uint64(rounds) {
		var wg sync.WaitGroup
		errs := make([]error, workers)
		for w := range workers {
			wg.Go(func() {
				errs[w] = h.store.Commit(&directory.Batch{Base: round, Size: round + 1, Writes: []directory.Write{
					add("log", fmt.Sprintf("%d,", w)), set(fmt.Sprintf("r%d/%d", round, w), "x"),
				}})
			})
		}
		wg.Wait()
		winner := -1
		for w, err := range errs {
			switch {
			case err == nil && winner < 0:
				winner = w
			case err == nil:
				h.Fatalf("round %d: %d and %d both committed", round, winner, w)
			case !errors.Is(err, directory.ErrConflict):
				h.Fatalf("round %d: %v, want ErrConflict", round, err)
			}
		}
		if winner < 0 {
			h.Fatalf("round %d: nobody committed", round)
		}
		s := h.snapshot()
		s.wantSize(round + 1)
		s.wantScan(fmt.Sprintf("r%d/", round), fmt.Sprintf("r%d0", round),
			fmt.Sprintf("%q=%q ", fmt.Sprintf("r%d/%d", round, winner), "x"))
		log, _ := s.get("log")
		if strings.Count(log, ",") != int(round)+1 || !strings.HasSuffix(log, fmt.Sprintf("%d,", winner)) {
			h.Fatalf("round %d: won by %d, but the log is %q", round, winner, log)
		}
		s.close()
	}
}

// testReaders has readers check that each snapshot is of one commit, while a
// writer goes on.
func testReaders(h *harness) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	var shared struct {
		sync.RWMutex
		directory.Snapshot
	}
	for range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				s, err := h.store.Snapshot()
				if err == nil {
					err = errors.Join(checkOneCommit(s), s.Close())
				}
				shared.RLock()
				if err == nil && shared.Snapshot != nil {
					err = checkOneCommit(shared.Snapshot)
				}
				shared.RUnlock()
				if err != nil {
					h.Error(err)
					return
				}
			}
		})
	}
	for i := range 100 {
		var writes []directory.Write
		for k := range 10 {
			writes = append(writes, set(fmt.Sprintf("n/%d", k), fmt.Sprint(i+1)))
		}
		h.commit(append(writes, add("log", "."), set(fmt.Sprintf("e/%08d", i), ""))...)
		s, err := h.store.Snapshot()
		fatalIfErr(h, err)
		shared.Lock()
		old := shared.Snapshot
		shared.Snapshot = s
		shared.Unlock()
		if old != nil {
			fatalIfErr(h, old.Close())
		}
	}
	close(done)
	wg.Wait()
	fatalIfErr(h, shared.Close())
	s := h.snapshot()
	fatalIfErr(h, checkOneCommit(s))
	s.wantSize(100)
}

func checkOneCommit(s directory.Snapshot) error {
	size, err := s.TreeSize()
	if err != nil {
		return err
	}
	log, err := s.Get([]byte("log"))
	if err != nil || uint64(len(log)) != size {
		return fmt.Errorf("tree size %d, log of %d: %w", size, len(log), err)
	}
	k, _, err := s.Last([]byte("e/"), []byte("e0"))
	if err != nil || size > 0 && string(k) != fmt.Sprintf("e/%08d", size-1) {
		return fmt.Errorf("tree size %d, last %q: %w", size, k, err)
	}
	n := 0
	err = s.Scan([]byte("n/"), []byte("n0"), func(k, v []byte) error {
		n++
		if string(v) != fmt.Sprint(size) {
			return fmt.Errorf("tree size %d, %s is %s", size, k, v)
		}
		return nil
	})
	if err == nil && size > 0 && n != 10 {
		err = fmt.Errorf("tree size %d, %d numbers", size, n)
	}
	return err
}

// model is a store's contents the simple way.
type model map[string]string

func (m model) apply(writes []directory.Write) {
	for _, w := range writes {
		switch w.Kind {
		case directory.WriteSet:
			m[string(w.Key)] = string(w.Value)
		case directory.WriteAppend:
			m[string(w.Key)] += string(w.Value)
		case directory.WriteDelete:
			delete(m, string(w.Key))
		}
	}
}

// within returns the keys in [lo, hi) in order.
func (m model) within(lo, hi string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(k string) bool { return k < lo || k >= hi })
}

func randomKey(rng *rand.Rand) string {
	const alphabet = "\x01\x02ab\xfe\xff"
	b := []byte{alphabet[rng.IntN(len(alphabet))]}
	for rng.IntN(3) > 0 {
		b = append(b, "\x00\x01a\xff"[rng.IntN(4)])
	}
	return string(b)
}

func testModel(h *harness) {
	seed := rand.Uint64()
	h.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	type version struct {
		*snapshot
		model
		size uint64
	}
	now := model{}
	var old []version
	rounds := 400
	if testing.Short() {
		rounds = 60
	}
	for round := range rounds {
		var writes []directory.Write
		for range rng.IntN(20) {
			w := directory.Write{Kind: directory.WriteKind(rng.IntN(3)), Key: []byte(randomKey(rng))}
			if w.Kind != directory.WriteDelete {
				w.Value = []byte(noise(rng.Uint64(), rng.IntN(40)))
			}
			writes = append(writes, w)
		}
		if rng.IntN(8) == 0 {
			h.wantConflict(h.size+1, h.size+2)
		}
		h.commit(writes...)
		now.apply(writes)
		if rng.IntN(40) == 0 {
			for _, v := range old {
				v.close()
			}
			old = nil
			h.reopen()
		}
		old = append(old, version{h.snapshot(), maps.Clone(now), h.size})
		for range 3 {
			v := old[rng.IntN(len(old))]
			v.wantSize(v.size)
			v.model.check(v.snapshot, rng)
		}
		if len(old) > 10 {
			i := rng.IntN(len(old))
			old[i].close()
			old = slices.Delete(old, i, i+1)
		}
		if h.Failed() {
			h.Fatalf("round %d", round)
		}
	}
}

// check compares s with the model: everything, and some gets and ranges.
func (m model) check(s *snapshot, rng *rand.Rand) {
	s.Helper()
	scan := func(lo, hi string) {
		var buf bytes.Buffer
		for _, k := range m.within(lo, hi) {
			fmt.Fprintf(&buf, "%q=%q ", k, m[k])
		}
		s.wantScan(lo, hi, buf.String())
	}
	scan("", top)
	for range 10 {
		key, lo, hi := randomKey(rng), randomKey(rng), randomKey(rng)
		if v, ok := m[key]; ok {
			s.want(key, v)
		} else {
			s.wantAbsent(key)
		}
		if rng.IntN(4) == 0 {
			hi = lo + "\xff"
		}
		scan(lo, hi)
		if in := m.within(lo, hi); len(in) > 0 {
			last := in[len(in)-1]
			s.wantLast(lo, hi, last, m[last])
		} else {
			s.wantNoLast(lo, hi)
		}
	}
}
