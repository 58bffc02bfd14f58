package directory_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// aging is a directory with a clock of its own, in which entries live for 200
// seconds and the window is 20.
type aging struct {
	*fixture
	store    directory.Store
	now      atomic.Int64 // milliseconds
	labels   []string
	versions map[string]int // how many each label has
}

const lifetime = 200_000

func newAging(t *testing.T, change func(*directory.Config)) *aging {
	t.Helper()
	store, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem()})
	fatalIfErr(t, err)
	a := &aging{store: store, labels: []string{"always", "often", "seldom", "old"}, versions: make(map[string]int)}
	a.now.Store(1_700_000_000_000)
	cfg := testConfig(t, store)
	cfg.Configuration = ptr(*cfg.Configuration)
	cfg.Configuration.ReasonableMonitoringWindow = 20_000
	cfg.Configuration.MaximumLifetime = ptr(uint64(lifetime))
	cfg.Heartbeat = time.Hour
	cfg.Now = func() time.Time { return time.UnixMilli(a.now.Load()) }
	if change != nil {
		change(&cfg)
	}
	a.fixture = open(t, cfg)
	t.Cleanup(func() {
		a.Close()
		fatalIfErr(t, store.Close())
	})
	return a
}

func (a *aging) clock() time.Time { return time.UnixMilli(a.now.Load()) }

// grow makes n epochs, a second after each other.
func (a *aging) grow(t *testing.T, n int) {
	t.Helper()
	for range n {
		a.now.Add(1000)
		i := int(a.size(t))
		labels := []string{fmt.Sprint("label ", i), "always"}
		for name, due := range map[string]bool{"often": i%5 == 0, "seldom": i%97 == 3, "old": i == 7 || i == 9} {
			if due {
				labels = append(labels, name)
			}
		}
		var updates []directory.NewVersions
		for _, label := range labels {
			u := directory.NewVersions{
				Label: []byte(label), Values: [][]byte{fmt.Append(nil, label, a.versions[label])},
				Identity: directory.TokenIdentity(alice.Token),
			}
			if v := a.versions[label]; v > 0 {
				u.Greatest = ptr(uint32(v - 1))
			}
			a.versions[label]++
			updates = append(updates, u)
		}
		outcomes, err := a.Insert(context.Background(), updates)
		fatalIfErr(t, errors.Join(append(outcomes, err)...))
	}
}

// serve stores a checkpoint of the present size, as a publisher does.
func (a *aging) serve(t *testing.T) {
	t.Helper()
	signer, err := checkpoint.NewSigner("example.org/log", bytes.Repeat([]byte{5}, 32))
	fatalIfErr(t, err)
	size := a.size(t)
	root, err := a.PublicRoot(size)
	fatalIfErr(t, err)
	signed, err := signer.Sign(checkpoint.Checkpoint{Origin: signer.Origin(), Size: size, Root: root})
	fatalIfErr(t, err)
	fatalIfErr(t, a.SetCheckpoint(t.Context(), directory.CheckpointServed, signed))
}

func (a *aging) prune(t *testing.T, opts directory.PruneOptions) directory.Pruned {
	t.Helper()
	done, err := a.Prune(t.Context(), opts, nil)
	fatalIfErr(t, err)
	return done
}

// horizon returns the first unexpired entry.
func (a *aging) horizon(t *testing.T) uint64 {
	t.Helper()
	size := a.size(t)
	entries, err := a.Entries(t.Context(), size-lifetime/1000-1, size)
	fatalIfErr(t, err)
	for i, e := range entries {
		if entries[len(entries)-1].Timestamp-e.Timestamp < lifetime {
			return size - uint64(len(entries)) + uint64(i)
		}
	}
	panic("the rightmost entry never expires")
}

// answer is what came of a request.
type answer struct {
	response any
	err      error
}

