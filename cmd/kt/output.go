package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// printableJSON does what cli.Printable does for encoded JSON, in which such characters occur
// inside of strings only.
func printableJSON(data []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(data) {
		switch {
		case r < utf8.RuneSelf && r != 0x7f || cli.Harmless(r):
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

// printJSON prints the fields of v behind the schema of the running command.
func (a *app) printJSON(v any, indent bool) {
	fields, err := json.Marshal(v)
	if err != nil {
		panic("kt: a result has no encoding: " + err.Error())
	}
	out := []byte(fmt.Sprintf(`{"schema":"ghostlight/%s/v1"`, a.command))
	if len(fields) > len("{}") {
		out = append(out, ',')
	}
	out = append(out, fields[1:]...)
	if indent {
		var b bytes.Buffer
		if err := json.Indent(&b, out, "", "  "); err == nil {
			out = b.Bytes()
		}
	}
	fmt.Fprintf(a.stdout, "%s\n", printableJSON(out))
}

// wantsColour reports whether w is a terminal whose user does not mind colour.
func wantsColour(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

// printVerdict prints a verdict on a line of its own.
func (a *app) printVerdict(v client.Verdict) {
	text := cli.Printable(v.String())
	if a.colour {
		colours := map[client.Outcome]string{
			client.OutcomeVerified: "32", client.OutcomeMonitored: "32", client.OutcomeUnchecked: "33", client.OutcomeAbsent: "33",
			client.OutcomeChanged: "1;33", client.OutcomeFindings: "1;31", client.OutcomeMisbehaviour: "1;31",
		}
		text = strings.Replace(text, string(v.Outcome), "\x1b["+colours[v.Outcome]+"m"+string(v.Outcome)+"\x1b[0m", 1)
	}
	a.printf("%s\n", text)
}

// printWitnessed prints what the witnesses have seen, if there is a policy.
func (a *app) printWitnessed(w *client.Witnessed) {
	if w == nil {
		return
	}
	switch {
	case w.CheckpointSize == 0:
	case w.Quorum == checkpoint.QuorumNone:
		a.printf("checkpoint: the log's own, of %s, cosigned by %s (quorum none): others may be shown another log\n", entries(w.CheckpointSize), names(w.CosignedBy))
	default:
		a.printf("witnessed: log of %s by %s (quorum %s)\n", entries(w.CheckpointSize), names(w.CosignedBy), cli.Printable(w.Quorum))
	}
	if w.Reason != "" {
		a.printf("pending: %s\n", cli.Printable(w.Reason))
	}
}

// names lists names.
func names(list []string) string {
	if len(list) == 0 {
		return "nobody"
	}
	return cli.Printable(strings.Join(list, ", "))
}

func entries(n uint64) string { return count.Of(n, "entry", "entries") }

func (a *app) printHead(h client.Head) {
	a.printf("log of %s, the last of %s, root %s\n", entries(h.TreeSize), moment(h.Time), h.Root)
}

// printValue prints the keys of a value, or what else it is.
func (a *app) printValue(v client.Value, data []byte) {
	switch {
	case v.Group:
		a.printf("  a group's list of members, SHA-256 %s: kt group verify tells whether it stands, and who is in it\n", v.SHA256)
	case !v.KeySet && data != nil && len(data) <= 200 && utf8.Valid(data):
		a.printf("  %s, not a key set: %s\n", count.Of(v.Size, "byte", "bytes"), cli.Printable(string(data)))
	case !v.KeySet:
		a.printf("  %s, not a key set, SHA-256 %s\n", count.Of(v.Size, "byte", "bytes"), v.SHA256)
	case len(v.Keys) == 0:
		a.printf("  no keys\n")
	}
	for _, k := range v.Keys {
		a.printf("  %s\n", keyLine(k))
	}
}

// keyLine describes a key, with what has become of it by now.
func keyLine(k client.Key) string { return cli.Printable(k.Line(time.Now())) }

// printChanges prints a difference between two values.
func (a *app) printChanges(c *client.Changes) {
	if c == nil {
		return
	}
	if c.Same() {
		a.printf("  no key changed\n")
	}
	for _, part := range []struct {
		sign string
		keys []client.Key
	}{{"+ inserted", c.Added}, {"- removed ", c.Removed}, {"~ updated ", c.Updated}} {
		for _, k := range part.keys {
			a.printf("  %s %s\n", part.sign, keyLine(k))
		}
	}
	for _, r := range c.Replaced {
		a.printf("  ~ replaced %s\n         →  %s\n", keyLine(r.Old), keyLine(r.New))
	}
	if c.Opaque {
		a.printf("  ~ the value is another, and not one that can be compared key by key\n")
	}
}

func (a *app) printUnexpected(label string, list []client.Unexpected) {
	for i := range list {
		u := &list[i]
		a.printf("UNEXPECTED %s: %s\n", cli.Printable(label), u)
		if u.Changes == nil {
			a.printValue(u.Value, nil)
		}
		a.printChanges(u.Changes)
		if u.Group != "" {
			a.printGroupAnswer(label, u)
		} else {
			a.printAnswer(label, u)
		}
	}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
