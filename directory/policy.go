package directory

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Policy decides which values may follow which in a label. An Authorizer says who
// may write, a Policy what. Implementations are safe for concurrent use, and
// decide by what they are given alone.
//
// What a policy has to know of the versions before it keeps in a state of its own:
// at most MaxPolicyState bytes, which are stored with the label in the same commit
// as the versions that they tell of. No earlier value is read, so that nothing
// hangs on values that were erased.
type Policy interface {
	// Admit returns the state with the version that p proposes, or why there may
	// be no such version: an error that wraps ErrPolicy and tells a person what to
	// do, without labels and values.
	Admit(p *Proposal) (state []byte, err error)

	// Follow returns the state with a version that exists and was not admitted,
	// because there was no policy when it was created. An error is no refusal: the
	// label cannot be written as long as it stays.
	Follow(p *Proposal) (state []byte, err error)
}

// MaxPolicyState is the size in bytes of the largest state that a Policy keeps of a
// label.
const MaxPolicyState = 1 << 10

// ErrPolicy is wrapped by the error for new versions that the Policy does not admit.
// None of them was created.
var ErrPolicy = errors.New("the new version breaks a rule of this directory")

// Proposal is a version on which a Policy decides. It must not be modified.
type Proposal struct {
	Label      []byte
	Version    uint32
	Commitment merkle.Hash // to Value in Version of Label; zero if it is not known yet, to an operator
	Value      []byte      // nil if Erased
	// Erased tells that there is no value any more, or that the manager skipped the
	// version. No new version is.
	Erased bool

	// State is what the policy returned for the versions before; nil if it has not
	// seen any.
	State []byte
	// Last is the version before, nil if there is none.
	Last *LastVersion
}

// LastVersion is the version before a proposed one.
type LastVersion struct {
	// Commitment is zero if it is not known, or if the version was skipped.
	Commitment merkle.Hash
	// Age is for how long the version has been in the log: the time from its log
	// entry to now, by the directory's clock. If the entry expired and is gone, it
	// is as short as it can be. It is 0 if the clock is behind the entry, for a
	// version that is created together with the proposed one, and if the proposed
	// one exists.
	Age time.Duration
}

// policyRecord is what is stored of a label for the policy.
type policyRecord struct {
	through uint32 // the last version that the state tells of
	state   []byte
}

// maxUnseen bounds how many versions one update has a policy follow: values are
// read for it.
const maxUnseen = 1024

// decide has the policy decide on a change, by a state that has the version which
// the change follows. If the change still follows the greatest version when it is
// sequenced, that decision stands: versions are never replaced, so that what comes
// before the change is the same. So it is made here, by the caller and on all
// cores, and not by the sequencer.
func (d *Directory) decide(s *state, c *change) error {
	record, err := s.check(c)
	if err != nil {
		return err
	}
	state, last, err := d.followUnseen(s, c.label, record)
	if err != nil {
		return err
	}
	for i := range c.records {
		r := &c.records[i]
		state, err = admitted(d.cfg.Policy.Admit(&Proposal{
			Label: c.label, Version: c.first + uint32(i), Commitment: r.commitment, Value: r.value, State: state, Last: last,
		}))
		if err != nil {
			return err
		}
		last = &LastVersion{Commitment: r.commitment}
	}
	c.policy = &policyRecord{through: c.last(), state: state}
	return nil
}

// admitted checks the size of a state that a policy returned.
func admitted(state []byte, err error) ([]byte, error) {
	if err == nil && len(state) > MaxPolicyState {
		err = fmt.Errorf("directory: a policy's state of %d bytes is larger than %d", len(state), MaxPolicyState)
	}
	return state, err
}

// followUnseen returns the policy's state of all versions of a label, and the last
// of them. The policy is told of versions that were created without it; if they are
// more than maxUnseen, of the last ones only.
func (d *Directory) followUnseen(s *state, label []byte, record *labelRecord) (state []byte, last *LastVersion, err error) {
	if record == nil {
		return nil, nil, nil
	}
	next := uint64(0)
	if record.policy != nil {
		state, next = record.policy.state, uint64(record.policy.through)+1
	}
	next = max(next, uint64(record.greatest)+1-min(uint64(record.greatest)+1, maxUnseen))
	var position uint64 // of last
	if next > 0 {
		r, err := s.version(label, uint32(next-1))
		if err != nil {
			return nil, nil, err
		}
		last, position = &LastVersion{Commitment: r.commitment}, r.position
	}
	for ; next <= uint64(record.greatest); next++ {
		r, err := s.version(label, uint32(next))
		if err != nil {
			return nil, nil, err
		}
		state, err = admitted(d.cfg.Policy.Follow(&Proposal{
			Label: label, Version: uint32(next), Commitment: r.commitment, Value: r.value, Erased: r.erased, State: state, Last: last,
		}))
		if err != nil {
			return nil, nil, fmt.Errorf("following version %d: %w", next, err)
		}
		last, position = &LastVersion{Commitment: r.commitment}, r.position
	}
	last.Age, err = s.age(position, d.cfg.Now())
	return state, last, err
}

// age returns the time from the log entry at a position to now, 0 if now is
// earlier. If the entry is gone, it is taken for as new as the first that is not.
func (s *state) age(pos uint64, now time.Time) (time.Duration, error) {
	entry, err := s.Entry(max(pos, s.minimum.entries))
	if err != nil {
		return 0, err
	}
	ms := now.UnixMilli()
	if ms < 0 || uint64(ms) <= entry.Timestamp {
		return 0, nil
	}
	return time.Duration(min(uint64(ms)-entry.Timestamp, math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond, nil
}
