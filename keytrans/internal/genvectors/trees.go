package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

func init() {
	files["log-tree"] = logTrees
	files["prefix-tree"] = prefixTrees
	files["auditor-update"] = auditorUpdates
}

// logTrees has a log of 40 entries and batch proofs of it, as the reference has
// them.
func logTrees() file {
	f := &vectors.File[vectors.LogTree]{Notes: []string{
		"The log tree. The first case is a log: entries, the encodings of their LogEntry structures, the hashes of those, which are the leaves, and roots, of the first 1, 2, 3 entries and so on. All other cases are about this log.",
		"They are batch proofs for a verifier of a log of size entries who has retained the heads of the full subtrees of its first retained_size entries, retained_heads, and has the leaves at the positions of leaves. nodes are the nodes that the proof consists of, as pairs: [level, index] is the head of the balanced subtree over the entries from index*2^level to (index+1)*2^level-1. elements are their values, root is the root of the log that they lead to.",
		"auditor_size: the root of the log's first so many entries has to follow from the proof, too, as for the verifier of an auditor's head.",
		"refused: leaf_values and elements must be refused, either on their own or because they lead to another root than the given one.",
	}}
	const n = 40
	log := vectors.LogTree{Name: "the log"}
	var leaves [][32]byte
	for i := range uint64(n) {
		e := vectors.Entry{Position: i, Timestamp: 1_000_000 + 1000*i, PrefixTree: vectors.Hash(sum("prefix tree", i))}
		leaf := naive.LeafHash(e.Timestamp, e.PrefixTree)
		leaves = append(leaves, leaf)
		log.Entries = append(log.Entries, e)
		log.Encodings = append(log.Encodings, append(binary.BigEndian.AppendUint64(nil, e.Timestamp), e.PrefixTree[:]...))
		log.LeafHashes = append(log.LeafHashes, leaf)
		log.Roots = append(log.Roots, naive.LogRoot(leaves))
	}
	f.Cases = append(f.Cases, log)
	for _, size := range []uint64{1, 2, 3, 5, 8, 13, 32, 33, 40} {
		for _, old := range []uint64{0, size / 2, size * 3 / 4, size - 1, size} {
			for i, chosen := range [][]uint64{{}, {0}, {size - 1}, {size / 3, size / 2, size - 1}} {
				chosen = slices.Compact(chosen)
				audited := uint64(0)
				if i == 3 && old < size {
					audited = max(1, size-size/3)
				}
				if c, ok := logProof(leaves, size, old, chosen, audited); ok {
					f.Cases = append(f.Cases, c)
					f.Cases = append(f.Cases, wrongLogProofs(c)...)
				}
			}
		}
	}
	f.Cases = slices.CompactFunc(f.Cases, func(a, b vectors.LogTree) bool { return a.Name == b.Name })
	return f
}

// logProof is the proof for a verifier; ok is false if a name would recur.
func logProof(leaves [][32]byte, size, old uint64, chosen []uint64, audited uint64) (c vectors.LogTree, ok bool) {
	last := &old
	if old == 0 {
		last = nil
	}
	c = vectors.LogTree{
		Name: fmt.Sprintf("%d entries, %d retained, leaves %v", size, old, chosen), Size: size, Old: old, Leaves: chosen,
		Root: ptr(vectors.Hash(naive.LogRoot(leaves[:size]))),
	}
	if audited > 0 {
		c.Earlier = &audited
		c.Name += fmt.Sprintf(", audited %d", audited)
	}
	for _, r := range naive.FullSubtrees(old) {
		c.Heads = append(c.Heads, naive.LogSubtree(leaves, r.Lo, r.Hi))
	}
	for _, pos := range chosen {
		c.Values = append(c.Values, leaves[pos])
	}
	for _, r := range naive.Inclusion(size, chosen, last, audited) {
		level := bits.TrailingZeros64(r.Hi - r.Lo)
		c.Nodes = append(c.Nodes, [2]uint64{uint64(level), r.Lo >> level})
		c.Elements = append(c.Elements, naive.LogSubtree(leaves, r.Lo, r.Hi))
	}
	return c, old != 1 || size > 2
}

func wrongLogProofs(c vectors.LogTree) (out []vectors.LogTree) {
	if c.Size != 13 && c.Size != 40 {
		return nil
	}
	add := func(name string, change func(c *vectors.LogTree)) {
		wrong := c
		wrong.Name, wrong.Nodes, wrong.Refused = c.Name+": "+name, nil, true
		wrong.Elements, wrong.Values = slices.Clone(c.Elements), slices.Clone(c.Values)
		change(&wrong)
		out = append(out, wrong)
	}
	add("an element too many", func(c *vectors.LogTree) { c.Elements = append(c.Elements, vectors.Hash{1}) })
	if n := len(c.Elements); n > 0 {
		add("an element missing", func(c *vectors.LogTree) { c.Elements = c.Elements[:n-1] })
		add("another element", func(c *vectors.LogTree) { c.Elements[0][0] ^= 1 })
	}
	if len(c.Values) > 0 {
		add("another leaf", func(c *vectors.LogTree) { c.Values[0][0] ^= 1 })
	}
	return out
}

