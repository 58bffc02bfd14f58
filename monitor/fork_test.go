package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

// fork returns a log that has the first shared entries of w's, which Grow made
// with two leaves at most, and then others up to size.
func (w *world) fork(shared, size int) *monitortest.Log {
	w.t.Helper()
	l := monitortest.New(w.t, 1)
	l.Grow(w.t, shared, 2)
	l.Append(w.t, 77, []prefixtree.Leaf{{Key: prefixtree.Key{77}}}, nil)
	l.Grow(w.t, size-shared-1, 2)
	if l.RootAt(w.t, uint64(shared)) != w.log.RootAt(w.t, uint64(shared)) {
		w.t.Fatal("the fork shares nothing")
	}
	return l
}

// TestForks shows another history, signed with the same key.
func TestForks(t *testing.T) {
	for name, c := range map[string]struct{ shared, size int }{
		"larger":                     {250, 700},
		"larger, from the beginning": {0, 301},
		"larger by one":              {299, 301},
		"smaller":                    {100, 200},
		"smaller by one":             {0, 299},
		"smaller, of one entry":      {0, 1},
		"the same size":              {299, 300},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 300, 2)
			w.mustUpdate(300)
			w.served.Store(w.fork(c.shared, c.size))
			_, err := w.update()
			w.wantMisbehaved(err, evidence.Inconsistency)
			// Finding it again makes no second file.
			_, err = w.update()
			w.wantMisbehaved(err, evidence.Inconsistency)
			w.verifies(300)
		})
	}
}

// TestQuorum mirrors what a witness has cosigned, and nothing else. Another
// history is proof without that.
func TestQuorum(t *testing.T) {
	w := newWorld(t, 300, 2)
	witness := w.requireWitness()
	_, err := w.update()
	wantKind(t, err, Undecided, checkpoint.ErrQuorum)
	w.log.Serve(witness(w.log.SignAt(t, 300)))
	w.mustUpdate(300)
	w.log.Grow(t, 10, 2)
	_, err = w.update()
	wantKind(t, err, Undecided, checkpoint.ErrQuorum)
	w.verifies(300)
	w.log.Serve(witness(w.log.SignAt(t, 310)))
	w.mustUpdate(310)

	w.served.Store(w.fork(100, 400))
	_, err = w.update()
	w.wantMisbehaved(err, evidence.Inconsistency)
	w.verifies(310)
	// Who requires more does not accept what is there.
	w.requireWitness()
	_, err = VerifyMirror(t.Context(), w.dir, w.cfg)
	wantKind(t, err, Undecided, checkpoint.ErrQuorum)
}

// TestQuorumUnfinished completes what was witnessed, while the log shows something
// newer that is not.
func TestQuorumUnfinished(t *testing.T) {
	w := newWorld(t, 700, 2)
	witness := w.requireWitness()
	w.log.Serve(witness(w.log.SignAt(t, 700)))
	w.onPath("changes/002.p/188", status(404))
	_, err := w.update()
	wantKind(t, err, Undecided, ErrNotFound)
	w.log.Intercept(nil)
	w.log.Grow(t, 10, 2)
	_, err = w.update()
	wantKind(t, err, Undecided, checkpoint.ErrQuorum)
	w.verifies(700)
}

// requireWitness makes the policy require a new witness, and returns what adds
// its cosignature.
func (w *world) requireWitness() func(signed []byte) []byte {
	w.t.Helper()
	skey, vkey, err := note.GenerateKey(nil, "witness.example")
	fatalIfErr(w.t, err)
	signer, err := f_note.NewSignerForCosignatureV1(skey)
	fatalIfErr(w.t, err)
	vkey, err = f_note.VKeyToCosignatureV1(vkey)
	fatalIfErr(w.t, err)
	w.cfg.Policy = fmt.Appendf(nil, "log %s\nwitness w %s\nquorum w\n", w.log.Signer.VerifierKey(), vkey)
	return func(signed []byte) []byte {
		w.t.Helper()
		policy, err := parsePolicy(w.cfg.Policy)
		fatalIfErr(w.t, err)
		opened, err := policy.Open(signed)
		fatalIfErr(w.t, err)
		own, err := note.Sign(&note.Note{Text: opened.Text()}, signer)
		fatalIfErr(w.t, err)
		return append(signed, own[len(opened.Text())+1:]...)
	}
}

