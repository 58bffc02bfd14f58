package station

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// schemaVersion is that of status.json.
const schemaVersion = 1

// Status is what a monitor has come to. It is public: labels and values are not in
// it.
type Status struct {
	SchemaVersion int       `json:"schema_version"`
	Version       string    `json:"version"`
	At            time.Time `json:"at"`
	Since         time.Time `json:"since"`
	// Verdict is the worst verdict of the roles.
	Verdict     finding.Verdict   `json:"verdict"`
	Directories []DirectoryStatus `json:"directories"`
	Roles       []RoleStatus      `json:"roles"`
	// Alerts are the latest ones, newest first.
	Alerts []AlertStatus `json:"alerts"`
	// Open is how many alerts are neither over nor acknowledged, by severity.
	Open map[finding.Severity]int `json:"open_alerts"`
	// Waiting is how many alerts a receiver has not got yet, by its name.
	Waiting map[string]uint64 `json:"deliveries_waiting"`
	// Witness are the verifier keys (C2SP signed-note), if the monitor is a witness.
	Witness []string `json:"witness,omitempty"`
}

// DirectoryStatus says which directory a name stands for.
type DirectoryStatus struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// ConfigurationSHA256 is the SHA-256 of the encoded Configuration that is pinned, in
	// hexadecimal: by it others tell which directory is meant.
	ConfigurationSHA256 string `json:"configuration_sha256"`
	// View is the path of the audit view, if there is one.
	View string `json:"view,omitempty"`
}

// directoryStatuses returns those of all directories.
func (c *Config) directoryStatuses() ([]DirectoryStatus, error) {
	out := []DirectoryStatus{}
	for i := range c.Directories {
		d := &c.Directories[i]
		configuration, err := c.configuration(d)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(configuration)
		out = append(out, DirectoryStatus{d.Name, d.URL, hex.EncodeToString(sum[:]), c.viewOf(d.Name)})
	}
	return out, nil
}

// AlertStatus is the public part of an alert.
type AlertStatus struct {
	ID        string           `json:"id"`
	Rule      finding.Rule     `json:"rule"`
	Class     finding.Class    `json:"class"`
	Severity  finding.Severity `json:"severity"`
	Directory string           `json:"directory,omitempty"`
	Role      string           `json:"role"`
	Summary   string           `json:"summary"`
	RaisedAt  time.Time        `json:"raised_at"`
	// State is "raised", or "resolved" if the alert says that a condition is over.
	State alert.State `json:"state"`
	// Open tells that a condition lasts, or that nobody has acknowledged the alert.
	Open         bool `json:"open"`
	Acknowledged bool `json:"acknowledged"`
	// Evidence tells that evidence/ID.json is there for everybody.
	Evidence bool `json:"evidence"`
}

// maxAlerts is how many alerts a status has.
const maxAlerts = 100

// Status returns what the monitor has come to.
func (s *Station) Status() Status {
	out := Status{
		SchemaVersion: schemaVersion, Version: s.opts.Version, At: time.Now().UTC(), Since: s.since,
		Verdict: finding.Verified, Roles: []RoleStatus{}, Alerts: []AlertStatus{},
		Witness: s.witnessKeys, Directories: s.directories,
	}
	for _, slot := range s.slots {
		st := slot.current()
		out.Roles = append(out.Roles, st)
		out.Verdict = finding.Worse(out.Verdict, st.Verdict)
	}
	s.addAlerts(&out)
	return out
}

// The reasons for not being ready. Their texts are stable.
const (
	notWritten  = "ledger-not-written"
	notComplete = "rounds-overdue"
)

// staleRounds is how many intervals may pass between two rounds of a role.
const staleRounds = 10

// reasons says why the monitor is not ready; it is if there are none.
func (s *Station) reasons() []string {
	out := []string{}
	if s.ledgerError() != nil {
		out = append(out, notWritten)
	}
	for _, slot := range s.late() {
		// A role that is in the middle of its first round, of a large log, is at work.
		if slot.current().Rounds > 0 {
			out = append(out, notComplete)
			break
		}
	}
	return out
}

// late returns the roles whose last round ended long ago.
func (s *Station) late() (out []*slot) {
	limit := max(staleRounds*s.cfg.Interval, 10*time.Minute)
	for _, slot := range s.slots {
		if slot.atWork() > limit {
			out = append(out, slot)
		}
	}
	return out
}

// told is what the ledger has, as a status says it. It changes with a round only, and
// everybody can ask for the status: it is read once for each round.
type told struct {
	alerts []AlertStatus
	open   map[finding.Severity]int
}

// addAlerts adds to a status what was told.
func (s *Station) addAlerts(out *Status) {
	t, err := s.readTold()
	if err != nil {
		s.opts.Logger.Error("reading the ledger", "err", err)
		out.Verdict = finding.Worse(out.Verdict, finding.Unchecked)
		return
	}
	out.Alerts, out.Open, out.Waiting = t.alerts, t.open, s.ledger.Waiting()
}

func (s *Station) readTold() (*told, error) {
	s.mu.Lock()
	t, recorded := s.told, s.recorded
	s.mu.Unlock()
	if t != nil {
		return t, nil
	}
	list, err := s.ledger.List(alert.Filter{Limit: maxAlerts})
	counts, countErr := s.ledger.Counts("")
	if err = errors.Join(err, countErr); err != nil {
		return nil, err
	}
	t = &told{alerts: []AlertStatus{}, open: counts}
	for i := range list {
		t.alerts = append(t.alerts, s.alertStatus(&list[i]))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recorded == recorded {
		s.told = t
	}
	return t, nil
}