// answers makes requests of every kind and returns their answers. about tells of
// each the least log entry that it is about, and what it advertises.
func (a *aging) answers(t *testing.T, lasts []uint64) (answers map[string]answer, about map[string][2]uint64) {
	t.Helper()
	answers, about = make(map[string]answer), make(map[string][2]uint64)
	ctx := t.Context()
	size := a.size(t)
	for _, n := range lasts {
		last := ptr(n)
		if n == 0 {
			last, n = nil, size
		}
		note := func(name string, entry uint64, response any, err error) {
			name = fmt.Sprint(name, ", last ", n, last == nil)
			answers[name], about[name] = answer{response, err}, [2]uint64{entry, n}
		}
		r, err := a.Distinguished(ctx, &keytrans.DistinguishedRequest{Last: last})
		note("distinguished", size, r, err)
		absent, err := a.Absence(ctx, &keytrans.AbsenceRequest{Last: last, Label: []byte("nobody")})
		note("absence", size, absent, err)
		for _, label := range a.labels {
			for v := -1; v < a.versions[label]; v += 1 + a.versions[label]/50 {
				q := &keytrans.SearchRequest{Last: last, Label: []byte(label)}
				if v >= 0 {
					q.Version = ptr(uint32(v))
				}
				r, err := a.Search(ctx, q)
				note(fmt.Sprint("search ", label, v), size, r, err)
			}
			for start := uint64(0); start < size; start += 1 + uint64(rand.N(5)) {
				r, err := a.OwnerInit(ctx, &keytrans.OwnerInitRequest{Last: last, Label: []byte(label), Start: start})
				note(fmt.Sprint("init ", label, start), start, r, err)
				if err != nil {
					continue // not distinguished
				}
				var greatest *uint32
				if len(r.GreatestVersions) > 0 {
					greatest = &r.GreatestVersions[0]
				}
				m, err := a.OwnerMonitor(ctx, &keytrans.OwnerMonitorRequest{Last: last, Label: []byte(label), Start: start, GreatestVersion: greatest})
				note(fmt.Sprint("monitor ", label, start), start, m, err)
				u, err := a.Update(ctx, directory.Credential{}, &keytrans.UpdateRequest{Last: last, Label: []byte(label), GreatestVersion: greatest})
				note(fmt.Sprint("update ", label, start), start, u, err)
			}
		}
		// "always" has a version in every entry but the first.
		for first := uint64(1); first < size; first += 1 + uint64(rand.N(7)) {
			for _, pos := range ibst.Path(first, size) {
				if pos < first {
					continue
				}
				q := &keytrans.ContactMonitorRequest{Last: last, Label: []byte("always"), Entries: []keytrans.MonitorMapEntry{{Position: pos, Version: uint32(first - 1)}}}
				r, err := a.ContactMonitor(ctx, q)
				note(fmt.Sprint("contact ", q.Entries), pos, r, err)
			}
		}
	}
	return answers, about
}

// TestPrune prunes a directory, with and without its public log, and asks the
// same as before: about unexpired entries, the answers are the same.
func TestPrune(t *testing.T) {
	a := newAging(t, nil)
	a.grow(t, 700)
	a.serve(t)
	size, horizon := a.size(t), a.horizon(t)
	const first = 256 // of the log entries that are left, later
	if size != 701 || horizon < first+20 || horizon >= 2*first {
		t.Fatalf("%d of %d entries have expired", horizon, size)
	}
	lasts := []uint64{0, 1, 100, first - 1, first, first + 1, horizon - 1, horizon, size - 1, size}
	answers, about := a.answers(t, lasts)
	for _, public := range []bool{false, true} {
		done := a.prune(t, directory.PruneOptions{PublicLog: public})
		if done.TreeSize != size || done.Versions != horizon || done.Removed == 0 || !done.Compacted {
			t.Fatalf("pruned %+v, horizon %d", done, horizon)
		}
		minimum := uint64(0)
		if public {
			minimum = first
		}
		if done.Entries != minimum {
			t.Fatalf("pruned %+v, public %v", done, public)
		}
		a.compareAnswers(t, lasts, answers, about, horizon, minimum)
		if again := a.prune(t, directory.PruneOptions{PublicLog: public}); again.Removed != 0 || again.Versions != horizon {
			t.Errorf("pruned again: %+v", again)
		}
		a.verify(t)
	}
	a.checkRecords(t, first)
	// It goes on, and can be pruned further.
	a.grow(t, 300)
	a.serve(t)
	a.verify(t)
	done := a.prune(t, directory.PruneOptions{PublicLog: true})
	if done.Entries != 3*first || done.Removed == 0 {
		t.Fatalf("pruned %+v", done)
	}
	a.checkRecords(t, 3*first)
	a.verify(t)
	// Less is not possible.
	if done := a.prune(t, directory.PruneOptions{Keep: time.Hour}); done.Entries != 3*first || done.Versions != a.horizon(t) {
		t.Errorf("pruned %+v", done)
	}
}

