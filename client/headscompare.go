package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// The outcomes of comparing two lists of distinguished heads.
const (
	HeadsConsistent = "consistent"
	HeadsDisjoint   = "no overlap"
	// HeadsDiffer: the lists contradict each other.
	HeadsDiffer = "contradiction"
)

// HeadsComparison is the outcome of comparing the recent distinguished heads that
// this client retains with those of somebody else.
type HeadsComparison struct {
	// Result is "consistent", "no overlap" or "contradiction".
	Result string `json:"result"`
	// Common is how many heads the two have in common.
	Common int `json:"common"`
	// Signed tells that the other list follows from a response that the directory
	// signed.
	Signed bool                `json:"signed"`
	Own    []DistinguishedHead `json:"own"`
	Other  []DistinguishedHead `json:"other"`
	// Head is the state of this client's log, and OtherHead that of the other one, nil
	// if the other list is not signed.
	Head      Head  `json:"head,omitzero"`
	OtherHead *Head `json:"other_head,omitempty"`
	// Continued tells that the longer one of the two logs was proven to continue the
	// other: see CompareRoute.
	Continued bool    `json:"continued,omitempty"`
	Verdict   Verdict `json:"verdict"`
	// Hint is what the user can do.
	Hint string `json:"hint,omitempty"`

	kind Kind
}

// Kind returns what the result asks of the user: Undecided if the lists do not
// overlap, and Attention if they contradict each other without a proof.
func (r *HeadsComparison) Kind() Kind { return r.kind }

const comparingHeads = "comparing distinguished heads"

// CompareHeads compares the recent distinguished heads that this client retains
// with another person's: what ExportHeads returned to them, as a file or a text.
// Nothing is asked of anybody, unless the two contradict each other and the
// other's are signed: then the directory is asked once more, for the evidence.
//
// The error is of kind Misbehaved only if it is proven that the directory signed
// both. A list that is not signed proves nothing: whoever gave it can have made it
// up.
func (c *Client) CompareHeads(ctx context.Context, data []byte) (*HeadsComparison, error) {
	return c.compareList(ctx, data, (*session).compareNewcomer)
}

// compareList compares with another person's list, by signed if the directory signed
// it.
func (c *Client) compareList(ctx context.Context, data []byte, signed func(*session, context.Context, *newcomer) (*HeadsComparison, error)) (*HeadsComparison, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	x, n, err := s.openHeads(data)
	switch {
	case err != nil:
		return nil, err
	case n == nil:
		return s.compareHeads(ctx, x.heads, nil)
	}
	return signed(s, ctx, n)
}

// openHeads reads another person's list. If the directory signed it, it returns what
// it follows from, too.
func (s *session) openHeads(data []byte) (*headsFile, *newcomer, error) {
	x, err := decodeHeads(data, s.state.configuration)
	if err != nil {
		return nil, nil, fail(Undecided, comparingHeads, err)
	}
	if x.ConfigurationSHA256 != hashHex(s.state.configuration) {
		e := usage("the heads are of another directory, or of another configuration of this one")
		e.Hint = "if you trust that directory, name it with --directory"
		return nil, nil, e
	}
	if x.Response == nil {
		return x, nil, nil
	}
	// It enters the evidence: whoever gave the file must not write into that.
	if request, err := newcomerRequest(); err != nil || !bytes.Equal(request, x.Request) {
		return nil, nil, fail(Undecided, comparingHeads, fmt.Errorf("%w: the request in the file is not that of somebody without a view", errHeads))
	}
	n, err := s.verifyNewcomer(x.Request, x.Response)
	if err != nil {
		return nil, nil, fail(Undecided, comparingHeads, fmt.Errorf("the response in the file: %w", err))
	}
	return x, n, nil
}

// compareNewcomer compares with a list that the directory signed.
func (s *session) compareNewcomer(ctx context.Context, n *newcomer) (*HeadsComparison, error) {
	if what := contradictingViews(s.state.view, n.View); what != nil {
		return nil, s.accuseHeads(ctx, n, what)
	}
	heads, err := distinguishedHeads(n.Recent)
	if err != nil {
		return nil, fail(Operational, comparingHeads, err)
	}
	return s.compareHeads(ctx, heads, n)
}

