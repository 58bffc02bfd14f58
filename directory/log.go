package directory

import (
	"context"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
)

// Head is the log's latest published head, with what else is known of that
// state.
type Head struct {
	keytrans.TreeHead
	Root      merkle.Hash
	Rightmost keytrans.LogEntry
	// Distinguished is the position of the rightmost distinguished log entry,
	// nil if there is none.
	Distinguished *uint64
	// Auditor is the auditor's latest head, nil if there is none.
	Auditor *keytrans.AuditorTreeHead
	// Labels and Versions are how many the log has.
	Labels, Versions uint64
	// FirstVersion is the first log entry as of which the prefix tree can be
	// read, FirstEntry the first from which on the public log has all of them:
	// see Directory.Prune.
	FirstVersion, FirstEntry uint64
}

// Head returns the latest published head.
func (d *Directory) Head() (Head, error) {
	s, err := d.acquire()
	if err != nil {
		return Head{}, err
	}
	defer s.release()
	h := Head{TreeHead: s.head, Rightmost: s.last, Auditor: s.auditor, Labels: s.counts.labels, Versions: s.counts.versions,
		FirstVersion: s.minimum.versions, FirstEntry: s.minimum.entries}
	if h.Root, err = s.root(); err != nil {
		return Head{}, err
	}
	pos, ok, err := ibst.RightmostDistinguished(s.head.TreeSize, d.cfg.Configuration.ReasonableMonitoringWindow,
		func(pos uint64) (uint64, error) {
			entry, err := s.Entry(pos)
			return entry.Timestamp, err
		})
	if ok {
		h.Distinguished = &pos
	}
	return h, err
}

// Entries returns the log entries in [lo, hi). The error wraps
// keytrans.ErrRequest if they are not within the log, and ErrPruned too if they
// were removed.
func (d *Directory) Entries(_ context.Context, lo, hi uint64) ([]keytrans.LogEntry, error) {
	s, err := d.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	if lo > hi || hi > s.head.TreeSize {
		return nil, fmt.Errorf("%w: entries [%d, %d) of a log of %d", keytrans.ErrRequest, lo, hi, s.head.TreeSize)
	}
	if lo < hi && lo < s.minimum.entries {
		return nil, errPruned("the log has no entries before %d any more", s.minimum.entries)
	}
	out := make([]keytrans.LogEntry, 0, hi-lo)
	for pos := lo; pos < hi; pos++ {
		entry, err := s.Entry(pos)
		if err != nil {
			return nil, err
		}
		out = append(out, entry)
	}
	return out, nil
}
