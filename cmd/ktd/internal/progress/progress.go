// Package progress draws a progress bar on a terminal, and nothing elsewhere.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Bar is a progress bar in the last line of a terminal. A nil Bar draws
// nothing. It is safe for concurrent use.
type Bar struct {
	w      io.Writer
	name   string
	total  int64
	color  bool
	width  func() int
	now    func() time.Time
	format func(int64) string

	mu           sync.Mutex
	began, drawn time.Time
}

// interval is the shortest time between two drawings.
const interval = 100 * time.Millisecond

// New returns a Bar for total steps, 0 if their number is not known, that draws on w, or nil if w is no
// terminal. Colour is used unless the environment has NO_COLOR.
func New(w io.Writer, name string, total int64, format func(int64) string) *Bar {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	width := func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 80
		}
		return width
	}
	return newBar(w, name, total, format, os.Getenv("NO_COLOR") == "", width, time.Now)
}

func newBar(w io.Writer, name string, total int64, format func(int64) string, color bool, width func() int, now func() time.Time) *Bar {
	return &Bar{w: w, name: name, total: total, format: format, color: color, width: width, now: now, began: now()}
}

// Set draws the bar at n of the total steps, if it was not drawn just now.
func (b *Bar) Set(n int64) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if now.Sub(b.drawn) < interval {
		return
	}
	b.drawn = now
	if b.total > 0 {
		n = min(n, b.total)
	}
	fmt.Fprintf(b.w, "\r%s\x1b[K", b.line(n, now.Sub(b.began)))
}

// line returns the bar, narrower than the terminal.
func (b *Bar) line(n int64, elapsed time.Duration) string {
	head := b.name + " "
	if b.total == 0 {
		head += b.format(n)
		return head[:min(len(head), max(b.width()-1, 0))]
	}
	tail := fmt.Sprintf(" %s/%s", b.format(n), b.format(b.total))
	if n > 0 && n < b.total && elapsed > time.Second {
		left := time.Duration(float64(elapsed) * float64(b.total-n) / float64(n))
		tail += " " + left.Round(time.Second).String() + " left"
	}
	room := min(b.width()-1-len(head)-len(tail)-2, 40)
	if room < 5 {
		tail = strings.TrimSpace(tail)
		return tail[:min(len(tail), max(b.width()-1, 0))]
	}
	full := int(int64(room) * n / b.total)
	bar := strings.Repeat("#", full)
	if b.color {
		bar = "\x1b[32m" + bar + "\x1b[0m"
	}
	return head + "[" + bar + strings.Repeat(".", room-full) + "]" + tail
}

// Clear removes the bar, so that something else can be printed.
func (b *Bar) Clear() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprint(b.w, "\r\x1b[K")
	b.drawn = time.Time{}
}

// Count formats a number of things.
func Count(n int64) string { return fmt.Sprint(n) }

// Bytes formats a number of bytes.
func Bytes(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
