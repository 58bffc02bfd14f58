package client_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
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
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// TestCredentialEvidence finds, after the auditor was changed, that a credential is of
// another log. The evidence says under which configuration the credential was made,
// and is written once, however often the client meets it.
func TestCredentialEvidence(t *testing.T) {
	m := &modeServer{t, keytranstest.New(keytranstest.Options{Mode: keytrans.ThirdPartyAuditing, Window: 3000})}
	server := httptest.NewServer(m)
	defer server.Close()
	for range 12 {
		m.tick()
	}
	sender := m.client(server)
	root, cfg := t.TempDir(), client.Config{Now: func() time.Time { return m.log.Now(m.log.Size()) }, Backoff: time.Millisecond}
	_, err := client.Trust(bg, root, server.URL, "", cfg)
	fatalIfErr(t, err)
	receiver, err := client.Open(root, server.URL, cfg)
	fatalIfErr(t, err)
	fork := m.log.Fork(m.log.Size())
	before, err := m.log.Config.Marshal()
	fatalIfErr(t, err)

	m.tick(keytranstest.Create(alice, "key"))
	m.tick()
	_, err = sender.Lookup(bg, alice, nil)
	fatalIfErr(t, err)
	made, err := sender.CreateCredential(bg, alice, client.CredentialOptions{})
	fatalIfErr(t, err)
	r, err := receiver.VerifyCredential(bg, made.File)
	fatalIfErr(t, err)
	if r.Final {
		t.Fatalf("%+v", r)
	}

	m.log = fork
	m.log.Config.MaxAuditorLag += 5
	for range 10 {
		m.tick()
	}
	after, err := m.log.Config.Marshal()
	fatalIfErr(t, err)
	_, err = client.Trust(bg, root, server.URL, fmt.Sprintf("%x", sha256.Sum256(after)), cfg)
	fatalIfErr(t, err)
	for range 3 {
		report, err := receiver.Watch(bg)
		fatalIfErr(t, err)
		if len(report.Credentials) != 1 || report.Credentials[0].Kind() != client.Misbehaved || report.Credentials[0].Evidence == "" {
			t.Fatalf("%+v", report.Credentials)
		}
		var e struct {
			Configuration []byte
			Credential    struct{ Configuration []byte }
		}
		data, err := os.ReadFile(report.Credentials[0].Evidence)
		fatalIfErr(t, err)
		fatalIfErr(t, json.Unmarshal(data, &e))
		if !bytes.Equal(e.Configuration, after) || !bytes.Equal(e.Credential.Configuration, before) {
			t.Errorf("the configuration is %x, that of the credential %x", e.Configuration, e.Credential.Configuration)
		}
	}
	files, err := filepath.Glob(filepath.Join(receiver.StateDir(), "evidence", "*"))
	if err != nil || len(files) != 1 {
		t.Errorf("%d files of evidence, %v", len(files), err)
	}
}

// TestCredentialAndLaterView finds that a credential is of another log as soon as a
// head shows that, before there is another distinguished log entry.
func TestCredentialAndLaterView(t *testing.T) {
	m := &modeServer{t, keytranstest.New(keytranstest.Options{Mode: keytrans.ContactMonitoring, Window: 3000})}
	server := httptest.NewServer(m)
	defer server.Close()
	for range 12 {
		m.tick()
	}
	sender, receiver := m.client(server), m.client(server)
	fork := m.log.Fork(m.log.Size())
	m.tick(keytranstest.Create(alice, "key"))
	_, err := sender.Lookup(bg, alice, nil)
	fatalIfErr(t, err)
	made, err := sender.CreateCredential(bg, alice, client.CredentialOptions{})
	fatalIfErr(t, err)
	_, err = receiver.VerifyCredential(bg, made.File)
	fatalIfErr(t, err)
	m.log = fork
	m.tick()
	report, err := receiver.Watch(bg)
	fatalIfErr(t, err)
	if len(report.Credentials) != 1 || report.Credentials[0].Kind() != client.Misbehaved {
		t.Errorf("%+v", report.Credentials)
	}
}

// TestCredentialOfFork has the sender shown another log than the receiver.
func TestCredentialOfFork(t *testing.T) {
	w, o := newCredentialWorld(t)
	w.align()
	o.watch()
	fork := w.dir.Fork()
	w.freshKeys("abc")
	made := w.credential(alice, client.CredentialOptions{})
	fork.Tick(1, time.Second)
	o.become(fork)
	o.dir = fork
	o.watch()
	_, err := o.verifyOffline(made.File)
	e := wantKind(t, err, client.Misbehaved, "shows another log")
	if e.Evidence == "" {
		t.Fatal("no evidence")
	}
	data, err := os.ReadFile(e.Evidence)
	if err != nil || !strings.Contains(string(data), `"kind": "credential"`) {
		t.Errorf("%v, %.200s", err, data)
	}
	if n := len(o.credentialFiles()); n != 0 {
		t.Errorf("%d files are kept", n)
	}
}

// TestForkForCredential has a directory answer out of another log to a search for
// a credential, which does not continue the sender's own view.
func TestForkForCredential(t *testing.T) {
	w, _ := newCredentialWorld(t)
	w.align()
	w.watch()
	fork := w.dir.Fork()
	w.freshKeys("abc")
	fork.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("abx")}})
	w.watch()
	w.dir.Before = func(operation string, request []byte) *clienttest.Answer {
		q, err := keytrans.ParseSearchRequest(request)
		if operation != "search" || err != nil || *q.Last == w.dir.Size() {
			return nil
		}
		rec := httptest.NewRecorder()
		fork.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/v1/search", bytes.NewReader(request)))
		return &clienttest.Answer{Status: rec.Code, Type: rec.Header().Get("Content-Type"), Body: rec.Body.Bytes()}
	}
	_, err := w.c.CreateCredential(bg, alice, client.CredentialOptions{})
	e := wantKind(t, err, client.Misbehaved, "shows another log")
	if e.Evidence == "" || len(w.credentialFiles()) != 0 {
		t.Errorf("evidence %q, kept %v", e.Evidence, w.credentialFiles())
	}
}

// TestCredentialAndSeen holds credentials against what their receiver looked up.
func TestCredentialAndSeen(t *testing.T) {
	w, o := newCredentialWorld(t)
	o.watch()
	old := w.credential(alice, client.CredentialOptions{})
	w.align()
	fork := w.dir.Fork()
	w.freshKeys("abc")
	o.lookup(alice)
	r, err := o.verifyOffline(old.File)
	if err != nil || r.Newer == nil || *r.Newer != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	// Another value of the version that the receiver has seen, in a log that forks
	// where his view has no node that tells.
	x := &world{T: t, dir: fork, server: httptest.NewServer(fork), root: t.TempDir()}
	t.Cleanup(x.server.Close)
	x.http = x.server.Client()
	x.c = x.trust()
	fork.Insert()
	fork.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("abx")}})
	fork.Insert()
	x.lookup(alice)
	made := x.credential(alice, client.CredentialOptions{})
	o.watch()
	_, err = o.verifyOffline(made.File)
	e := wantKind(t, err, client.Misbehaved, "the log committed to another value of version 1 before")
	if e.Evidence == "" || len(o.credentialFiles()) != 0 {
		t.Errorf("evidence %q, kept %v", e.Evidence, o.credentialFiles())
	}
}
