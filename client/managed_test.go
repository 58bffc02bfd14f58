package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// managedWorld is a log that a third party manages, behind HTTP, and a client that
// trusts it.
type managedWorld struct {
	*testing.T
	log   *keytranstest.Log
	label func(name string) keytrans.Label
	c     *client.Client
	trust *client.TrustResult
}

// managedStart is the time of the first entry, in milliseconds: so late that the
// first entries are distinguished.
const managedStart = 1_700_000_000_000

func newManagedWorld(t *testing.T) *managedWorld {
	t.Helper()
	w := &managedWorld{T: t, log: keytranstest.New(keytranstest.Options{Mode: keytrans.ThirdPartyManagement, Window: 60_000, Seed: "managed"})}
	w.label = func(name string) keytrans.Label { return w.log.Label(name) }
	w.append(keytranstest.Pad(2))
	server := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(server.Close)
	root, cfg := t.TempDir(), client.Config{Now: w.now, HTTP: server.Client(), Backoff: time.Millisecond}
	var err error
	if w.trust, err = client.Trust(bg, root, server.URL, "", cfg); err != nil {
		t.Fatal(err)
	}
	if w.c, err = client.Open(root, server.URL, cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// append adds an entry a second after the last one.
func (w *managedWorld) append(changes ...keytranstest.Change) {
	w.log.Append(managedStart+1000*w.log.Size(), changes...)
}

func (w *managedWorld) now() time.Time { return w.log.Now(w.log.Size()) }

func (w *managedWorld) serve(rw http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.URL.Path, "/v1/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	var answer []byte
	switch {
	case operation == "configuration":
		answer, err = w.log.Config.Marshal()
	case operation == keytranstest.Search && w.asksForSkipped(body):
		w.refuse(rw, http.StatusNotFound, "version-skipped", "version")
		return
	default:
		d := w.log.Directory(w.log.Size())
		d.Label = w.label
		answer, err = d.Answer(operation, body)
	}
	switch {
	case errors.Is(err, keytrans.ErrNoVersion):
		w.refuse(rw, http.StatusNotFound, "unknown-label", "label")
	case err != nil:
		w.refuse(rw, http.StatusConflict, "conflict", "greatest_version")
	default:
		rw.Header().Set("Content-Type", "application/octet-stream")
		_, _ = rw.Write(answer)
	}
}

func (w *managedWorld) asksForSkipped(body []byte) bool {
	q, err := keytrans.ParseSearchRequest(body)
	if err != nil || q.Version == nil {
		return false
	}
	versions := w.log.Label(string(q.Label)).Versions
	return int(*q.Version) < len(versions) && versions[*q.Version].Skipped
}

func (w *managedWorld) refuse(rw http.ResponseWriter, status int, problem, field string) {
	a := clienttest.Problem(status, problem, field, "")
	rw.Header().Set("Content-Type", a.Type)
	rw.WriteHeader(a.Status)
	_, _ = rw.Write(a.Body)
}

// TestManagedTrust: who trusts a managed directory is told of both keys.
func TestManagedTrust(t *testing.T) {
	w := newManagedWorld(t)
	if w.trust.Mode != client.ModeThirdPartyManagement || string(w.trust.LeafKey) != string(w.log.Keys.Leaf.Public()) ||
		string(w.trust.SignatureKey) != string(w.log.Keys.Signer.Public()) {
		t.Errorf("%+v", w.trust.Signers)
	}
}

// TestManagedHistory: skipped versions are told apart from such as are not to be
// had, and proven where a search comes by.
func TestManagedHistory(t *testing.T) {
	w := newManagedWorld(t)
	w.append(keytranstest.Create(alice, "zero"))
	w.append(keytranstest.Skip(alice, 1), keytranstest.Create(alice, "two"))
	h, err := w.c.History(bg, alice, 0)
	if err != nil {
		t.Fatal(err)
	}
	if v := h.Versions[1]; v.Missing != "skipped" || !v.Proven() || v.Value != nil {
		t.Errorf("version 1: %+v", v)
	}
	if h.Kind() != 0 || !strings.Contains(h.Verdict.Reason, "2 versions are proven, and that 1 more were skipped") {
		t.Errorf("%v", h.Verdict)
	}
	// The search for version 5 does not come by version 4, and no other is left.
	w.append(keytranstest.Skip(alice, 2), keytranstest.Create(alice, "five"))
	if h, err = w.c.History(bg, alice, 2); err != nil {
		t.Fatal(err)
	}
	if v := h.Versions[1]; v.Missing != "skipped" || v.Proven() {
		t.Errorf("version 4: %+v", v)
	}
	if h.Verdict.Outcome != client.OutcomeChanged {
		t.Errorf("%v", h.Verdict)
	}
	if h, err = w.c.History(bg, alice, 2); err != nil || h.Kind() != client.Undecided {
		t.Errorf("%v %v", h.Verdict, err)
	}
	_, err = w.c.Lookup(bg, alice, ptr[uint32](1))
	wantKind(t, err, client.Undecided, "version")
}

// TestManagedOwner: an owner is told of new versions with skipped ones before them,
// and only of those that have a value.
func TestManagedOwner(t *testing.T) {
	w := newManagedWorld(t)
	w.append(keytranstest.Create(alice, "zero"))
	if _, err := w.c.Own(bg, alice); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		w.append(keytranstest.Skip(alice, i+1), keytranstest.Create(alice, fmt.Sprint("value ", i), fmt.Sprint("more ", i)))
		w.append(keytranstest.Pad(1))
	}
	r, err := w.c.Watch(bg)
	if err != nil {
		t.Fatal(err)
	}
	var versions []uint32
	for _, u := range r.Reports[0].Unexpected {
		versions = append(versions, u.Version)
	}
	if got := fmt.Sprint(versions); got != "[2 3 6 7 11 12]" || *r.Reports[0].Version != 12 {
		t.Errorf("unexpected versions %v: %+v", got, r.Reports[0])
	}
}

// TestManagedUnsigned: a value that the operator has not signed is evidence.
func TestManagedUnsigned(t *testing.T) {
	w := newManagedWorld(t)
	w.append(keytranstest.Create(alice, "zero"))
	if _, err := w.c.Lookup(bg, alice, nil); err != nil {
		t.Fatal(err)
	}
	v := w.log.NewVersion(alice, 1, w.log.Size(), "one")
	v.Value.Signature = w.log.NewVersion(alice, 2, 0, "one").Value.Signature
	var err error
	if v.Commitment, err = keytrans.Commit(w.log.Config.Mode, v.Opening, []byte(alice), 1, v.Value); err != nil {
		t.Fatal(err)
	}
	w.append(keytranstest.Put(alice, 1, v.Commitment))
	w.label = func(name string) keytrans.Label {
		l := w.log.Label(name)
		l.Versions = append(l.Versions, v)
		return l
	}
	_, err = w.c.Lookup(bg, alice, nil)
	e := wantKind(t, err, client.Misbehaved, "the operator's signature of version 1")
	if data, err := os.ReadFile(e.Evidence); err != nil || !strings.Contains(string(data), `"contradiction"`) {
		t.Errorf("evidence: %v", err)
	}
}
