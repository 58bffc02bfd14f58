package client

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// What becomes of those who were away for longer than log entries live, and of
// owners who were not told of a version before it was erased. Both are the
// directory's word, which proves nothing: that something was seen before is given
// up only if the user says so.

// pruned says what to do if the directory says that it has removed what an answer
// needs.
func (s *session) pruned(e *Error, p *Problem) {
	if !s.mayBePruned(p) {
		e.Err = fmt.Errorf("the directory says that it has removed log entries because they have passed their maximum lifetime, which they cannot have: %w", e.Err)
		e.Hint = "do not give up what this client has seen; check this machine's clock, try again, also from another network, and ask the directory's operator"
		return
	}
	switch p.Field {
	case "last":
		e.Err = fmt.Errorf("this client has not looked at the log for so long that the directory says it has removed the log entries since, as they have passed their maximum lifetime; whether the log continues the one that was seen then can no longer be checked: %w", e.Err)
		e.Hint = fmt.Sprintf("to begin anew, move %s away and pin the directory again with kt trust; compare the configuration's SHA-256, and take labels over that you own", s.dir)
	case "entries":
		e.Err = fmt.Errorf("what was looked up was not monitored before it passed the maximum lifetime, says the directory; that its owner could see it can no longer be proven: %w", e.Err)
		e.Hint = "look the label up again with kt lookup, and run kt watch more often than log entries expire"
	case "start", "greatest_version":
		e.Err = fmt.Errorf("the label was not monitored before what happened to it passed the maximum lifetime, says the directory: %w", e.Err)
		e.Hint = anewHint
	default:
		e.Hint = "the directory no longer has what is older than its maximum lifetime"
	}
}

// mayBePruned reports whether what the directory says it has removed can have passed
// the maximum lifetime. Anybody on the way could say so, too, and have the user begin
// anew.
func (s *session) mayBePruned(p *Problem) bool {
	cfg, view := s.verifier.Configuration(), s.state.view
	if cfg.MaximumLifetime == nil {
		return false
	}
	if p.Field != "last" || view.Head.TreeSize == 0 {
		return true
	}
	// The entries that follow the view's last one are not older.
	latest := s.cfg.Now().Add(milliseconds(cfg.MaxAhead))
	return latest.Sub(entryTime(view.Rightmost().Timestamp)) >= milliseconds(*cfg.MaximumLifetime)
}

const anewHint = "look at all versions that there are with kt history, and take the label over anew with kt own LABEL --anew, which accepts what is in the log then"

// erasedUnseen returns the error for new versions of an owned label that cannot be
// processed, because one was erased before its owner was told of it. Everything
// else has been monitored when it is returned; nil if err is not about that.
func erasedUnseen(err error) error {
	var p *Problem
	if !errors.As(err, &p) || p.Type != ProblemErased {
		return nil
	}
	e := fail(Attention, "asking for new versions", fmt.Errorf(
		"there are versions that you have not seen, and the directory says that the value of one was erased; if you did not publish it, nobody can tell any more what it was: %w", p))
	e.Hint = anewHint
	return e
}

// proveNothingAfter does for an owned label whose greatest version was erased what
// a search does for others: it has the directory prove that no version follows. If
// it does not know that proof, what owner monitoring has proven, up to a
// distinguished entry, is what the verdict says.
func (s *session) proveNothingAfter(ctx context.Context, label string, greatest uint32) error {
	if greatest == math.MaxUint32 {
		return nil
	}
	next := greatest + 1
	_, err := s.absence(ctx, label, &next)
	var p *Problem
	if errors.As(err, &p) && p.lacksOperation() {
		return nil
	}
	return err
}

// OwnAnew gives up what was monitored of an owned label and takes it over as Own
// does a label that was not owned: what exists then is accepted. The ledger stays.
// It is for owners who were away for longer than log entries live, or who were
// not told of a version before it was erased. The error is of kind Usage if the
// label is not owned, and of kind Attention if what exists contradicts what was
// known, which is then kept.
func (c *Client) OwnAnew(ctx context.Context, label string) (*OwnResult, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	before := s.state.owners[label]
	if before == nil {
		e := usage("the label is not owned")
		e.Hint = "take ownership with: kt own LABEL"
		return nil, e
	}
	next := s.state.clone()
	delete(next.owners, label)
	kept := s.state
	// What was known is worth more than half a take-over.
	s.state, s.unstored = next, true
	err = s.watchOwner(ctx, label)
	if err == nil {
		err = s.state.owners[label].continues(before)
	}
	s.unstored = false
	if err != nil {
		if restoreErr := s.restoreOwner(kept, label); restoreErr != nil {
			return nil, restoreErr
		}
		_, err = s.conclude(ctx, err)
		return nil, err
	}
	next = s.state.clone()
	o := next.ownerOf(label)
	for version, entry := range before.ledger {
		if _, ok := o.ledger[version]; !ok {
			o.ledger[version] = entry
		}
	}
	next.owners[label] = o
	w, err := s.conclude(ctx, s.store(next))
	if err != nil {
		return nil, err
	}
	r := s.ownResult(label, w)
	r.TakenOver = true
	return r, nil
}

// continues returns what contradicts that o, which was taken over anew, is the label
// that was known before: that a version is gone, or is another one.
func (o *owner) continues(before *owner) error {
	greatest, was := versionOf(o.monitor.Greatest()), versionOf(before.monitor.Greatest())
	if greatest < was {
		return notContinued("version %d was proven before, and now the greatest one is %s", was, versionText(greatest))
	}
	for version, now := range o.monitor.Keys {
		old := before.monitor.Keys[version]
		if now.Proven && old.Proven && *now.Commitment != *old.Commitment {
			return notContinued("the log committed to another value of version %d before", version)
		}
	}
	for version, now := range o.ledger {
		if old, ok := before.ledger[version]; ok && old.ValueSHA256 != now.ValueSHA256 {
			return notContinued("version %d does not have the value that the ledger has for it", version)
		}
	}
	return nil
}

func notContinued(format string, args ...any) error {
	e := fail(Attention, "taking the label over anew", fmt.Errorf(format, args...))
	e.Hint = "an honest log does not do that, and what you knew is kept: look for evidence with kt watch, and ask the directory's operator"
	return e
}

// versionText names a version, -1 for none.
func versionText(version int64) string {
	if version < 0 {
		return "(none)"
	}
	return fmt.Sprint(version)
}

// restoreOwner stores what was known of a label before.
func (s *session) restoreOwner(kept *state, label string) error {
	next := s.state.clone()
	next.owners[label] = kept.owners[label]
	return s.store(next)
}

// lapsed reports whether what waits for monitoring since an earlier lookup has
// expired, by the client's own clock: nobody can prove it any more, and the
// directory need not answer for it. lifetime is in milliseconds, nil for ever.
//
// What was seen tells when. It does not for a version above it, which was looked up
// by its number, or which the witnesses had not seen in time: that goes on waiting.
func (c *contact) lapsed(lifetime *uint64, now time.Time) bool {
	if lifetime == nil || c.seen == nil || len(c.monitor.Map) == 0 {
		return false
	}
	if last := c.monitor.Map[len(c.monitor.Map)-1]; last.Version > c.seen.version {
		return false
	}
	age := now.Sub(c.seen.at)
	return age > 0 && uint64(age.Milliseconds()) >= *lifetime
}
