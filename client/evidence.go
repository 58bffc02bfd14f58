package client

import (
	"bytes"
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

// The kinds of evidence.
const (
	// EvidenceContradiction is a signed response that contradicts itself, its
	// request, or what was verified before it.
	EvidenceContradiction = "contradiction"
	// EvidenceFork is two heads of one log, both signed, of which neither
	// continues the other: a balanced subtree that both logs are built on has
	// another value in each.
	EvidenceFork = "fork"
	// EvidenceInconsistency is two checkpoints of the public log, both signed, of
	// which neither continues the other.
	EvidenceInconsistency = "inconsistency"
	// EvidenceEntry is a log entry that differs between the log under the
	// directory's signed head and the one under a checkpoint that a quorum of
	// witnesses has seen.
	EvidenceEntry = "log-entry"
	// EvidenceCredential is a credential of a signed head that contradicts what the
	// client was shown of the log.
	EvidenceCredential = "credential"
)

// evidence is what an evidence file holds: everything a reader needs to repeat
// the verification. Byte strings are in base64, hashes in hexadecimal; in
// Inconsistency and Entry, hashes are byte strings.
type evidence struct {
	Schema        string    `json:"schema"`
	Summary       string    `json:"summary"`
	Kind          string    `json:"kind"`
	Directory     string    `json:"directory"`
	FoundAt       time.Time `json:"found_at"`
	Configuration []byte    `json:"configuration"`
	// RetainedView is the client's view when it sent the request.
	RetainedView *viewJSON `json:"retained_view"`
	// RetainedConfiguration is what that was verified under, if it had another
	// auditor.
	RetainedConfiguration []byte `json:"retained_configuration,omitempty"`
	// RetainedState is what else the client retained and the verification
	// used: of a contact, or of an owned label.
	RetainedContact *contactJSON `json:"retained_contact,omitempty"`
	RetainedOwner   *ownerJSON   `json:"retained_owner,omitempty"`

	// Operation, Request and Response are those of a KEYTRANS exchange, if the
	// evidence is one.
	Operation string `json:"operation,omitempty"`
	Request   []byte `json:"request,omitempty"`
	Response  []byte `json:"response,omitempty"`

	// Fork has the second head, and Own, if it takes that, one that the directory
	// showed to this client in the same way.
	Fork *forkJSON `json:"fork,omitempty"`
	Own  *forkJSON `json:"own,omitempty"`

	// Credential is the evidence of that kind.
	Credential *credentialEvidenceJSON `json:"credential,omitempty"`

	// Policy is the witness policy, and Log the verifier key that it gives the
	// directory's log.
	Policy []byte `json:"policy,omitempty"`
	Log    string `json:"log,omitempty"`
	// Inconsistency and Entry are the evidence of the kinds that are named so.
	Inconsistency *checkpoint.Inconsistency `json:"inconsistency,omitempty"`
	Entry         *EntryConflict            `json:"log_entry,omitempty"`
}

// forkJSON is a view that was verified without any retained one.
type forkJSON struct {
	View     *viewJSON `json:"view"`
	Request  []byte    `json:"request"`
	Response []byte    `json:"response"`
}

// exchange is one request of the protocol and its response.
type exchange struct {
	operation         string
	label             string // empty for operations without one
	request, response []byte
}

// newEvidence begins the evidence that an exchange is or led to. For evidence that
// none led to, x is zero.
func (s *session) newEvidence(kind, summary string, x exchange) *evidence {
	e := &evidence{
		Schema: EvidenceSchema, Summary: summary, Kind: kind,
		Directory: s.state.directory, FoundAt: s.cfg.Now().UTC().Truncate(time.Millisecond),
		Configuration: s.state.configuration, RetainedView: viewToJSON(s.state.view),
		Operation: x.operation, Request: x.request, Response: x.response,
	}
	if p := s.previous; p != nil && p.view == s.state.view {
		e.RetainedConfiguration = p.configuration
	}
	if c := s.state.contacts[x.label]; c != nil {
		j := contactToJSON(x.label, c)
		e.RetainedContact = &j
	}
	if o := s.state.owners[x.label]; o != nil {
		j := ownerToJSON(x.label, o)
		e.RetainedOwner = &j
	}
	return e
}

// write stores e in the state folder and returns the file's path. Files are
// never overwritten.
func (e *evidence) write(dir string) (string, error) {
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, evidenceName)
	if err := makeFolder(dir); err != nil {
		return "", err
	}
	name := e.FoundAt.Format("20060102T150405.000Z")
	for i := 0; ; i++ {
		path := filepath.Join(dir, name+".json")
		if i > 0 {
			path = filepath.Join(dir, fmt.Sprintf("%s-%d.json", name, i))
		}
		err := writeSynced(path, append(data, '\n'), os.O_EXCL)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		return path, errors.Join(err, syncFolder(dir))
	}
}

