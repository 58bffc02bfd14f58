package roster

import (
	"cmp"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// Options of Check.
type Options struct {
	// Now is the present, by the clock of whoever checks. Required.
	Now time.Time
	// Window is how close to its use an insertion is just in time, and how
	// short-lived a key is transient. Zero is DefaultWindow.
	Window time.Duration
}

// DefaultWindow is the window of Options.
const DefaultWindow = 24 * time.Hour

// Skew is how far an app's clock may be from the log's without Check drawing
// conclusions from it.
const Skew = 5 * time.Minute

// Since returns how far back the versions of a member's label are needed: to
// one that is proven to have existed then, or to the first. It is a window
// before the member was first seen, or when the user last verified the member,
// if that was before.
func (m *Member) Since(opt Options) time.Time {
	since := m.FirstSeen.Add(-opt.window())
	if !m.VerifiedAt.IsZero() && m.VerifiedAt.Before(since) {
		return m.VerifiedAt
	}
	return since
}

func (opt Options) window() time.Duration {
	if opt.Window > 0 {
		return opt.Window
	}
	return DefaultWindow
}

// Check judges a roster by what was proven of its labels: those of its members
// and the user's own. A label that proven lacks could not be checked. The same
// arguments give the same report. docs/roster.md states the rules.
func Check(r *Roster, proven map[string]*History, opt Options) *Report {
	opt.Window = opt.window()
	c := &checker{
		r: r, proven: proven, opt: opt, ids: make(identities), inAgreed: make(map[string]bool, len(r.Agreed)),
		timelines: make(map[string]*timeline, len(r.Members)),
		report: &Report{
			Schema: ReportSchema, Conversation: r.Conversation, Me: r.Me, Members: len(r.Members),
			Checked: opt.Now.UTC(), Window: int64(opt.Window / time.Second), Findings: []Finding{},
		},
	}
	c.ids.learnAll(r, proven)
	for _, l := range r.Agreed {
		c.inAgreed[l] = true
	}
	for i := range r.Members {
		c.member(&r.Members[i])
	}
	if r.Me != "" && !slices.ContainsFunc(r.Members, func(m Member) bool { return m.Label == r.Me }) {
		c.member(r.own())
	}
	c.lookAlikes()
	c.sharedKeys()
	c.report.sort()
	return c.report
}

// own returns the user as a member without devices, there since the session
// began.
func (r *Roster) own() *Member { return &Member{Label: r.Me, FirstSeen: r.Started} }

// checker is one check of a roster.
type checker struct {
	r      *Roster
	proven map[string]*History
	opt    Options
	ids    identities
	report *Report

	inAgreed  map[string]bool // the labels of the agreed list
	timelines map[string]*timeline
}

// subject is a label with the member who it belongs to. Of it, rules make
// findings. t is nil if no version was proven.
type subject struct {
	*checker
	*Member
	me bool
	h  *History
	t  *timeline
}

func (c *checker) member(m *Member) {
	s := &subject{checker: c, Member: m, me: m.Label == c.r.Me, h: c.proven[m.Label]}
	if m.FirstSeen.IsZero() {
		own := *m
		own.FirstSeen = c.opt.Now
		s.Member = &own
	}
	s.agreed()
	s.deceptive()
	s.duplicates()
	s.clocks()
	if !s.proved() {
		return
	}
	s.t = newTimeline(s.h, c.ids, c.opt.Window, s.verified())
	c.timelines[m.Label] = s.t
	s.judge()
}

// judge applies the rules to a label of which versions were proven.
func (s *subject) judge() {
	for _, rule := range []func(*subject){
		(*subject).ghostDevices, (*subject).staleKeys, (*subject).dormant, (*subject).justInTime,
		(*subject).transient, (*subject).rolledBack, (*subject).reset, (*subject).unsigned,
		(*subject).weak, (*subject).monitored, (*subject).gaps,
	} {
		rule(s)
	}
	for _, i := range s.t.unsure {
		if s.relevant(s.t.created[i].hi) {
			s.ask([]int{i})
		}
	}
}

// find adds a finding about versions, by their place in the timeline.
func (s *subject) find(code Code, severity Severity, keys []keyset.Description, versions []int, message string) *Finding {
	f := Finding{Code: code, Severity: severity, Label: s.Label, Keys: keys, Message: message, Advice: adviceFor(code, s.me)}
	if s.t != nil {
		head := s.h.Head
		f.Proof.Head = &head
		for _, i := range slices.Compact(slices.Sorted(slices.Values(versions))) {
			f.Proof.Versions = append(f.Proof.Versions, s.t.proof(i))
		}
	} else if s.h != nil && s.h.Absent {
		head := s.h.Head
		f.Proof.Head = &head
	}
	s.report.Findings = append(s.report.Findings, f)
	return &s.report.Findings[len(s.report.Findings)-1]
}

func (t *timeline) proof(i int) VersionProof {
	v := t.versions[i]
	return VersionProof{
		Version: v.Number, LogEntry: v.LogEntry, NotBefore: utc(t.created[i].lo), NotAfter: utc(t.created[i].hi),
		Commitment: hex.EncodeToString(v.Commitment[:]), ValueSHA256: v.ValueSHA256, Account: v.Account,
	}
}

// utc keeps the zero time what it is.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// findTimed adds a finding that depends on when versions were created. If that
// is not known well enough, it asks for better bounds, and what was found is a
// note until they are there. If nobody can have them, it could not be checked.
func (s *subject) findTimed(a answer, code Code, keys []keyset.Description, versions []int, message string) {
	if a == yes {
		s.find(code, Warning, keys, versions, message)
		return
	}
	if why := s.ask(versions); why != "" {
		s.find(CouldNotCheck, Warning, keys, versions, "Whether this is "+string(code)+" depends on times that could not be proven ("+why+"). "+message)
		return
	}
	s.find(code, Note, keys, versions, "This depends on times of which only bounds are proven. "+message)
}

// ask asks for better bounds of when versions were created. It returns why there
// are none, if that was found out for one.
func (s *subject) ask(versions []int) (why string) {
	for _, i := range versions {
		v := s.t.versions[i]
		switch {
		case v.Unsettled != "":
			why = v.Unsettled
		case !v.NotBefore.Equal(v.NotAfter):
			s.report.Unclear = append(s.report.Unclear, Question{s.Label, v.Number})
		}
	}
	return why
}

// sort puts findings and questions in their order.
func (r *Report) sort() {
	rank := map[Severity]int{Error: 0, Warning: 1, Note: 2}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank[a.Severity], rank[b.Severity]), strings.Compare(a.Label, b.Label), strings.Compare(string(a.Code), string(b.Code)),
			slices.CompareFunc(a.Keys, b.Keys, compareDescriptions), strings.Compare(a.Message, b.Message),
		)
	})
	slices.SortFunc(r.Unclear, func(a, b Question) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), cmp.Compare(a.Version, b.Version))
	})
	r.Unclear = slices.Compact(r.Unclear)
}

func compareDescriptions(a, b keyset.Description) int {
	return cmp.Or(strings.Compare(a.Format, b.Format), strings.Compare(a.Fingerprint, b.Fingerprint), strings.Compare(a.SHA256, b.SHA256))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
