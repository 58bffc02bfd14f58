package witness

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// anchor is the latest checkpoint of a log that this witness cosigned. Its note
// authenticates itself: nobody else can make the cosignatures on it.
type anchor struct {
	checkpoint.Checkpoint
	text string
	at   int64  // of the cosignatures, s since the epoch
	note []byte // with the log's signatures that were verified, and the cosignatures
	// lines are those of the cosignatures in the note, an answer to add-checkpoint.
	lines []byte
}

// nothingYet is stored for a log of which nothing was cosigned yet: what is lost is
// told from what never was.
const nothingYet = "nothing cosigned yet\n"

// errForeign is wrapped by the error for a note that this witness did not cosign.
var errForeign = errors.New("this witness's key has not cosigned it")

// openAnchor verifies a note that was stored for a log. It returns nil for
// nothingYet. A log's key that the configuration no longer has is not missed: the
// cosignature says that its signature was verified.
func (l *witnessed) openAnchor(key *Key, data []byte) (*anchor, error) {
	if string(data) == nothingYet {
		return nil, nil
	}
	n, err := openNote(data, append(key.verifiers(), l.verifiers...))
	if err != nil {
		return nil, err
	}
	c, err := checkpoint.ParseText(n.Text)
	if err != nil {
		return nil, err
	}
	if c.Origin != l.origin {
		return nil, fmt.Errorf("it is of the log %q", c.Origin)
	}
	a := &anchor{Checkpoint: c, text: n.Text, note: data}
	for _, sig := range n.Sigs {
		if !isKnown(sig, key.verifiers()) {
			continue
		}
		at, err := f_note.CoSigV1Timestamp(sig)
		if err != nil {
			return nil, err
		}
		a.at = max(a.at, at.Unix())
		a.lines = appendLine(a.lines, sig)
	}
	if a.lines == nil {
		return nil, errForeign
	}
	return a, nil
}

// has reports whether the note has the same text and all the log's signatures.
func (a *anchor) has(s *submission) bool {
	return a.text == s.text && !slices.ContainsFunc(s.sigs, func(sig note.Signature) bool {
		return !bytes.Contains(a.note, appendLine(nil, sig))
	})
}

// cosign returns the cosigned note of a checkpoint that the log's keys signed.
func cosign(key *Key, at int64, c checkpoint.Checkpoint, text string, logSigs []note.Signature) (*anchor, error) {
	// SPEC: The timestamp MUST NOT be zero.
	if at <= 0 {
		return nil, errors.New("this machine's clock is before 1970")
	}
	signed, err := note.Sign(&note.Note{Text: text, Sigs: slices.Clone(logSigs)}, key.signers(at, c)...)
	if err != nil {
		return nil, err
	}
	n, err := openNote(signed, key.verifiers())
	if err != nil {
		return nil, err
	}
	a := &anchor{Checkpoint: c, text: text, at: at, note: signed}
	for _, sig := range n.Sigs {
		a.lines = appendLine(a.lines, sig)
	}
	return a, nil
}

// openNote opens a note and verifies the signatures of the given keys. There may be
// none by them.
func openNote(data []byte, keys []note.Verifier) (*note.Note, error) {
	n, err := note.Open(data, note.VerifierList(keys...))
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		return unverified.Note, nil
	}
	return n, err
}

func isKnown(sig note.Signature, keys []note.Verifier) bool {
	return slices.ContainsFunc(keys, func(k note.Verifier) bool {
		return k.Name() == sig.Name && k.KeyHash() == sig.Hash
	})
}

// appendLine appends the line of a signature in a note.
func appendLine(b []byte, sig note.Signature) []byte {
	return fmt.Appendf(b, "— %s %s\n", sig.Name, sig.Base64)
}
