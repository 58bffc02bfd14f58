package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// lookupRequest is the body of POST /api/v1/lookup.
type lookupRequest struct {
	Label   string  `json:"label"`
	Version *uint32 `json:"version"` // the greatest if missing or null
}

// lookupStatement is what every answer of POST /api/v1/lookup says of itself.
const lookupStatement = "This is the operator's claim, and nobody but the operator has checked it. " +
	"To verify it, check 'response' as the answer to 'request' (KEYTRANS SearchRequest and SearchResponse) " +
	"under a Configuration that you obtained independently."

// lookupObject is the answer of POST /api/v1/lookup.
type lookupObject struct {
	SchemaVersion int    `json:"schema_version"`
	Statement     string `json:"statement"`
	// Verified is always false: a server cannot verify on its user's behalf.
	Verified bool `json:"verified"`

	Version uint32 `json:"version"`
	// Greatest tells that Version is the label's greatest version; it is false
	// if the request named the version, whichever it is.
	Greatest bool   `json:"greatest"`
	Value    []byte `json:"value"` // base64

	// TerminalPosition is the log entry where the search ended, which holds the
	// version. If it is to the right of every distinguished log entry, a
	// verifying client has to monitor the label.
	TerminalPosition uint64     `json:"terminal_position"`
	MustMonitor      bool       `json:"must_monitor"`
	Head             headObject `json:"head"`

	ConfigurationSHA256 string `json:"configuration_sha256"` // hexadecimal
	Request             []byte `json:"request"`              // encoded SearchRequest, base64
	Response            []byte `json:"response"`             // encoded SearchResponse, base64
}

func (s *server) lookup(w http.ResponseWriter, r *http.Request) error {
	if err := requireType(r, jsonType); err != nil {
		return err
	}
	var answer *lookupObject
	_, err := s.answerBody(w, r, maxSmallBody, s.reads, func(ctx context.Context, body []byte) ([]byte, error) {
		q, err := parseLookup(body)
		if err == nil {
			answer, err = s.answerLookup(ctx, q)
		}
		return nil, err
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, answer)
}

// answerLookup searches as for a user who has seen nothing. It reads the
// response with the verifier that clients use: that tells the positions, and a
// proof that would not convince them does not leave the house as an answer.
func (s *server) answerLookup(ctx context.Context, q *keytrans.SearchRequest) (*lookupObject, error) {
	p, err := s.dir.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	result, err := s.verifier.Search(&keytrans.View{}, q, p, s.cfg.Now())
	if err != nil {
		return nil, fmt.Errorf("verifying the directory's own response: %w", err)
	}
	root, err := result.View.Root()
	if err != nil {
		return nil, err
	}
	request, err := q.Marshal()
	if err != nil {
		return nil, err
	}
	response, err := p.Marshal(s.dir.Configuration())
	if err != nil {
		return nil, err
	}
	head := result.View.Head
	return &lookupObject{
		SchemaVersion: schemaVersion, Statement: lookupStatement,
		Version: result.Version, Greatest: q.Version == nil, Value: nonNil(result.Value.Value),
		TerminalPosition: result.Terminal, MustMonitor: result.Monitor,
		Head:                newHeadObject(head.TreeSize, result.View.Rightmost().Timestamp, root, head.Signature),
		ConfigurationSHA256: s.digest, Request: request, Response: response,
	}, nil
}

// nonNil makes the JSON of an empty value an empty string, not null.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// parseLookup decodes the body of a lookup. What encoding/json would replace
// silently is an error: a label must not become another one.
func parseLookup(body []byte) (*keytrans.SearchRequest, error) {
	if !utf8.Valid(body) {
		return nil, problemMalformed.because("the body is not UTF-8")
	}
	var q lookupRequest
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&q)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType):
		return nil, problemMalformed.about(wrongType.Field, "the value has the wrong type or range")
	case err != nil:
		return nil, problemMalformed.because("the body is not a JSON object of label and version")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, problemMalformed.because("something follows the JSON object")
	}
	if strings.ContainsRune(q.Label, utf8.RuneError) {
		return nil, problemInvalid.about("label", "it has the replacement character, or half of a surrogate pair")
	}
	return &keytrans.SearchRequest{Label: []byte(q.Label), Version: q.Version}, nil
}
