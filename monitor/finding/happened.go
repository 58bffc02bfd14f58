package finding

import (
	"encoding/json"
	"strings"
)

// Happened is a finding about something that happened once, as roles keep it in their
// files: they tell of it in every round.
type Happened struct {
	Rule     Rule     `json:"rule"`
	Class    Class    `json:"class"`
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject"`
	Summary  string   `json:"summary"`
	Detail   string   `json:"detail,omitempty"`
	Hint     string   `json:"hint,omitempty"`
	File     string   `json:"file,omitempty"`
}

// Finding returns the finding, about a directory.
func (h *Happened) Finding(directory string) Finding {
	return Finding{
		Rule: h.Rule, Class: h.Class, Severity: h.Severity, Directory: directory,
		Subject: h.Subject, Summary: h.Summary, Detail: h.Detail, Hint: h.Hint, File: h.File,
	}
}

// Subject returns a subject of several parts. Different parts have different subjects.
func Subject(parts ...string) string {
	data, err := json.Marshal(parts)
	if err != nil {
		panic("finding: strings have no encoding: " + err.Error())
	}
	return string(data)
}

// Cut cuts a text off after max bytes, and says so: it can quote what a directory sent.
func Cut(text string, max int) string {
	if len(text) > max {
		text = text[:max] + "…"
	}
	return strings.ToValidUTF8(text, "�")
}
