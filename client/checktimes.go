package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/roster"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
)

// How a search for a label's greatest version goes, it tells little of when that was
// created. The methods here find out more, for the versions of which it matters. Each
// costs more than the one before.

// searchAgain searches for greatest versions by their numbers: such a search goes
// through the whole log, and not along its right edge only.
func (k *check) searchAgain(ctx context.Context, unclear []roster.Question) error {
	var questions []question
	for _, u := range unclear {
		if v := k.facts[u.Label].newest(); v != nil && v.Number == u.Version {
			questions = append(questions, question{u.Label, &v.Number})
		}
	}
	return k.ask(ctx, questions, func(q question, o outcome) {
		f := k.facts[q.label]
		switch {
		case o.found != nil:
			k.learn(&o.found.Verified)
			k.bound(f.newest(), o.found)
		case KindOf(o.err) == Misbehaved:
			k.contradicted(f, o.err)
		}
	})
}

func (f *facts) newest() *roster.Version {
	if len(f.Versions) == 0 {
		return nil
	}
	return &f.Versions[0]
}

// contradicted takes note of what the directory contradicted itself about.
func (k *check) contradicted(f *facts, err error) {
	k.forget(f)
	f.Misbehaviour = true
	k.misbehaved(f.Label, err)
}

// dateSince finds out which versions existed at the time that matters of their label,
// and when exactly the later ones were created.
func (k *check) dateSince(ctx context.Context, unclear []roster.Question) error {
	return k.dateEach(ctx, unclear, func(f *facts) time.Time { return f.since })
}

// dateAll finds out when exactly versions were created, from the first one on.
func (k *check) dateAll(ctx context.Context, unclear []roster.Question) error {
	return k.dateEach(ctx, unclear, func(*facts) time.Time { return time.Time{} })
}

func (k *check) dateEach(ctx context.Context, unclear []roster.Question, from func(*facts) time.Time) error {
	versions := make(map[string][]uint32)
	for _, u := range unclear {
		versions[u.Label] = append(versions[u.Label], u.Version)
	}
	for _, label := range k.labels {
		f := k.facts[label]
		if len(versions[label]) == 0 || len(f.Versions) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fail(Operational, "checking a roster", err)
		}
		err := k.broken
		if err == nil {
			d := &dating{check: k, f: f, versions: versions[label], lapsed: make(map[uint64]bool)}
			err = d.run(ctx, from(f))
		}
		switch {
		case err == nil:
		case unstored(err):
			return err
		case KindOf(err) == Misbehaved:
			k.contradicted(f, err)
		default:
			if gone := lost(err); gone != nil {
				k.broken = gone
			}
			f.unsettle(versions[label], err)
		}
	}
	return nil
}

// unsettle says of versions why it is not known better when they were created.
func (f *facts) unsettle(versions []uint32, err error) {
	for _, number := range versions {
		if v := f.version(number); v != nil && !v.NotBefore.Equal(v.NotAfter) {
			v.Unsettled = err.Error()
		}
	}
}

// version returns the version with a number, nil if it is not there.
func (f *facts) version(number uint32) *roster.Version {
	if len(f.Versions) == 0 || number > f.Versions[0].Number {
		return nil
	}
	i := f.Versions[0].Number - number
	if uint64(i) >= uint64(len(f.Versions)) {
		return nil
	}
	return &f.Versions[i]
}

// dating finds out when versions of one label were created, by the owner's algorithm
// (KEYTRANS, "Owner Algorithm"): from a distinguished log entry on, the directory is
// asked for what is new, and proves which entries created it. The client does not
// become an owner: what an owner would retain is dropped.
type dating struct {
	*check
	f        *facts
	versions []uint32 // that are to be dated
	owner    *keytrans.Owner
	// lapsed are entries of unknown time that the directory says have expired.
	lapsed map[uint64]bool
}

// maxDatingSteps bounds the requests about one label.
const maxDatingSteps = 64

// errDating is about one label, and no more.
var errDating = fail(Undecided, "asking when a version was created", errors.New("the directory did not prove which log entry did"))

