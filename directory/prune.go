package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// PruneOptions say what Prune removes. The zero PruneOptions remove old versions
// of the prefix tree.
type PruneOptions struct {
	// Keep is for how long beyond the maximum lifetime everything is kept.
	Keep time.Duration

	// PublicLog removes expired log entries and their changes, too, but for the
	// few entries that proofs need. Nobody can then replay the log from its
	// beginning any more, except with a mirror's copy. Entries that the
	// checkpoint that is served does not have stay.
	PublicLog bool
}

// Pruned is what was pruned of a log.
type Pruned struct {
	// TreeSize is how many entries the log has had when pruning began.
	TreeSize uint64
	// Versions is the first log entry as of which the prefix tree can be read,
	// and Entries the first one from which on the public log has all.
	Versions, Entries uint64
	// Examined is about how many records this Prune has looked at, Removed how many
	// it has removed.
	Examined, Removed uint64
	// Compacted tells that the space of what was removed has been given up.
	Compacted bool
}

// ErrNoLifetime says that nothing may be removed.
var ErrNoLifetime = errors.New("the directory has no maximum lifetime, so nothing of it expires, and nothing may be removed")

// Prune removes what has passed the maximum lifetime and is needed for no answer
// that is still promised (KEYTRANS, "Maximum Lifetime"): versions of the prefix
// tree, and, if the options say so, log entries and changes of the public log.
// The nodes of both trees over the entries stay, some 130 bytes an entry:
// inclusion of every entry, and consistency with every size, can be proven for
// ever.
//
// The directory goes on meanwhile. Prune ends with the error of ctx, between two
// small steps, and can be called again at any time, also after a crash.
// progress, if not nil, is called after each step. The error is ErrNoLifetime if
// nothing ever expires.
func (d *Directory) Prune(ctx context.Context, opts PruneOptions, progress func(Pruned)) (Pruned, error) {
	if d.cfg.Configuration.MaximumLifetime == nil {
		return Pruned{}, ErrNoLifetime
	}
	if !d.pruning.TryLock() {
		return Pruned{}, errBusy
	}
	defer d.pruning.Unlock()
	p := pruning{d: d, progress: progress}
	err := p.begin(ctx, opts)
	if err == nil {
		err = p.prefixTree(ctx)
	}
	if err == nil {
		err = p.publicLog(ctx)
	}
	if err == nil && p.done.Removed > 0 {
		p.done.Compacted, err = p.compact(ctx)
	}
	return p.done, err
}

// pruning is the state of one Prune.
type pruning struct {
	d        *Directory
	progress func(Pruned)
	done     Pruned
}

// begin finds out what may go, and stores that it is gone. From then on no
// request is answered that needs it.
func (p *pruning) begin(ctx context.Context, opts PruneOptions) error {
	served, err := p.d.Checkpoint(CheckpointServed)
	if err == nil && served == nil {
		// A log that never had a quorum serves what it has signed.
		served, err = p.d.Checkpoint(CheckpointSigned)
	}
	if err != nil {
		return err
	}
	s, err := p.d.acquire()
	if err != nil {
		return err
	}
	defer s.release()
	m, err := s.expired(*p.d.cfg.Configuration.MaximumLifetime, p.d.auditedVersions(s), opts, served)
	if err != nil {
		return err
	}
	p.done.TreeSize, p.done.Versions, p.done.Entries = s.head.TreeSize, m.versions, m.entries
	if m == s.minimum {
		return nil
	}
	return p.d.maintain(ctx, func() error {
		b := &Batch{}
		_ = b.Set(minimumKey(), m.marshal())
		if err := p.d.amend(b); err != nil {
			return err
		}
		return p.d.refresh()
	})
}

