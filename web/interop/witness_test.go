package interop

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/witness/omniwitness"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"golang.org/x/mod/sumdb/note"
)

// startWitness runs a witness of transparency-dev on loopback that knows the log,
// and returns its line in a policy.
func startWitness(t *testing.T, name, logKey string) string {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "witness.example/"+name)
	fatalIfErr(t, err)
	signer, err := f_note.NewSignerForCosignatureV1(skey)
	fatalIfErr(t, err)
	vkey, err = f_note.VKeyToCosignatureV1(vkey)
	fatalIfErr(t, err)
	logs, err := omniwitness.NewStaticLogConfig(fmt.Appendf(nil, "Logs:\n- PublicKey: %s\n", logKey))
	fatalIfErr(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- omniwitness.Main(ctx, omniwitness.OperatorConfig{
			WitnessKeys: []note.Signer{signer}, WitnessVerifier: signer.Verifier(), Logs: logs,
		}, inmemory.New(), listener, &http.Client{Timeout: 10 * time.Second})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return fmt.Sprintf("witness %s %s http://%s\n", name, vkey, listener.Addr())
}

// person is somebody with kt.
type person struct {
	t             *testing.T
	url           string
	state, policy string
}

func (p *person) kt(code int, args ...string) string {
	p.t.Helper()
	stdout, stderr := run(p.t, code, "kt", append([]string{"--state", p.state, "--directory", p.url}, args...)...)
	return stdout + stderr
}

func (p *person) says(out string, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			p.t.Errorf("no %q in:\n%s", text, out)
		}
	}
}

// quorate waits for a checkpoint of all entries with a quorum.
func quorate(s *server) {
	s.t.Helper()
	size := s.treeSize()
	s.await("a quorum", func(p publication) bool {
		return p.Served != nil && p.Served.TreeSize >= size && p.Served.QuorumMet
	})
}

// TestWitness has real witnesses cosign a running ktd, and shows a fork under the
// same keys to them and to kt.
func TestWitness(t *testing.T) {
	dir := initDirectory(t)
	policy := startWitness(t, "w1", dir.VerifierKey) + startWitness(t, "w2", dir.VerifierKey) + "group both all w1 w2\nquorum both\n"
	fatalIfErr(t, os.WriteFile(filepath.Join(dir.Dir, "policy"), []byte(policy), 0o600))
	policyFile := filepath.Join(t.TempDir(), "policy")
	fatalIfErr(t, os.WriteFile(policyFile, []byte("log "+dir.VerifierKey+"\n"+policy), 0o600))

	s := serve(t, dir.Dir, "127.0.0.1:0")
	quorate(s)
	alice := &person{t, s.url, t.TempDir(), policyFile}
	bob := &person{t, s.url, t.TempDir(), policyFile}
	keys := filepath.Join(t.TempDir(), "keys")
	fatalIfErr(t, os.WriteFile(keys, []byte("alice's keys"), 0o600))
	alice.kt(0, "trust", s.url, "--policy", policyFile)
	out := alice.kt(0, "publish", "alice@example.org", keys, "--raw", "--token-file", dir.TokenFile, "--wait-witnessed")
	alice.says(out, "witnessed", "w1", "w2")
	bob.kt(0, "trust", s.url)
	out = bob.kt(0, "lookup", "alice@example.org", "--policy", policyFile, "--wait-witnessed")
	bob.says(out, "witnessed", "w1", "w2", "both")
	proofFile := filepath.Join(t.TempDir(), "alice.tlog-proof")
	bob.kt(0, "proof", "alice@example.org", "--policy", policyFile, "--out", proofFile)
	out = bob.kt(0, "proof", "--verify", proofFile, "--policy", policyFile)
	bob.says(out, dir.Origin, "w1", "w2")

	// The operator keeps a copy, and goes on with one log, and then with the other.
	s.stop()
	fork := filepath.Join(t.TempDir(), "fork")
	fatalIfErr(t, os.CopyFS(fork, os.DirFS(dir.Dir)))
	chmodKeys(t, fork)
	s = serve(t, dir.Dir, s.addr)
	alice.kt(0, "publish", "carol@example.org", keys, "--raw", "--token-file", dir.TokenFile, "--wait-witnessed")
	bob.kt(0, "lookup", "carol@example.org", "--policy", policyFile, "--wait-witnessed")
	s.stop()
	s = serve(t, fork, s.addr)
	eve := &person{t, s.url, t.TempDir(), policyFile}
	eve.kt(0, "trust", s.url)
	fatalIfErr(t, os.WriteFile(keys, []byte("the operator's keys"), 0o600))
	eve.kt(0, "publish", "carol@example.org", keys, "--raw", "--token-file", dir.TokenFile)
	// ktd itself, which knows nothing of the other log, signs no second history if
	// the witnesses know better.
	p := s.await("ktd to stop signing", func(p publication) bool { return p.SigningStopped })
	if p.Signed.TreeSize >= s.treeSize() || !strings.Contains(s.stderr(), "(w1, w2) say that they have seen a longer log") {
		t.Errorf("signed %+v:\n%s", p.Signed, s.stderr())
	}
	// Who has seen the one log can prove that this is another.
	out = bob.kt(3, "lookup", "carol@example.org", "--policy", policyFile)
	bob.says(out, "misbehaviour proven", "evidence: ")
	s.stop()

	// The operator goes on without witnesses, until the log is longer than the other.
	fatalIfErr(t, os.Rename(filepath.Join(fork, "policy"), filepath.Join(fork, "policy.away")))
	s = serve(t, fork, s.addr)
	fatalIfErr(t, os.WriteFile(keys, []byte("more of them"), 0o600))
	eve.kt(0, "publish", "carol@example.org", keys, "--raw", "--token-file", dir.TokenFile)
	size := s.treeSize()
	s.await("a checkpoint of the fork", func(p publication) bool { return p.Signed.TreeSize == size })
	s.stop()
	fatalIfErr(t, os.Rename(filepath.Join(fork, "policy.away"), filepath.Join(fork, "policy")))
	s = serve(t, fork, s.addr)
	p = s.await("the witnesses' refusal", func(p publication) bool {
		return strings.Count(s.stderr(), "has seen a log that this one does not continue") >= 2
	})
	if p.Served.TreeSize >= size || !p.Served.QuorumMet || p.Signed.TreeSize != size || p.Signed.QuorumMet {
		t.Errorf("of the fork, %+v is served and %+v signed; witnesses %+v", p.Served, p.Signed, p.Witnesses)
	}
	// Who has not seen the other log sees that no witness vouches for this one.
	out = eve.kt(5, "lookup", "carol@example.org", "--policy", policyFile, "--witness-delay", "1ms")
	eve.says(out, "witness")
}

func chmodKeys(t *testing.T, dir string) {
	t.Helper()
	fatalIfErr(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	}))
}
