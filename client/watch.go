package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// WatchResult is the outcome of one round of monitoring.
type WatchResult struct {
	Directory string    `json:"directory"`
	At        time.Time `json:"at"`
	Reports   []Report  `json:"reports"`
	Head      Head      `json:"head"`
	// Credentials are those that were received and not verified finally before.
	Credentials []CredentialReport `json:"credentials,omitempty"`
	// Log is nil without a witness policy.
	Log *LogReport `json:"log,omitempty"`
}

// LogReport is what a round of monitoring found out about the log itself: whether
// the witnesses have seen what the directory has shown to this client.
type LogReport struct {
	Verdict Verdict    `json:"verdict"`
	Witness *Witnessed `json:"witness,omitempty"` // nil if Err is not
	// Finding is the name of Kind.
	Finding string `json:"finding"`
	// Err is what misbehaviour was proven, or why nothing could be found out.
	Err error `json:"-"`
	// Evidence is the path of the evidence file, if one was written.
	Evidence string `json:"evidence,omitempty"`
}

// Kind returns what the report asks of the user.
func (r *LogReport) Kind() Kind { return Worse(KindOf(r.Err), r.Witness.Kind()) }

// The roles in which a label is watched.
const (
	RoleOwner   = "owner"
	RoleContact = "contact"
)

// Report is what a round of monitoring found out about one label.
type Report struct {
	Label   string  `json:"label"`
	Role    string  `json:"role"`
	Version *uint32 `json:"version"`
	Verdict Verdict `json:"verdict"`
	// Unexpected are the versions that the owner has not accepted, whenever
	// they were found.
	Unexpected []Unexpected `json:"unexpected,omitempty"`
	// New tells how many of them this round found, the last ones of the list.
	New int `json:"new_unexpected,omitempty"`
	// Finding is the name of Kind.
	Finding string `json:"finding"`
	// Err is why there is no result, or what misbehaviour was proven.
	Err error `json:"-"`
	// Evidence is the path of the evidence file, if one was written.
	Evidence string `json:"evidence,omitempty"`
}

// Kind returns what the report asks of the user.
func (r *Report) Kind() Kind {
	kind := KindOf(r.Err)
	if len(r.Unexpected) > 0 {
		kind = Worse(kind, Attention)
	}
	return kind
}

// Kind returns the worst finding.
func (r *WatchResult) Kind() Kind {
	var kind Kind
	for i := range r.Reports {
		kind = Worse(kind, r.Reports[i].Kind())
	}
	for i := range r.Credentials {
		kind = Worse(kind, r.Credentials[i].Kind())
	}
	if r.Log != nil {
		kind = Worse(kind, r.Log.Kind())
	}
	return kind
}

// Watch does one round of monitoring: it brings the view of the log up to date,
// verifies the owned labels up to the log's present state, and goes on with the
// monitoring of contacts that lookups made necessary. A label that cannot be
// checked does not keep others from being checked, and neither does a log that
// the witnesses do not see. The error is that of the first step, or of the state.
func (c *Client) Watch(ctx context.Context) (*WatchResult, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	if _, err := s.distinguished(ctx); err != nil {
		_, err = s.conclude(ctx, err)
		return nil, err
	}
	out := &WatchResult{Directory: c.directory, Reports: []Report{}}
	s.deferStoring()
	var broken error // the directory is not reached any more
	for _, label := range labels(s.state.owners) {
		out.Reports = append(out.Reports, s.report(label, RoleOwner, &broken, func() error { return s.watchOwner(ctx, label) }))
	}
	for _, label := range labels(s.state.contacts) {
		out.Reports = append(out.Reports, s.report(label, RoleContact, &broken, func() error { return s.watchContact(ctx, label) }))
	}
	if err := s.saveDeferred(); err != nil {
		out.withhold(err)
		return out, nil
	}
	out.Credentials = s.watchCredentials(ctx)
	if s.state.inForce() != nil {
		out.concludeLog(s.conclude(ctx, nil))
	}
	out.At, out.Head = s.cfg.Now().UTC(), headOf(s.state.view)
	return out, nil
}

// withhold takes back what could not be stored. Misbehaviour, and versions that nobody
// expected, are told all the same: the next round finds them again.
func (r *WatchResult) withhold(err error) {
	for i := range r.Reports {
		if report := &r.Reports[i]; KindOf(report.Err) != Misbehaved {
			report.Err, report.Verdict = err, VerdictOf(err)
			report.Finding = report.Kind().String()
		}
	}
}

