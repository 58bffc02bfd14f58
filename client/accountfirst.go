package client

import (
	"context"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// What is done about a version that says nothing of an account key, of a label of which
// none is known: one of the versions before it may have one, and then it is an unsigned
// one. A directory that adds a version without the owner's account key must not get
// it past those who look at the label for the first time.

// keyless reports whether it was found out before that the label had no account key up
// to a version, and this is not the newest one that this was found out of. s may be nil.
func (s *standing) keyless(version uint32) bool {
	return s != nil && s.Status == account.None && s.From <= version && version < s.Version
}

// alone returns what a version amounts to after s that says nothing of an account key,
// if nothing has to be asked for that: no account key is known, and there is no version
// in between. It is nil otherwise. s may be nil.
func (s *standing) alone(v account.Version) *standing {
	if s.key() != nil || s != nil && s.Status != account.None || uint64(v.Number) != s.next() {
		return nil
	}
	return s.follow(v)
}

// lookedAt returns the versions that are looked at before one, if the account key is not
// known up to lowest: the one before it, the lowest, because a label that had an account
// key has one for ever, and those between from the newest on, as far as there are not
// too many.
func lookedAt(lowest uint64, version uint32) []uint32 {
	if uint64(version) <= lowest {
		return nil
	}
	out := []uint32{version - 1}
	if lowest < uint64(version-1) {
		out = append(out, uint32(lowest))
	}
	for v := uint64(version - 1); v > lowest+1 && len(out) < maxLookedBack; {
		v--
		out = append(out, uint32(v))
	}
	return out
}

// always is how many of the versions that are looked at are asked for by themselves if
// the directory does not answer many at once.
const always = 2

// lookBack follows last, which says nothing of an account key, as does known: from the
// oldest of the versions before it that are looked at.
func (o *older) lookBack(ctx context.Context, known *standing, last past) (*standing, []AccountEvent, error) {
	versions := lookedAt(known.next(), last.Number)
	if err := o.lookAt(ctx, versions); err != nil {
		return nil, nil, err
	}
	for _, version := range versions[:min(always, len(versions))] {
		if _, err := o.get(ctx, version); err != nil {
			return nil, nil, err
		}
	}
	slices.Sort(versions)
	if len(versions) > 1 && slices.ContainsFunc(versions[1:], o.says) || len(versions) > 0 && len(versions) < maxLookedBack && o.says(versions[0]) {
		// There is one. That the lowest version is beyond a gap does not matter then:
		// the key may have been rotated in the gap.
		return o.followTo(ctx, known, last)
	}
	f := following{chain: known}
	for _, version := range versions {
		if p, ok := o.had[version]; ok {
			f.follow(p)
		}
	}
	f.follow(last)
	return f.chain, f.events, nil
}

// says reports whether a version was had and says something of an account key.
func (o *older) says(version uint32) bool { return o.had[version].says }

// lookAt asks for versions that are looked at, with one request.
func (o *older) lookAt(ctx context.Context, versions []uint32) error {
	var questions []question
	for _, version := range versions {
		if _, ok := o.had[version]; !ok {
			questions = append(questions, question{o.label, &version})
		}
	}
	if len(questions) < 2 {
		return nil
	}
	_, err := o.askOlder(ctx, questions, map[string]*older{o.label: o})
	return err
}

// lookBackMany asks for the versions that are looked at before those that many lookups
// found, with no more requests than have room for them all: first for those that are
// looked at in any case. It returns where older versions come from, for each label.
func (s *session) lookBackMany(ctx context.Context, results []ManyResult) (map[string]*older, error) {
	sources := make(map[string]*older)
	var wanted [][]question // by rank
	for i := range results {
		r := &results[i]
		if r.Lookup == nil || sources[r.Label] != nil {
			continue
		}
		o := s.olderOf(r.Label)
		sources[r.Label] = o
		for rank, version := range o.lookedAt(r.Lookup.found) {
			if rank == len(wanted) {
				wanted = append(wanted, nil)
			}
			wanted[rank] = append(wanted[rank], question{r.Label, &version})
		}
	}
	questions := slices.Concat(wanted...)
	for range (len(questions) + keytrans.MaxBatch - 1) / keytrans.MaxBatch {
		if len(questions) < 2 {
			break
		}
		answered, err := s.askOlder(ctx, questions, sources)
		if err != nil {
			return nil, err
		}
		if answered == 0 {
			break
		}
		questions = questions[answered:]
	}
	return sources, nil
}

// lookedAt returns the versions that are looked at before the one that was found, none
// if checkAccount does not look back from it.
func (o *older) lookedAt(f *found) []uint32 {
	known := o.state.contactOf(f.label).account
	switch {
	case f.names || known.keyless(f.Version):
		return nil
	case known != nil && known.Version > f.Version:
		known = nil
	}
	if known.key() != nil {
		return nil
	}
	return lookedAt(known.next(), f.Version)
}
