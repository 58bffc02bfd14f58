package station

import (
	"sync"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

// The events of /events are "status", when the verdict or the number of open alerts
// changes, "head", when a role has come further in the log of a directory, and "alert".
// The first of each "status" and "head" tells the present state.

// statusEvent is the data of the event "status".
type statusEvent struct {
	Verdict finding.Verdict          `json:"verdict"`
	Open    map[finding.Severity]int `json:"open_alerts"`
}

// headEvent is the data of the event "head": a role has checked UpTo log entries, of
// Total.
type headEvent struct {
	Directory string `json:"directory"`
	Role      string `json:"role"`
	UpTo      uint64 `json:"up_to"`
	Total     uint64 `json:"total"`
}

// announcer tells listeners what is new since it told them last.
type announcer struct {
	stream *audit.Stream

	mu     sync.Mutex
	began  bool
	latest string // ID of the latest alert that was told of
}

func newAnnouncer() *announcer { return &announcer{stream: audit.NewStream(maxStreams)} }

// announce tells what is new of the present status.
func (a *announcer) announce(status func() Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	st := status()
	a.stream.Tell("status", "", statusEvent{st.Verdict, st.Open})
	for _, r := range st.Roles {
		if r.UpTo > 0 {
			a.stream.Tell("head", r.Directory+"/"+r.Role, headEvent{r.Directory, r.Role, r.UpTo, r.Total})
		}
	}
	fresh := a.fresh(st.Alerts)
	for i := len(fresh) - 1; i >= 0; i-- { // the oldest first
		a.stream.Send("alert", fresh[i])
	}
}

// fresh returns the alerts, of which the latest is the first, that were not told of.
// Those that were there at the beginning are not news.
func (a *announcer) fresh(alerts []AlertStatus) []AlertStatus {
	began, latest := a.began, a.latest
	a.began = true
	if len(alerts) > 0 {
		a.latest = alerts[0].ID
	}
	if !began {
		return nil
	}
	for i := range alerts {
		if alerts[i].ID == latest {
			return alerts[:i]
		}
	}
	return alerts
}

// alertStatus is the public part of an alert.
func (s *Station) alertStatus(a *alert.Listed) AlertStatus {
	return AlertStatus{
		ID: a.ID, Rule: a.Rule, Class: a.Class, Severity: a.Severity, Directory: a.Directory, Role: a.Role,
		State: a.State, Summary: a.Summary, RaisedAt: a.RaisedAt, Open: a.Open, Acknowledged: a.Ack != nil,
		Evidence: s.hasPublicEvidence(&a.Alert),
	}
}
