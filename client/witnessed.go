package client

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/count"
)

// Witnessed says what the witnesses of the policy in force have seen of the log
// entries that a result rests on. They are all the entries that this client has
// verified up to the result.
//
// Under checkpoint.QuorumNone no witness needs to have seen anything: all of it is
// about the log's own checkpoints, and others may be shown another log.
type Witnessed struct {
	// CheckpointSize is the size of the newest log that a quorum of the witnesses
	// has seen and this client has read, 0 if there is none.
	CheckpointSize uint64 `json:"checkpoint_size"`
	// Quorum is what the policy calls the witnesses that are needed,
	// checkpoint.QuorumNone if it needs none.
	Quorum string `json:"quorum"`
	// CosignedBy are the witnesses that have seen it.
	CosignedBy []string `json:"cosigned_by"`
	// Pending are the positions of the log entries that were not found in it yet.
	Pending []uint64 `json:"pending"`
	// Settled tells that all of the log entries were found in it.
	Settled bool `json:"settled"`
	// Reason says of pending entries why they are.
	Reason string `json:"reason,omitempty"`

	origin string
	why    error // what settle said
	err    error // an *Error, if they are pending for too long
}

// Kind returns what w asks of the user: Undecided if log entries are pending for
// too long. A nil w asks nothing.
func (w *Witnessed) Kind() Kind {
	if w == nil {
		return 0
	}
	return KindOf(w.err)
}

// Err returns why w asks for anything: an *Error that is ErrOverdue. It is nil if w is.
func (w *Witnessed) Err() error {
	if w == nil {
		return nil
	}
	return w.err
}

// describeWitnessed returns what there is to say under the policy in force, nil
// if none is. why is what settle said.
func (s *session) describeWitnessed(why error) *Witnessed {
	in := s.state.inForce()
	if in == nil {
		return nil
	}
	w := in.describe(in.pending, why)
	if len(in.pending) == 0 {
		return w
	}
	oldest := in.pending[0].since()
	for _, e := range in.pending {
		if t := e.since(); t.Before(oldest) {
			oldest = t
		}
	}
	if delay := max(s.cfg.WitnessDelay, 0); s.cfg.Now().Sub(oldest) > delay {
		w.overdue(fmt.Sprintf("though the oldest is of %s, more than %v ago", oldest.Format(time.RFC3339), delay))
	}
	return w
}

// describe returns what there is to say of entries that a result rests on, of
// which the given ones are pending.
func (in *witnessing) describe(pending []pendingEntry, why error) *Witnessed {
	w := &Witnessed{
		Quorum: in.policy.Quorum(), CosignedBy: []string{}, Pending: []uint64{},
		Settled: len(pending) == 0, origin: in.policy.log.Origin, why: why,
	}
	if in.last != nil {
		w.CheckpointSize = in.last.Size
		for _, c := range in.last.Cosignatures {
			w.CosignedBy = append(w.CosignedBy, c.Witness)
		}
	}
	for _, e := range pending {
		w.Pending = append(w.Pending, e.Position)
	}
	if !w.Settled {
		w.Reason = w.reason()
	}
	return w
}

// reason says why entries are pending.
func (w *Witnessed) reason() string {
	text := positionsText(w.Pending) + " are"
	if len(w.Pending) == 1 {
		text = positionsText(w.Pending) + " is"
	}
	switch words := wordingOf(w.Quorum); {
	case w.CheckpointSize == 0:
		text += " " + words.unknown
	case w.Pending[0] < w.CheckpointSize:
		text += " " + words.missing
	default:
		text += " " + words.newer
	}
	if w.why != nil {
		text += fmt.Sprintf(" (%v)", w.why)
	}
	return text
}

// positionsText names log entries, the first few of them if they are many.
func positionsText(positions []uint64) string {
	const most = 5
	if len(positions) == 1 {
		return fmt.Sprintf("log entry %d", positions[0])
	}
	some := positions[:min(len(positions), most)]
	text := "log entries " + strings.Trim(strings.ReplaceAll(fmt.Sprint(some), " ", ", "), "[]")
	if n := len(positions) - len(some); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// overdue notes that entries are pending for too long. since says how long.
func (w *Witnessed) overdue(since string) {
	words := wordingOf(w.Quorum)
	size := words.noSize
	if w.CheckpointSize > 0 {
		size = fmt.Sprintf(words.size, count.Of(w.CheckpointSize, "entry", "entries"))
	}
	e := fail(Undecided, words.step, overdueError{fmt.Errorf("%s, %s; %s", w.Reason, since, size)})
	e.Hint = words.hint
	w.err = e
}

// qualify returns the verdict on what rests on w: nothing is verified as long as
// the witnesses have not seen it.
func (w *Witnessed) qualify(v Verdict) Verdict {
	switch {
	case w == nil || w.Settled || v.Outcome != OutcomeVerified && v.Outcome != OutcomeMonitored && v.Outcome != OutcomeAbsent:
		return v
	case w.err != nil:
		return verdict(OutcomeUnchecked, "%v", w.err)
	case v.Outcome == OutcomeAbsent:
		return verdict(OutcomeAbsent, "%s; %s", v.Reason, w.Reason)
	}
	return verdict(OutcomeMonitored, "%s; %s", v.Reason, w.Reason)
}

// verdict returns the verdict on the log itself.
func (w *Witnessed) verdict() Verdict {
	if w.Settled {
		return verdict(OutcomeVerified, wordingOf(w.Quorum).settled, count.Of(w.CheckpointSize, "entry", "entries"))
	}
	if w.err != nil {
		return VerdictOf(w.err)
	}
	return verdict(OutcomeMonitored, "%s", w.Reason)
}

// steps explains what the witnesses have to do with a result.
func (w *Witnessed) steps() []Step {
	if w == nil {
		return nil
	}
	var out []Step
	say := func(format string, args ...any) {
		out = append(out, Step{Name: "witness", Text: fmt.Sprintf(format, args...)})
	}
	if w.CheckpointSize > 0 {
		say("The log %s publishes the same entries as another tree (RFC 6962). It has signed its state of %s, which %s; the policy asks for %s. It continues every such state that this client has seen before.",
			w.origin, count.Of(w.CheckpointSize, "entry", "entries"), cosignedText(w.CosignedBy), w.Quorum)
	}
	if w.Settled {
		say("%s", wordingOf(w.Quorum).settledStep)
	} else {
		say("%s. Until that changes, others may be shown something else there; this client looks again at its next contact.", capitalised(w.Reason))
	}
	return out
}

func cosignedText(names []string) string {
	if len(names) == 0 {
		return "no witness has cosigned"
	}
	return strings.Join(names, ", ") + " cosigned"
}

func capitalised(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// pendingOf returns those of the given positions that are pending in w.
func (w *witnessing) pendingOf(positions []uint64) []pendingEntry {
	var out []pendingEntry
	for _, e := range w.pending {
		if _, found := slices.BinarySearch(positions, e.Position); found {
			out = append(out, e)
		}
	}
	return out
}
