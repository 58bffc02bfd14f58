package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// maxContradictions is how many labels a directory can contradict itself about before
// it is asked for no more: then it contradicts itself about the log, and whatever it
// answers proves nothing.
const maxContradictions = 16

// errStopped is the error of labels that were not asked for.
var errStopped = errors.New("it was not asked for, because the directory contradicted itself too often")

// ask asks all the questions, with as few requests as possible, and hands what became
// of each to take. What fails in a batch is asked for in parts, so that only the label
// at fault is without an answer. The error is one that concerns all of them.
func (k *check) ask(ctx context.Context, questions []question, take func(q question, o outcome)) error {
	parts := [][]question{questions}
	for len(parts) > 0 {
		part := parts[len(parts)-1]
		parts = parts[:len(parts)-1]
		if len(part) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fail(Operational, "checking a roster", err)
		}
		if k.broken != nil {
			for _, q := range part {
				take(q, outcome{err: k.broken})
			}
			continue
		}
		batch := k.batches && len(part) > 1
		asked := part[:1]
		if batch {
			asked = part[:min(len(part), keytrans.MaxBatch)]
		}
		found, err := k.askSome(ctx, asked, batch, k.keepMember)
		var p *Problem
		switch {
		case err == nil:
			for i, o := range found {
				take(part[i], o)
			}
			parts = append(parts, part[len(found):])
		case batch && errors.As(err, &p) && p.lacksOperation():
			k.batches = false
			parts = append(parts, part)
		case unstored(err):
			return err
		case lost(err) != nil:
			k.broken = lost(err)
			parts = append(parts, part)
		case batch:
			half := (len(asked) + 1) / 2
			parts = append(parts, part[len(asked):], asked[half:], asked[:half])
		default:
			take(part[0], k.failed(err))
			parts = append(parts, part[1:])
		}
	}
	return nil
}

// unstored reports whether err says that the state could not be stored.
func unstored(err error) bool {
	var p *Problem
	return KindOf(err) == Operational && !errors.As(err, &p) && lost(err) == nil
}

// failed is what became of a question that got no answer to believe.
func (k *check) failed(err error) outcome {
	if KindOf(err) == Misbehaved && len(k.evidence) >= maxContradictions {
		k.broken = fail(Undecided, "asking for labels", fmt.Errorf("%w: %w", errStopped, ErrLog))
	}
	return outcome{err: err}
}

// keepMember holds a search against what else was proven in this check, and makes the
// changes to next that follow from it: what is to be monitored. What lookups have seen
// is left as it is, for the next one to tell of a change; and a label is made a contact
// only if there is something to monitor.
func (k *check) keepMember(next *state, f *found) error {
	commitment, err := f.commitment()
	if err != nil {
		return err
	}
	if before, ok := k.facts[f.label].commitments[f.Version]; ok && before != commitment {
		return &keytrans.Misbehaviour{Err: fmt.Errorf("the log committed to another value of version %d before", f.Version)}
	}
	if newest := k.facts[f.label].newest(); f.greatest && newest != nil && f.Version < newest.Number {
		return &keytrans.Misbehaviour{Err: fmt.Errorf("the log proved that version %d exists, and now that version %d is the greatest", newest.Number, f.Version)}
	}
	known := next.contacts[f.label]
	c := next.contactOf(f.label)
	if err := c.observe(f, k.verifier.Configuration().MaximumLifetime, k.cfg.Now()); err != nil {
		return err
	}
	if known != nil || len(c.monitor.Map) > 0 {
		next.contacts[f.label] = c
	}
	return nil
}
