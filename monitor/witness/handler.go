package witness

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// maxBody is the size in bytes of the largest request that is read.
//
// SPEC: Verifiers MUST accept at least up to 16 signatures. Remember that
// post-quantum signatures can be up to nearly 5kB in size.
const maxBody = 128 << 10

// textType is the media type of notes and of what is told to people.
const textType = "text/plain; charset=utf-8"

// routes are below the submission prefix and the monitoring prefix, which are the same.
func (w *Witness) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", w.serveAdd)
	mux.HandleFunc("GET /key", w.serveKey)
	mux.HandleFunc("GET /{hash}/checkpoint", w.serveCheckpoint)
	return mux
}

// ServeHTTP implements http.Handler, of:
//
//   - POST /add-checkpoint (C2SP tlog-witness),
//   - GET /HASH/checkpoint, the latest checkpoint of the log of which the origin has
//     the SHA-256 hash HASH (C2SP tlog-witness, "Monitor Retrieval Mechanism"),
//   - GET /key, the witness's verifier keys, one in a line.
//
// Mounted below a prefix, it needs http.StripPrefix.
func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.mux.ServeHTTP(rw, r) }

func (w *Witness) serveAdd(rw http.ResponseWriter, r *http.Request) {
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	default:
		w.answerRefusal(rw, refuse(http.StatusServiceUnavailable, "too many requests at a time"))
		return
	}
	body, refused := w.readBody(rw, r)
	if refused != nil {
		w.answerRefusal(rw, refused)
		return
	}
	a, err := w.add(r.Context(), body)
	switch {
	case errors.As(err, &refused):
		w.answerRefusal(rw, refused)
	case err != nil:
		w.cfg.Logger.ErrorContext(r.Context(), "not cosigned", "err", err)
		w.answerRefusal(rw, refuse(http.StatusInternalServerError, "something failed here"))
	default:
		w.metrics.answered(http.StatusOK)
		answer(rw, http.StatusOK, textType, a.lines)
	}
}

// readBody reads a request, whole: the connection can be used again then.
func (w *Witness) readBody(rw http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	// Not every ResponseWriter has deadlines; those of net/http do.
	conn := http.NewResponseController(rw)
	_ = conn.SetReadDeadline(time.Now().Add(w.cfg.Timeout))
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, refuse(http.StatusRequestEntityTooLarge, "the request has more than %d bytes", maxBody)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, refuse(http.StatusRequestTimeout, "the request took too long to arrive")
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "the request ended early or is not framed correctly")
	}
	_ = conn.SetReadDeadline(time.Time{})
	return body, nil
}

func (w *Witness) answerRefusal(rw http.ResponseWriter, r *refusal) {
	w.metrics.answered(r.status)
	switch r.status {
	case http.StatusConflict:
		// SPEC: The response body MUST consist of the tree size of the latest cosigned
		// checkpoint in decimal, followed by a newline (U+000A). The response MUST have a
		// Content-Type of text/x.tlog.size.
		answer(rw, r.status, "text/x.tlog.size", fmt.Appendf(nil, "%d\n", r.size))
		return
	case http.StatusServiceUnavailable:
		rw.Header().Set("Retry-After", "5")
	}
	answer(rw, r.status, textType, []byte(r.text+"\n"))
}

func (w *Witness) serveKey(rw http.ResponseWriter, _ *http.Request) {
	answer(rw, http.StatusOK, textType, []byte(strings.Join(w.key.VerifierKeys(), "\n")+"\n"))
}

func (w *Witness) serveCheckpoint(rw http.ResponseWriter, r *http.Request) {
	l := w.hashes[r.PathValue("hash")]
	if l == nil {
		answer(rw, http.StatusNotFound, textType, []byte("this log is not witnessed here\n"))
		return
	}
	a := l.published.Load()
	// SPEC: If the witness has never cosigned a checkpoint for that log, it MUST respond
	// with a "404 Not Found" HTTP status code instead.
	if a == nil {
		answer(rw, http.StatusNotFound, textType, []byte("no checkpoint of this log can be shown\n"))
		return
	}
	answer(rw, http.StatusOK, textType, a.note)
}

func answer(rw http.ResponseWriter, status int, mediaType string, body []byte) {
	h := rw.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", fmt.Sprint(len(body)))
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}
