package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// offline is a client with the state of w whose every request fails the test.
func (w *world) offline() *client.Client {
	w.Helper()
	cfg := w.config()
	cfg.HTTP = &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		w.Errorf("a request of %s", r.URL)
		return nil, errors.New("offline")
	})}
	c, err := client.Open(w.root, w.server.URL, cfg)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// another is another person's client of the same directory.
func (w *world) another() *world {
	w.Helper()
	o := &world{T: w.T, dir: w.dir, server: w.server, http: w.http, root: w.TempDir()}
	o.c = o.trust()
	return o
}

func (w *world) credential(label string, opt client.CredentialOptions) *client.MadeCredential {
	w.Helper()
	r, err := w.c.CreateCredential(w.Context(), label, opt)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// verifyOffline verifies a credential, which must not change the state.
func (w *world) verifyOffline(file []byte) (*client.CredentialResult, error) {
	w.Helper()
	before := w.readState()
	r, err := w.offline().VerifyCredential(w.Context(), file)
	if w.readState() != before {
		w.Error("the verification of a credential changed the state")
	}
	return r, err
}

func (w *world) updateOffline(update, credential []byte) (*client.CredentialResult, error) {
	w.Helper()
	before := w.readState()
	r, err := w.offline().UpdateCredential(w.Context(), update, credential)
	if w.readState() != before {
		w.Error("the update of a credential changed the state")
	}
	return r, err
}

func (w *world) credentialFiles() []string {
	w.Helper()
	files, err := filepath.Glob(filepath.Join(w.c.StateDir(), "credentials", "*"))
	if err != nil {
		w.Fatal(err)
	}
	return files
}

// newCredentialWorld has alice's keys in the log, looked up by w.
func newCredentialWorld(t *testing.T) (sender, receiver *world) {
	w := newWorld(t)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("ab")}})
	w.settle()
	w.lookup(alice)
	return w, w.another()
}

func TestStandardCredential(t *testing.T) {
	w, o := newCredentialWorld(t)
	made := w.credential(alice, client.CredentialOptions{})
	if made.Type != "standard" || made.Terminal != nil {
		t.Fatalf("%+v", made)
	}
	o.watch()
	r, err := o.verifyOffline(made.File)
	if err != nil {
		t.Fatal(err)
	}
	o.outcome(r.Verdict, client.OutcomeVerified)
	if !r.Final || r.Label != alice || r.Version != 0 || string(r.Bytes) != string(keys("ab")) || len(r.Value.Keys) != 2 || r.Position != made.Position {
		t.Errorf("%+v", r)
	}
	if n := len(o.credentialFiles()) + len(w.credentialFiles()); n != 0 {
		t.Errorf("%d files are kept for a standard credential", n)
	}

	// Who has seen nothing of that log entry, or does not find it recent any more.
	w.dir.Tick(30, clienttest.Window)
	late := w.another()
	_, err = late.verifyOffline(made.File)
	e := wantKind(t, err, client.Undecided, "no recent distinguished log entry")
	if !strings.Contains(e.Hint, "expired") {
		t.Errorf("hint %q", e.Hint)
	}
	o.watch()
	_, err = o.verifyOffline(made.File)
	wantKind(t, err, client.Undecided, "no recent distinguished log entry")
	w.watch()
	again := w.credential(alice, client.CredentialOptions{})
	_, err = o.verifyOffline(again.File)
	if err != nil {
		t.Error(err)
	}
}

