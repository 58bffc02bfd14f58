package directory

import (
	"context"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// Erased is what Erase did.
type Erased struct {
	// Versions is how many versions were erased, and Before how many of those
	// asked for had been erased before.
	Versions, Before int
	// Compacted tells that the store's files no longer have them either.
	Compacted bool
}

// eraseStep is how many versions are erased at a time.
const eraseStep = 256

// Erase deletes the value and the opening of a version of a label, or of all
// versions that the label has when it is called, so that the commitments can no
// longer be opened. It is durable when Erase returns nil, and can be called again
// after an error, after which it is not known how far it has come.
//
// Everything else stays: that the version exists, when it was made, and its
// commitment, which says nothing of the value without the opening. Proofs of all
// other versions, and monitoring, are what they were. Searches for an erased
// version are answered with ErrErased, and so are updates that would have to tell
// of one: an UpdateResponse has the openings of all versions that a log entry
// created, and the protocol has no way to leave one out.
//
// The error is ErrUnknownLabel or keytrans.ErrNoVersion if there is none such. An
// error of the compaction comes with what was erased before it.
func (d *Directory) Erase(ctx context.Context, label []byte, version *uint32) (Erased, error) {
	var done Erased
	if err := checkLabelSize(label); err != nil {
		return done, err
	}
	first, last, err := d.versions(label, version)
	if err != nil {
		return done, err
	}
	for from := first; from <= last; from += eraseStep {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		to := min(from+eraseStep-1, last)
		if err := d.maintain(ctx, func() error { return d.eraseVersions(label, from, to, &done) }); err != nil {
			return done, err
		}
	}
	// In files, what was erased may be there although it was erased before.
	done.Compacted, err = d.compact(ctx, versionKey(label, uint32(first)), append(versionKey(label, uint32(last)), 0))
	return done, err
}

// versions returns the first and the last of the versions to erase.
func (d *Directory) versions(label []byte, version *uint32) (first, last uint64, err error) {
	s, err := d.acquire()
	if err != nil {
		return 0, 0, err
	}
	defer s.release()
	record, err := s.label(label)
	switch {
	case err != nil:
		return 0, 0, err
	case record == nil:
		return 0, 0, ErrUnknownLabel
	case version == nil:
		return 0, uint64(record.greatest), nil
	case *version > record.greatest:
		return 0, 0, keytrans.ErrNoVersion
	}
	return uint64(*version), uint64(*version), nil
}

// eraseVersions is the task that erases the versions in [from, to].
func (d *Directory) eraseVersions(label []byte, from, to uint64, done *Erased) error {
	b := &Batch{}
	before := 0
	for v := from; v <= to; v++ {
		r, err := d.current.version(label, uint32(v))
		if err != nil {
			return err
		}
		if r.erased || r.skipped() {
			before++
			continue
		}
		r.erased = true
		_ = b.Set(versionKey(label, uint32(v)), r.marshal())
	}
	if len(b.Writes) > 0 {
		if err := d.amend(b); err != nil {
			return err
		}
		if err := d.refresh(); err != nil {
			return err
		}
	}
	done.Versions += len(b.Writes)
	done.Before += before
	return nil
}
