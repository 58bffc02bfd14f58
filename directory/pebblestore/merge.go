package pebblestore

import (
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// appendMerger makes Pebble's Merge an append. Its name is part of the format:
// Pebble refuses a database with another.
var appendMerger = &pebble.Merger{
	Name: "ghostlight.append.v1",
	Merge: func(key, value []byte) (pebble.ValueMerger, error) {
		return &concatenation{buf: append([]byte(nil), value...)}, nil
	},
}

// concatenation gathers the parts of one value, newest first or oldest first.
// Pebble's own merger copies everything again for each older part, which is the
// usual order: too much for a bucket of 64 leaves. This one keeps free room in
// front instead.
type concatenation struct {
	buf   []byte
	start int // buf[:start] is free
}

// MergeNewer implements pebble.ValueMerger.
func (c *concatenation) MergeNewer(value []byte) error {
	c.buf = append(c.buf, value...)
	return nil
}

// MergeOlder implements pebble.ValueMerger.
func (c *concatenation) MergeOlder(value []byte) error {
	if c.start < len(value) {
		used := len(c.buf) - c.start
		buf := make([]byte, 2*(used+len(value)))
		copy(buf[len(buf)-used:], c.buf[c.start:])
		c.buf, c.start = buf, len(buf)-used
	}
	c.start -= len(value)
	copy(c.buf[c.start:], value)
	return nil
}

// Finish implements pebble.ValueMerger.
func (c *concatenation) Finish(bool) ([]byte, io.Closer, error) {
	return c.buf[c.start:], nil, nil
}
