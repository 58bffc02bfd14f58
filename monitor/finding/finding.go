// Package finding says what the roles of a monitor find out, in the one form that
// alerts, status pages and files are made of. It has no storage, network or clock.
package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// Class says what a finding is worth to others.
type Class string

// The classes.
const (
	// Evidence proves the directory's misbehaviour to everybody who has its
	// Configuration or its log's key; Finding.File names the file.
	Evidence Class = "evidence"
	// Report is what this monitor saw and cannot prove to others: a time-out, an
	// answer that does not verify, a well-formed version that nobody expected.
	Report Class = "report"
)

// Severity says how soon somebody should look.
type Severity string

// The severities.
const (
	Critical Severity = "critical" // misbehaviour, or keys that nobody expected
	Warning  Severity = "warning"  // something cannot be checked, or was changed
	Info     Severity = "info"     // nothing to do
)

// Finding is one thing that a role found out.
type Finding struct {
	Rule     Rule
	Class    Class
	Severity Severity
	// Directory is the name that the monitor's configuration gives the directory;
	// empty if the finding is about the monitor itself.
	Directory string
	// Subject is what tells apart findings of the same rule about the same
	// directory, such as a label with a version. It is hashed, and never shown.
	Subject string
	// About is the one of many things of the same kind that the finding is about, such as
	// a label; it may be empty. However much is found about one of them, others are told
	// of, too. It is as private as Detail, and not part of Key.
	About string
	// Summary says what was found, in one sentence, without labels and values: it
	// is public.
	Summary string
	// Detail adds what only those who run the monitor may read, such as the label
	// and the fingerprints of its keys. It may be empty.
	Detail string
	// Hint is what the reader can do. It is as private as Detail.
	Hint string
	// File is the path of the evidence file, for class Evidence.
	File string
	// Condition tells that the finding lasts until a round of the same role does not
	// have it any more. Others happened once, and stay.
	Condition bool
	// After is how long a condition must last before anybody is told of it.
	After time.Duration
}

// Key identifies the finding: two with the same Key are the same finding. It is 64
// hexadecimal digits, so that nobody makes two findings with one Key, and tells nothing
// of the subject to those who cannot guess it.
func (f *Finding) Key() string {
	id, err := json.Marshal([]string{string(f.Rule), f.Directory, f.Subject})
	if err != nil {
		panic("finding: strings have no encoding: " + err.Error())
	}
	sum := sha256.Sum256(id)
	return hex.EncodeToString(sum[:])
}

// Round is what one round of a role came to. Every round has all conditions that
// last, and everything that happened and that the role still knows of: whoever
// keeps findings tells what is new by their keys.
type Round struct {
	// Findings are empty if everything was checked and is as it should be.
	Findings []Finding
	// Checked says what was checked by which rules, in a phrase without labels and
	// values, such as "every change of 4711 log entries, and both trees".
	Checked string
	// Size is how many log entries are checked; 0 if the role does not count them.
	Size uint64
	// Total is how many the log has, as far as is known; 0 if it is not.
	Total uint64
}

// Verdict is the worst that the findings of a round say.
type Verdict string

// The verdicts, from good to bad. Their texts are stable. Changed is worse than
// Unchecked: keys that nobody announced wait for somebody to look, whatever else could
// not be checked.
const (
	Verified     Verdict = "verified"
	Unchecked    Verdict = "could not check"
	Changed      Verdict = "changed"
	Misbehaviour Verdict = "misbehaviour proven"
)

// Worse returns the worse of two verdicts.
func Worse(a, b Verdict) Verdict {
	order := []Verdict{Verified, Unchecked, Changed, Misbehaviour}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

// Verdict returns the verdict of the round.
func (r *Round) Verdict() Verdict {
	out := Verified
	for i := range r.Findings {
		out = Worse(out, r.Findings[i].verdict())
	}
	return out
}

func (f *Finding) verdict() Verdict {
	switch {
	case f.Class == Evidence:
		return Misbehaviour
	case f.Severity == Info:
		return Verified
	case f.Rule.changes():
		return Changed
	}
	return Unchecked
}
