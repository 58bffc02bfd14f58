package monitor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// TestClassify checks what kind of finding an error is. What proves nothing must
// not accuse, and what is this machine's fault is not the log's.
func TestClassify(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind Kind
		name string
	}{
		{nil, 0, "none"},
		{errors.New("unknown"), Operational, "operational"},
		{fs.ErrPermission, Operational, "operational"},
		{syscall.ENOSPC, Operational, "operational"},
		{context.Canceled, Operational, "operational"},
		{usage("", "wrong"), Usage, "usage"},
		{errNetwork, Undecided, "undecided"},
		{errResponse, Undecided, "undecided"},
		{errContent, Undecided, "undecided"},
		{errOther, Undecided, "undecided"},
		{ErrNotFound, Undecided, "undecided"},
		{ErrChanges, Undecided, "undecided"},
		{tile.ErrTiles, Undecided, "undecided"},
		{checkpoint.ErrMalformed, Undecided, "undecided"},
		{checkpoint.ErrNotSigned, Undecided, "undecided"},
		{checkpoint.ErrQuorum, Undecided, "undecided"},
		{&Error{Kind: Misbehaved, Err: ErrTimestamps}, Misbehaved, "misbehaviour"},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("wrapped: %w", err)
		}
		got := classify("a step", err)
		if KindOf(got) != c.kind || KindOf(got).String() != c.name || !errors.Is(got, c.err) {
			t.Errorf("%v: kind %v, want %v", c.err, KindOf(got), c.kind)
		}
	}
	if got := Kind(9).String(); got != "kind 9" {
		t.Errorf("an unknown kind is %q", got)
	}
}
