package clienttest

import (
	"net/http"

	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// PruneLog removes the bundles of the public log that end at or before a position, a
// multiple of tile.FullWidth.
func (d *Directory) PruneLog(before uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.public.pruned = before
}

// answerBundle answers a request for a bundle of log entries or of changes, of which the
// log has all.
func (d *Directory) answerBundle(t tile.Tile) *Answer {
	lo, hi := t.Range()
	if hi <= d.public.pruned {
		return Problem(http.StatusGone, "pruned", "", "")
	}
	var body []byte
	entries := d.log.Entries()
	for pos := lo; pos < hi; pos++ {
		if t.Kind == tile.Entries {
			body = tile.AppendEntry(body, entries[pos].Marshal())
			continue
		}
		u := d.log.AuditorUpdate(pos)
		body = append(body, tile.Change{Added: u.Added, Removed: u.Removed}.Marshal()...)
	}
	return &Answer{Status: http.StatusOK, Type: "application/octet-stream", Body: body}
}
