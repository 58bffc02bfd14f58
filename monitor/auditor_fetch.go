package monitor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// fetch applies updates until the log has size entries. Whatever is interrupted goes
// on where it was.
func (a *Auditor) fetch(ctx context.Context, size uint64) error {
	const path, most = "v1/audit-updates", 4096
	a.target = size
	for a.audit.log.Size() < size {
		before := a.audit.log.Size()
		err := a.source.repeat(ctx, path, func() error {
			q := keytrans.AuditRequest{Start: a.audit.log.Size(), Count: uint16(min(size-a.audit.log.Size(), most))}
			body, err := q.Marshal()
			if err != nil || q.Count == 0 {
				return err
			}
			return a.source.attempt(ctx, http.MethodPost, path, body, func(r io.Reader) error { return a.apply(r, int(q.Count)) })
		})
		if err != nil {
			return err
		}
		if err := a.saveProgress(); err != nil {
			return err
		}
		if a.audit.log.Size() == before {
			return fmt.Errorf("%w: there is no update for entry %d, of %d", errContent, before, size)
		}
	}
	return nil
}

// apply reads updates, each behind its length, and applies them, one at a time.
func (a *Auditor) apply(r io.Reader, most int) error {
	for n := 0; ; n++ {
		var length [4]byte
		if _, err := io.ReadFull(r, length[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%w: %w", errContent, err)
		}
		size := binary.BigEndian.Uint32(length[:])
		if n == most || size > keytrans.MaxAuditorUpdateSize {
			return fmt.Errorf("%w: more updates than were asked for, or too large a one", errContent)
		}
		data := make([]byte, size)
		a.bytes += int64(len(length)) + int64(size)
		if _, err := io.ReadFull(r, data); err != nil {
			return fmt.Errorf("%w: %w", errContent, err)
		}
		u, err := keytrans.ParseAuditorUpdate(data)
		if err != nil {
			return fmt.Errorf("%w: %w", errContent, err)
		}
		if err := a.audit.apply(u); err != nil {
			return err
		}
		a.noteRoot()
		a.changes += uint64(len(u.Added) + len(u.Removed))
		a.cfg.Progress(Progress{Auditing, a.audit.log.Size(), a.target, a.changes})
	}
}
