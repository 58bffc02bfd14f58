package audit

import (
	"context"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// MaxEntries is how many log entries a view asks its Source for at a time.
const MaxEntries = 100

// MaxLeaves is how many leaves of one log entry's changes a view asks for at a time.
const MaxLeaves = 100

// Source is where a view has its log from: a directory, or a monitor's mirror of one.
// Everything that a view shows on its own is what its Source claims.
//
// Methods are safe for concurrent use. No method may take a time that grows with the
// log; Head, Epochs and Publication are asked for each page. An error that is to be
// told to visitors is a *Problem; others are logged, and the visitor is told that
// something failed.
type Source interface {
	// Configuration returns what users of the log pin. It never changes.
	Configuration() *keytrans.Configuration

	// Head returns the newest state of the log that is known.
	Head(ctx context.Context) (Head, error)

	// Entries returns the log entries in [lo, hi), at most MaxEntries, all of which
	// the Head has. Those before Head.FirstEntry need not be there.
	Entries(ctx context.Context, lo, hi uint64) ([]keytrans.LogEntry, error)

	// Changes returns how many leaves a log entry added to the prefix tree and removed
	// from it, and of these, added ones first, those in [from, from+limit), at most
	// MaxLeaves. From may be beyond the last one, limit may be 0.
	Changes(ctx context.Context, pos, from, limit uint64) (Changes, error)

	// Tiles returns tiles of hashes of the public log: it is a tile.Fetch.
	Tiles(ctx context.Context, tiles []tile.Tile) ([][]byte, error)

	// Publication returns how the log's checkpoints get signed and witnessed, nil if
	// they are not.
	Publication(ctx context.Context) (*Publication, error)

	// Epochs returns how long recent log entries took to make, in ascending order of
	// position, at most MaxEpochs. A monitor knows of none.
	Epochs() []Epoch

	// Search answers a search by a user who has seen nothing yet (View.Last is nil).
	// The request is well-formed.
	Search(ctx context.Context, q *keytrans.SearchRequest) (*keytrans.SearchResponse, error)
}

// Head is a state of the log.
type Head struct {
	Size uint64 // log entries, at least 1
	Time uint64 // of the rightmost entry, in ms since the Unix epoch

	Root       merkle.Hash // of the log tree of KEYTRANS, zero if it is not known
	PublicRoot merkle.Hash // of the RFC 6962 tree

	// Distinguished is the position of the rightmost distinguished log entry, nil if
	// there is none.
	Distinguished *uint64
	// FirstEntry is the first log entry that is still there.
	FirstEntry uint64
	// Counts is nil for who does not know them.
	Counts *Counts
	// Auditor is the auditor's latest head, nil if there is none.
	Auditor *keytrans.AuditorTreeHead
}

// Counts are how many labels, and versions of all labels, a log has.
type Counts struct{ Labels, Versions uint64 }

// RootKnown tells that Root is.
func (h Head) RootKnown() bool { return h.Root != merkle.Hash{} }

// Changes is what one log entry changed in the prefix tree, or a part of it.
type Changes struct {
	Added, Removed uint64 // how many in all
	Leaves         []prefixtree.Leaf
}

// MaxEpochs is how many epochs a Source tells of.
const MaxEpochs = 64

// Epoch is one log entry, as the process that made it saw it.
type Epoch struct {
	Position uint64
	Took     time.Duration // from when it was begun until it was published
}

// Publication is how the checkpoints of a log are signed and witnessed.
type Publication struct {
	Origin, VerifierKey string

	// Policy is the directory's policy; it has its log. PolicyText is its text.
	Policy     *checkpoint.Policy
	PolicyText string

	// Signed is the newest checkpoint, with the cosignatures so far, Served the one
	// that the log serves; nil if there is none.
	Signed, Served *checkpoint.Signed

	// QuorumMissingSince is when the first checkpoint was signed that is newer than the
	// last one with a quorum, zero if the newest has one.
	QuorumMissingSince time.Time
	// Stopped tells that no checkpoints are signed at present.
	Stopped bool

	// Witnesses are those that are asked, by the names of the policy.
	Witnesses []WitnessState

	// History has recent checkpoints, the newest first, at most MaxHistory.
	History []Published
}

// MaxHistory is how many checkpoints a Source tells of.
const MaxHistory = 32

// WitnessState is how a witness that is asked for cosignatures does.
type WitnessState struct {
	Name         string
	Size         uint64    // of the checkpoint that it cosigned last, 0 for none
	Time         time.Time // when that was, zero if unknown
	FailingSince time.Time // zero if it does not fail
}

// Published is a checkpoint with the times of its publication.
type Published struct {
	*checkpoint.Signed
	SignedAt time.Time // zero if unknown
	QuorumAt time.Time // zero if it has none, or unknown
}

// Problem is an error that is told to visitors.
type Problem struct {
	Status int    // of HTTP
	Title  string // a few words
	Detail string // a sentence, can be empty
	// Name is the last part of the problem's type as docs/problems.md has it, empty if
	// there is none.
	Name string
}

// Error implements error.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }
