package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/monitor/cause"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// maxTrouble bounds the labels that have a condition of their own.
const maxTrouble = 100

// cannot takes note of why a label could not be checked, or, for a zero key, the log.
// err may be nil. Errors of kind Attention are not for it.
func (r *round) cannot(key watchedKey, err error) {
	switch kind := client.KindOf(err); {
	case err == nil, isCanceled(err), errors.Is(err, client.ErrLog): // the log's own report says why
	case kind == client.Misbehaved:
		r.misbehaved(key, err)
	case kind == client.Undecided:
		r.undecided(key, err)
	default:
		r.failed(key.label, err)
	}
}

// condition keeps that something cannot be checked. If it is about a label, it is one of
// those that have a condition of their own, or of all others.
func (r *round) condition(key watchedKey, f finding.Finding, err error) {
	f.Class, f.Directory, f.Condition, f.Detail = finding.Report, r.cfg.Name, true, detailOf(key, err)
	f.Hint = cut(cause.Hint(err))
	if key.label != "" {
		f.Subject, f.About = finding.Subject(key.role, key.label), key.label
		if len(r.trouble) >= maxTrouble {
			f.About = ""
			f.Subject, f.Detail = finding.Subject("others"), fmt.Sprintf("more than %d labels, one of which is %s", maxTrouble, f.Detail)
		}
	}
	if _, ok := r.trouble[f.Key()]; !ok {
		r.trouble[f.Key()] = f
	}
}

// keyOf returns the label that a condition is about, if it is about one.
func (r *round) keyOf(f *finding.Finding) (watchedKey, bool) {
	var parts []string
	if json.Unmarshal([]byte(f.Subject), &parts) != nil || len(parts) != 2 {
		return watchedKey{}, false
	}
	return watchedKey{parts[0], parts[1]}, true
}

// undecided keeps why there is no verdict. What concerns the directory as a whole is one
// condition, whichever label it was met at.
func (r *round) undecided(key watchedKey, err error) {
	reason := err
	err = prefixed(key.label, err)
	f, about := cause.Whole(err, r.cfg.Unreachable, r.cfg.Overdue)
	if !about {
		f.Rule, f.Summary = finding.Refused, r.refusal(key)
		r.condition(key, f, reason)
		return
	}
	if key.label != "" && f.After > 0 {
		r.unreached[key] = true
	}
	r.condition(watchedKey{}, f, err)
}

// isWhole reports whether an error of kind Undecided is about the directory as a whole.
func isWhole(err error) bool {
	for _, e := range []error{client.ErrRolledBack, client.ErrOverdue, keytrans.ErrTime, keytrans.ErrAuditor} {
		if errors.Is(err, e) {
			return true
		}
	}
	return client.Unreached(err)
}

func (r *round) refusal(key watchedKey) string {
	if key.label == "" {
		return "the directory's answer does not verify, and proves nothing"
	}
	return "the directory's answer about " + r.called(key.role, key.label) + " does not verify, or is a refusal, and proves nothing"
}

// failed keeps that something on this machine failed.
func (r *round) failed(label string, err error) {
	if isCanceled(err) {
		return
	}
	r.condition(watchedKey{}, finding.Finding{
		Rule: finding.Failed, Severity: finding.Warning, Summary: "labels could not be watched because something on this machine failed",
	}, prefixed(label, err))
}

// prefixed adds a label to an error, if there is one.
func prefixed(label string, err error) error {
	if label == "" {
		return err
	}
	return fmt.Errorf("%s: %w", label, err)
}

// misbehaved keeps proof. That a directory was caught at the same label in the same way
// before is the same finding.
func (r *round) misbehaved(key watchedKey, err error) {
	h := finding.Happened{
		Class: finding.Evidence, Severity: finding.Critical, Detail: detailOf(key, err), Hint: cut(cause.Hint(err)),
		Summary: "the directory's misbehaviour is proven",
	}
	var e *client.Error
	if errors.As(err, &e) {
		h.File = e.Evidence
	}
	kind, readErr := cause.EvidenceKind(h.File)
	switch {
	case readErr != nil:
		h.Rule, h.Class = finding.Refused, finding.Report
		h.Summary = "the directory's misbehaviour was proven to this monitor, which could not store the evidence"
		h.Detail += fmt.Sprintf(" (%v)", readErr)
	case e.Report:
		h.Rule, h.Class = finding.Rule(kind), finding.Report
		h.Summary = "the directory contradicts what this monitor remembers, which cannot be proven to others"
	default:
		h.Rule = finding.Rule(kind)
	}
	h.Subject = finding.Subject("evidence", string(h.Rule), key.label)
	r.keepOldEvidence(&h, e != nil && e.Known)
	r.happened(r.record.of(key.role, key.label), h)
}

// maxEvidence bounds the evidence files of a directory that lies in each round.
const maxEvidence = 100

// keepOldEvidence has a finding that was proven before name the evidence file of then, if
// that is still there. The new one is removed if there are many files already; one that
// was known before can be what another finding, or another role, names.
func (r *round) keepOldEvidence(h *finding.Happened, known bool) {
	for _, old := range r.allHappened() {
		if old.Class != finding.Evidence || old.Subject != h.Subject || old.File == h.File {
			continue
		}
		if _, err := cause.EvidenceKind(old.File); err != nil {
			return
		}
		if files, err := os.ReadDir(filepath.Dir(h.File)); err == nil && !known && len(files) > maxEvidence {
			if err := os.Remove(h.File); err != nil {
				r.failed("", err)
			}
		}
		h.File = old.File
		return
	}
}

func detailOf(key watchedKey, err error) string {
	if key.label == "" {
		return cut(err.Error())
	}
	return cut(prefixed(key.label, err).Error())
}