// expired returns the minimum to which s can be pruned; it is never less than
// what s was pruned to before, nor greater than most. served is the checkpoint that
// is served, nil if there is none.
func (s *state) expired(lifetime, most uint64, opts PruneOptions, served []byte) (minimum, error) {
	m := s.minimum
	keep := uint64(max(opts.Keep, 0).Milliseconds())
	if keep > math.MaxUint64-lifetime {
		return m, nil
	}
	// Timestamps never fall. Entries from m.entries on are there.
	var err error
	unexpired := m.entries + uint64(sort.Search(int(s.head.TreeSize-1-m.entries), func(i int) bool {
		entry, readErr := s.Entry(m.entries + uint64(i))
		err = errors.Join(err, readErr)
		return s.last.Timestamp-entry.Timestamp < lifetime+keep
	}))
	if err != nil {
		return minimum{}, err
	}
	unexpired = min(unexpired, most)
	m.versions = max(m.versions, unexpired)
	if !opts.PublicLog || served == nil {
		return m, nil
	}
	c, err := checkpoint.Peek(served)
	if err != nil {
		return minimum{}, errCorrupt(fmt.Sprintf("the checkpoint that is served: %v", err))
	}
	// SPEC: It MUST be less than or equal to the tree size of the log's current
	// checkpoint.
	m.entries = max(m.entries, min(unexpired, c.Size)/tile.FullWidth*tile.FullWidth)
	return m, nil
}

// stepRecords and stepBytes bound what one step reads.
const (
	stepRecords = 1024
	stepBytes   = 1 << 20
)

// step removes records, between two epochs.
func (p *pruning) step(ctx context.Context, examined int, remove [][]byte) error {
	if len(remove) > 0 {
		b := &Batch{}
		for _, key := range remove {
			b.Delete(key)
		}
		if err := p.d.maintain(ctx, func() error { return p.d.amend(b) }); err != nil {
			return err
		}
	}
	p.done.Examined += uint64(examined)
	p.done.Removed += uint64(len(remove))
	if p.progress != nil {
		p.progress(p.done)
	}
	return ctx.Err()
}

// prefixTree removes what the versions that are left do not need.
func (p *pruning) prefixTree(ctx context.Context) error {
	for from := []byte(nil); p.done.Versions > 0; {
		var remove [][]byte
		s, err := p.d.acquire()
		if err != nil {
			return err
		}
		next, err := p.d.tree.Prune(s.snap, p.done.Versions, from, stepRecords, func(key []byte) { remove = append(remove, key) })
		s.release()
		if err == nil {
			err = p.step(ctx, stepRecords, remove)
		}
		if err != nil || next == nil {
			return err
		}
		from = next
	}
	return nil
}

// publicLog removes log entries and changes.
func (p *pruning) publicLog(ctx context.Context) error {
	end := p.done.Entries
	if end == 0 {
		return nil
	}
	var keep [][]byte
	for _, pos := range ibst.Frontier(end) {
		keep = append(keep, entryKey(pos))
	}
	kept := func(key []byte) bool {
		return slices.ContainsFunc(keep, func(k []byte) bool { return bytes.Equal(k, key) })
	}
	if err := p.removeRange(ctx, entryKey(0), entryKey(end), kept); err != nil {
		return err
	}
	return p.removeRange(ctx, changeKey(0, 0), changeKey(end, 0), func([]byte) bool { return false })
}

// removeRange removes the records in [lo, hi), but those that are kept.
func (p *pruning) removeRange(ctx context.Context, lo, hi []byte, kept func(key []byte) bool) error {
	for more := true; more; {
		var remove [][]byte
		examined, size := 0, 0
		s, err := p.d.acquire()
		if err != nil {
			return err
		}
		err = s.snap.Scan(lo, hi, func(key, value []byte) error {
			if examined == stepRecords || size > stepBytes {
				lo = bytes.Clone(key)
				return errEnough
			}
			examined, size = examined+1, size+len(value)
			if !kept(key) {
				remove = append(remove, bytes.Clone(key))
			}
			return nil
		})
		s.release()
		more = errors.Is(err, errEnough)
		if err != nil && !more {
			return err
		}
		if err := p.step(ctx, examined, remove); err != nil {
			return err
		}
	}
	return nil
}

// compact gives up the space of what was removed.
func (p *pruning) compact(ctx context.Context) (bool, error) {
	done, err := p.d.compact(ctx, []byte{keyPrefix}, []byte{keyPrefix + 1})
	if err != nil || !done || p.done.Entries == 0 {
		return done, err
	}
	for _, key := range []byte{keyEntry, keyChange} {
		if _, err := p.d.compact(ctx, []byte{key}, []byte{key + 1}); err != nil {
			return false, err
		}
	}
	return true, nil
}
