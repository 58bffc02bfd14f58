package keytranstest

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// Change is a part of what a log entry changes.
type Change func(*making)

// making is a log entry on its way.
type making struct {
	log  *Log
	pos  uint64
	tree *tree
}

// Create makes new versions of a label, one for each value.
func Create(label string, values ...string) Change {
	return func(m *making) {
		for _, value := range values {
			m.record(label, m.log.secrets.version(m.log.Config, label, m.next(label), []byte(value)))
		}
	}
}

// Skip makes n versions of a label with an all-zero commitment, as a Third-Party
// Manager does for versions that the Service Operator has already counted.
func Skip(label string, n int) Change {
	return func(m *making) {
		for range n {
			m.record(label, Version{Number: m.next(label), Skipped: true})
		}
	}
}

// Pad adds n leaves that belong to no label.
func Pad(n int) Change {
	return func(m *making) {
		for i := range n {
			key := derive(m.log.secrets.seed, "padding", m.pos, i)
			m.tree = m.tree.put(prefixtree.Leaf{Key: prefixtree.Key(key), Commitment: merkle.Hash(derive(key))}, 0)
		}
	}
}

// Put sets the commitment of a label's version in the prefix tree, whether it
// exists or not, and records nothing. No honest log does that.
func Put(label string, version uint32, commitment merkle.Hash) Change {
	return func(m *making) {
		m.tree = m.tree.put(prefixtree.Leaf{Key: m.log.key(label, version), Commitment: commitment}, 0)
	}
}

// PutValue is Put of a commitment to a value, with an opening of its own.
func PutValue(label string, version uint32, value string) Change {
	return func(m *making) {
		Put(label, version, m.log.secrets.version(m.log.Config, label, version, []byte(value)).Commitment)(m)
	}
}

// PutLeaf sets the commitment at any search key.
func PutLeaf(leaf prefixtree.Leaf) Change {
	return func(m *making) { m.tree = m.tree.put(leaf, 0) }
}

// Sink moves the leaf of a label's version one level down from where it belongs.
func Sink(label string, version uint32) Change {
	return func(m *making) {
		key := m.log.key(label, version)
		m.tree = m.tree.sink(&key, 0)
	}
}

// Remove removes a label's version from the prefix tree, and nothing from the
// log's records.
func Remove(label string, version uint32) Change {
	return func(m *making) {
		key := m.log.key(label, version)
		m.tree = m.tree.remove(&key, 0)
	}
}

// Forget removes the greatest version of a label from the prefix tree and from the
// log's records, also for earlier entries.
func Forget(label string) Change {
	return func(m *making) {
		versions := m.log.labels[label]
		last := len(versions) - 1
		Remove(label, versions[last].Number)(m)
		m.log.labels[label] = versions[:last:last]
	}
}

// Restore puts a label's version back into the prefix tree as recorded.
func Restore(label string, version uint32) Change {
	return func(m *making) { Put(label, version, m.log.labels[label][version].Commitment)(m) }
}

// Clear empties the prefix tree, the root of which is then all zero.
func Clear() Change {
	return func(m *making) { m.tree = nil }
}

func (m *making) next(label string) uint32 { return uint32(len(m.log.labels[label])) }

// record adds a version to the log's records and to the prefix tree.
func (m *making) record(label string, v Version) {
	v.Position = m.pos
	m.log.labels[label] = append(m.log.labels[label], v)
	key := m.log.key(label, v.Number)
	if m.tree.get(&key) != nil {
		panic(fmt.Sprintf("keytranstest: version %d of a label exists", v.Number))
	}
	m.tree = m.tree.put(prefixtree.Leaf{Key: key, Commitment: v.Commitment}, 0)
}
