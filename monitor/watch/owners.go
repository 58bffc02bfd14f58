package watch

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/monitor/cause"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// watchOwners takes over what was found out about owned labels, and takes over labels
// that are new.
func (r *round) watchOwners(ctx context.Context, reports []client.Report) {
	known := make(map[string]bool) // to the client
	for i := range reports {
		known[reports[i].Label] = known[reports[i].Label] || reports[i].Role == Owner
	}
	var fresh []string
	lost := 0
	for _, label := range r.of(Owner) {
		if r.record.of(Owner, label) == nil {
			fresh = append(fresh, label)
		} else if !known[label] {
			fresh = append(fresh, label)
			lost++
		}
	}
	for i := range reports {
		p := &reports[i]
		key := watchedKey{Owner, p.Label}
		switch {
		case p.Role != Owner:
		case r.record.of(Owner, p.Label) != nil:
			if client.KindOf(p.Err) != client.Attention {
				r.advance(r.record.of(Owner, p.Label), told{Version: p.Version}, p.Unexpected, false)
			}
			r.watchOwner(ctx, p.Label, p.Version, p.Err, p.Unexpected)
		case r.labels[key] == nil && p.Kind() == client.Misbehaved:
			r.cannot(key, p.Err) // it is not ours, and proof all the same
		}
	}
	if len(fresh) == 0 {
		return
	}
	if lost > 0 {
		r.lost(lost)
	}
	results, err := r.cfg.Client.OwnMany(ctx, fresh)
	if err != nil {
		r.cannot(watchedKey{}, err)
		for _, label := range fresh {
			r.unreached[watchedKey{Owner, label}] = true
		}
	}
	for i := range results {
		r.takeOver(ctx, &results[i])
	}
}

// takeOver tells of a label that is owned from now on.
func (r *round) takeOver(ctx context.Context, result *client.OwnManyResult) {
	o := result.Own
	if o == nil {
		r.ownerTrouble(result.Label, nil, result.Err)
		return
	}
	t := told{Version: o.Greatest, Value: o.Value}
	l := r.record.of(Owner, result.Label)
	if l == nil {
		l = r.record.begin(Owner, result.Label, t)
	} else if !r.shrunk(l, t) {
		r.advance(l, t, o.Unexpected, true)
	}
	r.happened(l, finding.Happened{
		Rule: finding.TakenOver, Class: finding.Report, Severity: finding.Info, Subject: finding.Subject(Owner, result.Label, t.name()),
		Summary: r.called(Owner, result.Label) + " is watched from now on; what it has is accepted",
		Detail:  cut(fmt.Sprintf("%s has %s:\n%s", result.Label, version(t.Version), t.describe())),
		Hint:    "compare the fingerprints with those of your keys: what exists now will not be reported",
	})
	r.watchOwner(ctx, result.Label, o.Greatest, nil, o.Unexpected)
}

// name names a version and its value.
func (t *told) name() string {
	if t.Value == nil {
		return version(t.Version)
	}
	return version(t.Version) + " " + t.Value.SHA256
}

// describe lists the keys of what was told.
func (t *told) describe() string {
	if t.Version == nil {
		return "nobody has published it"
	}
	return describe(t.Value)
}

// watchOwner tells of what was found out about an owned label. known is the greatest
// version that its owner was told of.
func (r *round) watchOwner(ctx context.Context, label string, known *uint32, err error, unexpected []client.Unexpected) {
	if err == nil {
		r.owners++
	} else {
		r.ownerTrouble(label, known, err)
	}
	// What the client has taken in is proven, whatever failed after that: what was
	// announced is no surprise then.
	if client.KindOf(err) != client.Misbehaved {
		if unexpected, err = r.accept(ctx, label, unexpected); err != nil {
			r.cannot(watchedKey{Owner, label}, err)
		}
	}
	for i := range unexpected {
		r.found = append(r.found, r.unexpected(label, &unexpected[i]))
	}
}

