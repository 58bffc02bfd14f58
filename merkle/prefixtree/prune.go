package prefixtree

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// A Scanner is a Reader that also reads records in order.
type Scanner interface {
	Reader
	// Scan calls fn for each record with a key in [lo, hi), in order, until fn
	// returns an error, which Scan returns. The slices are valid during the call
	// only.
	Scan(lo, hi []byte, fn func(key, value []byte) error) error
}

// Prune calls remove with the keys of records that no version needs whose log
// entry is the horizon or a later one: chunks of pages that a later chunk, begun
// at or before the horizon, replaces, and buckets that had become pages by then.
// What remains gives every such version the same roots and proofs as before.
// Versions before the horizon can no longer be read, which the tree does not
// know: their roots and proofs are undefined from then on, mostly errors that
// wrap ErrCorrupt.
//
// It examines about limit chunks, and returns from where to go on, nil if that
// was the end. Begin with nil. Any part of it can be done, in any order, again,
// or not at all.
//
// What it removes is not needed by versions that r does not have yet either, so
// that the keys can be deleted whatever Insert has written since the snapshot r:
// a chunk that has a successor gets no more changes, a chunk begun later does
// not have an earlier beginning, and a page stays a page. The horizon must not
// be lower than in earlier calls for the tree.
//
// Of each page one chunk stays that begins before the horizon, with at most
// chunkSlots changes of its slots. It may be the one that Insert appends to, and
// is not rewritten for their sake.
func (t *Tree) Prune(r Scanner, horizon uint64, from []byte, limit int, remove func(key []byte)) (next []byte, err error) {
	p := pruner{t: t, r: r, horizon: horizon, left: max(limit, 2), remove: remove}
	lo, hi := append(bytes.Clone(t.Prefix), 0), append(bytes.Clone(t.Prefix), byte(maxNibbles))
	if from != nil {
		lo = from
	}
	err = r.Scan(lo, hi, func(key, _ []byte) error { return p.chunk(bytes.Clone(key)) })
	if errors.Is(err, errLimit) {
		return p.last, nil
	}
	return nil, err
}

var errLimit = errors.New("enough was examined")

// A pruner is the state of one Prune.
type pruner struct {
	t       *Tree
	r       Reader
	horizon uint64
	left    int // chunks to examine
	remove  func(key []byte)

	last []byte // key of the last chunk; its page may have more
}

// chunk examines the next chunk, by its key.
func (p *pruner) chunk(key []byte) error {
	if p.left == 0 {
		return errLimit
	}
	p.left--
	page := len(key) - 8 // the key of the page's chunks without their first entries
	if n := len(p.t.Prefix); page <= n || page != n+1+(int(key[n])+1)/2 {
		return fmt.Errorf("%w: key %x", ErrCorrupt, key)
	}
	began := binary.BigEndian.Uint64(key[page:]) <= p.horizon
	same := len(p.last) == len(key) && bytes.Equal(p.last[:page], key[:page])
	switch {
	case !began:
	case same:
		p.remove(p.last)
	default:
		if err := p.bucket(key[:page]); err != nil {
			return err
		}
	}
	p.last = key
	return nil
}

// bucket removes the bucket that became a page, of which this is the key without
// a first entry.
func (p *pruner) bucket(page []byte) error {
	key := bytes.Clone(page)
	key[len(p.t.Prefix)] |= bucketTag
	value, err := p.r.Get(key)
	if err == nil && value != nil {
		p.remove(key)
	}
	return err
}
