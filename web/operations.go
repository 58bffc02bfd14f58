package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// answerFunc decodes the request of an operation and returns the encoded
// response.
type answerFunc func(ctx context.Context, body []byte) ([]byte, error)

// answerer returns the answerFunc of an operation with a single response.
func answerer[Q any, R interface {
	Marshal(*keytrans.Configuration) ([]byte, error)
}](c *keytrans.Configuration, parse func([]byte) (*Q, error), serve func(context.Context, *Q) (R, error)) answerFunc {
	return func(ctx context.Context, body []byte) ([]byte, error) {
		q, err := parse(body)
		if err != nil {
			return nil, err
		}
		response, err := serve(ctx, q)
		if err != nil {
			return nil, err
		}
		return response.Marshal(c)
	}
}

// serveRead serves an operation of the protocol that only reads.
func (s *frame) serveRead(w http.ResponseWriter, r *http.Request, answer answerFunc) error {
	if err := requireType(r, octetStream); err != nil {
		return err
	}
	return s.exchange(w, r, maxSmallBody, s.reads, answer)
}

// update serves the operation that writes.
func (s *server) update(w http.ResponseWriter, r *http.Request) error {
	return s.serveUpdate(w, r, s.answerUpdate)
}

// serveUpdate serves an update with what answer makes of it.
func (s *frame) serveUpdate(w http.ResponseWriter, r *http.Request,
	answer func(ctx context.Context, credential directory.Credential, body []byte) ([]byte, error),
) error {
	if err := requireType(r, octetStream); err != nil {
		return err
	}
	credential, limit := credentialOf(r), s.cfg.MaxUpdateBytes
	if credential.Token == "" {
		limit = min(limit, maxSmallBody)
	}
	err := s.exchange(w, r, limit, s.updates, func(ctx context.Context, body []byte) ([]byte, error) {
		return answer(ctx, credential, body)
	})
	var p *problem
	if credential.Token == "" && errors.As(err, &p) && p.kind == problemTooLarge {
		// So large a request can only be one to write.
		return directory.ErrUnauthenticated
	}
	return err
}

func (s *server) answerUpdate(ctx context.Context, credential directory.Credential, body []byte) ([]byte, error) {
	q, err := keytrans.ParseUpdateRequest(body)
	if err != nil {
		return nil, err
	}
	responses, err := s.dir.Update(ctx, credential, q)
	if err != nil {
		return nil, err
	}
	return s.marshalUpdates(responses)
}

// marshalUpdates returns the encoded responses, back to back.
func (s *server) marshalUpdates(responses []*keytrans.UpdateResponse) ([]byte, error) {
	var out []byte
	for _, response := range responses {
		b, err := response.Marshal(s.dir.Configuration())
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// exchange reads a body, passes it to answer if there is room for one more
// request in flight, and writes what that returns. A client that is slow to
// send or to receive does not count as in flight.
func (s *frame) exchange(w http.ResponseWriter, r *http.Request, limit int64, room gate, answer answerFunc) error {
	response, err := s.answerBody(w, r, limit, room, answer)
	if err == nil {
		writeBody(w, http.StatusOK, octetStream, response)
	}
	return err
}

func (s *frame) answerBody(w http.ResponseWriter, r *http.Request, limit int64, room gate, answer answerFunc) ([]byte, error) {
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Timeout)
	defer cancel()
	body, release, err := s.readBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	defer release()
	if !room.enter() {
		return nil, errOverloaded
	}
	defer room.leave()
	return answer(ctx, body)
}

// credentialOf returns the bearer token of a request (RFC 6750, Section 2.1).
// Anything else in the header proves nothing.
func credentialOf(r *http.Request) directory.Credential {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return directory.Credential{}
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return directory.Credential{}
	}
	return directory.Credential{Token: strings.TrimSpace(token)}
}

// serveConfiguration serves the encoded Configuration, which never changes.
func (s *frame) serveConfiguration(w http.ResponseWriter, r *http.Request) error {
	etag := `"` + s.digest + `"`
	w.Header().Set("ETag", etag)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	if matches(r.Header.Values("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	writeBody(w, http.StatusOK, octetStream, s.configuration)
	return nil
}

// matches reports whether an If-None-Match header has the tag (RFC 9110,
// Section 13.1.2).
func matches(headers []string, etag string) bool {
	for _, h := range headers {
		for tag := range strings.SplitSeq(h, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// writeBody writes a whole response.
func writeBody(w http.ResponseWriter, status int, mediaType string, body []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// Whoever asked may have gone; there is nobody to tell.
	_, _ = w.Write(body)
}
