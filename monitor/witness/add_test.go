package witness

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

func TestCosign(t *testing.T) {
	w := newWorld(t, 300)
	for _, step := range [][2]uint64{{0, 1}, {1, 2}, {2, 2}, {2, 255}, {255, 256}, {256, 257}, {257, 300}, {300, 300}} {
		w.now.Add(5)
		w.cosigns(w.request(w.log, step[0], step[1]))
	}
	// Within a second nothing changes.
	before := w.latest()
	w.cosigns(w.request(w.log, 300, 300))
	if w.latest() != before {
		t.Error("a cosignature of the same second differs")
	}
	w.restart(func() {})
	if w.latest() != before {
		t.Error("it was forgotten")
	}
	w.refuses(w.request(w.log, 0, 300), http.StatusConflict)
	w.round()
}

// TestEmpty cosigns the checkpoint of no entries, if it has the root of none.
func TestEmpty(t *testing.T) {
	w := newWorld(t, 10)
	bad := checkpoint.AddCheckpoint{Note: w.log.Sign(t, 0, merkle.Hash{1})}
	w.refuses(bad, http.StatusUnprocessableEntity)
	good := checkpoint.AddCheckpoint{Note: w.log.Sign(t, 0, emptyRoot)}
	good.Proof = []merkle.Hash{{}}
	w.refuses(good, http.StatusUnprocessableEntity)
	good.Proof = nil
	w.cosigns(good)
	w.refuses(bad, http.StatusUnprocessableEntity)
	w.restart(func() {})
	if w.latest() == "" {
		t.Error("nothing is published")
	}
	w.cosigns(w.request(w.log, 0, 10))
	bad.Old = 10
	w.refuses(bad, http.StatusBadRequest)
	bad.Old = 0
	w.refuses(bad, http.StatusConflict)
}

