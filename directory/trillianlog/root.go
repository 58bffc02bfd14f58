package trillianlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/trillian"
	"github.com/google/trillian/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// errAnswer is wrapped by the error for an answer that cannot be right.
var errAnswer = errors.New("an answer of Trillian makes no sense")

// latest reads the head of Trillian's tree, sets l.integrated and returns the
// root. If the tree shrank, or has not grown for too long, it takes back what
// Trillian was believed to have accepted beyond its size.
func (l *Log) latest(ctx context.Context) (merkle.Hash, error) {
	answer, err := call(ctx, l, "reading the root of Trillian's tree", l.client.GetLatestSignedLogRoot,
		&trillian.GetLatestSignedLogRootRequest{LogId: l.cfg.TreeID})
	if status.Code(err) == codes.FailedPrecondition {
		return merkle.Hash{}, fmt.Errorf("perhaps tree %d of Trillian was never initialised, which createtree does: %w", l.cfg.TreeID, err)
	} else if err != nil {
		return merkle.Hash{}, err
	}
	size, root, err := parseRoot(answer.GetSignedLogRoot().GetLogRoot())
	if err != nil {
		return merkle.Hash{}, err
	}
	l.observe(size)
	return root, nil
}

func (l *Log) observe(size uint64) {
	warning := ""
	switch {
	case size < l.integrated:
		warning = "Trillian's tree has shrunk: sending it the entries again. Was its database restored?"
	case size > l.integrated:
		l.waited = 0
	case l.waited >= stalled:
		warning = "Trillian's tree does not grow: sending it the entries again. Does its log signer run?"
	}
	if warning != "" {
		l.cfg.Logger.Warn(warning, "tree", l.cfg.TreeID, "tree_size", size, "was", l.integrated, "accepted", l.next)
		l.next, l.doubt, l.waited = size, nil, 0
	}
	l.integrated = size
	l.next = max(l.next, size)
}

// parseRoot decodes a LogRoot. Trillian on PostgreSQL is known to make one without
// a hash when the database fails it.
func parseRoot(encoded []byte) (uint64, merkle.Hash, error) {
	var r types.LogRootV1
	if err := r.UnmarshalBinary(encoded); err != nil {
		return 0, merkle.Hash{}, fmt.Errorf("%w: its root: %w", errAnswer, err)
	}
	if again, err := r.MarshalBinary(); err != nil || !bytes.Equal(again, encoded) {
		return 0, merkle.Hash{}, fmt.Errorf("%w: its root has bytes that do not belong there", errAnswer)
	}
	if len(r.RootHash) != merkle.HashSize || r.TreeSize > maxSize {
		return 0, merkle.Hash{}, fmt.Errorf("%w: a root of %d bytes, of %d entries", errAnswer, len(r.RootHash), r.TreeSize)
	}
	return r.TreeSize, merkle.Hash(r.RootHash), nil
}
