package publisher

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// fakeWitness is a C2SP tlog-witness in memory that is strict with its caller.
type fakeWitness struct {
	t      *testing.T
	name   string
	server *httptest.Server
	signer note.Signer
	vkey   string
	log    note.Verifier

	mu       sync.Mutex
	last     checkpoint.Checkpoint // that it cosigned
	requests int
	// misbehave, if set, answers instead; it returns false to be honest.
	misbehave func(w http.ResponseWriter, body []byte) bool
}

func newFakeWitness(t *testing.T, name string, log *checkpoint.Signer) *fakeWitness {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	vkey, err := note.NewEd25519VerifierKey(name, ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
	fatalIfErr(t, err)
	id := strings.TrimPrefix(vkey, name+"+")[:8]
	signer, err := f_note.NewSignerForCosignatureV1("PRIVATE+KEY+" + name + "+" + id + "+" +
		base64.StdEncoding.EncodeToString(append([]byte{1}, seed[:]...)))
	fatalIfErr(t, err)
	w := &fakeWitness{t: t, name: name, signer: signer}
	w.vkey, err = f_note.VKeyToCosignatureV1(vkey)
	fatalIfErr(t, err)
	w.log, err = note.NewVerifier(log.VerifierKey())
	fatalIfErr(t, err)
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	return w
}

// line returns the witness's line in a policy.
func (w *fakeWitness) line() string {
	return fmt.Sprintf("witness %s %s %s/prefix\n", w.name, w.vkey, w.server.URL)
}

func (w *fakeWitness) lie(f func(http.ResponseWriter, []byte) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.misbehave = f
}

// seen returns the size that the witness cosigned last, and how often it was
// asked.
func (w *fakeWitness) seen() (size uint64, requests int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last.Size, w.requests
}

func (w *fakeWitness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/prefix/add-checkpoint" {
		w.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	w.mu.Lock()
	w.requests++
	misbehave := w.misbehave
	w.mu.Unlock()
	if misbehave != nil && misbehave(rw, body) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	status, answer := w.cosign(string(body))
	if status == http.StatusConflict {
		rw.Header().Set("Content-Type", "text/x.tlog.size")
	}
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, answer)
}

// cosign does what the specification says.
func (w *fakeWitness) cosign(body string) (int, string) {
	head, signed, _ := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	old, err := strconv.ParseUint(strings.TrimPrefix(lines[0], "old "), 10, 64)
	if err != nil || len(lines) > 64 {
		w.t.Errorf("malformed request %q", body)
		return http.StatusBadRequest, ""
	}
	n, err := note.Open([]byte(signed), note.VerifierList(w.log))
	if err != nil {
		return http.StatusForbidden, ""
	}
	if len(n.Sigs)+len(n.UnverifiedSigs) != 1 {
		w.t.Errorf("%d signatures were sent", len(n.Sigs)+len(n.UnverifiedSigs))
	}
	c, err := checkpoint.ParseText(n.Text)
	if err != nil || old > c.Size {
		w.t.Errorf("malformed request %q", body)
		return http.StatusBadRequest, ""
	}
	if old != w.last.Size {
		return http.StatusConflict, fmt.Sprintf("%d\n", w.last.Size)
	}
	var hashes [][]byte
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.DecodeString(l)
		if err != nil || len(h) != 32 {
			w.t.Errorf("malformed proof %q", body)
		}
		hashes = append(hashes, h)
	}
	err = proof.VerifyConsistency(rfc6962.DefaultHasher, old, c.Size, hashes, w.last.Root[:], c.Root[:])
	if err != nil {
		return http.StatusUnprocessableEntity, ""
	}
	w.last = c
	cosigned, err := note.Sign(&note.Note{Text: n.Text}, w.signer)
	if err != nil {
		w.t.Error(err)
	}
	return http.StatusOK, string(cosigned[len(n.Text)+1:])
}
