package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// The part of the state file that belongs to the witness policy. It is left out
// without one.

type witnessJSON struct {
	Policy     []byte        `json:"policy"`
	Once       bool          `json:"once,omitempty"`
	Checkpoint []byte        `json:"checkpoint,omitempty"` // a signed note
	Pending    []pendingJSON `json:"pending"`
}

type pendingJSON struct {
	evidence.Entry                      // whose Proof is not set
	FirstSeen      time.Time            `json:"first_seen"`
	Proof          *evidence.EntryProof `json:"proof,omitempty"`
}

func witnessToJSON(w *witnessing) *witnessJSON {
	if w == nil {
		return nil
	}
	j := &witnessJSON{Policy: w.policy.text, Once: w.once, Pending: []pendingJSON{}}
	if w.last != nil {
		j.Checkpoint = w.last.Note
	}
	for _, e := range w.pending {
		p := pendingJSON{Entry: evidence.NewEntry(e.Entry), FirstSeen: e.firstSeen}
		if e.head.TreeSize > 0 {
			p.Proof = &evidence.EntryProof{TreeSize: e.head.TreeSize, Signature: e.head.Signature, Path: evidence.Hashes(e.path)}
		}
		j.Pending = append(j.Pending, p)
	}
	return j
}

// witness decodes what is kept for a directory under a policy.
func (j *witnessJSON) witness(directory string) (*witnessing, error) {
	if j == nil {
		return nil, nil
	}
	p, err := parsePolicy(j.Policy, directory, true)
	if err != nil {
		return nil, fmt.Errorf("the witness policy: %w", err)
	}
	w := &witnessing{policy: p, once: j.Once}
	if j.Checkpoint != nil {
		if w.last = p.quorate(j.Checkpoint); w.last == nil {
			return nil, errors.New("the retained checkpoint does not have the quorum of the witness policy")
		}
	}
	for _, e := range j.Pending {
		entry := pendingEntry{Entry: e.Keytrans(), firstSeen: e.FirstSeen}
		if e.Proof != nil {
			if e.Proof.TreeSize == 0 {
				return nil, fmt.Errorf("the proof of pending entry %d is of an empty log", e.Position)
			}
			entry.head = keytrans.TreeHead{TreeSize: e.Proof.TreeSize, Signature: e.Proof.Signature}
			entry.path = evidence.MerkleHashes(e.Proof.Path)
		}
		w.pending = append(w.pending, entry)
	}
	return w, nil
}
