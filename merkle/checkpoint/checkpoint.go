// Package checkpoint has the signed statements about the public log, in the
// formats of C2SP: checkpoints (tlog-checkpoint) with the cosignatures of
// witnesses (tlog-cosignature), the policy that says which of these are enough
// (tlog-policy), what is sent to a witness (tlog-witness), and proofs that
// something is in the log, which verify offline (tlog-proof).
//
// The root in a checkpoint is that of the RFC 6962 tree over the log's entries,
// not that of the log tree of KEYTRANS.
//
// The package does no I/O. A checkpoint proves that a log's key, and some
// witnesses', signed it. It does not prove that the log is right: a witness
// vouches only that the log it saw never lost or changed an entry.
package checkpoint

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// MaxNoteSize is the size in bytes of the largest checkpoint, with signatures,
// that is accepted: more than 99 post-quantum cosignatures take.
const MaxNoteSize = 512 << 10

// MaxSize is the size of the largest log, in entries.
const MaxSize = 1 << 60

// Checkpoint is the head of a log (C2SP tlog-checkpoint, "Note text").
type Checkpoint struct {
	// Origin identifies the log.
	Origin string
	// Size is the number of entries, at most MaxSize.
	Size uint64
	// Root is the root of the RFC 6962 tree over them.
	Root merkle.Hash
}

// ErrMalformed is wrapped by the error for what is not of its format.
var ErrMalformed = errors.New("malformed")

// Text returns the text that is signed.
func (c Checkpoint) Text() string {
	return string(log.Checkpoint{Origin: c.Origin, Size: c.Size, Hash: c.Root[:]}.Marshal())
}

// ParseText is the inverse of Text. It ignores extension lines. The error wraps
// ErrMalformed.
func ParseText(text string) (Checkpoint, error) {
	var l log.Checkpoint
	extensions, err := l.Unmarshal([]byte(text))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w checkpoint: %w", ErrMalformed, err)
	}
	c := Checkpoint{Origin: l.Origin, Size: l.Size}
	if len(l.Hash) != len(c.Root) || l.Size > MaxSize {
		return Checkpoint{}, fmt.Errorf("%w checkpoint: its size or root cannot be", ErrMalformed)
	}
	copy(c.Root[:], l.Hash)
	// SPEC: no leading zeroes. Extension lines MUST be non-empty.
	e := string(extensions)
	if c.Text()+e != text || e != "" && (!strings.HasSuffix(e, "\n") || strings.HasPrefix(e, "\n") || strings.Contains(e, "\n\n")) {
		return Checkpoint{}, fmt.Errorf("%w checkpoint", ErrMalformed)
	}
	return c, nil
}

// Peek returns what a checkpoint says without verifying any signature.
func Peek(signed []byte) (Checkpoint, error) {
	n, err := openNote(signed, nil)
	if err != nil {
		return Checkpoint{}, err
	}
	return ParseText(n.Text)
}

// openNote parses a note and verifies the signatures of the given keys. The note
// may have none of them. The error wraps ErrMalformed or is a
// *note.InvalidSignatureError.
func openNote(signed []byte, keys []note.Verifier) (*note.Note, error) {
	if len(signed) > MaxNoteSize {
		return nil, fmt.Errorf("%w note: it has more than %d bytes", ErrMalformed, MaxNoteSize)
	}
	n, err := note.Open(signed, note.VerifierList(keys...))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		return unverified.Note, nil
	case errors.As(err, &invalid):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w note", ErrMalformed)
	}
	return n, nil
}

// Signer signs the checkpoints of one log. It is safe for concurrent use.
type Signer struct {
	key  note.Signer
	vkey string
}

// NewSigner returns the signer of the log with the given origin, whose Ed25519
// key comes from a seed of 32 bytes. The error says what an origin or seed must be.
func NewSigner(origin string, seed []byte) (*Signer, error) {
	if err := CheckOrigin(origin); err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the seed of the checkpoint key has %d bytes instead of %d", len(seed), ed25519.SeedSize)
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(origin, public)
	if err != nil {
		return nil, err
	}
	// name+hash+base64(type || public key), where the last part can have a plus.
	id := strings.TrimPrefix(vkey, origin+"+")[:8]
	secret := append([]byte{algEd25519}, seed...)
	signer, err := note.NewSigner("PRIVATE+KEY+" + origin + "+" + id + "+" + base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		return nil, fmt.Errorf("the checkpoint key: %w", err)
	}
	return &Signer{key: signer, vkey: vkey}, nil
}

// CheckOrigin verifies that an origin can be a log's and the name of its key.
func CheckOrigin(origin string) error {
	// SPEC: Key names MUST be non-empty and MUST NOT contain any Unicode spaces or
	// plus characters. Signed notes MUST be valid UTF-8 and MUST NOT contain any
	// ASCII control characters; a policy must not contain 0x7f either.
	bad := strings.ContainsFunc(origin, func(r rune) bool {
		return r < 0x20 || r == 0x7f || r == '+' || unicode.IsSpace(r)
	})
	if bad || !utf8.ValidString(origin) || origin == "" || len(origin) > 255 {
		return fmt.Errorf("origin: %q is not 1 to 255 bytes of UTF-8 without spaces, control characters and plus signs, such as keys.example.org/log", origin)
	}
	return nil
}

// Origin returns the origin of the log, which is the name of its key.
func (s *Signer) Origin() string { return s.key.Name() }

// VerifierKey returns the log's public key, a vkey of C2SP signed-note.
func (s *Signer) VerifierKey() string { return s.vkey }

// Sign returns the signed checkpoint. Requires that its origin is the signer's.
func (s *Signer) Sign(c Checkpoint) ([]byte, error) {
	if c.Origin != s.Origin() {
		return nil, fmt.Errorf("a checkpoint of %q for the key of %q", c.Origin, s.Origin())
	}
	return note.Sign(&note.Note{Text: c.Text()}, s.key)
}
