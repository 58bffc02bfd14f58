//go:build unix

package trillianlog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// writer, in the environment, makes the test binary run as a process that writes
// to a tree until it is killed: "ADDRESS TREE SIZE".
const writer = "GHOSTLIGHT_TRILLIANLOG_WRITER"

func TestMain(m *testing.M) {
	if args := os.Getenv(writer); args != "" {
		fmt.Println("failed", write(args))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// write advances a tree in small steps and tells of each.
func write(args string) error {
	var addr string
	var tree int64
	var size uint64
	if _, err := fmt.Sscan(args, &addr, &tree, &size); err != nil {
		return err
	}
	conn, err := dial(addr)
	if err != nil {
		return err
	}
	l, err := Open(context.Background(), Config{Conn: conn, TreeID: tree, Poll: 5 * time.Millisecond, BatchSize: 20})
	if err != nil {
		return err
	}
	at := uint64(0)
	for at < size {
		n, root, err := l.Advance(context.Background(), min(at+50, size), entries)
		if err != nil {
			return err
		}
		fmt.Println("advanced", n, root)
		at = n
	}
	return fmt.Errorf("all %d entries are written, and nobody killed this process", size)
}

const (
	integrationSize = 10_000
	// integrationTime bounds the test, so that it can stop what it has started.
	integrationTime = 4 * time.Minute
)

// integration is one directory's log on a real Trillian.
type integration struct {
	*stack
	ctx    context.Context
	roots  []merkle.Hash // by size
	random *rand.Rand
	conn   trillian.TrillianLogClient
	tree   int64
	log    *Log
	at     uint64
}

// TestTrillian runs Trillian on PostgreSQL as deploy/trillian/README.md says, and
// kills each part at awkward times while 10,000 entries are written.
func TestTrillian(t *testing.T) {
	if testing.Short() {
		t.Skip("needs PostgreSQL and Trillian, and most of a minute")
	}
	if raceEnabled {
		t.Skip("what it tests is in other processes, which the race detector does not see")
	}
	s := newStack(t)
	conn := s.dial()
	it := &integration{
		stack: s, roots: allRoots(t, integrationSize), random: rand.New(rand.NewPCG(5, 6)),
		conn: trillian.NewTrillianLogClient(conn), tree: s.createTree(),
	}
	ctx, cancel := context.WithTimeout(t.Context(), integrationTime)
	defer cancel()
	it.ctx = ctx

	it.wrongTrees(t)
	it.answersLost(t, 1500)
	it.writerKilled(t, 8)
	it.log = s.open(conn, it.tree)
	for range 10 {
		it.partKilled(t, "log server", s.server, s.startServer, 150)
		it.partKilled(t, "log signer", s.signer, s.startSigner, 150)
		it.partKilled(t, "PostgreSQL", s.postgres.process, s.postgres.start, 150)
	}
	it.signerAway(t, 1000)
	it.advance(t, integrationSize)
	it.check(t)
	it.catchUp(t)
	it.foreignLeaf(t)
	it.foreignPrefix(t)
	it.directoryServed(t)
}

func allRoots(t *testing.T, size uint64) []merkle.Hash {
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	roots := []merkle.Hash{merkle.Hash(rfc6962.DefaultHasher.EmptyRoot())}
	for i := range size {
		fatalIfErr(t, tree.Append(rfc6962.DefaultHasher.HashLeaf(entry(i)), nil))
		root, err := tree.GetRootHash(nil)
		fatalIfErr(t, err)
		roots = append(roots, merkle.Hash(root))
	}
	return roots
}

// wrongTrees: what an operator is likely to do wrong is refused.
func (it *integration) wrongTrees(t *testing.T) {
	for id, want := range map[int64]string{
		it.createTree("--tree_type=LOG"): "is a LOG, which does not keep the order",
		4711:                             "there is no tree 4711 in Trillian",
	} {
		if _, err := Open(it.ctx, Config{Conn: it.dial(), TreeID: id}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open: %v, want: %s", err, want)
		}
	}
}

// advance calls Advance until it succeeds, and returns how often it did not.
func (it *integration) advance(t *testing.T, size uint64) (failed int) {
	t.Helper()
	return it.advanceWith(t, size, entries)
}

func (it *integration) advanceWith(t *testing.T, size uint64, read func(lo, hi uint64) ([][]byte, error)) (failed int) {
	t.Helper()
	for {
		n, root, err := it.log.Advance(it.ctx, size, read)
		if err == nil {
			it.reached(t, n, root)
			return failed
		}
		if it.ctx.Err() != nil || errors.As(err, new(*Conflict)) {
			t.Fatalf("Advance(%d): %v", size, err)
		}
		failed++
		time.Sleep(50 * time.Millisecond)
	}
}

func (it *integration) reached(t *testing.T, size uint64, root merkle.Hash) {
	t.Helper()
	if size < it.at || size > integrationSize || root != it.roots[size] {
		t.Fatalf("after size %d: size %d, root %v", it.at, size, root)
	}
	it.at = size
}

// answersLost writes over a connection that loses answers.
func (it *integration) answersLost(t *testing.T, more uint64) {
	conn := &lossy{ClientConnInterface: it.dial()}
	it.log = it.open(conn, it.tree)
	began, failed := time.Now(), 0
	for to := it.at + more; it.at < to; {
		failed += it.advance(t, min(it.at+1+it.random.Uint64N(300), to))
	}
	back := it.readBack()
	t.Logf("answers lost: %d of %d, size %d, read back %d times, %v", conn.lost, conn.adds, it.at, back, time.Since(began))
	if failed == 0 || failed != conn.lost || back > conn.lost {
		t.Errorf("%d calls failed, %d answers were lost, read back %d times", failed, conn.lost, back)
	}
}

// writerKilled runs processes that write, and kills each.
func (it *integration) writerKilled(t *testing.T, kills int) {
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", writer, it.addr, it.tree, it.at+2000))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		fatalIfErr(t, err)
		fatalIfErr(t, cmd.Start())
		var timer *time.Timer
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var size uint64
			var root string
			if _, err := fmt.Sscanf(lines.Text(), "advanced %d %s", &size, &root); err != nil || size > integrationSize || root != it.roots[size].String() {
				t.Errorf("the writer: %s", lines.Text())
				continue
			}
			it.at = size
			if timer == nil {
				after := time.Duration(it.random.IntN(400)) * time.Millisecond
				timer = time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait() // killed
		if timer == nil {
			t.Fatal("the writer wrote nothing")
		}
	}
	t.Logf("writer killed %d times, size %d", kills, it.at)
}

// partKilled kills a part of Trillian while a batch is on its way to it, or soon
// after, and starts it again.
func (it *integration) partKilled(t *testing.T, name string, p *process, start func() error, more uint64) {
	after := time.Duration(it.random.IntN(15_000)) * time.Microsecond
	restarted := make(chan error, 1)
	once := sync.OnceFunc(func() {
		time.AfterFunc(after, func() {
			p.kill()
			time.Sleep(100 * time.Millisecond)
			restarted <- start()
		})
	})
	began, failed := time.Now(), 0
	defer func() { // in any case, or the part would be started after the test
		once()
		fatalIfErr(t, <-restarted)
		t.Logf("%s killed after %v: size %d, %d calls failed, read back %d times, %v", name, after, it.at, failed, it.readBack(), time.Since(began))
	}()
	failed = it.advanceWith(t, it.at+more, func(lo, hi uint64) ([][]byte, error) {
		once()
		return entries(lo, hi)
	})
}

// signerAway: without a signer nothing is integrated; processes come and go, and
// none knows what the one before it has written.
func (it *integration) signerAway(t *testing.T, more uint64) {
	it.signer.kill()
	conn := it.dial()
	for range 3 {
		it.log = it.open(conn, it.tree)
		ctx, cancel := context.WithTimeout(it.ctx, 500*time.Millisecond)
		n, _, err := it.log.Advance(ctx, it.at+more, entries)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("without a signer: size %d, %v", n, err)
		}
	}
	fatalIfErr(t, it.startSigner())
	it.advance(t, it.at+more)
	back := it.readBack()
	t.Logf("log signer away while three processes wrote: size %d, read back %d times", it.at, back)
	if back == 0 {
		t.Error("no process found what the one before it had written")
	}
}

// check reads everything that Trillian has.
func (it *integration) check(t *testing.T) {
	n, root, err := it.open(it.dial(), it.tree).Advance(it.ctx, 0, nil)
	if err != nil || n != integrationSize || root != it.roots[integrationSize] {
		t.Fatalf("a new process: size %d, root %v, %v", n, root, err)
	}
	for lo := int64(0); lo < integrationSize; lo += 1000 {
		r, err := it.conn.GetLeavesByRange(it.ctx, &trillian.GetLeavesByRangeRequest{LogId: it.tree, StartIndex: lo, Count: 1000})
		fatalIfErr(t, err)
		if len(r.Leaves) != 1000 {
			t.Fatalf("%d leaves from %d on", len(r.Leaves), lo)
		}
		for i, leaf := range r.Leaves {
			if leaf.LeafIndex != lo+int64(i) || !bytes.Equal(leaf.LeafValue, entry(uint64(leaf.LeafIndex))) {
				t.Fatalf("leaf %d: %v", lo+int64(i), leaf)
			}
		}
	}
	const want = "10000|10000|10000|0|9999"
	got := it.postgres.psql(it.postgres.uri("trillian", "trillian"), fmt.Sprintf(
		`SELECT count(*), count(DISTINCT LeafIdentityHash), (SELECT count(*) FROM LeafData WHERE TreeId = %[1]d),
			min(SequenceNumber), max(SequenceNumber) FROM SequencedLeafData WHERE TreeId = %[1]d`, it.tree))
	if got != want {
		t.Errorf("in the database: %s, want %s", got, want)
	}
}

// catchUp fills an empty tree from the whole log at once. The statistics of the
// database, which knows other trees better, are made anew on the way.
func (it *integration) catchUp(t *testing.T) {
	l, err := Open(it.ctx, Config{Conn: it.dial(), TreeID: it.createTree()})
	fatalIfErr(t, err)
	began := time.Now()
	n, root, err := l.Advance(it.ctx, integrationSize, func(lo, hi uint64) ([][]byte, error) {
		if hi == integrationSize {
			it.postgres.psql(it.postgres.uri("trillian", "trillian"), "ANALYZE")
		}
		return entries(lo, hi)
	})
	took := time.Since(began)
	if err != nil || n != integrationSize || root != it.roots[n] {
		t.Fatalf("size %d, root %v, %v", n, root, err)
	}
	t.Logf("%d entries into an empty tree in %v: %.0f entries/s", n, took, integrationSize/took.Seconds())
}

// put puts somebody else's leaves at the indices [lo, hi).
func (it *integration) put(t *testing.T, tree int64, lo, hi uint64) {
	q := &trillian.AddSequencedLeavesRequest{LogId: tree}
	for i := lo; i < hi; i++ {
		q.Leaves = append(q.Leaves, &trillian.LogLeaf{LeafIndex: int64(i), LeafValue: fmt.Append(nil, "not ours ", i)})
	}
	_, err := it.conn.AddSequencedLeaves(it.ctx, q)
	fatalIfErr(t, err)
}

// foreignLeaf: somebody put a leaf where the directory's will be.
func (it *integration) foreignLeaf(t *testing.T) {
	tree := it.createTree()
	it.put(t, tree, 30, 31)
	l := it.open(it.dial(), tree)
	for range 2 {
		_, _, err := l.Advance(it.ctx, 50, entries)
		c, ok := errors.AsType[*Conflict](err)
		if !ok || c.Index != 30 || !bytes.Equal(c.Own, entry(30)) || string(c.Theirs) != "not ours 30" {
			t.Fatalf("Advance: %v", err)
		}
	}
}

// foreignPrefix: somebody wrote to the tree before the directory did. The root
// tells the caller.
func (it *integration) foreignPrefix(t *testing.T) {
	tree := it.createTree()
	it.put(t, tree, 0, 5)
	for integrated := uint64(0); integrated < 5; time.Sleep(20 * time.Millisecond) {
		var err error
		integrated, _, err = it.open(it.dial(), tree).Advance(it.ctx, 0, nil)
		fatalIfErr(t, err)
	}
	n, root, err := it.open(it.dial(), tree).Advance(it.ctx, 50, entries)
	fatalIfErr(t, err)
	if n != 50 || root == it.roots[50] {
		t.Errorf("size %d, root %v", n, root)
	}
}
