package directory_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// crashPruning, in the environment beside crashDir, makes the process prune and
// erase.
const crashPruning = "GHOSTLIGHT_CRASH_PRUNING"

func pruningConfig(t testing.TB, store directory.Store) directory.Config {
	cfg := testConfig(t, store)
	cfg.Configuration = ptr(*cfg.Configuration)
	cfg.Configuration.MaximumLifetime = ptr(uint64(300))
	return cfg
}

// pruningChild publishes versions of one label, erases each of them, and prunes,
// all as fast as it can, until it is killed. It prints a line for each version
// that was erased, and for each time that something was pruned.
func pruningChild(dir string) error {
	store := openStore(&testing.T{}, dir)
	cfg := pruningConfig(&testing.T{}, store)
	cfg.Heartbeat = time.Millisecond
	d, err := directory.Open(cfg)
	if err != nil {
		return err
	}
	failed := make(chan error)
	go func() { failed <- eraseForever(d) }()
	go func() { failed <- pruneForever(d) }()
	return <-failed
}

func eraseForever(d *directory.Directory) error {
	ctx, label := context.Background(), []byte("label")
	var greatest *uint32
	switch version, _, err := d.Greatest(ctx, label); {
	case err == nil, errors.Is(err, directory.ErrErased):
		greatest = &version
	}
	for {
		u := directory.NewVersions{Label: label, Greatest: greatest, Values: [][]byte{[]byte("value"), []byte("value")}}
		outcomes, err := d.Insert(ctx, []directory.NewVersions{u})
		if err = errors.Join(append(outcomes, err)...); err != nil {
			return err
		}
		if greatest == nil {
			greatest = ptr(uint32(1<<32 - 1)) // 0 follows
		}
		*greatest += 2
		if _, err := d.Erase(ctx, label, ptr(*greatest-1)); err != nil {
			return err
		}
		fmt.Println("erased", *greatest-1)
	}
}

func pruneForever(d *directory.Directory) error {
	signer, err := checkpoint.NewSigner("example.org/log", bytes.Repeat([]byte{5}, 32))
	if err != nil {
		return err
	}
	for {
		size, err := d.TreeSize()
		if err != nil {
			return err
		}
		root, err := d.PublicRoot(size)
		if err != nil {
			return err
		}
		signed, err := signer.Sign(checkpoint.Checkpoint{Origin: signer.Origin(), Size: size, Root: root})
		if err != nil {
			return err
		}
		if err := d.SetCheckpoint(context.Background(), directory.CheckpointServed, signed); err != nil {
			return err
		}
		done, err := d.Prune(context.Background(), directory.PruneOptions{PublicLog: true}, nil)
		if err != nil {
			return err
		}
		if done.Removed > 0 {
			fmt.Println("pruned", done.Versions, done.Entries)
		}
	}
}

// TestCrashPruning kills a process that prunes and erases. Whatever it leaves
// serves answers that verify, has erased what it said it had, and can be pruned.
func TestCrashPruning(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(3, 4))
	var erased, versions, entries uint64
	enough := func() bool { return erased >= 40 && versions >= 100 && entries >= 256 }
	for i := 0; i < 40 || !enough() && i < 150; i++ {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashDir+"="+dir, crashPruning+"=1")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		fatalIfErr(t, err)
		fatalIfErr(t, cmd.Start())
		lines := bufio.NewScanner(out)
		last := random.IntN(10) // on a slow machine, the child gets as far
		for n := 0; lines.Scan(); n++ {
			if n == last {
				time.AfterFunc(time.Duration(random.IntN(20_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
			var v, e uint64
			if _, err := fmt.Sscanf(lines.Text(), "pruned %d %d", &v, &e); err == nil {
				versions, entries = v, e
			} else if _, err := fmt.Sscanf(lines.Text(), "erased %d", &v); err == nil {
				erased = v
			} else {
				t.Fatal(lines.Text())
			}
		}
		_ = cmd.Wait() // killed
		checkPruned(t, dir, uint32(erased), versions, entries)
		if t.Failed() {
			t.Fatalf("after kill %d", i+1)
		}
	}
	t.Logf("%d versions, pruned to %d and %d", erased, versions, entries)
	if !enough() {
		t.Error("the children did too little to be worth killing")
	}
}

// checkPruned opens what a child left behind.
func checkPruned(t *testing.T, dir string, erased uint32, versions, entries uint64) {
	t.Helper()
	store := openStore(t, dir)
	f := open(t, pruningConfig(t, store))
	defer func() {
		f.Close()
		fatalIfErr(t, store.Close())
	}()
	head, err := f.Head()
	fatalIfErr(t, err)
	if head.FirstVersion < versions || head.FirstEntry < entries {
		t.Errorf("pruned to %d and %d, which was %d and %d", head.FirstVersion, head.FirstEntry, versions, entries)
	}
	if done, err := f.Erase(t.Context(), []byte("label"), &erased); err != nil || done.Before != 1 {
		t.Errorf("version %d was erased: %+v, %v", erased, done, err)
	}
	// The greatest version is never erased by a child.
	fatalIfErr(t, f.update("other", "value", nextOf(t, f, "other")))
	for range 2 {
		r, err := f.search(&keytrans.View{}, "label", nil)
		if err != nil && !errors.Is(err, directory.ErrErased) || err == nil && string(r.Value.Value) != "value" {
			t.Errorf("the greatest version: %v", err)
		}
		q := &keytrans.DistinguishedRequest{}
		p, err := f.Distinguished(t.Context(), q)
		fatalIfErr(t, err)
		_, err = f.verifier.Distinguished(&keytrans.View{}, q, p, time.Now())
		fatalIfErr(t, err)
		if _, err := f.Prune(t.Context(), directory.PruneOptions{PublicLog: true}, nil); err != nil {
			t.Errorf("pruning: %v", err)
		}
	}
}

// nextOf returns the greatest version of a label, nil if it has none.
func nextOf(t *testing.T, f *fixture, label string) *uint32 {
	t.Helper()
	version, _, err := f.Greatest(t.Context(), []byte(label))
	if errors.Is(err, directory.ErrUnknownLabel) {
		return nil
	}
	fatalIfErr(t, err)
	return &version
}
