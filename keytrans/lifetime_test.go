package keytrans

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// prunedLog is a log that has lost what a directory need not keep: the versions
// of the prefix tree before horizon, and the log entries before first that are
// not on the frontier of the first first entries.
type prunedLog struct {
	*worldLog
	horizon, first uint64
}

var errPruned = errors.New("pruned")

func (l *prunedLog) Entry(pos uint64) (LogEntry, error) {
	if pos < l.first && !slices.Contains(ibst.Frontier(l.first), pos) {
		return LogEntry{}, errPruned
	}
	return l.worldLog.Entry(pos)
}

func (l *prunedLog) PrefixTree(pos uint64) (prefixtree.Node, error) {
	if pos < l.horizon {
		return nil, errPruned
	}
	return l.worldLog.PrefixTree(pos)
}

// TestPruned holds the answers of pruned logs against those of whole ones: they
// are the same as long as a request is about unexpired entries, and advertises a
// size of which the entries after it were kept.
func TestPruned(t *testing.T) {
	size := uint64(22)
	if raceEnabled {
		size = 13
	}
	for _, name := range []string{"entries expire", "expire and no window"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(smallWorlds(int(size))[name], fakeVRF{})
			p := &pruning{world: w, prove: &Prover{Config: w.cfg}}
			for n := uint64(1); n <= size; n++ {
				whole := w.at(n)
				horizon := slices.IndexFunc(w.Timestamps, func(ts uint64) bool { return w.Timestamps[n-1]-ts < *w.MaximumLifetime })
				for _, first := range []int{0, 1, horizon / 2, horizon - 1, horizon} {
					if first >= 0 && first <= horizon {
						p.compare(t, whole, &prunedLog{whole, uint64(horizon), uint64(first)})
					}
				}
			}
			t.Logf("%d answers are the same, %d are refused", p.same, p.refused)
			if p.same < 1000 || p.refused < 100 {
				t.Error("too few answers to speak of exhaustive")
			}
		})
	}
}

type pruning struct {
	*world
	prove         *Prover
	same, refused int
}

// expect compares an answer. It may be refused only if it is not promised.
func (p *pruning) expect(t *testing.T, what string, promised bool, whole, pruned func() (any, error)) {
	t.Helper()
	want, wantErr := whole()
	got, err := pruned()
	switch {
	case errors.Is(err, errPruned) && !promised:
		p.refused++
	case (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error():
		t.Fatalf("%s: %v, want %v", what, err, wantErr)
	case !reflect.DeepEqual(got, want):
		t.Fatalf("%s: another answer", what)
	default:
		p.same++
	}
}

func (p *pruning) compare(t *testing.T, whole *worldLog, pruned *prunedLog) {
	t.Helper()
	n := whole.head.TreeSize
	for _, last := range []uint64{0, pruned.first - 1, pruned.first, pruned.first + 1, pruned.horizon, n - 1, n} {
		if last > n {
			continue
		}
		q := &last
		if last == 0 {
			q = nil
		}
		what := fmt.Sprintf("%d entries, horizon %d, first %d, last %d", n, pruned.horizon, pruned.first, last)
		promised := q == nil || last >= pruned.first
		both := func(what string, promised bool, f func(Log) (any, error)) {
			t.Helper()
			p.expect(t, what, promised, func() (any, error) { return f(whole) }, func() (any, error) { return f(pruned) })
		}
		for _, stop := range []*uint64{nil, ptr(uint64(0)), ptr(pruned.horizon), ptr(n - 1)} {
			both(what, promised, func(l Log) (any, error) {
				return p.prove.Distinguished(l, &DistinguishedRequest{Last: q, Stop: stop})
			})
		}
		for _, name := range p.labels {
			label := whole.label(name)
			what := what + ", label " + name
			p.searches(what, promised, q, label, both)
			p.owners(what, promised, pruned.horizon, q, label, both)
			p.contacts(what, promised, pruned.horizon, q, label, both)
		}
	}
}

type compareFunc func(what string, promised bool, f func(Log) (any, error))

func (p *pruning) searches(what string, promised bool, last *uint64, label *worldLabel, both compareFunc) {
	both(what, promised, func(l Log) (any, error) {
		return p.prove.Search(l, label, &SearchRequest{Last: last, Label: []byte(label.name)})
	})
	both(what+", absence", promised, func(l Log) (any, error) {
		return p.prove.Absence(l, label, &AbsenceRequest{Last: last, Label: []byte(label.name), Version: ptr(uint32(1 << 20))})
	})
	for v := range len(label.naive.Inserted[label.name]) + 1 {
		both(fmt.Sprintf("%s, version %d", what, v), promised, func(l Log) (any, error) {
			return p.prove.Search(l, label, &SearchRequest{Last: last, Label: []byte(label.name), Version: ptr(uint32(v))})
		})
	}
}

// owners takes ownership at every entry, monitors from there, and asks for all
// versions since.
func (p *pruning) owners(what string, promised bool, horizon uint64, last *uint64, label *worldLabel, both compareFunc) {
	for start := range label.head.TreeSize {
		what := fmt.Sprintf("%s, start %d", what, start)
		promised := promised && start >= horizon
		name := []byte(label.name)
		both(what+", init", promised, func(l Log) (any, error) {
			return p.prove.OwnerInit(l, label, &OwnerInitRequest{Last: last, Label: name, Start: start})
		})
		greatest, _ := label.Greatest(start)
		both(what+", monitor", promised, func(l Log) (any, error) {
			return p.prove.OwnerMonitor(l, label, &OwnerMonitorRequest{Last: last, Label: name, Start: start, GreatestVersion: greatest})
		})
		// Owners start from distinguished entries.
		_, err := p.prove.OwnerInit(label.worldLog, label, &OwnerInitRequest{Label: name, Start: start})
		both(what+", update", promised && err == nil, func(l Log) (any, error) {
			return p.prove.Update(l, label, &UpdateRequest{Last: last, Label: name, GreatestVersion: greatest}, 0)
		})
	}
}

// contacts monitors every version from every entry where a search may have ended.
func (p *pruning) contacts(what string, promised bool, horizon uint64, last *uint64, label *worldLabel, both compareFunc) {
	for v, first := range label.naive.Inserted[label.name] {
		for _, pos := range ibst.Path(first, label.head.TreeSize) {
			if pos < first {
				continue
			}
			q := &ContactMonitorRequest{Last: last, Label: []byte(label.name), Entries: []MonitorMapEntry{{Position: pos, Version: uint32(v)}}}
			both(fmt.Sprintf("%s, map %v", what, q.Entries), promised && pos >= horizon, func(l Log) (any, error) {
				return p.prove.ContactMonitor(l, label, q)
			})
		}
	}
}
