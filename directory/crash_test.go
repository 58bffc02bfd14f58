package directory_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// crashDir, in the environment, makes the test binary run as the process that
// TestCrash kills.
const crashDir = "GHOSTLIGHT_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		child := crashChild
		if os.Getenv(crashPruning) != "" {
			child = pruningChild
		}
		if err := child(dir); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

const crashWriters = 8

// crashChild writes as fast as it can until it is killed. It prints a line for
// each acknowledged version and for each head that it has seen published.
func crashChild(dir string) error {
	t := &testing.T{}
	store := openStore(t, dir)
	cfg := testConfig(t, store)
	cfg.Heartbeat = 3 * time.Millisecond // between updates, or so
	cfg.Policy = countingPolicy{}
	d, err := directory.Open(cfg)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for i := range crashWriters {
		wg.Go(func() {
			label := fmt.Appendf(nil, "writer %d", i)
			var greatest *uint32
			if version, _, err := d.Greatest(context.Background(), label); err == nil {
				greatest = &version
			}
			for {
				next := uint32(0)
				if greatest != nil {
					next = *greatest + 1
				}
				outcomes, err := d.Insert(context.Background(), []directory.NewVersions{
					{Label: label, Greatest: greatest, Values: [][]byte{fmt.Append(nil, next)}},
				})
				if err != nil || outcomes[0] != nil {
					fmt.Println("failed", err, outcomes)
					return
				}
				head, err := d.Head()
				if err != nil {
					fmt.Println("failed", err)
					return
				}
				fmt.Printf("version %d %d\nhead %d %v\n", i, next, head.TreeSize, head.Root)
				greatest = &next
			}
		})
	}
	wg.Wait()
	return fmt.Errorf("the writers ended")
}

// acknowledged is what children have told before they were killed.
type acknowledged struct {
	versions map[int]uint32
	heads    map[uint64]string
}

// TestCrash kills a writing process at random moments. Afterwards every
// acknowledged version must be there, every published head must be a prefix of
// the log, and a client who followed along must still be able to.
func TestCrash(t *testing.T) {
	kills := 50
	dir := t.TempDir()
	ack := acknowledged{make(map[int]uint32), make(map[uint64]string)}
	view := &keytrans.View{}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range kills {
		// Every third time the child is killed while it starts or soon after.
		ack.run(t, dir, time.Duration(random.IntN(40_000))*time.Microsecond, i%3 == 2)
		view = ack.check(t, dir, view)
		if t.Failed() {
			t.Fatalf("after kill %d", i+1)
		}
	}
	t.Logf("%d kills, %d log entries, versions %v", kills, view.Head.TreeSize, ack.versions)
	if len(ack.versions) < crashWriters || view.Head.TreeSize < uint64(kills) {
		t.Fatal("the children did too little to be worth killing")
	}
}

// run starts a child and kills it some time after its start or its first
// acknowledgement.
func (a *acknowledged) run(t *testing.T, dir string, after time.Duration, fromStart bool) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	fatalIfErr(t, err)
	fatalIfErr(t, cmd.Start())
	kill := func() { _ = cmd.Process.Kill() }
	if fromStart {
		time.AfterFunc(after, kill)
	}
	first := !fromStart
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if first {
			first = false
			time.AfterFunc(after, kill)
		}
		a.note(t, lines.Text())
	}
	_ = cmd.Wait() // killed
	if first {
		t.Fatal("the child acknowledged nothing")
	}
}

func (a *acknowledged) note(t *testing.T, line string) {
	var writer int
	var version uint32
	var size uint64
	var root string
	if _, err := fmt.Sscanf(line, "version %d %d", &writer, &version); err == nil {
		a.versions[writer] = version
	} else if _, err := fmt.Sscanf(line, "head %d %s", &size, &root); err == nil && len(root) == hex.EncodedLen(merkle.HashSize) {
		if old, ok := a.heads[size]; ok && old != root {
			t.Errorf("two heads of %d entries", size)
		}
		a.heads[size] = root
	} else if strings.HasPrefix(line, "failed") {
		t.Error(line)
	}
}

// check opens the directory that a child left behind.
func (a *acknowledged) check(t *testing.T, dir string, view *keytrans.View) *keytrans.View {
	store := openStore(t, dir)
	f := open(t, testConfig(t, store))
	defer func() {
		f.Close()
		fatalIfErr(t, store.Close())
	}()
	for writer, acked := range a.versions {
		version, value, err := f.Greatest(context.Background(), fmt.Appendf(nil, "writer %d", writer))
		// The version after the acknowledged one may have been committed, too.
		if err != nil || version < acked || version > acked+1 || string(value) != fmt.Sprint(version) {
			t.Errorf("writer %d: acknowledged version %d, found %d: %q %v", writer, acked, version, value, err)
		}
		a.versions[writer] = version
	}
	a.checkHeads(t, f)

	q := &keytrans.DistinguishedRequest{Last: view.Last()}
	p, err := f.Distinguished(context.Background(), q)
	fatalIfErr(t, err)
	r, err := f.verifier.Distinguished(view, q, p, time.Now())
	fatalIfErr(t, err)
	return r.View
}

// checkHeads computes the root at every published size from the log's entries.
func (a *acknowledged) checkHeads(t *testing.T, f *fixture) {
	entries, err := f.Entries(context.Background(), 0, f.size(t))
	fatalIfErr(t, err)
	var subtrees []merkle.Hash
	seen := 0
	for i, e := range entries {
		subtrees, err = logtree.Append(uint64(i), subtrees, e.Hash(), func(logtree.Node, merkle.Hash) {})
		fatalIfErr(t, err)
		root, err := logtree.Root(uint64(i+1), subtrees)
		fatalIfErr(t, err)
		if want, ok := a.heads[uint64(i+1)]; ok {
			seen++
			if root.String() != want {
				t.Errorf("the published head of %d entries is not a prefix of the log", i+1)
			}
		}
	}
	if seen != len(a.heads) {
		t.Errorf("%d of %d published heads are beyond the log", len(a.heads)-seen, len(a.heads))
	}
}