// TestRefused sends what must be refused, to a witness that has cosigned 200 entries.
// Where a request is wrong in several ways, the status is that of the first check.
func TestRefused(t *testing.T) {
	w := newWorld(t, 300)
	w.cosigns(w.request(w.log, 0, 200))
	fork := w.fork(100, 300)
	stranger, err := checkpoint.NewSigner("log.example/other", bytes.Repeat([]byte{9}, 32))
	fatalIfErr(t, err)
	impostor, err := checkpoint.NewSigner(monitortest.Origin, bytes.Repeat([]byte{9}, 32))
	fatalIfErr(t, err)
	sign := func(s *checkpoint.Signer, size uint64, root merkle.Hash) []byte {
		t.Helper()
		n, err := s.Sign(checkpoint.Checkpoint{Origin: s.Origin(), Size: size, Root: root})
		fatalIfErr(t, err)
		return n
	}
	good := w.request(w.log, 200, 300)
	for name, c := range map[string]struct {
		change func(r *checkpoint.AddCheckpoint)
		status int
	}{
		"no checkpoint": {func(r *checkpoint.AddCheckpoint) { r.Note = nil }, 400},
		"no signatures": {func(r *checkpoint.AddCheckpoint) { r.Note = r.Note[:bytes.Index(r.Note, []byte("\n\n"))+1] }, 400},
		"cut":           {func(r *checkpoint.AddCheckpoint) { r.Note = r.Note[:len(r.Note)-1] }, 400},
		"a size with a zero": {func(r *checkpoint.AddCheckpoint) {
			r.Note = bytes.Replace(r.Note, []byte("\n300\n"), []byte("\n0300\n"), 1)
		}, 400},
		"no size": {func(r *checkpoint.AddCheckpoint) {
			r.Note = bytes.Replace(r.Note, []byte("\n300\n"), []byte("\n-\n"), 1)
		}, 400},
		"a huge size":    {func(r *checkpoint.AddCheckpoint) { r.Note = w.log.Sign(t, 1<<60+1, merkle.Hash{}) }, 400},
		"101 signatures": {func(r *checkpoint.AddCheckpoint) { r.Note = append(r.Note, strings.Repeat("— a AAAAAAAA\n", 101)...) }, 400},
		"bad text": {func(r *checkpoint.AddCheckpoint) {
			r.Note = bytes.Replace(r.Note, []byte("log.example"), []byte("log\rexample"), 1)
		}, 400},
		"64 lines": {func(r *checkpoint.AddCheckpoint) { r.Proof = make([]merkle.Hash, 64) }, 400},
		"64 lines, unknown log": {func(r *checkpoint.AddCheckpoint) {
			r.Proof = make([]merkle.Hash, 64)
			r.Note = sign(stranger, 300, merkle.Hash{})
		}, 400},
		"unknown log":         {func(r *checkpoint.AddCheckpoint) { r.Note = sign(stranger, 300, merkle.Hash{}) }, 404},
		"unknown log, larger": {func(r *checkpoint.AddCheckpoint) { r.Old = 400; r.Note = sign(stranger, 300, merkle.Hash{}) }, 404},
		"another origin": {func(r *checkpoint.AddCheckpoint) {
			r.Note = bytes.Replace(r.Note, []byte("log.example"), []byte("log.eXample"), 1)
		}, 404},
		"unknown key":           {func(r *checkpoint.AddCheckpoint) { r.Note = sign(impostor, 300, w.log.RootAt(t, 300)) }, 403},
		"unknown key, larger":   {func(r *checkpoint.AddCheckpoint) { r.Old = 400; r.Note = sign(impostor, 300, merkle.Hash{}) }, 403},
		"unknown key, conflict": {func(r *checkpoint.AddCheckpoint) { r.Old = 0; r.Note = sign(impostor, 300, merkle.Hash{}) }, 403},
		"another key's ID":      {func(r *checkpoint.AddCheckpoint) { r.Note = flipID(t, r.Note) }, 403},
		"a bad signature":       {func(r *checkpoint.AddCheckpoint) { r.Note = flipSignature(t, r.Note) }, 403},
		"another size": {func(r *checkpoint.AddCheckpoint) {
			r.Note = bytes.Replace(r.Note, []byte("\n300\n"), []byte("\n301\n"), 1)
		}, 403},
		"more text": {func(r *checkpoint.AddCheckpoint) {
			r.Note = bytes.Replace(r.Note, []byte("\n\n"), []byte("\nmore\n\n"), 1)
		}, 403},
		"a bad one beside":       {func(r *checkpoint.AddCheckpoint) { r.Note = bothWays(t, r.Note) }, 403},
		"old is larger":          {func(r *checkpoint.AddCheckpoint) { r.Old = 301 }, 400},
		"old is huge":            {func(r *checkpoint.AddCheckpoint) { r.Old = 1<<64 - 1 }, 400},
		"old is larger, smaller": {func(r *checkpoint.AddCheckpoint) { *r = w.request(w.log, 100, 150); r.Old = 200 }, 400},
		"old is zero":            {func(r *checkpoint.AddCheckpoint) { *r = w.request(w.log, 0, 300) }, 409},
		"old is zero, a proof":   {func(r *checkpoint.AddCheckpoint) { r.Old = 0 }, 409},
		"old is smaller":         {func(r *checkpoint.AddCheckpoint) { *r = w.request(w.log, 199, 300) }, 409},
		"old is too large":       {func(r *checkpoint.AddCheckpoint) { *r = w.request(w.log, 201, 300) }, 409},
		"an older checkpoint":    {func(r *checkpoint.AddCheckpoint) { *r = w.request(w.log, 100, 150) }, 409},
		"no entries":             {func(r *checkpoint.AddCheckpoint) { *r = checkpoint.AddCheckpoint{Note: w.log.Sign(t, 0, emptyRoot)} }, 409},
		"no proof":               {func(r *checkpoint.AddCheckpoint) { r.Proof = nil }, 422},
		"a longer proof":         {func(r *checkpoint.AddCheckpoint) { r.Proof = append(r.Proof, merkle.Hash{}) }, 422},
		"63 lines":               {func(r *checkpoint.AddCheckpoint) { r.Proof = make([]merkle.Hash, 63) }, 422},
		"a wrong proof":          {func(r *checkpoint.AddCheckpoint) { r.Proof[0][0] ^= 1 }, 422},
		"a fork":                 {func(r *checkpoint.AddCheckpoint) { *r = w.request(fork, 200, 300) }, 422},
		"a fork of this size":    {func(r *checkpoint.AddCheckpoint) { *r = w.request(fork, 200, 200) }, 422},
		"this size with a proof": {func(r *checkpoint.AddCheckpoint) { *r = w.request(w.log, 200, 200); r.Proof = []merkle.Hash{{}} }, 422},
	} {
		t.Run(name, func(t *testing.T) {
			r := checkpoint.AddCheckpoint{Old: good.Old, Proof: append([]merkle.Hash{}, good.Proof...), Note: bytes.Clone(good.Note)}
			c.change(&r)
			w.refuses(r, c.status)
		})
	}
	// A wrong form of the first line is malformed, whatever follows.
	for _, body := range []string{"", "old 200", "old 0200" + string(good.Marshal()[len("old 200"):]), "\n\n" + string(good.Note)} {
		w.refusesBody([]byte(body), http.StatusBadRequest)
	}
	w.refusesBody(bytes.Repeat([]byte{'a'}, maxBody+1), http.StatusRequestEntityTooLarge)
	w.cosigns(good)
}

// signature returns the line of a note's last signature, and where it begins.
func signature(t *testing.T, n []byte) (note.Signature, int) {
	t.Helper()
	var unverified *note.UnverifiedNoteError
	if _, err := note.Open(n, note.VerifierList()); !errors.As(err, &unverified) {
		t.Fatal(err)
	}
	sigs := unverified.Note.UnverifiedSigs
	return sigs[len(sigs)-1], bytes.LastIndex(n, []byte("— "))
}

