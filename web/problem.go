package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// ProblemPrefix begins the type URI of every problem.
const ProblemPrefix = "urn:ghostlight:problem:"

// The types of problems, after ProblemPrefix. They are stable.
const (
	ProblemMalformedRequest     = "malformed-request"      // 400: the body does not decode
	ProblemInvalidRequest       = "invalid-request"        // 400: it asks for what makes no sense
	ProblemUnauthenticated      = "unauthenticated"        // 401: a write without a good credential
	ProblemForbidden            = "forbidden"              // 403: the label is someone else's
	ProblemPolicy               = "policy"                 // 403: the new version breaks a rule of the directory; there is none
	ProblemNotFound             = "not-found"              // 404: no such path, or the log has no such tile
	ProblemUnknownLabel         = "unknown-label"          // 404: the label has no versions
	ProblemNoSuchVersion        = "no-such-version"        // 404: the label lacks the version
	ProblemVersionExpired       = "version-expired"        // 404: it is older than the maximum lifetime
	ProblemVersionSkipped       = "version-skipped"        // 404: it has no value, the manager skipped it
	ProblemMethodNotAllowed     = "method-not-allowed"     // 405: Allow tells which are
	ProblemTimeout              = "timeout"                // 408: the body did not arrive in time
	ProblemConflict             = "conflict"               // 409: the log is in another state than the request believes
	ProblemErased               = "erased"                 // 410: the value was deleted
	ProblemPruned               = "pruned"                 // 410: it takes log entries that have expired and were removed
	ProblemTooLarge             = "too-large"              // 413: the body, or a value, is too large
	ProblemUnsupportedMediaType = "unsupported-media-type" // 415: wrong Content-Type or Content-Encoding
	ProblemInternal             = "internal"               // 500: the directory's own trouble
	ProblemOverloaded           = "overloaded"             // 503: too many requests; Retry-After tells when
	ProblemAuditorOverdue       = "auditor-overdue"        // 503: the log's auditor does not keep up; users would refuse every answer
	ProblemUnavailable          = "unavailable"            // 503: the directory is closing, or does not write
)

// problemKind is what all problems of one type have in common.
type problemKind struct {
	name   string
	status int
	title  string
}

var (
	problemMalformed            = &problemKind{ProblemMalformedRequest, 400, "The request does not decode"}
	problemInvalid              = &problemKind{ProblemInvalidRequest, 400, "The request cannot be answered"}
	problemUnauthenticated      = &problemKind{ProblemUnauthenticated, 401, "A valid credential is required to write"}
	problemForbidden            = &problemKind{ProblemForbidden, 403, "The credential may not write this label"}
	problemPolicy               = &problemKind{ProblemPolicy, 403, "The new version breaks a rule of this directory"}
	problemNotFound             = &problemKind{ProblemNotFound, 404, "Not found"}
	problemUnknownLabel         = &problemKind{ProblemUnknownLabel, 404, "The directory does not know this label"}
	problemNoSuchVersion        = &problemKind{ProblemNoSuchVersion, 404, "The label does not have this version"}
	problemVersionExpired       = &problemKind{ProblemVersionExpired, 404, "The version has expired"}
	problemVersionSkipped       = &problemKind{ProblemVersionSkipped, 404, "The version was skipped and has no value"}
	problemMethodNotAllowed     = &problemKind{ProblemMethodNotAllowed, 405, "Method not allowed"}
	problemTimeout              = &problemKind{ProblemTimeout, 408, "The request took too long to arrive"}
	problemConflict             = &problemKind{ProblemConflict, 409, "The log is in another state"}
	problemErased               = &problemKind{ProblemErased, 410, "The value was erased"}
	problemPruned               = &problemKind{ProblemPruned, 410, "What has expired was removed"}
	problemTooLarge             = &problemKind{ProblemTooLarge, 413, "Too large"}
	problemUnsupportedMediaType = &problemKind{ProblemUnsupportedMediaType, 415, "Unsupported media type"}
	problemInternal             = &problemKind{ProblemInternal, 500, "Internal error"}
	problemOverloaded           = &problemKind{ProblemOverloaded, 503, "Overloaded"}
	problemAuditorOverdue       = &problemKind{ProblemAuditorOverdue, 503, "The auditor is overdue"}
	problemUnavailable          = &problemKind{ProblemUnavailable, 503, "Unavailable"}
)

// problem is one answer that tells of an error. As an error it stands for
// itself.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Field  string `json:"field,omitempty"`

	kind *problemKind
}

// Error implements error.
func (p *problem) Error() string { return p.Title + ": " + p.Detail }

// because returns a problem with a text for people. It must tell nothing that
// whoever sent the request may not know.
func (k *problemKind) because(detail string) *problem { return k.about("", detail) }

// about returns a problem with one field of the request.
func (k *problemKind) about(field, detail string) *problem {
	return &problem{ProblemPrefix + k.name, k.title, k.status, detail, field, k}
}

