package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// ErrUnsigned is wrapped by the error of kind Attention if a version is not one that
// the label's account key signed, as the versions before it demand. Its keys are not
// handed out.
var ErrUnsigned = errors.New("not signed by the label's account key")

// ErrUnconnected is wrapped by the error of kind Attention if a version is signed by an
// account key that does not follow from the one known before, as far as the directory
// still has the versions in between. See Client.AcceptAccount.
var ErrUnconnected = errors.New("signed by an account key that does not follow from the one known before")

// Bounds of how many older versions a lookup asks for to check the account key.
const (
	// maxFollowed is how many versions are followed from the one that was followed
	// before. If there are more, the next lookup goes on.
	maxFollowed = 256
	// maxLookedBack is how many are looked back from a version, if no account key of
	// the label is known.
	maxLookedBack = 64
)

const stepAccount = "checking the account key"

// AccountStatus is what the account key of a label says of a version.
type AccountStatus struct {
	// Status is what the version is after those before it.
	Status account.Status `json:"status"`
	// Key is the label's account key as of the version, nil if it has none, or none that
	// is known to have signed anything, and Since the version that brought it.
	Key   *account.Key `json:"key"`
	Since uint32       `json:"since_version"`
	// Announced is the key to which the next version may be a reset.
	Announced *account.Key `json:"announced,omitempty"`
	// From is the version from which on the account key was followed: 0 for the
	// label's first one. What the key was there had to be believed.
	From uint32 `json:"followed_from_version"`
	// Events are those among the versions that were followed for this result, oldest
	// first, that are not merely signed.
	Events []AccountEvent `json:"events,omitempty"`
}

// AccountEvent is a version that is something else than signed by the account key of
// the one before it.
type AccountEvent struct {
	Version uint32         `json:"version"`
	Status  account.Status `json:"status"`
	// EntryTime is that of a log entry which has the version: it was made by then.
	// It is zero if the version's value is not to be had.
	EntryTime time.Time `json:"log_entry_time,omitzero"`
}

// standing is what the versions of a label up to one amount to, and what that one is.
// It has no key if the label has never had an account key, as far as those versions show
// that were looked at; it is nil if nothing is known.
type standing struct {
	account.State
	Status account.Status `json:"status"`
	// Offered is what the version amounts to if the user begins anew with it: see
	// Client.AcceptAccount. It is nil if that is not Unconnected.
	Offered *account.State `json:"offered,omitempty"`
}

// follow returns what v amounts to after s.
func (s *standing) follow(v account.Version) *standing {
	var before *account.State
	if s != nil {
		before = &s.State
	}
	state, status := account.Follow(before, v)
	next := &standing{State: state, Status: status}
	if status == account.Unconnected {
		offered, _ := account.Follow(nil, v)
		next.Offered = &offered
	}
	return next
}

// settles reports whether s says that a version stands. s may be nil.
func (s *standing) settles(version uint32) bool {
	return s != nil && s.Version == version && s.Status.Stands()
}

// newer returns the one of two that is about more versions. s may be nil.
func (s *standing) newer(other *standing) *standing {
	if s == nil || s.Version < other.Version {
		return other
	}
	return s
}

// key returns the account key, nil if there is none. s may be nil.
func (s *standing) key() *account.Key {
	if s == nil {
		return nil
	}
	return s.Key
}

// recall returns state, as of the version before one, with the account key that the label
// has been found to have at that one, by what is retained in s of later versions: the
// directory must not have another one believed, or none, by withholding values. s and
// state may be nil.
func (s *standing) recall(state *account.State, version uint32) *account.State {
	switch {
	case s.key() == nil || s.Claimed || version <= s.Since || s.Version < version:
		return state
	case state == nil:
		state = &account.State{Version: version - 1}
	case state.Key != nil && *state.Key == *s.Key && !state.Claimed:
		return state
	}
	out := *state
	out.Key, out.Since, out.Claimed, out.Incomplete = s.Key, s.Since, false, true
	return &out
}

// next returns the version after those that s is about. s may be nil.
func (s *standing) next() uint64 {
	if s == nil {
		return 0
	}
	return uint64(s.Version) + 1
}

// describe returns what s says, with the events on the way there: nil if there is no
// account key, and nothing is amiss. s may be nil.
func (s *standing) describe(events []AccountEvent) *AccountStatus {
	if s == nil || s.Key == nil && s.Status != account.Unsigned {
		return nil
	}
	a := &AccountStatus{Status: s.Status, Key: s.Key, Since: s.Since, Announced: s.Announced, From: s.From, Events: events}
	if s.Claimed {
		a.Key, a.Since = nil, 0 // anybody can name the owner's
	}
	return a
}

// accountVersion returns what a version says of the account key, and whether it says
// anything. The error says what of that makes no sense: for account.Follow, such a
// version is unsigned.
func accountVersion(label string, version uint32, commitment merkle.Hash, value []byte) (v account.Version, says bool, err error) {
	set, err := keyset.Parse(value)
	if err != nil {
		return account.Foreign(label, version, commitment), false, nil
	}
	v, err = account.Read(label, version, commitment, set)
	return v, v.Key != nil || err != nil, err
}

