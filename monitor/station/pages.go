package station

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

//go:embed templates
var templates embed.FS

// mostMenu is how many directories the menu has. All are on the status page.
const mostMenu = 6

// newShell returns what makes the monitor's own pages, in the style of the audit view.
func (s *Station) newShell() (*audit.Shell, error) {
	menu := []audit.NavGroup{{Title: "Monitor", Links: []audit.NavLink{{Path: "", Title: "Status and alerts"}}}}
	if s.cfg.hasViews() {
		logs := audit.NavGroup{Title: "Logs"}
		for i := range s.cfg.Directories[:min(len(s.cfg.Directories), mostMenu)] {
			name := s.cfg.Directories[i].Name
			logs.Links = append(logs.Links, audit.NavLink{Path: viewPath(name)[1:] + "/", Title: name})
		}
		menu = append(menu, logs)
	}
	menu = append(menu, audit.NavGroup{Title: "Check", Links: []audit.NavLink{{Path: "verify.html", Title: "Verify a file"}}})
	return audit.NewShell(audit.ShellConfig{Host: s.cfg.host(), Menu: menu, Templates: templates, Logger: s.opts.Logger})
}

// host is who serves the pages.
func (c *Config) host() audit.Host {
	name := c.Name
	if u, err := url.Parse(c.URL); name == "" && err == nil {
		name = u.Host
	}
	return audit.Host{Kind: audit.MonitorHost, Name: name}
}

// badges are the verdicts as pages have them (data-verdict), and what they say.
var badges = map[finding.Verdict]struct{ badge, state, headline string }{
	finding.Verified:     {"verified", "good", "Everything that this monitor checks is as it should be."},
	finding.Unchecked:    {"unchecked", "warn", "This monitor could not check everything."},
	finding.Changed:      {"changed", "warn", "Something changed that nobody announced to this monitor."},
	finding.Misbehaviour: {"misbehaviour", "bad", "A directory has misbehaved, says this monitor, and that can be proven."},
}

// statusPage is the status as the page shows it.
type statusPage struct {
	Status
	Title, Badge, Headline string
	OpenText               string
	Lines                  []directoryLine
	Roles                  []roleLine
	Alerts                 []alertLine
}

type directoryLine struct {
	DirectoryStatus
	Verdict finding.Verdict
	State   string
}

type roleLine struct {
	RoleStatus
	State string
}

type alertLine struct {
	AlertStatus
	State string
	Over  bool
}

// severityState returns the style of a severity.
func severityState(s finding.Severity) string {
	switch s {
	case finding.Critical:
		return "bad"
	case finding.Warning:
		return "warn"
	}
	return "good"
}

func (s *Station) servePage(w http.ResponseWriter, r *http.Request) {
	st := s.Status()
	p := statusPage{
		Status: st, Title: "Status and alerts", Badge: badges[st.Verdict].badge, Headline: badges[st.Verdict].headline,
		OpenText: openText(st.Open),
	}
	worst := make(map[string]finding.Verdict)
	for _, role := range st.Roles {
		p.Roles = append(p.Roles, roleLine{role, badges[role.Verdict].state})
		worst[role.Directory] = finding.Worse(cmp.Or(worst[role.Directory], finding.Verified), role.Verdict)
	}
	for _, d := range st.Directories {
		p.Lines = append(p.Lines, directoryLine{d, worst[d.Name], badges[worst[d.Name]].state})
	}
	for _, a := range st.Alerts {
		p.Alerts = append(p.Alerts, alertLine{a, severityState(a.Severity), a.State == alert.Resolved})
	}
	s.web.shell.Serve(w, r, audit.Page{Name: "status", Title: p.Title, Data: p})
}

// openText says how many alerts are open.
func openText(open map[finding.Severity]int) string {
	var parts []string
	for _, severity := range []finding.Severity{finding.Critical, finding.Warning, finding.Info} {
		if n := open[severity]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, severity))
		}
	}
	if len(parts) == 0 {
		return "None is open."
	}
	return "Open, which is neither over nor acknowledged: " + strings.Join(parts, ", ") + "."
}

// alertPage is an alert as its page shows it: its public part, and what that means.
type alertPage struct {
	alert.Alert
	Meaning, State          string
	SeverityText, ClassText string
	StateText, View         string
	Acknowledged            bool
	Evidence, Private       bool // there is evidence that everybody may have, or that not
}

var severityTexts = map[finding.Severity]string{
	finding.Critical: "misbehaviour, or keys that nobody expected", finding.Warning: "something could not be checked, or was changed",
	finding.Info: "nothing to do",
}

var classTexts = map[finding.Class]string{
	finding.Evidence: "signed by the directory or its log, so that it can be proven to everybody",
	finding.Report:   "what this monitor saw, and cannot prove to others",
}

func (s *Station) serveAlert(w http.ResponseWriter, r *http.Request) {
	a, err := s.ledger.Get(r.PathValue("id"))
	if err != nil {
		p := &audit.Problem{Status: http.StatusNotFound, Title: "There is no such alert"}
		if !errors.Is(err, alert.ErrUnknown) {
			s.opts.Logger.ErrorContext(r.Context(), "reading the ledger", "err", err)
			p = &audit.Problem{Status: http.StatusInternalServerError, Title: "The monitor cannot read its alerts"}
		}
		s.web.shell.Problem(w, p)
		return
	}
	p := alertPage{
		Alert: a.Public(), Meaning: sentence(a.Rule.Meaning()), State: severityState(a.Severity), SeverityText: severityTexts[a.Severity],
		ClassText: classTexts[a.Class], View: s.cfg.viewOf(a.Directory), Acknowledged: a.Ack != nil,
		Evidence: s.hasPublicEvidence(&a.Alert),
	}
	p.Private = a.Evidence != "" && !p.Evidence
	switch {
	case a.State == alert.Resolved:
		p.StateText = "This tells that a condition is over."
	case a.Condition && a.Open:
		p.StateText = "The condition lasts."
	case a.Condition:
		p.StateText = "The condition is over."
	default:
		p.StateText = "It happened once, and stays."
	}
	s.web.shell.Serve(w, r, audit.Page{Name: "alert", Path: "none", Title: "Alert", Data: p})
}

// sentence makes a phrase a sentence.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
