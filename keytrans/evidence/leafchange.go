package evidence

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// LeafChange is a leaf in the prefix tree of one log entry that the prefix tree of a
// later one lacks, or has with another commitment. Both entries are in one signed
// checkpoint of the public log.
type LeafChange struct {
	// SearchKey is the leaf's, a VRF output.
	SearchKey Hash       `json:"search_key"`
	Before    LeafSearch `json:"before"`
	After     LeafSearch `json:"after"`
}

// LeafSearch is a search for one key in the prefix tree of a log entry.
type LeafSearch struct {
	// Entry is the proof (C2SP tlog-proof) of the log entry, with its 40 bytes as extra
	// data.
	Entry string `json:"entry"`
	// Commitment is what the leaf has, nil if there is no leaf.
	Commitment *Hash `json:"commitment,omitempty"`
	// Proof is the encoding of the PrefixProof for the search key alone.
	Proof []byte `json:"proof"`
}

func (e *Evidence) verifyPrefixTree() (*Proof, error) {
	cfg, err := keytrans.ParseConfiguration(e.Configuration)
	if err != nil {
		return nil, err
	}
	policy, err := logPolicy(e.Log)
	if err != nil {
		return nil, err
	}
	c := e.PrefixTree
	before, err := c.Before.verify(policy, c.SearchKey)
	if err != nil {
		return nil, fmt.Errorf("the first entry: %w", err)
	}
	after, err := c.After.verify(policy, c.SearchKey)
	if err != nil {
		return nil, fmt.Errorf("the second entry: %w", err)
	}
	had, has := c.Before.Commitment, c.After.Commitment
	switch {
	case before.signed.Checkpoint != after.signed.Checkpoint:
		return nil, errors.New("the entries are in two checkpoints")
	case before.index >= after.index:
		return nil, fmt.Errorf("entry %d does not come after entry %d", after.index, before.index)
	case had == nil:
		return nil, fmt.Errorf("entry %d does not have the leaf", before.index)
	case has != nil && *has == *had:
		return nil, errors.New("both entries have the very leaf")
	}
	p := &Proof{Rule: ruleLeavesStay}
	key := hex.EncodeToString(c.SearchKey[:])
	if has != nil {
		p.Found = fmt.Sprintf("the leaf with the search key %s has one commitment in log entry %d, and another in entry %d", key, before.index, after.index)
		return p, nil
	}
	if cfg.MaximumLifetime != nil {
		return nil, errors.New("the log has a maximum lifetime, and the leaf may have gone for its age")
	}
	p.Found = fmt.Sprintf("log entry %d has the leaf with the search key %s, and entry %d lacks it", before.index, key, after.index)
	return p, nil
}

// verify returns the log entry, in whose prefix tree the search ends as s says.
func (s *LeafSearch) verify(policy *checkpoint.Policy, key Hash) (*provenEntry, error) {
	entry, err := openEntry(policy, s.Entry)
	if err != nil {
		return nil, err
	}
	proof, err := keytrans.ParsePrefixProof(s.Proof)
	if err != nil {
		return nil, err
	}
	root, err := proof.Root([]prefixtree.Key{prefixtree.Key(key)}, []*merkle.Hash{(*merkle.Hash)(s.Commitment)})
	if err != nil {
		return nil, err
	}
	if root != entry.PrefixTree {
		return nil, fmt.Errorf("the search is not one in the prefix tree of entry %d", entry.index)
	}
	return entry, nil
}
