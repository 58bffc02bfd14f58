package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor"
)

// TestReporter runs two steps on a terminal of different widths, and elsewhere.
func TestReporter(t *testing.T) {
	for name, c := range map[string]struct {
		width int // 0 is no terminal
		want  string
	}{
		"a terminal":        {100, "\rresuming [#########.........] 100 of 200 entries, 50 changes, 100 entries/s\x1b[K"},
		"a narrow terminal": {40, "\r100 of 200 entries, 50 changes, 100 ent\x1b[K"},
		"a tiny terminal":   {1, "\r\x1b[K"},
		"a file":            {0, "ktmon: resuming: 100 of 200 entries, 50 changes, 100 entries/s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			now := time.Unix(1_700_000_000, 0)
			r := newReporter(&out)
			r.now = func() time.Time { return now }
			r.interval = time.Second
			if c.width > 0 {
				r.width = func() int { return min(c.width, 76) }
			}
			for i := range uint64(101) {
				r.progress(monitor.Progress{Step: monitor.Resuming, Entries: i, Total: 200, Changes: i / 2})
				now = now.Add(10 * time.Millisecond)
			}
			if out.String() != c.want {
				t.Errorf("%q, want %q", out.String(), c.want)
			}
			out.Reset()
			r.progress(monitor.Progress{Step: monitor.Mirroring, Entries: 101, Total: 300})
			if out.Len() > 0 {
				t.Errorf("a new step began with %q", out.String())
			}
			r.clear()
			if got, want := out.String(), "\r\x1b[K"; (got == want) != (c.width > 0) {
				t.Errorf("clear wrote %q", got)
			}
		})
	}
}

// TestReporterRounds tells of what is new only.
func TestReporterRounds(t *testing.T) {
	var out strings.Builder
	r := newReporter(&out)
	failure := &monitor.Error{Kind: monitor.Undecided, Err: errors.New("no \x1b answer")}
	for range 3 {
		r.round(monitor.Status{}, failure)
	}
	r.round(monitor.Status{}, nil)
	r.round(monitor.Status{}, failure)
	const want = "ktmon: could not check, and will try again: no \\x1b answer\n"
	if out.String() != want+want {
		t.Errorf("%q", out.String())
	}
}
