package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// RosterConfig describes a measurement of checking a roster.
type RosterConfig struct {
	URL      string // of a directory with the workload's labels
	Labels   int    // how many it has
	Members  int    // of the roster
	OneByOne bool   // ask for each label by itself
}

// RosterResult is what it takes a client to check a roster.
type RosterResult struct {
	CPUs      int    `json:"cpus"`
	GoVersion string `json:"go_version"`
	Labels    int    `json:"labels"`
	Members   int    `json:"members"`
	OneByOne  bool   `json:"one_by_one"`
	TreeSize  uint64 `json:"tree_size"`

	Seconds float64 `json:"seconds"`
	client.Stats
	// Findings by their codes.
	Findings map[roster.Code]int `json:"findings"`
	RSSBytes int64               `json:"rss_bytes"` // the client's peak
}

// window is less than what passes between publishing and checking.
const window = time.Millisecond

// Roster checks the roster of a conversation between random ones of the workload's
// labels, as a client does that has only just pinned the directory. The conversation begins
// a while after the keys were published, and uses all of them: there is nothing to find, and
// the error says so if something was.
func Roster(ctx context.Context, c RosterConfig) (r *RosterResult, err error) {
	state, err := os.MkdirTemp("", "ktd-bench-roster-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(state)
	if _, err := client.Trust(ctx, state, c.URL, "", client.Config{}); err != nil {
		return nil, err
	}
	k, err := client.Open(state, c.URL, client.Config{})
	if err != nil {
		return nil, err
	}
	conversation := c.roster(time.Now())
	resetPeak()
	start := time.Now()
	checked, err := k.CheckRoster(ctx, conversation, client.RosterOptions{OneByOne: c.OneByOne, Window: window})
	if err != nil {
		return nil, err
	}
	r = &RosterResult{
		CPUs: runtime.GOMAXPROCS(0), GoVersion: runtime.Version(), Labels: c.Labels, Members: c.Members, OneByOne: c.OneByOne,
		TreeSize: checked.Head.TreeSize, Seconds: time.Since(start).Seconds(), Stats: checked.Stats,
		Findings: make(map[roster.Code]int), RSSBytes: peakMemory(),
	}
	for _, f := range checked.Findings {
		r.Findings[f.Code]++
		if f.Severity != roster.Note {
			return nil, fmt.Errorf("%s: %s: does the directory have the %d labels of the workload?", f.Code, f.Message, c.Labels)
		}
	}
	return r, nil
}

// roster returns a conversation between labels of the workload.
func (c RosterConfig) roster(now time.Time) *roster.Roster {
	random := rand.New(rand.NewPCG(seed, uint64(c.Members)))
	r := &roster.Roster{Conversation: "bench"}
	for _, n := range random.Perm(c.Labels)[:c.Members] {
		m := roster.Member{Label: string(label(n)), FirstSeen: now}
		for _, key := range devices(n) {
			m.Devices = append(m.Devices, roster.Device{Format: key.Format, Data: key.Data, Fingerprint: key.Fingerprint(), Name: key.Name})
		}
		r.Members = append(r.Members, m)
	}
	r.Me = r.Members[0].Label
	return r
}
