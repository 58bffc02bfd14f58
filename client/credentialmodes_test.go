package client_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// modeServer serves a log of any mode and suite in its latest state.
type modeServer struct {
	*testing.T
	log *keytranstest.Log
}

func (m *modeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.URL.Path, "/v1/")
	body, err := io.ReadAll(r.Body)
	var answer []byte
	if operation == "configuration" {
		answer, err = m.log.Config.Marshal()
	} else if err == nil {
		answer, err = m.log.Directory(m.log.Size()).Answer(operation, body)
	}
	if err != nil {
		m.Errorf("%s: %v", operation, err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(answer)
}

// tick appends an entry.
func (m *modeServer) tick(changes ...keytranstest.Change) {
	m.log.Append(1_700_000_000_000+1000*m.log.Size(), append(changes, keytranstest.Pad(2))...)
}

// client is a new person's client.
func (m *modeServer) client(server *httptest.Server) *client.Client {
	m.Helper()
	cfg := client.Config{Now: func() time.Time { return m.log.Now(m.log.Size()) }, Backoff: time.Millisecond}
	root := m.TempDir()
	if _, err := client.Trust(m.Context(), root, server.URL, "", cfg); err != nil {
		m.Fatal(err)
	}
	c, err := client.Open(root, server.URL, cfg)
	if err != nil {
		m.Fatal(err)
	}
	return c
}

// TestCredentialModes makes, verifies and updates credentials in every deployment
// mode and cipher suite.
func TestCredentialModes(t *testing.T) {
	for _, suite := range []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256} {
		for _, mode := range []keytrans.DeploymentMode{keytrans.ContactMonitoring, keytrans.ThirdPartyManagement, keytrans.ThirdPartyAuditing} {
			t.Run(fmt.Sprint(suite, "/", mode), func(t *testing.T) {
				m := &modeServer{t, keytranstest.New(keytranstest.Options{Suite: suite, Mode: mode, Window: 3000})}
				server := httptest.NewServer(m)
				defer server.Close()
				for range 12 {
					m.tick()
				}
				m.tick(keytranstest.Create(alice, "key"))
				sender, receiver := m.client(server), m.client(server)
				_, err := sender.Lookup(bg, alice, nil)
				fatalIfErr(t, err)
				provisional, err := sender.CreateCredential(bg, alice, client.CredentialOptions{})
				fatalIfErr(t, err)
				r, err := receiver.VerifyCredential(bg, provisional.File)
				fatalIfErr(t, err)
				if provisional.Type != "provisional" || r.Final || string(r.Bytes) != "key" {
					t.Errorf("%+v", r)
				}
				for range 7 {
					m.tick()
				}
				update, err := sender.FetchCredentialUpdate(bg, provisional.File)
				fatalIfErr(t, err)
				r, err = receiver.UpdateCredential(bg, update.File, nil)
				fatalIfErr(t, err)
				if r.Final || !r.Queued {
					t.Errorf("%+v", r)
				}
				watched, err := receiver.Watch(bg)
				fatalIfErr(t, err)
				if len(watched.Credentials) != 1 || watched.Credentials[0].Verdict.Outcome != client.OutcomeVerified {
					t.Errorf("%+v", watched.Credentials)
				}
				for _, opt := range []client.CredentialOptions{{}, {Provisional: true}} {
					made, err := sender.CreateCredential(bg, alice, opt)
					fatalIfErr(t, err)
					r, err = receiver.VerifyCredential(bg, made.File)
					fatalIfErr(t, err)
					if !r.Final || (made.Type == "provisional") != opt.Provisional {
						t.Errorf("%+v", r)
					}
				}
			})
		}
	}
}

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
