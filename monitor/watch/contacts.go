package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/monitor/cause"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

const (
	// groupSize is how many contacts are looked up at a time: their values are in
	// memory together.
	groupSize = 250
	// maxBetween bounds the versions in between that are looked up, of each label in
	// each round.
	maxBetween = 16
)

// watchContacts takes over what was found out about what contacts were shown earlier,
// and looks up what they have now.
func (r *round) watchContacts(ctx context.Context, reports []client.Report) {
	for i := range reports {
		p := &reports[i]
		key := watchedKey{Contact, p.Label}
		if p.Role == Contact && (r.labels[key] != nil || p.Kind() == client.Misbehaved) {
			r.contactTrouble(p.Label, p.Err)
		}
	}
	if err := r.finishUse(); err != nil {
		r.failed("", err)
	}
	for labels := r.of(Contact); len(labels) > 0; {
		group := labels[:min(len(labels), groupSize)]
		labels = labels[len(group):]
		results, err := r.lookUp(ctx, group)
		if err != nil {
			r.cannot(watchedKey{}, err)
			for _, label := range slices.Concat(group, labels) {
				r.unreached[watchedKey{Contact, label}] = true
			}
			return
		}
		for i := range results {
			r.watchContact(ctx, &results[i])
		}
	}
}

// lookUp looks labels up together. Those of which nothing was believed because of an
// answer about one of them are looked up one by one: a lie about one label must not keep
// what happens to others from being found.
func (r *round) lookUp(ctx context.Context, labels []string) ([]client.ManyResult, error) {
	results, err := r.cfg.Client.LookupMany(ctx, labels)
	if client.KindOf(err) == client.Misbehaved {
		results = make([]client.ManyResult, len(labels))
		for i, label := range labels {
			results[i] = client.ManyResult{Label: label, Err: err}
		}
		if r.oneByOne(ctx, results, err) {
			return results, nil
		}
		return nil, err
	}
	shared := make(map[error]int)
	for i := range results {
		if e := results[i].Err; e != nil {
			shared[e]++
		}
	}
	for e, n := range shared {
		if n > 1 && client.KindOf(e) == client.Undecided && !isWhole(e) {
			r.oneByOne(ctx, results, e)
		}
	}
	return results, err
}

// oneByOne looks up those labels that have the same error, which came of one of them. It
// reports whether one proves misbehaviour.
func (r *round) oneByOne(ctx context.Context, results []client.ManyResult, failed error) bool {
	proven := false
	var lost error
	for i := range results {
		one := &results[i]
		if one.Err != failed {
			continue
		}
		if lost != nil {
			one.Err = lost
			continue
		}
		one.Lookup, one.Err = r.cfg.Client.Lookup(ctx, one.Label, nil)
		proven = proven || client.KindOf(one.Err) == client.Misbehaved
		if client.Unreached(one.Err) || ctx.Err() != nil {
			lost = one.Err
		}
	}
	return proven
}

// contactTrouble takes note of why a contact could not be checked. The error of kind
// Attention says that the account key did not sign what there is, or that what was seen
// has left the log, which may be in order.
func (r *round) contactTrouble(label string, err error) {
	switch {
	case client.KindOf(err) != client.Attention:
		r.cannot(watchedKey{Contact, label}, err)
		return
	case errors.Is(err, client.ErrUnsigned), errors.Is(err, client.ErrUnconnected):
		r.condition(watchedKey{Contact, label}, finding.Finding{
			Rule: finding.UnsignedChange, Severity: finding.Critical,
			Summary: "the account key did not sign what there is of " + r.called(Contact, label),
		}, err)
		return
	}
	r.found = append(r.found, finding.Finding{
		Rule: finding.ChangedValue, Class: finding.Report, Severity: finding.Warning, Directory: r.cfg.Name, About: label,
		Subject: finding.Subject(Contact, label, "gone"),
		Summary: "what " + r.called(Contact, label) + " had is not in the log any more",
		Detail:  detailOf(watchedKey{Contact, label}, err), Hint: cut(cause.Hint(err)),
	})
}