// past is an older version that was looked up, or what is known of one that is not to
// be had.
type past struct {
	account.Version
	time time.Time
	says bool // anything of an account key
}

// event returns what is to be told of the version, after it was followed.
func (p past) event(status account.Status) (e AccountEvent, tell bool) {
	return AccountEvent{p.Number, status, p.time}, status != account.None && status != account.Signed
}

// past returns what a found version says of the account key.
func (f *found) past() (past, error) {
	commitment, err := f.commitment()
	if err != nil {
		return past{}, err
	}
	var out past
	out.Version, out.says, _ = accountVersion(f.label, f.Version, commitment, f.Value.Value)
	if entry, err := f.terminalEntry(); err == nil {
		out.time = entryTime(entry.Timestamp)
	}
	return out, nil
}

// pastVersion looks up an older version. That its value is not to be had is no error.
func (s *session) pastVersion(ctx context.Context, label string, version uint32) (past, error) {
	f, err := s.search(ctx, label, &version, s.keepContact)
	var p *Problem
	switch {
	case err == nil:
		return f.past()
	case errors.As(err, &p) && (p.Type == ProblemVersionExpired || p.Type == ProblemErased || p.Type == ProblemVersionSkipped):
		return past{Version: account.Missing(label, version, merkle.Hash{})}, nil
	case errors.As(err, &p) && p.denial():
		// Not wrapped: there is a greater version, so this is no denial that could be proven.
		return past{}, fail(Undecided, stepAccount, fmt.Errorf("the directory denies version %d, though it has a greater one: %v", version, err))
	}
	return past{}, err
}

// followTo follows the versions from the one after known up to last, which was found.
// Without an account key known, it begins some versions before. If there are too many
// to follow now, the result is about as many as were followed.
func (o *older) followTo(ctx context.Context, known *standing, last past) (*standing, []AccountEvent, error) {
	first := uint64(last.Number - min(last.Number, maxLookedBack))
	if known.key() != nil {
		first = known.next()
	} else {
		first = max(first, known.next())
	}
	end := min(uint64(last.Number), first+maxFollowed-1)
	if err := o.fetch(ctx, first, min(end+1, uint64(last.Number))); err != nil {
		return nil, nil, err
	}
	f, retained := following{chain: known}, o.state.contactOf(o.label).account
	for version := first; version <= end; version++ {
		p := last
		if uint32(version) != last.Number {
			var err error
			if p, err = o.get(ctx, uint32(version)); err != nil {
				return nil, nil, err
			}
		}
		f.followKnowing(retained, p)
	}
	return f.chain, f.events, nil
}

// following is what versions of a label amount to, one after the other.
type following struct {
	chain  *standing
	events []AccountEvent
}

func (f *following) follow(p past) {
	f.chain = f.chain.follow(p.Version)
	if e, tell := p.event(f.chain.Status); tell {
		f.events = append(f.events, e)
	}
}

// followKnowing is follow with what is retained of later versions, which may be nil.
func (f *following) followKnowing(retained *standing, p past) {
	var before *account.State
	if f.chain != nil {
		before = &f.chain.State
	}
	if recalled := retained.recall(before, p.Number); recalled != before {
		f.chain = &standing{State: *recalled, Status: account.Unknown}
	}
	f.follow(p)
}

// checkAccount holds a lookup against the account key of its label, if it has one: it
// sets r.Account, and why the version is not to be handed out. What follows from it is
// stored by handOut. o is where older versions come from. The error is that versions
// in between could not be looked up.
func (s *session) checkAccount(ctx context.Context, r *LookupResult, o *older) error {
	f := r.found
	known := s.state.contactOf(f.label).account
	if known.keyless(f.Version) {
		return nil
	}
	last, err := f.past()
	if err != nil {
		return fail(Undecided, stepAccount, err)
	}
	if f.refused = known.refuseOlder(f, last); f.refused != nil {
		return nil
	}
	if known != nil && known.Version > f.Version {
		known = nil // of an older version, nothing is retained
	}
	chain, events := known, []AccountEvent(nil)
	switch {
	case known != nil && known.Version == f.Version:
	case known.key() == nil && !f.names:
		chain, events, err = o.lookBack(ctx, known, last)
	default:
		chain, events, err = o.followTo(ctx, known, last)
	}
	if err != nil {
		return err
	}
	f.standing, f.refused, f.knewKey = chain, chain.refuse(f, last), known.key() != nil
	if r.Account = chain.describe(events); r.Account == nil {
		return nil
	}
	r.Verdict.Reason += r.accountReason()
	if r.resetSince() {
		r.Verdict.Outcome = OutcomeChanged
	}
	return nil
}

