package evidence_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// leafChange makes evidence of the leaf of a version of alice in two log entries.
func leafChange(t testing.TB, l *keytranstest.Log, version uint32, before, after uint64) *evidence.Evidence {
	t.Helper()
	e := newEvidence(evidence.PrefixTree, l)
	e.Log = newPublicLog(t, l).VerifierKey()
	key := l.SearchKey(alice, version)
	e.PrefixTree = &evidence.LeafChange{
		SearchKey: evidence.Hash(key), Before: searchOf(t, l, key, before, l.Size()), After: searchOf(t, l, key, after, l.Size()),
	}
	return e
}

// searchOf searches the prefix tree of an entry, in a checkpoint of some size.
func searchOf(t testing.TB, l *keytranstest.Log, key prefixtree.Key, pos, size uint64) (s evidence.LeafSearch) {
	t.Helper()
	node, err := l.At(size).PrefixTree(pos)
	fatalIfErr(t, err)
	proof, commitments, err := prefixtree.Prove(node, []prefixtree.Key{key})
	fatalIfErr(t, err)
	s.Proof, s.Commitment = must(keytrans.MarshalPrefixProof(&proof)), (*evidence.Hash)(commitments[0])
	s.Entry = entryOf(t, l, pos, size)
	return s
}

// entryOf proves an entry in a checkpoint of the entries of l.
func entryOf(t testing.TB, l *keytranstest.Log, pos, size uint64) string {
	t.Helper()
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
		for _, x := range indexes {
			out = append(out, hashes[x])
		}
		return out, nil
	})
	for i, e := range l.Entries()[:size] {
		hashes = append(hashes, must(tlog.StoredHashes(int64(i), e.Marshal(), read))...)
	}
	p := newPublicLog(t, l)
	proof := checkpoint.Proof{
		Index: pos, Note: p.sign(size, merkle.Hash(must(tlog.TreeHash(int64(size), read)))), Extra: l.Entries()[pos].Marshal(),
	}
	for _, h := range must(tlog.ProveRecord(int64(size), int64(pos), read)) {
		proof.Hashes = append(proof.Hashes, merkle.Hash(h))
	}
	return string(proof.Marshal())
}

