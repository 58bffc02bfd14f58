package roster

import (
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// justInTime finds keys of the session that the label got right before they
// were needed, or after the user had verified the member.
func (s *subject) justInTime() {
	for _, id := range s.deviceIDs() {
		for _, r := range s.t.runsOf(id) {
			s.justInTimeRun(s.device(id), r)
		}
	}
}

func (s *subject) justInTimeRun(d *Device, r *run) {
	if r.endorsed || r.base() && !s.t.isNew() {
		return
	}
	keys, at := []keyset.Description{r.key}, r.cameIn()
	came := s.t.came(r)
	when, why := s.needed(came)
	if r.base() {
		switch when {
		case maybe:
			s.ask(at)
		case yes:
			s.find(JustInTimeInsertion, Note, keys, at, "The label is new: its first version came "+why+".")
		}
		return
	}
	number := s.t.versions[r.from].Number
	switch {
	case when != no:
		s.findTimed(when, JustInTimeInsertion, keys, at, fmt.Sprintf("The session has a key that version %d brought, %s, and no account key that had long stood signed it.", number, why))
	case !d.FirstSeen.IsZero() && came.after(d.FirstSeen.Add(Skew)) == yes:
		s.find(JustInTimeInsertion, Note, keys, at, fmt.Sprintf("The session has had a key since %s. The label has it only since version %d.", stamp(d.FirstSeen), number))
	}
}

// cameIn are the versions that a run's beginning depends on.
func (r *run) cameIn() []int { return []int{r.earliest, r.from} }

// wentIn are those that its end depends on.
func (r *run) wentIn() []int { return []int{r.last + 1, r.to} }

// needed tells whether a key came when somebody who wants to listen would need
// it: after the last verification, or, without one, within the window before
// the member came, or before the session began if that was later.
func (s *subject) needed(came span) (answer, string) {
	if !s.VerifiedAt.IsZero() {
		return came.after(s.verified()), "after you verified the member at " + stamp(s.VerifiedAt)
	}
	when, why := s.before(came, s.FirstSeen), "shortly before the member was first seen at "+stamp(s.FirstSeen)
	if s.r.Started.After(s.FirstSeen) {
		if then := s.before(came, s.r.Started); then > when {
			return then, "shortly before the session began at " + stamp(s.r.Started)
		}
	}
	return when, why
}

func (s *subject) before(came span, t time.Time) answer {
	return came.within(t.Add(-s.opt.Window), t.Add(Skew))
}

// relevant tells whether something that ended by hi can have touched the
// conversation.
func (s *subject) relevant(hi time.Time) bool {
	return !hi.Before(s.FirstSeen.Add(-s.opt.Window))
}

// rolledBack finds keys that are back after they were gone for longer than the
// window.
func (s *subject) rolledBack() {
	gone := make(map[string]*run)
	for i := range s.t.runs {
		r := &s.t.runs[i]
		if old := gone[r.id]; old != nil && !r.endorsed {
			s.rolledBackRun(old, r)
		}
		gone[r.id] = r
	}
	s.unrevoked()
}

// unrevoked finds keys that were revoked and are not any more. Nobody can take
// back a revocation; but who hands out a copy of the key from before it can drop it.
func (s *subject) unrevoked() {
	before := -1 // the last version whose keys are known
	for i, keys := range s.t.keys {
		if keys == nil {
			continue
		}
		for _, id := range sortedKeys(keys) {
			if before < 0 || !s.t.keys[before][id].Revoked || keys[id].Revoked || s.t.endorsed[i] {
				continue
			}
			verified := !s.VerifiedAt.IsZero() && s.t.created[i].after(s.verified()) == no
			if !verified && s.relevant(s.t.created[i].hi) {
				s.find(RolledBackKey, Warning, []keyset.Description{keys[id]}, []int{before, i},
					fmt.Sprintf("A key that was revoked in version %d of the label is not in version %d.", s.t.versions[before].Number, s.t.versions[i].Number))
			}
		}
		before = i
	}
}

func (s *subject) rolledBackRun(old, r *run) {
	long := s.t.went(old).moreThan(s.opt.Window, s.t.came(r))
	verified := !s.VerifiedAt.IsZero() && s.t.came(r).after(s.verified()) == no
	if long == no || verified || !s.relevant(s.t.came(r).hi) {
		return
	}
	message := fmt.Sprintf("A key that was gone in version %d of the label is back in version %d.", s.t.versions[old.to].Number, s.t.versions[r.from].Number)
	keys, at := []keyset.Description{r.key}, append(old.wentIn(), r.cameIn()...)
	if extended(old.key, r.key) {
		s.find(RolledBackKey, Note, keys, at, message+" Its owner has extended its validity.")
		return
	}
	s.findTimed(long, RolledBackKey, keys, at, message)
}

// extended reports whether a key's owner, in the key's own signature, has put
// off when it expires. Only OpenPGP certificates have that.
func extended(old, now keyset.Description) bool {
	return now.Format == keyset.FormatOpenPGP.String() && old.Expires != nil && (now.Expires == nil || now.Expires.After(*old.Expires))
}