// flipID changes the key ID in a note's signature.
func flipID(t *testing.T, n []byte) []byte {
	sig, at := signature(t, n)
	return appendLine(bytes.Clone(n[:at]), note.Signature{Name: sig.Name, Base64: "AAAA" + sig.Base64[4:]})
}

// flipSignature changes the signature itself.
func flipSignature(t *testing.T, n []byte) []byte {
	sig, at := signature(t, n)
	flipped := []byte(sig.Base64)
	flipped[20] ^= 'A' ^ 'B'
	if flipped[20] == '@' || flipped[20] == '[' {
		flipped[20] = 'Q'
	}
	return appendLine(bytes.Clone(n[:at]), note.Signature{Name: sig.Name, Base64: string(flipped)})
}

// bothWays puts a bad signature by the log's key before the good one.
func bothWays(t *testing.T, n []byte) []byte {
	_, at := signature(t, n)
	return append(flipSignature(t, n), n[at:]...)
}

// TestIgnoresOthers cosigns what others have signed too.
func TestIgnoresOthers(t *testing.T) {
	w := newWorld(t, 30)
	r := w.request(w.log, 0, 30)
	impostor, err := checkpoint.NewSigner(monitortest.Origin, bytes.Repeat([]byte{9}, 32))
	fatalIfErr(t, err)
	other, err := impostor.Sign(checkpoint.Checkpoint{Origin: monitortest.Origin, Size: 30})
	fatalIfErr(t, err)
	_, at := signature(t, other)
	r.Note = append(r.Note, other[at:]...)
	// A bad cosignature of the witness's own name proves nothing either.
	r.Note = append(r.Note, "— witness.example/w1 AAAAAAAAAAAAAAAAAAAAAA==\n"...)
	w.cosigns(r)
	if strings.Count(w.latest(), "— ") != 3 {
		t.Errorf("signatures that nobody verified are kept:\n%s", w.latest())
	}
}

// TestTwoKeys has a log change its key.
func TestTwoKeys(t *testing.T) {
	w := newWorld(t, 30)
	w.cosigns(w.request(w.log, 0, 10))
	next, err := checkpoint.NewSigner(monitortest.Origin, bytes.Repeat([]byte{9}, 32))
	fatalIfErr(t, err)
	r := w.request(w.log, 10, 20)
	r.Note, err = next.Sign(checkpoint.Checkpoint{Origin: monitortest.Origin, Size: 20, Root: w.log.RootAt(t, 20)})
	fatalIfErr(t, err)
	w.refuses(r, http.StatusForbidden)
	w.restart(func() { w.cfg.Logs[0].Policy = w.policy(w.log.Signer, next) })
	w.cosigns(r)
	w.round() // the served checkpoint is signed with the old key, and continues
	if w.size() != 30 {
		t.Errorf("size %d", w.size())
	}
	// The old key is given up; what it signed stays.
	w.restart(func() { w.cfg.Logs[0].Policy = w.policy(next) })
	w.refuses(w.request(w.log, 30, 30), http.StatusForbidden)
	r = checkpoint.AddCheckpoint{Old: 30}
	r.Note, err = next.Sign(checkpoint.Checkpoint{Origin: monitortest.Origin, Size: 30, Root: w.log.RootAt(t, 30)})
	fatalIfErr(t, err)
	w.cosigns(r)
}

func TestRoutes(t *testing.T) {
	w := newWorld(t, 30)
	for path, status := range map[string]int{
		"/": 404, "/key/": 404, "/checkpoint": 404, "/add-checkpoint": 405,
		"/" + strings.ToUpper(originHash) + "/checkpoint": 404,
		"/" + originHash + "/checkpoint":                  404,
		"/" + originHash:                                  404,
		"/key":                                            200,
	} {
		if got := w.get(path); got.status != status {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if got := w.get("/key").body; got != strings.Join(w.w.VerifierKeys(), "\n")+"\n" || !strings.HasPrefix(got, w.vkey+"\n") {
		t.Errorf("keys %q", got)
	}
	for range w.cfg.withDefaults().MaxRequests {
		w.w.slots <- struct{}{}
	}
	w.refuses(w.request(w.log, 0, 30), http.StatusServiceUnavailable)
	<-w.w.slots
	w.cosigns(w.request(w.log, 0, 30))
	fatalIfErr(t, w.w.Close())
	w.refuses(w.request(w.log, 30, 30), http.StatusServiceUnavailable)
}

// FuzzAdd feeds requests to the handler: whatever is not signed is not cosigned.
func FuzzAdd(f *testing.F) {
	w := newWorld(f, 30)
	r := w.request(w.log, 0, 20)
	f.Add(r.Marshal())
	r = w.request(w.log, 10, 30)
	f.Add(r.Marshal())
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := w.w.add(t.Context(), body)
		var refused *refusal
		switch {
		case err == nil && a.Root != w.log.RootAt(t, a.Size):
			t.Errorf("cosigned %q", body)
		case err != nil && !errors.As(err, &refused):
			t.Errorf("error %v", err)
		}
	})
}
