package clienttest

import (
	"bytes"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// snapshot is the directory's present state as a keytrans.Log.
type snapshot struct {
	d       *Directory
	size    uint64
	entries []keytrans.LogEntry
	leaves  []leaf
	head    keytrans.TreeHead
}

func (d *Directory) snapshot() *snapshot {
	return &snapshot{d: d, size: uint64(len(d.entries)), entries: d.entries, leaves: d.leaves, head: d.head}
}

func (s *snapshot) Head() keytrans.TreeHead { return s.head }

func (s *snapshot) AuditorHead() *keytrans.AuditorTreeHead { return nil }

func (s *snapshot) Entry(pos uint64) (keytrans.LogEntry, error) { return s.entries[pos], nil }

func (s *snapshot) PrefixTree(pos uint64) (prefixtree.Node, error) { return s.prefixTree(pos), nil }

func (s *snapshot) prefixTree(pos uint64) prefixtree.Node {
	var leaves []prefixtree.Leaf
	for _, l := range s.leaves {
		if l.position <= pos && (l.removed == nil || pos < *l.removed) {
			leaves = append(leaves, l.Leaf)
		}
	}
	slices.SortFunc(leaves, func(a, b prefixtree.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return trie(leaves, 0)
}

func (s *snapshot) LogNodes(nodes []logtree.Node) ([]merkle.Hash, error) {
	var out []merkle.Hash
	for _, n := range nodes {
		out = append(out, s.logNode(n))
	}
	return out, nil
}

func (s *snapshot) logNode(n logtree.Node) merkle.Hash {
	if n.Level == 0 {
		return s.entries[n.Index].Hash()
	}
	l := s.logNode(logtree.Node{Level: n.Level - 1, Index: 2 * n.Index})
	r := s.logNode(logtree.Node{Level: n.Level - 1, Index: 2*n.Index + 1})
	return logtree.ParentHash(l, n.Level == 1, r, n.Level == 1)
}

// node is a node of a prefix tree over sorted leaves.
type node struct {
	leaves []prefixtree.Leaf
	depth  int
}

func trie(leaves []prefixtree.Leaf, depth int) prefixtree.Node {
	if len(leaves) == 0 {
		return nil
	}
	return node{leaves, depth}
}

func (n node) Leaf() (prefixtree.Leaf, bool, error) { return n.leaves[0], len(n.leaves) == 1, nil }

func (n node) Children() (left, right prefixtree.Node, err error) {
	i := slices.IndexFunc(n.leaves, func(l prefixtree.Leaf) bool {
		return l.Key[n.depth/8]>>(7-n.depth%8)&1 == 1
	})
	if i < 0 {
		i = len(n.leaves)
	}
	return trie(n.leaves[:i], n.depth+1), trie(n.leaves[i:], n.depth+1), nil
}

func (n node) Hash() merkle.Hash {
	if l, ok, _ := n.Leaf(); ok {
		return prefixtree.LeafHash(l)
	}
	var h [2]merkle.Hash
	left, right, _ := n.Children()
	for i, child := range []prefixtree.Node{left, right} {
		if child != nil {
			h[i] = child.Hash()
		}
	}
	return prefixtree.ParentHash(h[0], h[1])
}

// label is one label as a keytrans.Label.
type label struct {
	d        *Directory
	name     []byte
	versions []version
}

func (d *Directory) label(name []byte) *label { return &label{d, name, d.labels[string(name)]} }

func (l *label) Greatest(pos uint64) (*uint32, error) {
	var out *uint32
	for i := range l.versions {
		if v := uint32(i); l.versions[i].position <= pos {
			out = &v
		}
	}
	return out, nil
}

func (l *label) Inserted(v uint32) (uint64, error) { return l.versions[v].position, nil }

func (l *label) SearchKey(v uint32) (merkle.Hash, error) {
	return merkle.Hash(l.d.vrf.Evaluate(must(keytrans.VRFInput(l.name, v)))), nil
}

func (l *label) ProveKey(v uint32) ([]byte, error) {
	_, proof := l.d.vrf.Prove(must(keytrans.VRFInput(l.name, v)))
	return proof, nil
}

func (l *label) Commitment(v uint32) (merkle.Hash, error) { return l.versions[v].commitment, nil }

func (l *label) Open(v uint32) (keytrans.Opening, keytrans.UpdateValue, error) {
	return l.versions[v].opening, keytrans.UpdateValue{Value: l.versions[v].value}, nil
}

// Entries returns the log entries, which anybody can read.
func (d *Directory) Entries() []keytrans.LogEntry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.entries)
}

// Nodes returns log tree nodes, which anybody can compute from Entries.
func (d *Directory) Nodes(nodes []logtree.Node) []merkle.Hash {
	d.mu.Lock()
	defer d.mu.Unlock()
	return must(d.snapshot().LogNodes(nodes))
}
