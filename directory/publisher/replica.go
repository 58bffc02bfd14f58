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
	// Advance makes the replica hold the log's first size entries, which read
	// returns, and waits until it has integrated them. It returns how many
	// entries the replica has integrated, which can be more, and the RFC 6962
	// root over them. An error that wraps ErrMismatch says that the replica
	// holds something else; after any other error it can be called again.
	Advance(ctx context.Context, size uint64, read func(lo, hi uint64) ([][]byte, error)) (integrated uint64, root merkle.Hash, err error)
}

// ErrMismatch says that the replica holds another log than the directory.
var ErrMismatch = errors.New("the replica holds another log; compare the two before anything is signed again")

// Mismatch is what a replica was found to hold.
type Mismatch struct {
	// Time is when it was found.
	Time time.Time
	// Size is how many entries the replica has, and Root its RFC 6962 root over
	// them. Both are 0 if Err says what is wrong.
	Size uint64
	Root merkle.Hash
	// Own is the directory's root over as many entries; 0 if it has fewer.
	Own merkle.Hash
	Err error
}

// advanceTime bounds one attempt to have the replica catch up. It goes on where
// it was in the next one.
const advanceTime = time.Minute

// confirm has the replica catch up, and returns how many entries it has in
// common with the log.
func (p *Publisher) confirm(ctx context.Context, size uint64) (uint64, error) {
	limited, cancel := context.WithTimeout(ctx, advanceTime)
	defer cancel()
	integrated, root, err := p.cfg.Replica.Advance(limited, size, p.readEntries(limited))
	if err != nil {
		if errors.Is(err, ErrMismatch) {
			p.mismatch(Mismatch{Err: err})
		}
		return 0, fmt.Errorf("the replica: %w", err)
	}
	p.mu.Lock()
	p.replica = integrated
	p.mu.Unlock()
	// The replica may have entries from after size was read, which the log has by
	// now.
	if size, err = p.cfg.Directory.TreeSize(); err != nil {
		return 0, err
	}
	m := Mismatch{Size: integrated, Root: root}
	if integrated > size {
		m.Err = fmt.Errorf("%w: it has %d entries, this log %d", ErrMismatch, integrated, size)
		p.mismatch(m)
		return 0, m.Err
	}
	if integrated == 0 {
		return 0, errors.New("the replica is empty")
	}
	if m.Own, err = p.cfg.Directory.PublicRoot(integrated); err != nil {
		return 0, err
	}
	if m.Own != root {
		m.Err = fmt.Errorf("%w: with %d entries, its root is %v, and this log's %v", ErrMismatch, integrated, root, m.Own)
		p.mismatch(m)
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

func (p *Publisher) mismatch(m Mismatch) {
	m.Time = time.Now()
	p.cfg.OnMismatch(m)
}