// TestLeafChange accuses honest logs, and lying ones in wrong ways.
func TestLeafChange(t *testing.T) {
	lifetime := uint64(60 * second)
	for name, c := range map[string]struct {
		make     func(l *keytranstest.Log) *evidence.Evidence
		lifetime *uint64
		text     string // empty for proof
	}{
		"both have it":                     {make: func(l *keytranstest.Log) *evidence.Evidence { return leafChange(t, l, 1, 10, 11) }, text: "both entries have the very leaf"},
		"added":                            {make: func(l *keytranstest.Log) *evidence.Evidence { return leafChange(t, l, 1, 8, 9) }, text: "entry 8 does not have the leaf"},
		"never there":                      {make: func(l *keytranstest.Log) *evidence.Evidence { return leafChange(t, l, 7, 8, 9) }, text: "entry 8 does not have the leaf"},
		"backwards":                        {make: func(l *keytranstest.Log) *evidence.Evidence { return leafChange(t, l, 1, 9, 8) }, text: "entry 8 does not come after entry 9"},
		"one entry":                        {make: func(l *keytranstest.Log) *evidence.Evidence { return leafChange(t, l, 1, 9, 9) }, text: "entry 9 does not come after entry 9"},
		"back and forth":                   {make: swapped(t, 11, 13), text: "both entries have the very leaf"},
		"swapped":                          {make: swapped(t, 11, 12)},
		"removed":                          {make: removed(t)},
		"removed for its age":              {make: removed(t), lifetime: &lifetime, text: "a maximum lifetime"},
		"swapped, with a maximum lifetime": {make: swapped(t, 11, 12), lifetime: &lifetime},
		"another key": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := removed(t)(l)
			e.PrefixTree.SearchKey = evidence.Hash(l.SearchKey(alice, 0))
			return e
		}, text: "the first entry"},
		"a made up commitment": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := leafChange(t, l, 1, 10, 11)
			e.PrefixTree.Before.Commitment[3] ^= 1
			return e
		}, text: "the first entry: the search is not one in the prefix tree of entry 10"},
		"a search elsewhere": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := leafChange(t, l, 1, 10, 11)
			s := searchOf(t, l, l.SearchKey(alice, 1), 8, l.Size())
			e.PrefixTree.After.Proof, e.PrefixTree.After.Commitment = s.Proof, s.Commitment
			return e
		}, text: "the second entry: the search is not one in the prefix tree of entry 11"},
		"another search": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := leafChange(t, l, 1, 10, 11)
			s := searchOf(t, l, l.SearchKey(alice, 7), 11, l.Size())
			e.PrefixTree.After.Proof, e.PrefixTree.After.Commitment = s.Proof, s.Commitment
			return e
		}, text: "leaf at depth 6 shares 1 bits with the search key"},
		"two searches": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := removed(t)(l)
			p := must(keytrans.ParsePrefixProof(e.PrefixTree.After.Proof))
			p.Results = append(p.Results, p.Results[0])
			e.PrefixTree.After.Proof = must(keytrans.MarshalPrefixProof(p))
			return e
		}, text: "the second entry: malformed prefix tree proof"},
		"something behind a search": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := removed(t)(l)
			e.PrefixTree.After.Proof = append(e.PrefixTree.After.Proof, 0)
			return e
		}, text: "the second entry: malformed"},
		"two checkpoints": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := removed(t)(l)
			e.PrefixTree.Before.Entry = entryOf(t, l, 11, 12)
			return e
		}, text: "the entries are in two checkpoints"},
		"another log's checkpoint": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := removed(t)(l)
			e.PrefixTree.After.Entry = entryOf(t, grow(l.Fork(12), 13, nil), 12, 13)
			return e
		}, text: "the second entry: the search is not one"},
		"no entry": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := removed(t)(l)
			e.PrefixTree.After.Entry = ""
			return e
		}, text: "the second entry: malformed"},
		"no search": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := removed(t)(l)
			e.PrefixTree.After.Proof = nil
			return e
		}, text: "the second entry: malformed"},
		"no search at all": {make: func(l *keytranstest.Log) *evidence.Evidence {
			e := removed(t)(l)
			e.PrefixTree.Before = evidence.LeafSearch{}
			return e
		}, text: "the first entry: malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			e := c.make(newLog(keytranstest.Options{Seed: "evidence", Lifetime: c.lifetime}))
			_, err := e.Verify(evidence.Expected{})
			switch {
			case c.text == "":
				fatalIfErr(t, err)
			case !errors.Is(err, evidence.ErrNotProof) || !strings.Contains(err.Error(), c.text):
				t.Errorf("error %v, want %q", err, c.text)
			}
		})
	}
}

// swapped swaps the value of alice's version 1 in entry 12, and restores it in the next.
func swapped(t testing.TB, before, after uint64) func(*keytranstest.Log) *evidence.Evidence {
	return func(l *keytranstest.Log) *evidence.Evidence {
		t.Helper()
		v := l.NewVersion(alice, 1, 12, "ghost")
		grow(l, 14, changes{12: {keytranstest.Put(alice, 1, v.Commitment)}, 13: {keytranstest.Restore(alice, 1)}})
		return leafChange(t, l, 1, before, after)
	}
}

// removed removes alice's version 1 in entry 12.
func removed(t testing.TB) func(*keytranstest.Log) *evidence.Evidence {
	return func(l *keytranstest.Log) *evidence.Evidence {
		t.Helper()
		grow(l, 14, changes{12: {keytranstest.Remove(alice, 1)}})
		return leafChange(t, l, 1, 11, 12)
	}
}
