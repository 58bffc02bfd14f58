package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// ErrNotProof is wrapped by the error for evidence that proves nothing.
var ErrNotProof = errors.New("this proves nothing")

// ErrReport is wrapped by the error for what rests on the memory of whoever made the
// file: it may be true, and proves nothing to others.
var ErrReport = errors.New("this is a report, which rests on the memory of whoever made it and proves nothing to others")

// ErrOther is wrapped by the error for evidence against somebody else than whom the
// reader expects.
var ErrOther = errors.New("this is about another directory")

// ErrPair is wrapped by the error for evidence that rests on a Configuration and on the
// key of a log, if the reader does not say that they belong together: the log of
// another directory has other entries, and anybody can make one.
var ErrPair = errors.New("this rests on a directory's configuration and on the key of its log, which have to be known to belong together")

// Proof is what evidence proves. It names whom it accuses: the reader must know from
// elsewhere that these are the directory's.
type Proof struct {
	Kind Kind `json:"kind"`
	// Rule is the rule that is broken, and Found what breaks it, as the verification
	// has it.
	Rule  string `json:"rule"`
	Found string `json:"found"`
	// ConfigurationSHA256 is that of the encoded Configuration, in hexadecimal. It is
	// empty if the evidence needs none.
	ConfigurationSHA256 string `json:"configuration_sha256,omitempty"`
	// Log is the verifier key of the directory's log, if the evidence needs it.
	Log string `json:"log,omitempty"`
}

// Expected is what a reader knows of the directory. What is nil is not compared. But
// evidence that rests on the Configuration and on the log takes both or none, and one
// log: by naming them, the reader says that they are of one directory.
type Expected struct {
	Configuration []byte   // encoded
	Logs          []string // verifier keys of logs, one of which is accused
}

// Verify returns what e proves. It trusts nothing in e but that the directory has the
// Configuration and the log key that Proof tells of, which the reader has to compare
// if expected does not. Requires that e is from Parse, or that Marshal takes it.
//
// The error wraps ErrReport, ErrNotProof, ErrOther or ErrPair, and says why; e proves
// nothing then.
func (e *Evidence) Verify(expected Expected) (*Proof, error) {
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProof, err)
	}
	k := kinds[e.Kind]
	switch {
	case k.configuration && expected.Configuration != nil && !bytes.Equal(e.Configuration, expected.Configuration):
		return nil, fmt.Errorf("%w: its configuration has the SHA-256 %s", ErrOther, sum(e.Configuration))
	case k.log && expected.Logs != nil && !slices.Contains(expected.Logs, e.Log):
		return nil, fmt.Errorf("%w: its log has the key %s", ErrOther, e.Log)
	case e.Class == ClassReport:
		return nil, ErrReport
	case k.configuration && k.log && !expected.pair():
		return nil, fmt.Errorf("%w: name both, and one log only", ErrPair)
	}
	p, err := k.verify(e)
	switch {
	case errors.Is(err, ErrReport):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNotProof, err)
	}
	p.Kind = e.Kind
	if k.configuration {
		p.ConfigurationSHA256 = sum(e.Configuration)
	}
	if k.log {
		p.Log = e.Log
	}
	return p, nil
}

// pair reports whether x names a Configuration and the log that belongs to it, or
// nobody at all.
func (x *Expected) pair() bool {
	if x.Configuration == nil {
		return x.Logs == nil
	}
	return len(x.Logs) == 1
}

// Classify sets the class and the rule of e to what Verify says of it.
func (e *Evidence) Classify() {
	e.Class, e.Rule = ClassEvidence, ""
	p, err := e.Verify(Expected{})
	if err != nil {
		e.Class = ClassReport
		return
	}
	e.Rule = p.Rule
}

// sum returns the SHA-256 in hexadecimal.
func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}