// compareHeads compares with a list that the directory signed if n is not nil.
func (s *session) compareHeads(ctx context.Context, other []DistinguishedHead, n *newcomer) (*HeadsComparison, error) {
	own, err := distinguishedHeads(s.state.recent)
	if err != nil {
		return nil, fail(Operational, comparingHeads, err)
	}
	r := &HeadsComparison{Own: own, Other: other, Signed: n != nil, Head: headOf(s.state.view)}
	if n != nil {
		other := headOf(n.View)
		r.OtherHead = &other
	}
	what := r.compare()
	switch {
	case what != nil && n != nil:
		return nil, s.accuseHeads(ctx, n, what)
	case what != nil:
		r.kind = Attention
		r.Verdict = verdict(OutcomeChanged, "%v; the other list is not signed, so this is no proof against the directory: the list can have been made up", what)
		r.Hint = "get the list again in another way, or one that is signed: kt heads export --signed"
	case r.Result == HeadsDisjoint:
		r.kind = Undecided
		r.Verdict = verdict(OutcomeUnchecked, "the lists have no head in common: one is older than the other, or of another log")
		r.Hint = "run kt heads on both sides, and compare again"
	default:
		r.Verdict = verdict(OutcomeVerified, "%s the same: up to there, both were shown the same log", count.Of(r.Common, "head is", "heads are"))
	}
	return r, nil
}

// compare applies the rule of KEYTRANS, "Detecting Forks", and what the positions
// tell beyond it. It returns what the lists contradict each other in.
func (r *HeadsComparison) compare() error {
	r.Result = HeadsDiffer
	roots := make(map[uint64]merkle.Hash)
	for _, h := range r.Own {
		roots[h.Position] = h.root
	}
	for _, h := range r.Other {
		root, ok := roots[h.Position]
		if ok && root != h.root {
			return fmt.Errorf("the log that ends with entry %d has two roots", h.Position)
		}
		if ok {
			r.Common++
		}
	}
	// SPEC: checking that each list is either a prefix or a suffix of the other,
	// having at least one root value in common. Lists must be the same size: the
	// longer one, of a log that has got more distinguished entries, is cut where
	// the shorter one begins or ends.
	a, b := overlap(r.Own, r.Other), overlap(r.Other, r.Own)
	if len(a) != len(b) {
		return errors.New("one list lacks a distinguished log entry that the other one has")
	}
	_, err := keytrans.CompareHeads(&keytrans.DistinguishedHead{Heads: a}, &keytrans.DistinguishedHead{Heads: b})
	switch {
	case err == nil && r.Common < len(a):
		return errors.New("they have the same root at different log entries")
	case err == nil:
		r.Result = HeadsConsistent
	case errors.Is(err, keytrans.ErrHeadsLength):
		r.Result = HeadsDisjoint // neither has anything there
		return nil
	}
	return err
}

// overlap returns the roots of list in the range of positions that other has, too.
func overlap(list, other []DistinguishedHead) []merkle.Hash {
	var out []merkle.Hash
	for _, h := range list {
		if len(other) > 0 && h.Position >= other[0].Position && h.Position <= other[len(other)-1].Position {
			out = append(out, h.root)
		}
	}
	return out
}

// accuseHeads returns the error for two lists that the directory signed and that
// contradict each other. Retained heads are not signed each: the signed response
// that they follow from is asked for once more. If the directory does not give it,
// nothing is proven to others.
func (s *session) accuseHeads(ctx context.Context, n *newcomer, what error) error {
	m := &keytrans.Misbehaviour{Err: fmt.Errorf("the directory shows two logs under one key: %w", what)}
	e := s.newEvidence(evidence.Fork, m.Error(), exchange{})
	e.Fork = n.evidence()
	if contradictingViews(s.state.view, n.View) == nil {
		own, err := s.asNewcomer(ctx, s.transport)
		if err != nil {
			s.cfg.Logger.DebugContext(ctx, "asking for evidence", "err", err)
		} else {
			e.Own = own.evidence()
		}
	}
	return s.accuse(e, comparingHeads, "", m)
}
