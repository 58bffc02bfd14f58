package roster

import (
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// Code names a kind of finding. Codes are stable: one never changes its meaning,
// new ones may be added.
type Code string

// The codes. docs/roster.md tells what each means and what to do.
const (
	GhostUser           Code = "ghost-user"
	GhostDevice         Code = "ghost-device"
	DormantInsertion    Code = "dormant-insertion"
	StaleKey            Code = "stale-key"
	RolledBackKey       Code = "rolled-back-key"
	TransientKey        Code = "transient-key"
	JustInTimeInsertion Code = "just-in-time-insertion"
	SharedKey           Code = "shared-key"
	IdentityReset       Code = "identity-reset"
	UnsignedChange      Code = "unsigned-change"
	Unmonitored         Code = "unmonitored"
	CouldNotCheck       Code = "could-not-check"
	LookAlikeLabel      Code = "look-alike-label"
	WeakKey             Code = "weak-key"
	DuplicateDevice     Code = "duplicate-device"
	Misbehaviour        Code = "misbehaviour"
)

// Severity is how bad a finding is, in the words of SARIF.
type Severity string

// The severities. Notes do not change the exit code.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// ReportSchema is the value of a report's "schema".
const ReportSchema = "ghostlight/roster-report/v1"

// Report is what Check found. Its JSON is deterministic and documented.
type Report struct {
	Schema       string    `json:"schema"`
	Conversation string    `json:"conversation"`
	Me           string    `json:"me"`
	Checked      time.Time `json:"checked"`        // Options.Now
	Window       int64     `json:"window_seconds"` // Options.Window
	Members      int       `json:"members"`
	// Findings are ordered by severity, label, code and keys.
	Findings []Finding `json:"findings"`
	// Unclear are the versions whose time of creation, if it were known better,
	// could decide a finding. A caller that can narrow the bounds does so, and
	// checks again.
	Unclear []Question `json:"-"`
}

// Question asks for narrower bounds of when a version was created.
type Question struct {
	Label   string
	Version uint32
}

// Finding is one thing that the user should know of a roster.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Label    string   `json:"label"`
	// Others are further labels that it is about: those that share a key, or
	// look alike.
	Others []string `json:"other_labels,omitempty"`
	// Keys are those it is about.
	Keys    []keyset.Description `json:"keys,omitempty"`
	Message string               `json:"message"` // one or two sentences
	Advice  string               `json:"advice"`  // what to do
	Proof   Proof                `json:"proof"`

	absent bool // the label is proven absent
}

// Proof is what a finding rests on.
type Proof struct {
	// Head is the log under which the label was proven. Nil if it was not.
	Head *Head `json:"head,omitempty"`
	// Versions are those that the finding is about, oldest first.
	Versions []VersionProof `json:"versions,omitempty"`
	// Before is what was known of the account key from before the versions.
	Before *Before `json:"before,omitempty"`
}

// VersionProof is what was proven of one version.
type VersionProof struct {
	Version     uint32         `json:"version"`
	LogEntry    uint64         `json:"log_entry"`
	NotBefore   time.Time      `json:"created_at_the_earliest,omitzero"`
	NotAfter    time.Time      `json:"created_at_the_latest"`
	Commitment  string         `json:"commitment"` // hexadecimal
	ValueSHA256 string         `json:"value_sha256,omitempty"`
	Account     account.Status `json:"account,omitempty"`
}

// Exit codes of a report, as kt has them.
const (
	ExitFine          = 0 // nothing but notes
	ExitMisbehaviour  = 3
	ExitAbsent        = 4 // nothing worse than members whose labels are proven absent
	ExitCouldNotCheck = 5 // nothing worse than labels that could not be checked
	ExitFindings      = 6
)

// Exit returns the exit code that the report calls for.
func (r *Report) Exit() int {
	code := ExitFine
	for _, f := range r.Findings {
		code = worse(code, f.exit())
	}
	return code
}

// exit is the exit code of a report with this finding alone.
func (f *Finding) exit() int {
	switch {
	case f.Severity == Note:
		return ExitFine
	case f.Code == Misbehaviour:
		return ExitMisbehaviour
	case f.Code == CouldNotCheck:
		return ExitCouldNotCheck
	case f.absent:
		return ExitAbsent
	}
	return ExitFindings
}

// worse returns the exit code that says more of two: a contradiction before a
// finding, that before a label that nothing was proven of, that before one that
// is proven absent.
func worse(a, b int) int {
	for _, code := range []int{ExitMisbehaviour, ExitFindings, ExitCouldNotCheck, ExitAbsent} {
		if a == code || b == code {
			return code
		}
	}
	return ExitFine
}
