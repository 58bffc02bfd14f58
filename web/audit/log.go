package audit

import (
	"context"
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// pageEntries is how many log entries a page of the log has.
const pageEntries = 50

type logData struct {
	Head    Head
	Entries []entryLine // the newest first
	Lo, Hi  uint64      // [Lo, Hi) are shown
	// The first positions of other pages, nil if there is none.
	Newer, Older, Oldest *uint64
	Newest               bool // this is the newest page
	Marked               *uint64
}

type entryLine struct {
	Position   uint64
	Time       uint64
	PrefixTree merkle.Hash
	After      string // the time since the entry before, "" if that is not shown
	Marked     bool
}

// logPage shows some of the log's entries: by default the newest, those from a position,
// or those from the first entry that is not older than a date.
func logPage(v *View, r *http.Request) (any, error) {
	head, err := v.cfg.Source.Head(r.Context())
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	d := logData{Head: head}
	position, date := q.Get("position"), q.Get("date")
	last := max(head.FirstEntry, head.Size-min(head.Size, pageEntries))
	d.Lo = last
	switch {
	case q.Get("from") != "":
		if d.Lo, err = parsePosition(q.Get("from"), head); err != nil {
			return nil, err
		}
	case position != "" && date != "":
		err = badRequest("Type a position or a date, not both.")
	case position != "":
		d.Marked, err = markPosition(position, head)
	case date != "":
		d.Marked, err = v.markDate(r.Context(), date, head)
	}
	if err != nil {
		return nil, err
	}
	if d.Marked != nil {
		d.Lo = max(head.FirstEntry, *d.Marked-min(*d.Marked, pageEntries/2))
	}
	d.Lo = min(d.Lo, last)
	if err := v.fillLog(r.Context(), &d, last); err != nil {
		return nil, err
	}
	return d, nil
}

// fillLog reads the entries from d.Lo on, and finds the pages beside them.
func (v *View) fillLog(ctx context.Context, d *logData, last uint64) error {
	d.Hi = min(d.Lo+pageEntries, d.Head.Size)
	from := max(d.Head.FirstEntry, d.Lo-min(d.Lo, 1)) // with the one before, for its time
	entries, err := v.entries(ctx, from, d.Hi)
	if err != nil {
		return err
	}
	for i := len(entries) - 1; i >= 0; i-- {
		line := entryLine{Position: from + uint64(i), Time: entries[i].Timestamp, PrefixTree: entries[i].PrefixTree}
		if line.Position < d.Lo {
			break
		}
		if i > 0 {
			line.After = gap(entries[i-1].Timestamp, entries[i].Timestamp)
		}
		line.Marked = d.Marked != nil && *d.Marked == line.Position
		d.Entries = append(d.Entries, line)
	}
	d.Newest = d.Lo >= last
	if d.Lo < last {
		newer := min(d.Lo+pageEntries, last)
		d.Newer = &newer
	}
	if d.Lo > d.Head.FirstEntry {
		older, oldest := max(d.Head.FirstEntry, d.Lo-min(d.Lo, pageEntries)), d.Head.FirstEntry
		d.Older, d.Oldest = &older, &oldest
	}
	return nil
}

// entries reads log entries, and does not rely on the Source to return as many as it is
// asked for.
func (v *View) entries(ctx context.Context, lo, hi uint64) ([]keytrans.LogEntry, error) {
	entries, err := v.cfg.Source.Entries(ctx, lo, hi)
	if err == nil && uint64(len(entries)) != hi-lo {
		err = fmt.Errorf("the source has %d entries of [%d, %d)", len(entries), lo, hi)
	}
	return entries, err
}

func gap(before, after uint64) string {
	if after < before || after-before > uint64(1<<62/time.Millisecond) {
		return ""
	}
	return took(time.Duration(after-before) * time.Millisecond)
}

// parsePosition reads the position of an entry that the log has.
func parsePosition(text string, head Head) (uint64, error) {
	// As pages write numbers, too.
	digits := strings.NewReplacer(" ", "", "\u202f", "", "\u00a0", "", ",", "").Replace(strings.TrimSpace(text))
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, badRequest("The position of a log entry is a whole number.")
	}
	switch {
	case n >= head.Size:
		return 0, &Problem{Status: http.StatusNotFound, Title: "The log has no such entry",
			Detail: fmt.Sprintf("It has %s, from 0 to %s.", plural(head.Size, "entry", "entries"), number(head.Size-1))}
	case n < head.FirstEntry:
		return 0, errPruned(head)
	}
	return n, nil
}

func errPruned(head Head) *Problem {
	return &Problem{Status: http.StatusGone, Title: "This entry was removed",
		Detail: fmt.Sprintf("The log has no entries before %s any more: they have passed the maximum lifetime.", number(head.FirstEntry))}
}

func markPosition(text string, head Head) (*uint64, error) {
	pos, err := parsePosition(text, head)
	return &pos, err
}

// dateForms are those that browsers send, and what people type.
var dateForms = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", time.RFC3339}

// markDate finds the first entry that is not older than a date in UTC, or the last entry
// if all are.
func (v *View) markDate(ctx context.Context, text string, head Head) (*uint64, error) {
	var at time.Time
	err := error(badRequest("A date is written as 2026-11-26 or 2026-11-26 14:30, in UTC."))
	for _, form := range dateForms {
		if t, wrong := time.Parse(form, strings.TrimSpace(text)); wrong == nil {
			at, err = t, nil
			break
		}
	}
	if err != nil {
		return nil, err
	}
	want := uint64(max(at.UnixMilli(), 0))
	// Timestamps never fall, so that the log can be searched by them.
	n := sort.Search(int(head.Size-head.FirstEntry), func(i int) bool {
		if err != nil {
			return true
		}
		var ms uint64
		ms, err = v.timeOf(ctx, head.FirstEntry+uint64(i))
		return ms >= want
	})
	pos := min(head.FirstEntry+uint64(n), head.Size-1)
	return &pos, err
}
