package audit

import (
	"context"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// mirrorEngine is the mode Mirror.
type mirrorEngine struct {
	*monitor.Mirror
	role *Role
}

func openMirror(ctx context.Context, r *Role) (engine, error) {
	m, err := monitor.OpenMirror(ctx, r.folder(), r.log, monitor.MirrorConfig{
		Policy: r.cfg.Policy, ReplacePolicy: true, Directory: r.source, Configuration: r.cfg.Configuration,
		Progress: r.cfg.Progress, Logger: r.cfg.Logger, Now: r.cfg.Now,
	})
	if err != nil {
		return nil, err
	}
	return &mirrorEngine{m, r}, nil
}

func (e *mirrorEngine) damage() []string { return e.Damage() }
func (e *mirrorEngine) close() error     { return e.Close() }

func (e *mirrorEngine) round(ctx context.Context, c *collector) progress {
	answer, headErr := e.ReadHead(ctx)
	c.failure(ctx, stepHead, headErr)
	err := headErr
	if monitor.KindOf(err) != monitor.Operational {
		err = e.Update(ctx)
		c.failure(ctx, stepLog, err)
	}
	c.failure(ctx, stepLeaves, e.Leaves(ctx))
	if monitor.KindOf(err) != monitor.Operational {
		err = e.CompareHeads(ctx)
		c.failure(ctx, stepCompare, err)
	}
	s, h := e.Status(), e.Heads()
	p := progress{answer: answer, timestamp: s.Timestamp, checked: "no log entries yet"}
	if s.Checkpoint != nil {
		p.size = s.Checkpoint.Size
		p.checked = fmt.Sprintf("every change of %d log entries; the directory's tree up to %d of them, and the public log's", p.size, h.Equal)
	}
	e.role.note(h.Equal, h.Root)
	if s.Target != nil && p.size < s.Target.Size {
		c.report(finding.Behind, fmt.Sprint(s.Target.Size), e.role.cfg.Overdue, "give this monitor a faster disk or network, or see why it is interrupted",
			"this monitor has not come to the log's %d entries", s.Target.Size)
	}
	complete := s.Target == nil || p.size == s.Target.Size
	if complete && monitor.KindOf(err) != monitor.Operational && h.Waiting > p.size {
		c.uncovered(h.Waiting)
	}
	e.role.reopen(ctx, err)
	return p
}

// uncovered tells that no checkpoint with a quorum covers a state that was signed.
func (c *collector) uncovered(size uint64) {
	c.report(finding.QuorumOverdue, fmt.Sprint(size), c.role.cfg.Overdue, "the witnesses, or the directory's way to them, may have a problem",
		"no quorum of witnesses has cosigned a checkpoint that covers the %d entries that the directory has signed", size)
}

// statelessEngine is the mode Stateless.
type statelessEngine struct {
	*monitor.Auditor
	role *Role
}

func openStateless(ctx context.Context, r *Role) (engine, error) {
	a, err := monitor.OpenAuditor(ctx, r.folder(), r.cfg.URL, monitor.AuditorConfig{
		Configuration: r.cfg.Configuration, VerifyOnly: r.cfg.KeyDir == "", KeyDir: r.cfg.KeyDir,
		Log: r.log, Policy: r.cfg.Policy, HTTP: r.cfg.HTTP, Progress: r.cfg.Progress, Logger: r.cfg.Logger, Now: r.cfg.Now,
	})
	if err != nil {
		return nil, err
	}
	return &statelessEngine{a, r}, nil
}

func (e *statelessEngine) damage() []string { return e.Damage() }
func (e *statelessEngine) close() error     { return e.Close() }

func (e *statelessEngine) round(ctx context.Context, c *collector) progress {
	err := e.Update(ctx)
	c.failure(ctx, stepAudit, err)
	s := e.Status()
	p := progress{
		answer: e.Answer(), size: s.Verified, timestamp: s.Timestamp,
		checked: fmt.Sprintf("every change of %d log entries, and the directory's tree", s.Verified),
	}
	if err == nil && s.Verified == p.answer.Size() {
		e.role.note(p.answer.Size(), p.answer.LogRoot())
	}
	e.behind(c, p)
	compare := e.role.cfg.Policy != nil && monitor.KindOf(err) != monitor.Operational && monitor.KindOf(err) != monitor.Misbehaved
	if compare && ctx.Err() == nil {
		err = e.compare(ctx, c, &p)
	}
	if monitor.KindOf(err) == monitor.Misbehaved {
		// Nothing is audited after it, and the evidence stays.
		e.role.stopped, e.role.engine = true, nil
		c.failure(ctx, "closing what was audited", e.Close())
	}
	e.role.reopen(ctx, err)
	return p
}

// behind tells if this monitor has not come to the log's size.
func (e *statelessEngine) behind(c *collector, p progress) {
	switch r := e.role; {
	case p.size >= r.behind && p.answer != nil && p.size < p.answer.Size():
		r.behind = p.answer.Size()
	case p.size >= r.behind:
		r.behind = 0
	}
	if n := e.role.behind; n > 0 {
		c.report(finding.Behind, fmt.Sprint(n), e.role.cfg.Overdue, "see why the updates up to there are not verified", "this monitor has not come to the log's %d entries", n)
	}
}

// compare compares the public log's checkpoint.
func (e *statelessEngine) compare(ctx context.Context, c *collector, p *progress) error {
	signed, err := e.CompareCheckpoint(ctx)
	step := stepLog
	if err != nil && !monitor.NotReached(err) {
		step = stepCompare
	}
	c.failure(ctx, step, err)
	if e.Comparable() {
		p.checked += fmt.Sprintf("; the public log's tree up to %d of them", e.Status().Agreed)
	}
	if signed == nil || p.answer == nil {
		return err
	}
	switch r := e.role; {
	case signed.Size < r.uncovered:
		c.uncovered(r.uncovered)
	case signed.Size < p.answer.Size():
		r.uncovered = p.answer.Size()
		c.uncovered(r.uncovered)
	default:
		r.uncovered = 0
	}
	return err
}
