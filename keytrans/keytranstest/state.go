package keytranstest

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// State is a Log when it had so many entries: a keytrans.Log. The fields of a
// copy may be changed, to lie.
type State struct {
	TreeHead keytrans.TreeHead
	// Auditor is the head of an auditor who has processed all of the entries. It
	// is nil unless an auditor signs the log's heads.
	Auditor *keytrans.AuditorTreeHead

	log *Log
}

var _ keytrans.Log = (*State)(nil)

// At returns the log's state with size entries, at least one. Calls with the same
// size return the same State, which must not be modified.
func (l *Log) At(size uint64) *State {
	s, ok := l.states[size]
	if !ok {
		s = &State{TreeHead: *must(keytrans.SignTreeHead(l.Config, l.Keys.Signer, size, l.Root(size))), log: l}
		if l.Keys.Auditor != nil {
			s.Auditor = l.SignAuditorHead(l.entries[size-1].Timestamp, size)
		}
		l.states[size] = s
	}
	return s
}

// SignAuditorHead returns the auditor's signature over the log when it had size
// entries, with a timestamp of the caller's choice.
func (l *Log) SignAuditorHead(timestamp, size uint64) *keytrans.AuditorTreeHead {
	return must(keytrans.SignAuditorTreeHead(l.Config, l.Keys.Auditor, timestamp, size, l.Root(size)))
}

// ChangeAuditor gives the log another auditor, who follows from a seed and began
// with the entry at start. States that were returned before keep the old one.
func (l *Log) ChangeAuditor(seed string, start uint64) {
	keys, config := *l.Keys, *l.Config
	keys.Auditor = NewKeys(config.Suite, config.Mode, seed).Auditor
	config.AuditorPublicKey, config.AuditorStartPos = keys.Auditor.Public(), start
	l.Keys, l.Config = &keys, &config
	clear(l.states)
}

// Log returns the log that s is a state of.
func (s *State) Log() *Log { return s.log }

// Head implements keytrans.Log.
func (s *State) Head() keytrans.TreeHead { return s.TreeHead }

// AuditorHead implements keytrans.Log.
func (s *State) AuditorHead() *keytrans.AuditorTreeHead { return s.Auditor }

// Entry implements keytrans.Log.
func (s *State) Entry(pos uint64) (keytrans.LogEntry, error) {
	if pos >= s.TreeHead.TreeSize {
		return keytrans.LogEntry{}, fmt.Errorf("entry %d read beyond the log of %d entries", pos, s.TreeHead.TreeSize)
	}
	return s.log.entries[pos], nil
}

// PrefixTree implements keytrans.Log.
func (s *State) PrefixTree(pos uint64) (prefixtree.Node, error) {
	if pos >= s.TreeHead.TreeSize {
		return nil, fmt.Errorf("prefix tree %d read beyond the log of %d entries", pos, s.TreeHead.TreeSize)
	}
	return s.log.trees[pos].node(), nil
}

// LogNodes implements logtree.Reader.
func (s *State) LogNodes(nodes []logtree.Node) ([]merkle.Hash, error) {
	var out []merkle.Hash
	for _, n := range nodes {
		h, ok := s.log.nodes[n]
		if _, hi := n.Range(); !ok || hi > s.TreeHead.TreeSize {
			return nil, fmt.Errorf("node %v read beyond the log of %d entries", n, s.TreeHead.TreeSize)
		}
		out = append(out, h)
	}
	return out, nil
}