func TestCredentialFiles(t *testing.T) {
	w, o := newCredentialWorld(t)
	made := w.credential(alice, client.CredentialOptions{})
	file := string(made.File)
	for name, c := range map[string]struct {
		file string
		kind client.Kind
		text string
	}{
		"empty":                 {"", client.Undecided, "neither a credential"},
		"of a later version":    {strings.Replace(file, `"version": 1`, `"version": 2`, 1), client.Undecided, "version 2"},
		"with more":             {strings.Replace(file, `"version": 1`, `"version": 1, "more": 1`, 1), client.Undecided, "unknown field"},
		"twice":                 {file + file, client.Undecided, "neither a credential"},
		"something else":        {strings.Replace(file, "ghostlight-credential", "another", 1), client.Undecided, "neither a credential"},
		"nothing in it":         {cut(file, `"credential": "`, `"`, `"credential": ""`), client.Undecided, "neither a credential"},
		"cut":                   {cut(file, `"credential": "`, `"`, `"credential": "AAAA"`), client.Undecided, "malformed"},
		"no credential":         {strings.Replace(file, `"credential"`, `"update"`, 1), client.Undecided, "neither a credential"},
		"another configuration": {cut(file, `"configuration_sha256": "`, `"`, `"configuration_sha256": "00"`), client.Usage, "of another directory"},
		"an update":             {updateFile(t, file, "00"), client.Usage, "not a credential"},
	} {
		_, err := o.verifyOffline([]byte(c.file))
		t.Log(name)
		wantKind(t, err, c.kind, c.text)
	}
	_, err := o.updateOffline(made.File, nil)
	wantKind(t, err, client.Usage, "not an update")
	for _, id := range []string{"00", "../../state", strings.Repeat("0", 64)} {
		_, err = o.updateOffline([]byte(updateFile(t, file, id)), nil)
		wantKind(t, err, client.Usage, "has not verified")
	}
	_, err = o.updateOffline([]byte(updateFile(t, file, "00")), made.File)
	wantKind(t, err, client.Usage, "of another credential")
}

// updateFile makes a file of an update of the credential with the given SHA-256.
func updateFile(t *testing.T, credential, id string) string {
	t.Helper()
	var j map[string]any
	if err := json.Unmarshal([]byte(credential), &j); err != nil {
		t.Fatal(err)
	}
	delete(j, "credential")
	j["format"], j["credential_sha256"], j["update"] = "ghostlight-credential-update", id, []byte("AAAA")
	b, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// editCredential returns a credential file whose credential was changed.
func editCredential(t *testing.T, w *world, file []byte, change func(c *keytrans.Credential)) []byte {
	t.Helper()
	var j map[string]any
	if err := json.Unmarshal(file, &j); err != nil {
		t.Fatal(err)
	}
	var raw struct{ Credential []byte }
	if err := json.Unmarshal(file, &raw); err != nil {
		t.Fatal(err)
	}
	c, err := keytrans.ParseCredential(w.dir.Configuration(), raw.Credential)
	if err != nil {
		t.Fatal(err)
	}
	change(c)
	if j["credential"], err = c.Marshal(w.dir.Configuration()); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestForgedCredential(t *testing.T) {
	w, o := newCredentialWorld(t)
	for _, opt := range []client.CredentialOptions{{}, {Provisional: true}} {
		made := w.credential(alice, opt)
		o.watch()
		for name, change := range map[string]func(c *keytrans.Credential){
			"label":   func(c *keytrans.Credential) { c.Label = []byte("bob@example.org") },
			"value":   func(c *keytrans.Credential) { c.Value.Value = keys("x") },
			"version": func(c *keytrans.Credential) { c.Version++ },
			"opening": func(c *keytrans.Credential) { c.Opening[0]++ },
		} {
			_, err := o.verifyOffline(editCredential(t, w, made.File, change))
			t.Log(name)
			e := wantKind(t, err, client.Undecided, "does not verify")
			if e.Evidence != "" {
				t.Error("there is evidence against an honest directory")
			}
		}
		_, err := o.verifyOffline(editCredential(t, w, made.File, func(c *keytrans.Credential) { c.Label = nil }))
		wantKind(t, err, client.Undecided, "a label has")
	}
	if n := len(o.credentialFiles()); n != 0 {
		t.Errorf("%d files are kept for credentials that do not verify", n)
	}
}

func TestNoCredential(t *testing.T) {
	w, _ := newCredentialWorld(t)
	_, err := w.c.CreateCredential(bg, "", client.CredentialOptions{})
	wantKind(t, err, client.Usage, "a label has")
	_, err = w.c.CreateCredential(bg, "bob@example.org", client.CredentialOptions{})
	wantKind(t, err, client.Usage, "neither owns the label")
}

// freshKeys gives alice new keys, in a log entry that no distinguished one covers
// and that will not become one.
func (w *world) freshKeys(names string) {
	w.align()
	w.dir.Clock.Add(time.Second)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys(names)}})
}

