package alert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// Schema is the version of the form that Marshal writes.
const Schema = "ghostlight/alert/v1"

// MaxSize is the most bytes that an alert has as a file.
const MaxSize = 64 << 10

// State says whether something began or ended.
type State string

// The states.
const (
	// Raised: something happened, or a condition has lasted as long as it takes.
	Raised State = "raised"
	// Resolved: a condition is over that somebody was told of.
	Resolved State = "resolved"
)

// Alert is one thing to tell people. It does not change once it is raised.
type Alert struct {
	Schema string `json:"schema"`
	// ID is the same whenever the same alert is told again.
	ID string `json:"id"`
	// Number counts the alerts of a monitor, from 1. Sinks get them in this order.
	Number   uint64 `json:"number"`
	State    State  `json:"state"`
	Resolves string `json:"resolves,omitempty"` // the ID of the alert that this ends

	Rule      finding.Rule     `json:"rule"`
	Class     finding.Class    `json:"class"`
	Severity  finding.Severity `json:"severity"`
	Directory string           `json:"directory,omitempty"`
	Role      string           `json:"role"`

	Summary string `json:"summary"`
	Detail  string `json:"detail,omitempty"`
	Hint    string `json:"hint,omitempty"`

	// Evidence is the copy of the evidence, a path in the monitor's folder. It is
	// empty for reports, and if the file could not be copied, as Detail then says.
	Evidence       string `json:"evidence,omitempty"`
	EvidenceSHA256 string `json:"evidence_sha256,omitempty"` // hexadecimal

	// Condition tells that another alert follows when this is over.
	Condition bool `json:"condition"`
	// FoundAt is when it was found first, RaisedAt when this alert was made, by the
	// monitor's clock.
	FoundAt  time.Time `json:"found_at"`
	RaisedAt time.Time `json:"raised_at"`
}

// Public returns the alert without what only those who run the monitor may read.
func (a Alert) Public() Alert {
	a.Detail, a.Hint, a.Evidence = "", "", ""
	return a
}

// Line returns the alert as one line of JSON, without the end of the line.
func (a *Alert) Line() []byte { return a.encode("") }

// Marshal returns the alert as it is in its file.
func (a *Alert) Marshal() []byte { return append(a.encode("  "), '\n') }

func (a *Alert) encode(indent string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(a); err != nil {
		panic("alert: times of this monitor have no encoding: " + err.Error())
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// errMalformed is wrapped by the errors for what is no alert, or none that this
// program writes.
var errMalformed = errors.New("malformed alert")

// Parse reads an alert from its file. It accepts exactly what Marshal returns for the
// alerts of a ledger: any other byte is damage.
func Parse(data []byte) (*Alert, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes", errMalformed, len(data))
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	a := new(Alert)
	if err := dec.Decode(a); err != nil {
		return nil, fmt.Errorf("%w: %v", errMalformed, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows it", errMalformed)
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if !bytes.Equal(a.Marshal(), data) {
		return nil, fmt.Errorf("%w: it is not written as this program writes it", errMalformed)
	}
	return a, nil
}

func (a *Alert) check() error {
	scope, seq, err := splitID(a.ID)
	switch {
	case err != nil:
		return err
	case a.Schema != Schema:
		return fmt.Errorf("schema %q, this program knows %q", a.Schema, Schema)
	case a.Number == 0 || a.Number >= 1<<63:
		return fmt.Errorf("number %d", a.Number)
	case a.State != Raised && a.State != Resolved:
		return fmt.Errorf("state %q", a.State)
	case (a.State == Resolved) != (a.Resolves != "") || a.Resolves != "" && a.Resolves != makeID(scope, seq-1):
		return fmt.Errorf("%s %s resolves %q", a.State, a.ID, a.Resolves)
	case a.Class != finding.Evidence && a.Class != finding.Report:
		return fmt.Errorf("class %q", a.Class)
	case rank(a.Severity) == 0:
		return fmt.Errorf("severity %q", a.Severity)
	case a.Evidence != "" && a.Evidence != evidenceName(a.ID):
		return fmt.Errorf("evidence %q", a.Evidence)
	}
	for _, at := range []time.Time{a.FoundAt, a.RaisedAt} {
		if at.Location() != time.UTC || at.Year() < 1 || at.Year() > 9999 {
			return fmt.Errorf("time %v", at)
		}
	}
	return nil
}

// rank orders severities, 0 for what is none.
func rank(s finding.Severity) int {
	switch s {
	case finding.Critical:
		return 3
	case finding.Warning:
		return 2
	case finding.Info:
		return 1
	}
	return 0
}
