package clienttest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// Answer is an HTTP response.
type Answer struct {
	Status int
	Type   string // the content type
	Header map[string]string
	Body   []byte
}

const problemPrefix = "urn:ghostlight:problem:"

// Problem returns an answer with a problem document. name is the type without
// its prefix.
func Problem(status int, name, field, detail string) *Answer {
	body := must(json.Marshal(map[string]any{
		"type": problemPrefix + name, "title": name, "status": status, "detail": detail, "field": field,
	}))
	return &Answer{Status: status, Type: "application/problem+json", Body: body}
}

// ServeHTTP implements http.Handler: the HTTP binding, and the public log below
// /log, where the operation that hooks are told is the path without the first
// slash.
func (d *Directory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/"), "v1/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	d.mu.Lock()
	d.requests[operation]++
	d.mu.Unlock()
	var a *Answer
	if d.Before != nil {
		a = d.Before(operation, body)
	}
	if a == nil {
		a = d.carryOut(operation, body, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if d.After != nil {
			d.After(operation, a)
		}
	}
	for k, v := range a.Header {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Type", a.Type)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// carryOut answers a request, after the hook that can do so instead.
func (d *Directory) carryOut(operation string, body []byte, token string) *Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	path, ok := strings.CutPrefix(operation, "log/")
	switch {
	case !ok:
		return d.answer(operation, body, token)
	case d.public.other != nil && d.public.other != d:
		d.public.other.mu.Lock()
		defer d.public.other.mu.Unlock()
		return d.public.other.answerLog(path)
	}
	return d.answerLog(path)
}

var errUnknownLabel = errors.New("unknown label")

func (d *Directory) answer(operation string, body []byte, token string) *Answer {
	response, err := d.respond(operation, body, token)
	var a *answerError
	switch {
	case err == nil:
		return &Answer{Status: http.StatusOK, Type: "application/octet-stream", Body: response}
	case errors.As(err, &a):
		return a.Answer
	case errors.Is(err, errUnknownLabel):
		return Problem(http.StatusNotFound, "unknown-label", "", "")
	case errors.Is(err, keytrans.ErrNoVersion):
		return Problem(http.StatusNotFound, "no-such-version", "version", "")
	case errors.Is(err, keytrans.ErrMalformed):
		return Problem(http.StatusBadRequest, "malformed-request", "", err.Error())
	case errors.Is(err, keytrans.ErrLast):
		return Problem(http.StatusConflict, "conflict", "last", err.Error())
	case errors.Is(err, keytrans.ErrRequest):
		return Problem(http.StatusBadRequest, "invalid-request", "", err.Error())
	}
	return Problem(http.StatusInternalServerError, "internal", "", "")
}

type answerError struct{ *Answer }

func (answerError) Error() string { return "answered" }

var errNotFound = &answerError{Problem(http.StatusNotFound, "not-found", "", "")}

func (d *Directory) respond(operation string, body []byte, token string) ([]byte, error) {
	switch operation {
	case "configuration":
		return d.log.Config.Marshal()
	case keytranstest.Search:
		q, err := keytrans.ParseSearchRequest(body)
		if err == nil && d.greatest(q.Label) < 0 {
			err = errUnknownLabel
		}
		if err != nil {
			return nil, err
		}
	case keytranstest.Update:
		return d.update(body, token)
	case keytranstest.ContactMonitor, keytranstest.OwnerInit, keytranstest.OwnerMonitor, keytranstest.Distinguished:
	case keytranstest.Absence, keytranstest.Batch, keytranstest.CredentialUpdate:
		if d.Plain {
			return nil, errNotFound
		}
	default:
		return nil, errNotFound
	}
	return d.answers().Answer(operation, body)
}

// greatest returns the greatest version of a label, -1 if it has none.
func (d *Directory) greatest(label []byte) int64 {
	return int64(len(d.log.Label(string(label)).Versions)) - 1
}

// update creates versions, and tells of those and others.
func (d *Directory) update(body []byte, token string) ([]byte, error) {
	q, err := keytrans.ParseUpdateRequest(body)
	if err != nil {
		return nil, err
	}
	if len(q.Values) > 0 && d.Token != "" && token != d.Token {
		return nil, &answerError{Problem(http.StatusUnauthorized, "unauthenticated", "", "")}
	}
	known, have := int64(-1), d.greatest(q.Label)
	if q.GreatestVersion != nil {
		known = int64(*q.GreatestVersion)
	}
	created := 0
	switch {
	case known == have && len(q.Values) > 0:
		created = len(q.Values)
		d.insert([]Update{{string(q.Label), q.Values}})
	case known >= have:
		return nil, &answerError{Problem(http.StatusConflict, "conflict", "greatest_version", "nothing new")}
	}
	answers := d.answers()
	answers.Created = created
	return answers.Answer(keytranstest.Update, body)
}

// answers returns what answers out of the log as it is.
func (d *Directory) answers() *keytranstest.Directory {
	answers := d.log.Directory(d.log.Size())
	answers.Prover.MaxOwnerEntries, answers.Prover.MaxUpdates = d.maxAnswers, d.maxAnswers
	answers.Prover.MaxBatchBytes = d.MaxBatchBytes
	return answers
}
