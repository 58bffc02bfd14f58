package client_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// auditedWorld is a log with an auditor, behind HTTP.
type auditedWorld struct {
	*testing.T
	log       *keytranstest.Log
	broken    bool // the auditor's heads do not verify
	root, url string
	config    client.Config
}

func newAuditedWorld(t *testing.T) *auditedWorld {
	t.Helper()
	w := &auditedWorld{T: t, root: t.TempDir(), log: keytranstest.New(keytranstest.Options{
		Mode: keytrans.ThirdPartyAuditing, Window: 60_000, Seed: "audited",
	})}
	w.append(keytranstest.Pad(2))
	w.append(keytranstest.Create(alice, "one"))
	server := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.config = client.Config{Now: func() time.Time { return w.log.Now(w.log.Size()) }, HTTP: server.Client(), Backoff: time.Millisecond}
	return w
}

func (w *auditedWorld) append(changes ...keytranstest.Change) {
	const start = 1_700_000_000_000 // so late that the first entries are distinguished
	w.log.Append(start+1000*w.log.Size(), changes...)
}

func (w *auditedWorld) serve(rw http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.URL.Path, "/v1/")
	if operation == "configuration" {
		b, err := w.log.Config.Marshal()
		if err != nil {
			w.Error(err)
		}
		_, _ = rw.Write(b)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		d := w.log.Directory(w.log.Size())
		if w.broken {
			state := *w.log.At(w.log.Size())
			head := *state.Auditor
			head.Signature = make([]byte, len(head.Signature))
			state.Auditor, d.State = &head, &state
		}
		body, err = d.Answer(operation, body)
	}
	if err != nil {
		w.Errorf("%s: %v", operation, err)
	}
	rw.Header().Set("Content-Type", "application/octet-stream")
	_, _ = rw.Write(body)
}

func (w *auditedWorld) trust(fingerprint string) (*client.TrustResult, error) {
	return client.Trust(w.Context(), w.root, w.url, fingerprint, w.config)
}

// stored returns when the state was stored last.
func (w *auditedWorld) stored() time.Time {
	files, err := filepath.Glob(filepath.Join(w.root, "*", "state.json"))
	if err != nil || len(files) != 1 {
		w.Fatal(files, err)
	}
	info, err := os.Stat(files[0])
	fatalIfErr(w.T, err)
	return info.ModTime()
}

func (w *auditedWorld) lookup() error {
	c, err := client.Open(w.root, w.url, w.config)
	if err != nil {
		w.Fatal(err)
	}
	_, err = c.Lookup(w.Context(), alice, nil)
	return err
}

// hinted returns the fingerprint that the hint of an error tells.
func hinted(t *testing.T, err error) string {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(e.Hint, " --sha256 ")
	if !found {
		t.Fatalf("hint %q", e.Hint)
	}
	return after
}

