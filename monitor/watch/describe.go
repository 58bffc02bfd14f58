package watch

import (
	"fmt"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// What findings say of values. Names in them come from the directory, so all of it is
// bounded.
const (
	maxDetail = 8 << 10 // bytes
	maxKeys   = 20      // of a value
)

// cut cuts a text that is too long.
func cut(text string) string { return finding.Cut(text, maxDetail) }

// describe lists the keys of a value with their fingerprints, one a line. v may be nil.
func describe(v *client.Value) string {
	switch {
	case v == nil:
		return "its value is not to be had"
	case !v.KeySet:
		return fmt.Sprintf("%d bytes that are not a key set, SHA-256 %s", v.Size, v.SHA256)
	case len(v.Keys) == 0:
		return "no keys"
	}
	return keys("", v.Keys)
}

// keys lists keys, with a sign before each. Whether one has expired is not said: a
// finding does not change with time.
func keys(sign string, list []client.Key) string {
	var lines []string
	for _, k := range list[:min(len(list), maxKeys)] {
		lines = append(lines, sign+k.Line(time.Time{}))
	}
	if more := len(list) - maxKeys; more > 0 {
		lines = append(lines, fmt.Sprintf("%sand %d more keys", sign, more))
	}
	return strings.Join(lines, "\n")
}

// describeChanges lists what changed, and the whole value if it is not known what was
// before.
func describeChanges(c *client.Changes, v *client.Value) string {
	if c == nil {
		return describe(v)
	}
	var parts []string
	for _, p := range []struct {
		sign string
		keys []client.Key
	}{{"+ inserted ", c.Added}, {"- removed  ", c.Removed}, {"~ updated  ", c.Updated}} {
		if len(p.keys) > 0 {
			parts = append(parts, keys(p.sign, p.keys))
		}
	}
	if len(c.Replaced) > 0 {
		parts = append(parts, replacements(c.Replaced))
	}
	switch {
	case c.Same():
		return "no key changed"
	case c.Opaque:
		parts = append(parts, "the value, or the one before, is not a key set; now it is "+describe(v))
	}
	return strings.Join(parts, "\n")
}

// replacements lists keys with those that took their place.
func replacements(list []keyset.Change) string {
	var lines []string
	for _, r := range list[:min(len(list), maxKeys)] {
		lines = append(lines, "~ replaced "+r.Old.Line(time.Time{}), "        →  "+r.New.Line(time.Time{}))
	}
	if more := len(list) - maxKeys; more > 0 {
		lines = append(lines, fmt.Sprintf("~ replaced %d more keys", more))
	}
	return strings.Join(lines, "\n")
}

// version names a version.
func version(v *uint32) string {
	if v == nil {
		return "no version"
	}
	return fmt.Sprintf("version %d", *v)
}

// moment is a time for people.
func moment(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format(time.RFC3339)
}
