package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// raise makes an alert of a finding, nil if there are too many of its kind.
func (d *decision) raise(scope string, f finding.Finding, found time.Time) (*Alert, error) {
	if ok, err := d.afford(f); err != nil || !ok {
		return nil, err
	}
	a, err := d.next(scope, f)
	if err != nil {
		return nil, err
	}
	a.FoundAt = found
	if err := d.evidence(a, f.File); err != nil {
		return nil, err
	}
	return a, d.put(a)
}

// next returns the next alert of a scope.
func (d *decision) next(scope string, f finding.Finding) (*Alert, error) {
	seq, err := d.l.store.number("q" + scope)
	if err != nil {
		return nil, err
	}
	return &Alert{
		Schema: Schema, ID: makeID(scope, seq+1), State: Raised,
		Rule: f.Rule, Class: f.Class, Severity: f.Severity, Directory: f.Directory, Role: d.role,
		Summary: f.Summary, Detail: f.Detail, Hint: f.Hint,
		Condition: f.Condition, FoundAt: d.now, RaisedAt: d.now,
	}, nil
}

// resolve raises the alert that a condition is over.
func (d *decision) resolve(id string) error {
	begun, err := d.l.store.byID(id)
	if err != nil {
		return err
	}
	if begun == nil {
		return fmt.Errorf("%w: a condition has the alert %s, which is missing", errDamaged, id)
	}
	scope, seq, err := splitID(id)
	if err != nil {
		return err
	}
	a := *begun
	a.ID, a.State, a.Resolves = makeID(scope, seq+1), Resolved, id
	a.Class, a.Severity = finding.Report, finding.Info
	a.Summary = OneLine("over: "+begun.Summary, maxSummary)
	a.Hint, a.Evidence, a.EvidenceSHA256 = "", "", ""
	a.RaisedAt = d.now
	if err := d.batch.Delete([]byte("o"+string(formatNumber(begun.Number))), nil); err != nil {
		return err
	}
	return d.put(&a)
}

// put adds an alert, with a number of its own, to the batch.
func (d *decision) put(a *Alert) error {
	d.last++
	a.Number = d.last
	scope, seq, err := splitID(a.ID)
	if err != nil {
		return err
	}
	n := formatNumber(a.Number)
	err = errors.Join(
		d.batch.Set([]byte("a"+string(n)), a.Marshal(), nil),
		d.batch.Set([]byte("i"+a.ID), n, nil),
		d.batch.Set([]byte("q"+scope), formatNumber(seq), nil))
	if a.State == Raised {
		err = errors.Join(err, d.batch.Set([]byte("o"+string(n)), nil, nil))
	}
	d.raised = append(d.raised, a)
	return err
}

// evidence copies the evidence of an alert. That the file cannot be read is no
// reason to keep quiet; that the copy cannot be written is an error.
func (d *decision) evidence(a *Alert, path string) error {
	if a.Class != finding.Evidence {
		return nil
	}
	data, err := durable.ReadFile(path, evidence.MaxSize)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		note := fmt.Sprintf("The evidence file %q could not be copied: %v.", OneLine(path, 1000), err)
		a.Detail = lines(note+"\n"+a.Detail, maxDetail)
		return nil
	}
	sum := sha256.Sum256(data)
	a.Evidence, a.EvidenceSHA256 = evidenceName(a.ID), hex.EncodeToString(sum[:])
	// Another content under this name is of an attempt that a crash ended, or of a
	// ledger that was lost: no alert has it.
	_, err = d.l.folder.keep(a.Evidence, data)
	return err
}