// TestAuditorChanges has a user accept another auditor, and go on with what it
// had verified.
func TestAuditorChanges(t *testing.T) {
	w := newAuditedWorld(t)
	_, err := w.trust("")
	fatalIfErr(t, err)
	fatalIfErr(t, w.lookup())

	w.log.ChangeAuditor("another", w.log.Size())
	_, err = w.trust("")
	wantKind(t, err, client.Attention, "another configuration")
	accept := hinted(t, err)
	before := w.stored()
	_, err = w.trust(accept)
	wantKind(t, err, client.Undecided, "no head yet that is newer")
	if !before.Equal(w.stored()) {
		t.Error("the state was stored meanwhile with the new configuration, and a head that the old one verifies")
	}
	_, err = w.trust("")
	wantKind(t, err, client.Attention, "another configuration") // nothing has changed

	w.append(keytranstest.Pad(1))
	wantKind(t, w.lookup(), client.Undecided, keytrans.ErrSignature.Error())
	r, err := w.trust(accept)
	fatalIfErr(t, err)
	if !r.AuditorChanged || r.AlreadyTrusted || r.Head.TreeSize != w.log.Size() {
		t.Errorf("%+v", r)
	}
	fatalIfErr(t, w.lookup())
	if r, err = w.trust(""); err != nil || !r.AlreadyTrusted || r.AuditorChanged {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestAuditorChangesToAnother refuses an auditor who left something out, and
// whatever else has changed along with the auditor.
func TestAuditorChangesToAnother(t *testing.T) {
	w := newAuditedWorld(t)
	_, err := w.trust("")
	fatalIfErr(t, err)
	w.log.ChangeAuditor("too late", w.log.Size()+1)
	w.append(keytranstest.Pad(1))
	w.append(keytranstest.Pad(1))
	_, err = w.trust("")
	_, err = w.trust(hinted(t, err))
	wantKind(t, err, client.Undecided, "nobody has audited the entries before")
	if !errors.Is(err, keytrans.ErrAuditor) {
		t.Error(err)
	}

	w.log.ChangeAuditor("in time", 1)
	w.log.Config.MaxAhead++
	w.append(keytranstest.Pad(1))
	r, err := client.Trust(t.Context(), t.TempDir(), w.url, "", w.config)
	fatalIfErr(t, err)
	_, err = w.trust(r.ConfigurationSHA256)
	wantKind(t, err, client.Attention, "another configuration")
	if errors.As(err, new(*client.Error)) && strings.Contains(err.(*client.Error).Hint, "--sha256") {
		t.Error("the hint says that only the auditor is another one")
	}
}

// TestAuditorChangesInFork has a directory go another way along with another auditor:
// the evidence has the configurations of both of the heads.
func TestAuditorChangesInFork(t *testing.T) {
	w := newAuditedWorld(t)
	_, err := w.trust("")
	fatalIfErr(t, err)
	old := w.log.Config
	w.log = w.log.Fork(1)
	w.append(keytranstest.Create(alice, "two"))
	w.append(keytranstest.Pad(1)) // [0, 2) is a full subtree of this log, too
	w.log.ChangeAuditor("another", 0)
	_, err = w.trust("")
	_, err = w.trust(hinted(t, err))
	wantKind(t, err, client.Misbehaved, "two logs under one key")
	data, err := os.ReadFile(err.(*client.Error).Evidence)
	fatalIfErr(t, err)
	var e struct {
		Configuration         []byte `json:"configuration"`
		RetainedConfiguration []byte `json:"retained_configuration"`
		RetainedView          struct {
			TreeSize  uint64   `json:"tree_size"`
			Signature []byte   `json:"signature"`
			Subtrees  []string `json:"full_subtrees"`
		} `json:"retained_view"`
	}
	fatalIfErr(t, json.Unmarshal(data, &e))
	var heads []merkle.Hash
	for _, text := range e.RetainedView.Subtrees {
		b, err := hex.DecodeString(text)
		fatalIfErr(t, err)
		heads = append(heads, merkle.Hash(b))
	}
	root, err := logtree.Root(e.RetainedView.TreeSize, heads)
	fatalIfErr(t, err)
	head := &keytrans.TreeHead{TreeSize: e.RetainedView.TreeSize, Signature: e.RetainedView.Signature}
	for name, c := range map[string]struct{ got, want *keytrans.Configuration }{
		"retained": {parse(t, e.RetainedConfiguration), old}, "shown now": {parse(t, e.Configuration), w.log.Config},
	} {
		if !bytes.Equal(c.got.AuditorPublicKey, c.want.AuditorPublicKey) {
			t.Errorf("%s: the configuration is another one", name)
		}
	}
	fatalIfErr(t, keytrans.VerifyTreeHead(parse(t, e.RetainedConfiguration), head, root))
}

func parse(t *testing.T, configuration []byte) *keytrans.Configuration {
	t.Helper()
	c, err := keytrans.ParseConfiguration(configuration)
	fatalIfErr(t, err)
	return c
}

// TestForkWithoutAuditor shows a user another log that no auditor vouches for. That
// the log has signed both is proof all the same.
func TestForkWithoutAuditor(t *testing.T) {
	w := newAuditedWorld(t)
	for range 6 {
		w.append(keytranstest.Pad(1))
	}
	_, err := w.trust("")
	fatalIfErr(t, err)
	w.broken = true
	w.append(keytranstest.Pad(1))
	wantKind(t, w.lookup(), client.Undecided, "auditor")

	w.log = w.log.Fork(4)
	for range 8 {
		w.append(keytranstest.Pad(2))
	}
	err = w.lookup()
	wantKind(t, err, client.Misbehaved, "two logs under one key")
	if e := new(client.Error); !errors.As(err, &e) || e.Evidence == "" {
		t.Errorf("no evidence: %+v", e)
	}
}
