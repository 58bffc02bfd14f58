package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
)

// Media types.
const (
	octetStream = "application/octet-stream"
	jsonType    = "application/json"
	problemJSON = "application/problem+json"
)

// requireType verifies that the body of r has a media type.
func requireType(r *http.Request, want string) error {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || got != want {
		return problemUnsupportedMediaType.because("the Content-Type must be " + want)
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return problemUnsupportedMediaType.because("the body must have no Content-Encoding")
	}
	return nil
}

// firstRead is the size in bytes of a body's first buffer: what somebody takes
// of the memory who announces a body and does not send it.
const firstRead = 2 << 10

// readBody reads the body of a request, of at most limit bytes. Its memory
// beyond maxSmallBody comes out of the server's budget until release is called,
// which must be if the error is nil.
func (s *frame) readBody(w http.ResponseWriter, r *http.Request, limit int64) (data []byte, release func(), err error) {
	if r.ContentLength > limit {
		return nil, nil, tooLarge(limit)
	}
	var taken int64
	release = func() { s.bodies.give(taken) }
	defer func() {
		if err != nil {
			release()
			data, release = nil, nil
		}
	}()

	// Not every ResponseWriter has deadlines; those of net/http do.
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(s.cfg.Timeout))
	body := http.MaxBytesReader(w, r.Body, limit)
	data = make([]byte, 0, firstRead)
	for {
		if len(data) == cap(data) {
			more := int64(cap(data))
			if need := 2*more - maxSmallBody - taken; need > 0 {
				if !s.bodies.take(need) {
					return data, release, errBodyMemory
				}
				taken += need
			}
			data = append(make([]byte, 0, 2*more), data...)
		}
		n, err := body.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			_ = conn.SetReadDeadline(time.Time{})
			return data, release, nil
		}
		if err != nil {
			return data, release, bodyError(err, limit)
		}
	}
}

func tooLarge(limit int64) error {
	return problemTooLarge.because(fmt.Sprintf("the body has more than %d bytes", limit))
}

// bodyError returns the problem of a body that could not be read.
func bodyError(err error, limit int64) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problemTimeout.because("the body took too long to arrive")
	}
	return problemMalformed.because("the body ended early or is not framed correctly")
}
