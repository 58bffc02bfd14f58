package client

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/client/roster"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// ErrNoGroup is wrapped by the error of kind Attention if a label's version 0 does not
// found a group: then no later version can be one.
var ErrNoGroup = errors.New("the label is not that of a group")

// groupChain follows the versions of a group's label.
type groupChain struct {
	*check
	label    string
	facts    *facts
	state    *group.State // nil if no group was founded
	versions []GroupVersion
	// actors are those who made a version, with the key that they had, and the first
	// version that they made with it.
	actors map[actor]uint32
	// missing are versions whose value is not to be had, and that are yet to be
	// followed: their commitments come with the proofs of the versions after them.
	missing []GroupVersion
	err     error // why there is nothing to follow any more
}

type actor struct {
	label string
	key   account.Key
}

// followGroup follows the versions of a label from version 0 up to one, which newest
// is, if that was found already. The error is that there are too many, or that one
// could not be looked up.
func (s *session) followGroup(ctx context.Context, label string, through uint32, newest *found, opt GroupOptions) (*groupChain, error) {
	limit := opt.Versions
	if limit == 0 {
		limit = DefaultGroupVersions
	}
	if int64(through) >= int64(limit) {
		e := fail(Undecided, stepGroup, fmt.Errorf("the group has %s, and %d are followed at most", count.Of(uint64(through)+1, "version", "versions"), limit))
		e.Hint = "if so many changes are plausible, kt group verify --versions N follows more; otherwise begin a new group"
		return nil, e
	}
	g := &groupChain{check: newCheck(RosterOptions{OneByOne: opt.OneByOne}), label: label, actors: make(map[actor]uint32)}
	g.add(label, s.cfg.Now())
	g.begin(s)
	g.facts = g.check.facts[label]
	var questions []question
	for number := range uint64(through) + 1 {
		if version := uint32(number); version < through || newest == nil {
			questions = append(questions, question{label, &version})
		}
	}
	if err := g.ask(ctx, questions, g.take); err != nil {
		return nil, err
	}
	if newest != nil {
		g.take(question{label: label, version: &through}, outcome{found: newest})
	}
	g.flush()
	return g, g.err
}

// take takes note of the next version.
func (g *groupChain) take(q question, o outcome) {
	if g.err != nil {
		return
	}
	switch why := missing(o); {
	case o.found != nil:
		g.learn(&o.found.Verified)
		g.facts.note(o.found)
		g.flush()
		g.follow(o.found)
	case why != "":
		g.missing = append(g.missing, GroupVersion{Version: *q.version, Status: GroupMissing, Why: why})
	case KindOf(o.err) == Misbehaved:
		g.err = o.err
	default:
		g.err = fail(Undecided, stepGroup, fmt.Errorf("version %d: %w", *q.version, o.err))
	}
	if g.err != nil {
		g.broken = g.err // the rest is not asked for
	}
}

// flush follows the versions that are missing.
func (g *groupChain) flush() {
	for _, v := range g.missing {
		g.judge(v, group.Version{Label: g.label, Number: v.Version, Commitment: g.facts.commitments[v.Version]})
	}
	g.missing = nil
}

// follow follows a version that was found.
func (g *groupChain) follow(f *found) {
	commitment, err := f.commitment()
	if err != nil {
		g.err = fail(Undecided, stepGroup, err)
		return
	}
	read, err := readGroup(g.label, f.Version, commitment, f.Value.Value)
	if errors.Is(err, group.ErrVersion) {
		g.err = newerGroup(err)
		return
	}
	v := GroupVersion{Version: f.Version, LogEntry: f.Terminal, EntryTime: g.time(f.Terminal), value: describeValue(f.Value.Value), commitment: hex.EncodeToString(commitment[:])}
	v.ValueSHA256 = v.value.SHA256
	g.judge(v, read)
}

// newerGroup is the error for a version in a format that this program does not know.
func newerGroup(err error) *Error {
	e := fail(Undecided, stepGroup, err)
	e.Hint = "this program may be too old"
	return e
}