// findEvidence returns the path of the oldest file that is evidence of the same as e,
// empty if there is none. A log that has two histories is met again at every
// contact, under another checkpoint each time, and a credential of another log
// whenever received ones are looked at.
func (s *session) findEvidence(e *evidence) string {
	if e.Inconsistency == nil && e.Entry == nil && e.Credential == nil {
		return ""
	}
	const largest = 4 * MaxCredentialSize // more than evidence of these kinds has
	dir := filepath.Join(s.dir, evidenceName)
	files, _ := os.ReadDir(dir) // write says what is wrong, if anything is
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		var other evidence
		data, err := readFile(path, largest)
		if err == nil && json.Unmarshal(data, &other) == nil && s.sameEvidence(e, &other) {
			return path
		}
	}
	return ""
}

// sameEvidence reports whether other is intact, and evidence of the same
// contradiction as e, which is one by means of the policy in force.
func (s *session) sameEvidence(e, other *evidence) bool {
	switch {
	case e.Kind != other.Kind || e.Directory != other.Directory || e.Log != other.Log ||
		!bytes.Equal(e.Configuration, other.Configuration) || !bytes.Equal(e.Policy, other.Policy):
		return false
	case e.Credential != nil:
		return e.Summary == other.Summary && e.Credential.same(other.Credential)
	case e.Entry != nil:
		return e.Entry.same(other.Entry, s.verifier.Configuration(), e.Log)
	}
	return sameInconsistency(e.Inconsistency, other.Inconsistency, s.state.inForce().policy.Policy)
}

// accuse writes the evidence, unless there is a file with the same, and returns the
// error that names the file. step is how it was found.
func (s *session) accuse(e *evidence, step string, cause error) *Error {
	out := fail(Misbehaved, step, cause)
	path, err := s.findEvidence(e), error(nil)
	if path == "" {
		path, err = e.write(s.dir)
	}
	if err != nil {
		// The finding stands, whatever became of the file.
		out.Err = fmt.Errorf("%w (the evidence could not be written: %w)", cause, err)
		return out
	}
	out.Evidence = path
	out.Hint = "keep this file and show it to others: " + hints[e.Kind]
	return out
}

// hints say what a kind of evidence is good for.
var hints = map[string]string{
	EvidenceContradiction: "it has what the directory signed, and what this client had verified before",
	EvidenceFork:          "it can be checked by anybody who has the directory's configuration",
	EvidenceCredential:    "it has the credential, whose log the directory signed, and what this client was shown of the log",
	EvidenceInconsistency: "it can be checked by anybody who has the log's key",
	EvidenceEntry:         "it can be checked by anybody who has the directory's configuration and its log's key; compare the log's line in the policy with what the operator publishes, because the log of another directory would differ, too",
}

// contradiction accuses the directory of what a response proves.
func (s *session) contradiction(x exchange, m *keytrans.Misbehaviour) *Error {
	return s.accuse(s.newEvidence(EvidenceContradiction, m.Error(), x), verifyingStep(x), m)
}

func verifyingStep(x exchange) string { return "verifying the response to " + x.operation }
