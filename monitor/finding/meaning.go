package finding

// meanings are what rules say, as in docs/alerts.md and docs/evidence.md.
var meanings = map[Rule]string{
	UnexpectedVersion:    "an owned label has a version that its owner did not make or announce",
	ExpectedVersion:      "the version came that the owner had announced, or an announcement lapsed",
	TakenOver:            "a label is watched from now on; what exists is accepted: compare its fingerprints",
	ChangedValue:         "a contact's label has another value than was seen last",
	UnsignedChange:       "a contact's label has an account key, which did not sign its newest version: that is refused until the owner has answered it",
	NotCompared:          "what this monitor and another place were shown has had nothing in common for too long",
	ConfigurationChanged: "the directory serves another Configuration than the pinned one",
	Unreachable:          "nothing was answered, or nothing that a directory answers",
	Refused:              "the answers do not verify, and prove nothing",
	WrongChanges:         "the changes for auditors do not lead to what the directory signed; they are signed by nobody",
	TreesDiffer:          "the directory's signed head and the signed checkpoint of its log are not over the same entries",
	RolledBack:           "the log is smaller than it was",
	Stalled:              "the log's newest entry is older than its Configuration permits",
	Behind:               "the monitor has not come as far as the log for too long, or one of its roles has been at one round for too long",
	QuorumOverdue:        "no quorum of witnesses has cosigned the log's newer state",
	AuditorOverdue:       "the auditor has not signed the log's newer state",
	HeadsDiffer:          "somebody else's unsigned list of heads contradicts this monitor's",
	StateDamaged:         "a file of the monitor's was damaged, and it went back to its last good anchor",
	ClockJumped:          "this machine's clock was set by more than the time that passed, or the machine slept",
	Failed:               "something on this machine failed",

	"contradiction": "a signed response contradicts itself, or what was signed before it",
	"fork":          "two signed heads that cannot be of one log",
	"tree-heads":    "two signed roots for one size",
	"credential":    "a credential contradicts what was signed",
	"log-entry":     "a log entry under a signed head contradicts the public log",
	"inconsistency": "two signed checkpoints of the public log that cannot be of one log",
	"timestamps":    "two successive log entries under a checkpoint: the second is older",
	"prefix-tree":   "two log entries under a checkpoint: a leaf of the prefix tree is gone in the second one, or has another commitment",
}

// Meaning says what the rule says, in a sentence without a full stop; "" for a rule that
// this program does not know.
func (r Rule) Meaning() string { return meanings[r] }
