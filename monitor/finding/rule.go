package finding

// Rule is a stable code that says which rule was broken, or what else happened. For
// evidence it is the kind of the evidence file.
type Rule string

// The rules of reports. docs/alerts.md explains each.
const (
	// UnexpectedVersion: an owned label has a version that its owner did not make or
	// announce.
	UnexpectedVersion Rule = "unexpected-version"
	// ExpectedVersion: the version came that its owner had announced.
	ExpectedVersion Rule = "expected-version"
	// TakenOver: a label is watched from now on. What it has is accepted unseen.
	TakenOver Rule = "taken-over"
	// ChangedValue: a contact's label has another value than was seen last.
	ChangedValue Rule = "changed-value"
	// UnsignedChange: a contact's label has an account key, which did not sign its newest
	// version, or of which that does not follow. It is refused.
	UnsignedChange Rule = "unsigned-change"
	// Unreachable: nothing was answered, or nothing that a directory answers.
	Unreachable Rule = "unreachable"
	// Refused: the answers do not verify, and prove nothing.
	Refused Rule = "refused"
	// WrongChanges: the changes that auditors are told of do not lead to what the
	// directory signed. They are signed by nobody.
	WrongChanges Rule = "wrong-changes"
	// TreesDiffer: the directory's head and its checkpoint, both signed, are of other log
	// entries than each other. It is a report where the entries to prove it are missing.
	TreesDiffer Rule = "trees-differ"
	// RolledBack: the log is smaller than it was.
	RolledBack Rule = "rolled-back"
	// Stalled: the log's newest entry is older than its Configuration permits: heartbeats
	// are missing.
	Stalled Rule = "stalled"
	// Behind: the monitor has not come as far as the log for too long.
	Behind Rule = "behind"
	// QuorumOverdue: no quorum of witnesses has cosigned the log's newer state.
	QuorumOverdue Rule = "quorum-overdue"
	// AuditorOverdue: the auditor has not signed the log's newer state.
	AuditorOverdue Rule = "auditor-overdue"
	// HeadsDiffer: somebody else's list of heads contradicts this monitor's, and
	// is not signed.
	HeadsDiffer Rule = "heads-differ"
	// NotCompared: what somebody else has seen of the log is too old, or has nothing in
	// common with what this monitor has seen.
	NotCompared Rule = "not-compared"
	// ConfigurationChanged: the directory serves another Configuration than the
	// pinned one.
	ConfigurationChanged Rule = "configuration-changed"
	// StateDamaged: a file of the monitor's was damaged, and it went back to its last
	// good anchor.
	StateDamaged Rule = "state-damaged"
	// ClockJumped: this machine's clock was set by more than the time that passed.
	ClockJumped Rule = "clock-jumped"
	// Failed: something on this machine failed.
	Failed Rule = "failed"
)

// changes reports whether a rule says that somebody's keys changed.
func (r Rule) changes() bool {
	return r == UnexpectedVersion || r == ChangedValue || r == UnsignedChange || r == ConfigurationChanged
}