// TestForkUnproven shows another history of which the tiles do not come, or are
// those of neither. Nothing is proven then, whatever it looks like.
func TestForkUnproven(t *testing.T) {
	for name, c := range map[string]struct {
		lie  lie
		want error
	}{
		"withheld": {status(404), ErrNotFound},
		"damaged":  {flipped(0.5), tile.ErrTiles},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 300, 2)
			w.mustUpdate(300)
			fork := w.fork(100, 700)
			fork.Intercept(func(rw http.ResponseWriter, r *http.Request, path string, data []byte) bool {
				if strings.HasPrefix(path, "tile/") {
					c.lie(rw, r, data)
				}
				return strings.HasPrefix(path, "tile/")
			})
			w.served.Store(fork)
			_, err := w.update()
			wantKind(t, err, Undecided, c.want)
			if len(w.evidence()) != 0 {
				t.Error("evidence was made of nothing")
			}
			w.verifies(300)
		})
	}
}

// TestForkOfUnfinished shows another history while an earlier checkpoint is being
// mirrored, which also is not forgotten if the process ends.
func TestForkOfUnfinished(t *testing.T) {
	w := newWorld(t, 300, 2)
	w.mustUpdate(300)
	w.log.Grow(t, 400, 2)
	w.onPath("changes/002.p/188", status(404))
	_, err := w.update()
	wantKind(t, err, Undecided, ErrNotFound)
	w.served.Store(w.fork(300, 800)) // continues what is mirrored, not the rest
	_, err = w.update()
	w.wantMisbehaved(err, evidence.Inconsistency)
	w.verifies(300)
}

// TestStale shows older checkpoints of the same history, which are ignored.
func TestStale(t *testing.T) {
	w := newWorld(t, 300, 2)
	w.mustUpdate(300)
	for _, size := range []uint64{1, 255, 256, 299} {
		w.log.Serve(w.log.SignAt(t, size))
		w.mustUpdate(300)
	}
	w.log.Serve(w.log.Sign(t, 0, [32]byte{}))
	w.mustUpdate(300)
	w.log.Grow(t, 1, 1)
	w.mustUpdate(301)
}

// TestTimestamps appends an entry that is older than the one before it.
func TestTimestamps(t *testing.T) {
	for _, at := range []int{300, 301, 511, 512, 513, 599} {
		w := newWorld(t, 300, 2)
		w.mustUpdate(300)
		w.log.Grow(t, at-300, 2)
		w.log.Append(t, -1, []prefixtree.Leaf{{Key: prefixtree.Key{77}}}, nil)
		w.log.Grow(t, 600-at, 2)
		_, err := w.update()
		w.wantMisbehaved(err, evidence.Timestamps)
		wantKind(t, err, Misbehaved, ErrTimestamps)
		_, err = w.update()
		w.wantMisbehaved(err, evidence.Timestamps)
		w.verifies(300)
	}
}

// TestVerifyCopy verifies a copy of a log that no Mirror made.
func TestVerifyCopy(t *testing.T) {
	w := newWorld(t, 20, 2)
	save := func() {
		fatalIfErr(t, os.RemoveAll(w.dir))
		save := func(path string) error {
			data, _ := w.log.Resource(path)
			file := filepath.Join(w.dir, path)
			return errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, data, 0o600))
		}
		fatalIfErr(t, tile.Added(0, w.log.Size(), func(t tile.Tile) error { return save(t.Path()) }))
		fatalIfErr(t, save(checkpointPath))
		fatalIfErr(t, os.Mkdir(filepath.Join(w.dir, tmpName), 0o700))
	}
	save()
	status, err := VerifyMirror(t.Context(), w.dir, w.cfg)
	fatalIfErr(t, err)
	if status.Entries != 20 {
		t.Errorf("%d entries verified", status.Entries)
	}
	w.log.Append(t, -1, []prefixtree.Leaf{{Key: prefixtree.Key{77}}}, nil)
	w.log.Publish(t)
	save()
	_, err = VerifyMirror(t.Context(), w.dir, w.cfg)
	w.wantMisbehaved(err, evidence.Timestamps)
}

