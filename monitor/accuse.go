package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// accuser makes evidence and stores it in a mirror's folder.
type accuser struct {
	files  *files
	policy *checkpoint.Policy
	cfg    MirrorConfig
}

func (m *Mirror) accuser() accuser { return accuser{m.store.files, m.policy, m.cfg} }

// accuse stores evidence and returns the error that names it. The finding stands
// if there is none, or it cannot be stored, of which err says why.
func (a accuser) accuse(e *evidence.Evidence, err error, finding error) *Error {
	out := &Error{Kind: Misbehaved, Err: finding}
	if err == nil {
		out.Evidence, err = a.files.writeEvidence(newEvidence(e, finding, a.cfg.Now()), a.policy)
	}
	if err != nil {
		out.Err = fmt.Errorf("%w (the evidence could not be stored: %w)", finding, err)
		return out
	}
	out.Hint = "keep this file and show it to others: everybody who has the log's key can check it"
	return out
}

// compare returns nil if a checkpoint can be of the same log as the latest one,
// and an *Error of kind Misbehaved if both are signed and cannot both be true. It
// returns other errors if it cannot tell. Either may be larger; latest may be nil.
func (m *Mirror) compare(ctx context.Context, latest, served *checkpoint.Signed) error {
	switch {
	case latest == nil:
		return nil
	case latest.Log.VerifierKey != served.Log.VerifierKey:
		return fmt.Errorf("%w: log %s, not %s", errOther, served.Log.VerifierKey, latest.Log.VerifierKey)
	}
	older, newer, source := latest, served, m.source
	if served.Size < latest.Size {
		older, newer, source = served, latest, union{m.store, m.source}
	}
	found, err := compareCheckpoints(ctx, source, older, newer)
	if found == nil {
		return err
	}
	e := &evidence.Evidence{Kind: evidence.Inconsistency, Log: newer.Log.VerifierKey, Inconsistency: found}
	return m.accuser().accuse(e, nil, contradiction(older, newer))
}

// union is two Sources, of which the second has what the first has not.
type union struct{ first, second Source }

func (u union) Read(ctx context.Context, path string, f func(io.Reader) error) error {
	err := u.first.Read(ctx, path, f)
	if errors.Is(err, ErrNotFound) {
		return u.second.Read(ctx, path, f)
	}
	return err
}

// timestamps accuses a log of the log entry that found, an *EntryError, is about.
// The entry and the one before it are those of a checkpoint, in source.
func (a accuser) timestamps(ctx context.Context, source Source, signed *checkpoint.Signed, found error) error {
	finding := fmt.Errorf("the log %s has turned back its clock: %w", signed.Origin, found)
	var at *EntryError
	if !errors.As(found, &at) {
		panic("monitor: timestamps fall without an entry")
	}
	e := &evidence.Evidence{Kind: evidence.Timestamps, Log: signed.Log.VerifierKey}
	for _, i := range []uint64{at.Entry - 1, at.Entry} {
		proof, err := proveEntry(ctx, source, signed, i)
		if err != nil {
			return a.accuse(nil, err, finding)
		}
		e.Entries = append(e.Entries, string(proof.Marshal()))
	}
	return a.accuse(e, nil, finding)
}

// proveEntry returns the proof that a log entry is in a checkpoint.
func proveEntry(ctx context.Context, source Source, signed *checkpoint.Signed, i uint64) (*checkpoint.Proof, error) {
	tree, err := tile.NewTree(signed.Size, signed.Root, fetchFrom(ctx, source))
	if err != nil {
		return nil, err
	}
	hashes, err := tree.Inclusion(i)
	if err != nil {
		return nil, err
	}
	lo := i / tile.FullWidth * tile.FullWidth
	t := tile.Tile{Kind: tile.Entries, Index: i / tile.FullWidth, Width: uint16(min(signed.Size-lo, tile.FullWidth))}
	data, err := readTile(ctx, source, t)
	if err != nil {
		return nil, err
	}
	entries, err := tile.ParseEntries(data, int(t.Width))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", t.Path(), errContent, err)
	}
	return &checkpoint.Proof{Index: i, Hashes: hashes, Note: signed.Note, Extra: entries[i-lo]}, nil
}