// compareAnswers makes the same requests again.
func (a *aging) compareAnswers(t *testing.T, lasts []uint64, before map[string]answer, about map[string][2]uint64, horizon, minimum uint64) {
	t.Helper()
	after, _ := a.answers(t, lasts)
	same, refused := 0, 0
	for name, is := range after {
		was, ok := before[name]
		switch {
		case !ok: // positions are chosen at random
		case errors.Is(is.err, directory.ErrPruned):
			refused++
			if !errors.Is(is.err, keytrans.ErrRequest) || errors.Is(is.err, directory.ErrCorrupt) {
				t.Fatalf("%s: %v", name, is.err)
			}
			if a := about[name]; a[0] >= horizon && a[1] >= minimum {
				t.Fatalf("%s, entries from %d on are left: %v", name, minimum, is.err)
			}
		case (is.err == nil) != (was.err == nil) || is.err != nil && is.err.Error() != was.err.Error():
			t.Fatalf("%s: %v, before: %v", name, is.err, was.err)
		case !reflect.DeepEqual(is.response, was.response):
			t.Fatalf("%s: another answer than before", name)
		default:
			same++
		}
	}
	t.Logf("entries from %d on: %d answers are the same, %d are refused", minimum, same, refused)
	if same < 1000 || refused < 100 {
		t.Error("too few answers were compared")
	}
}

// verify looks every label up, and verifies the answers.
func (a *aging) verify(t *testing.T) {
	t.Helper()
	view := &keytrans.View{}
	for _, label := range a.labels {
		q := &keytrans.SearchRequest{Last: view.Last(), Label: []byte(label)}
		p, err := a.Search(t.Context(), q)
		fatalIfErr(t, err)
		r, err := a.verifier.Search(view, q, p, a.clock())
		fatalIfErr(t, err)
		if want := a.versions[label] - 1; r.Version != uint32(want) || string(r.Value.Value) != fmt.Sprint(label, want) {
			t.Fatalf("%s is %q at version %d", label, r.Value.Value, r.Version)
		}
		view = r.View
	}
}

// checkRecords counts the records of log entries and changes, and reads all tiles.
func (a *aging) checkRecords(t *testing.T, minimum uint64) {
	t.Helper()
	snap, err := a.store.Snapshot()
	fatalIfErr(t, err)
	defer snap.Close()
	left := map[byte][]uint64{}
	for _, kind := range []byte{'e', 'c'} {
		fatalIfErr(t, snap.Scan([]byte{kind}, []byte{kind + 1}, func(key, _ []byte) error {
			if pos := binary.BigEndian.Uint64(key[1:]); pos < minimum {
				left[kind] = append(left[kind], pos)
			}
			return nil
		}))
	}
	if want := ibst.Frontier(minimum); !reflect.DeepEqual(left['e'], want) || len(left['c']) != 0 {
		t.Errorf("left are entries %v, want %v, and changes %v", left['e'], want, left['c'])
	}
	fatalIfErr(t, tile.Added(0, a.size(t), func(x tile.Tile) error {
		var b bytes.Buffer
		err := a.WriteTile(t.Context(), x, &b)
		lo, _ := x.Range()
		switch pruned := x.Kind != tile.Hashes && lo < minimum; {
		case pruned && (!errors.Is(err, directory.ErrPruned) || b.Len() > 0):
			return fmt.Errorf("%s was pruned: %v", x.Path(), err)
		case !pruned && err != nil:
			return err
		}
		return nil
	}))
	if _, err := a.Entries(t.Context(), minimum-1, minimum); !errors.Is(err, directory.ErrPruned) {
		t.Errorf("entry %d: %v", minimum-1, err)
	}
	if entries, err := a.Entries(t.Context(), minimum, minimum+5); err != nil || len(entries) != 5 {
		t.Errorf("entry %d: %v", minimum, err)
	}
	head, err := a.Head()
	fatalIfErr(t, err)
	if head.FirstEntry != minimum || head.FirstVersion < minimum {
		t.Errorf("the head tells of entries from %d on", head.FirstEntry)
	}
}
