package interop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	f_note "github.com/transparency-dev/formats/note"
	client "github.com/transparency-dev/witness/client/http"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
)

// startOurWitness runs Ghostlight's witness, as the test program of its package, for
// a log. It returns its URL and its keys.
func startOurWitness(t *testing.T, logKey string) (base string, keys []string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "witness.test")
	build := exec.Command("go", "test", "-c", "-o", program, "./monitor/witness")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the witness: %v\n%s", err, out)
	}
	policy := filepath.Join(dir, "policy")
	fatalIfErr(t, os.WriteFile(policy, []byte("log "+logKey+"\nquorum none\n"), 0o600))
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "GHOSTLIGHT_TEST_WITNESS="+strings.Join([]string{filepath.Join(dir, "state"), filepath.Join(dir, "key"), policy, "never"}, "|"))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	fatalIfErr(t, err)
	fatalIfErr(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var addr string
	_, err = fmt.Fscanln(out, &addr)
	fatalIfErr(t, err)
	base = "http://" + addr
	resp, err := http.Get(base + "/key")
	fatalIfErr(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fatalIfErr(t, err)
	return base, strings.Fields(string(text))
}

// TestOurWitness has Ghostlight's witness cosign the log of a running ktd, with both
// of its keys, and answer the client of transparency-dev. Its cosignatures are
// verified by transparency-dev's code.
func TestOurWitness(t *testing.T) {
	dir := initDirectory(t)
	base, keys := startOurWitness(t, dir.VerifierKey)
	if len(keys) != 2 {
		t.Fatalf("keys %q", keys)
	}
	policy := fmt.Sprintf("witness a %s %s\nwitness b %s %s\ngroup both all a b\nquorum both\n", keys[0], base, keys[1], base)
	fatalIfErr(t, os.WriteFile(filepath.Join(dir.Dir, "policy"), []byte(policy), 0o600))
	s := serve(t, dir.Dir, "127.0.0.1:0")
	quorate(s)
	signed := s.fetch("/log/checkpoint")
	logVerifier, err := note.NewVerifier(dir.VerifierKey)
	fatalIfErr(t, err)
	verifiers := []note.Verifier{logVerifier}
	for _, key := range keys {
		v, err := f_note.NewVerifierForCosignatureV1(key)
		fatalIfErr(t, err)
		verifiers = append(verifiers, v)
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	fatalIfErr(t, err)
	if len(n.Sigs) != 3 {
		t.Errorf("%d signatures verify of\n%s", len(n.Sigs), signed)
	}

	u, err := url.Parse(base)
	fatalIfErr(t, err)
	w := client.NewWitness(u, http.DefaultClient)
	size := uint64(head(t, s, dir.VerifierKey).N)
	lines, _, err := w.Update(t.Context(), size, signed, nil)
	fatalIfErr(t, err)
	own := n.Sigs[:1] // the log's
	logOnly, err := note.Sign(&note.Note{Text: n.Text, Sigs: own})
	fatalIfErr(t, err)
	n, err = note.Open(append(logOnly, lines...), note.VerifierList(verifiers...))
	if err != nil || len(n.Sigs) != 3 {
		t.Errorf("%v of the answer %s", err, lines)
	}
	for name, c := range map[string]struct {
		old   uint64
		note  []byte
		proof [][]byte
		want  error
	}{
		"another size":     {0, signed, nil, witness.ErrCheckpointStale},
		"a larger size":    {size + 1, signed, nil, witness.ErrOldSizeInvalid},
		"a wrong proof":    {size, signed, [][]byte{make([]byte, 32)}, witness.ErrInvalidProof},
		"another log":      {size, bytes.Replace(signed, []byte(dir.Origin), []byte("keys.example.org/other"), 1), nil, witness.ErrUnknownLog},
		"a changed text":   {size, bytes.Replace(signed, []byte("\n\n"), []byte("\nmore\n\n"), 1), nil, witness.ErrNoValidSignature},
		"not a checkpoint": {size, []byte("hello"), nil, witness.ErrOldSizeInvalid}, // 400
	} {
		_, latest, err := w.Update(t.Context(), c.old, c.note, c.proof)
		if !errors.Is(err, c.want) || c.want == witness.ErrCheckpointStale && latest != size {
			t.Errorf("%s: %v, %d", name, err, latest)
		}
	}
}
