package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// publicLog reads the log of a policy, for one operation. Whoever serves it
// learns which log entries the client is interested in, and nothing of labels.
// What it serves proves itself: nothing here is an accusation.
type publicLog struct {
	policy *policy
	// transport is that of the log's URL.
	transport *transport
	tiles     map[tile.Tile][]byte // that were read
}

func newPublicLog(p *policy, cfg Config) *publicLog {
	return &publicLog{policy: p, transport: newTransport(p.url, cfg), tiles: make(map[tile.Tile][]byte)}
}

// publicLog returns the log of the policy that w is kept under. For as long as that
// is in force, the operation reads it through one and the same.
func (s *session) publicLog(w *witnessing) *publicLog {
	if s.log == nil || s.log.policy != w.policy {
		s.log = newPublicLog(w.policy, s.cfg)
	}
	return s.log
}

// get reads a file of at most limit bytes.
func (l *publicLog) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	data, err := l.transport.do(ctx, call{method: http.MethodGet, path: "/" + path, file: limit})
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", l.transport.base, path, err)
	}
	return data, nil
}

// checkpoint returns the present checkpoint, which the log signed.
func (l *publicLog) checkpoint(ctx context.Context) (*checkpoint.Signed, error) {
	const name = "checkpoint"
	data, err := l.get(ctx, name, checkpoint.MaxNoteSize)
	if err != nil {
		return nil, err
	}
	s, err := l.policy.open(data)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", l.transport.base, name, err)
	}
	return s, nil
}

// tree returns the tree under a checkpoint.
func (l *publicLog) tree(ctx context.Context, c checkpoint.Checkpoint) (*logTree, error) {
	t, err := tile.NewTree(c.Size, c.Root, func(tiles []tile.Tile) ([][]byte, error) { return l.read(ctx, tiles) })
	if err != nil {
		return nil, err
	}
	return &logTree{t, l}, nil
}

// read implements tile.Fetch.
func (l *publicLog) read(ctx context.Context, tiles []tile.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, ok := l.tiles[t]
		if !ok {
			var err error
			if data, err = l.readTile(ctx, t); err != nil {
				return nil, err
			}
			l.tiles[t] = data
		}
		out[i] = data
	}
	return out, nil
}

// readTile reads a tile, or the beginning of the full tile if the partial one is
// gone.
func (l *publicLog) readTile(ctx context.Context, t tile.Tile) ([]byte, error) {
	size := int(t.Width) * merkle.HashSize
	data, err := l.get(ctx, t.Path(), int64(size))
	var p *Problem
	if errors.As(err, &p) && p.Status == http.StatusNotFound && t.Width < tile.FullWidth {
		full := t
		full.Width = tile.FullWidth
		if data, fullErr := l.readTile(ctx, full); fullErr == nil {
			return data[:size:size], nil
		}
	}
	if err == nil && len(data) != size {
		err = fmt.Errorf("%s/%s: %w: it has %d bytes, not %d", l.transport.base, t.Path(), errResponse, len(data), size)
	}
	return data, err
}

// logTree is a tree of which tiles that turn out to be wrong are read again the
// next time.
type logTree struct {
	*tile.Tree
	log *publicLog
}

func (t *logTree) forget(err error) error {
	if errors.Is(err, tile.ErrTiles) {
		clear(t.log.tiles)
	}
	return err
}

// leafHash returns the hash of a leaf. Requires that the tree has it.
func (t *logTree) leafHash(index uint64) (merkle.Hash, error) {
	h, err := t.LeafHash(index)
	return h, t.forget(err)
}

// hold holds a checkpoint against the one that is retained, whatever witnesses
// have signed it. contradiction is the evidence that they are of two histories.
// The error says why the two could not be compared, which proves nothing.
func (l *publicLog) hold(ctx context.Context, retained, fresh *checkpoint.Signed) (contradiction *checkpoint.Inconsistency, err error) {
	older, newer := retained, fresh
	if fresh.Size < retained.Size {
		older, newer = fresh, retained
	}
	if older.Size == 0 {
		return nil, nil
	}
	if older.Size == newer.Size {
		if older.Root != newer.Root {
			contradiction = checkpoint.NewInconsistency(older, newer, newer.Root, nil)
		}
		return contradiction, nil
	}
	tree, err := l.tree(ctx, newer.Checkpoint)
	if err != nil {
		return nil, err
	}
	root, err := tree.RootAt(older.Size)
	if err != nil {
		return nil, tree.forget(err)
	}
	if root == older.Root {
		return nil, nil
	}
	proof, err := tree.Consistency(older.Size)
	if err != nil {
		return nil, tree.forget(err)
	}
	return checkpoint.NewInconsistency(older, newer, root, proof), nil
}

// sameNote reports whether two checkpoints, which may be nil, are the same bytes.
func sameNote(a, b *checkpoint.Signed) bool {
	if a == nil || b == nil {
		return a == b
	}
	return bytes.Equal(a.Note, b.Note)
}
