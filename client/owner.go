package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// takeOver makes the client an owner of a label: KEYTRANS, "Owner Algorithm". It
// starts from the rightmost distinguished log entry and processes every version
// created since. What exists then is accepted as the label's past. A take-over
// that was interrupted is continued.
func (s *session) takeOver(ctx context.Context, label string) error {
	if s.state.owners[label] == nil {
		positions, err := s.distinguished(ctx)
		if err != nil {
			return err
		}
		if len(positions) == 0 {
			return fail(Undecided, "taking ownership", errors.New("the log has no distinguished entry to start from"))
		}
		if err := s.ownerInit(ctx, label, positions[0]); err != nil {
			return err
		}
	}
	if s.state.owners[label].ready {
		return nil
	}
	if _, err := s.learn(ctx, label); err != nil {
		return err
	}
	if err := s.fetchLast(ctx, label); err != nil {
		return err
	}
	chain, err := s.ownAccount(ctx, label)
	if err != nil {
		return err
	}
	group, err := s.ownGroup(ctx, label)
	if err != nil {
		return err
	}
	next := s.state.clone()
	o := next.ownerOf(label)
	o.ready, o.since, o.account = true, o.monitor.Greatest(), chain
	if o.since != nil && o.last != nil {
		o.ledger[*o.since] = Entry{o.last.value.SHA256, HowTakenOver, stamp(s.cfg.Now())}
	}
	o.adopt(group)
	next.owners[label] = o
	return s.store(next)
}

func (s *session) ownerInit(ctx context.Context, label string, start uint64) error {
	q := &keytrans.OwnerInitRequest{Last: s.state.view.Last(), Label: []byte(label), Start: start}
	return s.do(ctx, query{operation: "owner-init", label: label, request: q, verify: func(response []byte, next *state) error {
		p, err := keytrans.ParseOwnerInitResponse(s.verifier.Configuration(), response)
		if err != nil {
			return err
		}
		r, err := s.verifier.OwnerInit(next.view, q, p, s.cfg.Now())
		if err != nil {
			return err
		}
		if err := next.proceed(r.Verified, s.cfg.Now()); err != nil {
			return err
		}
		next.owners[label] = &owner{monitor: r.Owner, ledger: make(map[uint32]Entry)}
		return nil
	}})
}

// fetchLast looks up the value of the greatest version known, if that is not
// known yet, to compare later ones with. That it is no longer to be had is no
// error.
func (s *session) fetchLast(ctx context.Context, label string) error {
	o := s.state.owners[label]
	greatest := o.monitor.Greatest()
	if greatest == nil || o.last != nil && o.last.version == *greatest {
		return nil
	}
	_, err := s.search(ctx, label, greatest, func(next *state, f *found) error {
		o := next.ownerOf(label)
		latest, err := f.seen()
		if err != nil {
			return err
		}
		known := o.monitor.Keys[*greatest]
		if known.Proven && known.Commitment != nil && *known.Commitment != latest.commitment {
			return &keytrans.Misbehaviour{Err: fmt.Errorf("the log committed to another value of version %d before", *greatest)}
		}
		o.last = latest
		next.owners[label] = o
		return nil
	})
	var p *Problem
	if errors.As(err, &p) && (p.Type == ProblemVersionExpired || p.Type == ProblemErased) {
		return nil
	}
	return err
}

