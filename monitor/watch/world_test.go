package watch_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/watch"
)

const (
	alice = "alice@example.org"
	bob   = "bob@example.org"
	carol = "carol@example.org"
)

// world is a directory, and a monitor that watches it.
type world struct {
	testing.TB
	dir    *clienttest.Directory
	server *httptest.Server
	folder string
	client *client.Client
	labels []watch.Label
	w      *watch.Watcher
}

var both = []watch.Label{{Label: alice, Role: watch.Owner, Alias: "Alice's keys"}, {Label: bob, Role: watch.Contact}}

// newWorld returns a world in which alice and bob have a version each.
func newWorld(t testing.TB, labels ...watch.Label) *world {
	t.Helper()
	d := clienttest.New()
	w := &world{TB: t, dir: d, server: httptest.NewServer(d), folder: t.TempDir(), labels: labels}
	t.Cleanup(w.server.Close)
	d.Tick(4, clienttest.Window/2)
	w.insert(alice, "a")
	w.insert(bob, "b")
	cfg := client.Config{Now: d.Clock.Now, HTTP: w.server.Client(), Retries: -1, LockWait: 100 * time.Millisecond}
	_, err := client.Trust(t.Context(), w.root(), w.server.URL, "", cfg)
	fatalIfErr(t, err)
	w.client, err = client.Open(w.root(), w.server.URL, cfg)
	fatalIfErr(t, err)
	w.open()
	return w
}

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) root() string     { return filepath.Join(w.folder, "client") }
func (w *world) expected() string { return filepath.Join(w.folder, "expected") }
func (w *world) record() string   { return filepath.Join(w.folder, "watch", "watched.json") }

// open starts the watcher, as after a restart.
func (w *world) open() {
	w.Helper()
	var err error
	w.w, err = watch.Open(watch.Config{
		Name: "test", Client: w.client, Dir: filepath.Join(w.folder, "watch"), Labels: w.labels,
		Expected: w.expected(), Now: w.dir.Clock.Now,
	})
	fatalIfErr(w, err)
}

// round does a round, and checks what is true of each.
func (w *world) round() finding.Round {
	w.Helper()
	r := w.w.Round(w.Context())
	keys := make(map[string]bool)
	for i := range r.Findings {
		f := &r.Findings[i]
		if keys[f.Key()] {
			w.Errorf("there twice: %+v", f)
		}
		keys[f.Key()] = true
		for _, l := range w.labels {
			if strings.Contains(f.Summary, l.Label) {
				w.Errorf("a label in a summary: %s", f.Summary)
			}
		}
		if f.Directory != "test" || f.Summary == "" || (f.Class == finding.Evidence) != (f.File != "") {
			w.Errorf("%+v", f)
		}
	}
	return r
}

// rules returns the rules of findings, but for those of labels that are taken over.
func rules(r finding.Round) []finding.Rule {
	out := []finding.Rule{}
	for _, f := range r.Findings {
		if f.Rule != finding.TakenOver {
			out = append(out, f.Rule)
		}
	}
	return out
}

// wants does a round and requires the rules of its findings, in any order.
func (w *world) wants(want ...finding.Rule) finding.Round {
	w.Helper()
	r := w.round()
	got := rules(r)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.Fatalf("rules %v, want %v: %+v", got, want, r.Findings)
	}
	return r
}

// find returns the finding of a rule, of which there must be one.
func (w *world) find(r finding.Round, rule finding.Rule, texts ...string) *finding.Finding {
	w.Helper()
	var out *finding.Finding
	for i := range r.Findings {
		if r.Findings[i].Rule == rule {
			if out != nil {
				w.Fatalf("%s is there twice: %+v", rule, r.Findings)
			}
			out = &r.Findings[i]
		}
	}
	if out == nil {
		w.Fatalf("no %s: %+v", rule, r.Findings)
	}
	for _, text := range texts {
		if !strings.Contains(out.Detail, text) {
			w.Errorf("%q is not in the detail of %s: %s", text, rule, out.Detail)
		}
	}
	return out
}

func (w *world) insert(label, names string) {
	w.dir.Insert(clienttest.Update{Label: label, Values: [][]byte{keys(names)}})
}

func (w *world) expect(label, names string) watch.Expectation {
	w.Helper()
	e, err := watch.Expect(w.expected(), "test", label, keys(names), "", w.dir.Clock.Now())
	fatalIfErr(w, err)
	return e
}

// expectations returns how many are left.
func (w *world) expectations() int {
	w.Helper()
	list, err := watch.Expectations(w.expected())
	fatalIfErr(w, err)
	return len(list)
}

func (w *world) writeFile(path, content string) {
	w.Helper()
	fatalIfErr(w, os.MkdirAll(filepath.Dir(path), 0o700))
	fatalIfErr(w, os.WriteFile(path, []byte(content), 0o600))
}

func (w *world) readFile(path string) string {
	w.Helper()
	data, err := os.ReadFile(path)
	fatalIfErr(w, err)
	return string(data)
}

// keys returns the encoding of a key set of made-up keys, one for each letter.
func keys(names string) []byte {
	var set keyset.Set
	for _, n := range names {
		set.Keys = append(set.Keys, key(n))
	}
	b, err := set.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

func key(n rune) keyset.Key {
	return keyset.Key{Format: keyset.FormatX25519, Data: []byte(strings.Repeat(string(n), 32))}
}

func fingerprint(n rune) string { return key(n).Fingerprint() }
