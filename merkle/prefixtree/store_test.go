package prefixtree

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"sort"
	"testing"
)

// memStore is a store in memory: a map, and its keys in order. commit makes a
// new one, so an old one is a snapshot.
type memStore struct {
	keys  []string
	vals  map[string][]byte
	gets  int
	lasts int
}

func (s *memStore) Get(key []byte) ([]byte, error) {
	s.gets++
	return s.vals[string(key)], nil
}

func (s *memStore) Last(lo, hi []byte) (key, value []byte, err error) {
	s.lasts++
	i := sort.SearchStrings(s.keys, string(hi)) - 1
	if i < 0 || s.keys[i] < string(lo) {
		return nil, nil, nil
	}
	return []byte(s.keys[i]), s.vals[s.keys[i]], nil
}

// bytes returns the size of all records.
func (s *memStore) bytes() int {
	n := 0
	for k, v := range s.vals {
		n += len(k) + len(v)
	}
	return n
}

// snapshot returns a reader that later commits do not change, and that counts
// nothing, so that it may be used concurrently.
func (s *memStore) snapshot() roStore {
	return roStore{s.keys, maps.Clone(s.vals)}
}

type roStore struct {
	keys []string
	vals map[string][]byte
}

func (s roStore) Get(key []byte) ([]byte, error) { return s.vals[string(key)], nil }

func (s roStore) Last(lo, hi []byte) (key, value []byte, err error) {
	return (&memStore{keys: s.keys, vals: s.vals}).Last(lo, hi)
}

// memBatch is a batch of writes. It refuses to write a key twice, which no
// Insert does.
type memBatch struct {
	set, app map[string][]byte
}

func newBatch() *memBatch { return &memBatch{map[string][]byte{}, map[string][]byte{}} }

var errTwice = errors.New("key written twice")

func (b *memBatch) check(key []byte) error {
	if b.set[string(key)] != nil || b.app[string(key)] != nil {
		return errTwice
	}
	return nil
}

func (b *memBatch) Set(key, value []byte) error {
	if err := b.check(key); err != nil {
		return err
	}
	b.set[string(key)] = value
	return nil
}

func (b *memBatch) Append(key, value []byte) error {
	if err := b.check(key); err != nil {
		return err
	}
	b.app[string(key)] = value
	return nil
}

// commit applies b to s. Slices handed out before stay as they are.
func (s *memStore) commit(b *memBatch) {
	if s.vals == nil {
		s.vals = map[string][]byte{}
	}
	var fresh []string
	for k, v := range b.set {
		if _, ok := s.vals[k]; !ok {
			fresh = append(fresh, k)
		}
		s.vals[k] = v
	}
	for k, v := range b.app {
		old, ok := s.vals[k]
		if !ok {
			fresh = append(fresh, k)
		}
		s.vals[k] = slices.Concat(old, v)
	}
	slices.Sort(fresh)
	s.keys = mergeStrings(s.keys, fresh)
}

func mergeStrings(a, b []string) []string {
	m := make([]string, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			m, a = append(m, a[0]), a[1:]
		} else {
			m, b = append(m, b[0]), b[1:]
		}
	}
	return append(append(m, a...), b...)
}

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr fails the test unless err is of the kind want.
func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want one that is %q", err, want)
	}
}

// insert inserts and commits.
func insert(t testing.TB, tr *Tree, s *memStore, entry uint64, leaves []Leaf) *Inserted {
	t.Helper()
	b := newBatch()
	ins, err := tr.Insert(s, b, entry, leaves)
	fatalIfErr(t, err)
	s.commit(b)
	tr.Publish(ins)
	return ins
}

func sortedLeaves(ls []Leaf) []Leaf {
	ls = slices.Clone(ls)
	slices.SortFunc(ls, func(a, b Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return ls
}
