package publisher

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// TestWitnessTrouble has one witness misbehave, in every way, and then be honest
// again; the other one is enough meanwhile.
func TestWitnessTrouble(t *testing.T) {
	answer := func(status int, body string) func(http.ResponseWriter, []byte) bool {
		return func(w http.ResponseWriter, _ []byte) bool {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return true
		}
	}
	for name, c := range map[string]struct {
		lie  func(http.ResponseWriter, []byte) bool
		want string
	}{
		"unknown log":       {answer(404, ""), "does not know this log"},
		"unknown key":       {answer(403, ""), "does not know the key"},
		"bad request":       {answer(400, ""), "does not understand"},
		"inconsistent":      {answer(422, ""), "that this one does not continue"},
		"overloaded":        {answer(429, ""), "overloaded"},
		"broken":            {answer(500, "oops"), "answers 500"},
		"teapot":            {answer(418, ""), "answers 418"},
		"redirect":          {redirect, "answers 307"},
		"empty":             {answer(200, ""), "did not answer with its cosignature"},
		"garbage":           {answer(200, "\x00\xff"), "did not answer with its cosignature"},
		"another text":      {answer(200, "other\n1\n\n— x AAAAAAA=\n"), "did not answer with its cosignature"},
		"endless":           {answer(200, strings.Repeat("x", checkpoint.MaxNoteSize+2)), "has more than"},
		"larger":            {answer(409, "1000000000000000000\n"), "has seen a longer log: 1000000000000000000 entries"},
		"absurd size":       {answer(409, "99999999999999999999\n"), "without the size"},
		"no size":           {answer(409, ""), "without the size"},
		"no newline":        {answer(409, "1"), "without the size"},
		"the same conflict": {echoOld, "refuses a proof"},
		"another each time": {countUp(), "each time that it has seen another size"},
		"breaks off":        {breakOff, "cannot be reached"},
		"hangs":             {hang, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			good, bad := newFakeWitness(t, "good", w.signer), newFakeWitness(t, "bad", w.signer)
			cfg := w.config(good.line() + bad.line() + "quorum good\n")
			cfg.HTTP = &http.Client{Timeout: 200 * time.Millisecond}
			w.grow(5)
			w.run(cfg)
			w.await("all well", func(s Status) bool { return s.Served != nil && len(s.Served.Cosignatures) == 2 })
			bad.lie(c.lie)
			size := w.grow(5)
			w.await("the good one is enough", quorateAt(size))
			s := w.await("trouble", func(s Status) bool { return troubleOf(s, "bad") != "" })
			if got := troubleOf(s, "bad"); !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			bad.lie(nil)
			w.await("back again", func(s Status) bool {
				return troubleOf(s, "bad") == "" && s.Served.Size == size && len(s.Served.Cosignatures) == 2
			})
			if !strings.Contains(w.log.String(), "works again") {
				t.Errorf("no word that it works again:\n%s", w.log)
			}
		})
	}
}

func redirect(w http.ResponseWriter, _ []byte) bool {
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(http.StatusTemporaryRedirect)
	return true
}

// echoOld answers that it has seen the very size that was sent.
func echoOld(w http.ResponseWriter, body []byte) bool {
	old, _, _ := strings.Cut(strings.TrimPrefix(string(body), "old "), "\n")
	w.WriteHeader(http.StatusConflict)
	fmt.Fprintln(w, old)
	return true
}

// countUp answers with another size each time.
func countUp() func(http.ResponseWriter, []byte) bool {
	var n atomic.Int64
	return func(w http.ResponseWriter, _ []byte) bool {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintln(w, n.Add(1)%3+1)
		return true
	}
}

func breakOff(w http.ResponseWriter, _ []byte) bool { panic(http.ErrAbortHandler) }

func hang(http.ResponseWriter, []byte) bool { time.Sleep(300 * time.Millisecond); return true }

