package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/pebbleguard"
)

// TestOnce tells what happened once, whichever role finds it, and however often.
func TestOnce(t *testing.T) {
	r := newRecorder("r")
	w := newWorld(t, r)
	w.open()
	for range 3 {
		w.record("example/watch", event("alice 3"), event("alice 3"))
		w.record("example/vantage", event("alice 3"))
		w.record("example/watch")
		fatalIfErr(t, w.l.Flush(t.Context()))
		w.open()
	}
	w.wantShape("raised unexpected-version")
	w.record("example/watch", event("alice 4"))
	fatalIfErr(t, w.l.Flush(t.Context()))
	if r.count() != 2 || r.twice != 0 {
		t.Fatalf("%d alerts were delivered, %d twice", r.count(), r.twice)
	}
}

// TestCondition tells the beginning and the end of what lasts, by role, and tells it
// anew if it comes back.
func TestCondition(t *testing.T) {
	w := newWorld(t)
	w.open()
	c := condition(finding.Refused, 0)
	w.record("example/audit", c)
	w.record("example/audit", c)
	w.record("example/watch") // another role's round ends nothing
	w.wantShape("raised refused")
	w.open()
	w.record("example/audit")
	w.record("example/audit")
	w.wantShape("raised refused, resolved refused")
	w.record("example/audit", c)
	w.record("example/watch", c)
	w.wantShape("raised refused, resolved refused, raised refused, raised refused")
	list := w.list(Filter{})
	if list[1].Resolves != list[0].ID || list[0].Open || list[1].Open || !list[2].Open {
		t.Errorf("the alerts are %+v", list)
	}
	ids := make(map[string]bool)
	for i, a := range list {
		ids[a.ID] = true
		if a.Number != uint64(i+1) || a.Role == "" || a.Hint != map[State]string{Raised: "a hint"}[a.State] {
			t.Errorf("alert %d is %+v", i, a)
		}
	}
	if len(ids) != 4 {
		t.Errorf("the IDs are %v", ids)
	}
}

// TestFiles reads what plain files have.
func TestFiles(t *testing.T) {
	w := newWorld(t)
	w.open()
	w.record("example/audit", proof(t, "x", `{"schema":"ghostlight/evidence/v1"}`))
	a := w.list(Filter{})[0]
	data, err := os.ReadFile(w.path("alerts/" + a.ID + ".json"))
	fatalIfErr(t, err)
	if got, err := Parse(data); err != nil || *got != a.Alert {
		t.Errorf("the file has %+v, %v", got, err)
	}
	data, err = os.ReadFile(w.path(a.Evidence))
	fatalIfErr(t, err)
	if a.Evidence != "evidence/"+a.ID+".json" || string(data) != `{"schema":"ghostlight/evidence/v1"}` {
		t.Errorf("the copy of the evidence, %s, is %q", a.Evidence, data)
	}
}

// TestNoEvidence tells of misbehaviour also if the evidence is gone, is a folder, or
// never was.
func TestNoEvidence(t *testing.T) {
	w := newWorld(t)
	w.open()
	for i, path := range []string{"", "/nowhere/file", t.TempDir()} {
		f := proof(t, fmt.Sprint(i), "")
		f.File = path
		w.record("example/audit", f)
		a := w.list(Filter{})[i]
		if a.Class != finding.Evidence || a.Evidence != "" || !strings.Contains(a.Detail, "could not be copied") {
			t.Errorf("the alert for %q is %+v", path, a)
		}
	}
}

// TestPrivate looks for labels where they must not be.
func TestPrivate(t *testing.T) {
	w := newWorld(t)
	w.open()
	w.record("example/watch", event("alice@example.org"))
	latest, err := w.l.Latest(10)
	fatalIfErr(t, err)
	text, err := json.Marshal(latest)
	fatalIfErr(t, err)
	if len(latest) != 1 || strings.Contains(string(text), "alice") {
		t.Errorf("the public form is %s", text)
	}
	// Whoever guesses the label must not be able to tell from the ID.
	f := event("alice@example.org")
	if strings.Contains(latest[0].ID, f.Key()) {
		t.Errorf("the ID %s has the hash of the label", latest[0].ID)
	}
	other := newWorld(t)
	other.open()
	other.record("example/watch", f)
	if again, _ := other.l.Latest(1); again[0].ID == latest[0].ID {
		t.Error("two monitors have the same ID for a label")
	}
}

