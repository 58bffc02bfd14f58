package monitor

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// EvidenceSchema is the schema of evidence files.
const EvidenceSchema = "ghostlight/evidence/v1"

// The kinds of evidence that monitors find.
const (
	// EvidenceInconsistency is two checkpoints, both signed, of which neither
	// continues the other.
	EvidenceInconsistency = "inconsistency"
	// EvidenceTimestamps is two successive log entries in one signed checkpoint,
	// of which the second is older than the first.
	EvidenceTimestamps = "timestamps"
)

// Evidence proves that a log has misbehaved, to everybody who has the log's key.
// In JSON, byte strings are in base64.
type Evidence struct {
	Schema  string    `json:"schema"`
	Kind    string    `json:"kind"`
	Summary string    `json:"summary"`
	FoundAt time.Time `json:"found_at"`
	// Log is the verifier key (C2SP signed-note) under which it is proof. Readers
	// compare it with the one that they know.
	Log string `json:"log"`
	// Inconsistency is what EvidenceInconsistency is about.
	Inconsistency *checkpoint.Inconsistency `json:"inconsistency,omitempty"`
	// Entries is what EvidenceTimestamps is about: proofs (C2SP tlog-proof) of the
	// two log entries, in the order of the log. The extra data of each proof is
	// the 40 bytes of its entry.
	Entries []string `json:"entries,omitempty"`
}

// errEvidence is wrapped by the error for evidence that proves nothing.
var errEvidence = errors.New("this proves nothing against the log")

// ParseEvidence parses an evidence file of the kinds above. The error says what
// is wrong with it. It proves nothing before Verify.
func ParseEvidence(data []byte) (*Evidence, error) {
	e := new(Evidence)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(e); err != nil {
		return nil, fmt.Errorf("malformed evidence: %w", err)
	}
	if e.Schema != EvidenceSchema {
		return nil, fmt.Errorf("malformed evidence: its schema is %q, not %q", e.Schema, EvidenceSchema)
	}
	switch {
	case dec.More():
		return nil, errors.New("malformed evidence: something follows it")
	case e.Kind == EvidenceInconsistency && e.Inconsistency != nil && e.Entries == nil,
		e.Kind == EvidenceTimestamps && e.Inconsistency == nil && len(e.Entries) == 2:
		return e, nil
	}
	return nil, fmt.Errorf("malformed evidence: its kind is %q, which does not have what it has", e.Kind)
}

// Verify returns nil if e is proof. It trusts nothing but the keys of logs in the
// policy; witnesses do not matter. Requires that e is from ParseEvidence, or has
// what its kind requires.
func (e *Evidence) Verify(policy *checkpoint.Policy) error {
	if e.Kind == EvidenceInconsistency {
		return e.Inconsistency.Verify(policy)
	}
	before, err := openEntry(policy, e.Entries[0])
	if err != nil {
		return fmt.Errorf("the first entry: %w", err)
	}
	after, err := openEntry(policy, e.Entries[1])
	if err != nil {
		return fmt.Errorf("the second entry: %w", err)
	}
	switch {
	case before.signed.Checkpoint != after.signed.Checkpoint:
		return fmt.Errorf("%w: the entries are in two checkpoints", errEvidence)
	case after.index != before.index+1:
		return fmt.Errorf("%w: entry %d does not follow entry %d", errEvidence, after.index, before.index)
	case before.Timestamp <= after.Timestamp:
		return fmt.Errorf("%w: the second entry is not older", errEvidence)
	}
	return nil
}

// provenEntry is a log entry of which it was verified that it is in the log.
type provenEntry struct {
	keytrans.LogEntry
	index  uint64
	signed *checkpoint.Signed
}

// openEntry verifies the proof of a log entry, whoever has witnessed it.
func openEntry(policy *checkpoint.Policy, text string) (*provenEntry, error) {
	proof, err := checkpoint.ParseProof([]byte(text))
	if err != nil {
		return nil, err
	}
	signed, err := policy.Open(proof.Note)
	if err != nil {
		return nil, err
	}
	logOnly, err := checkpoint.ParsePolicy([]byte("log " + signed.Log.VerifierKey + "\nquorum none\n"))
	if err != nil {
		return nil, err
	}
	if signed, err = proof.Verify(logOnly, proof.Extra); err != nil {
		return nil, fmt.Errorf("%w: %w", errEvidence, err)
	}
	entry, err := keytrans.ParseLogEntry(proof.Extra)
	if err != nil {
		return nil, err
	}
	return &provenEntry{entry, proof.Index, signed}, nil
}

// writeEvidence stores evidence, which must be proof under the policy, and
// returns the path of its file. Evidence that is there already stays as it is.
func (f *files) writeEvidence(e *Evidence, policy *checkpoint.Policy) (string, error) {
	if err := e.Verify(policy); err != nil {
		return "", err
	}
	undated := *e
	undated.FoundAt = time.Time{}
	id, err := json.Marshal(undated)
	if err != nil {
		return "", err
	}
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(id)
	name := fmt.Sprintf("%s/%s-%x.json", evidenceName, e.Kind, sum[:8])
	if _, err := os.Stat(f.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(f.dir, name), err
	}
	if err := f.write(name, append(data, '\n')); err != nil {
		return "", err
	}
	return filepath.Join(f.dir, name), f.sync()
}
