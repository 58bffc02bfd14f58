package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// exchange is one request of the protocol and its response.
type exchange struct {
	operation         string
	label             string // empty for operations without one
	request, response []byte

	// view is what the request was sent with, nil for that of the state, and proofs
	// what proves it to others.
	view   *keytrans.View
	proofs evidence.Proofs
}

// newEvidence begins the evidence that an exchange is or led to. For evidence that
// none led to, x is zero.
func (s *session) newEvidence(kind evidence.Kind, summary string, x exchange) *evidence.Evidence {
	if x.view == nil {
		x.view, x.proofs = s.state.view, s.state.proofs
	}
	return &evidence.Evidence{
		Summary: summary, Schema: evidence.Schema, Kind: kind,
		Directory: s.state.directory, FoundAt: s.cfg.Now().UTC().Truncate(time.Millisecond),
		Configuration: s.state.configuration, RetainedView: evidence.NewView(x.view, x.proofs),
		RetainedConfiguration: s.retainedConfiguration(x.view),
		Operation:             x.operation, Request: x.request, Response: x.response,
	}
}

// retainedConfiguration returns what a view was verified under, nil if that is what
// is pinned now.
func (s *session) retainedConfiguration(view *keytrans.View) []byte {
	if p := s.previous; p != nil && p.view == view {
		return p.configuration
	}
	return nil
}

// remember adds to a report what the client knew of the label.
func (s *session) remember(e *evidence.Evidence, label string) error {
	var err error
	if c := s.state.contacts[label]; c != nil {
		e.RetainedContact, err = json.Marshal(contactToJSON(label, c))
	}
	if o := s.state.owners[label]; o != nil && err == nil {
		e.RetainedOwner, err = json.Marshal(ownerToJSON(label, o))
	}
	return err
}

// writeEvidence stores e in a state folder and returns the file's path. Files are
// never overwritten.
func writeEvidence(e *evidence.Evidence, dir string) (string, error) {
	data, err := e.Marshal()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, evidenceName)
	if err := durable.MakeFolder(dir); err != nil {
		return "", err
	}
	name := e.FoundAt.Format("20060102T150405.000Z")
	for i := 0; ; i++ {
		path := filepath.Join(dir, name+".json")
		if i > 0 {
			path = filepath.Join(dir, fmt.Sprintf("%s-%d.json", name, i))
		}
		err := durable.Write(path, data, os.O_EXCL)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil: // such as a full disk: no part of a file is evidence
			return "", errors.Join(err, os.Remove(path))
		}
		return path, durable.SyncFolder(dir)
	}
}

// findEvidence returns the path of the oldest file that is evidence of the same as e,
// empty if there is none. Misbehaviour is met again at every contact, under another
// head each time.
func findEvidence(e *evidence.Evidence, dir string) string {
	dir = filepath.Join(dir, evidenceName)
	files, _ := os.ReadDir(dir) // writeEvidence says what is wrong, if anything is
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		data, err := durable.ReadFile(path, evidence.MaxSize)
		if err != nil {
			continue
		}
		if other, err := evidence.Parse(data); err == nil && e.Same(other) {
			return path
		}
	}
	return ""
}

// accuse writes the evidence, unless there is a file with the same, and returns the
// error that names the file. step is how it was found, and label what it is about,
// which may be empty.
//
// What does not prove the finding to others is written as a report. The finding
// stands: this client knows what it has verified.
func (s *session) accuse(e *evidence.Evidence, step, label string, cause error) *Error {
	out := fail(Misbehaved, step, cause)
	err := s.classify(e, label)
	path := ""
	if err == nil {
		path = findEvidence(e, s.dir)
		if out.Known = path != ""; !out.Known {
			path, err = writeEvidence(e, s.dir)
		}
	}
	if err != nil {
		// The finding stands, whatever became of the file.
		out.Err = fmt.Errorf("%w (the evidence could not be written: %w)", cause, err)
		return out
	}
	out.Evidence, out.Report = path, e.Class == evidence.ClassReport
	out.Hint = "keep this file and show it to others: " + hints[e.Kind]
	if out.Report {
		out.Hint = "keep this file: it tells what this client has verified; but it is a report, which rests on what this client remembers and proves nothing to others. " +
			"Ask others to look the same thing up, and the directory's operator what happened"
		if e.Kind == evidence.LogEntry {
			out.Hint = "keep this file: it is a report, which proves nothing to others; " + compareLog
		}
	}
	return out
}

// classify says in e what it is worth to others.
func (s *session) classify(e *evidence.Evidence, label string) error {
	e.Classify()
	if e.Class == evidence.ClassEvidence {
		return nil
	}
	e.Summary = "This is a report, which rests on the memory of the client that wrote it, and proves nothing to others. " + e.Summary
	return s.remember(e, label)
}

const compareLog = "compare the log's line in the policy with what the operator publishes, because the log of another directory would differ, too"

// hints say what a kind of evidence is good for.
var hints = map[evidence.Kind]string{
	evidence.Contradiction: "it can be checked by anybody who has the directory's configuration; it tells the label that it is about",
	evidence.Fork:          "it can be checked by anybody who has the directory's configuration",
	evidence.Credential:    "it can be checked by anybody who has the directory's configuration; it has the credential",
	evidence.Inconsistency: "it can be checked by anybody who has the log's key",
	evidence.LogEntry:      "it can be checked by anybody who has the directory's configuration and its log's key; " + compareLog,
}

func verifyingStep(x exchange) string { return "verifying the response to " + x.operation }
