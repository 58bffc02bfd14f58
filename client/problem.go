package client

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
)

// The problem types that a directory answers with are URIs that begin with
// ProblemPrefix. docs/problems.md has the list; these are the ones a client acts upon.
const (
	ProblemPrefix          = "urn:ghostlight:problem:"
	ProblemUnknownLabel    = ProblemPrefix + "unknown-label"
	ProblemNoSuchVersion   = ProblemPrefix + "no-such-version"
	ProblemVersionExpired  = ProblemPrefix + "version-expired"
	ProblemVersionSkipped  = ProblemPrefix + "version-skipped"
	ProblemErased          = ProblemPrefix + "erased"
	ProblemPruned          = ProblemPrefix + "pruned"
	ProblemUnauthenticated = ProblemPrefix + "unauthenticated"
	ProblemForbidden       = ProblemPrefix + "forbidden"
	ProblemPolicy          = ProblemPrefix + "policy"
	ProblemConflict        = ProblemPrefix + "conflict"
	ProblemInvalidRequest  = ProblemPrefix + "invalid-request"
	ProblemTooLarge        = ProblemPrefix + "too-large"
	ProblemOverloaded      = ProblemPrefix + "overloaded"
	ProblemNotFound        = ProblemPrefix + "not-found"
)

const (
	typeBinary  = "application/octet-stream"
	typeProblem = "application/problem+json"

	maxProblem = 64 << 10
)

// Problem is a directory's refusal: RFC 9457. Nothing in it is proven.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Field is the part of the request that is at fault, if any.
	Field string `json:"field"`

	retryAfter time.Duration
}

// Error says what the directory said.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if text == "" {
		text = http.StatusText(p.Status)
	}
	// The values are all that this client sends to be judged: the detail is about them.
	if p.Field != "" && p.Field != "values" && !strings.Contains(text, p.Field) {
		text += " (" + p.Field + ")"
	}
	return fmt.Sprintf("the server answered %d: %s", p.Status, text)
}

// parseProblem reads a response that is not a success. What is not a problem
// document yields a Problem with nothing but the status: it may have come from
// a proxy on the way.
func parseProblem(r *http.Response, body []byte) *Problem {
	p := &Problem{}
	if !hasType(r, typeProblem) || json.Unmarshal(body, p) != nil {
		p = &Problem{Type: "about:blank"}
	}
	p.Status = r.StatusCode
	p.retryAfter = parseRetryAfter(r.Header.Get("Retry-After"))
	const maxText = 1 << 10
	for _, s := range []*string{&p.Type, &p.Title, &p.Detail, &p.Field} {
		if len(*s) > maxText {
			*s = strings.ToValidUTF8((*s)[:maxText], "")
		}
	}
	return p
}

func hasType(r *http.Response, want string) bool {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && got == want
}

// parseRetryAfter understands a number of seconds; dates are ignored.
func parseRetryAfter(s string) time.Duration {
	var seconds int
	if _, err := fmt.Sscanf(s, "%d", &seconds); err != nil || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// kind returns what a refusal means to the user.
func (p *Problem) kind() Kind {
	switch p.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge:
		return Operational
	}
	return Undecided
}

// nothingNew reports whether p says that a label has no version beyond the one
// that an update request named.
func (p *Problem) nothingNew() bool {
	if p.Type == ProblemUnknownLabel {
		return true
	}
	return (p.Type == ProblemConflict || p.Type == ProblemInvalidRequest) && (p.Field == "" || p.Field == "greatest_version")
}

// denial reports whether p says that a label or a version of it does not exist.
func (p *Problem) denial() bool {
	return p.Type == ProblemUnknownLabel || p.Type == ProblemNoSuchVersion
}

// lacksOperation reports whether p says that the directory does not have the
// operation at all, which is one of an extension that it need not know.
func (p *Problem) lacksOperation() bool {
	switch p.Status {
	case http.StatusNotFound:
		return p.Type == ProblemNotFound || p.Type == "about:blank"
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// aboutLast reports whether p says that the log is smaller than the tree size
// that the request advertised.
func (p *Problem) aboutLast() bool { return p.Type == ProblemConflict && p.Field == "last" }
