package keytrans_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// checkCounts fails the test unless there are cases of each kind.
func checkCounts(t *testing.T, count map[string]int, kinds ...string) {
	t.Helper()
	for _, k := range kinds {
		if count[k] == 0 {
			t.Errorf("no case with refusal %q: %v", k, count)
		}
	}
	t.Logf("cases by refusal: %v", count)
}

func TestVectorsCheckpoint(t *testing.T) {
	count := make(map[string]int)
	for _, c := range readVectors[vectors.Checkpoint](t, "checkpoint").Cases {
		got, err := c.Open()
		refusal := ""
		if err != nil {
			refusal = vectors.LogRefusal(err)
		}
		if refusal != c.Refusal || text(t, got) != text(t, c.Expect) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.Name, err, text(t, got), text(t, c.Expect))
		}
		count[c.Refusal]++
	}
	checkCounts(t, count, "", vectors.Malformed, vectors.Signature)
}

func TestVectorsPolicy(t *testing.T) {
	sets := make(map[bool]int)
	for _, c := range readVectors[vectors.Policy](t, "policy").Cases {
		got, err := c.Evaluate()
		checkRefusal(t, c.Name, c.Refused, err)
		if c.Refused {
			if !errors.Is(err, checkpoint.ErrMalformed) {
				t.Errorf("%s: %v", c.Name, err)
			}
			continue
		}
		if text(t, got) != text(t, c) {
			t.Errorf("%s:\n got %s\nwant %s", c.Name, text(t, got), text(t, c))
		}
		for _, s := range c.Sets {
			sets[s.IsQuorum]++
		}
	}
	if sets[true] == 0 || sets[false] == 0 {
		t.Errorf("sets of witnesses that are a quorum, or not: %v", sets)
	}
}

func TestVectorsTLogProof(t *testing.T) {
	count := make(map[string]int)
	for _, c := range readVectors[vectors.TLogProof](t, "tlog-proof").Cases {
		got, err := c.Verify()
		fatalIfErr(t, err)
		if text(t, got) != text(t, c) {
			t.Errorf("%s:\n got %s\nwant %s", c.Name, text(t, got), text(t, c))
		}
		count[c.Refusal]++
	}
	checkCounts(t, count, "", vectors.Malformed, vectors.Signature, vectors.Quorum, vectors.Proof)
}

func raw(hs []vectors.Hash) (out [][]byte) {
	for i := range hs {
		out = append(out, hs[i][:])
	}
	return out
}

func TestVectorsRFC6962(t *testing.T) {
	cases := readVectors[vectors.RFC6962](t, "rfc6962").Cases
	log, proofs := cases[0], cases[1:]
	var stored []tlog.Hash
	for i, leaf := range log.Leaves {
		if merkle.Hash(tlog.RecordHash(leaf)) != merkle.Hash(log.LeafHashes[i]) {
			t.Errorf("leaf %d", i)
		}
		more, err := tlog.StoredHashes(int64(i), leaf, tlog.HashReaderFunc(reader(&stored)))
		fatalIfErr(t, err)
		stored = append(stored, more...)
	}
	for size, want := range log.Roots {
		root, err := tlog.TreeHash(int64(size), tlog.HashReaderFunc(reader(&stored)))
		fatalIfErr(t, err)
		if vectors.Hash(root) != want {
			t.Errorf("the root of %d leaves", size)
		}
	}
	for _, c := range proofs {
		checkRefusal(t, c.Name, c.Refused, verifyRFC6962(&c))
		if !c.Refused {
			checkProver(t, &c, &stored)
		}
	}
}

func reader(stored *[]tlog.Hash) func([]int64) ([]tlog.Hash, error) {
	return func(indexes []int64) (out []tlog.Hash, err error) {
		for _, i := range indexes {
			out = append(out, (*stored)[i])
		}
		return out, nil
	}
}

