package checkpoint

import (
	"bytes"
	"errors"
	"fmt"

	f_proof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Proof proves, offline, that an entry is in a log (C2SP tlog-proof).
type Proof struct {
	// Index is the position of the entry.
	Index uint64
	// Hashes are the RFC 6962 inclusion proof, from the leaf's sibling upwards.
	Hashes []merkle.Hash
	// Note is the signed checkpoint.
	Note []byte
	// Extra is not authenticated; nil for none. In Ghostlight's proofs it is the
	// entry itself. ParseProof accepts no line of 64 KiB, which is an Extra of some
	// 48 KiB.
	Extra []byte
}

// MaxProofSize is the size in bytes of the largest proof that is accepted.
const MaxProofSize = MaxNoteSize + 128<<10

// Marshal returns the encoding of p.
func (p Proof) Marshal() []byte {
	out := f_proof.TLogProof{Index: p.Index, Checkpoint: p.Note, ExtraData: p.Extra}
	for _, h := range p.Hashes {
		out.Hashes = append(out.Hashes, h)
	}
	return out.Marshal()
}

// ParseProof is the inverse of Proof.Marshal. The error wraps ErrMalformed.
func ParseProof(data []byte) (*Proof, error) {
	var in f_proof.TLogProof
	if len(data) > MaxProofSize {
		return nil, fmt.Errorf("%w proof: it has more than %d bytes", ErrMalformed, MaxProofSize)
	}
	if err := in.Unmarshal(data); err != nil {
		return nil, fmt.Errorf("%w proof: %w", ErrMalformed, err)
	}
	p := &Proof{Index: in.Index, Note: in.Checkpoint, Extra: in.ExtraData}
	for _, h := range in.Hashes {
		p.Hashes = append(p.Hashes, h)
	}
	if !bytes.Equal(p.Marshal(), data) {
		return nil, fmt.Errorf("%w proof", ErrMalformed)
	}
	return p, nil
}

// Verify verifies that p proves entry to be in a log of the policy, in a
// checkpoint that a quorum of the policy's witnesses has seen. The error is one
// of Policy.Open, wraps ErrQuorum, or says that the entry is not what the
// inclusion proof leads up from.
func (p *Proof) Verify(policy *Policy, entry []byte) (*Signed, error) {
	signed, err := policy.Open(p.Note)
	if err != nil {
		return nil, err
	}
	if err := signed.Witnessed(); err != nil {
		return nil, err
	}
	if err := p.verifyInclusion(signed.Checkpoint, entry); err != nil {
		return nil, err
	}
	return signed, nil
}

func (p *Proof) verifyInclusion(c Checkpoint, entry []byte) error {
	if p.Index >= c.Size {
		return fmt.Errorf("entry %d is not in a log of %d entries", p.Index, c.Size)
	}
	hashes := make([][]byte, len(p.Hashes))
	for i := range p.Hashes {
		hashes[i] = p.Hashes[i][:]
	}
	hasher := rfc6962.DefaultHasher
	err := proof.VerifyInclusion(hasher, p.Index, c.Size, hasher.HashLeaf(entry), hashes, c.Root[:])
	if err != nil {
		return fmt.Errorf("the inclusion of entry %d does not verify: %w", p.Index, readable(err))
	}
	return nil
}

// readable returns an error of package proof without the bytes of roots.
func readable(err error) error {
	if mismatch := (proof.RootMismatchError{}); errors.As(err, &mismatch) {
		return fmt.Errorf("it leads to the root %x, not to %x", mismatch.CalculatedRoot, mismatch.ExpectedRoot)
	}
	return err
}
