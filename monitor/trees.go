package monitor

import (
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// trees are both trees over the same log entries: that of RFC 6962, whose root is
// in checkpoints, and the log tree of KEYTRANS, whose root the directory's heads
// sign. It keeps the right edge of each, and no entry.
type trees struct {
	rfc *compact.Range
	log []merkle.Hash // of logtree.FullSubtrees
}

var rfcFactory = &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// newTrees returns the trees over no entries.
func newTrees() *trees { return &trees{rfc: rfcFactory.NewEmptyRange(0)} }

// size returns the number of entries.
func (t *trees) size() uint64 { return t.rfc.End() }

// append appends a log entry to both trees.
func (t *trees) append(e keytrans.LogEntry) {
	data := e.Marshal()
	subtrees, err := logtree.Append(t.size(), t.log, e.Hash(), func(logtree.Node, merkle.Hash) {})
	if err == nil {
		err = t.rfc.Append(rfc6962.DefaultHasher.HashLeaf(data), nil)
	}
	if err != nil {
		panic("monitor: appending to the trees: " + err.Error())
	}
	t.log = subtrees
}

// root returns the RFC 6962 root.
func (t *trees) root() merkle.Hash {
	if t.size() == 0 {
		return merkle.Hash(rfc6962.DefaultHasher.EmptyRoot())
	}
	root, err := t.rfc.GetRootHash(nil)
	if err != nil {
		panic("monitor: the root of a compact range: " + err.Error())
	}
	return merkle.Hash(root)
}

// logRoot returns the root of the log tree of KEYTRANS, the zero Hash if there are
// no entries.
func (t *trees) logRoot() merkle.Hash {
	if t.size() == 0 {
		return merkle.Hash{}
	}
	root, err := logtree.Root(t.size(), t.log)
	if err != nil {
		panic("monitor: the root of a log tree: " + err.Error())
	}
	return root
}
