package alert

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

func example() *Alert {
	at := time.Date(2026, 11, 26, 8, 30, 0, 0, time.UTC)
	return &Alert{
		Schema: Schema, ID: "93f1c2a07be4d518-2", Number: 7, State: Resolved, Resolves: "93f1c2a07be4d518-1",
		Rule: finding.Stalled, Class: finding.Report, Severity: finding.Info, Directory: "example", Role: "example/audit",
		Summary: "over: heartbeats are missing", Detail: "a\n<b> & \"c\"", Condition: true, FoundAt: at, RaisedAt: at,
	}
}

// TestParse reads alerts that this program does not write. Each line says what is
// replaced by what, and what the error has to say.
func TestParse(t *testing.T) {
	good := example().Marshal()
	if a, err := Parse(good); err != nil || *a != *example() {
		t.Fatalf("%+v, %v", a, err)
	}
	for _, c := range [][3]string{
		{"alert/v1", "alert/v2", "schema"},
		{`"93f1c2a07be4d518-2"`, `"93f1c2a07be4d518-3"`, "resolves"},
		{`"93f1c2a07be4d518-2"`, `"../../x"`, "not the ID"},
		{`"93f1c2a07be4d518-2"`, `"93f1c2a07be4d518-02"`, "not the ID"},
		{`"number": 7`, `"number": 0`, "number"},
		{`"number": 7`, `"number": -7`, "number"},
		{`"number": 7`, `"number": 9223372036854775808`, "number"},
		{`"number": 7`, `"number": 7.0`, "number"},
		{`"resolved"`, `"raised"`, "resolves"},
		{`"resolved"`, `"gone"`, "state"},
		{`"resolves": "93f1c2a07be4d518-1",`, ``, "resolves"},
		{`"report"`, `"rumour"`, "class"},
		{`"info"`, `"loud"`, "severity"},
		{`"condition": true`, `"condition": true, "x": 1`, "unknown field"},
		{`"condition": true`, `"evidence": "/etc/passwd", "condition": true`, "evidence"},
		{`"2026-11-26T08:30:00Z"`, `"2026-11-26T08:30:00+01:00"`, "time"},
		{`"2026-11-26T08:30:00Z"`, `"yesterday"`, "parsing time"},
		{"}\n", "}\n{}", "follows"},
		{"}\n", "}", "not written"},
		{"}\n", "", "unexpected EOF"},
		{"{\n", "{", "not written"},
		{"<b>", `\u003cb>`, "not written"},
		{"a", strings.Repeat("a", MaxSize), "bytes"},
	} {
		bad := bytes.Replace(good, []byte(c[0]), []byte(c[1]), 1)
		if bytes.Equal(bad, good) {
			t.Fatalf("%s is not there", c[0])
		}
		a, err := Parse(bad)
		if wantErr(t, err, errMalformed); a != nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s instead of %s: %v, want %s", c[1], c[0], err, c[2])
		}
	}
}

// FuzzParse reads any file. What is an alert is written in one way, and none of its
// forms is larger than a file may be.
func FuzzParse(f *testing.F) {
	f.Add(example().Marshal())
	a := example()
	a.ID, a.State, a.Resolves, a.Class = "93f1c2a07be4d518-1", Raised, "", finding.Evidence
	a.Evidence, a.EvidenceSHA256 = evidenceName(a.ID), strings.Repeat("0", 64)
	f.Add(a.Marshal())
	f.Add([]byte(`{"schema":"ghostlight/alert/v1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Parse(data)
		if err != nil {
			wantErr(t, err, errMalformed)
			return
		}
		if !bytes.Equal(a.Marshal(), data) {
			t.Errorf("%q is written as %q", data, a.Marshal())
		}
		if bytes.ContainsAny(a.Line(), "\n\r") {
			t.Errorf("a line has more than one: %q", a.Line())
		}
		if p := a.Public(); p.Detail != "" || p.Hint != "" || p.Evidence != "" {
			t.Errorf("the public form is %+v", p)
		}
	})
}

// FuzzOneLine prints any text.
func FuzzOneLine(f *testing.F) {
	f.Add("a\r\nBcc: b", 10)
	f.Add("ääää\xff\u202e", 5)
	f.Fuzz(func(t *testing.T, text string, max int) {
		if max < 3 || max > 1000 {
			return
		}
		out := OneLine(text, max)
		if len(out) > max || strings.ContainsAny(out, "\r\n\x00\x1b\u2028\u202e") || strings.ToValidUTF8(out, "") != out {
			t.Errorf("%q is printed as %q", text, out)
		}
		if again := OneLine(out, max); again != out {
			t.Errorf("%q is printed as %q, and that as %q", text, out, again)
		}
	})
}
