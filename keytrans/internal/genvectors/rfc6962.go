package main

import (
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

func init() { files["rfc6962"] = rfc6962s }

// rfc6962s has the tree of the public log, and proofs, as the definitions of RFC
// 6962 have them.
func rfc6962s() file {
	f := &vectors.File[vectors.RFC6962]{Notes: []string{
		"The tree of the public log (RFC 6962, Section 2.1), which is not that of KEYTRANS. The first case is a log: leaves, their hashes, and the roots of the first 0, 1, 2 leaves and so on.",
		"A case with index is a proof that the leaf with leaf_hash is at that index of the log with size and root, from the leaf's sibling upwards. The others are proofs that the log of size and root begins with that of older_size and older_root. An absent size is 0.",
		"refused: the proof does not verify. The others are also what is to be computed for the log of the first case.",
	}}
	l := newPublicLog()
	log := vectors.RFC6962{Name: "the log", LeafHashes: hashes(l.hashes)}
	for i := range len(l.leaves) + 1 {
		log.Roots = append(log.Roots, naive.RFC6962Root(l.hashes[:i]))
	}
	for _, leaf := range l.leaves {
		log.Leaves = append(log.Leaves, leaf)
	}
	f.Cases = append(f.Cases, log)
	for _, size := range []int{1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 32, 33, 40} {
		for _, index := range slices.Compact([]int{0, size / 4, size / 2, size - 1}) {
			c := vectors.RFC6962{
				Name: fmt.Sprintf("leaf %d of %d", index, size), Index: ptr(uint64(index)), LeafHash: ptr(vectors.Hash(l.hashes[index])),
				Size: uint64(size), Root: &log.Roots[size], Proof: hashes(naive.RFC6962Path(index, l.hashes[:size])),
			}
			f.Cases = append(append(f.Cases, c), wrongPublicProofs(c)...)
		}
		for _, older := range slices.Compact([]int{0, 1, size / 2, size * 2 / 3, size - 1, size}) {
			if older > size {
				continue
			}
			c := vectors.RFC6962{
				Name: fmt.Sprintf("%d leaves of %d", older, size), OlderSize: ptr(uint64(older)), OlderRoot: &log.Roots[older],
				Size: uint64(size), Root: &log.Roots[size],
			}
			if older > 0 {
				c.Proof = hashes(naive.RFC6962Consistency(older, l.hashes[:size]))
			}
			f.Cases = append(append(f.Cases, c), wrongPublicProofs(c)...)
		}
	}
	seen := make(map[string]bool)
	f.Cases = slices.DeleteFunc(f.Cases, func(c vectors.RFC6962) bool { again := seen[c.Name]; seen[c.Name] = true; return again })
	return f
}

// wrongPublicProofs are changes of a proof that must be refused.
func wrongPublicProofs(c vectors.RFC6962) (out []vectors.RFC6962) {
	add := func(name string, edit func(c *vectors.RFC6962)) {
		wrong := c
		wrong.Name, wrong.Refused, wrong.Proof = c.Name+": "+name, true, slices.Clone(c.Proof)
		edit(&wrong)
		out = append(out, wrong)
	}
	add("a hash too many", func(c *vectors.RFC6962) { c.Proof = append(c.Proof, vectors.Hash{1}) })
	for i := range c.Proof {
		if i == 0 || i == len(c.Proof)-1 {
			add(fmt.Sprintf("another hash %d", i), func(c *vectors.RFC6962) { c.Proof[i][0] ^= 1 })
			add(fmt.Sprintf("hash %d missing", i), func(c *vectors.RFC6962) { c.Proof = slices.Delete(c.Proof, i, i+1) })
		}
	}
	if c.OlderSize == nil || *c.OlderSize > 0 {
		add("another root", func(c *vectors.RFC6962) { c.Root = ptr(*c.Root); c.Root[31] ^= 1 })
	}
	if c.Index != nil {
		add("another leaf", func(c *vectors.RFC6962) { c.LeafHash = ptr(*c.LeafHash); c.LeafHash[0] ^= 1 })
		add("the index behind the last one", func(c *vectors.RFC6962) { c.Index = ptr(c.Size) })
	} else {
		add("another older root", func(c *vectors.RFC6962) { c.OlderRoot = ptr(*c.OlderRoot); c.OlderRoot[31] ^= 1 })
		add("an older log that is larger", func(c *vectors.RFC6962) { c.OlderSize = ptr(c.Size + 1) })
	}
	return out
}