// auditorUpdates has the updates of an audited log, honest and otherwise.
func auditorUpdates() file {
	f := &vectors.File[vectors.AuditorUpdate]{Notes: []string{
		"What a Third-Party Auditor is told. auditor_update is an AuditorUpdate, previous the log entry before (absent for the first entry of a log), entry the log entry that follows from them: steps 1 to 4, 6 and 7 of the auditor's algorithm. Step 5 takes the log's history: see auditor.json.",
		"refusal: malformed, if auditor_update is not an encoding of the structure; invalid, if a step refuses it; undetermined, if it leaves open what the new prefix tree is: a leaf was removed, and the proof does not reveal whether its sibling is a leaf, which would move up, or a parent. An auditor must not sign what it had to guess.",
	}}
	d := deployments[2]
	require(d.mode == keytrans.ThirdPartyAuditing, "deployments")
	p := sparse(d, 16)
	p.lies = map[uint64][]keytranstest.Change{
		9:  {keytranstest.PutValue("alice", 2, "another value")}, // a replacement
		11: {keytranstest.Remove("alice", 0), keytranstest.Remove("alice", 1)},
		12: {keytranstest.Restore("alice", 0)},
		14: {keytranstest.Remove("bob", 0)},
		15: {keytranstest.Clear()},
	}
	h := p.make()
	var previous *vectors.Entry
	for pos, e := range h.Entries() {
		u := h.AuditorUpdate(uint64(pos))
		entry := &vectors.Entry{Position: uint64(pos), Timestamp: e.Timestamp, PrefixTree: vectors.Hash(e.PrefixTree)}
		c := vectors.AuditorUpdate{
			Name:     fmt.Sprintf("entry %d: %d added, %d removed", pos, len(u.Added), len(u.Removed)),
			Previous: previous, Update: must(u.Marshal()), Entry: entry,
		}
		if _, err := vectors.Replay(c.Previous, c.Update); err != nil {
			c.Refusal, c.Entry = vectors.AuditorRefusal(err), nil
			require(c.Refusal == "undetermined", "%s: %v", c.Name, err)
		}
		f.Cases = append(f.Cases, c)
		if pos == 0 || pos == 5 || pos == 9 || pos == 11 {
			f.Cases = append(f.Cases, wrongUpdates(c)...)
		}
		previous = entry
	}
	return f
}

func wrongUpdates(c vectors.AuditorUpdate) (out []vectors.AuditorUpdate) {
	refused := func(name, refusal string, update []byte) {
		wrong := c
		wrong.Name, wrong.Update, wrong.Entry, wrong.Refusal = c.Name+": "+name, update, nil, refusal
		_, err := vectors.Replay(wrong.Previous, wrong.Update)
		require(vectors.AuditorRefusal(err) == refusal, "%s: %v", wrong.Name, err)
		out = append(out, wrong)
	}
	change := func(name string, edit func(u *keytrans.AuditorUpdate) bool) {
		u := must(keytrans.ParseAuditorUpdate(c.Update))
		if edit(u) {
			refused(name, "invalid", must(u.Marshal()))
		}
	}
	refused("a trailing byte", vectors.Malformed, append(bytes.Clone(c.Update), 0))
	refused("a byte missing", vectors.Malformed, c.Update[:len(c.Update)-1])
	change("a timestamp before the previous entry's", func(u *keytrans.AuditorUpdate) bool {
		u.Timestamp = 999_999
		return c.Previous != nil
	})
	change("added leaves out of order", func(u *keytrans.AuditorUpdate) bool { slices.Reverse(u.Added); return len(u.Added) > 1 })
	change("an added leaf twice", func(u *keytrans.AuditorUpdate) bool { return add(&u.Added, u.Added[len(u.Added)-1]) })
	change("an added leaf that the proof does not cover", func(u *keytrans.AuditorUpdate) bool {
		u.Added = append(u.Added, u.Added[len(u.Added)-1])
		u.Added[len(u.Added)-1].Key[31] ^= 1
		return true
	})
	change("a removed leaf that does not exist", func(u *keytrans.AuditorUpdate) bool {
		u.Removed = append(u.Removed, u.Added[0])
		u.Removed = u.Removed[len(u.Removed)-1:]
		return c.Previous != nil
	})
	change("another removed commitment", func(u *keytrans.AuditorUpdate) bool {
		if len(u.Removed) == 0 {
			return false
		}
		u.Removed[0].Commitment[0] ^= 1
		return true
	})
	change("a result missing", func(u *keytrans.AuditorUpdate) bool { return dropLast(&u.Proof.Results) })
	change("an element missing", func(u *keytrans.AuditorUpdate) bool { return dropLast(&u.Proof.Elements) })
	change("another element", func(u *keytrans.AuditorUpdate) bool { return changeHash(u.Proof.Elements) })
	return out
}
