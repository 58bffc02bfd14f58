package vantage

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// DocumentSchema is the schema of a Document.
const DocumentSchema = "ghostlight/gossip/v1"

// MaxDocumentSize is the size in bytes of the largest Document that is parsed.
const MaxDocumentSize = client.MaxHeadsSize + 2*checkpoint.MaxNoteSize + 4096

// Document is what monitors show each other of a directory. Nothing vouches for it but
// the directory's signatures in it. It has no labels.
type Document struct {
	Schema string `json:"schema"`
	// ConfigurationSHA256 says which directory it is, in lower-case hexadecimal.
	ConfigurationSHA256 string `json:"configuration_sha256"`
	// Heads are the recent distinguished heads, a file of client.HeadsExport with the
	// response that the directory signed.
	Heads json.RawMessage `json:"heads"`
	// Checkpoint is the largest checkpoint of the directory's log that the monitor
	// believes (C2SP tlog-checkpoint), empty if it has none.
	Checkpoint string `json:"checkpoint"`
	// ObservedAt is when the heads were verified, by the monitor's clock.
	ObservedAt time.Time `json:"observed_at"`
}

// ParseDocument parses a Document of at most MaxDocumentSize bytes. Nothing may follow
// it, and it has no fields that are not known. What its heads and its checkpoint are is
// not verified. The error wraps keytrans.ErrMalformed.
func ParseDocument(data []byte) (*Document, error) {
	if len(data) > MaxDocumentSize {
		return nil, malformed(errTooLarge)
	}
	d := new(Document)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil {
		return nil, malformed(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, malformed(errors.New("something follows it"))
	}
	if err := d.check(); err != nil {
		return nil, malformed(err)
	}
	return d, nil
}

func (d *Document) check() error {
	switch {
	case d.Schema != DocumentSchema:
		return fmt.Errorf("its schema is %.40q, not %q", d.Schema, DocumentSchema)
	case !isHash(d.ConfigurationSHA256):
		return errors.New("its configuration_sha256 is no hash in lower-case hexadecimal")
	case len(d.Heads) == 0 || d.Heads[0] != '{':
		return errors.New("it has no heads")
	case len(d.Heads) > client.MaxHeadsSize:
		return fmt.Errorf("its heads have more than %d bytes", client.MaxHeadsSize)
	case len(d.Checkpoint) > checkpoint.MaxNoteSize:
		return fmt.Errorf("its checkpoint has more than %d bytes", checkpoint.MaxNoteSize)
	}
	return nil
}

var errTooLarge = fmt.Errorf("it has more than %d bytes", MaxDocumentSize)

func malformed(err error) error {
	return fmt.Errorf("%w: this is no gossip document: %w", keytrans.ErrMalformed, err)
}

// isHash reports whether s is a SHA-256 in lower-case hexadecimal.
func isHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32 && hex.EncodeToString(b) == s
}

// Marshal returns the encoding of d. The error says that it has not what ParseDocument
// requires.
func (d *Document) Marshal() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}
