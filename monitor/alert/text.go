package alert

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// The most bytes of each text of an alert.
const (
	maxName    = 200 // of rules, directories and roles
	maxSummary = 400
	maxDetail  = 8 << 10
	maxHint    = 2 << 10
)

// OneLine returns text with nothing in it that is not printed: neither ends of lines
// nor control characters nor what changes the direction of writing. It is at most max
// bytes long.
func OneLine(text string, max int) string {
	return cut(strings.Join(strings.FieldsFunc(printable(text, false), func(r rune) bool { return r == ' ' }), " "), max)
}

// lines is OneLine, but for the ends of lines, which stay.
func lines(text string, max int) string {
	return cut(strings.TrimSpace(printable(text, true)), max)
}

func printable(text string, newlines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && newlines:
			return r
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r):
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}

// cut shortens text to at most max bytes, and says so with an ellipsis.
func cut(text string, max int) string {
	const more = "…"
	if len(text) <= max {
		return text
	}
	end := max - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}

// clean returns the finding with texts that can be shown, and with a class and a
// severity that exist.
func clean(f finding.Finding) finding.Finding {
	f.Rule = finding.Rule(OneLine(string(f.Rule), maxName))
	f.Directory = OneLine(f.Directory, maxName)
	f.Summary = OneLine(f.Summary, maxSummary)
	f.Detail = lines(f.Detail, maxDetail)
	f.Hint = lines(f.Hint, maxHint)
	if f.Class != finding.Evidence {
		f.Class = finding.Report
	}
	if rank(f.Severity) == 0 {
		f.Severity = finding.Warning
	}
	return f
}

// stamp returns a time as alerts have it.
func stamp(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Unix(0, 0).UTC() // a clock that is set to no date
	}
	return t
}
