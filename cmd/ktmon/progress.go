package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// reporter tells how a mirror comes along: in the last line of a terminal, and
// elsewhere in a line now and then.
type reporter struct {
	w        io.Writer
	width    func() int // of the terminal; nil elsewhere
	interval time.Duration
	now      func() time.Time

	step        monitor.Step
	began, told time.Time
	first       uint64 // entries when the step began
	drawn       bool   // a bar is in the last line
	size        uint64 // of the mirror that was told last
	lastError   string
}

// newReporter returns a reporter that writes to w.
func newReporter(w io.Writer) *reporter {
	r := &reporter{w: w, interval: 5 * time.Second, now: time.Now}
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return r
	}
	r.interval = 100 * time.Millisecond
	r.width = func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 80
		}
		return width
	}
	return r
}

// progress is a monitor.MirrorConfig's Progress.
func (r *reporter) progress(p monitor.Progress) {
	now := r.now()
	if p.Step != r.step || p.Entries < r.first {
		r.step, r.began, r.told, r.first = p.Step, now, now, p.Entries
	}
	if now.Sub(r.told) < r.interval {
		return
	}
	r.told = now
	perSecond := rate(p.Entries-r.first, now.Sub(r.began))
	text := fmt.Sprintf("%d of %d entries, %d changes, %.0f entries/s", p.Entries, p.Total, p.Changes, perSecond)
	if r.width == nil {
		fmt.Fprintf(r.w, "ktmon: %s: %s\n", p.Step, text)
		return
	}
	fmt.Fprintf(r.w, "\r%s\x1b[K", bar(string(p.Step), text, float64(p.Entries)/float64(p.Total), r.width()-1))
	r.drawn = true
}

// bar returns a progress bar with a text before and behind it, at most width wide.
func bar(before, behind string, part float64, width int) string {
	room := min(width-len(before)-len(behind)-4, 40)
	if room < 5 {
		return behind[:min(len(behind), max(width, 0))]
	}
	full := int(part * float64(room))
	return before + " [" + strings.Repeat("#", full) + strings.Repeat(".", room-full) + "] " + behind
}

// clear removes the bar, so that something else can be printed.
func (r *reporter) clear() {
	if r.drawn {
		fmt.Fprint(r.w, "\r\x1b[K")
		r.drawn = false
	}
}

// round tells what came of a round, if it is something new.
func (r *reporter) round(s monitor.Status, err error) {
	r.clear()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != r.lastError && monitor.KindOf(err) == monitor.Undecided {
		fmt.Fprintf(r.w, "ktmon: %s, and will try again: %s\n", outcomeUnchecked, cli.Printable(text))
	}
	if text != r.lastError && monitor.KindOf(err) == monitor.Misbehaved {
		fmt.Fprintf(r.w, "ktmon: %s: %s\n", outcomeMisbehaviour, cli.Printable(text))
	}
	r.lastError = text
	if c := s.Checkpoint; c != nil && c.Size != r.size {
		fmt.Fprintf(r.w, "ktmon: mirrored up to %d entries, root %s\n", c.Size, c.Root)
		r.size = c.Size
	}
}