// run begins at the rightmost distinguished entry not later than a time.
func (d *dating) run(ctx context.Context, from time.Time) error {
	start, err := d.begin(ctx, from)
	if err != nil {
		return err
	}
	if start == 0 {
		d.exactly(0, -1) // what was there in the first entry was created by it
	}
	for range maxDatingSteps {
		if d.settled() {
			return d.convinced()
		}
		if err := d.step(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w within %d requests", errDating, maxDatingSteps)
}

// convinced returns an error if it is open when a version was created because the
// directory says, and did not prove, that entries have expired.
func (d *dating) convinced() error {
	for _, number := range d.versions {
		if v := d.f.version(number); len(d.lapsed) > 0 && v != nil && v.NotBefore.IsZero() {
			return errDating
		}
	}
	return nil
}

// begin takes the label over at the rightmost distinguished log entry not later than a
// time, for as long as this takes. Timestamps that are not known yet are learned on
// the way.
func (d *dating) begin(ctx context.Context, from time.Time) (start uint64, err error) {
	for range maxDatingSteps {
		start, known := d.startBefore(from, d.lapsed)
		err := d.init(ctx, start)
		var p *Problem
		switch {
		case !known && d.verifier.Configuration().MaximumLifetime != nil && errors.As(err, &p):
			d.lapsed[start] = true
		case err != nil || known:
			return start, err
		}
	}
	return 0, errDating
}

// startBefore goes down the distinguished entries to the rightmost one not later than
// a time, or to the first entry if there is none, or to the first that has not expired.
// If it comes to one of which the time is not known, nor said to be too long ago, it
// returns that.
func (k *check) startBefore(from time.Time, lapsed map[uint64]bool) (start uint64, known bool) {
	cfg, size := k.verifier.Configuration(), k.state.view.Head.TreeSize
	rightmost := k.state.view.Rightmost().Timestamp
	later, expired := uint64(0), false
	s := ibst.RootSpan(size, rightmost)
	for ok := true; ok && s.Distinguished(cfg.ReasonableMonitoringWindow); {
		ts, known := k.times[s.Pos]
		switch l := cfg.MaximumLifetime; {
		case !known && lapsed[s.Pos]:
			expired = true
			s, ok = s.RightChild(max(s.Left, rightmost-min(rightmost, *l)), size)
		case !known:
			return s.Pos, false
		case l != nil && ts <= rightmost && rightmost-ts >= *l:
			expired = true
			s, ok = s.RightChild(ts, size)
		case entryTime(ts).After(from):
			later = s.Pos
			s, ok = s.LeftChild(ts)
		default:
			start = s.Pos
			s, ok = s.RightChild(ts, size)
		}
	}
	if start == 0 && expired {
		start = later
	}
	return start, true
}

// init asks what versions there are as of a distinguished entry.
func (d *dating) init(ctx context.Context, start uint64) error {
	q := &keytrans.OwnerInitRequest{Last: d.state.view.Last(), Label: []byte(d.f.Label), Start: start}
	return d.do(ctx, query{operation: "owner-init", label: d.f.Label, request: q, verify: func(response []byte, next *state) error {
		p, err := keytrans.ParseOwnerInitResponse(d.verifier.Configuration(), response)
		if err != nil {
			return err
		}
		r, err := d.verifier.OwnerInit(next.view, q, p, d.cfg.Now())
		if err != nil {
			return err
		}
		d.learn(&r.Verified)
		d.owner = r.Owner
		d.existed(start, versionOf(r.Owner.AtStart))
		return next.proceed(r.Verified, d.cfg.Now())
	}})
}

// existed notes that a log entry holds the versions up to greatest and no other one.
func (d *dating) existed(pos uint64, greatest int64) {
	at := d.time(pos)
	for _, number := range d.versions {
		v := d.f.version(number)
		switch {
		case v == nil || at.IsZero():
		case int64(number) > greatest && v.NotBefore.Before(at):
			v.NotBefore = at
		case int64(number) <= greatest && v.NotAfter.After(at):
			v.NotAfter, v.LogEntry = at, pos
		}
	}
}

// exactly notes that a log entry created the versions above before that it holds.
func (d *dating) exactly(pos uint64, before int64) {
	at, greatest := d.time(pos), versionOf(d.owner.Greatest())
	for _, number := range d.versions {
		if v := d.f.version(number); v != nil && int64(number) > before && int64(number) <= greatest {
			v.NotBefore, v.NotAfter, v.LogEntry = at, at, pos
		}
	}
}

// settled reports whether the owner has come past all the versions.
func (d *dating) settled() bool {
	greatest := versionOf(d.owner.Greatest())
	for _, number := range d.versions {
		if int64(number) > greatest {
			return false
		}
	}
	return true
}

// step asks which entry created the next versions. That the directory says that there
// are none is an error: they are proven to be there.
func (d *dating) step(ctx context.Context) error {
	before := versionOf(d.owner.Greatest())
	q := &keytrans.UpdateRequest{Last: d.state.view.Last(), Label: []byte(d.f.Label), GreatestVersion: d.owner.Greatest()}
	var positions []uint64
	err := d.do(ctx, query{operation: "update", label: d.f.Label, request: q, verify: func(response []byte, next *state) error {
		list, err := keytrans.ParseUpdateResponses(d.verifier.Configuration(), response)
		if err != nil {
			return err
		}
		// The answers after the first rest on what that may only claim.
		r, err := d.verifier.Update(next.view, d.owner, q, list[0], d.cfg.Now())
		if err != nil {
			return err
		}
		d.learn(&r.Verified)
		d.owner = r.Owner
		positions = append(positions, r.Position)
		return next.proceed(r.Verified, d.cfg.Now())
	}})
	if err != nil {
		return err
	}
	return d.confirm(ctx, positions[0], before)
}

// confirm has proven what an update response leaves open: that a distinguished entry
// holds the new versions, and that one before it does not.
func (d *dating) confirm(ctx context.Context, pos uint64, before int64) error {
	greatest, owner := d.owner.Greatest(), d.owner
	distinguished, err := d.distinguishedAt(pos - 1)
	if err != nil {
		return err
	}
	if distinguished {
		if err := d.init(ctx, pos-1); err != nil {
			return err
		}
		if versionOf(d.owner.AtStart) != before {
			return errDating
		}
		d.owner = owner
	}
	if owner.Claims() {
		if err := d.init(ctx, pos); err != nil {
			return err
		}
		if versionOf(d.owner.AtStart) != versionOf(greatest) {
			return errDating
		}
	}
	d.exactly(pos, before)
	return nil
}

// distinguishedAt reports whether a log entry is distinguished. The error is that the
// timestamps that decide it are not known; an update response has them.
func (k *check) distinguishedAt(pos uint64) (bool, error) {
	window, rightmost := k.verifier.Configuration().ReasonableMonitoringWindow, k.state.view.Rightmost().Timestamp
	path, err := ibst.DistinguishedPath(pos, k.state.view.Head.TreeSize, rightmost, window, func(at uint64) (uint64, error) {
		ts, ok := k.times[at]
		if !ok {
			return 0, errDating
		}
		return ts, nil
	})
	return len(path) > 0 && path[len(path)-1] == pos, err
}
