package clienttest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans"
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
	p := &keytrans.Prover{Config: d.config, MaxOwnerEntries: d.maxAnswers, MaxUpdates: d.maxAnswers, MaxBatchBytes: d.MaxBatchBytes}
	log := d.snapshot()
	switch operation {
	case "configuration":
		return d.config.Marshal()
	case "search":
		q, err := keytrans.ParseSearchRequest(body)
		if err != nil {
			return nil, err
		}
		if len(d.labels[string(q.Label)]) == 0 {
			return nil, errUnknownLabel
		}
		return marshal(d, func() (marshaler, error) { return p.Search(log, d.label(q.Label), q) })
	case "contact-monitor":
		q, err := keytrans.ParseContactMonitorRequest(body)
		if err != nil {
			return nil, err
		}
		return marshal(d, func() (marshaler, error) { return p.ContactMonitor(log, d.label(q.Label), q) })
	case "owner-init":
		q, err := keytrans.ParseOwnerInitRequest(body)
		if err != nil {
			return nil, err
		}
		return marshal(d, func() (marshaler, error) { return p.OwnerInit(log, d.label(q.Label), q) })
	case "owner-monitor":
		q, err := keytrans.ParseOwnerMonitorRequest(body)
		if err != nil {
			return nil, err
		}
		return marshal(d, func() (marshaler, error) { return p.OwnerMonitor(log, d.label(q.Label), q) })
	case "distinguished":
		q, err := keytrans.ParseDistinguishedRequest(body)
		if err != nil {
			return nil, err
		}
		return marshal(d, func() (marshaler, error) { return p.Distinguished(log, q) })
	case "update":
		return d.update(p, body, token)
	}
	if !d.Plain {
		return d.extension(p, log, operation, body)
	}
	return nil, errNotFound
}

type marshaler interface {
	Marshal(*keytrans.Configuration) ([]byte, error)
}

func marshal(d *Directory, make func() (marshaler, error)) ([]byte, error) {
	r, err := make()
	if err != nil {
		return nil, err
	}
	return r.Marshal(d.config)
}

func (d *Directory) update(p *keytrans.Prover, body []byte, token string) ([]byte, error) {
	q, err := keytrans.ParseUpdateRequest(body)
	if err != nil {
		return nil, err
	}
	if len(q.Values) > 0 && d.Token != "" && token != d.Token {
		return nil, &answerError{Problem(http.StatusUnauthorized, "unauthenticated", "", "")}
	}
	known, have := int64(-1), int64(len(d.labels[string(q.Label)]))-1
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
	list, err := p.Update(d.snapshot(), d.label(q.Label), q, created)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, r := range list {
		b, err := r.Marshal(d.config)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}
