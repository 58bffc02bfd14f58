package monitor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// store writes what was verified into a mirror's folder, some files at a time in
// the background: it waits for disks, not for processors. Only run, add and flush
// are safe for concurrent use.
type store struct {
	*files
	slots chan struct{}
	jobs  sync.WaitGroup
	draft *draft // of the bundle whose changes are being verified; may be nil

	failure sync.Mutex
	err     error
}

// writers is how many files are written at a time.
const writers = 4

func newStore(f *files) *store {
	return &store{files: f, slots: make(chan struct{}, writers)}
}

// run runs job in the background. The error is that of an earlier job, after
// which nothing is written any more: only the folder can tell what it has.
func (s *store) run(job func() error) error {
	if err := s.failed(); err != nil {
		return err
	}
	s.slots <- struct{}{}
	s.jobs.Go(func() {
		defer func() { <-s.slots }()
		if err := job(); err != nil {
			s.fail(err)
		}
	})
	return nil
}

func (s *store) fail(err error) {
	s.failure.Lock()
	defer s.failure.Unlock()
	if s.err == nil {
		s.err = err
	}
}

func (s *store) failed() error {
	s.failure.Lock()
	defer s.failure.Unlock()
	return s.err
}

// add writes a tile in the background.
func (s *store) add(t tile.Tile, data []byte) error {
	return s.run(func() error { return s.write(t.Path(), data) })
}

// flush waits until everything is written, and makes it durable.
func (s *store) flush() error {
	s.jobs.Wait()
	if err := s.failed(); err != nil {
		return err
	}
	if err := s.sync(); err != nil {
		s.fail(err)
		return err
	}
	return nil
}

// draft is the beginning of a bundle of changes: those that were verified.
type draft struct {
	bundle uint64
	file   *os.File
	w      *bufio.Writer
	size   int64
}

// begin makes the draft of a bundle of which the first have entries were
// verified, the changes of which are in the draft or in a partial bundle.
func (s *store) begin(ctx context.Context, bundle uint64, have uint16) error {
	if s.draft != nil {
		if s.draft.bundle != bundle {
			panic(fmt.Sprintf("monitor: bundle %d begins before %d ends", bundle, s.draft.bundle))
		}
		return nil
	}
	file, err := s.createTemp()
	if err != nil {
		return err
	}
	s.draft = &draft{bundle: bundle, file: file, w: bufio.NewWriterSize(file, 64<<10)}
	if have == 0 {
		return nil
	}
	t := tile.Tile{Kind: tile.Changes, Index: bundle, Width: have}
	err = s.Read(ctx, t.Path(), func(r io.Reader) error {
		s.draft.size, err = io.Copy(s.draft.w, r)
		return err
	})
	if err != nil {
		return errors.Join(err, s.drop())
	}
	return nil
}

// appendChange appends the change of a log entry to the draft.
func (s *store) appendChange(c tile.Change) error {
	data := c.Marshal()
	err := s.do("write", tmpName, func() error { _, err := s.draft.w.Write(data); return err })
	if err != nil {
		s.fail(err) // the draft lacks what was verified
		return err
	}
	s.draft.size += int64(len(data))
	return nil
}

// skip reads from r what the draft has already, and must have as well. The error
// wraps errContent if it has not.
func (s *store) skip(r io.Reader) error {
	if err := s.draft.w.Flush(); err != nil {
		s.fail(err)
		return err
	}
	const piece = 32 << 10
	want, got := make([]byte, piece), make([]byte, piece)
	for at := int64(0); at < s.draft.size; {
		n := int(min(piece, s.draft.size-at))
		if _, err := s.draft.file.ReadAt(want[:n], at); err != nil {
			return err
		}
		if _, err := io.ReadFull(r, got[:n]); err != nil {
			return fmt.Errorf("%w: it ends before changes that were verified: %w", errContent, err)
		}
		if !bytes.Equal(want[:n], got[:n]) {
			return fmt.Errorf("%w: it differs in changes that were verified", errContent)
		}
		at += int64(n)
	}
	return nil
}

// finish writes the draft as the bundle t, in the background.
func (s *store) finish(t tile.Tile) error {
	d := s.draft
	s.draft = nil
	if err := d.w.Flush(); err != nil {
		s.fail(err)
		return errors.Join(err, s.discard(d.file))
	}
	return s.run(func() error { return s.publish(d.file, t.Path()) })
}

// drop removes the draft.
func (s *store) drop() error {
	d := s.draft
	if s.draft = nil; d == nil {
		return nil
	}
	return s.discard(d.file)
}

// close waits for what is being written, and releases the folder.
func (s *store) close() error {
	s.jobs.Wait()
	return errors.Join(s.drop(), s.files.close())
}