// TestEvidence changes good evidence in every way in which it is no proof.
func TestEvidence(t *testing.T) {
	w := newWorld(t, 300, 2)
	w.mustUpdate(300)
	fork := w.fork(100, 400)
	w.served.Store(fork)
	_, err := w.update()
	w.wantMisbehaved(err, evidence.Inconsistency)
	inconsistency := readEvidence(t, w)
	fatalIfErr(t, os.RemoveAll(filepath.Join(w.dir, evidenceName)))

	w.served.Store(w.log)
	w.log.Append(t, -1, []prefixtree.Leaf{{Key: prefixtree.Key{77}}}, nil)
	w.log.Grow(t, 10, 2)
	_, err = w.update()
	w.wantMisbehaved(err, evidence.Timestamps)
	timestamps := readEvidence(t, w)
	proveFrom := func(l *monitortest.Log, i, size uint64) string {
		policy, err := parsePolicy(l.Policy())
		fatalIfErr(t, err)
		signed, err := policy.Open(l.SignAt(t, size))
		fatalIfErr(t, err)
		proof, err := proveEntry(t.Context(), logSource{l}, signed, i)
		fatalIfErr(t, err)
		return string(proof.Marshal())
	}
	for name, c := range map[string]struct {
		of     *evidence.Evidence
		change func(e *evidence.Evidence)
		want   error
	}{
		"the same checkpoint": {inconsistency, func(e *evidence.Evidence) { e.Inconsistency.Older = e.Inconsistency.Newer }, checkpoint.ErrNotProven},
		"exchanged": {inconsistency, func(e *evidence.Evidence) {
			e.Inconsistency.Older, e.Inconsistency.Newer = e.Inconsistency.Newer, e.Inconsistency.Older
		}, checkpoint.ErrNotProven},
		"of one history":    {inconsistency, func(e *evidence.Evidence) { e.Inconsistency.Older = fork.SignAt(t, 300) }, checkpoint.ErrNotProven},
		"another root":      {inconsistency, func(e *evidence.Evidence) { e.Inconsistency.RootAtOlder[0] ^= 1 }, checkpoint.ErrNotProven},
		"a shorter proof":   {inconsistency, func(e *evidence.Evidence) { e.Inconsistency.Proof = e.Inconsistency.Proof[1:] }, checkpoint.ErrNotProven},
		"entries exchanged": {timestamps, func(e *evidence.Evidence) { e.Entries[0], e.Entries[1] = e.Entries[1], e.Entries[0] }, evidence.ErrNotProof},
		"one entry twice":   {timestamps, func(e *evidence.Evidence) { e.Entries[1] = e.Entries[0] }, evidence.ErrNotProof},
		"entries that are in order": {timestamps, func(e *evidence.Evidence) {
			e.Entries = []string{proveFrom(w.log, 301, 311), proveFrom(w.log, 302, 311)}
		}, evidence.ErrNotProof},
		"entries with one between them": {timestamps, func(e *evidence.Evidence) { e.Entries[0] = proveFrom(w.log, 298, 311) }, evidence.ErrNotProof},
		"entries of two checkpoints":    {timestamps, func(e *evidence.Evidence) { e.Entries[0] = proveFrom(w.log, 299, 300) }, evidence.ErrNotProof},
		"another entry":                 {timestamps, func(e *evidence.Evidence) { e.Entries[1] = withExtra(t, e.Entries[1], 39) }, evidence.ErrNotProof},
		"an entry that is too long":     {timestamps, func(e *evidence.Evidence) { e.Entries[1] = withExtra(t, e.Entries[1], 40) }, evidence.ErrNotProof},
		"no proof":                      {timestamps, func(e *evidence.Evidence) { e.Entries[0] = "hello" }, checkpoint.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			e := cloneEvidence(t, c.of)
			_, err := e.Verify(evidence.Expected{})
			fatalIfErr(t, err)
			c.change(e)
			_, err = e.Verify(evidence.Expected{})
			t.Log(err)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
	other, err := checkpoint.NewSigner(monitortest.Origin, bytes.Repeat([]byte{8}, 32))
	fatalIfErr(t, err)
	for _, e := range []*evidence.Evidence{inconsistency, timestamps} {
		if _, err := e.Verify(evidence.Expected{Logs: []string{other.VerifierKey()}}); !errors.Is(err, evidence.ErrOther) {
			t.Errorf("against another log: %v", err)
		}
		e.Log = other.VerifierKey()
		if _, err := e.Verify(evidence.Expected{}); !errors.Is(err, checkpoint.ErrNotSigned) {
			t.Errorf("under another key: %v", err)
		}
	}
}

// withExtra changes byte i of the extra data of a proof, or appends one.
func withExtra(t *testing.T, text string, i int) string {
	t.Helper()
	p, err := checkpoint.ParseProof([]byte(text))
	fatalIfErr(t, err)
	p.Extra = append(bytes.Clone(p.Extra), 0)
	p.Extra[i] ^= 1
	p.Extra = p.Extra[:max(40, i+1)]
	return string(p.Marshal())
}

func readEvidence(t *testing.T, w *world) *evidence.Evidence {
	t.Helper()
	data, err := os.ReadFile(w.evidence()[0])
	fatalIfErr(t, err)
	e, err := evidence.Parse(data)
	fatalIfErr(t, err)
	return e
}

func cloneEvidence(t *testing.T, e *evidence.Evidence) *evidence.Evidence {
	t.Helper()
	data, err := json.Marshal(e)
	fatalIfErr(t, err)
	c, err := evidence.Parse(data)
	fatalIfErr(t, err)
	return c
}
