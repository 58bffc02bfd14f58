package vantage

import (
	"context"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// ownLog is where the monitor's own checkpoints are from.
var ownLog = place{by: "before", id: finding.Subject("log")}

func (r *round) readCheckpoint(ctx context.Context, source monitor.Source) (*checkpoint.Signed, error) {
	signed, err := monitor.ReadCheckpoint(ctx, source, r.policy.Policy)
	if err == nil {
		err = r.policy.check(signed)
	}
	if err != nil {
		return nil, err
	}
	return signed, nil
}

// ownCheckpoint reads the checkpoint on the monitor's own way, and believes it if it
// continues the one that was believed and has a quorum.
func (r *round) ownCheckpoint(ctx context.Context) {
	if r.policy == nil {
		return
	}
	fresh, err := r.readCheckpoint(ctx, r.own)
	if err != nil {
		if !r.down || !monitor.NotReached(err) { // or it is told with the directory
			r.trouble(ownLog, err)
		}
		return
	}
	r.fresh, r.reached[ownLog.id] = fresh, true
	if r.memory.proven(ruleInconsistency, ownLog) {
		return
	}
	before := r.believed
	if before != nil {
		if fresh.Size < before.Size {
			r.report(ownLog, finding.Finding{
				Rule: finding.RolledBack, Summary: "the public log is smaller than it was", Detail: fmt.Sprintf("it shows a checkpoint of %d entries, after one of %d", fresh.Size, before.Size),
				Hint: "an old copy of its data, or an attempt to take something back; ask its operator",
			})
		}
		if !r.consistent(ctx, ownLog, before, fresh, r.logs()...) {
			return
		}
	}
	if err := fresh.Witnessed(); err != nil {
		r.trouble(ownLog, err)
		return
	}
	if before == nil || fresh.Size > before.Size {
		r.believed, r.memory.Checkpoint = fresh, string(fresh.Note)
	}
}

// logs returns the logs on all ways, the monitor's own first.
func (r *round) logs() []monitor.Source {
	out := []monitor.Source{r.own}
	for _, w := range r.routes {
		out = append(out, w.log)
	}
	return out
}

// compareCheckpoint compares a checkpoint from elsewhere, whatever witnesses have
// signed it, with the one that was believed, or else with the one that is shown now.
// Source has the log that goes with it. It reports whether both are known to be of one
// log.
func (r *round) compareCheckpoint(ctx context.Context, at place, signed *checkpoint.Signed, source monitor.Source) bool {
	r.reached[at.id] = true
	own := r.believed
	if own == nil {
		own = r.fresh
	}
	if own == nil {
		return false
	}
	sources := []monitor.Source{r.own}
	if signed.Size > own.Size && source != r.own {
		sources = []monitor.Source{source, r.own}
	}
	same := r.consistent(ctx, at, own, signed, sources...)
	switch {
	case r.memory.proven(ruleFork, at), r.memory.proven(ruleInconsistency, at): // it is no older state of the same log
	case signed.Size < own.Size && source != r.own:
		r.older(at, "checkpoint", signed.Size, own.Size, place{})
	case r.fresh != nil && signed.Size > max(r.fresh.Size, own.Size):
		r.older(place{}, "checkpoint", r.fresh.Size, signed.Size, at)
	}
	return same
}

// consistent reports whether two checkpoints are of one log. Sources have the tiles of
// the larger one: if one of them has not, the next is asked.
func (r *round) consistent(ctx context.Context, at place, own, other *checkpoint.Signed, sources ...monitor.Source) bool {
	var errs []error
	for _, source := range sources {
		found, err := monitor.CompareCheckpoints(ctx, source, own, other)
		if found != nil {
			r.accuse(at, own, other, found)
			return false
		}
		if err == nil {
			return true
		}
		errs = append(errs, err)
	}
	if allMissing(errs) && (r.fresh == nil || max(own.Size, other.Size) > r.fresh.Size) {
		return false // the monitor's own way leads to no log, or an older one, which is told
	}
	r.report(at, finding.Finding{
		Rule: finding.Refused, Summary: fmt.Sprintf("it is not proven that the checkpoints seen by this monitor and %s are of one log", at.seen()),
		Detail: errors.Join(errs...).Error(), Hint: "the tiles of the log that are served do not verify, or are missing; this proves nothing",
	})
	return false
}

// allMissing reports whether all errors say that a tile is not there, or not reached.
func allMissing(errs []error) bool {
	for _, err := range errs {
		if !errors.Is(err, monitor.ErrNotFound) && !monitor.NotReached(err) {
			return false
		}
	}
	return true
}

// accuse stores the evidence that a log has signed two histories.
func (r *round) accuse(at place, own, other *checkpoint.Signed, found *checkpoint.Inconsistency) {
	newer := own
	if other.Size > own.Size {
		newer = other
	}
	h := finding.Happened{
		Rule: ruleInconsistency, Class: finding.Evidence, Severity: finding.Critical, Subject: at.id,
		Summary: fmt.Sprintf("the log has signed two histories: its checkpoints seen by this monitor and %s contradict each other", at.seen()),
		Detail:  fmt.Sprintf("checkpoints of %d and of %d entries; %s", own.Size, other.Size, at.detail),
		Hint:    "keep the file and show it to others: everybody who has the log's key can check it",
	}
	path, err := monitor.StoreInconsistency(r.cfg.Dir, found, newer, r.cfg.Now())
	h.File = path
	if err != nil {
		r.unstored(&h, err)
	}
	r.memory.note(h)
}

// unstored makes a report of what there is no evidence of because it could not be
// stored. It is gone when it is found again and can be.
func (r *round) unstored(h *finding.Happened, err error) {
	h.Subject = unstoredSubject(h)
	h.Rule, h.Class, h.File = finding.Refused, finding.Report, ""
	h.Detail = fmt.Sprintf("%s (the evidence could not be stored: %v)", h.Detail, err)
	h.Hint = "see what is wrong with this machine's disk: it is found again in the next round"
}

func unstoredSubject(h *finding.Happened) string {
	return finding.Subject("unstored", string(h.Rule), h.Subject)
}
