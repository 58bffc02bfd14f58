package audit

import (
	"net/http"
	"strconv"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

type entryData struct {
	Head          Head
	Position      uint64
	Entry         keytrans.LogEntry
	Age, After    string
	Raw           []byte
	LogLeaf       merkle.Hash // in the log tree of KEYTRANS
	Rightmost     bool        // it is the rightmost distinguished entry
	Distinguished neighbours
	Previous      *uint64
	Next          *uint64

	Changes Changes
	Leaves  []leafLine
	From    uint64  // the first leaf that is shown
	Earlier *uint64 // the first leaf of the page before
	Later   *uint64

	Proof *inclusionProof
}

type leafLine struct {
	prefixtree.Leaf
	Number  uint64
	Removed bool
}

// entryPage shows one log entry.
func entryPage(v *View, r *http.Request) (any, error) {
	ctx := r.Context()
	head, err := v.cfg.Source.Head(ctx)
	if err != nil {
		return nil, err
	}
	pos, err := parsePosition(r.PathValue("position"), head)
	if err != nil {
		return nil, err
	}
	if r.PathValue("position") != strconv.FormatUint(pos, 10) {
		return nil, errNoPage // each entry has one address
	}
	from := max(head.FirstEntry, pos-min(pos, 1))
	entries, err := v.entries(ctx, from, pos+1)
	if err != nil {
		return nil, err
	}
	entry := entries[len(entries)-1]
	d := entryData{
		Head: head, Position: pos, Entry: entry, Age: since(v.cfg.Now(), entry.Timestamp), Raw: entry.Marshal(), LogLeaf: entry.Hash(),
		Rightmost: head.Distinguished != nil && *head.Distinguished == pos,
	}
	if len(entries) == 2 {
		d.Previous, d.After = &from, gap(entries[0].Timestamp, entry.Timestamp)
	}
	if next := pos + 1; next < head.Size {
		d.Next = &next
	}
	if d.Distinguished, err = v.neighboursOf(ctx, head, pos); err != nil {
		return nil, err
	}
	if err := d.readChanges(v, r); err != nil {
		return nil, err
	}
	return d, d.readProof(v, r)
}

// readChanges reads the part of the entry's changes that the query asks for.
func (d *entryData) readChanges(v *View, r *http.Request) (err error) {
	if text := r.URL.Query().Get("from"); text != "" {
		if d.From, err = strconv.ParseUint(text, 10, 32); err != nil {
			return badRequest("The number of a change is a whole number.")
		}
	}
	if d.Changes, err = v.cfg.Source.Changes(r.Context(), d.Position, d.From, MaxLeaves); err != nil {
		return err
	}
	for i, leaf := range d.Changes.Leaves {
		n := d.From + uint64(i)
		d.Leaves = append(d.Leaves, leafLine{Leaf: leaf, Number: n, Removed: n >= d.Changes.Added})
	}
	total := d.Changes.Added + d.Changes.Removed
	if d.From > 0 {
		earlier := min(d.From, total) - min(min(d.From, total), MaxLeaves)
		d.Earlier = &earlier
	}
	if later := d.From + uint64(len(d.Leaves)); len(d.Leaves) > 0 && later < total {
		d.Later = &later
	}
	return nil
}

// readProof proves the entry under the checkpoint that is served, or under the head if
// the checkpoint does not have it yet.
func (d *entryData) readProof(v *View, r *http.Request) error {
	size := d.Head.Size
	p, err := v.cfg.Source.Publication(r.Context())
	if err != nil {
		return err
	}
	inCheckpoint := p != nil && p.Served != nil && d.Position < p.Served.Size && p.Served.Size <= size
	if inCheckpoint {
		size = p.Served.Size
	}
	if d.Proof, err = v.prove(r.Context(), d.Head, d.Position, size); err != nil {
		return err
	}
	d.Proof.Checkpoint = inCheckpoint
	return nil
}
