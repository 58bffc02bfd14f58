package checkpoint

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// AddCheckpoint is what is sent to a witness to have a checkpoint cosigned (C2SP
// tlog-witness, "add-checkpoint").
type AddCheckpoint struct {
	// Old is the size of the checkpoint that the witness cosigned last.
	Old uint64
	// Proof is the RFC 6962 consistency proof from Old to the checkpoint.
	Proof []merkle.Hash
	// Note is the signed checkpoint.
	Note []byte
}

// Marshal returns the body of the request.
func (a AddCheckpoint) Marshal() []byte {
	b := fmt.Appendf(nil, "old %d\n", a.Old)
	for _, h := range a.Proof {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), a.Note...)
}

// ErrCosignature is wrapped by the error for an answer of a witness that has no
// good cosignature.
var ErrCosignature = errors.New("the witness did not answer with its cosignature")

// AddCosignature returns the signed checkpoint with the cosignature of w in the
// signature lines that w answered; one that it had of w already is replaced.
// Lines by other keys are ignored. The error wraps ErrCosignature, or ErrMalformed
// if signed is not a note, or has so many signatures that one more is too many.
func (w *Witness) AddCosignature(signed, lines []byte) ([]byte, error) {
	old, err := openNote(signed, nil)
	if err != nil {
		return nil, err
	}
	answer, err := openNote(append([]byte(old.Text+"\n"), lines...), []note.Verifier{w.key.Verifier})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCosignature, err)
	}
	sig := signatureOf(answer, w.key)
	// The text of the note must have stayed what it was, whatever is in lines.
	if sig == nil || answer.Text != old.Text {
		return nil, ErrCosignature
	}
	// SPEC: The cosignature MUST NOT omit the timestamp.
	if at, err := f_note.CoSigV1Timestamp(*sig); err != nil || at.Unix() <= 0 {
		return nil, fmt.Errorf("%w: it has no time", ErrCosignature)
	}
	sigs := slices.DeleteFunc(old.UnverifiedSigs, func(s note.Signature) bool {
		return s.Name == sig.Name && s.Hash == sig.Hash
	})
	out, err := note.Sign(&note.Note{Text: old.Text, Sigs: append(sigs, *sig)})
	if err != nil {
		return nil, err
	}
	// A note with more signatures than Policy.Open reads would be of no use.
	if _, err := openNote(out, nil); err != nil {
		return nil, err
	}
	return out, nil
}
