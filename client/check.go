package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/client/roster"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// DefaultHistory is how many versions of a label CheckRoster and Gate look at.
const DefaultHistory = 32

// RosterOptions say how to check a roster. The zero RosterOptions is usable.
type RosterOptions struct {
	// Window is that of roster.Options. Default: roster.DefaultWindow.
	Window time.Duration
	// History is how many versions of each label are looked at, at most. Default:
	// DefaultHistory.
	History int
	// OneByOne has each label asked for by itself, even if the directory answers
	// many at once.
	OneByOne bool
	// Group is the label of the conversation's group, empty if it has none: see
	// VerifyGroup. Its members are the list that the members agreed on, of which the
	// roster must have none of its own. What is found of the group is found of this
	// label.
	Group string
}

// RosterResult is the outcome of CheckRoster.
type RosterResult struct {
	*roster.Report
	// Head is the newest state of the log that a label was proven in. Findings name
	// the one that they rest on, which is another one only if the log grew too fast.
	Head Head `json:"head"`
	// Digest is what members compare with each other: see roster.Digest. It is empty
	// if not all labels are proven, and NoDigest says why.
	Digest   roster.Digits `json:"digest,omitempty"`
	NoDigest string        `json:"no_digest,omitempty"`
	Verdict  Verdict       `json:"verdict"`
	// Evidence has the path of the evidence file of each label that the directory
	// contradicted itself about. The file of a contradiction that is about no label
	// has the empty string.
	Evidence map[string]string `json:"evidence,omitempty"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
	Stats   Stats      `json:"stats"`
}

// Exit returns the exit code of kt that the result calls for: see roster.Report.
func (r *RosterResult) Exit() int {
	if len(r.Evidence) > 0 {
		return roster.ExitMisbehaviour
	}
	return r.Report.Exit()
}

// Kind returns what the result asks of the user.
func (r *RosterResult) Kind() Kind {
	switch r.Exit() {
	case roster.ExitFine:
		return 0
	case roster.ExitMisbehaviour:
		return Misbehaved
	case roster.ExitAbsent:
		return Absent
	case roster.ExitCouldNotCheck:
		return Undecided
	}
	return Attention
}

// CheckRoster holds a conversation against what the directory proves of its labels:
// package roster tells what that finds. The members' labels and the user's own are
// proven under one head of the log, with as few requests as the directory permits,
// and older versions as far back as matters. Labels that were proven under an older
// head, because the log grew meanwhile, are asked for again, twice at most.
//
// A label that cannot be checked, and even one that the directory contradicts itself
// about, does not keep others from being checked: each is a finding. The error is what
// concerns them all: the request makes no sense, the state cannot be read or stored,
// the context ended, or the witnesses have not seen in time what the result rests on.
//
// It retains what there is to monitor of the labels, for Watch, and otherwise leaves
// alone what lookups retained: a change is told by the next Lookup all the same. The
// client does not become an owner of a label. Memory and requests grow with the number
// of members.
func (c *Client) CheckRoster(ctx context.Context, r *roster.Roster, opt RosterOptions) (*RosterResult, error) {
	if r == nil {
		return nil, usage("there is no roster")
	}
	if opt.History < 0 || opt.Window < 0 {
		return nil, usage("the number of versions and the window must not be negative")
	}
	if err := opt.checkGroup(r); err != nil {
		return nil, err
	}
	k := newCheck(opt)
	if r.Me != "" {
		own := roster.Member{FirstSeen: r.Started}
		k.add(r.Me, own.Since(k.options(time.Time{})))
	}
	for i := range r.Members {
		k.add(r.Members[i].Label, r.Members[i].Since(k.options(time.Time{})))
	}
	s, err := c.beginMany(ctx, k.labels)
	if err != nil {
		return nil, err
	}
	defer s.end()
	k.begin(s)
	report, err := k.runAgreed(ctx, r)
	if saveErr := s.saveDeferred(); err == nil {
		err = saveErr
	}
	w, err := s.conclude(ctx, err)
	switch {
	case KindOf(err) == Misbehaved:
		k.misbehaved("", err)
	case err != nil:
		return nil, err
	case w.Kind() != 0 && len(k.evidence) == 0: // a contradiction is told all the same
		return nil, w.err
	}
	return k.result(report, w), nil
}

// check is one check of the labels of a roster.
type check struct {
	*session
	opt      RosterOptions
	labels   []string // each once, in the order of the roster
	facts    map[string]*facts
	times    map[uint64]uint64 // timestamps of log entries, as far as they were proven
	held     int               // bytes of the values that are held
	heldKeys int               // keys in them
	broken   error             // the directory is not reached any more, or misbehaves too much

	batches  bool
	evidence map[string]string
}

// facts is what was proven of a label.
type facts struct {
	roster.History
	since    time.Time         // how far back its versions matter
	accounts []account.Version // of Versions
	known    *standing         // what lookups retained of the account key, nil if nothing
	seen     *seen             // what a lookup handed out last, nil if nothing
	held     int               // bytes of the values of Versions
	indexes  []*roster.Index   // of Versions, as far as Gate looked for keys in them
	believed uint32            // the version of which the account key, or that there is none, has to be believed: 0 if all follows from version 0
	done     bool              // there is no older version to ask for
	// commitments to versions that were proven, of values that were not had.
	commitments map[uint32][32]byte
}

func newCheck(opt RosterOptions) *check {
	if opt.History == 0 {
		opt.History = DefaultHistory
	}
	return &check{
		opt: opt, facts: make(map[string]*facts), times: make(map[uint64]uint64), batches: !opt.OneByOne,
		evidence: make(map[string]string),
	}
}

// begin begins with what is retained.
func (k *check) begin(s *session) {
	k.session, s.contactsOnly = s, true
	k.learn(&keytrans.Verified{View: s.state.view})
	for label, f := range k.facts {
		if c := s.state.contacts[label]; c != nil {
			f.known, f.seen = c.account, c.seen
		}
	}
}

// options are those for package roster.
func (k *check) options(now time.Time) roster.Options {
	return roster.Options{Now: now, Window: k.opt.Window}
}

// add adds a label, of which the versions since a time matter.
func (k *check) add(label string, since time.Time) {
	f := k.facts[label]
	if f == nil {
		f = &facts{History: roster.History{Label: label}, since: since, commitments: make(map[uint32][32]byte)}
		k.facts[label] = f
		k.labels = append(k.labels, label)
	}
	if since.Before(f.since) || f.since.IsZero() {
		f.since = since
	}
}

// run proves what there is to prove, and judges the roster. The error is one that
// concerns all labels.
func (k *check) run(ctx context.Context, r *roster.Roster) (*roster.Report, error) {
	if err := k.fetch(ctx); err != nil {
		return nil, err
	}
	report := k.judge(r)
	for _, improve := range []func(context.Context, []roster.Question) error{k.searchAgain, k.dateSince, k.dateAll} {
		if len(report.Unclear) == 0 {
			break
		}
		if err := improve(ctx, report.Unclear); err != nil {
			return nil, err
		}
		report = k.judge(r)
	}
	return report, nil
}

func (k *check) judge(r *roster.Roster) *roster.Report {
	proven := make(map[string]*roster.History, len(k.facts))
	for label, f := range k.facts {
		f.settleTimes()
		proven[label] = &f.History
	}
	return roster.Check(r, proven, k.options(k.cfg.Now()))
}

// misbehaved takes note of a contradiction, about a label or about none.
func (k *check) misbehaved(label string, err error) {
	path := ""
	var e *Error
	if errors.As(err, &e) {
		path = e.Evidence
	}
	k.evidence[label] = path
}

func (k *check) result(report *roster.Report, w *Witnessed) *RosterResult {
	out := &RosterResult{Report: report, Head: headOf(k.state.view), Evidence: k.evidence, Witness: w, Stats: k.transport.stats()}
	if err := out.digest(k); err != nil {
		out.NoDigest = err.Error()
	}
	out.Verdict = w.qualify(out.verdict(k))
	return out
}

// errNotAllProven is why there is no digest. It names no label.
var errNotAllProven = errors.New("not all labels are proven, with a value")

func (r *RosterResult) digest(k *check) error {
	var entries []roster.DigestEntry
	for _, label := range k.labels {
		f := k.facts[label]
		if len(f.Versions) == 0 || f.Versions[0].ValueSHA256 == "" {
			return errNotAllProven
		}
		newest := f.Versions[0]
		entries = append(entries, roster.DigestEntry{Label: label, Version: newest.Number, ValueSHA256: newest.ValueSHA256})
	}
	var err error
	r.Digest, err = roster.Digest(entries)
	return err
}

// absent returns how many labels are proven to be absent.
func (k *check) absent() (n int) {
	for _, label := range k.labels {
		if k.facts[label].Absent {
			n++
		}
	}
	return n
}

func (r *RosterResult) verdict(k *check) Verdict {
	labels, proven := len(k.labels), count.Of(len(k.labels), "label is proven", "labels are proven")
	if absent := k.absent(); absent > 0 { // one's own
		proven += fmt.Sprintf(", %d to be absent", absent)
	}
	found := make(map[roster.Severity]int)
	for _, f := range r.Findings {
		found[f.Severity]++
	}
	notes := count.Of(found[roster.Note], "note", "notes")
	counted := fmt.Sprintf("%s, %s and %s about %s", count.Of(found[roster.Error], "error", "errors"),
		count.Of(found[roster.Warning], "warning", "warnings"), notes, count.Of(labels, "label", "labels"))
	switch r.Kind() {
	case 0:
		return verdict(OutcomeVerified, "%s, and nobody and nothing in the conversation contradicts them (%s)", proven, notes)
	case Misbehaved:
		return verdict(OutcomeMisbehaviour, "the directory signed a contradiction; %s", counted)
	case Absent:
		return verdict(OutcomeAbsent, "%s", counted)
	case Undecided:
		return verdict(OutcomeUnchecked, "%s", counted)
	}
	return verdict(OutcomeFindings, "%s", counted)
}

// behind returns the labels that were proven under an older head than others.
func (k *check) behind() []string {
	size := k.state.view.Head.TreeSize
	return slices.DeleteFunc(slices.Clone(k.labels), func(label string) bool {
		f := k.facts[label]
		return f.Err != nil || f.Misbehaviour || f.Head.TreeSize == size
	})
}

// learn remembers the timestamps that a response has proven.
func (k *check) learn(v *keytrans.Verified) {
	for _, list := range [][]keytrans.Entry{v.Entries, v.View.Frontier} {
		for _, e := range list {
			k.times[e.Position] = e.Timestamp
		}
	}
}