// TestTexts gives a dishonest directory the pen.
func TestTexts(t *testing.T) {
	w := newWorld(t)
	w.open()
	f := event("x")
	f.Summary = "one\r\nBcc: everybody\x1b[2J \u202eevil" + strings.Repeat("ä", 1000)
	f.Detail = "two\nlines\x00" + strings.Repeat("\"", 1<<20)
	f.Hint = string([]byte{0xff, 0xfe}) + strings.Repeat("<", 1<<20)
	f.Severity, f.Class = "catastrophe", "gossip"
	w.record(strings.Repeat("r\n", 1000), f)
	a := w.list(Filter{})[0]
	if strings.ContainsAny(a.Summary+a.Role, "\r\n\x1b\u202e") || len(a.Summary) > maxSummary || len(a.Role) > maxName {
		t.Errorf("summary %q, role %q", a.Summary, a.Role)
	}
	if !strings.HasPrefix(a.Detail, "two\nlines \"") || len(a.Detail) > maxDetail || len(a.Hint) > maxHint {
		t.Errorf("detail of %d bytes: %q", len(a.Detail), a.Detail[:20])
	}
	if a.Severity != finding.Warning || a.Class != finding.Report {
		t.Errorf("severity %s, class %s", a.Severity, a.Class)
	}
	if n := len(a.Marshal()); n > MaxSize {
		t.Errorf("the file has %d bytes", n)
	}
	w.open()
}

// TestAcks acknowledges as another process does.
func TestAcks(t *testing.T) {
	w := newWorld(t)
	w.open()
	w.record("example/audit", event("x"), condition(finding.Refused, 0))
	list := w.list(Filter{})
	counts := func(critical, warning int) {
		t.Helper()
		got, err := w.l.Counts("example")
		fatalIfErr(t, err)
		if got[finding.Critical] != critical || got[finding.Warning] != warning {
			t.Errorf("the counts are %v", got)
		}
	}
	counts(1, 1)
	for _, a := range list {
		fatalIfErr(t, WriteAck(w.cfg.Dir, a.ID, "bob\n", "it was me"))
		wantErr(t, WriteAck(w.cfg.Dir, a.ID, "carol", ""), ErrAcknowledged)
	}
	wantErr(t, WriteAck(w.cfg.Dir, strings.Repeat("0", 16)+"-1", "bob", ""), ErrUnknown)
	for _, id := range []string{"", "../../etc/passwd", list[0].ID + "/..", strings.ToUpper(list[0].ID)} {
		if err := WriteAck(w.cfg.Dir, id, "bob", ""); err == nil {
			t.Errorf("%q was acknowledged", id)
		}
	}
	fatalIfErr(t, w.takeAcks())
	counts(0, 0)
	for i := range 2 {
		list = w.list(Filter{})
		for _, a := range list {
			if a.Ack == nil || a.Ack.By != "bob" || a.Ack.Note != "it was me" || a.Open != a.Condition {
				t.Errorf("round %d: %+v", i, a)
			}
		}
		w.record("example/audit", event("x"), condition(finding.Refused, 0))
		w.open()
	}
	w.wantShape("raised unexpected-version, raised refused")
	w.record("example/audit")
	w.wantShape("raised unexpected-version, raised refused, resolved refused")
	w.record("example/audit", condition(finding.Refused, 0))
	if last := w.list(Filter{Open: true}); len(last) != 1 || last[0].Ack != nil {
		t.Errorf("the acknowledgement lasted longer than the condition: %+v", last)
	}
}

