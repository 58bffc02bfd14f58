package vantage

import (
	"context"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// What is compared on the monitor's own way beside what it has verified before.
var (
	asNewcomer = place{name: "a newcomer", id: finding.Subject("newcomer")}
	asBefore   = place{by: "in an earlier round", id: finding.Subject("before")}
)

// ownHeads brings the client's heads up to date, and compares them with what a
// newcomer is shown on the same way, and with what was kept.
func (r *round) ownHeads(ctx context.Context) {
	x, err := r.cfg.Client.ExportHeads(ctx, true)
	switch {
	case errors.Is(err, client.ErrNoHeads):
		return
	case err != nil:
		r.down = true
		r.trouble(place{}, err)
		return
	}
	r.head, r.configuration = x.Head, x.ConfigurationSHA256
	r.trouble(place{}, x.Witness.Err())
	if !r.compared {
		r.compared = r.memory.Heads == nil || r.compareKept(ctx)
	}
	if r.memory.proven(ruleFork, asNewcomer) {
		return
	}
	result, err := r.cfg.Client.CompareLog(ctx, x.File)
	if r.compare(asNewcomer, result, err) && r.compared {
		r.export = x.File
	}
}

// compareKept compares the heads with what was kept when the role was opened: the
// client's own memory may be newer, or another one. It reports whether that is done.
func (r *round) compareKept(ctx context.Context) bool {
	result, err := r.cfg.Client.CompareLog(ctx, r.memory.Heads)
	r.reached[asBefore.id] = true
	switch kind := client.KindOf(err); {
	case kind == client.Usage: // heads under a Configuration with another auditor
		return true
	case err != nil:
		r.trouble(asBefore, err)
		return kind == client.Misbehaved
	case result.OtherHead != nil && result.OtherHead.TreeSize > result.Head.TreeSize:
		r.report(asBefore, finding.Finding{
			Rule: finding.RolledBack, Summary: "the directory's log is smaller than it was",
			Detail: fmt.Sprintf("it has %d entries, and had %d in an earlier round", result.Head.TreeSize, result.OtherHead.TreeSize),
			Hint:   "an old copy of its data, or an attempt to take something back; ask its operator",
		})
		return false
	}
	return true
}

// compare takes note of a comparison of heads. It reports whether both are known to
// be of one log.
func (r *round) compare(at place, result *client.HeadsComparison, err error) bool {
	if err != nil {
		r.trouble(at, err)
		return false
	}
	r.reached[at.id] = result.Kind() != client.Undecided || r.reached[at.id]
	switch result.Kind() {
	case client.Attention:
		r.report(at, finding.Finding{
			Rule: finding.HeadsDiffer, Summary: fmt.Sprintf("the heads seen %s contradict this monitor's, and are not signed: they can have been made up", at.seen()),
			Detail: result.Verdict.Reason, Hint: result.Hint,
		})
		return false
	case client.Undecided:
		r.report(at, finding.Finding{
			Rule: finding.NotCompared, After: r.cfg.Unreachable, Summary: fmt.Sprintf("the heads seen %s have none in common with this monitor's", at.seen()),
			Detail: result.Verdict.Reason, Hint: "if it stays, one of the two has stopped following the log",
		})
		return false
	}
	if result.OtherHead != nil {
		r.compareAges(at, result)
	}
	return true
}

// compareAges tells if one of two heads is too old. Their own times are compared, which
// the directory signed: no clock is asked.
func (r *round) compareAges(at place, result *client.HeadsComparison) {
	own, other := result.Head, *result.OtherHead
	switch {
	case other.TreeSize > own.TreeSize && !r.down:
		r.older(place{}, "head", own.TreeSize, other.TreeSize, at)
	case own.Time.Sub(other.Time) > r.cfg.Unreachable:
		r.report(at, finding.Finding{
			Rule: finding.NotCompared, Summary: fmt.Sprintf("the newest head seen %s is older than this monitor's by more than %v", at.seen(), r.cfg.Unreachable),
			Detail: fmt.Sprintf("a log of %d entries, of %s", other.TreeSize, other.Time), Hint: "it follows the log no more, or is shown an old state of it",
		})
	}
}

// older tells that one way leads to an older log than another, which for a while can
// be in order.
func (r *round) older(behind place, what string, has, other uint64, ahead place) {
	at := ahead
	if behind.id != "" {
		at = behind
	}
	c := condition{at: at.id, Finding: finding.Finding{
		Rule: finding.RolledBack, Class: finding.Report, Severity: finding.Warning, Directory: r.cfg.Name, Condition: true, After: r.cfg.lag(),
		Subject: finding.Subject("older", what, behind.id, ahead.id),
		Summary: fmt.Sprintf("an older log is seen %s than %s", behind.seen(), ahead.seen()),
		Detail:  cut(fmt.Sprintf("a %s of %d entries, not %d (%s)", what, has, other, at.detail)),
		Hint:    "servers of one directory can follow each other for a while; if it stays, the older state may be all that somebody is to see",
	}}
	if behind.id == "" {
		c.over = func(r *round) bool {
			if what == "checkpoint" {
				return r.fresh != nil && r.fresh.Size >= other
			}
			return r.head.TreeSize >= other
		}
	}
	r.add(c)
}