// TestNoQuorum checks what is served when too few witnesses answer: the newest
// with a quorum, or the newest of a log that never had one.
func TestNoQuorum(t *testing.T) {
	w := newWorld(t)
	x := newFakeWitness(t, "w", w.signer)
	down := func(w http.ResponseWriter, _ []byte) bool { w.WriteHeader(503); return true }
	x.lie(down)
	w.run(w.config(x.line() + "quorum w\n"))
	first := w.grow(3)
	s := w.await("without a quorum", servedAt(first))
	if s.Served.Witnessed() == nil || s.QuorumMissingSince.IsZero() {
		t.Errorf("status %+v", s)
	}
	x.lie(nil)
	w.await("with a quorum", quorateAt(first))
	x.lie(down)
	later := w.grow(3)
	s = w.await("signed", func(s Status) bool { return s.Signed.Size == later })
	if s.Served.Size != first || s.Served.Witnessed() != nil || s.QuorumMissingSince.IsZero() {
		t.Errorf("later: %+v", s)
	}
	x.lie(nil) // after a week
	w.await("again", quorateAt(later))
}

func TestBackoff(t *testing.T) {
	w := &witness{p: &Publisher{cfg: Config{Backoff: time.Second, MaxBackoff: time.Minute}}}
	for failures, longest := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 6: 32 * time.Second, 7: time.Minute, 40: time.Minute, 1000: time.Minute,
	} {
		w.failures = failures
		least, most := time.Hour, time.Duration(0)
		for range 1000 {
			d := w.backoff()
			least, most = min(least, d), max(most, d)
		}
		if least < longest/2 || most > longest || most-least < longest/4 {
			t.Errorf("after %d failures: from %v to %v, want up to %v", failures, least, most, longest)
		}
	}
}

// TestTroubleKinds checks that another kind of trouble is told of, and another text
// is not.
func TestTroubleKinds(t *testing.T) {
	w := newWorld(t)
	w.run(w.config(""))
	w.stop()
	for i, err := range []error{
		statusError(503), fmt.Errorf("again: %w", statusError(503)), statusError(422), errAhead,
		fmt.Errorf("%w: 5", errAhead), fmt.Errorf("%w: 6", errAhead), io.ErrUnexpectedEOF, io.ErrClosedPipe,
		fmt.Errorf("%w: x", ErrHistory), fmt.Errorf("%w: y", ErrMismatch), nil, nil, statusError(503),
	} {
		w.pub.setTrouble("w", err)
		want := []int{1, 1, 2, 3, 3, 3, 4, 4, 5, 6, 6, 6, 7}[i]
		if got := strings.Count(w.log.String(), `"level":"WARN"`); got != want {
			t.Errorf("after %v (%d): %d warnings, want %d", err, i, got, want)
		}
	}
	if got := strings.Count(w.log.String(), "works again"); got != 1 {
		t.Errorf("%d times the end of it", got)
	}
}

// TestRestoredBackup has a directory go on from an old copy of its store while a
// quorum of its witnesses has seen more.
func TestRestoredBackup(t *testing.T) {
	w := newWorld(t)
	x, y := newFakeWitness(t, "x", w.signer), newFakeWitness(t, "y", w.signer)
	policy := x.line() + y.line() + "group g all x y\nquorum g\n"
	size := w.grow(2)
	w.run(w.config(policy))
	w.await("cosigned", quorateAt(size))
	w.stop()
	for _, f := range []*fakeWitness{x, y} {
		f.mu.Lock()
		f.last.Size += 10
		f.mu.Unlock()
	}
	w.grow(1)
	cfg := w.config(policy)
	cfg.QuorumWait = 10 * time.Second // they answer at once
	w.run(cfg)
	s := w.await("stopped", func(s Status) bool { return s.SigningErr != nil })
	if !errors.Is(s.SigningErr, ErrHistory) || !strings.Contains(s.SigningErr.Error(), "(x, y) say that they have seen a longer log") || s.Signed.Size != size {
		t.Errorf("%+v", s)
	}

	// One liar stops nothing.
	y.mu.Lock()
	y.last.Size -= 10
	y.mu.Unlock()
	w.run(cfg)
	w.await("signed", func(s Status) bool { return s.Signed.Size == size+1 })
}
