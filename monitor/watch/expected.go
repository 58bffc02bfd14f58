package watch

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

var errNotWatched = errors.New("an expectation is of a label that is not watched")

// expectations are those for the labels of one directory, from old to new.
type expectations []*Expectation

// readExpectations reads what is expected of the directory. Files that are damaged
// excuse nothing, and are a condition for as long as they are there.
func (r *round) readExpectations() (expectations, error) {
	if r.cfg.Expected == "" {
		return nil, nil
	}
	list, err := Expectations(r.cfg.Expected)
	var d *DamagedError
	if errors.As(err, &d) {
		r.condition(watchedKey{}, finding.Finding{
			Rule: finding.StateDamaged, Severity: finding.Warning, Subject: finding.Subject("expectations"),
			Summary: "an expectation cannot be read, and is passed over",
		}, err)
	} else if err != nil {
		return nil, err
	}
	var out expectations
	for i := range list {
		if list[i].Directory == r.cfg.Name {
			out = append(out, &list[i])
		}
	}
	return out, nil
}

// of returns the expectations for a label.
func (x expectations) of(label string) expectations {
	var out expectations
	for _, e := range x {
		if e.Label == label {
			out = append(out, e)
		}
	}
	return out
}

// match returns the expectation that excuses the next version of a label, which was
// found at a time, and binds it to the version; nil if there is none. What was expected
// before that, and before the version was found, lapses then, because another one came.
func (r *round) match(label string, t *told, found time.Time) (*Expectation, error) {
	var excuse *Expectation
	var earlier expectations
	for _, e := range r.expected.of(label) {
		isValue := t.Value != nil && e.ValueSHA256 == t.Value.SHA256
		switch {
		case e.Version != nil && isValue && *e.Version == *t.Version:
			excuse = e // an earlier round ended in between
		case e.Version != nil || found.Before(e.At):
		case isValue && excuse == nil:
			excuse = e
		default:
			earlier = append(earlier, e)
		}
	}
	for _, e := range earlier {
		if excuse != nil && !e.At.Before(excuse.At) {
			continue // it is for a version after this one
		}
		if err := r.lapse(e, t); err != nil {
			return nil, err
		}
	}
	if excuse != nil && excuse.Version == nil {
		bound := *excuse
		bound.Version = t.Version
		if err := bound.write(); err != nil {
			return nil, fmt.Errorf("using an expectation: %w", err)
		}
		excuse.Version = t.Version
	}
	return excuse, nil
}

// lapse gives up an expectation because another version came first.
func (r *round) lapse(e *Expectation, t *told) error {
	role := Contact
	if r.record.of(Owner, e.Label) != nil {
		role = Owner
	}
	l := r.record.of(role, e.Label)
	if l == nil {
		return errNotWatched
	}
	r.happened(l, finding.Happened{
		Rule: finding.ExpectedVersion, Class: finding.Report, Severity: finding.Info,
		Subject: finding.Subject(role, e.Label, "lapsed", e.ValueSHA256, e.At.Format(time.RFC3339)),
		Summary: "what was expected of " + r.called(role, e.Label) + " lapsed, because another version came first",
		Detail:  fmt.Sprintf("%s of %s came, and not what was expected: %s", version(t.Version), e.Label, e),
		Hint:    "when you have looked at the other version, expect yours again",
	})
	return r.giveUp(e)
}

// giveUp removes an expectation, after what became of it is stored.
func (r *round) giveUp(e *Expectation) error {
	if err := r.save(); err != nil {
		return err
	}
	if err := durable.Remove(filepath.Clean(e.File)); err != nil {
		return fmt.Errorf("removing an expectation that was used: %w", err)
	}
	for i, x := range r.expected {
		if x == e {
			r.expected = append(r.expected[:i:i], r.expected[i+1:]...)
			break
		}
	}
	return nil
}