// ownerTrouble takes note of why an owned label could not be checked. The error of kind
// Attention says that there are versions whose values the owner cannot be told. That it
// says so again after the owner was told of more is another finding: a directory could
// have the first one be taken for a mistake.
func (r *round) ownerTrouble(label string, known *uint32, err error) {
	if client.KindOf(err) != client.Attention {
		r.cannot(watchedKey{Owner, label}, err)
		return
	}
	r.found = append(r.found, finding.Finding{
		Rule: finding.UnexpectedVersion, Class: finding.Report, Severity: finding.Critical, Directory: r.cfg.Name, About: label,
		Subject: finding.Subject(Owner, label, "untold", version(known)),
		Summary: r.called(Owner, label) + " has a version that its owner is not told of",
		Detail:  detailOf(watchedKey{Owner, label}, err), Hint: cut(cause.Hint(err)),
	})
}

// unexpected tells of a version that nobody expected. The client has it until its owner
// accepts it.
func (r *round) unexpected(label string, u *client.Unexpected) finding.Finding {
	return finding.Finding{
		Rule: finding.UnexpectedVersion, Class: finding.Report, Severity: finding.Critical, Directory: r.cfg.Name, About: label,
		Subject: finding.Subject(Owner, label, fmt.Sprint(u.Version), u.Value.SHA256),
		Summary: r.called(Owner, label) + " has a version that its owner did not announce",
		Detail: cut(fmt.Sprintf("%s, version %d, created by log entry %d of %s, value SHA-256 %s:\n%s",
			label, u.Version, u.Position, moment(u.EntryTime), u.Value.SHA256, describeChanges(u.Changes, &u.Value))),
		Hint: cut(fmt.Sprintf("if you did this, as the user who runs this monitor: kt --state %q --directory %s own %q --accept %d; and before the next time: ktmon expect %q KEYFILE. "+
			"If not, somebody else did, and others are shown these keys: publish yours again, and ask the directory's operator how it came there",
			filepath.Dir(r.cfg.Client.StateDir()), r.cfg.Client.Directory(), label, u.Version, label)),
	}
}

// accept accepts the versions that were expected, and returns the others. A version is
// bound to its expectation before it is accepted, and the expectation given up after
// that was stored: wherever this ends, the next round goes on with the same version.
func (r *round) accept(ctx context.Context, label string, unexpected []client.Unexpected) ([]client.Unexpected, error) {
	for _, e := range r.expected.of(label) {
		if e.Version == nil {
			continue
		}
		rest, err := r.acceptBound(ctx, e, unexpected)
		if err != nil {
			return unexpected, err
		}
		unexpected = rest
	}
	for len(unexpected) > 0 {
		u := &unexpected[0]
		e, err := r.match(label, &told{&u.Version, &u.Value}, u.FoundAt)
		if e == nil || err != nil {
			return unexpected, err
		}
		rest, err := r.acceptBound(ctx, e, unexpected)
		if err != nil {
			return unexpected, err
		}
		unexpected = rest
	}
	return nil, nil
}

// acceptBound accepts the version that is bound to an expectation, if that has not been
// done, and gives the expectation up. It returns the other versions.
func (r *round) acceptBound(ctx context.Context, e *Expectation, unexpected []client.Unexpected) ([]client.Unexpected, error) {
	rest := unexpected[:0:0]
	for _, u := range unexpected {
		if u.Version != *e.Version || u.Value.SHA256 != e.ValueSHA256 {
			rest = append(rest, u)
			continue
		}
		if _, err := r.cfg.Client.Accept(ctx, e.Label, u.Version); err != nil {
			return nil, err
		}
	}
	return rest, r.use(Owner, e)
}

// use tells that an expected version came, and then gives the expectation up.
func (r *round) use(role string, e *Expectation) error {
	l := r.record.of(role, e.Label)
	if l == nil {
		return errNotWatched
	}
	r.happened(l, finding.Happened{
		Rule: finding.ExpectedVersion, Class: finding.Report, Severity: finding.Info,
		Subject: finding.Subject(role, e.Label, fmt.Sprint(*e.Version), e.ValueSHA256),
		Summary: "the expected version of " + r.called(role, e.Label) + " came",
		Detail:  fmt.Sprintf("version %d of %s", *e.Version, e),
	})
	return r.giveUp(e)
}
