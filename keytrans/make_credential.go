package keytrans

import (
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// ErrNoCredential says that a search's outcome makes no credential of the type
// that was asked for.
var ErrNoCredential = errors.New("no such credential can be made of that")

// NewStandardCredential makes a standard credential out of a verified search for
// the greatest version of a label, and the response in which it was found. The
// log's rightmost distinguished entry must contain the version; if it does not,
// the error wraps ErrNoCredential.
func NewStandardCredential(label []byte, r *SearchResult, p *SearchResponse) (*Credential, error) {
	// The search begins at that entry, with a ladder that leaves nothing out.
	if r.Monitor || p.Version == nil || len(p.Search.PrefixProofs) == 0 {
		return nil, fmt.Errorf("%w: the version is newer than every distinguished log entry", ErrNoCredential)
	}
	return &Credential{
		Label: label, Version: r.Version, Opening: p.Opening, Value: p.Value, BinaryLadder: p.BinaryLadder,
		Position: r.Terminal, Type: StandardCredential, Distinguished: p.Search.PrefixProofs[0],
	}, nil
}

// ProvisionalCredential makes a provisional credential that relies on the recent
// distinguished entry with which the log of base ends. It verifies the response to
// a search for the label's greatest version that was sent with base.Last(), at the
// time now. auditor is the auditor's head in the user's own view, if there is one.
//
// The result is what a receiver learns. Its View is not the user's own: before the
// credential is handed out, the two must be found to be of one log. The error
// wraps ErrNoCredential if the log has not grown beyond base, or if the version
// is included in the entry that base ends with.
func (v *Verifier) ProvisionalCredential(base *View, auditor *AuditorTreeHead, q *SearchRequest, p *SearchResponse, now time.Time) (*Credential, *CredentialResult, error) {
	if p.FullTreeHead.TreeHead == nil || p.Version == nil {
		return nil, nil, fmt.Errorf("%w: there are no log entries beyond the distinguished one", ErrNoCredential)
	}
	view := *base
	view.AuditorTreeHead = auditor
	r, err := v.Search(&view, q, p, now)
	if err != nil {
		return nil, nil, err
	}
	if r.Terminal < base.Head.TreeSize {
		return nil, nil, fmt.Errorf("%w: the version is included in the distinguished log entry", ErrNoCredential)
	}
	c := &Credential{
		Label: q.Label, Version: r.Version, Opening: p.Opening, Value: p.Value, BinaryLadder: p.BinaryLadder,
		Position: base.Head.TreeSize - 1, Type: ProvisionalCredential, TreeHead: *p.FullTreeHead.TreeHead, Search: p.Search,
	}
	if c.Search.Inclusion, err = r.inclusionAfter(base.Head.TreeSize); err != nil {
		return nil, nil, err
	}
	result, err := v.Credential(Recent{base}, c)
	return c, result, err
}

// inclusionAfter returns the inclusion proof of Entries for a user who has the log
// of old entries, and no auditor's head to verify.
func (v *Verified) inclusionAfter(old uint64) ([]merkle.Hash, error) {
	var leaves []uint64
	for _, e := range v.Entries {
		leaves = append(leaves, e.Position)
	}
	var out []merkle.Hash
	for _, n := range logtree.Proof(v.View.Head.TreeSize, old, leaves) {
		h, ok := v.tree.Value(n)
		if !ok {
			return nil, errors.New("the proof lacks a node that it was verified with")
		}
		out = append(out, h)
	}
	return out, nil
}
