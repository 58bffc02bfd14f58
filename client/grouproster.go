package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// checkGroup checks that a roster can be held against the group.
func (opt *RosterOptions) checkGroup(r *roster.Roster) error {
	switch {
	case opt.Group == "":
		return nil
	case r.Agreed != nil:
		return usage("the roster has a list that the members agreed on, besides that of the group")
	}
	return checkLabel(opt.Group)
}

// runAgreed is run, with the members of the group as the agreed list. What is wrong with
// the group is found of its label; if it cannot be verified, there is no agreed list.
func (k *check) runAgreed(ctx context.Context, r *roster.Roster) (*roster.Report, error) {
	if k.opt.Group == "" {
		return k.run(ctx, r)
	}
	agreed, found, err := k.agreedMembers(ctx)
	if err != nil {
		return nil, err
	}
	held := *r
	held.Agreed = agreed
	report, err := k.run(ctx, &held)
	if err == nil {
		report.Add(found...)
	}
	return report, err
}

// agreedMembers verifies the group. The error is one that concerns all labels.
func (k *check) agreedMembers(ctx context.Context) ([]string, []roster.Finding, error) {
	name := k.opt.Group
	g, err := k.agreedGroup(ctx)
	if unstored(err) || isCanceled(err) {
		return nil, nil, err
	}
	if err != nil {
		code := roster.CouldNotCheck
		switch KindOf(err) {
		case Misbehaved:
			code = roster.Misbehaviour
			k.misbehaved(name, err)
		case Attention:
			code = roster.UnsignedChange
		case Absent:
			code = roster.GhostUser
		}
		return nil, []roster.Finding{groupFinding(code, name, fmt.Sprintf("The group could not be verified: %v.", err), nil)}, nil
	}
	for label, path := range g.Evidence {
		k.evidence[label] = path
	}
	var labels []string
	for _, m := range g.Members {
		labels = append(labels, m.Label)
	}
	var found []roster.Finding
	for _, f := range g.Findings {
		found = append(found, g.asFinding(f))
	}
	return labels, found, nil
}

// agreedGroup looks up and verifies the group, and leaves alone what lookups retained.
func (k *check) agreedGroup(ctx context.Context) (*GroupResult, error) {
	name, opt := k.opt.Group, GroupOptions{OneByOne: k.opt.OneByOne}
	g := newCheck(k.opt)
	g.add(name, k.cfg.Now())
	g.begin(k.session)
	newest, err := g.search(ctx, name, nil, g.keepMember)
	absent, err := k.proveAbsent(ctx, name, nil, err)
	switch {
	case err != nil:
		return nil, err
	case absent != nil:
		return nil, &Error{Kind: Absent, Err: errors.New(absent.Verdict.Reason), Absence: absent}
	}
	return k.verifyGroup(ctx, newest, opt)
}

// asFinding returns a finding about a group as one of a roster: it is about the group's
// label, and others are the members concerned.
func (r *GroupResult) asFinding(f GroupFinding) roster.Finding {
	code, others := f.Code, []string(nil)
	if f.Label != r.Group {
		others = []string{f.Label}
	}
	if code != roster.CouldNotCheck && code != roster.Misbehaviour {
		code = roster.UnsignedChange // somebody else than the member did that
	}
	out := groupFinding(code, r.Group, "The group: "+f.Message+".", others)
	head := rosterHead(r.Head)
	out.Proof.Head = &head
	for _, v := range r.Versions {
		if v.Status == GroupUnsigned && v.Version > r.Stood && f.Code == roster.UnsignedChange {
			out.Proof.Versions = append(out.Proof.Versions, roster.VersionProof{
				Version: v.Version, LogEntry: v.LogEntry, NotAfter: v.EntryTime, Commitment: v.commitment, ValueSHA256: v.ValueSHA256,
			})
		}
	}
	return out
}

func groupFinding(code roster.Code, name, message string, others []string) roster.Finding {
	severity := roster.Error
	if code == roster.CouldNotCheck {
		severity = roster.Warning
	}
	return roster.Finding{
		Code: code, Severity: severity, Label: name, Others: others, Message: message,
		Advice: "Ask the members, by another way, who is in the group. kt group verify tells more; a member who publishes a version takes the place of those that no member made.",
	}
}
