package publisher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// witness asks one witness for cosignatures (C2SP tlog-witness).
type witness struct {
	*checkpoint.Witness
	p        *Publisher
	url      string
	old      uint64 // of the checkpoint that it cosigned last, as far as is known
	failures int    // in a row

	// cosigned is the last checkpoint that it has cosigned, and ahead tells that it
	// says it has seen a longer log; guarded by p.mu.
	cosigned     uint64
	cosignedTime time.Time
	ahead        bool
}

func newWitness(p *Publisher, w *checkpoint.Witness) *witness {
	return &witness{Witness: w, p: p, url: w.URL.JoinPath("add-checkpoint").String()}
}

// run has the checkpoint of each round cosigned until ctx ends. A round that
// begins while the witness is being asked, or left alone, is skipped if another
// one follows.
func (w *witness) run(ctx context.Context) {
	var done *round
	for {
		r, changed := w.p.current()
		if r == done {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return
			}
		}
		err := w.ask(ctx, r)
		if ctx.Err() != nil {
			return
		}
		w.p.setTrouble(w.Name, err)
		w.p.answered(w, errors.Is(err, errAhead))
		if err == nil {
			done, w.failures = r, 0
			continue
		}
		w.failures++
		if !sleep(ctx, w.backoff()) {
			return
		}
	}
}

// backoff returns how long to leave the witness alone.
func (w *witness) backoff() time.Duration {
	d := w.p.cfg.MaxBackoff
	if shift := w.failures - 1; shift < 20 {
		d = min(d, w.p.cfg.Backoff<<shift)
	}
	return d/2 + rand.N(d/2+1)
}

// maxConflicts is how many times in a row a witness may answer that it has seen
// another checkpoint last.
const maxConflicts = 3

// ask has the checkpoint of a round cosigned.
func (w *witness) ask(ctx context.Context, r *round) error {
	for range maxConflicts {
		seen, err := w.attempt(ctx, r)
		if !errors.Is(err, errConflict) {
			return err
		}
		switch {
		case seen > r.checkpoint.Size:
			// It may lie, or this log may have been restored from a backup.
			return fmt.Errorf("%w: %d entries, and %d were signed here", errAhead, seen, r.checkpoint.Size)
		case seen == w.old:
			return fmt.Errorf("it refuses a proof from %d entries, and says that it has seen %d", w.old, seen)
		}
		w.old = seen
	}
	return errors.New("it says each time that it has seen another size")
}

// errAhead says that the witness has seen a longer log than was ever signed here,
// as far as is known here.
var errAhead = errors.New("it says that it has seen a longer log")

// errConflict says that the witness has seen a checkpoint of another size last.
var errConflict = errors.New("conflict")

// attempt sends one request. With errConflict comes the size that the witness
// says it has seen.
func (w *witness) attempt(ctx context.Context, r *round) (seen uint64, err error) {
	proof, err := w.p.cfg.Directory.Consistency(w.old, r.checkpoint.Size)
	if err != nil {
		return 0, err
	}
	// The note as it was signed: what other witnesses say is not this one's.
	request := checkpoint.AddCheckpoint{Old: w.old, Proof: proof, Note: r.note}
	status, answer, err := w.post(ctx, request.Marshal())
	if err != nil {
		return 0, err
	}
	switch status {
	case http.StatusOK:
		if err := w.p.cosigned(ctx, w, r, answer); err != nil {
			return 0, err
		}
		w.old = r.checkpoint.Size
		return 0, nil
	case http.StatusConflict:
		// SPEC: the tree size of the latest cosigned checkpoint in decimal,
		// followed by a newline.
		text, newline := strings.CutSuffix(string(answer), "\n")
		seen, err := strconv.ParseUint(text, 10, 63)
		if err != nil || !newline {
			return 0, errors.New("it answers 409 without the size that it has seen")
		}
		return seen, errConflict
	}
	return 0, statusError(status)
}

// statusError is the error for an answer with a status that tells of a refusal.
type statusError int

// Error says what the status means (C2SP tlog-witness, "add-checkpoint").
func (status statusError) Error() string {
	meaning := "which it should not"
	switch status {
	case http.StatusBadRequest:
		meaning = "it does not understand the request"
	case http.StatusForbidden:
		meaning = "it does not know the key of this log"
	case http.StatusNotFound:
		meaning = "it does not know this log; ask its operator to add it"
	case http.StatusUnprocessableEntity:
		meaning = "it has seen a log that this one does not continue"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		meaning = "it is overloaded"
	}
	return fmt.Sprintf("it answers %d: %s", int(status), meaning)
}

// post sends a body and returns the answer. The error does not have the URL.
func (w *witness) post(ctx context.Context, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("User-Agent", "ghostlight-ktd")
	resp, err := w.p.cfg.HTTP.Do(req)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err // without the URL
		}
		return 0, nil, fmt.Errorf("it cannot be reached: %w", err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, checkpoint.MaxNoteSize+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("its answer broke off: %w", err)
	case len(answer) > checkpoint.MaxNoteSize:
		return 0, nil, fmt.Errorf("its answer has more than %d bytes", checkpoint.MaxNoteSize)
	}
	return resp.StatusCode, answer, nil
}
