package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// TestMirrorGrows mirrors a log at sizes around those where tiles become full,
// each time by a new process.
func TestMirrorGrows(t *testing.T) {
	for _, static := range []bool{false, true} {
		t.Run(fmt.Sprintf("static=%t", static), func(t *testing.T) {
			w := newWorld(t, 0, 0)
			w.log.SetStatic(static)
			for _, size := range []int{1, 2, 255, 256, 257, 511, 512, 513, 1000, 1300} {
				w.log.Grow(t, size-int(w.log.Size()), 3)
				w.mustUpdate(uint64(size))
			}
		})
	}
}

// TestMirrorFollows is TestMirrorGrows in one process.
func TestMirrorFollows(t *testing.T) {
	w := newWorld(t, 0, 0)
	w.log.Grow(t, 1, 1)
	m := w.open()
	for _, size := range []int{1, 2, 255, 256, 257, 511, 512, 513, 1000, 1300} {
		w.log.Grow(t, size-int(w.log.Size()), 3)
		for range 2 { // the second time there is nothing new
			fatalIfErr(t, m.Update(t.Context()))
		}
		if got := m.Status(); got.Checkpoint.Size != uint64(size) || got.Entries != uint64(size) {
			t.Fatalf("status %+v, want %d entries", got, size)
		}
	}
	fatalIfErr(t, m.Close())
	w.verifies(1300)
}

// TestOlderCheckpoints mirrors a mirror up to checkpoints that it had before. It
// keeps what belongs to them: all of it for the last one, and else everything but
// changes.
func TestOlderCheckpoints(t *testing.T) {
	w := newWorld(t, 260, 2)
	m := w.open()
	fatalIfErr(t, m.Update(t.Context()))
	first := w.log.SignAt(t, 260)
	for range 2 {
		w.log.Grow(t, 20, 2)
		fatalIfErr(t, m.Update(t.Context()))
	}
	for _, c := range []struct {
		size   uint64
		signed []byte
		want   error
	}{{260, first, ErrNotFound}, {280, w.log.SignAt(t, 280), nil}, {300, w.log.SignAt(t, 300), nil}} {
		source := union{noteSource(c.signed), m.store}
		second, err := OpenMirror(t.Context(), filepath.Join(t.TempDir(), "second"), source, w.cfg)
		fatalIfErr(t, err)
		if err := second.Update(t.Context()); !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), "changes/001.p/4:") {
			t.Errorf("mirroring up to %d entries: %v, want %v", c.size, err, c.want)
		}
		fatalIfErr(t, second.Close())
	}
	fatalIfErr(t, m.Close())
	w.verifies(300)
}

// noteSource is a log that has a checkpoint only.
type noteSource []byte

func (n noteSource) Read(_ context.Context, path string, f func(io.Reader) error) error {
	if path != checkpointPath {
		return ErrNotFound
	}
	return f(bytes.NewReader(n))
}

// TestMirrorOfManyTiles has a full tile of level 1.
func TestMirrorOfManyTiles(t *testing.T) {
	if testing.Short() {
		t.Skip("verifies 66,000 entries; not with -short")
	}
	w := newWorld(t, 66_000, 1)
	w.mustUpdate(66_000)
	w.log.Grow(t, 300, 1)
	w.mustUpdate(66_300)
}

// TestStaticFull mirrors up to an older checkpoint from a server that has no
// partial tiles of that size any more.
func TestStaticFull(t *testing.T) {
	w := newWorld(t, 300, 2)
	old := w.log.SignAt(t, 300)
	w.log.Grow(t, 300, 2)
	w.log.SetStatic(true)
	w.log.Serve(old)
	_, err := w.update()
	fatalIfErr(t, err)
	w.log.SetStatic(false)
	w.verifies(300)
}

