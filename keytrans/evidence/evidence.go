package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// Schema is the schema of evidence files.
const Schema = "ghostlight/evidence/v1"

// MaxSize is the size in bytes of the largest evidence that is parsed or marshalled.
const MaxSize = 96 << 20

// Class says what a file is worth to others.
type Class string

// The classes. A file without one is of a time before reports were told apart.
const (
	ClassEvidence Class = "evidence" // Verify proves it to everybody
	ClassReport   Class = "report"   // it rests on the memory of whoever made it
)

// Kind says what contradicts what.
type Kind string

// The kinds of evidence.
const (
	// Contradiction is a signed response that contradicts itself or what the directory
	// signed before it; or two answers about one label that cannot both be true.
	Contradiction Kind = "contradiction"
	// Fork is two heads of one log, both signed, of which neither continues the
	// other: a balanced subtree that both logs are built on has another value in each.
	Fork Kind = "fork"
	// Inconsistency is two checkpoints of a log, both signed, of which neither
	// continues the other.
	Inconsistency Kind = "inconsistency"
	// LogEntry is a log entry that differs between the log under the directory's
	// signed head and the one under a checkpoint of its public log.
	LogEntry Kind = "log-entry"
	// Credential is a credential that contradicts what the directory signed.
	Credential Kind = "credential"
	// TreeHeads is two heads of one size, both signed, over two roots.
	TreeHeads Kind = "tree-heads"
	// Timestamps is two successive log entries in one signed checkpoint, of which the
	// second is older than the first.
	Timestamps Kind = "timestamps"
	// TreesDiffer is a signed head and a signed checkpoint of other log entries than
	// each other.
	TreesDiffer Kind = "trees-differ"
	// PrefixTree is a leaf of the prefix tree that a later log entry in the same signed
	// checkpoint lacks, or has with another commitment.
	PrefixTree Kind = "prefix-tree"
)

// Evidence is what an evidence file holds. In JSON, byte strings are in base64,
// hashes in hexadecimal; in Inconsistency and LogEntry, hashes are byte strings.
// Which parts a kind has, docs/evidence.md says.
type Evidence struct {
	// Summary tells a human reader what was found. Nothing vouches for it.
	Summary string `json:"summary"`
	Schema  string `json:"schema"`
	Class   Class  `json:"class,omitempty"`
	Kind    Kind   `json:"kind"`
	// Rule names the rule that is broken and the specification that has it.
	Rule      string    `json:"rule,omitempty"`
	Directory string    `json:"directory,omitempty"` // its URL, as the finder knows it
	FoundAt   time.Time `json:"found_at"`
	// Configuration is the directory's, encoded.
	Configuration []byte `json:"configuration,omitempty"`

	// RetainedView is the finder's view of the log when the request was sent.
	RetainedView *View `json:"retained_view,omitempty"`
	// RetainedConfiguration is what that was signed under, if it had another auditor.
	RetainedConfiguration []byte `json:"retained_configuration,omitempty"`
	// RetainedContact and RetainedOwner are what else the finder remembered and
	// used, of a label that was looked up or that is its own. They are in reports.
	RetainedContact json.RawMessage `json:"retained_contact,omitempty"`
	RetainedOwner   json.RawMessage `json:"retained_owner,omitempty"`

	// Operation, Request and Response are those of the exchange that the evidence is
	// or, in reports, that led to it.
	Operation string `json:"operation,omitempty"`
	Request   []byte `json:"request,omitempty"`
	Response  []byte `json:"response,omitempty"`
	// Earlier is an exchange about the same label that contradicts this one.
	Earlier *Exchange `json:"earlier,omitempty"`

	// Fork has the second head, and Own, if the retained view is not the first one,
	// what the finder was shown in the same way.
	Fork *Newcomer `json:"fork,omitempty"`
	Own  *Newcomer `json:"own,omitempty"`

	Credential *CredentialParts `json:"credential,omitempty"`

	// Policy is the finder's witness policy, and Log the verifier key of the
	// directory's log (C2SP signed-note).
	Policy        []byte                    `json:"policy,omitempty"`
	Log           string                    `json:"log,omitempty"`
	Inconsistency *checkpoint.Inconsistency `json:"inconsistency,omitempty"`
	LogEntry      *EntryConflict            `json:"log_entry,omitempty"`
	// Heads are the two of kind TreeHeads.
	Heads []Head `json:"heads,omitempty"`
	// Entries are proofs (C2SP tlog-proof) of the two log entries of kind Timestamps,
	// in the order of the log. The extra data of each is the 40 bytes of its entry.
	Entries []string `json:"entries,omitempty"`
	Trees   *Trees   `json:"trees,omitempty"`

	PrefixTree *LeafChange `json:"prefix_tree,omitempty"`
}

// Exchange is one request of KEYTRANS and its response, with what they were
// verified against.
type Exchange struct {
	// Configuration is what was pinned then, and RetainedConfiguration what the
	// retained view was signed under, if they had another auditor.
	Configuration         []byte `json:"configuration,omitempty"`
	RetainedConfiguration []byte `json:"retained_configuration,omitempty"`
	RetainedView          *View  `json:"retained_view"`
	Operation             string `json:"operation"`
	Request               []byte `json:"request"`
	Response              []byte `json:"response"`
}

// Newcomer is what the directory showed somebody without a view: a "distinguished"
// exchange, which is verified without anything retained. View is what follows from
// it; readers derive it anew.
type Newcomer struct {
	View     *View  `json:"view"`
	Request  []byte `json:"request"`
	Response []byte `json:"response"`
}

// Head is a signed head with its root, which the signature covers.
type Head struct {
	TreeSize  uint64 `json:"tree_size"`
	Root      Hash   `json:"root"`
	Signature []byte `json:"signature"`
}

// Parse parses an evidence file of at most MaxSize bytes. Nothing may follow it, and
// it has no fields that are not known. It proves nothing before Verify. Whatever is in
// the file, it takes a few times the file's size of memory, and some 100 MB. The error
// wraps keytrans.ErrMalformed.
func Parse(data []byte) (*Evidence, error) {
	if len(data) > MaxSize {
		return nil, malformed("it has more than %d bytes", MaxSize)
	}
	if err := checkValues(data); err != nil {
		return nil, malformed("%w", err)
	}
	e := new(Evidence)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(e); err != nil {
		return nil, malformed("%w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, malformed("something follows it")
	}
	if err := e.check(); err != nil {
		return nil, malformed("%w", err)
	}
	return e, nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: evidence: %w", keytrans.ErrMalformed, fmt.Errorf(format, args...))
}

// Marshal returns the file of e, indented, with a newline at its end. The error says
// that e is larger than what is parsed, or has not the parts that its kind requires.
func (e *Evidence) Marshal() ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, err
	}
	if len(data) >= MaxSize {
		return nil, fmt.Errorf("evidence: it has more than %d bytes", MaxSize)
	}
	if err := checkValues(data); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	return append(data, '\n'), nil
}
