package publisher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const origin = "keys.example.org/log"

// world is a directory that is published.
type world struct {
	t      *testing.T
	fs     *vfs.MemFS
	store  *faultyStore
	dir    *directory.Directory
	signer *checkpoint.Signer
	log    *lockedBuffer
	labels int

	pub  *Publisher
	stop func()
}

// faultyStore refuses commits without a new tree size while refuse is set.
type faultyStore struct {
	directory.Store
	refuse atomic.Bool
}

func (s *faultyStore) Commit(b *directory.Batch) error {
	if b.Base == b.Size && s.refuse.Load() {
		return errors.New("the disk is full")
	}
	return s.Store.Commit(b)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	signer, err := checkpoint.NewSigner(origin, bytes.Repeat([]byte{3}, 32))
	fatalIfErr(t, err)
	w := &world{t: t, fs: vfs.NewMem(), signer: signer, log: &lockedBuffer{}, stop: func() {}}
	w.open(true)
	t.Cleanup(func() { w.close() })
	return w
}

func (w *world) open(create bool) {
	w.t.Helper()
	pebble, err := pebblestore.Open("store", pebblestore.Options{FS: w.fs})
	fatalIfErr(w.t, err)
	w.store = &faultyStore{Store: pebble}
	signing, err := keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{1}, 32))
	fatalIfErr(w.t, err)
	key, err := vrf.NewEd25519PrivateKey(bytes.Repeat([]byte{2}, 32))
	fatalIfErr(w.t, err)
	w.dir, err = directory.Open(directory.Config{
		Configuration: &keytrans.Configuration{
			Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring,
			SignaturePublicKey: signing.Public(), VRFPublicKey: key.Public(),
			MaxAhead: 10_000, MaxBehind: 360_000_000, ReasonableMonitoringWindow: 50,
		},
		SigningKey: signing, VRFKey: key, Store: w.store, Authorizer: nobody{}, Create: create,
	})
	fatalIfErr(w.t, err)
}

type nobody struct{}

func (nobody) Authorize(context.Context, directory.Credential, *directory.NewVersions) (directory.Identity, error) {
	return directory.Identity{}, directory.ErrUnauthenticated
}

func (w *world) close() {
	w.stop()
	w.dir.Close()
	fatalIfErr(w.t, w.store.Close())
}

// grow adds log entries, and returns the size of the log.
func (w *world) grow(n int) uint64 {
	w.t.Helper()
	for range n {
		w.labels++
		outcomes, err := w.dir.Insert(w.t.Context(), []directory.NewVersions{
			{Label: fmt.Appendf(nil, "label%d", w.labels), Values: [][]byte{{1}}},
		})
		fatalIfErr(w.t, errors.Join(append(outcomes, err)...))
	}
	return w.size()
}

func (w *world) size() uint64 {
	size, err := w.dir.TreeSize()
	fatalIfErr(w.t, err)
	return size
}

// config returns a configuration with short times.
func (w *world) config(policy string) Config {
	w.t.Helper()
	cfg := Config{
		Directory: w.dir, Signer: w.signer, Interval: time.Millisecond, QuorumWait: 50 * time.Millisecond,
		Backoff: time.Millisecond, MaxBackoff: 10 * time.Millisecond,
		HTTP:   &http.Client{Timeout: 5 * time.Second},
		Logger: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if policy != "" {
		var err error
		cfg.Policy, err = ParsePolicy([]byte(policy), w.signer)
		fatalIfErr(w.t, err)
	}
	return cfg
}

// run publishes until stop is called.
func (w *world) run(cfg Config) {
	w.t.Helper()
	w.stop()
	var err error
	w.pub, err = Open(cfg)
	fatalIfErr(w.t, err)
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.pub.Run(ctx) }()
	w.stop = func() { cancel(); <-done }
}

// await waits until cond holds.
func (w *world) await(what string, cond func(Status) bool) Status {
	w.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		s := w.pub.Status()
		if cond(s) {
			return s
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: not in time; %+v\n%s", what, s, w.log)
		}
		time.Sleep(time.Millisecond)
	}
}

func servedAt(size uint64) func(Status) bool {
	return func(s Status) bool { return s.Served != nil && s.Served.Size == size }
}

func quorateAt(size uint64) func(Status) bool {
	return func(s Status) bool {
		return servedAt(size)(s) && s.Served.Witnessed() == nil && s.QuorumMissingSince.IsZero()
	}
}

