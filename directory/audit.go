package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// ErrNotAudited says that the log has no Third-Party Auditor.
var ErrNotAudited = errors.New("the log has no third-party auditor")

func (d *Directory) audited() bool {
	return d.cfg.Configuration.Mode == keytrans.ThirdPartyAuditing
}

// AuditUpdates calls yield with the AuditorUpdates of at most count log entries
// from start on, in order, until the log or ctx ends or yield returns an error,
// which it returns. The error wraps keytrans.ErrRequest if the log has fewer than
// start entries. yield may be slow: nothing of the store is held meanwhile.
func (d *Directory) AuditUpdates(ctx context.Context, start, count uint64, yield func(*keytrans.AuditorUpdate) error) error {
	if !d.audited() {
		return ErrNotAudited
	}
	size, err := d.TreeSize()
	if err != nil {
		return err
	}
	if start > size {
		return fmt.Errorf("%w: start: the log has %d entries", keytrans.ErrRequest, size)
	}
	for pos := start; pos < start+min(count, size-start); pos++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		u, err := d.auditUpdate(pos)
		if err != nil {
			return fmt.Errorf("the auditor's update for log entry %d: %w", pos, err)
		}
		if err := yield(u); err != nil {
			return err
		}
	}
	return nil
}

// auditUpdate makes the update for the entry at pos, which the log has.
func (d *Directory) auditUpdate(pos uint64) (*keytrans.AuditorUpdate, error) {
	s, err := d.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	if m := s.minimum; pos < m.entries || pos <= m.versions && m.versions > 0 {
		return nil, errPruned("log entry %d cannot be audited any more, only those after %d", pos, m.versions)
	}
	entry, err := s.Entry(pos)
	if err != nil {
		return nil, err
	}
	change, err := s.change(pos)
	if err != nil {
		return nil, err
	}
	var previous prefixtree.Node
	if pos > 0 {
		if previous, err = s.PrefixTree(pos - 1); err != nil {
			return nil, err
		}
	}
	return keytrans.NewAuditorUpdate(previous, entry.Timestamp, change.Added, change.Removed)
}

// auditedVersions returns the first log entry as of which the auditor still needs
// the prefix tree: that of the last entry in its head.
func (d *Directory) auditedVersions(s *state) uint64 {
	switch {
	case !d.audited():
		return s.head.TreeSize
	case s.auditor == nil:
		return 0
	}
	return s.auditor.TreeSize - 1
}

// change reads what the entry at pos changed.
func (s *state) change(pos uint64) (tile.Change, error) {
	var data bytes.Buffer
	err := s.snap.Scan(changeKey(pos, 0), changeKey(pos+1, 0), func(_, value []byte) error {
		data.Write(value)
		return nil
	})
	if err != nil {
		return tile.Change{}, err
	}
	change, err := tile.ReadChange(&data)
	if err != nil {
		return tile.Change{}, errCorrupt(fmt.Sprintf("the changes of log entry %d: %v", pos, err))
	}
	return change, nil
}

// The errors of SetAuditorHead, apart from keytrans.ErrRequest.
var (
	// ErrAuditorSignature says that the auditor's signature does not verify over
	// the root that the log had.
	ErrAuditorSignature = errors.New("the auditor's signature does not verify over the log's root")
	// ErrAuditorHead says that the auditor has signed a larger head before.
	ErrAuditorHead = errors.New("the auditor has signed a head of more entries before")
)

// AuditorFault is a head of the auditor that was refused, and what the log holds
// instead. Whether the auditor has signed another root, or somebody else sent a
// signature that is none, is not to be seen: a signature does not tell over what
// it is.
type AuditorFault struct {
	Time    time.Time
	Refused keytrans.AuditorTreeHead
	// Configuration is what the signatures cover, beside the rest.
	Configuration *keytrans.Configuration
	// Root and Entry, the last one, are the log's own at the refused head's size.
	Root  merkle.Hash
	Entry keytrans.LogEntry
	// Head is the log's own latest head, and HeadRoot the root that it is over.
	Head     keytrans.TreeHead
	HeadRoot merkle.Hash
}

// SetAuditorHead makes h the auditor's head that users are served. It is durable,
// and served, when SetAuditorHead returns nil. To set the same head again changes
// nothing and is no error.
//
// The error wraps keytrans.ErrRequest for a head that does not fit the log: whose
// size is beyond the log's, or does not exceed auditor_start_pos, so that it does
// not have the first entry that the auditor processed, or whose timestamp is not
// that of its last entry. It is ErrAuditorSignature, of which OnAuditorFault is
// told, or ErrAuditorHead for one that the latest has overtaken.
func (d *Directory) SetAuditorHead(ctx context.Context, h *keytrans.AuditorTreeHead) error {
	if !d.audited() {
		return ErrNotAudited
	}
	s, err := d.acquire()
	if err != nil {
		return err
	}
	err = d.checkAuditorHead(s, h)
	s.release()
	if err != nil {
		return err
	}
	return d.maintain(ctx, func() error { return d.commitAuditorHead(h) })
}