// problemOf returns what is told of an error. It is the only place where
// errors become statuses.
func problemOf(err error) *problem {
	var p *problem
	var refusal *operator.Refusal
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, operator.ErrAhead):
		return problemUnavailable.because("the manager has yet to answer earlier updates of the label; send the last one again, or wait")
	case errors.As(err, &refusal):
		return refusedBy(refusal)
	case errors.Is(err, operator.ErrDistrusted):
		return problemUnavailable.because("the manager of this log has been proven to misbehave")
	case errors.Is(err, operator.ErrManager):
		return problemUnavailable.because("the manager of this log does not answer, or not with what verifies")
	case errors.Is(err, directory.ErrUnauthenticated): // always the same body
		return problemUnauthenticated.because("")
	case errors.Is(err, directory.ErrForbidden): // always the same body
		return problemForbidden.because("")
	case errors.Is(err, directory.ErrPolicy):
		return problemPolicy.about("values", err.Error())
	case errors.Is(err, keytrans.ErrAuditor):
		return problemAuditorOverdue.because(err.Error())
	case errors.Is(err, directory.ErrAuditorSignature):
		return problemInvalid.about("signature", "it does not verify over the log's root")
	case errors.Is(err, directory.ErrAuditorHead):
		return problemConflict.about("tree_size", "the auditor has signed a head of more entries before")
	case errors.Is(err, directory.ErrNotInLog):
		return problemNotFound.because(err.Error())
	case errors.Is(err, keytrans.ErrMalformed):
		return problemMalformed.about(fieldOf(err), err.Error())
	case errors.Is(err, directory.ErrTooLarge):
		return problemTooLarge.about(fieldOf(err), err.Error())
	case errors.Is(err, keytrans.ErrLast):
		return problemConflict.about("last", err.Error())
	case errors.Is(err, directory.ErrPruned):
		return problemPruned.about(fieldOf(err), err.Error())
	case errors.Is(err, keytrans.ErrStart):
		return problemInvalid.about("start", err.Error())
	case errors.Is(err, keytrans.ErrRequest):
		return problemInvalid.about(fieldOf(err), err.Error())
	case errors.Is(err, directory.ErrGreatestVersion):
		return problemConflict.about("greatest_version", "it is not the label's greatest version")
	case errors.Is(err, directory.ErrUnknownLabel):
		return problemUnknownLabel.about("label", "")
	case errors.Is(err, keytrans.ErrNoVersion):
		return problemNoSuchVersion.about("version", "")
	case errors.Is(err, keytrans.ErrVersionExpired):
		return problemVersionExpired.about("version", "")
	case errors.Is(err, directory.ErrSkipped):
		return problemVersionSkipped.about("version", "")
	case errors.Is(err, directory.ErrManaged):
		return problemInvalid.about("values", err.Error())
	case errors.Is(err, directory.ErrSignedVersion):
		return problemConflict.about("signed_version", err.Error())
	case errors.Is(err, directory.ErrErased):
		return problemErased.about("version", "")
	case errors.Is(err, directory.ErrClosed), errors.Is(err, directory.ErrFailed):
		return problemUnavailable.because("the directory is closed, or does not take writes at this time")
	case errors.Is(err, keytrans.ErrTime):
		return problemUnavailable.because("the directory's latest head is not of this time")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return problemUnavailable.because("the request was not answered in time")
	}
	return problemInternal.because("")
}

// forwardedKinds are the problems of a manager that are the user's affair, too. The
// others are between the operator and the manager.
var forwardedKinds = []*problemKind{
	problemMalformed, problemInvalid, problemNotFound, problemUnknownLabel, problemNoSuchVersion, problemVersionExpired,
	problemVersionSkipped, problemConflict, problemErased, problemTooLarge, problemOverloaded, problemUnavailable,
}

// refusedBy returns what is told of a manager's problem.
func refusedBy(r *operator.Refusal) *problem {
	if r.Field == "signed_version" {
		return problemUnavailable.because("the operator and the manager of this log disagree about the label")
	}
	for _, kind := range forwardedKinds {
		if r.Type == ProblemPrefix+kind.name {
			return kind.about(r.Field, r.Detail)
		}
	}
	return problemUnavailable.because("the manager of this log cannot answer")
}

// fields are the names of the fields in requests.
var fields = []string{
	"label", "last", "start", "stop", "entries", "greatest_version", "values", "version", "queries",
	"signed_version", "tree_size", "terminal", "distinguished", "timestamp",
}

// fieldOf returns the field that the message of an error about a request names.
// Packages keytrans and directory set it between colons.
func fieldOf(err error) string {
	for part := range strings.SplitSeq(err.Error(), ": ") {
		if slices.Contains(fields, part) {
			return part
		}
	}
	return ""
}

// write answers with p.
func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	switch p.kind {
	case problemUnauthenticated:
		h.Set("WWW-Authenticate", `Bearer realm="ghostlight"`)
	case problemOverloaded:
		h.Set("Retry-After", "1")
	case problemUnavailable, problemAuditorOverdue:
		h.Set("Retry-After", "5")
	case problemTimeout:
		h.Set("Connection", "close")
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic("web: a problem has no encoding: " + err.Error())
	}
	h.Set("Cache-Control", "no-store")
	writeBody(w, p.Status, problemJSON, append(body, '\n'))
}
