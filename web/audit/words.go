package audit

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// number writes a number with narrow spaces between groups of three digits.
func number(n any) string {
	if p, ok := n.(*uint64); ok && p != nil {
		n = *p
	}
	digits := fmt.Sprint(n)
	if len(digits) <= 4 {
		return digits
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// plural returns "1 entry" or "2 entries".
func plural(n any, one, many string) string {
	if fmt.Sprint(n) == "1" {
		return "1 " + one
	}
	return number(n) + " " + many
}

// instant is a point in time for the template "time".
type instant struct {
	ISO, Text string
	MS        int64
}

// Never tells that a time is not known.
func (i instant) Never() bool { return i.ISO == "" }

// maxTime is the last time, in ms, that has a year of four digits. A log can have
// entries of any time.
const maxTime = 253402300799999

// instantOf returns the instant of a time.Time or of ms since the Unix epoch.
func instantOf(t any) instant {
	var at time.Time
	switch t := t.(type) {
	case time.Time:
		at = t
	case uint64:
		if t > maxTime {
			return instant{Text: "in a year after 9999 (" + number(t) + " ms)", ISO: "9999-12-31", MS: maxTime}
		}
		at = time.UnixMilli(int64(t))
	}
	if at.IsZero() {
		return instant{Text: "unknown"}
	}
	at = at.UTC()
	return instant{ISO: at.Format("2006-01-02T15:04:05.000Z"), Text: at.Format("2006-01-02 15:04:05") + " UTC", MS: at.UnixMilli()}
}

// since says how long ago a time in ms was.
func since(now time.Time, ms uint64) string {
	if ms > maxTime {
		return "far in the future"
	}
	d := now.Sub(time.UnixMilli(int64(ms)))
	if d < 0 {
		return took(-d) + " ahead of the server's clock"
	}
	return took(d) + " ago"
}

// took writes a duration with one unit.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64) + " ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < 2*time.Minute:
		return strconv.FormatInt(int64(d/time.Second), 10) + " s"
	case d < 2*time.Hour:
		return strconv.FormatInt(int64(d/time.Minute), 10) + " min"
	case d < 48*time.Hour:
		return strconv.FormatInt(int64(d/time.Hour), 10) + " h"
	}
	return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + " days"
}

// milliseconds writes a duration that the Configuration has in ms.
func milliseconds(ms uint64) string {
	if ms > uint64(1<<62/time.Millisecond) {
		return number(ms) + " ms"
	}
	return took(time.Duration(ms) * time.Millisecond)
}

// hexOf writes bytes in hexadecimal.
func hexOf(b any) string {
	switch b := b.(type) {
	case []byte:
		return hex.EncodeToString(b)
	case fmt.Stringer: // a merkle.Hash
		return b.String()
	}
	return fmt.Sprintf("%x", b)
}

// short is the beginning of a hash, for pictures.
func short(b any) string {
	s := hexOf(b)
	return s[:min(len(s), 8)]
}

func byteSize(n int) string {
	if n < 1024 {
		return plural(n, "byte", "bytes")
	}
	return strconv.FormatFloat(float64(n)/1024, 'f', 1, 64) + " KiB"
}

// dict makes the argument of a template out of several.
func dict(pairs ...any) (map[string]any, error) {
	out := make(map[string]any)
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("a key that is no string")
		}
		out[key] = pairs[i+1]
	}
	return out, nil
}