// align makes the next log entry one without descendants in the search tree.
func (w *world) align() {
	for w.dir.Size()%4 != 0 {
		w.dir.Tick(1, time.Second)
	}
}

// TestProvisionalCredential takes the way by which the sender provides an update.
func TestProvisionalCredential(t *testing.T) {
	w, o := newCredentialWorld(t)
	w.freshKeys("abc")
	made := w.credential(alice, client.CredentialOptions{})
	if made.Type != "provisional" || made.Terminal == nil || made.Version != 1 {
		t.Fatalf("%+v", made.Verdict)
	}
	w.outcome(made.Verdict, client.OutcomeMonitored)
	o.watch()
	r, err := o.verifyOffline(made.File)
	if err != nil {
		t.Fatal(err)
	}
	o.outcome(r.Verdict, client.OutcomeMonitored)
	if r.Final || r.Version != 1 || *r.Terminal != *made.Terminal || len(r.Value.Keys) != 3 || len(o.credentialFiles()) != 1 {
		t.Errorf("%+v", r)
	}
	if report := o.watch(); len(report.Credentials) != 1 || report.Kind() != 0 {
		t.Errorf("%+v", report.Credentials)
	}

	_, err = w.c.FetchCredentialUpdate(bg, made.File)
	wantKind(t, err, client.Undecided, "no distinguished log entry covers the version yet")
	w.settle()
	update, err := w.c.FetchCredentialUpdate(bg, made.File)
	if err != nil {
		t.Fatal(err)
	}
	if update.File == nil {
		t.Fatal("the terminal entry is distinguished: this is the wrong history for the test")
	}
	if is, err := client.IsCredentialUpdate(update.File); !is || err != nil {
		t.Fatal(is, err)
	}
	w.outcome(update.Verdict, client.OutcomeVerified)

	// It comes early, and waits, however often it comes.
	for range 10 {
		r, err = o.updateOffline(update.File, nil)
		if err != nil {
			t.Fatal(err)
		}
		o.outcome(r.Verdict, client.OutcomeMonitored)
		if !r.Queued || r.Final {
			t.Errorf("%+v", r)
		}
	}
	if report := o.watch(); len(report.Credentials) != 1 || report.Credentials[0].Verdict.Outcome != client.OutcomeVerified {
		t.Errorf("%+v", report.Credentials)
	}
	if report := o.watch(); len(report.Credentials) != 0 {
		t.Errorf("reported again: %+v", report.Credentials)
	}
	for _, again := range []func() (*client.CredentialResult, error){
		func() (*client.CredentialResult, error) { return o.verifyOffline(made.File) },
		func() (*client.CredentialResult, error) { return o.updateOffline(update.File, nil) },
	} {
		if r, err = again(); err != nil || !r.Final || r.Queued {
			t.Errorf("%+v, %v", r, err)
		}
		o.outcome(r.Verdict, client.OutcomeVerified)
	}
	// Somebody who gets both at once.
	third := w.another()
	if r, err = third.updateOffline(update.File, made.File); err != nil || !r.Final {
		t.Errorf("%+v, %v", r, err)
	}
	// A credential that has expired is forgotten.
	w.dir.Tick(30, clienttest.Window)
	o.watch()
	if n := len(o.credentialFiles()); n != 0 {
		t.Errorf("%d files are kept", n)
	}
}

