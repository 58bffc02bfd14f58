package client_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

const alice = "alice@example.org"

// world is a directory, its server and a client that trusts it.
type world struct {
	*testing.T
	dir    *clienttest.Directory
	server *httptest.Server
	http   *http.Client
	root   string
	c      *client.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOf(t, clienttest.New())
}

// mortalWorld is newWorld with a directory in which log entries expire.
func mortalWorld(t *testing.T, lifetime time.Duration) *world {
	t.Helper()
	d := clienttest.New()
	d.Configuration().MaximumLifetime = ptr(uint64(lifetime.Milliseconds()))
	d.Insert() // under the configuration as it is now
	return worldOf(t, d)
}

func worldOf(t *testing.T, d *clienttest.Directory) *world {
	t.Helper()
	w := &world{T: t, dir: d, server: httptest.NewServer(d), root: t.TempDir()}
	t.Cleanup(w.server.Close)
	w.http = w.server.Client()
	w.c = w.trust()
	return w
}

// bubbleWorld is newWorld for a bubble of testing/synctest: it has no network, of
// which the bubble does not know whether something is still to come from it.
func bubbleWorld(t *testing.T) *world {
	t.Helper()
	d := clienttest.New()
	w := &world{T: t, dir: d, server: &httptest.Server{URL: "http://localhost", Config: &http.Server{Handler: d}}, root: t.TempDir()}
	w.http = &http.Client{Transport: transportFunc(w.roundTrip)}
	w.c = w.trust()
	return w
}

// roundTrip has the handler answer a request, for as long as it is waited for.
func (w *world) roundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	done := make(chan error, 1)
	go func() {
		defer func() {
			p := recover()
			if p != nil && p != http.ErrAbortHandler {
				panic(p)
			}
			err, _ := p.(error)
			done <- err
		}()
		w.server.Config.Handler.ServeHTTP(answer, r)
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case err := <-done:
		return answer.Result(), err
	}
}

func (w *world) config() client.Config {
	return client.Config{
		Now: w.dir.Clock.Now, HTTP: w.http, Backoff: time.Millisecond, Retries: 2, LockWait: 200 * time.Millisecond,
	}
}

func (w *world) trust() *client.Client {
	w.Helper()
	if _, err := client.Trust(w.Context(), w.root, w.server.URL, "", w.config()); err != nil {
		w.Fatal(err)
	}
	c, err := client.Open(w.root, w.server.URL, w.config())
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// become makes the server answer for another directory.
func (w *world) become(d *clienttest.Directory) { w.server.Config.Handler = d }

func (w *world) stateFile() string { return filepath.Join(w.c.StateDir(), "state.json") }

// removePrevious removes the state that damaged state is replaced by.
func (w *world) removePrevious() {
	w.Helper()
	if err := os.Remove(w.stateFile() + ".previous"); err != nil {
		w.Fatal(err)
	}
}

func (w *world) readState() string {
	w.Helper()
	return w.readFile(w.stateFile())
}

func (w *world) readFile(path string) string {
	w.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		w.Fatal(err)
	}
	return string(b)
}

func (w *world) lookup(label string) *client.LookupResult {
	w.Helper()
	r, err := w.c.Lookup(w.Context(), label, nil)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) publish(label string, value []byte) *client.PublishResult {
	w.Helper()
	r, err := w.c.Publish(w.Context(), label, value, client.PublishOptions{Token: w.dir.Token})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) own(label string) *client.OwnResult {
	w.Helper()
	r, err := w.c.Own(w.Context(), label)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) watch() *client.WatchResult {
	w.Helper()
	r, err := w.c.Watch(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// report returns the report on a label.
func (w *world) report(label, role string) client.Report {
	w.Helper()
	for _, r := range w.watch().Reports {
		if r.Label == label && r.Role == role {
			return r
		}
	}
	w.Fatalf("no report on %s as %s", label, role)
	return client.Report{}
}

// settle lets so much time pass that everything is covered by a distinguished
// log entry.
func (w *world) settle() { w.dir.Tick(8, clienttest.Window/2) }

func (w *world) outcome(got client.Verdict, want client.Outcome) {
	w.Helper()
	if got.Outcome != want {
		w.Errorf("verdict %q, want %q", got, want)
	}
	if got.CheckedBy == "" {
		w.Error("a verdict without who checked it")
	}
}

// wantKind checks an error's kind and returns it as an *Error.
func wantKind(t testing.TB, err error, want client.Kind, text string) *client.Error {
	t.Helper()
	if got := client.KindOf(err); got != want {
		t.Fatalf("error of kind %v, want %v: %v", got, want, err)
	}
	if !strings.Contains(err.Error(), text) {
		t.Fatalf("error %q does not contain %q", err, text)
	}
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T is no *client.Error", err)
	}
	return e
}

// keys returns the encoding of a key set of made-up X25519 keys, one for each
// letter.
func keys(names string) []byte {
	var set keyset.Set
	for _, n := range names {
		data := []byte(strings.Repeat(string(n), 32))
		set.Keys = append(set.Keys, keyset.Key{Format: keyset.FormatX25519, Data: data, Name: "device " + string(n)})
	}
	b, err := set.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

func fingerprint(name string) string {
	return keyset.Key{Format: keyset.FormatX25519, Data: []byte(strings.Repeat(name, 32))}.Fingerprint()
}

func ptr[T any](v T) *T { return &v }

var bg = context.Background()

// hexBytes is a hash in hexadecimal.
type hexBytes [32]byte

func (h *hexBytes) UnmarshalText(text []byte) error {
	_, err := hex.Decode(h[:], text)
	return err
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// cut replaces the part of s from the beginning of from to the end of to.
func cut(s, from, to, with string) string {
	before, rest, ok := strings.Cut(s, from)
	_, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		return s
	}
	return before + with + after
}

// editPending replaces something behind the beginning of the pending entries of a
// state file.
func editPending(s, old, with string) string {
	before, pending, _ := strings.Cut(s, `"pending":[{"position"`)
	return before + `"pending":[{"position"` + strings.Replace(pending, old, with, 1)
}

// withoutRecent takes the recent distinguished heads out of a state file.
func withoutRecent(s string) string { return cut(s, `,"recent_distinguished":[`, `}]}]`, "") }

// reseal gives a state file that was changed another version and a checksum that
// fits.
func reseal(t *testing.T, file string, version int) []byte {
	t.Helper()
	_, inner, ok := strings.Cut(file, `"state":`)
	inner = strings.TrimSuffix(inner, "}\n")
	if !ok {
		t.Fatal("not a state file")
	}
	return fmt.Appendf(nil, `{"format":"ghostlight-state","version":%d,"sha256":"%x","state":%s}`, version, sha256.Sum256([]byte(inner)), inner)
}