// trouble returns the text of a witness's present trouble.
func troubleOf(s Status, name string) string {
	for _, w := range s.Witnesses {
		if w.Name == name && w.Err != nil {
			return w.Err.Error()
		}
	}
	return ""
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestWithoutWitnesses(t *testing.T) {
	w := newWorld(t)
	w.run(w.config(""))
	w.await("first checkpoint", quorateAt(1))
	size := w.grow(5)
	s := w.await("growth", quorateAt(size))
	root, err := w.dir.PublicRoot(size)
	fatalIfErr(t, err)
	if s.Served.Root != root || s.Served.Origin != origin || !bytes.Equal(w.pub.Checkpoint(), s.Served.Note) {
		t.Errorf("served %+v", s.Served)
	}
	if s.Quorum != checkpoint.QuorumNone || s.SigningErr != nil || s.ReplicaSize != nil || s.VerifierKey != w.signer.VerifierKey() {
		t.Errorf("status %+v", s)
	}
}

// TestInterval checks that checkpoints are not signed more often than they may be,
// and that an idle log's is signed at once.
func TestInterval(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("")
	cfg.Interval = 200 * time.Millisecond
	w.run(cfg)
	w.await("first checkpoint", servedAt(1))
	began := time.Now()
	for time.Since(began) < time.Second {
		w.grow(1)
	}
	w.await("the last", servedAt(w.size()))
	signed := strings.Count(w.log.String(), `"msg":"checkpoint"`)
	if limit := int(time.Since(began)/cfg.Interval) + 2; signed > limit || signed < 2 {
		t.Errorf("%d checkpoints, at most %d were due", signed, limit)
	}
}

func TestQuorum(t *testing.T) {
	w := newWorld(t)
	var witnesses []*fakeWitness
	policy := ""
	for _, name := range []string{"w1", "w2", "w3"} {
		x := newFakeWitness(t, name, w.signer)
		witnesses = append(witnesses, x)
		policy += x.line()
	}
	policy += "group g 2 w1 w2 w3\nquorum g\n"
	w.run(w.config(policy))
	w.await("first", quorateAt(1))
	for range 20 {
		size := w.grow(3)
		w.await("growth", quorateAt(size))
	}
	s := w.await("all cosignatures", func(s Status) bool { return len(s.Served.Cosignatures) == 3 })
	for i, x := range s.Witnesses {
		if x.Size != w.size() || x.Err != nil || x.Time.IsZero() {
			t.Errorf("witness %+v", x)
		}
		if size, _ := witnesses[i].seen(); size != w.size() {
			t.Errorf("%s has seen %d", x.Name, size)
		}
	}
	if _, err := cfgPolicy(t, w, policy).Open(w.pub.Checkpoint()); err != nil {
		t.Error(err)
	}
	if len(s.History) < 21 || len(s.History) > maxHistory || s.History[0].Size != s.Signed.Size || !strings.Contains(s.Policy.Text(), policy) {
		t.Errorf("%d checkpoints are remembered", len(s.History))
	}
	for i, h := range s.History {
		if h.SignedAt.IsZero() || h.QuorumAt.Before(h.SignedAt) || h.Witnessed() != nil || i > 0 && h.Size >= s.History[i-1].Size {
			t.Errorf("checkpoint %d: %d entries, signed %v, quorum %v", i, h.Size, h.SignedAt, h.QuorumAt)
		}
	}
	w.stop()
	w.run(w.config(policy))
	last := w.await("restart", func(s Status) bool { return s.Signed != nil })
	if h := last.History; len(h) != 1 || h[0].Size != s.Signed.Size || !h[0].SignedAt.IsZero() || h[0].Witnessed() != nil {
		t.Errorf("after a restart: %+v", h)
	}
	for range 40 {
		w.await("growth", quorateAt(w.grow(1)))
	}
	if h := w.pub.Status().History; len(h) != maxHistory || h[0].Size != w.size() {
		t.Errorf("%d checkpoints are remembered", len(h))
	}
}

func cfgPolicy(t *testing.T, w *world, policy string) *checkpoint.Policy {
	t.Helper()
	p, err := ParsePolicy([]byte(policy), w.signer)
	fatalIfErr(t, err)
	return p
}

// TestUnderLoad has a log grow all the time, with a slow witness among those
// that are needed: the quorum must be of one checkpoint.
func TestUnderLoad(t *testing.T) {
	w := newWorld(t)
	fast, slow := newFakeWitness(t, "fast", w.signer), newFakeWitness(t, "slow", w.signer)
	slow.lie(func(http.ResponseWriter, []byte) bool { time.Sleep(20 * time.Millisecond); return false })
	cfg := w.config(fast.line() + slow.line() + "group g all fast slow\nquorum g\n")
	cfg.QuorumWait = 5 * time.Second
	w.run(cfg)
	quorate := make(map[uint64]bool)
	for deadline := time.Now().Add(20 * time.Second); len(quorate) < 5; {
		if time.Now().After(deadline) {
			t.Fatalf("only %d checkpoints of a log of %d entries had the quorum\n%s", len(quorate), w.size(), w.log)
		}
		w.grow(1)
		if s := w.pub.Status(); s.Served != nil && s.Served.Witnessed() == nil {
			quorate[s.Served.Size] = true
		}
	}
	w.await("the last", quorateAt(w.size()))
}

// TestRestart checks that a publisher goes on where another one was.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	x := newFakeWitness(t, "w", w.signer)
	policy := x.line() + "quorum w\n"
	w.run(w.config(policy))
	size := w.grow(5)
	w.await("cosigned", quorateAt(size))
	note := w.pub.Checkpoint()
	w.stop()
	size = w.grow(5)
	w.close()
	w.open(false)
	x.lie(func(w http.ResponseWriter, _ []byte) bool { w.WriteHeader(503); return true })
	w.run(w.config(policy))
	if !bytes.Equal(w.pub.Checkpoint(), note) {
		t.Errorf("after the restart another checkpoint is served:\n%s", w.pub.Checkpoint())
	}
	x.lie(nil)
	w.await("cosigned", quorateAt(size))
	if _, requests := x.seen(); requests < 3 {
		t.Errorf("%d requests", requests)
	}

	// Without the witness, what was signed last is served.
	w.stop()
	w.run(w.config(""))
	w.await("without a policy", quorateAt(size))
}

