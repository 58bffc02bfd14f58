package monitor

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

func TestCompareCheckpoints(t *testing.T) {
	w := newWorld(t, 300, 2)
	fork := w.fork(100, 400)
	policy, err := parsePolicy(w.log.Policy())
	fatalIfErr(t, err)
	at := func(l *monitortest.Log, size uint64) *checkpoint.Signed {
		t.Helper()
		signed, err := policy.Open(l.SignAt(t, size))
		fatalIfErr(t, err)
		return signed
	}
	empty, err := policy.Open(w.log.Sign(t, 0, [32]byte{}))
	fatalIfErr(t, err)
	for name, c := range map[string]struct {
		a, b   *checkpoint.Signed
		source *monitortest.Log
		proven bool
	}{
		"the same":              {at(w.log, 300), at(w.log, 300), nil, false},
		"continued":             {at(w.log, 99), at(w.log, 300), w.log, false},
		"continued, exchanged":  {at(w.log, 300), at(w.log, 256), w.log, false},
		"before the fork":       {at(w.log, 100), at(fork, 400), fork, false},
		"an empty log":          {empty, at(fork, 400), nil, false},
		"one size, two roots":   {at(w.log, 300), at(fork, 300), nil, true},
		"the fork is larger":    {at(w.log, 101), at(fork, 400), fork, true},
		"the fork is exchanged": {at(fork, 400), at(w.log, 300), fork, true},
		"the fork is smaller":   {at(w.log, 300), at(fork, 256), w.log, true},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := CompareCheckpoints(t.Context(), logSource{c.source}, c.a, c.b)
			if err != nil || (found != nil) != c.proven {
				t.Fatalf("%v, %v; proven should be %v", found, err, c.proven)
			}
			if found == nil {
				return
			}
			fatalIfErr(t, found.Verify(policy))
			newer := c.a
			if c.b.Size > c.a.Size {
				newer = c.b
			}
			dir := filepath.Join(t.TempDir(), "new", "folder")
			path, err := StoreInconsistency(dir, found, newer, time.Now())
			fatalIfErr(t, err)
			again, err := StoreInconsistency(dir, found, newer, time.Now().Add(time.Hour))
			if err != nil || again != path || filepath.Dir(path) != filepath.Join(dir, evidenceName) {
				t.Errorf("stored as %s, and again as %s, %v", path, again, err)
			}
			data, err := os.ReadFile(path)
			fatalIfErr(t, err)
			e, err := evidence.Parse(data)
			fatalIfErr(t, err)
			_, err = e.Verify(evidence.Expected{Configuration: e.Configuration, Logs: []string{policy.Logs[0].VerifierKey}})
			fatalIfErr(t, err)
		})
	}
	_, err = CompareCheckpoints(t.Context(), logSource{w.log}, at(w.log, 200), at(fork, 300))
	wantKind(t, err, Undecided, tile.ErrTiles)
	_, err = CompareCheckpoints(t.Context(), w.source(), at(w.log, 200), at(fork, 400))
	wantKind(t, err, Undecided, ErrNotFound)
	if NotReached(err) {
		t.Errorf("a resource that is missing was taken for no answer: %v", err)
	}
	w.server.Close()
	_, err = CompareCheckpoints(t.Context(), w.source(), at(w.log, 200), at(w.log, 300))
	wantKind(t, err, Undecided, nil)
	if !NotReached(err) {
		t.Errorf("an answer was seen in %v", err)
	}
}

// TestCompareTwoKeys compares checkpoints of one origin and two keys: what
// contradicts is told, and is no evidence.
func TestCompareTwoKeys(t *testing.T) {
	w := newWorld(t, 300, 2)
	fork := w.fork(100, 400)
	other, err := checkpoint.NewSigner(monitortest.Origin, bytes.Repeat([]byte{8}, 32))
	fatalIfErr(t, err)
	third, err := checkpoint.NewSigner("log.example/other", bytes.Repeat([]byte{9}, 32))
	fatalIfErr(t, err)
	lines := []string{"quorum none\n"}
	for _, s := range []*checkpoint.Signer{w.log.Signer, other, third} {
		lines = append(lines, "log "+s.VerifierKey()+"\n")
	}
	policy, err := parsePolicy([]byte(strings.Join(lines, "")))
	fatalIfErr(t, err)
	open := func(l *monitortest.Log, by *checkpoint.Signer, size uint64) *checkpoint.Signed {
		t.Helper()
		note, err := by.Sign(checkpoint.Checkpoint{Origin: by.Origin(), Size: size, Root: l.RootAt(t, size)})
		fatalIfErr(t, err)
		signed, err := policy.Open(note)
		fatalIfErr(t, err)
		return signed
	}
	old := open(w.log, w.log.Signer, 300)
	found, err := CompareCheckpoints(t.Context(), logSource{fork}, old, open(fork, other, 400))
	wantKind(t, err, Undecided, ErrTwoKeys)
	if found != nil {
		t.Error("evidence was made of two keys")
	}
	if _, err = CompareCheckpoints(t.Context(), nil, old, open(fork, other, 300)); !errors.Is(err, ErrTwoKeys) {
		t.Errorf("one size: %v", err)
	}
	_, err = CompareCheckpoints(t.Context(), logSource{w.log}, open(w.log, other, 100), old)
	fatalIfErr(t, err)
	_, err = CompareCheckpoints(t.Context(), logSource{w.log}, open(w.log, third, 100), old)
	wantKind(t, err, Undecided, errOther)
}

func TestReadCheckpoint(t *testing.T) {
	w := newWorld(t, 30, 2)
	policy, err := parsePolicy(w.log.Policy())
	fatalIfErr(t, err)
	signed, err := ReadCheckpoint(t.Context(), w.source(), policy)
	fatalIfErr(t, err)
	if signed.Size != 30 {
		t.Errorf("a checkpoint of %d entries", signed.Size)
	}
	w.onPath(checkpointPath, flipped(0.9))
	_, err = ReadCheckpoint(t.Context(), w.source(), policy)
	wantKind(t, err, Undecided, nil)
	w.onPath(checkpointPath, status(500))
	_, err = ReadCheckpoint(t.Context(), w.source(), policy)
	wantKind(t, err, Undecided, errNetwork)
}
