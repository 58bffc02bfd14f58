package keytrans

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// ErrNotRecent says that the user knows of no recent distinguished log entry
// where a credential, or its update, relies on one: it has expired, or the user's
// view is older. That is no reason to ask the log.
var ErrNotRecent = errors.New("no recent distinguished log entry is known there")

// CredentialResult is a verified credential.
type CredentialResult struct {
	Label   []byte
	Version uint32
	Value   UpdateValue
	// Commitment is the commitment to Value that was proven.
	Commitment merkle.Hash
	// Provisional is nil if the credential is a standard one. If not, the
	// credential is verified initially, and Provisional is what it takes to verify
	// it finally.
	Provisional *Provisional
}

// Provisional is what a provisional credential that was verified initially says
// of the log. It belongs to that credential alone: nothing else is to be verified
// against it. It is not modified.
type Provisional struct {
	// View is the log under the credential's tree head.
	View *View
	// Terminal is the terminal log entry of the credential's search, and Version
	// the greatest version in it.
	Terminal Entry
	Version  uint32

	tree Verified
	keys map[uint32]VersionKey
}

// Credential verifies a credential against the recent distinguished heads that
// the user retains; a provisional one initially. It has no effect on anything
// else, and asks for nothing. The error wraps ErrNotRecent if the user knows no
// head at the credential's position.
func (v *Verifier) Credential(recent Recent, c *Credential) (*CredentialResult, error) {
	// SPEC: implementations MUST NOT use a verification failure at this point as
	// a prompt to request updates from the Transparency Log.
	view := recent.At(c.Position)
	if view == nil {
		return nil, fmt.Errorf("%w: position %d", ErrNotRecent, c.Position)
	}
	if err := view.check(); err != nil {
		return nil, err
	}
	keys, err := v.searchKeys(c.Label, c.Version, c.response())
	if err != nil {
		return nil, err
	}
	r := &CredentialResult{Label: c.Label, Version: c.Version, Value: c.Value, Commitment: *keys[c.Version].Commitment}
	switch c.Type {
	case StandardCredential:
		err = v.standard(view, c, keys)
	case ProvisionalCredential:
		r.Provisional, err = v.provisional(view, c, keys)
	default:
		err = fmt.Errorf("%w: %v", ErrProof, c.Type)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// standard verifies that the entry at a standard credential's position, in the
// log that ends with it, has the credential's version as the greatest.
func (v *Verifier) standard(view *View, c *Credential, keys map[uint32]VersionKey) error {
	proof := CombinedTreeProof{PrefixProofs: []prefixtree.Proof{c.Distinguished}}
	s := v.start(view, &FullTreeHead{}, view.Head.TreeSize, proof, keys)
	order, err := s.searchLadder(c.Position, c.Version, completely)
	if err != nil {
		return err
	}
	if order != ladder.Equal {
		s.reject(fmt.Errorf("%w: the greatest version in entry %d is not %d", ErrProof, c.Position, c.Version))
	}
	if err := s.verifyValue(c.Label, c.Version, c.Value); err != nil {
		return err
	}
	_, err = s.conclude()
	return err
}

// provisional verifies a provisional credential initially.
func (v *Verifier) provisional(view *View, c *Credential, keys map[uint32]VersionKey) (*Provisional, error) {
	size := c.TreeHead.TreeSize
	if err := checkNewSize(view.Head.TreeSize, size); err != nil {
		return nil, err
	}
	head := c.TreeHead
	s := v.start(view, &FullTreeHead{TreeHead: &head}, size, c.Search, keys)
	if err := s.updateView(view.Head.TreeSize); err != nil {
		return nil, err
	}
	terminal, err := s.greatestVersion(c.Version)
	if err != nil {
		return nil, err
	}
	if terminal <= c.Position {
		s.reject(fmt.Errorf("%w: a standard credential could have been made in the place of the provisional one", ErrProof))
	}
	if err := s.verifyValue(c.Label, c.Version, c.Value); err != nil {
		return nil, err
	}
	verified, err := s.conclude()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(verified.Entries, func(e Entry) bool { return e.Position == terminal })
	if i < 0 {
		return nil, fmt.Errorf("%w: terminal entry %d was not proven", ErrProof, terminal)
	}
	return &Provisional{
		View: verified.View, Terminal: verified.Entries[i], Version: c.Version, tree: verified, keys: s.consumer.keys,
	}, nil
}

// Contradicts returns what a credential and one of the user's views cannot both
// say of one log, nil if there is nothing: both are under the log's signature.
// Requires a view that a Verifier returned.
func (p *Provisional) Contradicts(view *View) error {
	for i, n := range logtree.FullSubtrees(view.Head.TreeSize) {
		if h, ok := p.tree.tree.Value(n); ok && h != view.Subtrees[i] {
			lo, hi := n.Range()
			return fmt.Errorf("log entries %d to %d differ between a log of %d entries and one of %d",
				lo, hi-1, p.View.Head.TreeSize, view.Head.TreeSize)
		}
	}
	return nil
}

// Final verifies a provisional credential finally by the first of the two ways:
// its terminal entry has become distinguished. final is false if that has not
// happened as far as the user knows. The error is a *Misbehaviour if the
// credential and the retained heads are of two logs.
func (p *Provisional) Final(recent Recent) (final bool, err error) {
	for _, view := range recent {
		if err := view.check(); err != nil {
			return false, err
		}
		if err := p.Contradicts(view); err != nil {
			return false, &Misbehaviour{fmt.Errorf("the credential is of another log: %w", err)}
		}
	}
	// SPEC: compute the prefix tree root value of the terminal log entry. Verify
	// that this matches the user's retained state. A log that ends with a proven
	// entry has no subtree that the proof does not lead to, so that is done.
	return recent.At(p.Terminal.Position) != nil, nil
}

// UpdateRequest returns the request for the credential's update, for a user who
// retains recent. The error wraps ErrNotRecent if there is no distinguished entry
// yet that the update could lead to.
func (p *Provisional) UpdateRequest(label []byte, recent Recent) (*CredentialUpdateRequest, error) {
	for _, view := range recent {
		if p.canReach(view) {
			return &CredentialUpdateRequest{
				Label: label, TreeSize: p.View.Head.TreeSize,
				Terminal:      MonitorMapEntry{Position: p.Terminal.Position, Version: p.Version},
				Distinguished: view.Head.TreeSize - 1,
			}, nil
		}
	}
	return nil, fmt.Errorf("%w: at or after entry %d", ErrNotRecent, p.View.Head.TreeSize-1)
}

// canReach reports whether an update can lead to the distinguished entry that a
// log ends with. While the terminal entry is not distinguished, all of the
// distinguished ones to its right are beyond the credential's log.
func (p *Provisional) canReach(view *View) bool {
	return view.Head.TreeSize >= p.View.Head.TreeSize && view.Head.TreeSize > p.Terminal.Position+1
}

// CredentialUpdate verifies a provisional credential finally by the second of the
// two ways, against the recent distinguished heads that the user retains. It
// returns the position of the one that the update leads to. It has no effect on
// anything else, and asks for nothing.
//
// The error wraps ErrNotRecent if the user knows no distinguished entry yet that
// it could lead to: the update may have come early. An update does not say where
// it leads to, so each of the retained heads is tried.
func (v *Verifier) CredentialUpdate(p *Provisional, recent Recent, u *CredentialUpdate) (position uint64, err error) {
	err = fmt.Errorf("%w: at or after entry %d", ErrNotRecent, p.View.Head.TreeSize-1)
	first := true
	for _, view := range recent {
		if !p.canReach(view) {
			continue
		}
		failure := v.extendCredential(p, view, u)
		var m *Misbehaviour
		switch {
		case failure == nil:
			return view.Head.TreeSize - 1, nil
		case errors.As(failure, &m):
			return 0, failure
		case first:
			err, first = failure, false
		}
	}
	return 0, err
}

// extendCredential verifies that an update leads from a credential's log to known.
func (v *Verifier) extendCredential(p *Provisional, known *View, u *CredentialUpdate) error {
	if err := known.check(); err != nil {
		return err
	}
	s := v.start(p.View, &FullTreeHead{}, known.Head.TreeSize, u.Monitor, p.keys)
	s.known = known
	if err := s.updateView(p.View.Head.TreeSize); err != nil {
		return err
	}
	if v.cfg.Mode == ContactMonitoring {
		// Monitoring ends in a distinguished entry, or on the frontier of known. All
		// of that is distinguished in the log that the user knows, although the log
		// that ends here may not show it yet: these entries are the last one, which
		// is, and those above it in the search tree.
		if _, err := s.contactMonitor([]MonitorMapEntry{{Position: p.Terminal.Position, Version: p.Version}}, nil); err != nil {
			return err
		}
	}
	_, err := s.conclude()
	return err
}