func verifyRFC6962(c *vectors.RFC6962) error {
	if c.Index != nil {
		return proof.VerifyInclusion(rfc6962.DefaultHasher, *c.Index, c.Size, c.LeafHash[:], raw(c.Proof), c.Root[:])
	}
	older := checkpoint.Checkpoint{Size: *c.OlderSize, Root: merkle.Hash(*c.OlderRoot)}
	newer := checkpoint.Checkpoint{Size: c.Size, Root: merkle.Hash(*c.Root)}
	return checkpoint.VerifyConsistency(older, newer, vectors.MerkleHashes(c.Proof))
}

// checkProver compares a proof with that of x/mod.
func checkProver(t *testing.T, c *vectors.RFC6962, stored *[]tlog.Hash) {
	t.Helper()
	var want []tlog.Hash
	var err error
	switch {
	case c.Index != nil:
		want, err = tlog.ProveRecord(int64(c.Size), int64(*c.Index), tlog.HashReaderFunc(reader(stored)))
	case *c.OlderSize > 0:
		want, err = tlog.ProveTree(int64(c.Size), int64(*c.OlderSize), tlog.HashReaderFunc(reader(stored)))
	}
	fatalIfErr(t, err)
	if !slices.EqualFunc(c.Proof, want, func(a vectors.Hash, b tlog.Hash) bool { return a == vectors.Hash(b) }) {
		t.Errorf("%s: another proof", c.Name)
	}
}

func TestVectorsTiles(t *testing.T) {
	count := make(map[string]int)
	for _, c := range readVectors[vectors.TileTree](t, "tiles").Cases {
		switch {
		case c.Path != nil:
			got, err := tile.ParsePath(*c.Path)
			checkRefusal(t, c.Name, c.Refused, err)
			kind := map[string]tile.Kind{"entries": tile.Entries, "changes": tile.Changes}[c.Kind]
			if want := (tile.Tile{Kind: kind, Level: c.Level, Index: c.Index, Width: c.Width}); err == nil && got != want {
				t.Errorf("%s: %+v", c.Name, got)
			}
			count["paths"]++
		case c.Bundle != nil:
			got, err := tile.ParseEntries(*c.Bundle, c.Count)
			checkRefusal(t, c.Name, c.Refused, err)
			if !slices.EqualFunc(got, c.Entries, func(a []byte, b vectors.Hex) bool { return string(a) == string(b) }) {
				t.Errorf("%s: %x", c.Name, got)
			}
			count["bundles"]++
		default:
			checkTileLog(t, &c)
			count["logs"]++
		}
	}
	if len(count) != 3 {
		t.Errorf("cases: %v", count)
	}
}

// checkTileLog makes the tiles of a log as x/mod does, and compares them.
func checkTileLog(t *testing.T, c *vectors.TileTree) {
	t.Helper()
	var stored []tlog.Hash
	for i := range c.Size {
		more, err := tlog.StoredHashes(int64(i), binary.BigEndian.AppendUint64(nil, i), tlog.HashReaderFunc(reader(&stored)))
		fatalIfErr(t, err)
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(int64(c.Size), tlog.HashReaderFunc(reader(&stored)))
	fatalIfErr(t, err)
	if vectors.Hash(root) != *c.Root {
		t.Errorf("%s: another root", c.Name)
	}
	n := 0
	fatalIfErr(t, tile.Added(0, c.Size, func(want tile.Tile) error {
		if want.Kind != tile.Hashes {
			return nil
		}
		n++
		of := tlog.Tile{H: 8, L: int(want.Level), N: int64(want.Index), W: int(want.Width)}
		data, err := tlog.ReadTileData(of, tlog.HashReaderFunc(reader(&stored)))
		if err == nil && vectors.Hash(sha256.Sum256(data)) != c.Tiles[want.Path()] {
			t.Errorf("%s: %s", c.Name, want.Path())
		}
		return err
	}))
	if n != len(c.Tiles) {
		t.Errorf("%s: %d tiles, want %d", c.Name, len(c.Tiles), n)
	}
}