// TestHistory checks that nothing is signed that contradicts what was.
func TestHistory(t *testing.T) {
	w := newWorld(t)
	w.grow(3)
	sign := func(c checkpoint.Checkpoint, signer *checkpoint.Signer) {
		t.Helper()
		c.Origin = signer.Origin()
		note, err := signer.Sign(c)
		fatalIfErr(t, err)
		fatalIfErr(t, w.dir.SetCheckpoint(t.Context(), directory.CheckpointSigned, note))
	}
	root, err := w.dir.PublicRoot(3)
	fatalIfErr(t, err)

	sign(checkpoint.Checkpoint{Size: 3}, w.signer)
	if _, err := Open(w.config("")); !errors.Is(err, ErrHistory) || !strings.Contains(err.Error(), "another root") {
		t.Errorf("another root: %v", err)
	}
	sign(checkpoint.Checkpoint{Size: 5, Root: root}, w.signer)
	if _, err := Open(w.config("")); !errors.Is(err, ErrHistory) || !strings.Contains(err.Error(), "now there are fewer") {
		t.Errorf("a longer log: %v", err)
	}
	other, err := checkpoint.NewSigner(origin, bytes.Repeat([]byte{4}, 32))
	fatalIfErr(t, err)
	sign(checkpoint.Checkpoint{Size: 3, Root: root}, other)
	if _, err := Open(w.config("")); !errors.Is(err, checkpoint.ErrNotSigned) {
		t.Errorf("another key: %v", err)
	}
	fatalIfErr(t, w.dir.SetCheckpoint(t.Context(), directory.CheckpointSigned, []byte("rubbish")))
	if _, err := Open(w.config("")); !errors.Is(err, checkpoint.ErrMalformed) {
		t.Errorf("rubbish: %v", err)
	}
	sign(checkpoint.Checkpoint{Size: 3, Root: root}, w.signer)
	w.run(w.config(""))
	w.await("the right one", servedAt(4))
}

// TestStoreFails checks that no checkpoint leaves that is not durable.
func TestStoreFails(t *testing.T) {
	w := newWorld(t)
	x := newFakeWitness(t, "w", w.signer)
	w.run(w.config(x.line() + "quorum w\n"))
	w.await("first", quorateAt(1))
	w.store.refuse.Store(true)
	size := w.grow(3)
	s := w.await("trouble", func(s Status) bool { return s.SigningErr != nil })
	seen, _ := x.seen()
	if s.Served.Size != 1 || s.Signed.Size != 1 || seen != 1 || !strings.Contains(s.SigningErr.Error(), "the disk is full") {
		t.Errorf("status %+v, seen by the witness: %d", s, seen)
	}
	w.store.refuse.Store(false)
	w.await("works again, out of trouble", func(s Status) bool { return quorateAt(size)(s) && s.SigningErr == nil })
}

