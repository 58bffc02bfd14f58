package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// round is one round of monitoring.
type round struct {
	*Watcher
	expected expectations
	head     client.Head
	// found are findings that the client finds again in each round, and conditions
	// those that last.
	found, conditions []finding.Finding
	// trouble are the conditions that keep something from being checked, by key.
	trouble map[string]finding.Finding
	// unreached are labels that this round did not come to, for reasons that nobody is
	// told of at once.
	unreached      map[watchedKey]bool
	nothingReached bool // not even the log's head
	owners         int  // labels that were checked
	contacts       int
	unsaved        bool // the record was changed
}

func newRound(w *Watcher) *round {
	return &round{Watcher: w, trouble: make(map[string]finding.Finding), unreached: make(map[watchedKey]bool)}
}

// begin reads what is kept.
func (r *round) begin(ctx context.Context) error {
	if r.record == nil {
		record, damage, err := loadRecord(r.cfg.Dir)
		if err != nil {
			return err
		}
		r.record = record
		if damage != nil {
			r.happened(nil, damaged(damage.Error()))
		}
	}
	var err error
	if r.expected, err = r.readExpectations(); err != nil {
		return err
	}
	return r.forget(ctx)
}

func damaged(detail string) finding.Happened {
	return finding.Happened{
		Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Warning, Subject: finding.Subject("record", detail),
		Summary: "what was kept of watched labels was damaged; the monitor went back to what it had verified before",
		Detail:  detail, Hint: "look whether this disk is failing or somebody changed the file, and remove the damaged file",
	}
}

// watchState tells of the client's state if it was damaged, for as long as that is kept.
func (r *round) watchState() {
	damage, err := r.cfg.Client.Damage()
	if err != nil {
		r.failed("", err)
	}
	if damage != nil {
		f := damaged(damage.String())
		f.Subject = finding.Subject("client", damage.SHA256)
		r.found = append(r.found, f.Finding(r.cfg.Name))
	}
}

// forget gives up labels that were removed from the configuration. Others in the
// client's state are not the watcher's.
func (r *round) forget(ctx context.Context) error {
	gone := make(map[string][]string)
	for key := range r.record.labels {
		if r.labels[key] == nil {
			gone[key.role] = append(gone[key.role], key.label)
		}
	}
	for role, labels := range gone {
		if err := r.cfg.Client.Forget(ctx, role, labels...); err != nil {
			return err
		}
		for _, label := range labels {
			delete(r.record.labels, watchedKey{role, label})
		}
		r.unsaved = true
	}
	return nil
}

// run contacts the directory.
func (r *round) run(ctx context.Context) {
	result, err := r.cfg.Client.Watch(ctx)
	if err != nil {
		r.cannot(watchedKey{}, err)
		r.nothingReached = true
		return
	}
	r.head = result.Head
	r.watchLog(result)
	r.watchOwners(ctx, result.Reports)
	r.watchContacts(ctx, result.Reports)
}

// watchLog takes over what was found out about the log itself.
func (r *round) watchLog(result *client.WatchResult) {
	if result.Log != nil {
		r.cannot(watchedKey{}, cmp.Or(result.Log.Err, result.Log.Witness.Err()))
	}
	for i := range result.Credentials {
		if c := &result.Credentials[i]; c.Kind() == client.Misbehaved {
			r.cannot(watchedKey{Contact, c.Label}, c.Err)
		}
	}
}

// happened keeps a finding of something that happened once. label is nil if it is about
// the directory as a whole.
func (r *round) happened(label *watched, h finding.Happened) {
	if label == nil {
		r.record.Happened = note(r.record.Happened, h)
	} else {
		label.Happened = note(label.Happened, h)
	}
	r.unsaved = true
}

// save stores the record, so that what it has can be told, and what led to it given up.
func (r *round) save() error {
	if !r.unsaved || r.record == nil {
		return nil
	}
	if err := r.record.save(r.cfg.Dir); err != nil {
		return fmt.Errorf("storing what was found: %w", err)
	}
	r.unsaved = false
	return nil
}

// end stores the record. If that fails, what was found is told all the same: the next
// round reads the record that is stored, and finds it again.
func (r *round) end() {
	r.watchState()
	if err := r.save(); err != nil {
		r.failed("", err)
	}
	r.conclude()
}

// conclude sets the conditions: what was met, and what nobody looked whether it is over.
// A reason of which nobody is told at once is not over while a label is kept from being
// checked, whatever the reason is now: a directory could give another one in each round.
func (r *round) conclude() {
	if r.nothingReached {
		for key := range r.labels {
			r.unreached[key] = true
		}
	}
	stillMissed := false
	for key := range r.missed {
		stillMissed = stillMissed || r.unreached[key]
	}
	for _, f := range r.last {
		key, ok := r.keyOf(&f)
		if ok && r.unreached[key] || r.nothingReached && f.Rule != finding.Failed || !ok && f.After > 0 && stillMissed {
			if _, ok := r.trouble[f.Key()]; !ok {
				r.trouble[f.Key()] = f
			}
		}
	}
	for _, f := range r.trouble {
		r.conditions = append(r.conditions, f)
	}
	slices.SortFunc(r.conditions, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject))
	})
}

// result returns what the round came to.
func (r *round) result() finding.Round {
	out := finding.Round{Size: r.head.TreeSize, Total: r.head.TreeSize, Checked: r.checked()}
	out.Findings = append(out.Findings, r.conditions...)
	out.Findings = append(out.Findings, r.found...)
	if r.record == nil {
		return out
	}
	for i := range r.record.Happened {
		out.Findings = append(out.Findings, r.record.Happened[i].Finding(r.cfg.Name))
	}
	for _, l := range r.watched() {
		for i := range l.Happened {
			f := l.Happened[i].Finding(r.cfg.Name)
			f.About = l.Label
			out.Findings = append(out.Findings, f)
		}
	}
	if r.unsaved {
		r.record = nil // read what is stored
	}
	return out
}

// allHappened returns what is kept of things that happened, in the order of the
// configuration.
func (r *round) allHappened() []finding.Happened {
	out := slices.Clone(r.record.Happened)
	for _, l := range r.watched() {
		out = append(out, l.Happened...)
	}
	return out
}

// watched returns what is kept of labels, in the order of the configuration.
func (r *round) watched() (out []*watched) {
	for i := range r.cfg.Labels {
		if l := r.record.of(r.cfg.Labels[i].Role, r.cfg.Labels[i].Label); l != nil {
			out = append(out, l)
		}
	}
	return out
}

func (r *round) checked() string {
	return fmt.Sprintf("every version of %d of %d owned labels, and the greatest ones of %d of %d contacts' labels, up to %d log entries",
		r.owners, len(r.of(Owner)), r.contacts, len(r.of(Contact)), r.head.TreeSize)
}

// isCanceled reports whether an error says that the round was interrupted.
func isCanceled(err error) bool { return errors.Is(err, context.Canceled) }
