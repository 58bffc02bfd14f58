package monitor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// ErrTwoKeys is wrapped by the error for two checkpoints of one origin that
// contradict each other, but that no one key has signed both. Nobody can prove
// from them that the holder of a key has misbehaved.
var ErrTwoKeys = errors.New("the checkpoints contradict each other, and are signed with two keys")

// ReadCheckpoint reads the present checkpoint of a log and opens it with a policy.
// Whether it is witnessed is for Signed.Witnessed to say. The error is an *Error.
func ReadCheckpoint(ctx context.Context, source Source, policy *checkpoint.Policy) (*checkpoint.Signed, error) {
	data, err := readAll(ctx, source, checkpointPath, checkpoint.MaxNoteSize)
	if err != nil {
		return nil, classify("reading the checkpoint", err)
	}
	signed, err := policy.Open(data)
	if err != nil {
		return nil, classify("verifying the checkpoint", err)
	}
	return signed, nil
}

// CompareCheckpoints tells whether two signed checkpoints, of which either may be
// the larger, can be of one log. The source is only asked if the sizes differ, and
// must have the tiles of the larger one. Tiles are believed if they lead to the
// root in it.
//
// The results are:
//
//   - nil, nil: one continues the other, or is empty.
//   - evidence, nil: both cannot be true, and one key signed both. The evidence
//     verifies under any policy that has this key.
//   - nil, an *Error: nobody can tell. It wraps ErrTwoKeys if the checkpoints
//     contradict each other and that is no evidence. Its kind is Undecided, or
//     Operational, as if ctx ended.
func CompareCheckpoints(ctx context.Context, source Source, a, b *checkpoint.Signed) (*checkpoint.Inconsistency, error) {
	older, newer := a, b
	if a.Size > b.Size {
		older, newer = b, a
	}
	found, err := compareCheckpoints(ctx, source, older, newer)
	return found, classify("comparing two checkpoints", err)
}

// compareCheckpoints is CompareCheckpoints, but does not classify the error.
// Requires that older has at most as many entries as newer.
func compareCheckpoints(ctx context.Context, source Source, older, newer *checkpoint.Signed) (*checkpoint.Inconsistency, error) {
	switch {
	case older.Origin != newer.Origin:
		return nil, fmt.Errorf("%w: %q, not %q", errOther, newer.Origin, older.Origin)
	case older.Size == 0 || older.Checkpoint == newer.Checkpoint:
		return nil, nil
	case older.Size == newer.Size:
		return contradict(older, newer, newer.Root, nil)
	}
	var found *checkpoint.Inconsistency
	err := again(networkTries, func(bool) error {
		tree, err := tile.NewTree(newer.Size, newer.Root, fetchFrom(ctx, source))
		if err != nil {
			return err
		}
		root, err := tree.RootAt(older.Size)
		if err != nil || root == older.Root {
			return err
		}
		proof, err := tree.Consistency(older.Size)
		if err != nil {
			return err
		}
		found, err = contradict(older, newer, root, proof)
		return err
	})
	return found, err
}

// contradict returns the evidence that the tree of newer has another root at the
// size of older.
func contradict(older, newer *checkpoint.Signed, root merkle.Hash, proof []merkle.Hash) (*checkpoint.Inconsistency, error) {
	if older.Log.VerifierKey != newer.Log.VerifierKey {
		return nil, fmt.Errorf("%w: %s and %s", ErrTwoKeys, older.Log.VerifierKey, newer.Log.VerifierKey)
	}
	return checkpoint.NewInconsistency(older, newer, root, proof), nil
}

// contradiction says what two checkpoints prove.
func contradiction(older, newer *checkpoint.Signed) error {
	return fmt.Errorf("the log %s has shown two histories: its checkpoints of %d and of %d entries contradict each other",
		newer.Origin, older.Size, newer.Size)
}

// StoreInconsistency stores what CompareCheckpoints found as an evidence file, below
// evidence/ in a folder, durably, and returns its path. It makes the folder. What is
// stored there already stays as it is. newer is the larger of the two checkpoints.
func StoreInconsistency(dir string, found *checkpoint.Inconsistency, newer *checkpoint.Signed, now time.Time) (string, error) {
	policy, err := parsePolicy([]byte("log " + newer.Log.VerifierKey + "\nquorum none\n"))
	if err != nil {
		return "", err
	}
	older, err := policy.Open(found.Older)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(dir, tmpName), 0o700); err != nil {
		return "", err
	}
	e := newEvidence(&evidence.Evidence{
		Kind: evidence.Inconsistency, Log: newer.Log.VerifierKey, Inconsistency: found,
	}, contradiction(older, newer), now)
	f := &files{dir: dir, dirty: make(map[string]bool)}
	return f.writeEvidence(e, policy)
}

// NotReached reports whether an error says that there was no answer, or not one
// that a log or directory gives. Others of kind Undecided say that what was
// answered does not verify, or is missing.
func NotReached(err error) bool {
	return errors.Is(err, errNetwork) || errors.Is(err, errResponse)
}