// readGroup reads a version of a group's label. The error says why it cannot be read
// as a group; for group.Follow, such a version does not stand.
func readGroup(label string, number uint32, commitment merkle.Hash, value []byte) (group.Version, error) {
	v := group.Version{Label: label, Number: number, Commitment: account.Hash(commitment)}
	g, err := group.Parse(value)
	if err == nil {
		v.Group = &g
	}
	return v, err
}

// judge decides whether a version stands.
func (g *groupChain) judge(v GroupVersion, read group.Version) {
	change, err := g.advance(read)
	switch {
	case err == nil:
		v.Status = GroupStands
		v.did(change)
	case v.Status == "":
		v.Status, v.Why = GroupUnsigned, whyUnsigned(err)
	}
	g.versions = append(g.versions, v)
}

// advance goes on with a version. The error wraps group.ErrUnsigned if it does not
// stand.
func (g *groupChain) advance(v group.Version) (group.Change, error) {
	if g.state == nil && v.Number > 0 {
		return group.Change{}, fmt.Errorf("%w: no group was founded", group.ErrUnsigned)
	}
	before := g.state
	next, change, err := group.Follow(before, v)
	if err != nil && before == nil {
		return change, err
	}
	g.state = &next
	if err != nil {
		return change, err
	}
	if before == nil {
		before = &next // who founds a group is in it
	}
	by := actor{change.Actor, before.Find(change.Actor).Key}
	if _, ok := g.actors[by]; !ok {
		g.actors[by] = v.Number
	}
	return change, nil
}

// did describes what a version did.
func (v *GroupVersion) did(c group.Change) {
	v.Actor, v.Added, v.Removed, v.Rekeyed = c.Actor, labelsOf(c.Added), labelsOf(c.Removed), c.Rekeyed != nil
}

func labelsOf(members []group.Member) []string {
	var out []string
	for _, m := range members {
		out = append(out, m.Label)
	}
	return out
}

// whyUnsigned says why a version does not stand.
func whyUnsigned(err error) string {
	return strings.TrimPrefix(err.Error(), group.ErrUnsigned.Error()+": ")
}

// unfounded is the error if there is no group.
func (g *groupChain) unfounded() *Error {
	first := g.versions[0]
	if first.Status == GroupMissing {
		return fail(Undecided, stepGroup, fmt.Errorf("of version 0, which would have founded the group, %s", first.Why))
	}
	e := fail(Attention, stepGroup, fmt.Errorf("%w: %s", ErrNoGroup, first.Why))
	if first.value.KeySet {
		e.Err = fmt.Errorf("%w: version 0 is a key set", ErrNoGroup)
	}
	e.Hint = "whoever told you of this group means another label, or the directory shows you another one: ask them by other means"
	return e
}

// gap returns the first version before the last one that stands whose value is not to be
// had, nil if there is none. It may have removed those who made versions after it. One
// that a manager skipped never had a value.
func (g *groupChain) gap() *GroupVersion {
	for i := range g.versions[:g.state.Stood] {
		v := &g.versions[i]
		if v.Status == GroupMissing && g.facts.commitments[v.Version] != keytrans.SkippedCommitment {
			return v
		}
	}
	return nil
}

// findings are those about the versions after the last one that stands.
func (g *groupChain) findings() []GroupFinding {
	out := []GroupFinding{}
	if v := g.gap(); v != nil {
		out = append(out, GroupFinding{roster.CouldNotCheck, g.label, fmt.Sprintf(
			"of version %d, %s: who made version %d may have been removed in it", v.Version, v.Why, g.state.Stood)})
	}
	lost := false
	for _, v := range g.versions[g.state.Stood+1:] {
		f := GroupFinding{roster.UnsignedChange, g.label, fmt.Sprintf("version %d was made by no member of the group, and is disregarded: %s", v.Version, v.Why)}
		switch {
		case v.Status == GroupMissing:
			lost = true
			f.Code, f.Message = roster.CouldNotCheck, fmt.Sprintf("of version %d, %s", v.Version, v.Why)
		case lost:
			f.Code = roster.CouldNotCheck
			f.Message = fmt.Sprintf("version %d does not follow from version %d, and a version in between is not to be had", v.Version, g.state.Stood)
		}
		out = append(out, f)
	}
	return out
}