// learn asks for versions beyond the greatest one known until the directory
// says that there are none, and returns the unexpected ones among them. The
// directory's word is not proof; owner monitoring is.
func (s *session) learn(ctx context.Context, label string) ([]Unexpected, error) {
	var all []Unexpected
	for {
		u := s.updateRequest(label, nil)
		err := s.update(ctx, u, "")
		all = append(all, u.unexpected...)
		var p *Problem
		if errors.As(err, &p) && p.nothingNew() {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// updating is one update request and what came of it.
type updating struct {
	label   string
	request *keytrans.UpdateRequest

	created    bool         // the versions asked for
	unexpected []Unexpected // others that the owner does not know
}

func (s *session) updateRequest(label string, values [][]byte) *updating {
	return &updating{label: label, request: &keytrans.UpdateRequest{
		Last: s.state.view.Last(), Label: []byte(label),
		GreatestVersion: s.state.owners[label].monitor.Greatest(), Values: values,
	}}
}

// update sends an update request and verifies all responses to it: KEYTRANS,
// "Updating a Label".
func (s *session) update(ctx context.Context, u *updating, token string) error {
	writes := len(u.request.Values) > 0
	if !writes {
		token = ""
	}
	return s.do(ctx, query{
		operation: "update", label: u.label, request: u.request, token: token, once: writes,
		verify: func(response []byte, next *state) error {
			list, err := keytrans.ParseUpdateResponses(s.verifier.Configuration(), response)
			if err != nil {
				return err
			}
			o, q := next.ownerOf(u.label), u.request
			for _, p := range list {
				r, err := s.verifier.Update(next.view, o.monitor, q, p, s.cfg.Now())
				if err != nil {
					return err
				}
				q = r.Next(q)
				if err := next.proceed(r.Verified, s.cfg.Now()); err != nil {
					return err
				}
				o.monitor = r.Owner
				u.created = u.created || r.Requested
				u.unexpected = append(u.unexpected, o.learned(u.label, r, s.cfg)...)
			}
			if err := s.confirm(ctx, u.label, next, o); err != nil {
				return err
			}
			next.owners[u.label] = o
			return nil
		},
	})
}

// confirm has owner monitoring prove the new versions that responses told of
// without proof, as they do if the log entry that created them is
// distinguished. Until then nothing of such a response is stored: whoever
// answered could have made it up.
func (s *session) confirm(ctx context.Context, label string, next *state, o *owner) error {
	const operation = "owner-monitor"
	for o.monitor.Claims() {
		start := o.monitor.Start
		request, err := o.monitor.OwnerMonitorRequest(next.view, []byte(label)).Marshal()
		if err != nil {
			return err
		}
		x := exchange{operation: operation, label: label, request: request, view: next.view, proofs: next.proofs}
		x.response, err = s.transport.do(ctx, call{method: http.MethodPost, path: "/v1/" + operation, body: request})
		if err != nil {
			// Not wrapped: that this was refused says nothing of the update.
			return fail(Undecided, "confirming new versions", fmt.Errorf("%w: %v", keytrans.ErrProof, err))
		}
		p, err := keytrans.ParseOwnerMonitorResponse(s.verifier.Configuration(), x.response)
		if err != nil {
			return err
		}
		r, err := s.verifier.OwnerMonitor(next.view, o.monitor, p, s.cfg.Now())
		if err != nil {
			return s.rejected(ctx, x, err)
		}
		if r.Owner.Start == start {
			return fail(Undecided, "confirming new versions", fmt.Errorf("%w: the directory tells of versions that it does not prove", keytrans.ErrProof))
		}
		if err := next.proceed(r.Verified, s.cfg.Now()); err != nil {
			return err
		}
		o.monitor = r.Owner
		o.dateUnexpected(r.Entries)
	}
	return nil
}

// learned takes note of new versions and returns the unexpected ones.
func (o *owner) learned(label string, r *keytrans.UpdateResult, cfg Config) []Unexpected {
	var out []Unexpected
	now := stamp(cfg.Now())
	for i, value := range r.Values {
		version := r.First + uint32(i)
		v := describeValue(value.Value)
		last := &seen{version: version, value: v, at: now}
		if c := o.monitor.Keys[version].Commitment; c != nil {
			last.commitment = *c
		}
		signed, made := o.followNext(label, last, value.Value), o.followNextGroup(label, last, value.Value)
		is := func(p Pending) bool { return p.is(v, signed, o.account) || p.isGroup(made) }
		switch {
		case r.Requested || slices.ContainsFunc(o.pending, is):
			o.ledger[version] = Entry{v.SHA256, HowPublished, now}
			o.pending = slices.DeleteFunc(o.pending, is)
		case made.stands:
			o.ledger[version] = Entry{v.SHA256, HowMember, now}
		case o.ready && !o.expected(version, v.SHA256):
			u := Unexpected{Version: version, Position: r.Position, Value: v, FoundAt: now, Account: o.account.unexpected(), Group: made.why}
			switch {
			case o.last != nil:
				changes := DiffValues(&o.last.value, v)
				u.Changes = &changes
			case version == 0:
				changes := DiffValues(nil, v)
				u.Changes = &changes
			}
			out = append(out, u)
		}
		o.last = last
	}
	o.unexpected = append(o.unexpected, out...)
	o.dateUnexpected(r.Entries)
	o.dateUnexpected(r.View.Frontier)
	return out
}

// dateUnexpected notes the timestamps of the log entries that created unexpected
// versions.
func (o *owner) dateUnexpected(entries []keytrans.Entry) {
	for i := range o.unexpected {
		u := &o.unexpected[i]
		for _, e := range entries {
			if e.Position == u.Position && u.EntryTime.IsZero() {
				u.EntryTime = entryTime(e.Timestamp)
			}
		}
	}
}

// monitor runs owner monitoring until every distinguished entry is verified. It
// stops at versions that the owner has not been told of, which are learned
// first. The error is of kind Attention if the log holds a version that the
// directory does not tell.
func (s *session) monitor(ctx context.Context, label string) error {
	for {
		before := s.state.owners[label].monitor
		complete, err := s.monitorOnce(ctx, label)
		if p := (*Problem)(nil); errors.Is(err, keytrans.ErrProof) || errors.As(err, &p) {
			return s.seekContradiction(ctx, label, err)
		}
		if complete || err != nil && !errors.Is(err, keytrans.ErrUnexpectedVersion) {
			return err
		}
		after := s.state.owners[label].monitor
		if err == nil && after.Start > before.Start {
			continue
		}
		if _, learnErr := s.learn(ctx, label); learnErr != nil {
			return learnErr
		}
		if versionOf(s.state.owners[label].monitor.Greatest()) > versionOf(after.Greatest()) {
			continue
		}
		if err != nil {
			return err
		}
		return fail(Undecided, "monitoring the label", fmt.Errorf(
			"the directory stops at log entry %d without proving that no version was added after it, and tells of none", after.Start))
	}
}

// seekContradiction looks for what made monitoring fail: a search of the label
// shows whether a commitment that was proven has changed, or a proof of absence
// that the label is gone, which a refusal or an answer that does not verify cannot
// prove. The error is that of the search if it found misbehaviour, and the given
// one otherwise.
func (s *session) seekContradiction(ctx context.Context, label string, failed error) error {
	_, err := s.search(ctx, label, nil, func(next *state, f *found) error {
		// What is found does not count as seen.
		return next.contactOf(label).observe(f, s.verifier.Configuration().MaximumLifetime, f.at)
	})
	if err != nil {
		_, err = s.proveAbsent(ctx, label, nil, err)
	}
	if KindOf(err) == Misbehaved {
		return err
	}
	return failed
}

// proveGreatest has a search prove, up to the log's last entry, that no version
// exists beyond the greatest one that the owner knows: a ladder always looks up
// the version after its target. That the directory tells of none is only its
// word, and owner monitoring ends at the rightmost distinguished entry.
func (s *session) proveGreatest(ctx context.Context, label string) error {
	const step = "checking that no other version exists"
	greatest := s.state.owners[label].monitor.Greatest()
	f, err := s.search(ctx, label, nil, func(*state, *found) error { return nil })
	var p *Problem
	switch {
	case greatest == nil && errors.As(err, &p) && p.Type == ProblemUnknownLabel:
		if _, proof := s.proveAbsent(ctx, label, nil, err); proof != err {
			return proof
		}
		return nil // its word: it does not know the proof of absence
	case greatest != nil && errors.As(err, &p) && p.Type == ProblemErased:
		return s.proveNothingAfter(ctx, label, *greatest)
	case err != nil:
		return err
	case int64(f.Version) > versionOf(greatest):
		return fail(Attention, step, fmt.Errorf("%w: version %d is in the log, and the directory denies it to its owner",
			keytrans.ErrUnexpectedVersion, f.Version))
	case int64(f.Version) < versionOf(greatest):
		return fail(Undecided, step, fmt.Errorf("%w: the directory answers with the older version %d", keytrans.ErrProof, f.Version))
	}
	return nil
}

func versionOf(v *uint32) int64 {
	if v == nil {
		return -1
	}
	return int64(*v)
}

func (s *session) monitorOnce(ctx context.Context, label string) (complete bool, err error) {
	q := s.state.owners[label].monitor.OwnerMonitorRequest(s.state.view, []byte(label))
	err = s.do(ctx, query{operation: "owner-monitor", label: label, request: q, verify: func(response []byte, next *state) error {
		p, err := keytrans.ParseOwnerMonitorResponse(s.verifier.Configuration(), response)
		if err != nil {
			return err
		}
		o := next.ownerOf(label)
		r, err := s.verifier.OwnerMonitor(next.view, o.monitor, p, s.cfg.Now())
		if err != nil {
			return err
		}
		if err := next.proceed(r.Verified, s.cfg.Now()); err != nil {
			return err
		}
		o.monitor, complete = r.Owner, r.Complete
		o.dateUnexpected(r.Entries)
		next.owners[label] = o
		return nil
	}})
	return complete && err == nil, err
}

// settled reports whether a directory refused an update for a reason that it
// finds before it writes. Other refusals, such as those of something on the way,
// leave open whether the update was carried out.
func settled(err error) bool {
	var p *Problem
	return errors.As(err, &p) && slices.Contains(
		[]string{ProblemUnauthenticated, ProblemForbidden, ProblemPolicy, ProblemInvalidRequest, ProblemTooLarge}, p.Type)
}

// labels returns the keys of a map in order.
func labels[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
