package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// Record takes in a round of a role, such as "example/watch", and raises the alerts
// that follow. When it returns nil, they are durable and on their way; see Run.
//
// A condition becomes an alert when it has lasted for Finding.After, and another one
// when it is not in a round any more, if the first was raised. How long it has lasted
// is the sum of the times between the rounds that it was in, of each of which at most
// Config.MaxGap counts: neither a clock that jumps nor a monitor that was switched off
// makes it longer. Everything else becomes an alert once.
//
// After an error nothing of the round is decided: record the next one.
func (l *Ledger) Record(ctx context.Context, role string, r finding.Round) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.record(OneLine(role, maxName), r); err != nil {
		return fmt.Errorf("recording a round of %s: %w", OneLine(role, maxName), err)
	}
	return nil
}

func (l *Ledger) record(role string, r finding.Round) error {
	// What an earlier call could not finish comes first.
	if err := l.store.ready(); err != nil {
		return err
	}
	if err := errors.Join(l.takeAcks(), l.file()); err != nil {
		return err
	}
	d, err := l.newDecision(role)
	if err != nil {
		return err
	}
	err = d.round(r)
	if err == nil {
		err = l.cfg.fail("decided")
	}
	if err := l.store.commit(d.batch, err); err != nil {
		delete(l.rounds, role) // nobody knows what is written
		return err
	}
	l.rounds[role] = d.tick
	for _, a := range d.raised {
		l.cfg.Metrics.raised(a)
		l.cfg.Logger.Info("alert", "id", a.ID, "state", a.State, "rule", a.Rule, "class", a.Class,
			"severity", a.Severity, "directory", a.Directory, "role", a.Role)
	}
	if err := l.cfg.fail("committed"); err != nil {
		return err
	}
	return l.file()
}

// decision is what one round of a role comes to. It becomes one batch.
type decision struct {
	l     *Ledger
	role  string
	hash  string // of the role
	batch *pebble.Batch

	tick     time.Time     // by the process's clock
	now      time.Time     // by the date
	observed time.Duration // how long the role has observed until now
	last     uint64        // the number of the last alert

	lasting map[string]*lasting // by scope
	seen    map[string]bool     // the scopes of the round
	budgets map[group]*budget
	over    map[group]int // what the round has beyond the budget
	crowd   int           // conditions beyond MaxConditions
	raised  []*Alert
}

// lasting is the record of a condition.
type lasting struct {
	Since   int64     `json:"since_ns"` // when it began, as observed time
	FoundAt time.Time `json:"found_at"`
	Alert   string    `json:"alert,omitempty"` // its ID, once raised
}

func (l *Ledger) newDecision(role string) (*decision, error) {
	d := &decision{
		l: l, role: role, hash: l.secret.hash("role", role), batch: l.store.db.NewBatch(),
		tick: time.Now(), now: stamp(l.cfg.Now()),
		lasting: make(map[string]*lasting), seen: make(map[string]bool), budgets: make(map[group]*budget), over: make(map[group]int),
	}
	err := l.store.scan("c"+d.hash, func(scope string, value []byte) error {
		c := new(lasting)
		d.lasting[scope] = c
		return decode(value, c)
	})
	if err == nil {
		d.last, err = l.store.last()
	}
	if err == nil {
		err = d.observe()
	}
	if err != nil {
		return nil, errors.Join(err, d.batch.Close())
	}
	return d, nil
}

// round decides.
func (d *decision) round(r finding.Round) error {
	for _, f := range byWeight(r.Findings) {
		if err := d.finding(f); err != nil {
			return err
		}
	}
	if d.crowd > 0 {
		if err := d.finding(crowded(d.crowd, d.l.cfg.MaxConditions)); err != nil {
			return err
		}
	}
	if err := d.sumUp(); err != nil {
		return err
	}
	return d.end()
}

// byWeight returns findings in the order in which they are taken in: if there are too
// many, the first count.
func byWeight(in []finding.Finding) []finding.Finding {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b finding.Finding) int {
		if a.Class != b.Class && (a.Class == finding.Evidence || b.Class == finding.Evidence) {
			return cmp.Compare(boolRank(b.Class == finding.Evidence), boolRank(a.Class == finding.Evidence))
		}
		return cmp.Compare(rank(b.Severity), rank(a.Severity))
	})
	return out
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// crowdedSubject is no label's.
const crowdedSubject = "\x00too many conditions"

func crowded(more, max int) finding.Finding {
	return finding.Finding{
		Rule: finding.Failed, Class: finding.Report, Severity: finding.Warning, Subject: crowdedSubject, Condition: true,
		Summary: fmt.Sprintf("%d conditions are not kept, because there are more than %d", more, max),
		Hint:    "look at the log of the monitor and at the directory itself: what is not kept is not told one by one",
	}
}

func (d *decision) finding(f finding.Finding) error {
	scope := d.l.secret.scope(d.role, &f)
	if d.seen[scope] {
		return nil
	}
	d.seen[scope] = true
	f = clean(f)
	if f.Condition {
		return d.condition(scope, f)
	}
	told, err := d.l.store.number("q" + scope)
	if err != nil || told > 0 {
		return err
	}
	_, err = d.raise(scope, f, d.now)
	return err
}

// condition takes in a condition that lasts.
func (d *decision) condition(scope string, f finding.Finding) error {
	c := d.lasting[scope]
	if c == nil {
		if len(d.lasting) >= d.l.cfg.MaxConditions && f.Subject != crowdedSubject {
			d.crowd++
			return nil
		}
		c = &lasting{Since: int64(d.observed), FoundAt: d.now}
		d.lasting[scope] = c
	} else if c.Alert != "" {
		return nil
	}
	if d.observed-time.Duration(c.Since) >= f.After {
		a, err := d.raise(scope, f, c.FoundAt)
		if err != nil {
			return err
		}
		if a != nil {
			c.Alert = a.ID
		}
	}
	return setJSON(d.batch, "c"+d.hash+scope, c)
}

// end ends the conditions that the round does not have.
func (d *decision) end() error {
	for scope, c := range d.lasting {
		if d.seen[scope] {
			continue
		}
		err := d.batch.Delete([]byte("c"+d.hash+scope), nil)
		if err == nil && c.Alert != "" {
			err = d.resolve(c.Alert)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