func TestParsePolicy(t *testing.T) {
	w := newWorld(t)
	x := newFakeWitness(t, "w", w.signer)
	other, err := checkpoint.NewSigner("another.example/log", bytes.Repeat([]byte{4}, 32))
	fatalIfErr(t, err)
	for policy, want := range map[string]string{
		x.line() + "quorum w":                                "",
		x.line() + "quorum w\nlog " + w.signer.VerifierKey(): "",
		"log " + other.VerifierKey() + "\nlog " + w.signer.VerifierKey() + "\n" + x.line() + "quorum w": "",
		"log " + other.VerifierKey() + "\n" + x.line() + "quorum w":                                     "but not this one",
		x.line(): "no quorum line",
		"":       "no quorum line",
	} {
		_, err := ParsePolicy([]byte(policy), w.signer)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", policy, err)
		}
	}
	if _, err := Open(Config{}); err == nil {
		t.Error("a publisher of nothing")
	}
}

// TestLog checks that every line of the log is one that tells nothing of the
// directory's users, and that trouble is told of when it begins and ends.
func TestLog(t *testing.T) {
	w := newWorld(t)
	x := newFakeWitness(t, "w", w.signer)
	x.lie(func(w http.ResponseWriter, _ []byte) bool { w.WriteHeader(503); return true })
	w.run(w.config(x.line() + "quorum w\n"))
	w.await("trouble", func(s Status) bool { return troubleOf(s, "w") != "" })
	for {
		if _, requests := x.seen(); requests > 5 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	x.lie(nil)
	w.await("all well", quorateAt(w.size()))
	began, ended := 0, 0
	for line := range strings.Lines(w.log.String()) {
		var record struct{ Msg, About string }
		fatalIfErr(t, json.Unmarshal([]byte(line), &record))
		switch record.Msg {
		case "checkpoints: trouble":
			began++
		case "checkpoints: works again":
			ended++
		}
	}
	if began != 1 || ended != 1 {
		t.Errorf("%d times trouble, %d times its end:\n%s", began, ended, w.log)
	}
}

// TestLateQuorum has the quorum of a checkpoint come when the next one was signed.
func TestLateQuorum(t *testing.T) {
	w := newWorld(t)
	x := newFakeWitness(t, "w", w.signer)
	release := make(chan struct{})
	x.lie(func(http.ResponseWriter, []byte) bool { <-release; return false })
	cfg := w.config(x.line() + "quorum w\n")
	cfg.QuorumWait = time.Millisecond
	w.run(cfg)
	w.await("the first request", func(Status) bool { _, n := x.seen(); return n > 0 })
	size := w.grow(3)
	before := w.await("the next checkpoint", func(s Status) bool { return s.Signed.Size == size })
	second := make(chan struct{})
	x.lie(func(http.ResponseWriter, []byte) bool { <-second; return false })
	close(release)
	s := w.await("the late quorum", quorumAt(1))
	if !s.QuorumMissingSince.After(before.QuorumMissingSince) || s.Signed.Size != size || s.Signed.Witnessed() == nil {
		t.Errorf("%+v, before %v", s, before.QuorumMissingSince)
	}
	close(second)
	w.await("all well", quorateAt(size))
}

// quorumAt is quorateAt without regard to newer checkpoints.
func quorumAt(size uint64) func(Status) bool {
	return func(s Status) bool { return servedAt(size)(s) && s.Served.Witnessed() == nil }
}

// TestUnreachableQuorum checks that a quorum is refused that nobody can be asked
// for.
func TestUnreachableQuorum(t *testing.T) {
	w := newWorld(t)
	x, y := newFakeWitness(t, "x", w.signer), newFakeWitness(t, "y", w.signer)
	without, _, _ := strings.Cut(y.line(), " http")
	for policy, ok := range map[string]bool{
		without + "\nquorum y\n":                                  false,
		without + "\n" + x.line() + "group g all x y\nquorum g\n": false,
		without + "\n" + x.line() + "group g any x y\nquorum g\n": true,
		without + "\nquorum none\n":                               true,
	} {
		_, err := Open(w.config(policy))
		if ok && err != nil || !ok && (err == nil || !strings.Contains(err.Error(), "witnesses that have no URL")) {
			t.Errorf("%q: %v", policy, err)
		}
	}
}