// TestFlood finds far more than anybody reads.
func TestFlood(t *testing.T) {
	w := newWorld(t)
	w.cfg.MaxConditions = 500
	w.open()
	var all []finding.Finding
	for i := range 10_000 {
		f := event(fmt.Sprint(i))
		f.Condition = i%2 == 0
		if f.Condition {
			f.Rule = finding.ChangedValue
		}
		all = append(all, f)
	}
	all = append(all, proof(t, "y", "{}"), condition(finding.Stalled, 0))
	w.record("example/watch", all...)
	byRule := make(map[finding.Rule]int)
	for _, a := range w.list(Filter{}) {
		byRule[a.Rule]++
	}
	want := map[finding.Rule]int{"fork": 1, finding.UnexpectedVersion: 101, finding.ChangedValue: 101, finding.Failed: 1}
	if fmt.Sprint(byRule) != fmt.Sprint(want) {
		t.Errorf("the alerts are %v, want %v", byRule, want)
	}
	n := len(w.list(Filter{}))
	w.record("example/watch", all...) // on the same day
	if again := len(w.list(Filter{})); again != n {
		t.Errorf("%d alerts more", again-n)
	}
	conditions := 0
	fatalIfErr(t, w.l.store.scan("c", func(string, []byte) error { conditions++; return nil }))
	if conditions != 501 {
		t.Errorf("%d conditions are kept", conditions)
	}
	w.record("example/watch")
	if left := w.list(Filter{Open: true}); len(left) != 103 {
		t.Errorf("%d are open", len(left))
	}
}

func TestMetrics(t *testing.T) {
	r := newRecorder("r")
	w := newWorld(t, r)
	w.cfg.Metrics = NewMetrics()
	w.open()
	w.record("example/watch", event("1"), event("2"), proof(t, "x", "{}"))
	r.fail(fmt.Errorf("no"))
	if err := w.l.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "3 alerts wait") {
		t.Errorf("flush: %v", err)
	}
	want := `
# HELP ghostlight_monitor_alerts_total Alerts since the start, by rule, class and state.
# TYPE ghostlight_monitor_alerts_total counter
ghostlight_monitor_alerts_total{class="evidence",rule="fork",state="raised"} 1
ghostlight_monitor_alerts_total{class="report",rule="unexpected-version",state="raised"} 2
# HELP ghostlight_monitor_deliveries_total Attempts to deliver an alert since the start, by sink and result.
# TYPE ghostlight_monitor_deliveries_total counter
ghostlight_monitor_deliveries_total{result="failed",sink="r"} 1
ghostlight_monitor_deliveries_total{result="ok",sink="r"} 0
# HELP ghostlight_monitor_deliveries_waiting Alerts that a sink has not delivered yet.
# TYPE ghostlight_monitor_deliveries_waiting gauge
ghostlight_monitor_deliveries_waiting{sink="r"} 3
`
	fatalIfErr(t, testutil.CollectAndCompare(w.cfg.Metrics, strings.NewReader(want)))
}

// TestOpenErrors opens what must not be opened, and changes nothing.
func TestOpenErrors(t *testing.T) {
	w := newWorld(t)
	w.open()
	w.record("a", event("x"))
	if _, _, err := Open(w.cfg); err == nil || !strings.Contains(err.Error(), pebbleguard.ErrLocked.Error()) {
		t.Errorf("opened twice: %v", err)
	}
	b := w.l.store.db.NewBatch()
	fatalIfErr(t, w.l.store.commit(b, b.Set([]byte(formatName), []byte("ghostlight.alerts.v2"), nil)))
	w.close()
	_, _, err := Open(w.cfg)
	wantErr(t, err, errForeign)
	if _, err := os.Stat(w.path("ledger.damaged-1")); err == nil {
		t.Error("a ledger of a newer program was moved")
	}
	for _, names := range [][]string{{"a", "a"}, {"A"}, {""}, {"../a"}, {strings.Repeat("a", 61)}} {
		var sinks []Sink
		for _, name := range names {
			sinks = append(sinks, newRecorder(name))
		}
		if _, _, err := Open(Config{Dir: t.TempDir(), Sinks: sinks}); err == nil {
			t.Errorf("opened with sinks %q", names)
		}
	}
}

func TestClosed(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.close()
	wantErr(t, l.Record(t.Context(), "a", finding.Round{}), errClosed)
	_, err := l.List(Filter{})
	wantErr(t, err, errClosed)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, l.Record(ctx, "a", finding.Round{}), context.Canceled)
}
