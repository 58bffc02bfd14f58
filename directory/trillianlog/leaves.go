package trillianlog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/google/trillian"
	"google.golang.org/grpc/codes"
)

// identityPrefix separates the hashes of identityHash from all others.
const identityPrefix = "github.com/ghostlight-kt/ghostlight trillian leaf v1\n"

// identityHash returns the LeafIdentityHash of a leaf: SHA-256 of identityPrefix,
// the position (8 bytes, big-endian) and the entry. Trillian refuses a second leaf
// with the same. With the position in it, equal entries are different leaves.
func identityHash(position uint64, entry []byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte(identityPrefix), position)
	sum := sha256.Sum256(append(b, entry...))
	return sum[:]
}

// add sends the entries from l.next on, at most a batch of them. Whatever the
// error is, some may have been accepted.
func (l *Log) add(ctx context.Context, size uint64, read func(lo, hi uint64) ([][]byte, error)) error {
	lo := l.next
	hi := min(size, lo+uint64(l.cfg.BatchSize))
	entries, err := read(lo, hi)
	if err != nil {
		return fmt.Errorf("reading the directory's entries %d to %d: %w", lo, hi-1, err)
	}
	if uint64(len(entries)) != hi-lo {
		return fmt.Errorf("trillianlog: asked for the entries [%d, %d), the directory gave %d", lo, hi, len(entries))
	}
	leaves := make([]*trillian.LogLeaf, len(entries))
	for i, entry := range entries {
		position := lo + uint64(i)
		leaves[i] = &trillian.LogLeaf{
			LeafIndex:        int64(position),
			LeafValue:        entry,
			LeafIdentityHash: identityHash(position, entry),
		}
	}
	answer, err := call(ctx, l, fmt.Sprintf("adding the entries %d to %d to Trillian", lo, hi-1), l.client.AddSequencedLeaves,
		&trillian.AddSequencedLeavesRequest{LogId: l.cfg.TreeID, Leaves: leaves})
	if err != nil {
		return err
	}
	if l.doubt, err = conflicting(leaves, answer.GetResults()); err != nil {
		return err
	}
	l.next = hi
	l.cfg.Logger.Debug("added to Trillian", "tree", l.cfg.TreeID, "lo", lo, "hi", hi)
	if n := len(l.doubt); n > 0 {
		l.cfg.Logger.Info("Trillian already has leaves where these were added: reading them back",
			"tree", l.cfg.TreeID, "lo", l.doubt[0].LeafIndex, "hi", l.doubt[n-1].LeafIndex+1)
	}
	return nil
}

// conflicting returns the leaves from the first to the last at whose index
// Trillian had a leaf before. The error says that one was not added for another
// reason.
func conflicting(leaves []*trillian.LogLeaf, results []*trillian.QueuedLogLeaf) ([]*trillian.LogLeaf, error) {
	if len(results) != len(leaves) {
		return nil, fmt.Errorf("%w: %d results for %d leaves", errAnswer, len(results), len(leaves))
	}
	first, last := len(leaves), -1
	for i, r := range results {
		sent := leaves[i]
		// A status that is absent says OK, as everywhere in gRPC.
		switch code := codes.Code(r.GetStatus().GetCode()); code {
		case codes.OK:
			// The leaf may be left out; if it is there, it is the one sent.
			if got := r.GetLeaf(); got != nil && !equal(got, sent) {
				return nil, fmt.Errorf("%w: it added another leaf than that at index %d", errAnswer, sent.LeafIndex)
			}
		case codes.AlreadyExists, codes.FailedPrecondition:
			first, last = min(first, i), i
		default:
			return nil, fmt.Errorf("the leaf at index %d was not added to Trillian: %v: %s", sent.LeafIndex, code, r.GetStatus().GetMessage())
		}
	}
	if last < 0 {
		return nil, nil
	}
	return leaves[first : last+1], nil
}

func equal(a, b *trillian.LogLeaf) bool {
	return a.GetLeafIndex() == b.GetLeafIndex() && bytes.Equal(a.GetLeafValue(), b.GetLeafValue()) &&
		bytes.Equal(a.GetLeafIdentityHash(), b.GetLeafIdentityHash())
}

// settle reads back the leaves in doubt that Trillian has integrated: it shows no
// others. Requires that the first is. The error is a *Conflict if one is not the
// directory's.
func (l *Log) settle(ctx context.Context) error {
	start := l.doubt[0].LeafIndex
	count := min(int64(len(l.doubt)), int64(l.integrated)-start)
	answer, err := call(ctx, l, fmt.Sprintf("reading back the leaves %d to %d of Trillian's tree", start, start+count-1), l.client.GetLeavesByRange,
		&trillian.GetLeavesByRangeRequest{LogId: l.cfg.TreeID, StartIndex: start, Count: count})
	if err != nil {
		return err
	}
	leaves := answer.GetLeaves()
	if n := int64(len(leaves)); n == 0 || n > count {
		return fmt.Errorf("%w: %d leaves where %d from index %d on were asked for", errAnswer, n, count, start)
	}
	for i, got := range leaves {
		own := l.doubt[i]
		if got.GetLeafIndex() != own.LeafIndex {
			return fmt.Errorf("%w: a leaf with index %d in the place of %d", errAnswer, got.GetLeafIndex(), own.LeafIndex)
		}
		if !equal(got, own) {
			return &Conflict{
				Index: uint64(own.LeafIndex), Own: own.LeafValue, Theirs: got.GetLeafValue(),
				OwnIdentity: own.LeafIdentityHash, TheirIdentity: got.GetLeafIdentityHash(),
			}
		}
	}
	l.doubt = l.doubt[len(leaves):]
	return nil
}

// Conflict is the error that Trillian's tree has another leaf at an index than the
// directory has. Somebody else writes to the tree, or the directory was restored
// from a backup and went on differently. Only a new tree helps, after the cause
// was found.
type Conflict struct {
	// Index is the leaf's, and the entry's position.
	Index uint64
	// Own is the directory's entry, Theirs the value of Trillian's leaf.
	Own, Theirs []byte
	// OwnIdentity and TheirIdentity are the leaves' identity hashes. If only these
	// differ, the root of Trillian's tree is right all the same.
	OwnIdentity, TheirIdentity []byte
}

func (c *Conflict) Error() string {
	if bytes.Equal(c.Own, c.Theirs) {
		return fmt.Sprintf("somebody else wrote entry %d to Trillian's tree: the identity hash of the leaf is %x, the directory's %x",
			c.Index, c.TheirIdentity, c.OwnIdentity)
	}
	return fmt.Sprintf("Trillian's tree has another leaf at index %d than the directory: %x, not %x", c.Index, c.Theirs, c.Own)
}
