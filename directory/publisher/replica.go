package publisher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Replica is another log that gets the same entries, typically run by somebody
// else. It has one caller at a time.
type Replica interface {
	// Advance makes the replica hold the log's first size entries, at least one,
	// which read returns, and waits until it has integrated them. It returns how
	// many entries the replica has integrated, which can be more, and the RFC
	// 6962 root over them. An error that wraps ErrMismatch, a *Conflict if it is
	// known which entry it is, says that the replica holds something else; after
	// any other error it can be called again.
	Advance(ctx context.Context, size uint64, read func(lo, hi uint64) ([][]byte, error)) (integrated uint64, root merkle.Hash, err error)
}

// ErrMismatch says that the replica holds another log than the directory.
var ErrMismatch = errors.New("the replica holds another log; compare the two before anything is signed again")

// Conflict is the error of a Replica that holds another entry than the log. It
// wraps ErrMismatch.
type Conflict struct {
	// Index is the position of the entry, Own what the log has there, and Theirs
	// what the replica has.
	Index       uint64
	Own, Theirs []byte
}

// Error says which entry differs.
func (c *Conflict) Error() string {
	return fmt.Sprintf("%v: entry %d is %x there, and %x in this log", ErrMismatch, c.Index, c.Theirs, c.Own)
}

// Unwrap returns ErrMismatch.
func (c *Conflict) Unwrap() error { return ErrMismatch }

// Mismatch is what a replica was found to hold, and the log.
type Mismatch struct {
	// Time is when it was found, and Err what is wrong.
	Time time.Time
	Err  error

	// ReplicaSize is how many entries the replica has, and ReplicaRoot its RFC 6962
	// root over them. Both are 0 if an entry of it is known to differ: Err has a
	// *Conflict then.
	ReplicaSize uint64
	ReplicaRoot merkle.Hash
	// Size is how many entries the log has, and Root its root over ReplicaSize of
	// them; nil if it has fewer.
	Size uint64
	Root *merkle.Hash
}

const (
	// advanceStep is how many entries the replica is given at a time: after each
	// step the two are compared, and the replica's size is told.
	advanceStep = 100_000
	// advanceTime bounds a step. The next attempt goes on where it was.
	advanceTime = time.Minute
)

// confirm has the replica catch up with the log, which has size entries, until it
// has more than signed. It returns how many entries the two have in common.
func (p *Publisher) confirm(ctx context.Context, signed, size uint64) (uint64, error) {
	for {
		p.mu.Lock()
		has := uint64(0)
		if p.replica != nil {
			has = *p.replica
		}
		p.mu.Unlock()
		integrated, err := p.advance(ctx, min(size, has+advanceStep))
		if err != nil {
			return 0, fmt.Errorf("the replica: %w", err)
		}
		p.mu.Lock()
		p.replica = &integrated
		p.mu.Unlock()
		if integrated > signed {
			return integrated, nil
		}
	}
}

// advance makes the replica hold the log's first size entries, and compares the
// two. It returns how many entries the replica has, at least size.
func (p *Publisher) advance(ctx context.Context, size uint64) (uint64, error) {
	limited, cancel := context.WithTimeout(ctx, advanceTime)
	defer cancel()
	integrated, root, err := p.cfg.Replica.Advance(limited, size, p.readEntries(limited))
	switch {
	case errors.Is(err, ErrMismatch):
		p.cfg.OnMismatch(Mismatch{Time: time.Now(), Err: err})
		return 0, err
	case err != nil:
		return 0, err
	case integrated < size:
		return 0, fmt.Errorf("it was to hold %d entries, and answers that it has %d", size, integrated)
	}
	m := Mismatch{Time: time.Now(), ReplicaSize: integrated, ReplicaRoot: root}
	// The replica may have entries from after size was read, which the log has by
	// now.
	if m.Size, err = p.cfg.Directory.TreeSize(); err != nil {
		return 0, err
	}
	if integrated > m.Size {
		m.Err = fmt.Errorf("%w: it has %d entries, this log %d", ErrMismatch, integrated, m.Size)
		p.cfg.OnMismatch(m)
		return 0, m.Err
	}
	own, err := p.cfg.Directory.PublicRoot(integrated)
	if err != nil {
		return 0, err
	}
	if m.Root = &own; own != root {
		m.Err = fmt.Errorf("%w: with %d entries, its root is %v, and this log's %v", ErrMismatch, integrated, root, own)
		p.cfg.OnMismatch(m)
		return 0, m.Err
	}
	return integrated, nil
}

// readEntries returns a function that reads encoded log entries.
func (p *Publisher) readEntries(ctx context.Context) func(lo, hi uint64) ([][]byte, error) {
	return func(lo, hi uint64) ([][]byte, error) {
		entries, err := p.cfg.Directory.Entries(ctx, lo, hi)
		if err != nil {
			return nil, err
		}
		out := make([][]byte, len(entries))
		for i := range entries {
			out[i] = entries[i].Marshal()
		}
		return out, nil
	}
}
