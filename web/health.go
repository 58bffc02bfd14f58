package web

import (
	"errors"
	"net/http"

	"github.com/ghostlight-kt/ghostlight/directory"
)

// healthObject is the answer of GET /livez and /readyz.
type healthObject struct {
	SchemaVersion int  `json:"schema_version"`
	OK            bool `json:"ok"`
	// Reasons says why not: "closing", "writes-stopped", "head-unreadable",
	// "head-too-old"; of an operator "manager-unreachable", "manager-log-refused",
	// "manager-misbehaved".
	Reasons []string `json:"reasons"`
	// Warnings says what else is wrong, which is no reason not to be ready:
	// "quorum-missing", "checkpoints-not-signed", "auditor-missing",
	// "auditor-lagging", "auditor-overdue".
	Warnings []string `json:"warnings"`
}

// livez says that the process serves requests.
func (s *frame) livez(w http.ResponseWriter, _ *http.Request) error {
	return writeHealth(w, nil, []string{})
}

// readyz says whether the directory takes writes and has a head that clients
// accept.
func (s *server) readyz(w http.ResponseWriter, _ *http.Request) error {
	var reasons []string
	switch err := s.dir.Err(); {
	case err == nil:
	case errors.Is(err, directory.ErrClosed):
		reasons = append(reasons, "closing")
	default:
		reasons = append(reasons, "writes-stopped")
	}
	head, err := s.dir.Head()
	now := uint64(max(s.cfg.Now().UnixMilli(), 0))
	switch ts := head.Rightmost.Timestamp; {
	case errors.Is(err, directory.ErrClosed): // said already
	case err != nil:
		reasons = append(reasons, "head-unreadable")
	case ts < now && now-ts > s.dir.Configuration().MaxBehind:
		reasons = append(reasons, "head-too-old")
	}
	warnings := []string{}
	if s.cfg.Publisher != nil {
		warnings = publicationWarnings(s.cfg.Publisher.Status())
	}
	if err == nil {
		warnings = append(warnings, auditorWarnings(s.dir.Configuration(), &head)...)
	}
	return writeHealth(w, reasons, warnings)
}

func writeHealth(w http.ResponseWriter, reasons, warnings []string) error {
	answer := healthObject{SchemaVersion: schemaVersion, OK: len(reasons) == 0, Reasons: []string{}, Warnings: warnings}
	status := http.StatusOK
	if !answer.OK {
		status, answer.Reasons = http.StatusServiceUnavailable, reasons
	}
	return writeJSON(w, status, answer)
}