// TestProvisionalByChoice makes a provisional credential of a version that a
// distinguished log entry has.
func TestProvisionalByChoice(t *testing.T) {
	w, o := newCredentialWorld(t)
	standard := w.credential(alice, client.CredentialOptions{})
	made := w.credential(alice, client.CredentialOptions{Provisional: true})
	if made.Type != "provisional" || made.Position >= standard.Position || *made.Terminal != standard.Position {
		t.Fatalf("%+v", made)
	}
	o.watch()
	r, err := o.verifyOffline(made.File)
	if err != nil || !r.Final {
		t.Fatalf("%+v, %v", r, err)
	}
	update, err := w.c.FetchCredentialUpdate(bg, made.File)
	if err != nil || update.File != nil || !update.Final {
		t.Errorf("%+v, %v", update, err)
	}
	_, err = w.c.FetchCredentialUpdate(bg, standard.File)
	wantKind(t, err, client.Usage, "standard")
}

// TestExpiredCredential has a sender who provides no update.
func TestExpiredCredential(t *testing.T) {
	w, o := newCredentialWorld(t)
	w.freshKeys("abc")
	made := w.credential(alice, client.CredentialOptions{})
	o.watch()
	if _, err := o.verifyOffline(made.File); err != nil {
		t.Fatal(err)
	}
	third := w.another()
	if _, err := third.verifyOffline(made.File); err != nil {
		t.Fatal(err)
	}
	w.settle()
	// One receiver asks by himself.
	o.watch()
	r, err := o.c.FetchCredentialUpdate(bg, made.File)
	if err != nil || !r.Final || r.File == nil {
		t.Errorf("%+v, %v", r, err)
	}
	// The other one's client does when the credential expires.
	w.dir.Tick(5, clienttest.Window)
	w.dir.Before = func(operation string, _ []byte) *clienttest.Answer {
		if operation == "credential-update" {
			return clienttest.Problem(http.StatusBadRequest, "invalid-request", "distinguished", "no")
		}
		return nil
	}
	report := third.watch()
	for i := 0; report.Kind() == 0 && i < 40; i++ {
		w.dir.Tick(1, clienttest.Window)
		report = third.watch()
	}
	if len(report.Credentials) != 1 || report.Kind() != client.Attention {
		t.Fatalf("%+v", report.Credentials)
	}
	w.dir.Before = nil
	// Held or not, an expired credential is not one to rely on.
	_, err = third.verifyOffline(made.File)
	wantKind(t, err, client.Undecided, "no recent distinguished log entry is known there")
	if report = third.watch(); len(report.Credentials) != 1 || report.Kind() != 0 {
		t.Errorf("%+v", report.Credentials)
	}
}

// TestCredentialInGrowingLog has the log grow with every request.
func TestCredentialInGrowingLog(t *testing.T) {
	w, _ := newCredentialWorld(t)
	w.freshKeys("abc")
	left := 3
	w.dir.Before = func(operation string, _ []byte) *clienttest.Answer {
		if left != 0 {
			left--
			w.dir.Insert()
		}
		return nil
	}
	w.credential(alice, client.CredentialOptions{})
	left = -1
	_, err := w.c.CreateCredential(bg, alice, client.CredentialOptions{Provisional: true})
	e := wantKind(t, err, client.Undecided, "the log grew with every attempt")
	if e.Hint == "" {
		t.Error("no hint")
	}
}

// TestNoUpdates has a directory without the extension.
func TestNoUpdates(t *testing.T) {
	w, _ := newCredentialWorld(t)
	w.freshKeys("abc")
	made := w.credential(alice, client.CredentialOptions{})
	w.settle()
	w.dir.Before = func(operation string, _ []byte) *clienttest.Answer {
		if operation == "credential-update" {
			return clienttest.Problem(http.StatusNotFound, "not-found", "", "")
		}
		return nil
	}
	_, err := w.c.FetchCredentialUpdate(bg, made.File)
	wantKind(t, err, client.Undecided, "does not provide updates")
	w.dir.Before = nil
	w.dir.After = func(operation string, a *clienttest.Answer) {
		if operation == "credential-update" {
			a.Body[len(a.Body)-1] ^= 1
		}
	}
	_, err = w.c.FetchCredentialUpdate(bg, made.File)
	e := wantKind(t, err, client.Undecided, "verifying the credential: ")
	if e.Evidence != "" {
		t.Error("evidence of a damaged answer")
	}
}
