package evidence

import (
	"bytes"
	"encoding/hex"
	"errors"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Hash is a hash whose JSON is lower-case hexadecimal.
type Hash merkle.Hash

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(h) || !bytes.Equal(text, bytes.ToLower(text)) {
		return errors.New("a hash is 64 lower-case hexadecimal digits")
	}
	copy(h[:], b)
	return nil
}

// Hashes converts a list. An empty one is not null in JSON.
func Hashes(list []merkle.Hash) []Hash {
	out := []Hash{}
	for _, h := range list {
		out = append(out, Hash(h))
	}
	return out
}

// MerkleHashes is the inverse of Hashes. An empty list is nil.
func MerkleHashes(list []Hash) []merkle.Hash {
	var out []merkle.Hash
	for _, h := range list {
		out = append(out, merkle.Hash(h))
	}
	return out
}

// View is a keytrans.View as it is stored and put into evidence.
type View struct {
	TreeSize  uint64           `json:"tree_size"`
	Signature []byte           `json:"signature"`
	Subtrees  []Hash           `json:"full_subtrees"`
	Frontier  []Entry          `json:"frontier"`
	Auditor   *AuditorTreeHead `json:"auditor_tree_head,omitempty"`
}

// AuditorTreeHead is a keytrans.AuditorTreeHead.
type AuditorTreeHead struct {
	Timestamp uint64 `json:"timestamp"`
	TreeSize  uint64 `json:"tree_size"`
	Signature []byte `json:"signature"`
}

// Entry is a log entry at its position. Proof is what proves it to others.
type Entry struct {
	Position   uint64      `json:"position"`
	Timestamp  uint64      `json:"timestamp"`
	PrefixTree Hash        `json:"prefix_tree"`
	Proof      *EntryProof `json:"proof,omitempty"`
}

// EntryProof proves that a signed head covers a log entry.
type EntryProof struct {
	TreeSize  uint64 `json:"tree_size"`
	Signature []byte `json:"signature"`
	// Path has the elements of logtree.Proof for the entry alone.
	Path []Hash `json:"path"`
	// Configuration is what the head is signed under, if it had another auditor.
	Configuration []byte `json:"configuration,omitempty"`
}

// NewEntry returns a log entry without a proof.
func NewEntry(e keytrans.Entry) Entry {
	return Entry{Position: e.Position, Timestamp: e.Timestamp, PrefixTree: Hash(e.PrefixTree)}
}

// Keytrans returns the log entry itself.
func (e *Entry) Keytrans() keytrans.Entry {
	return keytrans.Entry{
		Position: e.Position,
		LogEntry: keytrans.LogEntry{Timestamp: e.Timestamp, PrefixTree: merkle.Hash(e.PrefixTree)},
	}
}

// NewView returns a view for JSON, with the proofs that there are.
func NewView(v *keytrans.View, proofs Proofs) *View {
	j := &View{TreeSize: v.Head.TreeSize, Signature: v.Head.Signature, Subtrees: Hashes(v.Subtrees), Frontier: []Entry{}}
	for _, e := range v.Frontier {
		one := NewEntry(e)
		one.Proof = proofs[e.Position]
		j.Frontier = append(j.Frontier, one)
	}
	if a := v.AuditorTreeHead; a != nil {
		j.Auditor = &AuditorTreeHead{a.Timestamp, a.TreeSize, a.Signature}
	}
	return j
}

// Keytrans returns the view itself.
func (v *View) Keytrans() *keytrans.View {
	out := &keytrans.View{Head: keytrans.TreeHead{TreeSize: v.TreeSize, Signature: v.Signature}, Subtrees: MerkleHashes(v.Subtrees)}
	for i := range v.Frontier {
		out.Frontier = append(out.Frontier, v.Frontier[i].Keytrans())
	}
	if a := v.Auditor; a != nil {
		out.AuditorTreeHead = &keytrans.AuditorTreeHead{Timestamp: a.Timestamp, TreeSize: a.TreeSize, Signature: a.Signature}
	}
	return out
}

// Proofs are what proves the entries of a view's frontier to others, by position.
// The head of a view covers its full subtrees, and not visibly the entries in them:
// without these proofs, who accuses a directory could have made the entries up. The
// map is not modified.
type Proofs map[uint64]*EntryProof

// Proofs returns those that are in v.
func (v *View) Proofs() Proofs {
	out := make(Proofs)
	for _, e := range v.Frontier {
		if e.Proof != nil {
			out[e.Position] = e.Proof
		}
	}
	return out
}

// Next returns the proofs for the frontier of the view that a verified response leads
// to, if p are those of the view before.
func (p Proofs) Next(v *keytrans.Verified) Proofs {
	out := make(Proofs)
	for _, e := range v.View.Frontier {
		if old := p[e.Position]; old != nil {
			out[e.Position] = old
			continue
		}
		if path, ok := v.Inclusion(e.Position); ok {
			head := v.View.Head
			out[e.Position] = &EntryProof{TreeSize: head.TreeSize, Signature: head.Signature, Path: Hashes(path)}
		}
	}
	return out
}

// Under returns the proofs for use where another Configuration is pinned, which has
// another auditor. configuration is the one before.
func (p Proofs) Under(configuration []byte) Proofs {
	out := make(Proofs)
	for pos, one := range p {
		c := *one
		if c.Configuration == nil {
			c.Configuration = configuration
		}
		out[pos] = &c
	}
	return out
}
