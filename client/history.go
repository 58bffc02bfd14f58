package client

import (
	"context"
	"errors"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// HistoryResult is every version of a label, newest first.
type HistoryResult struct {
	Label    string           `json:"label"`
	Versions []HistoryVersion `json:"versions"`
	// More tells that older versions were left out because of a limit.
	More bool `json:"more"`
	Head Head `json:"head"`
	// Before is what this client had seen last, if the greatest version's value
	// is another.
	Before  *Seen   `json:"before,omitempty"`
	Verdict Verdict `json:"verdict"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
}

// Kind returns what the result asks of the user.
func (h *HistoryResult) Kind() Kind {
	switch h.Verdict.Outcome {
	case OutcomeChanged:
		return Attention
	case OutcomeUnchecked:
		return Undecided
	}
	return 0
}

// HistoryVersion is one version. Value and Changes are nil if the value is not
// to be had; Missing says why: "expired", "erased", "denied", or "skipped" if there
// never was one.
type HistoryVersion struct {
	Version uint32 `json:"version"`
	// LogEntry is where the search for the version ended, and EntryTime its
	// timestamp: the version was created there or before.
	LogEntry  uint64    `json:"log_entry"`
	EntryTime time.Time `json:"log_entry_time,omitzero"`
	Value     *Value    `json:"value,omitempty"`
	// Changes are those from the version before, as far as that is known.
	Changes *Changes `json:"changes,omitempty"`
	Missing string   `json:"missing,omitempty"`
	// Account is what the label's account key says of the version, nil if no account
	// key is known up to it. It is followed from some versions before the oldest one
	// of the list, if that is cut short.
	Account *AccountStatus `json:"account,omitempty"`
	Verdict Verdict        `json:"verdict"`
}

// Proven reports whether what the version says of itself is proven, be it that it
// was skipped.
func (v *HistoryVersion) Proven() bool {
	return v.Verdict.Outcome != OutcomeUnchecked
}

// History looks up every version of a label, newest first, at most limit if that
// is positive. Versions that the directory no longer opens are listed with what
// it says of them, which is not proven.
func (c *Client) History(ctx context.Context, label string, limit int) (*HistoryResult, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	h, newest, err := s.history(ctx, label, limit)
	absent, err := s.proveAbsent(ctx, label, nil, err)
	w, err := s.conclude(ctx, err)
	if err != nil {
		return nil, err
	}
	if absent != nil {
		return nil, absent.handOut(w)
	}
	if err := s.handOut(ctx, w, newest); err != nil {
		return nil, err
	}
	h.finish(newest)
	if refused := newest.found.refused; refused != nil {
		h.Verdict = VerdictOf(refused)
	}
	for i := range h.Versions {
		h.Versions[i].Verdict = w.qualify(h.Versions[i].Verdict)
	}
	h.Verdict, h.Witness, h.Head = w.qualify(h.Verdict), w, headOf(s.state.view)
	return h, nil
}

// history looks the versions up. It also returns the lookup of the greatest.
func (s *session) history(ctx context.Context, label string, limit int) (*HistoryResult, *LookupResult, error) {
	newest, err := s.lookup(ctx, label, nil)
	if err != nil {
		return nil, nil, err
	}
	h := &HistoryResult{Label: label, Versions: []HistoryVersion{s.historyVersion(newest)}}
	proven := make(map[uint32]bool) // to have been skipped
	noteSkipped(proven, newest)
	lookups := map[uint32]*LookupResult{newest.Version: newest} // nil for those that are missing
	for v := int64(newest.Version) - 1; v >= 0; v-- {
		if limit > 0 && len(h.Versions) == limit {
			h.More = true
			break
		}
		one, r, err := s.olderVersion(ctx, label, uint32(v))
		if err != nil {
			return nil, nil, err
		}
		noteSkipped(proven, r)
		lookups[one.Version] = r
		h.Versions = append(h.Versions, one)
	}
	for i := range h.Versions {
		if v := &h.Versions[i]; v.Missing == missingSkipped && proven[v.Version] {
			v.Verdict = verdict(OutcomeVerified, "the log has the version with a commitment that nothing opens: it was skipped")
		}
	}
	return h, newest, s.historyAccounts(ctx, h, lookups)
}

// historyAccounts holds the versions of a history against the label's account key.
// lookups are those of the versions.
func (s *session) historyAccounts(ctx context.Context, h *HistoryResult, lookups map[uint32]*LookupResult) error {
	o, says := s.olderOf(h.Label), false
	for version, r := range lookups {
		p := past{Version: account.Missing(h.Label, version, merkle.Hash{})}
		if r != nil {
			var err error
			if p, err = r.found.past(); err != nil {
				return fail(Undecided, stepAccount, err)
			}
		}
		o.had[version], says = p, says || p.says
	}
	known, newest := s.state.contactOf(h.Label).account, lookups[h.Versions[0].Version]
	if err := s.checkAccount(ctx, newest, o); err != nil {
		return err
	}
	if !says && newest.Account == nil {
		return nil
	}
	chain, first, err := o.before(ctx, known, h.Versions[len(h.Versions)-1].Version)
	if err != nil {
		return err
	}
	f := following{chain: chain}
	for version := first; version <= uint64(newest.Version); version++ {
		f.followKnowing(known, o.had[uint32(version)])
		if i := uint64(newest.Version) - version; i < uint64(len(h.Versions)) {
			h.Versions[i].Account = f.chain.describe(nil)
		}
	}
	return nil
}

// before looks up versions before one, so that this one can be followed: those since
// what is known of the account key, or some. It returns what they are to be held
// against, and the first of them. known may be nil.
func (o *older) before(ctx context.Context, known *standing, version uint32) (*standing, uint64, error) {
	first := uint64(version - min(version, maxLookedBack))
	switch next := known.next(); {
	case next > uint64(version) || known.key() != nil && next+maxFollowed < uint64(version):
		known = nil
	case known.key() != nil || next > first:
		first = next
	}
	if err := o.fetch(ctx, first, uint64(version)); err != nil {
		return nil, 0, err
	}
	for v := first; v < uint64(version); v++ {
		if _, err := o.get(ctx, uint32(v)); err != nil {
			return nil, 0, err
		}
	}
	return known, first, nil
}

// missingSkipped is the Missing of a version that a Third-Party Manager skipped.
const missingSkipped = "skipped"

// noteSkipped takes note of the versions that a search has proven to be skipped.
// r may be nil.
func noteSkipped(proven map[uint32]bool, r *LookupResult) {
	if r == nil {
		return
	}
	for version, key := range r.found.Keys {
		if key.Proven && key.Commitment != nil && *key.Commitment == keytrans.SkippedCommitment {
			proven[version] = true
		}
	}
}

func (s *session) historyVersion(r *LookupResult) HistoryVersion {
	return HistoryVersion{
		Version: r.Version, LogEntry: r.LogEntry, EntryTime: s.timeOf(r), Value: &r.Value, Verdict: r.Verdict,
	}
}

// timeOf returns the timestamp of the entry where a search ended. Its last step
// but some knows it.
func (s *session) timeOf(r *LookupResult) time.Time {
	for _, step := range r.Steps {
		if step.LogEntry != nil && *step.LogEntry == r.LogEntry && !step.Time.IsZero() {
			return step.Time
		}
	}
	return time.Time{}
}

// olderVersion looks up one version. That it has expired, was erased or was skipped
// is no error; there is no lookup then.
func (s *session) olderVersion(ctx context.Context, label string, version uint32) (HistoryVersion, *LookupResult, error) {
	r, err := s.lookup(ctx, label, &version)
	if err == nil {
		return s.historyVersion(r), r, nil
	}
	var p *Problem
	if !errors.As(err, &p) {
		return HistoryVersion{}, nil, err
	}
	v := HistoryVersion{Version: version, Verdict: VerdictOf(err)}
	switch p.Type {
	case ProblemVersionExpired:
		v.Missing = "expired"
	case ProblemErased:
		v.Missing = "erased"
	case ProblemVersionSkipped:
		v.Missing = missingSkipped
	case ProblemNoSuchVersion:
		v.Missing = "denied"
	default:
		return HistoryVersion{}, nil, err
	}
	return v, nil, nil
}

// finish compares each version with the one before it and sums up. newest is the
// lookup of the greatest version.
func (h *HistoryResult) finish(newest *LookupResult) {
	missing, skipped := 0, 0
	for i := range h.Versions {
		v := &h.Versions[i]
		if v.Value == nil {
			if v.Proven() {
				skipped++
			} else {
				missing++
			}
			continue
		}
		switch {
		case v.Version == 0:
			changes := DiffValues(nil, *v.Value)
			v.Changes = &changes
		case i+1 < len(h.Versions) && h.Versions[i+1].Value != nil:
			changes := DiffValues(h.Versions[i+1].Value, *v.Value)
			v.Changes = &changes
		}
	}
	h.Before = newest.Before
	switch {
	case newest.Changes != nil:
		h.Verdict = newest.Verdict
	case missing > 0:
		h.Verdict = verdict(OutcomeUnchecked, "the directory says of %d of %s that there is no value or none any more; the others are proven", missing, count.Of(len(h.Versions), "version", "versions"))
	case skipped > 0:
		h.Verdict = verdict(newest.Verdict.Outcome, "%s proven, and that %d more were skipped", count.Of(len(h.Versions)-skipped, "version is", "versions are"), skipped)
	default:
		h.Verdict = verdict(newest.Verdict.Outcome, "%s", count.Of(len(h.Versions), "version is proven", "versions are proven"))
	}
}