// checkAuditorHead verifies everything about a head but its order.
func (d *Directory) checkAuditorHead(s *state, h *keytrans.AuditorTreeHead) error {
	cfg := d.cfg.Configuration
	if h.TreeSize > s.head.TreeSize || h.TreeSize <= cfg.AuditorStartPos {
		return fmt.Errorf("%w: tree_size: it must be above auditor_start_pos, %d, and at most the log's size, %d",
			keytrans.ErrRequest, cfg.AuditorStartPos, s.head.TreeSize)
	}
	entry, err := s.Entry(h.TreeSize - 1)
	if err != nil {
		return err
	}
	if h.Timestamp != entry.Timestamp {
		return fmt.Errorf("%w: timestamp: that of the last entry is %d", keytrans.ErrRequest, entry.Timestamp)
	}
	root, err := s.rootAt(h.TreeSize)
	if err != nil {
		return err
	}
	err = keytrans.VerifyAuditorTreeHead(cfg, h, root)
	if !errors.Is(err, keytrans.ErrSignature) {
		return err
	}
	if d.cfg.OnAuditorFault != nil {
		headRoot, err := s.root()
		if err != nil {
			return err
		}
		d.cfg.OnAuditorFault(AuditorFault{d.cfg.Now(), *h, cfg, root, entry, s.head, headRoot})
	}
	return ErrAuditorSignature
}

// commitAuditorHead stores and publishes a head that was verified. The sequencer
// runs it, so that no epoch comes in between.
func (d *Directory) commitAuditorHead(h *keytrans.AuditorTreeHead) error {
	if old := d.current.auditor; old != nil && h.TreeSize <= old.TreeSize {
		if h.TreeSize < old.TreeSize {
			return ErrAuditorHead
		}
		return nil // of that size there is one root and one timestamp
	}
	data, err := h.Marshal()
	if err != nil {
		return err
	}
	b := &Batch{}
	_ = b.Set(auditorKey(), data)
	commitErr := d.amend(b)
	if errors.Is(commitErr, ErrConflict) {
		err := fmt.Errorf("%w: another writer: %w", ErrFailed, commitErr)
		d.stop(err)
		return err
	}
	// Also after an error the store tells what is so.
	if err := d.refresh(); err != nil {
		return errors.Join(commitErr, err)
	}
	if a := d.current.auditor; a == nil || a.TreeSize != h.TreeSize {
		return errors.Join(errors.New("the auditor's head was not stored"), commitErr)
	}
	d.cfg.Logger.Info("auditor's head", "tree_size", h.TreeSize)
	return nil
}

// checkAuditor verifies the auditor's head that is stored.
func (s *state) checkAuditor(cfg *keytrans.Configuration) error {
	if s.auditor == nil {
		return nil
	}
	if s.auditor.TreeSize == 0 || s.auditor.TreeSize > s.head.TreeSize {
		return errCorrupt("the auditor's head")
	}
	root, err := s.rootAt(s.auditor.TreeSize)
	if err != nil {
		return err
	}
	return keytrans.VerifyAuditorTreeHead(cfg, s.auditor, root)
}

// readAuditorHead returns the stored head of the auditor, nil if there is none.
func readAuditorHead(snap Snapshot) (*keytrans.AuditorTreeHead, error) {
	b, err := snap.Get(auditorKey())
	if err != nil || b == nil {
		return nil, err
	}
	h, err := keytrans.ParseAuditorTreeHead(b)
	if err != nil {
		return nil, errCorrupt("the auditor's head")
	}
	return h, nil
}

// checkOverdue returns an error that wraps keytrans.ErrAuditor if users would not
// accept a log entry of this time beside the auditor's head: it is of no use to
// make new versions then.
func (d *Directory) checkOverdue() error {
	if !d.audited() {
		return nil
	}
	s, err := d.acquire()
	if err != nil {
		return err
	}
	defer s.release()
	next := d.timestamp(s.last)
	switch a := s.auditor; {
	case a == nil:
		return fmt.Errorf("%w: it has not signed a head yet", keytrans.ErrAuditor)
	case next-a.Timestamp > d.cfg.Configuration.MaxAuditorLag:
		return fmt.Errorf("%w: it lags %d ms behind", keytrans.ErrAuditor, next-a.Timestamp)
	}
	return nil
}