// checkAccounts does so for many lookups. One whose versions cannot be looked up does
// not keep others from being checked. The error is of kind Misbehaved.
func (s *session) checkAccounts(ctx context.Context, results []ManyResult) error {
	sources, err := s.lookBackMany(ctx, results)
	if err != nil {
		return err
	}
	var broken error // the directory is not reached any more
	for i := range results {
		r := &results[i]
		if r.Lookup == nil {
			continue
		}
		err := broken
		if err == nil || !r.Lookup.found.unsettled {
			err = s.checkAccount(ctx, r.Lookup, sources[r.Label])
		}
		if KindOf(err) == Misbehaved {
			return err
		}
		if err != nil {
			broken = lost(err)
			r.Lookup, r.Err = nil, err
		}
	}
	return nil
}

// refuse returns why a version must not be handed out, nil if it may. s is as of the
// version, or of one before it if there were too many to follow.
func (s *standing) refuse(f *found, v past) error {
	switch {
	case s.Version < f.Version:
		e := fail(Undecided, stepAccount, fmt.Errorf("versions up to %d were held against the label's account key, and there are %d more up to version %d",
			s.Version, f.Version-s.Version, f.Version))
		e.Hint = "look it up again, which goes on from there"
		return e
	case s.Status.Stands():
		return nil
	case s.Status == account.Unconnected:
		e := fail(Attention, stepAccount, fmt.Errorf("version %d is %w, and versions in between are not to be had: its keys are refused", f.Version, ErrUnconnected))
		e.Hint = fmt.Sprintf("as after a reset, ask the owner by other means. If their account key is %v now: kt account accept LABEL %d", v.Key, f.Version)
		return e
	}
	why := ""
	if _, _, err := accountVersion(f.label, f.Version, merkle.Hash(v.Commitment), f.Value.Value); err != nil {
		why = fmt.Sprintf(" (%v)", err)
	}
	e := fail(Attention, stepAccount, fmt.Errorf("version %d is %w%s: its keys are refused", f.Version, ErrUnsigned, why))
	e.Hint = "somebody made it without the owner's account key: the directory, or whoever may write there. Ask the owner by other means; the label can be used again once the owner has published a signed version"
	if s.Key != nil && s.Stood < f.Version {
		e.Hint += fmt.Sprintf(". The last one that stands is version %d: kt history shows it", s.Stood)
	}
	return e
}

// refuseOlder returns why an older version than those that s is about must not be
// handed out, as far as s alone shows that: what is looked back over from an older
// version need not reach the one that brought the account key. s may be nil.
func (s *standing) refuseOlder(f *found, v past) error {
	if s == nil || s.Version <= f.Version || s.judgeAlone(v.Version).Stands() || announces(v.Version, s.Key) {
		return nil
	}
	return (&standing{State: account.State{Version: f.Version}, Status: account.Unsigned}).refuse(f, v)
}

// resetSince reports whether the label came to another account key than this client
// had verified, without that one's signature.
func (r *LookupResult) resetSince() bool {
	return r.found.knewKey && r.Account.event(account.Reset) != nil
}

// event returns the newest event of one of the statuses, nil if there is none.
func (a *AccountStatus) event(any ...account.Status) *AccountEvent {
	for i := len(a.Events) - 1; i >= 0; i-- {
		for _, status := range any {
			if a.Events[i].Status == status {
				return &a.Events[i]
			}
		}
	}
	return nil
}

// when says by when a version was in the log.
func (e *AccountEvent) when() string {
	if e.EntryTime.IsZero() {
		return ""
	}
	return " (in the log by " + e.EntryTime.Format(time.RFC3339) + ")"
}

// accountReason is what a verdict says of the account key.
func (r *LookupResult) accountReason() string {
	a, text := r.Account, ""
	if e := a.event(account.Reset); e != nil {
		text += fmt.Sprintf("; IDENTITY RESET: version %d%s has another account key, made without the one before", e.Version, e.when())
		if n := a.event(account.Announced); n != nil && n.Version < e.Version {
			text += fmt.Sprintf("; version %d%s announced it", n.Version, n.when())
		}
		text += "; ask the owner by other means whether that was them"
	}
	if e := a.event(account.Unchecked); e != nil && r.found.knewKey {
		text += fmt.Sprintf("; versions before version %d are not to be had, so the label may have had another account key meanwhile", e.Version)
	}
	if e := a.event(account.Rotated); e != nil {
		text += fmt.Sprintf("; version %d%s changed the account key, signed by the old one", e.Version, e.when())
	}
	if e := a.event(account.Unsigned); e != nil && e.Version != r.Version {
		text += fmt.Sprintf("; version %d%s was not signed by the account key, and does not count", e.Version, e.when())
	}
	if a.Announced != nil {
		text += fmt.Sprintf("; version %d announces another account key: unless the owner cancels that, the next version may be made without the present one", r.Version)
	}
	if a.Announced != nil && a.Key == nil {
		text += ", of which it is not known that it signed these keys"
	}
	if a.Key != nil && a.Status.Stands() && a.Announced == nil {
		text += fmt.Sprintf("; signed by the label's account key, which is that since version %d", a.Since)
	}
	if a.From > 0 && a.Key != nil {
		text += fmt.Sprintf(" (followed from version %d on)", a.From)
	}
	return text
}