// watchContact compares what a contact's label has with what was told last.
func (r *round) watchContact(ctx context.Context, result *client.ManyResult) {
	now := told{}
	var before *told // what the client has seen, and nobody was told
	switch absent := client.AbsenceOf(result.Err); {
	case result.Lookup != nil:
		l := result.Lookup
		now = told{&l.Version, &l.Value}
		if l.Before != nil {
			before = &told{&l.Before.Version, &l.Before.Value}
		}
	case absent != nil && absent.Greatest == nil:
	default:
		r.contactTrouble(result.Label, result.Err)
		return
	}
	r.contacts++
	kept := r.record.of(Contact, result.Label)
	if kept == nil {
		kept = r.meet(result.Label, now, before)
	}
	switch was := kept.Told; {
	case number(now.Version) < number(was.Version), number(now.Version) == number(was.Version) && !was.same(&now):
		r.condition(watchedKey{Contact, result.Label}, finding.Finding{
			Rule: finding.Refused, Severity: finding.Critical, Summary: "the log shows other than what it showed of " + r.called(Contact, result.Label),
		}, fmt.Errorf("%s was shown before, and now %s with another value or none", version(was.Version), version(now.Version)))
	case number(now.Version) > number(was.Version):
		r.tell(ctx, kept, now)
	}
}

// meet begins to watch a contact's label. If the client knows it, from before a record
// was lost, what it has seen is what to compare with.
func (r *round) meet(label string, now told, before *told) *watched {
	if before == nil {
		before = &now
	}
	l := r.record.begin(Contact, label, *before)
	r.happened(l, finding.Happened{
		Rule: finding.TakenOver, Class: finding.Report, Severity: finding.Info, Subject: finding.Subject(Contact, label, before.name()),
		Summary: r.called(Contact, label) + " is watched from now on",
		Detail:  cut(fmt.Sprintf("%s has %s:\n%s", label, version(before.Version), before.describe())),
		Hint:    "compare the fingerprints with what the owner says",
	})
	return l
}

// tell tells of the versions that a contact's label has got, one by one.
func (r *round) tell(ctx context.Context, l *watched, now told) {
	next := number(l.Told.Version) + 1
	if skipped := number(now.Version) - next - maxBetween; skipped > 0 {
		next += skipped
		r.change(l, told{Version: ptr(uint32(next - 1))}, fmt.Sprintf("%d versions up to here were not looked at", skipped))
	}
	for ; next < number(now.Version); next++ {
		v := uint32(next)
		between, why := told{Version: &v}, ""
		result, err := r.cfg.Client.Lookup(ctx, l.Label, &v)
		if err != nil {
			// That it cannot be had must not keep the change from being told.
			why = "it was not to be had: " + err.Error()
			if client.KindOf(err) == client.Misbehaved {
				r.cannot(watchedKey{Contact, l.Label}, err)
			}
		} else {
			between.Value = &result.Value
		}
		r.change(l, between, why)
	}
	r.change(l, now, "")
}

// change tells of one new version of a contact's label.
func (r *round) change(l *watched, now told, why string) {
	before := l.Told
	l.Told = now
	r.unsaved = true
	e, err := r.match(l.Label, &now, r.cfg.Now())
	if err == nil && e != nil {
		err = r.use(Contact, e)
	}
	if err != nil {
		r.cannot(watchedKey{Contact, l.Label}, err)
	}
	if e != nil {
		return
	}
	sum, what := "unknown", why
	if now.Value != nil {
		sum = now.Value.SHA256
		what = describe(now.Value)
		if before.Value != nil {
			changes := client.DiffValues(before.Value, *now.Value)
			what = describeChanges(&changes, now.Value)
		}
	}
	r.happened(l, finding.Happened{
		Rule: finding.ChangedValue, Class: finding.Report, Severity: finding.Warning,
		Subject: finding.Subject(Contact, l.Label, version(now.Version), sum),
		Summary: r.called(Contact, l.Label) + " has a new version",
		Detail:  cut(fmt.Sprintf("%s, version %d after %s, value SHA-256 %s:\n%s", l.Label, *now.Version, version(before.Version), sum, what)),
		Hint:    "ask the label's owner whether they changed their keys, by another way than this directory",
	})
}

// same reports whether two versions of the same number have the same value, as far as
// that is known.
func (t *told) same(other *told) bool {
	return t.Value == nil || other.Value == nil || t.Value.SHA256 == other.Value.SHA256
}

// finishUse gives up expectations of contacts' labels of which the version was told, if an
// earlier round ended before it came to that.
func (r *round) finishUse() error {
	for _, e := range slices.Clone(r.expected) {
		l := r.record.of(Contact, e.Label)
		if l != nil && e.Version != nil && int64(*e.Version) <= number(l.Told.Version) {
			if err := r.giveUp(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// number returns a version's number, -1 for none.
func number(v *uint32) int64 {
	if v == nil {
		return -1
	}
	return int64(*v)
}

func ptr[T any](v T) *T { return &v }
