package monitor

import (
	"bytes"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// uniformTree is an RFC 6962 tree of equal leaves, by its size: all nodes of one
// level are equal, and so it can be large.
type uniformTree uint64

// node returns the value of the complete nodes of a level.
func (uniformTree) node(level int) tlog.Hash {
	h := tlog.RecordHash([]byte("leaf"))
	for range level {
		h = tlog.NodeHash(h, h)
	}
	return h
}

func (u uniformTree) root() (merkle.Hash, error) {
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, x := range indexes {
			level, _ := tlog.SplitStoredHashIndex(x)
			out = append(out, u.node(level))
		}
		return out, nil
	})
	root, err := tlog.TreeHash(int64(u), read)
	return merkle.Hash(root), err
}

func (u uniformTree) tile(t tile.Tile) []byte {
	h := u.node(8 * int(t.Level))
	return bytes.Repeat(h[:], int(t.Width))
}
