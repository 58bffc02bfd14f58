package client

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// LookupResult is a verified value of a label.
type LookupResult struct {
	Label   string `json:"label"`
	Version uint32 `json:"version"`
	// Greatest tells that Version is proven to be the greatest one.
	Greatest bool  `json:"greatest"`
	Value    Value `json:"value"`
	// Bytes is the value itself.
	Bytes []byte `json:"value_bytes"`
	// LogEntry is where the search ended: an entry that holds the version.
	LogEntry uint64  `json:"log_entry"`
	Head     Head    `json:"head"`
	Verdict  Verdict `json:"verdict"`

	// Before is what this client had seen last, and Changes how the value
	// differs from it. Both are nil if it had seen nothing or the same.
	Before  *Seen    `json:"before,omitempty"`
	Changes *Changes `json:"changes,omitempty"`

	// Account is what the label's account key says of the version, nil if no account
	// key of the label is known.
	Account *AccountStatus `json:"account,omitempty"`

	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`

	// Steps tells how the answer was verified.
	Steps []Step `json:"steps,omitempty"`

	found *found
}

// Seen is a version that this client verified earlier.
type Seen struct {
	Version uint32    `json:"version"`
	Value   Value     `json:"value"`
	At      time.Time `json:"at"`
}

// Kind returns what the result asks of the user: Attention if a value changed.
func (r *LookupResult) Kind() Kind {
	if r.Changes != nil {
		return Attention
	}
	return 0
}

// checkLabel verifies that a label can be asked for and stored.
func checkLabel(label string) error {
	switch {
	case label == "" || len(label) > keytrans.MaxLabelSize:
		return usage("a label has 1 to %d bytes", keytrans.MaxLabelSize)
	case !utf8.ValidString(label):
		return usage("the label is not UTF-8")
	}
	return nil
}

// Lookup returns the value of a label: the greatest version, or the given one.
// The label is sent as it is; see label.Normalize. From then on the label
// is a contact, for Watch.
//
// If the greatest version's value is not the one seen last, the result says so,
// once: the new one is then what was seen last.
//
// Under a witness policy, what the log entries say that the proof relies on must
// have been seen by the witnesses, or be so new that they need not have seen it
// yet; otherwise there is no result, and the error is of kind Undecided.
//
// A version that the label's account key did not sign, as the versions before it
// demand (package account), is refused: the error is ErrUnsigned, and what was seen
// last remains what it was.
//
// If the directory says that there is no such label or version, and proves it
// (docs/extensions.md), the error is of kind Absent.
func (c *Client) Lookup(ctx context.Context, label string, version *uint32) (*LookupResult, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	r, err := s.lookup(ctx, label, version)
	absent, err := s.proveAbsent(ctx, label, version, err)
	if r != nil {
		err = s.checkAccount(ctx, r, nil)
	}
	w, err := s.concludeWaiting(ctx, err)
	if err != nil {
		return nil, err
	}
	if absent != nil {
		return nil, absent.handOut(w)
	}
	if err := s.handOut(ctx, w, r); err != nil {
		return nil, err
	}
	if r.found.refused != nil {
		return nil, r.found.refused
	}
	return r, nil
}

// handOut completes the results of lookups that are to be handed out, and from now
// on count as seen, unless others saw something newer while this one waited. Those
// that are refused do not count as seen; that is retained of them what their versions
// say of the account key. The error is that the witnesses have not seen them in time.
func (s *session) handOut(ctx context.Context, w *Witnessed, results ...*LookupResult) error {
	if w != nil && w.err != nil {
		return w.err
	}
	next, changed := s.state.clone(), false
	for _, r := range results {
		if w != nil {
			if err := s.checkSeen(ctx, r.found); err != nil {
				return err
			}
			r.Witness, r.Verdict = w, w.qualify(r.Verdict)
			r.Steps = append(r.Steps, w.steps()...)
		}
		changed = next.handedOut(r.found, w != nil) || changed
	}
	if !changed {
		return nil
	}
	return s.store(next)
}

// handedOut has what was found count as seen, if it is to, and retains what follows
// from it for the account key. waited tells that nothing counts as seen yet. It reports
// whether it changed anything.
func (s *state) handedOut(f *found, waited bool) bool {
	c := s.contactOf(f.label)
	before := *c
	if f.standing != nil && f.greatest {
		c.account = c.account.newer(f.standing)
	}
	if f.seenNow != nil && f.refused == nil && (waited || f.unsettled) {
		c.seen = c.seen.newer(f.seenNow)
	}
	if *c == before {
		return false
	}
	s.contacts[f.label] = c
	return true
}

// checkSeen holds what was found against what others saw while this one waited: they
// began with the same log, so another value of the version was put in its place. That
// they saw a newer version is no contradiction.
func (s *session) checkSeen(ctx context.Context, f *found) error {
	latest, err := f.seen()
	if err != nil {
		return fail(Undecided, verifyingStep(f.exchange), err)
	}
	var m *keytrans.Misbehaviour
	if err := s.state.contactOf(f.label).check(latest, false); errors.As(err, &m) {
		return s.contradiction(ctx, f.exchange, m)
	}
	return nil
}

// lookup searches for a label. Under a witness policy, what it finds does not
// count as seen yet: a change must not be passed over because the witnesses could
// not be asked about it. Neither does what is yet to be held against an account key.
func (s *session) lookup(ctx context.Context, label string, version *uint32) (*LookupResult, error) {
	r, err := s.search(ctx, label, version, s.keepContact)
	if err != nil {
		return nil, err
	}
	return r.describe(s), nil
}

// keepContact makes the changes to next that follow from a lookup.
func (s *session) keepContact(next *state, f *found) error {
	c := next.contactOf(f.label)
	if err := c.observe(f, s.verifier.Configuration().MaximumLifetime, s.cfg.Now()); err != nil {
		return err
	}
	_, f.names, _ = accountVersion(f.label, f.Version, merkle.Hash{}, f.Value.Value)
	f.unsettled = (f.names || c.account != nil) && !c.account.settles(f.Version)
	if next.inForce() == nil && f.seenNow != nil && !f.unsettled {
		c.seen = f.seenNow
	}
	next.contacts[f.label] = c
	return nil
}

// found is a verified search.
type found struct {
	label    string
	greatest bool
	before   *keytrans.View
	response *keytrans.SearchResponse
	exchange exchange
	at       time.Time
	*keytrans.SearchResult

	changed *contactChange // set by observe
	seenNow *seen          // set by observe, if it is to replace what was seen

	names     bool      // the value says something of an account key: set by keepContact
	unsettled bool      // it is yet to be held against one: set by keepContact
	standing  *standing // set by checkAccount, if the label has an account key
	knewKey   bool      // an account key of the label was known before: set by checkAccount
	refused   error     // why it must not be handed out: set by checkAccount
}

type contactChange struct {
	before  *seen
	changes Changes
}

// search sends a search request and verifies the response. keep makes the
// changes that follow from it to the next state, besides the view.
func (s *session) search(ctx context.Context, label string, version *uint32, keep keeping) (*found, error) {
	q := &keytrans.SearchRequest{Last: s.state.view.Last(), Label: []byte(label), Version: version}
	x := exchange{operation: operationSearch, label: label, view: s.state.view, proofs: s.state.proofs}
	f := &found{label: label, greatest: version == nil, before: s.state.view, exchange: x}
	err := s.do(ctx, query{operation: f.exchange.operation, label: label, request: q, verify: func(response []byte, next *state) error {
		var err error
		if f.exchange.request, err = q.Marshal(); err != nil {
			return err
		}
		f.exchange.response = response
		if f.response, err = keytrans.ParseSearchResponse(s.verifier.Configuration(), q, response); err != nil {
			return err
		}
		f.at = s.cfg.Now()
		if f.SearchResult, err = s.verifier.Search(next.view, q, f.response, f.at); err != nil {
			return err
		}
		return s.take(next, f, keep)
	}})
	if err == nil {
		s.keepFound(ctx, f)
	}
	return f, err
}

// take makes the changes to next that follow from a verified search.
func (s *session) take(next *state, f *found, keep keeping) error {
	if err := next.proceed(f.Verified, s.cfg.Now()); err != nil {
		return err
	}
	if o := next.owners[f.label]; o != nil {
		if err := o.monitor.Check(f.SearchResult); err != nil {
			return err
		}
	}
	return keep(next, f)
}

// commitment returns the proven commitment to the value that was found.
func (f *found) commitment() (merkle.Hash, error) {
	c := f.Keys[f.Version].Commitment
	if c == nil {
		return merkle.Hash{}, fmt.Errorf("%w: no commitment to version %d", keytrans.ErrProof, f.Version)
	}
	return *c, nil
}

func (f *found) seen() (*seen, error) {
	commitment, err := f.commitment()
	if err != nil {
		return nil, err
	}
	return &seen{version: f.Version, commitment: commitment, value: describeValue(f.Value.Value), at: stamp(f.at)}, nil
}

// observe holds a search against what was seen of the label before, and takes
// note of what has to be monitored. The error is a *keytrans.Misbehaviour if the
// two contradict each other.
func (c *contact) observe(f *found, lifetime *uint64, now time.Time) error {
	latest, err := f.seen()
	if err != nil {
		return err
	}
	if err := c.check(latest, f.greatest); err != nil {
		return err
	}
	if c.lapsed(lifetime, now) {
		c.monitor = &keytrans.Contact{}
	}
	if c.monitor, err = c.monitor.Observe(f.SearchResult); err != nil {
		return err
	}
	if c.seen != nil && latest.version <= c.seen.version {
		if latest.version == c.seen.version {
			f.seenNow = &seen{c.seen.version, c.seen.commitment, c.seen.value, stamp(now)}
		}
		return nil
	}
	if before := c.seen; before != nil && f.greatest {
		if changes := DiffValues(&before.value, latest.value); before.value.SHA256 != latest.value.SHA256 {
			f.changed = &contactChange{before, changes}
		}
	}
	if f.greatest {
		f.seenNow = latest
	}
	return nil
}

// check holds what a verified search found against what was seen before, and what was
// refused for want of a signature.
func (c *contact) check(latest *seen, greatest bool) error {
	if err := c.seen.check(latest, greatest); err != nil || c.account == nil {
		return err
	}
	if (c.account.Commitment == account.Hash{}) {
		latest = &seen{version: latest.version} // nothing to compare
	}
	return (&seen{version: c.account.Version, commitment: merkle.Hash(c.account.Commitment)}).check(latest, greatest)
}

// check holds what a verified search found against what was seen before. A
// commitment never changes, and the greatest version never sinks.
func (s *seen) check(latest *seen, greatest bool) error {
	switch {
	case s == nil:
		return nil
	case latest.version == s.version && latest.commitment != s.commitment:
		return &keytrans.Misbehaviour{Err: fmt.Errorf("the log committed to another value of version %d before", s.version)}
	case greatest && latest.version < s.version:
		return &keytrans.Misbehaviour{Err: fmt.Errorf("the log proved that version %d exists, and now that version %d is the greatest", s.version, latest.version)}
	}
	return nil
}

// newer returns the newer one of two values of a label: what was seen never goes
// back. s may be nil, and other must not be.
func (s *seen) newer(other *seen) *seen {
	switch {
	case s == nil || s.version < other.version:
		return other
	case s.version == other.version && s.at.Before(other.at):
		return &seen{s.version, s.commitment, s.value, other.at}
	}
	return s
}

func (f *found) describe(s *session) *LookupResult {
	r := &LookupResult{
		Label: f.label, Version: f.Version, Greatest: f.greatest, Value: describeValue(f.Value.Value), Bytes: f.Value.Value,
		LogEntry: f.Terminal, Head: headOf(f.View), Steps: s.explain(f), found: f,
	}
	switch {
	case f.changed != nil:
		b := f.changed.before
		r.Before, r.Changes = &Seen{b.version, b.value, b.at}, &f.changed.changes
		r.Verdict = verdict(OutcomeChanged, "version %d is proven, and differs from version %d, which this client saw on %s",
			f.Version, b.version, b.at.Format(time.DateOnly))
	case f.Monitor:
		r.Verdict = verdict(OutcomeMonitored, "version %d is proven; it is newer than every distinguished log entry, so kt watch has to see that it stays", f.Version)
	default:
		r.Verdict = verdict(OutcomeVerified, "version %d is proven, in a part of the log where its owner's monitoring meets it", f.Version)
	}
	return r
}
