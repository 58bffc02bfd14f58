package client

import (
	"context"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// ProofResult is a proof that the log entry in which a label's version was found
// is in the log that the witnesses have seen.
type ProofResult struct {
	Label    string `json:"label"`
	Version  uint32 `json:"version"`
	LogEntry uint64 `json:"log_entry"`
	// Proof is the encoding of a C2SP tlog-proof, the extra data of which are the
	// log entry: see VerifyProof.
	Proof []byte `json:"proof"`
	// Proven is what VerifyProof says of it.
	Proven ProvenEntry `json:"proven"`
	// Lookup is the verified lookup.
	Lookup *LookupResult `json:"lookup"`
}

// Kind returns what the result asks of the user.
func (r *ProofResult) Kind() Kind { return r.Lookup.Kind() }

// Prove looks up a label as Lookup does, and proves that the log entry in which
// it found the version is in the log that the witnesses have seen. It takes a
// witness policy. The error is of kind Undecided if the witnesses have not seen
// that entry yet.
func (c *Client) Prove(ctx context.Context, label string, version *uint32) (*ProofResult, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	if s.state.inForce() == nil {
		return nil, noPolicy()
	}
	r, err := s.lookup(ctx, label, version)
	absent, err := s.proveAbsent(ctx, label, version, err)
	if r != nil {
		err = s.checkAccount(ctx, r, nil)
	}
	w, err := s.concludeWaiting(ctx, err)
	if err != nil {
		return nil, err
	}
	if absent != nil {
		return nil, absent.handOut(w)
	}
	if w.err != nil {
		return nil, w.err
	}
	out, err := s.prove(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.handOut(ctx, w, r); err != nil {
		return nil, err
	}
	if r.found.refused != nil {
		return nil, r.found.refused
	}
	return out, nil
}

func (s *session) prove(ctx context.Context, r *LookupResult) (*ProofResult, error) {
	const step = "proving the log entry"
	in := s.state.inForce()
	if len(in.pendingOf([]uint64{r.LogEntry})) > 0 {
		e := fail(Undecided, step, fmt.Errorf(wordingOf(in.policy.Quorum()).notYet, r.LogEntry))
		e.Hint = "try again in a while, or wait for that with --wait-witnessed"
		return nil, e
	}
	entry, err := r.found.terminalEntry()
	if err != nil {
		return nil, fail(Undecided, step, err)
	}
	ctx, cancel := context.WithTimeout(ctx, longestSettle)
	defer cancel()
	tree, err := s.publicLog(in).tree(ctx, in.last.Checkpoint)
	if err != nil {
		return nil, fail(Undecided, step, err)
	}
	hashes, err := tree.Inclusion(r.LogEntry)
	if err != nil {
		return nil, fail(Undecided, step, err)
	}
	proof := checkpoint.Proof{Index: r.LogEntry, Hashes: hashes, Note: in.last.Note, Extra: entry.Marshal()}.Marshal()
	proven, err := VerifyProof(proof, in.policy.text)
	if err != nil {
		return nil, err
	}
	return &ProofResult{Label: r.Label, Version: r.Version, LogEntry: r.LogEntry, Proof: proof, Proven: *proven, Lookup: r}, nil
}

// terminalEntry returns the log entry in which a search ended.
func (f *found) terminalEntry() (keytrans.LogEntry, error) {
	for _, list := range [][]keytrans.Entry{f.Entries, f.before.Frontier} {
		for _, e := range list {
			if e.Position == f.Terminal {
				return e.LogEntry, nil
			}
		}
	}
	return keytrans.LogEntry{}, fmt.Errorf("%w: log entry %d is not part of it", keytrans.ErrProof, f.Terminal)
}

// ProvenEntry is what a proof proves: that a log entry is in a log, at a position,
// and that a quorum of witnesses has seen that log. Under checkpoint.QuorumNone the
// latter is nobody's, and others may be shown another log.
type ProvenEntry struct {
	Origin string `json:"origin"`
	// Index is the position of the entry, and Size the number of entries of the
	// log that the witnesses have seen.
	Index uint64 `json:"index"`
	Size  uint64 `json:"size"`
	// Time is the entry's timestamp, and PrefixTree the root of the prefix tree
	// that it commits to.
	Time       time.Time `json:"time"`
	PrefixTree string    `json:"prefix_tree"`
	// Quorum is what the policy calls the witnesses that are needed.
	Quorum       string        `json:"quorum"`
	Cosignatures []Cosignature `json:"cosignatures"`
}

// Cosignature is a witness and when it saw the log, by its clock.
type Cosignature struct {
	Witness string    `json:"witness"`
	Time    time.Time `json:"time"`
}

// VerifyProof verifies the proof of a log entry (C2SP tlog-proof with the entry as
// extra data) under a witness policy. It needs no network and no state.
//
// It proves which log entry is in the witnessed log, and not what versions of
// which labels are in that entry's prefix tree: that is what a lookup proves.
//
// The error is of kind Usage if the policy cannot be used, and of kind Undecided
// if the proof does not verify, whatever the reason.
func VerifyProof(proof, policy []byte) (*ProvenEntry, error) {
	const step = "verifying the proof"
	p, err := checkpoint.ParsePolicy(policy)
	if err != nil {
		return nil, usage("the witness policy: %w", err)
	}
	parsed, err := checkpoint.ParseProof(proof)
	if err != nil {
		return nil, fail(Undecided, step, err)
	}
	entry, err := keytrans.ParseLogEntry(parsed.Extra)
	if err != nil {
		return nil, fail(Undecided, step, fmt.Errorf("its extra data are not a log entry: %w", err))
	}
	signed, err := parsed.Verify(p, parsed.Extra)
	if err != nil {
		return nil, fail(Undecided, step, err)
	}
	out := &ProvenEntry{
		Origin: signed.Origin, Index: parsed.Index, Size: signed.Size, Time: entryTime(entry.Timestamp),
		PrefixTree: entry.PrefixTree.String(), Quorum: p.Quorum(), Cosignatures: []Cosignature{},
	}
	for _, c := range signed.Cosignatures {
		out.Cosignatures = append(out.Cosignatures, Cosignature{c.Witness, c.Time.UTC()})
	}
	return out, nil
}
