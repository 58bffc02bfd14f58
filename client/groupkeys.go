package client

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// proveKeys proves the versions of labels, as far back as a lookup does, so that their
// account keys are known.
func (s *session) proveKeys(ctx context.Context, labels []string, oneByOne bool) (*check, error) {
	k := newCheck(RosterOptions{History: maxLookedBack + 1, OneByOne: oneByOne})
	for _, label := range labels {
		k.add(label, time.Time{}) // every version matters
	}
	k.begin(s)
	return k, k.fetch(ctx)
}

// heldKey is what the versions of a label say of an account key.
type heldKey struct {
	// current is the label's account key, nil if it has none.
	current *account.Key
	// holds tells that it is the given one, or that one was rotated to it; held that
	// the label had that one at some time.
	holds, held bool
	reset       bool // the account key was replaced without the one before, since it was known
	unsigned    bool // the newest version does not stand
}

// holds follows the account key of a label, with a view to one key.
func (f *facts) holds(key account.Key) heldKey {
	var h heldKey
	if f.known != nil && f.known.Key != nil && len(f.Versions) > 0 && f.known.Version < f.oldest().Number {
		h.take(*f.known.Key, key, true)
	}
	for i := len(f.Versions) - 1; i >= 0; i-- {
		v := &f.Versions[i]
		h.unsigned = !v.Account.Stands()
		switch v.Account {
		case account.Established, account.Unchecked, account.Rotated:
			h.take(*v.Key, key, !v.Rotated)
		case account.Reset:
			h.take(*v.Key, key, true)
			h.reset = h.reset || f.known != nil && v.Number > f.known.Version
		}
	}
	return h
}

// take has now be the account key. anew tells that the one before did not sign that.
func (h *heldKey) take(now, key account.Key, anew bool) {
	if anew && (h.current == nil || *h.current != now) {
		h.holds = false
	}
	is := now == key
	h.current, h.holds, h.held = &now, h.holds || is, h.held || is
}

// checkMembers holds the members of a group, and everybody who made a version, against
// the directory.
func (s *session) checkMembers(ctx context.Context, g *groupChain, r *GroupResult, opt GroupOptions) error {
	present := make(map[actor]bool)
	labels := make(map[string]bool)
	for _, m := range r.Members {
		present[actor{m.Label, m.Key}] = true
		labels[m.Label] = true
	}
	for a := range g.actors {
		labels[a.label] = true
	}
	k, err := s.proveKeys(ctx, slices.Sorted(maps.Keys(labels)), opt.OneByOne)
	if err != nil {
		return err
	}
	for _, m := range r.Members {
		if f := k.facts[m.Label].checkMember(m.Key, "the group has them under the account key "+m.Key.String()); f != nil {
			r.Findings = append(r.Findings, *f)
		}
	}
	for _, a := range slices.SortedFunc(maps.Keys(g.actors), func(a, b actor) int {
		return cmp.Or(cmp.Compare(g.actors[a], g.actors[b]), strings.Compare(a.label, b.label))
	}) {
		if present[a] {
			continue
		}
		about := fmt.Sprintf("version %d was made in their name with the account key %v", g.actors[a], a.key)
		if f := k.facts[a.label].checkActor(a.key, about); f != nil {
			r.Findings = append(r.Findings, *f)
		}
	}
	r.Evidence = k.evidence
	return nil
}

// unproven returns why nothing is known of a label's account key, nil if something is.
func (f *facts) unproven() *GroupFinding {
	switch {
	case f.Misbehaviour:
		return &GroupFinding{roster.Misbehaviour, f.Label, "the directory signed a contradiction about this label"}
	case f.Err != nil:
		return &GroupFinding{roster.CouldNotCheck, f.Label, fmt.Sprintf("the label could not be looked up: %v", f.Err)}
	case f.Absent:
		return &GroupFinding{roster.GhostUser, f.Label, "the directory has proven that it has no such label"}
	case len(f.Versions) == 0:
		return &GroupFinding{roster.CouldNotCheck, f.Label, "no version of the label was proven"}
	}
	return nil
}

// checkMember returns what is wrong with a member of a group, nil if nothing is. about
// says what the group has.
func (f *facts) checkMember(key account.Key, about string) *GroupFinding {
	if out := f.unproven(); out != nil {
		return out
	}
	switch h := f.holds(key); {
	case h.holds:
		return nil
	case h.current == nil:
		return &GroupFinding{OtherAccountKey, f.Label, about + ", and the label has no account key"}
	case h.held:
		return &GroupFinding{roster.IdentityReset, f.Label, fmt.Sprintf(
			"%s, and the label's account key was replaced by %v without it: a member should remove them and add them again", about, h.current)}
	default:
		return &GroupFinding{OtherAccountKey, f.Label, fmt.Sprintf("%s, and that of the label is %v", about, h.current)}
	}
}

// checkActor does so for one who made a version, and is no member any more or has
// another key now: what their account key became since does not matter.
func (f *facts) checkActor(key account.Key, about string) *GroupFinding {
	if f.unproven() == nil && f.holds(key).held {
		return nil
	}
	return f.checkMember(key, about)
}

// personKey returns the account key of a label that is to be in a group.
func (f *facts) personKey() (account.Key, error) {
	const step = "adding to the group"
	if why := f.unproven(); why != nil {
		kind := why.kind()
		if why.Code == roster.GhostUser {
			kind = Absent
		}
		return account.Key{}, fail(kind, step, fmt.Errorf("%s: %s", f.Label, why.Message))
	}
	h := f.holds(account.Key{})
	switch {
	case h.current == nil:
		e := usage("%s has no account key, with which they could act in the group", f.Label)
		e.Hint = "they make one with kt account new FILE, and sign their keys with it: " + publishSigned
		return account.Key{}, e
	case f.Versions[0].Missing != "":
		return account.Key{}, fail(Undecided, step, fmt.Errorf("%s: of version %d, %s", f.Label, f.Versions[0].Number, f.Versions[0].Missing))
	case h.unsigned:
		e := fail(Attention, step, fmt.Errorf("%s: version %d is %w", f.Label, f.Versions[0].Number, ErrUnsigned))
		e.Hint = "ask them by other means; they can publish a signed version"
		return account.Key{}, e
	case h.reset && f.known.Key != nil && *f.known.Key != *h.current:
		e := fail(Attention, step, fmt.Errorf("%s: the account key is another one than this client verified before, made without that", f.Label))
		e.Hint = "ask them by other means whether that was them, and look them up again: kt lookup"
		return account.Key{}, e
	}
	return *h.current, nil
}
