package keytrans

import (
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// This file is not part of the draft: it is the extension "ghostlight absence,
// version 1" of docs/extensions.md.

// AbsenceRequest asks for proof that a label does not have Version, which is
// greater than its greatest one, or, if that is nil, that it has no version.
type AbsenceRequest struct {
	Last    *uint64
	Label   []byte
	Version *uint32
}

// AbsenceResponse answers an AbsenceRequest: a greatest-version search with the
// outcome Greatest, nil for a label without versions, and without a value.
type AbsenceResponse struct {
	FullTreeHead FullTreeHead
	Greatest     *uint32
	BinaryLadder []BinaryLadderStep // at most 255
	Absence      CombinedTreeProof
}

// AbsenceResult is the verified absence of a label's versions above Greatest,
// nil for all of them.
type AbsenceResult struct {
	Verified
	Greatest *uint32
	// Keys has what the response told of the label's versions.
	Keys map[uint32]VersionKey
}

// Marshal returns the encoding of q.
func (q *AbsenceRequest) Marshal() ([]byte, error) {
	var b builder
	b.optional64(q.Last)
	b.opaque8(q.Label)
	b.optional32(q.Version)
	return b.Bytes()
}

// ParseAbsenceRequest decodes an AbsenceRequest. The error wraps ErrMalformed.
func ParseAbsenceRequest(data []byte) (*AbsenceRequest, error) {
	r := reader{s: data}
	q := &AbsenceRequest{
		Last:    r.optional64("last"),
		Label:   r.opaque8("label"),
		Version: r.optional32("version"),
	}
	return orError(q, &r)
}

// Marshal returns the encoding of p.
func (p *AbsenceResponse) Marshal(c *Configuration) ([]byte, error) {
	var b builder
	p.add(&b, c)
	return b.Bytes()
}

func (p *AbsenceResponse) add(b *builder, c *Configuration) {
	p.FullTreeHead.add(b, c)
	b.optional32(p.Greatest)
	addLadder8(b, p.BinaryLadder)
	p.Absence.add(b)
}

// ParseAbsenceResponse decodes an AbsenceResponse. The error wraps ErrMalformed.
func ParseAbsenceResponse(c *Configuration, data []byte) (*AbsenceResponse, error) {
	r := reader{s: data}
	return orError(r.absenceResponse(c), &r)
}

func (r *reader) absenceResponse(c *Configuration) *AbsenceResponse {
	return &AbsenceResponse{
		FullTreeHead: r.fullTreeHead(c),
		Greatest:     r.optional32("greatest"),
		BinaryLadder: r.ladder8(c),
		Absence:      r.combinedTreeProof(),
	}
}

// beyond reports whether a version, nil for the first one, is greater than the
// greatest, nil for none.
func beyond(version, greatest *uint32) bool {
	return greatest == nil || version != nil && *version > *greatest
}

// absenceTarget is the target version of the ladders that show greatest to be
// the greatest version: 0 if there is none, which ends each of them at once.
func absenceTarget(greatest *uint32) uint32 {
	if greatest == nil {
		return 0
	}
	return *greatest
}

// nothingBeyond searches the frontier, from the rightmost distinguished entry on
// as every greatest-version search does, for versions above greatest.
func (w *walk) nothingBeyond(greatest *uint32) error {
	if greatest != nil {
		_, err := w.greatestVersion(*greatest)
		return err
	}
	start, ok, err := w.rightmostDistinguished()
	if err != nil {
		return err
	}
	if !ok {
		start = ibst.Root(w.size)
	}
	for _, pos := range ibst.FrontierFrom(start, w.size) {
		if err := w.expectClaimed(pos, nil, omitRedundant); err != nil {
			return err
		}
	}
	return nil
}

// Absence answers q. The error wraps ErrRequest if what is said to be absent
// exists.
func (p *Prover) Absence(log Log, label Label, q *AbsenceRequest) (*AbsenceResponse, error) {
	o, err := p.open(log, label, q.Last)
	if err != nil {
		return nil, err
	}
	greatest, err := label.Greatest(o.size - 1)
	if err != nil {
		return nil, err
	}
	if !beyond(q.Version, greatest) {
		field := "version"
		if q.Version == nil {
			field = "label"
		}
		return nil, fmt.Errorf("%w: %s: it exists", ErrRequest, field)
	}
	if err := o.nothingBeyond(greatest); err != nil {
		return nil, err
	}
	r := &AbsenceResponse{FullTreeHead: o.head, Greatest: greatest}
	exists := func(v uint32) bool { return !beyond(&v, greatest) }
	if r.BinaryLadder, err = ladderSteps(label, ladder.Base(absenceTarget(greatest)), exists); err != nil {
		return nil, err
	}
	r.Absence, err = o.close()
	return r, err
}

// Absence verifies the response to q, which must have been sent with
// view.Last(), at the time now.
func (v *Verifier) Absence(view *View, q *AbsenceRequest, p *AbsenceResponse, now time.Time) (*AbsenceResult, error) {
	if !beyond(q.Version, p.Greatest) {
		return nil, fmt.Errorf("%w: the greatest version is said to be %s, which does not rule out what was asked for", ErrProof, describe(p.Greatest))
	}
	keys, err := v.ladderKeys(q.Label, ladder.Base(absenceTarget(p.Greatest)), p.BinaryLadder)
	if err != nil {
		return nil, err
	}
	for version, key := range keys {
		if beyond(&version, p.Greatest) != (key.Commitment == nil) {
			return nil, fmt.Errorf("%w: version %d has a commitment, or lacks one, against the greatest version %s", ErrProof, version, describe(p.Greatest))
		}
	}
	s, err := v.open(view, &p.FullTreeHead, p.Absence, keys)
	if err != nil {
		return nil, err
	}
	if err := s.nothingBeyond(p.Greatest); err != nil {
		return nil, err
	}
	verified, err := s.close(now)
	if err != nil {
		return nil, err
	}
	return &AbsenceResult{Verified: verified, Greatest: p.Greatest, Keys: s.consumer.keys}, nil
}

// check holds an absence against versions that were proven under earlier heads
// of the same log. The error is a *Misbehaviour if the two contradict each other.
func (r *AbsenceResult) check(known map[uint32]VersionKey) error {
	if _, err := mergeKeys(known, r.Keys); err != nil {
		return err
	}
	for version, key := range known {
		if key.Proven && beyond(&version, r.Greatest) {
			return r.contradicts(version)
		}
	}
	return nil
}

// ErrVanished says that the log proved that a version exists, and later that it
// does not. It is wrapped by a *Misbehaviour.
var ErrVanished = errors.New("a version that was proven has vanished")

func (r *AbsenceResult) contradicts(version uint32) error {
	return &Misbehaviour{fmt.Errorf("%w: the log proved that version %d exists, and now that the greatest is %s", ErrVanished, version, describe(r.Greatest))}
}

// CheckAbsence holds an absence against the versions that c monitors. The error
// is a *Misbehaviour if they contradict each other, which wraps ErrVanished if a
// version is gone; other errors wrap ErrProof.
func (c *Contact) CheckAbsence(r *AbsenceResult) error {
	for _, e := range c.Map {
		if beyond(&e.Version, r.Greatest) {
			return r.contradicts(e.Version)
		}
	}
	return r.check(c.Keys)
}

// CheckAbsence holds an absence against what the owner knows. The errors are
// those of Contact.CheckAbsence: a version that is only claimed may not exist.
func (o *Owner) CheckAbsence(r *AbsenceResult) error {
	greatest := o.Greatest()
	switch {
	case greatest == nil || !beyond(greatest, r.Greatest):
	case o.claimed(o.lastPosition()):
		return fmt.Errorf("%w: version %d, as a response told without proof, does not exist", ErrProof, *greatest)
	default:
		return r.contradicts(*greatest)
	}
	if err := o.Contact.CheckAbsence(r); err != nil {
		return err
	}
	return r.check(o.Keys)
}
