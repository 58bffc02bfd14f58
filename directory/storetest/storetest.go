// Package storetest is the conformance test of directory.Store. Run checks what
// the interface promises, except durability when the power fails, which needs
// the help of the store's own tests.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/ghostlight-kt/ghostlight/directory"
)

// Open opens a new, empty store, independent of all others. reopen, which is
// called after the store has been closed, opens the same data again; it may be
// called several times. Both fail the test if they cannot. Run closes every
// store.
type Open func(t *testing.T) (s directory.Store, reopen func() directory.Store)

// Run runs all the conformance tests as subtests of t.
func Run(t *testing.T, open Open) {
	for _, test := range []struct {
		name string
		f    func(*harness)
	}{
		{"Empty", testEmpty},
		{"Conflict", testConflict},
		{"EqualSizes", testEqualSizes},
		{"Malformed", testMalformed},
		{"Order", testOrder},
		{"AppendAcross", testAppendAcross},
		{"AbsentOrEmpty", testAbsentOrEmpty},
		{"BinaryKeys", testBinaryKeys},
		{"LargeValues", testLargeValues},
		{"LargeBatch", testLargeBatch},
		{"Last", testLast},
		{"Scan", testScan},
		{"ScanError", testScanError},
		{"ValuesStay", testValuesStay},
		{"Reopen", testReopen},
		{"Isolation", testIsolation},
		{"Closing", testClosing},
		{"Race", testRace},
		{"Readers", testReaders},
		{"Model", testModel},
		{"Compact", testCompact},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := &harness{T: t}
			h.store, h.open = open(t)
			t.Cleanup(func() {
				if h.store != nil {
					fatalIfErr(t, h.store.Close())
				}
			})
			test.f(h)
		})
	}
}

// harness has short forms that fail the test on an error.
type harness struct {
	*testing.T
	store directory.Store
	open  func() directory.Store
	size  uint64 // the stored tree size

	snapshots []*snapshot // all that were opened
}

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *harness) reopen() {
	h.Helper()
	fatalIfErr(h, h.store.Close())
	h.store = nil
	h.store = h.open()
}

func set(key, value string) directory.Write {
	return directory.Write{Kind: directory.WriteSet, Key: []byte(key), Value: []byte(value)}
}

func add(key, value string) directory.Write {
	return directory.Write{Kind: directory.WriteAppend, Key: []byte(key), Value: []byte(value)}
}

func del(key string) directory.Write {
	return directory.Write{Kind: directory.WriteDelete, Key: []byte(key)}
}

// commit commits writes and makes the tree larger by one.
func (h *harness) commit(writes ...directory.Write) {
	h.Helper()
	fatalIfErr(h, h.store.Commit(&directory.Batch{Base: h.size, Size: h.size + 1, Writes: writes}))
	h.size++
}

// snapshot returns a snapshot, which is closed with the test, or before.
func (h *harness) snapshot() *snapshot {
	h.Helper()
	s, err := h.store.Snapshot()
	fatalIfErr(h, err)
	sn := &snapshot{Snapshot: s, T: h.T}
	// Before the cleanup that closes the store.
	h.Cleanup(sn.close)
	h.snapshots = append(h.snapshots, sn)
	return sn
}

// snapshot has short forms that fail the test on an error.
type snapshot struct {
	directory.Snapshot
	*testing.T
	closed bool
}

func (s *snapshot) close() {
	s.Helper()
	if !s.closed {
		s.closed = true
		fatalIfErr(s, s.Snapshot.Close())
	}
}

// get returns the value of key and whether there is one.
func (s *snapshot) get(key string) (string, bool) {
	s.Helper()
	v, err := s.Get([]byte(key))
	fatalIfErr(s, err)
	return string(v), v != nil
}

func (s *snapshot) want(key, value string) {
	s.Helper()
	if v, ok := s.get(key); !ok || v != value {
		s.Fatalf("Get(%q) = %s, present: %v, want %s", key, short(v), ok, short(value))
	}
}

func (s *snapshot) wantAbsent(key string) {
	s.Helper()
	if v, ok := s.get(key); ok {
		s.Fatalf("Get(%q) = %s, want none", key, short(v))
	}
}

func (s *snapshot) wantSize(size uint64) {
	s.Helper()
	got, err := s.TreeSize()
	fatalIfErr(s, err)
	if got != size {
		s.Fatalf("tree size %d, want %d", got, size)
	}
}

func (s *snapshot) wantLast(lo, hi, key, value string) {
	s.Helper()
	k, v, err := s.Last([]byte(lo), []byte(hi))
	fatalIfErr(s, err)
	if k == nil || v == nil || string(k) != key || string(v) != value {
		s.Fatalf("Last(%q, %q) = %q, %s, want %q, %s", lo, hi, k, short(string(v)), key, short(value))
	}
}

func (s *snapshot) wantNoLast(lo, hi string) {
	s.Helper()
	k, v, err := s.Last([]byte(lo), []byte(hi))
	fatalIfErr(s, err)
	if k != nil || v != nil {
		s.Fatalf("Last(%q, %q) = %q, %s, want none", lo, hi, k, short(string(v)))
	}
}

// scan returns the records in [lo, hi) as a string.
func (s *snapshot) scan(lo, hi string) string {
	s.Helper()
	var buf bytes.Buffer
	fatalIfErr(s, s.Scan([]byte(lo), []byte(hi), func(k, v []byte) error {
		fmt.Fprintf(&buf, "%q=%q ", k, v)
		return nil
	}))
	return buf.String()
}

func (s *snapshot) wantScan(lo, hi, want string) {
	s.Helper()
	if got := s.scan(lo, hi); got != want {
		s.Fatalf("Scan(%q, %q): %s, want %s", lo, hi, short(got), short(want))
	}
}

func short(s string) string {
	if len(s) > 80 {
		return fmt.Sprintf("%q... (%d bytes)", s[:80], len(s))
	}
	return fmt.Sprintf("%q", s)
}

func (h *harness) wantConflict(base, size uint64) {
	h.Helper()
	err := h.store.Commit(&directory.Batch{Base: base, Size: size, Writes: []directory.Write{
		set("conflict", "x"), add("a", "x"), del("b"),
	}})
	if !errors.Is(err, directory.ErrConflict) {
		h.Fatalf("commit from %d to %d on %d: %v, want ErrConflict", base, size, h.size, err)
	}
}
