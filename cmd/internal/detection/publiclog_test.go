package detection

import (
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// publicTree has the hashes of the public log of one history.
type publicTree struct {
	size   int64
	hashes []tlog.Hash
}

// grow adds the entries that the log has more.
func (p *publicTree) grow(log *keytranstest.Log) {
	for _, e := range log.Entries()[p.size:] {
		p.hashes = append(p.hashes, must(tlog.StoredHashes(p.size, e.Marshal(), tlog.HashReaderFunc(p.read)))...)
		p.size++
	}
}

func (p *publicTree) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = p.hashes[x]
	}
	return out, nil
}

// checkpointOf returns the checkpoint of a view's public log. Requires that d.mu is
// locked, as all that follows does.
func (v *view) checkpointOf(size uint64) checkpoint.Checkpoint {
	v.history.public.grow(v.log)
	root := must(tlog.TreeHash(int64(size), tlog.HashReaderFunc(v.history.public.read)))
	return checkpoint.Checkpoint{Origin: origin, Size: size, Root: merkle.Hash(root)}
}

// serveLog answers a request for a resource of the public log.
func (d *directory) serveLog(w http.ResponseWriter, v *view, path string) {
	if v.public != nil {
		v = v.public
	}
	if path == "checkpoint" {
		note := must(v.signerOf(d).Sign(v.checkpointOf(v.shown())))
		for _, x := range v.witnesses {
			note = x.cosign(v, note)
		}
		_, _ = w.Write(note)
		return
	}
	t, err := tile.ParsePath(path)
	size, ok := t.Size()
	if err != nil || !ok || size > v.log.Size() {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	v.history.public.grow(v.log)
	_, _ = w.Write(v.resource(t))
}

func (v *view) signerOf(d *directory) *checkpoint.Signer {
	if v.signer != nil {
		return v.signer
	}
	return d.signer
}

// resource returns the content of a tile.
func (v *view) resource(t tile.Tile) []byte {
	var out []byte
	lo, hi := t.Range()
	switch t.Kind {
	case tile.Entries:
		for _, e := range v.log.Entries()[lo:hi] {
			out = tile.AppendEntry(out, e.Marshal())
		}
	case tile.Changes:
		for pos := lo; pos < hi; pos++ {
			out = append(out, v.change(pos).Marshal()...)
		}
	default:
		of := tlog.Tile{H: 8, L: int(t.Level), N: int64(t.Index), W: int(t.Width)}
		out = must(tlog.ReadTileData(of, tlog.HashReaderFunc(v.history.public.read)))
	}
	return out
}

// change returns what mirrors are told of an entry.
func (v *view) change(pos uint64) tile.Change {
	u := v.update(pos)
	return tile.Change{Added: u.Added, Removed: u.Removed}
}

// consistency returns the proof from an older size of a view's public log to a newer.
func (v *view) consistency(old, size uint64) []merkle.Hash {
	if old == 0 || old >= size {
		return nil
	}
	v.history.public.grow(v.log)
	proof := must(tlog.ProveTree(int64(size), int64(old), tlog.HashReaderFunc(v.history.public.read)))
	out := make([]merkle.Hash, len(proof))
	for i, h := range proof {
		out[i] = merkle.Hash(h)
	}
	return out
}

// policy returns a policy with witnesses, of which all are required.
func (d *directory) policy(witnesses ...*witness) []byte {
	text := fmt.Sprintf("log %s\n", d.signer.VerifierKey())
	quorum := checkpoint.QuorumNone
	for _, w := range witnesses {
		text += fmt.Sprintf("witness %s %s\n", w.name, w.vkey)
	}
	switch names := namesOf(witnesses); len(names) {
	case 0:
	case 1:
		quorum = names[0]
	default:
		quorum = "everybody"
		text += fmt.Sprintf("group %s all", quorum)
		for _, name := range names {
			text += " " + name
		}
		text += "\n"
	}
	return []byte(text + "quorum " + quorum + "\n")
}

func namesOf(witnesses []*witness) []string {
	var out []string
	for _, w := range witnesses {
		out = append(out, w.name)
	}
	return slices.Clip(out)
}
