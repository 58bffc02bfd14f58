package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
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
)

// evidence is what an evidence file holds: everything a reader needs to repeat
// the verification. Byte strings are in base64, hashes in hexadecimal.
type evidence struct {
	Schema        string    `json:"schema"`
	Summary       string    `json:"summary"`
	Kind          string    `json:"kind"`
	Directory     string    `json:"directory"`
	FoundAt       time.Time `json:"found_at"`
	Configuration []byte    `json:"configuration"`
	// RetainedView is the client's view when it sent the request.
	RetainedView *viewJSON `json:"retained_view"`
	// RetainedState is what else the client retained and the verification
	// used: of a contact, or of an owned label.
	RetainedContact *contactJSON `json:"retained_contact,omitempty"`
	RetainedOwner   *ownerJSON   `json:"retained_owner,omitempty"`

	Operation string `json:"operation"`
	Request   []byte `json:"request"`
	Response  []byte `json:"response"`

	// Fork has the second head.
	Fork *forkJSON `json:"fork,omitempty"`
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

// newEvidence begins the evidence that an exchange is or led to.
func (s *session) newEvidence(kind, summary string, x exchange) *evidence {
	e := &evidence{
		Schema: EvidenceSchema, Summary: summary, Kind: kind,
		Directory: s.state.directory, FoundAt: s.cfg.Now().UTC().Truncate(time.Millisecond),
		Configuration: s.state.configuration, RetainedView: viewToJSON(s.state.view),
		Operation: x.operation, Request: x.request, Response: x.response,
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

// accuse writes the evidence and returns the error that names it.
func (s *session) accuse(e *evidence, cause error) *Error {
	out := fail(Misbehaved, "verifying the response to "+e.Operation, cause)
	path, err := e.write(s.dir)
	if err != nil {
		// The finding stands, whatever became of the file.
		out.Err = fmt.Errorf("%w (the evidence could not be written: %w)", cause, err)
		return out
	}
	out.Evidence = path
	out.Hint = "keep this file and show it to others"
	if e.Kind == EvidenceFork {
		out.Hint += ": it can be checked by anybody who has the directory's configuration"
	} else {
		out.Hint += ": it has what the directory signed, and what this client had verified before"
	}
	return out
}

// contradiction accuses the directory of what a response proves.
func (s *session) contradiction(x exchange, m *keytrans.Misbehaviour) *Error {
	return s.accuse(s.newEvidence(EvidenceContradiction, m.Error(), x), m)
}
