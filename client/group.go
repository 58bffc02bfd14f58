package client

import (
	"context"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// DefaultGroupVersions is how many versions of a group VerifyGroup follows at most.
const DefaultGroupVersions = 1024

const stepGroup = "verifying the group"

// GroupOptions say how to verify a group. The zero GroupOptions is usable.
type GroupOptions struct {
	// Versions is how many versions of the group are followed, at most: a group that
	// has more is not verified. Default: DefaultGroupVersions.
	Versions int
	// OneByOne has each version and label asked for by itself, even if the directory
	// answers many at once.
	OneByOne bool
}

// GroupResult is a verified group.
type GroupResult struct {
	Group string `json:"group"`
	// Version is the greatest version of the label, and Stood the newest one that a
	// member made. They are the same unless there are versions that nobody in the group
	// made: those are disregarded.
	Version uint32 `json:"version"`
	Stood   uint32 `json:"stood_version"`
	// Members are those of version Stood, by label.
	Members []GroupMember `json:"members"`
	// Versions are all versions, oldest first.
	Versions []GroupVersion `json:"versions"`
	// Findings are what is not as it should be.
	Findings []GroupFinding `json:"findings"`
	// Seen is the version that this client had seen last, nil if that is none or the
	// greatest.
	Seen    *uint32 `json:"seen_version,omitempty"`
	Head    Head    `json:"head"`
	Verdict Verdict `json:"verdict"`
	// Evidence has the path of the evidence file of each label that the directory
	// contradicted itself about.
	Evidence map[string]string `json:"evidence,omitempty"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
}

// GroupMember is a member of a group.
type GroupMember struct {
	Label string `json:"label"`
	// Key is the account key that they act with in the group.
	Key     account.Key `json:"account_key"`
	AddedAt uint32      `json:"added_at"` // version of the group
	AddedBy string      `json:"added_by"`
}

// What a version of a group is.
const (
	GroupStands   = "stands"
	GroupUnsigned = "unsigned" // made by no member
	GroupMissing  = "missing"  // its value is not to be had
)

// GroupVersion is what a version of a group did, if it stands, or why it does not.
type GroupVersion struct {
	Version uint32 `json:"version"`
	Status  string `json:"status"`
	// LogEntry is where the search for the version ended, and EntryTime its timestamp:
	// the version was created there or before.
	LogEntry    uint64    `json:"log_entry,omitempty"`
	EntryTime   time.Time `json:"log_entry_time,omitzero"`
	ValueSHA256 string    `json:"value_sha256,omitempty"`
	Actor       string    `json:"actor,omitempty"`
	Added       []string  `json:"added,omitempty"`
	Removed     []string  `json:"removed,omitempty"`
	// Rekeyed tells that the actor has another account key from then on.
	Rekeyed bool   `json:"rekeyed,omitempty"`
	Why     string `json:"why,omitempty"`

	value      Value
	commitment string // hexadecimal
}

// OtherAccountKey is the code of a finding that a group has somebody under an account
// key that is not, and was not, that of their label.
const OtherAccountKey roster.Code = "other-account-key"

// GroupFinding is something about a group that the user should know. Its codes are
// those of rosters, and OtherAccountKey.
type GroupFinding struct {
	Code    roster.Code `json:"code"`
	Label   string      `json:"label"`
	Message string      `json:"message"`
}

// Kind returns what the result asks of the user.
func (r *GroupResult) Kind() Kind {
	kind := r.Witness.Kind()
	for _, f := range r.Findings {
		kind = Worse(kind, f.kind())
	}
	return kind
}

func (f *GroupFinding) kind() Kind {
	switch f.Code {
	case roster.Misbehaviour:
		return Misbehaved
	case roster.CouldNotCheck:
		return Undecided
	}
	return Attention
}

// VerifyGroup looks up the label of a group (package group), follows all versions from
// version 0, and holds the account key of each member, and of each who made a version,
// against what the directory proves of their label. A label's account key may have been
// rotated since: each is signed by the one before.
//
// Versions that no member made are disregarded: the members are those of the last one
// that stands. If there are such versions after that, the result's Kind is Attention.
//
// As a lookup, it makes the group's label a contact, but none of its members. The error
// is of kind Absent if there is no such label, and of kind Attention if nobody ever
// founded a group there.
func (c *Client) VerifyGroup(ctx context.Context, name string, opt GroupOptions) (*GroupResult, error) {
	if opt.Versions < 0 {
		return nil, usage("the number of versions must not be negative")
	}
	s, err := c.beginMany(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	defer s.end()
	var r *GroupResult
	newest, err := s.lookup(ctx, name, nil)
	absent, err := s.proveAbsent(ctx, name, nil, err)
	if err == nil && absent == nil {
		r, err = s.verifyGroup(ctx, newest.found, opt)
	}
	if saveErr := s.saveDeferred(); err == nil {
		err = saveErr
	}
	w, err := s.conclude(ctx, err)
	switch {
	case err != nil:
		return nil, err
	case absent != nil:
		return nil, absent.handOut(w)
	}
	// A contradiction is told all the same if the witnesses have not seen everything.
	if err := s.handOut(ctx, w, newest); err != nil && len(r.Evidence) == 0 {
		return nil, err
	}
	if newest.Before != nil {
		r.Seen = &newest.Before.Version
	}
	r.Witness, r.Verdict = w, w.qualify(r.verdict(newest.Verdict))
	return r, nil
}

// verifyGroup verifies the group whose newest version was found.
func (s *session) verifyGroup(ctx context.Context, newest *found, opt GroupOptions) (*GroupResult, error) {
	g, err := s.followGroup(ctx, newest.label, newest.Version, newest, opt)
	if err != nil {
		return nil, err
	}
	if g.state == nil {
		return nil, g.unfounded()
	}
	r := &GroupResult{
		Group: newest.label, Version: newest.Version, Stood: g.state.Stood, Members: membersOf(g.state), Versions: g.versions,
		Findings: g.findings(), Head: headOf(newest.View),
	}
	return r, s.checkMembers(ctx, g, r, opt)
}

func membersOf(s *group.State) []GroupMember {
	out := []GroupMember{}
	for _, m := range s.Members {
		out = append(out, GroupMember{m.Label, m.Key, m.AddedAt, m.AddedBy})
	}
	return out
}

// Unsigned returns the versions that no member made.
func (r *GroupResult) Unsigned() []GroupVersion {
	var out []GroupVersion
	for _, v := range r.Versions {
		if v.Status == GroupUnsigned {
			out = append(out, v)
		}
	}
	return out
}

// verdict sums up what was found. found is the verdict on the newest version as such.
func (r *GroupResult) verdict(found Verdict) Verdict {
	about := fmt.Sprintf("%s, as of version %d", count.Of(len(r.Members), "member", "members"), r.Stood)
	switch r.Kind() {
	case Misbehaved:
		return verdict(OutcomeMisbehaviour, "the directory signed a contradiction; %s", about)
	case Undecided:
		return verdict(OutcomeUnchecked, "%s: %s", about, count.Of(len(r.Findings), "finding", "findings"))
	case Attention:
		return verdict(OutcomeFindings, "%s: %s", about, count.Of(len(r.Findings), "finding", "findings"))
	}
	outcome := OutcomeVerified
	if found.Outcome == OutcomeMonitored {
		outcome = OutcomeMonitored
	}
	v := verdict(outcome, "%s; their account keys are those of their labels, and each was added by a member", about)
	if n := len(r.Unsigned()); n > 0 {
		v.Reason += fmt.Sprintf("; %d older versions were made by no member and are disregarded", n)
	}
	return v
}