// concludeLog reports on the log, and withdraws verdicts that do not stand
// without it.
func (r *WatchResult) concludeLog(w *Witnessed, err error) {
	r.Log = &LogReport{Witness: w, Err: err}
	if err == nil {
		r.Log.Verdict = w.verdict()
		err = w.err
	} else {
		r.Log.Verdict = VerdictOf(err)
	}
	var e *Error
	if errors.As(err, &e) {
		r.Log.Evidence = e.Evidence
	}
	r.Log.Finding = r.Log.Kind().String()
	for i := range r.Reports {
		report := &r.Reports[i]
		if err != nil && report.Kind() == 0 {
			report.Err = fail(Undecided, "", fmt.Errorf("%w: %v", ErrLog, err))
			report.Verdict = VerdictOf(report.Err)
			report.Finding = report.Kind().String()
		}
		report.Verdict = w.qualify(report.Verdict)
	}
}

// report watches one label, unless the directory was lost before.
func (s *session) report(label, role string, broken *error, watch func() error) Report {
	known := 0
	if role == RoleOwner {
		known = len(s.state.owners[label].unexpected)
	}
	err := *broken
	if err == nil {
		err = watch()
	}
	if err := lost(err); err != nil {
		*broken = err
	}
	r := Report{Label: label, Role: role, Err: err}
	if role == RoleOwner {
		s.reportOwner(&r, known)
	} else {
		s.reportContact(&r)
	}
	var e *Error
	if errors.As(err, &e) {
		r.Evidence = e.Evidence
	}
	if err != nil {
		r.Verdict = VerdictOf(err)
	}
	r.Finding = r.Kind().String()
	return r
}

func (s *session) reportOwner(r *Report, known int) {
	o := s.state.owners[r.Label]
	r.Version, r.Unexpected, r.New, r.Verdict = o.monitor.Greatest(), o.unexpected, len(o.unexpected)-known, o.verdict()
}

func (s *session) reportContact(r *Report) {
	c := s.state.contacts[r.Label]
	if c.seen != nil {
		r.Version = &c.seen.version
	}
	defer func() { r.Verdict.Reason += c.refusedText() }()
	if n := len(c.monitor.Map); n > 0 {
		last := c.monitor.Map[n-1]
		r.Verdict = verdict(OutcomeMonitored, "version %d is still there; no distinguished log entry covers it yet", last.Version)
		return
	}
	r.Verdict = verdict(OutcomeVerified, "what was looked up is in a part of the log where its owner's monitoring meets it")
}

// refusedText says what of a contact is refused because of its account key.
func (c *contact) refusedText() string {
	if c.account == nil {
		return ""
	}
	why := map[account.Status]error{account.Unsigned: ErrUnsigned, account.Unconnected: ErrUnconnected}[c.account.Status]
	if why == nil {
		return ""
	}
	return fmt.Sprintf("; version %d is refused: it is %v", c.account.Version, why)
}

// watchOwner takes a label over, if that has not been done, or learns what the
// directory says is new, and verifies that there is nothing else.
func (s *session) watchOwner(ctx context.Context, label string) error {
	var unseen error // of versions that cannot be learned
	if o := s.state.owners[label]; o == nil || !o.ready {
		if err := s.takeOver(ctx, label); err != nil {
			return cmp.Or(erasedUnseen(err), err)
		}
	} else if _, err := s.learn(ctx, label); err != nil {
		// What was erased keeps nobody from monitoring what was there before.
		if unseen = erasedUnseen(err); unseen == nil {
			return err
		}
	}
	if err := s.monitor(ctx, label); err != nil {
		return cmp.Or(erasedUnseen(err), err)
	}
	if unseen != nil {
		return unseen
	}
	return s.proveGreatest(ctx, label)
}

// watchContact monitors the versions of a label that need it.
func (s *session) watchContact(ctx context.Context, label string) error {
	err := s.monitorContact(ctx, label)
	if p := (*Problem)(nil); errors.Is(err, keytrans.ErrProof) || errors.As(err, &p) {
		return s.seekContradiction(ctx, label, err)
	}
	return err
}

func (s *session) monitorContact(ctx context.Context, label string) error {
	entries := s.state.contacts[label].monitor.Map
	if len(entries) == 0 {
		return nil
	}
	q := &keytrans.ContactMonitorRequest{Last: s.state.view.Last(), Label: []byte(label), Entries: entries}
	return s.do(ctx, query{operation: "contact-monitor", label: label, request: q, verify: func(response []byte, next *state) error {
		p, err := keytrans.ParseContactMonitorResponse(s.verifier.Configuration(), response)
		if err != nil {
			return err
		}
		c := next.contactOf(label)
		r, err := s.verifier.ContactMonitor(next.view, c.monitor, q, p, s.cfg.Now())
		if err != nil {
			return err
		}
		if err := next.proceed(r.Verified, s.cfg.Now()); err != nil {
			return err
		}
		c.monitor = r.Contact
		next.contacts[label] = c
		return nil
	}})
}

// Contacts returns the labels that this client looked up, and Owned those that
// it owns, in order.
func (c *Client) Contacts(ctx context.Context) (contacts, owned []string, err error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("listing labels: %w", err)
	}
	defer s.end()
	return labels(s.state.contacts), labels(s.state.owners), nil
}