// TestMirrorOfMirror mirrors a mirror, which is served as plain files.
func TestMirrorOfMirror(t *testing.T) {
	w := newWorld(t, 700, 2)
	w.mustUpdate(700)
	f, err := openFiles(w.dir)
	fatalIfErr(t, err)
	defer f.close()
	w.dir = filepath.Join(t.TempDir(), "second")
	m, err := OpenMirror(t.Context(), w.dir, f, w.cfg)
	fatalIfErr(t, err)
	fatalIfErr(t, m.Update(t.Context()))
	fatalIfErr(t, m.Close())
	w.verifies(700)
}

func TestOpenMirrorErrors(t *testing.T) {
	w := newWorld(t, 10, 1)
	open := func(dir string, policy string) error {
		cfg := w.cfg
		cfg.Policy = []byte(policy)
		if policy == "" {
			cfg.Policy = nil
		}
		m, err := OpenMirror(t.Context(), dir, w.source(), cfg)
		if err == nil {
			err = m.Close()
		}
		return err
	}
	good := string(w.log.Policy())
	fresh := filepath.Join(t.TempDir(), "fresh")
	wantKind(t, open(fresh, ""), Usage, nil, "is not a mirror")
	wantKind(t, open(fresh, "quorum none\n"), Usage, nil, "names no log")
	wantKind(t, open(fresh, "nonsense\n"), Usage, checkpoint.ErrMalformed, "line 1")
	if _, err := os.Stat(fresh); !os.IsNotExist(err) {
		t.Error("a folder was made for a policy that is of no use")
	}
	foreign := t.TempDir()
	fatalIfErr(t, os.WriteFile(filepath.Join(foreign, "holiday.jpg"), nil, 0o600))
	wantKind(t, open(foreign, good), Usage, nil, "has other things")
	fatalIfErr(t, open(w.dir, good))
	fatalIfErr(t, open(w.dir, ""))
	fatalIfErr(t, open(w.dir, good))
	// Before anything was mirrored, the policy can still be put right.
	fatalIfErr(t, open(w.dir, good+"# changed\n"))
	fatalIfErr(t, open(w.dir, good))

	m := w.open()
	wantKind(t, open(w.dir, ""), Operational, errLocked, fmt.Sprint("process ", os.Getpid()))
	_, err := VerifyMirror(t.Context(), w.dir, MirrorConfig{})
	wantKind(t, err, Operational, errLocked)
	fatalIfErr(t, m.Close())
	_, err = VerifyMirror(t.Context(), w.dir, MirrorConfig{})
	wantKind(t, err, Undecided, nil, "not complete up to any checkpoint")

	m = w.open()
	fatalIfErr(t, m.Update(t.Context()))
	fatalIfErr(t, m.Close())
	wantKind(t, open(w.dir, good+"# changed\n"), Usage, nil, "not the one that the mirror was made with")

	// What is written to the lock does not end up elsewhere.
	lock, victim := filepath.Join(w.dir, lockName), filepath.Join(t.TempDir(), "victim")
	fatalIfErr(t, os.WriteFile(victim, []byte("precious"), 0o600))
	fatalIfErr(t, os.Remove(lock))
	fatalIfErr(t, os.Symlink(victim, lock))
	wantKind(t, open(w.dir, ""), Operational, nil, "not a regular file")
	if data, err := os.ReadFile(victim); err != nil || string(data) != "precious" {
		t.Errorf("%q, %v", data, err)
	}
	fatalIfErr(t, os.Remove(lock))
	// A tile that is none is refused, and not waited for.
	hashes := filepath.Join(w.dir, "tile", "0")
	fatalIfErr(t, os.RemoveAll(hashes))
	fatalIfErr(t, os.Symlink(os.DevNull, hashes))
	if _, err := VerifyMirror(t.Context(), w.dir, MirrorConfig{}); KindOf(err) == 0 {
		t.Error("a device was verified")
	}

	_, err = VerifyMirror(t.Context(), fresh, MirrorConfig{})
	wantKind(t, err, Operational, os.ErrNotExist)
	_, err = VerifyMirror(t.Context(), foreign, MirrorConfig{})
	wantKind(t, err, Usage, nil, "has no policy")
}
