package web

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// routeAudit adds what an auditor and the directory say to each other. In other
// modes than ThirdPartyAuditing there is nothing at these paths.
func (s *server) routeAudit(r chi.Router) {
	if s.dir.Configuration().Mode != keytrans.ThirdPartyAuditing {
		return
	}
	r.Post("/v1/audit-updates", s.handle(s.auditUpdates))
	r.Post("/v1/auditor-tree-head", s.handle(s.auditorTreeHead))
}

// maxAuditBytes is after how many bytes no further update is begun in an answer.
// The auditor asks again for the rest.
const maxAuditBytes = 8 << 20

// errFull ends an answer that has enough.
var errFull = errors.New("the answer is full")

// auditUpdates answers an AuditRequest with updates from its start on, each behind
// its length (uint32): at most as many as it asks for, and at least one if the log
// has one. Each is made when the one before has been received, and one at a time is
// in memory.
func (s *server) auditUpdates(w http.ResponseWriter, r *http.Request) error {
	if err := requireType(r, octetStream); err != nil {
		return err
	}
	body, release, err := s.readBody(w, r, maxSmallBody)
	if err != nil {
		return err
	}
	defer release()
	q, err := keytrans.ParseAuditRequest(body)
	if err != nil {
		return err
	}
	if q.Count == 0 {
		return problemInvalid.about("count", "it must be 1 or more")
	}
	if !s.streams.enter() {
		return errOverloaded
	}
	defer s.streams.leave()
	w.Header().Set("Content-Type", octetStream)
	out := &streamWriter{w: w, conn: http.NewResponseController(w)}
	sent := 0
	err = s.dir.AuditUpdates(r.Context(), q.Start, uint64(q.Count), func(u *keytrans.AuditorUpdate) error {
		data, err := u.Marshal()
		if err != nil {
			return err
		}
		frame := append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(data)), uint32(len(data))), data...)
		if _, err := out.Write(frame); err != nil {
			return err
		}
		if sent += len(frame); sent >= s.auditBytes {
			return errFull
		}
		return nil
	})
	if errors.Is(err, errFull) {
		return nil
	}
	return s.endStream(r, out, err)
}

// auditorTreeHead takes a head that the auditor signed.
func (s *server) auditorTreeHead(w http.ResponseWriter, r *http.Request) error {
	if err := requireType(r, octetStream); err != nil {
		return err
	}
	_, err := s.answerBody(w, r, maxSmallBody, s.updates, func(ctx context.Context, body []byte) ([]byte, error) {
		h, err := keytrans.ParseAuditorTreeHead(body)
		if err != nil {
			return nil, err
		}
		return nil, s.dir.SetAuditorHead(ctx, h)
	})
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// The warnings of /readyz about the auditor. They are stable. An auditor that is
// overdue keeps users from everything; it is a warning all the same, because the
// directory must stay reachable for the auditor.
const (
	warningAuditorMissing = "auditor-missing" // it has signed no head yet
	warningAuditorLagging = "auditor-lagging" // more than half of what it may
	warningAuditorOverdue = "auditor-overdue" // users refuse its head
)

// auditorWarnings returns what is wrong with the auditor of a log with a head.
func auditorWarnings(c *keytrans.Configuration, head *directory.Head) []string {
	if c.Mode != keytrans.ThirdPartyAuditing {
		return nil
	}
	if head.Auditor == nil {
		return []string{warningAuditorMissing}
	}
	switch lag := auditorLag(head); {
	case lag > c.MaxAuditorLag:
		return []string{warningAuditorOverdue}
	case lag > c.MaxAuditorLag/2:
		return []string{warningAuditorLagging}
	}
	return nil
}

// auditorLag returns by how many milliseconds the auditor's head, which there must
// be, lags behind the log.
func auditorLag(head *directory.Head) uint64 {
	return head.Rightmost.Timestamp - head.Auditor.Timestamp
}
