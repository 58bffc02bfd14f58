package alert

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// recorder is a receiver that refuses to be told the same alert twice by two texts.
type recorder struct {
	name string

	mu    sync.Mutex
	got   []string // IDs, in order, each once
	texts map[string]string
	twice int   // how many were repeated
	err   error // what Deliver returns
	calls []time.Time
}

func newRecorder(name string) *recorder { return &recorder{name: name, texts: make(map[string]string)} }

func (r *recorder) Name() string { return r.name }

func (r *recorder) Deliver(_ context.Context, a *Alert) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, time.Now())
	if r.err != nil {
		return r.err
	}
	old, repeated := r.texts[a.ID]
	if repeated && old != string(a.Line()) {
		return fmt.Errorf("%s has two texts", a.ID)
	}
	if repeated {
		r.twice++
		return nil
	}
	r.texts[a.ID] = string(a.Line())
	r.got = append(r.got, a.ID)
	return nil
}

func (r *recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

// world is a ledger under test.
type world struct {
	t   testing.TB
	cfg Config
	l   *Ledger
}

func newWorld(t testing.TB, sinks ...Sink) *world {
	w := &world{t: t, cfg: Config{Dir: filepath.Join(t.TempDir(), "data"), Sinks: sinks}}
	t.Cleanup(func() { w.close() })
	return w
}

// open opens the ledger, which must have nothing to say.
func (w *world) open() *Ledger {
	w.t.Helper()
	if found := w.reopen(); len(found) > 0 {
		w.t.Fatalf("unexpected findings: %+v", found)
	}
	return w.l
}

func (w *world) reopen() []finding.Finding {
	w.t.Helper()
	w.close()
	l, found, err := Open(w.cfg)
	fatalIfErr(w.t, err)
	w.l = l
	return found
}

func (w *world) close() {
	if w.l != nil {
		fatalIfErr(w.t, w.l.Close())
		w.l = nil
	}
}

func (w *world) record(role string, findings ...finding.Finding) {
	w.t.Helper()
	fatalIfErr(w.t, w.l.Record(context.Background(), role, finding.Round{Findings: findings}))
}

func (w *world) path(name string) string { return filepath.Join(w.cfg.Dir, filepath.FromSlash(name)) }

// list returns all alerts, the oldest first.
func (w *world) list(f Filter) []Listed {
	w.t.Helper()
	list, err := w.l.List(f)
	fatalIfErr(w.t, err)
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// shape says of what states and rules the alerts are, such as "raised failed".
func (w *world) shape() string {
	w.t.Helper()
	var out []string
	for _, a := range w.list(Filter{}) {
		out = append(out, fmt.Sprintf("%s %s", a.State, a.Rule))
	}
	return strings.Join(out, ", ")
}

func (w *world) wantShape(want string) {
	w.t.Helper()
	if got := w.shape(); got != want {
		w.t.Fatalf("the alerts are\n%s\nwant\n%s", got, want)
	}
}

func condition(rule finding.Rule, after time.Duration) finding.Finding {
	return finding.Finding{
		Rule: rule, Class: finding.Report, Severity: finding.Warning, Directory: "example",
		Summary: "something lasts", Detail: "a detail", Hint: "a hint", Condition: true, After: after,
	}
}

func event(subject string) finding.Finding {
	return finding.Finding{
		Rule: finding.UnexpectedVersion, Class: finding.Report, Severity: finding.Critical, Directory: "example",
		Subject: subject, Summary: "a version that nobody expected", Detail: "of " + subject,
	}
}

// proof returns a finding with an evidence file.
func proof(t testing.TB, subject, content string) finding.Finding {
	t.Helper()
	path := filepath.Join(t.TempDir(), "evidence.json")
	fatalIfErr(t, os.WriteFile(path, []byte(content), 0o600))
	return finding.Finding{
		Rule: "fork", Class: finding.Evidence, Severity: finding.Critical, Directory: "example",
		Subject: subject, Summary: "two heads that cannot both be true", File: path,
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("the error is %v, want %v", err, want)
	}
}

// ack acknowledges an alert, and has the ledger know of it.
func (w *world) ack(id, by, note string) error {
	return errors.Join(WriteAck(w.l.cfg.Dir, id, by, note), w.takeAcks())
}

func (w *world) takeAcks() error {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	return w.l.takeAcks()
}
