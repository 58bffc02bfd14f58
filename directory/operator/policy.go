package operator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// How a policy decides on what an operator signs. What the manager refuses has used
// up its version, so that the operator has to know before it signs. The policy's
// state is that of the versions which the manager is known to have; the commitments
// follow from the openings in its answers.

// maxUnseen bounds how many versions a policy is told of that were created without
// it.
const maxUnseen = 1024

// admit has the policy decide on the values of q, if they are to be signed for the
// versions from record.next on. The error wraps directory.ErrPolicy if it refuses
// one.
func (o *Operator) admit(ctx context.Context, q *keytrans.UpdateRequest, record *labelRecord) error {
	if o.cfg.Policy == nil || record.repeats(q) || nextOf(q.GreatestVersion) < record.known ||
		record.next+uint64(len(q.Values)) > 1<<32 {
		return nil // sign signs nothing new
	}
	if err := o.learnUnseen(ctx, q.Label, record); err != nil {
		return err
	}
	var state []byte
	var last *directory.LastVersion
	if record.policy != nil {
		state, last = record.policy.state, o.lastOf(record.policy)
	}
	if record.ahead() > 0 {
		last = &directory.LastVersion{} // it will be skipped
	}
	for i, value := range q.Values {
		var err error
		state, err = o.cfg.Policy.Admit(&directory.Proposal{
			Label: q.Label, Version: uint32(record.next) + uint32(i), Value: value, State: state, Last: last,
		})
		if err != nil {
			return err
		}
		last = &directory.LastVersion{}
	}
	return nil
}

// lastOf returns what is known of the last version. Its age is counted from when
// the operator learned of it, which is after its log entry was made.
func (o *Operator) lastOf(r *policyRecord) *directory.LastVersion {
	last := &directory.LastVersion{Commitment: r.commitment}
	if age := o.cfg.Now().Sub(time.UnixMilli(int64(r.learned))); age > 0 {
		last.Age = age
	}
	return last
}

// followed returns the version after the last one that the policy was told of.
func (r *labelRecord) followed() uint64 {
	if r.policy == nil {
		return 0
	}
	return uint64(r.policy.through) + 1
}

// follow tells the policy of versions that the manager has, those which it was not
// told of.
func (o *Operator) follow(label []byte, r *labelRecord, t told) error {
	if o.cfg.Policy == nil {
		return nil
	}
	for _, v := range t.versions {
		if uint64(v.number) != r.followed() {
			continue
		}
		commitment := keytrans.SkippedCommitment
		if !v.skipped {
			var err error
			commitment, err = keytrans.Commit(o.cfg.Configuration.Mode, v.opening, label, v.number, v.value)
			if err != nil {
				return err
			}
		}
		if err := o.followOne(label, r, v, commitment); err != nil {
			return err
		}
	}
	return nil
}

func (o *Operator) followOne(label []byte, r *labelRecord, v toldVersion, commitment merkle.Hash) error {
	p := &directory.Proposal{Label: label, Version: v.number, Commitment: commitment, Value: v.value.Value, Erased: v.skipped}
	if r.policy != nil {
		p.State, p.Last = r.policy.state, &directory.LastVersion{Commitment: r.policy.commitment}
	}
	state, err := o.cfg.Policy.Follow(p)
	switch {
	case err != nil:
		return err
	case len(state) > directory.MaxPolicyState:
		return fmt.Errorf("operator: a policy's state of %d bytes is larger than %d", len(state), directory.MaxPolicyState)
	}
	r.policy = &policyRecord{
		through: v.number, commitment: commitment, learned: uint64(max(o.cfg.Now().UnixMilli(), 0)), state: state,
	}
	return nil
}

// learnUnseen asks the manager for the versions of a label that the policy was not
// told of: they were created without it.
func (o *Operator) learnUnseen(ctx context.Context, label []byte, r *labelRecord) error {
	if r.known > maxUnseen && r.followed() < r.known-maxUnseen {
		skipped := &policyRecord{through: uint32(r.known - maxUnseen - 1)}
		if r.policy != nil {
			skipped.state = r.policy.state
		}
		r.policy = skipped
	}
	for r.followed() < r.known {
		m := &keytrans.ManagerUpdateRequest{Label: label}
		if r.policy != nil {
			m.GreatestVersion = &r.policy.through
		}
		_, t, err := o.forwardUpdate(ctx, m)
		if refusal := (*Refusal)(nil); errors.As(err, &refusal) && refusal.Status == http.StatusGone {
			// A value was erased. Nothing tells how many.
			last := toldVersion{number: uint32(r.known - 1), skipped: true}
			return o.followOne(label, r, last, merkle.Hash{})
		}
		if err != nil {
			return err
		}
		before := r.followed()
		if err := o.follow(label, r, t); err != nil {
			return err
		}
		if r.followed() == before {
			return fmt.Errorf("%w with the versions of a label that exist", ErrManager)
		}
	}
	return nil
}
