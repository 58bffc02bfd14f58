package trillianlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/trillian"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// maxBatch is the largest Config.BatchSize. As many leaves, with entries of 40
// bytes, are well within the 4 MiB that gRPC accepts.
const maxBatch = 10_000

// Config describes a Log. Fields without a default are required.
type Config struct {
	// Conn is the connection to Trillian's log server. The Log does not close
	// it.
	Conn grpc.ClientConnInterface

	// TreeID names the tree.
	TreeID int64

	// Timeout bounds each call of the log server. Default 10 s.
	Timeout time.Duration

	// BatchSize is the most entries in one call, at most 10,000. Default 1,000.
	BatchSize int

	// Poll is how often a Log looks whether Trillian has integrated what it
	// accepted. Default 100 ms.
	Poll time.Duration

	// Logger takes a record when entries have to be sent or read once more; nil
	// discards.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if c.Conn == nil {
		return c, errors.New("trillianlog: Conn is required")
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.BatchSize == 0 {
		c.BatchSize = 1000
	}
	if c.Poll == 0 {
		c.Poll = 100 * time.Millisecond
	}
	if c.Timeout < 0 || c.Poll < 0 || c.BatchSize < 0 || c.BatchSize > maxBatch {
		return c, fmt.Errorf("trillianlog: a Timeout of %v, a Poll of %v or a BatchSize of %d is out of range", c.Timeout, c.Poll, c.BatchSize)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Log writes to one Trillian tree. It is not safe for concurrent use: it has one
// caller. That another process writes the same entries to the same tree does no
// harm.
type Log struct {
	cfg    Config
	client trillian.TrillianLogClient

	// integrated is the size of the last tree head that was seen.
	integrated uint64
	// next is the first entry that Trillian is not known to have accepted, or to
	// have had before.
	next uint64
	// doubt are leaves before next at whose indices Trillian had a leaf before:
	// one of ours, or not. Nothing is added until that is settled.
	doubt []*trillian.LogLeaf
	// waited is how long the tree has not grown while something was waited for.
	waited time.Duration
}

// Open returns a Log that writes to an existing tree, having checked that the
// tree is a PREORDERED_LOG, is active, and has a root. A log server without the
// admin API cannot be asked for the first two; that is logged. The error says
// what is wrong with the tree, or is that of the call or of ctx; after the latter
// two Open may be tried again.
func Open(ctx context.Context, cfg Config) (*Log, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Log{cfg: cfg, client: trillian.NewTrillianLogClient(cfg.Conn)}
	if err := l.checkTree(ctx); err != nil {
		return nil, err
	}
	if _, err := l.latest(ctx); err != nil {
		return nil, err
	}
	cfg.Logger.Info("writing to Trillian", "tree", cfg.TreeID, "tree_size", l.integrated)
	return l, nil
}

const howToCreate = "create one with deploy/trillian/create-tree.sh, or: createtree --admin_server=HOST:PORT --tree_type=PREORDERED_LOG --max_root_duration=0s"

// checkTree asks the admin API about the tree.
func (l *Log) checkTree(ctx context.Context) error {
	admin := trillian.NewTrillianAdminClient(l.cfg.Conn)
	id := l.cfg.TreeID
	tree, err := call(ctx, l, "asking Trillian about its tree", admin.GetTree, &trillian.GetTreeRequest{TreeId: id})
	switch {
	case status.Code(err) == codes.Unimplemented:
		l.cfg.Logger.Warn("Trillian's log server has no admin API: the type and state of the tree were not checked", "tree", id)
		return nil
	case status.Code(err) == codes.NotFound:
		return fmt.Errorf("there is no tree %d in Trillian; %s: %w", id, howToCreate, err)
	case err != nil:
		return err
	case tree.GetTreeId() != id:
		return fmt.Errorf("%w: asked about tree %d it tells of tree %d", errAnswer, id, tree.GetTreeId())
	case tree.GetDeleted():
		return fmt.Errorf("tree %d of Trillian was deleted; undelete it, or %s", id, howToCreate)
	case tree.GetTreeType() != trillian.TreeType_PREORDERED_LOG:
		return fmt.Errorf("tree %d of Trillian is a %v, which does not keep the order of entries; %s", id, tree.GetTreeType(), howToCreate)
	case tree.GetTreeState() != trillian.TreeState_ACTIVE:
		return fmt.Errorf("tree %d of Trillian is %v and takes no entries; make it ACTIVE with Trillian's updatetree", id, tree.GetTreeState())
	}
	return nil
}

// maxSize is the largest tree size that is believed.
const maxSize = 1 << 62

// stalled is how long a tree must not have grown until the entries that it has
// accepted, but not integrated, are sent again. They may be lost: a database that
// failed over to a replica need not have them.
const stalled = time.Minute

// Advance makes Trillian hold the first size entries of the directory, waits until
// it has integrated them, and returns the size and the RFC 6962 root of
// Trillian's tree then. That size is greater than size if somebody has written
// more, such as this directory earlier. The caller compares the root with that of
// its own log at the returned size, and that size with its log's.
//
// read returns the entries [lo, hi) of the directory, none empty; it is asked for
// at most Config.BatchSize of them, and none beyond size. What it returns becomes
// the Log's.
//
// Entries that Trillian accepted before, even if this process never learned of
// it, are read back and compared. The error is a *Conflict if one is another than
// the directory's, and stays that. After any other error Advance may be called
// again, and goes on where it was: an error of ctx, of read, of the connection
// (a gRPC status), or that an answer of Trillian makes no sense.
//
// If Trillian's tree has shrunk, as when its database was restored, Advance fills
// it again from its new size and logs a warning. The comparison of roots tells
// whether what was left is right.
//
// Requires that the directory's log never shrinks.
func (l *Log) Advance(ctx context.Context, size uint64, read func(lo, hi uint64) ([][]byte, error)) (integrated uint64, root merkle.Hash, err error) {
	if size > maxSize {
		return 0, merkle.Hash{}, fmt.Errorf("trillianlog: a log of %d entries is too large for Trillian", size)
	}
	for {
		if root, err = l.latest(ctx); err != nil {
			return 0, merkle.Hash{}, err
		}
		if len(l.doubt) == 0 && l.integrated >= size {
			return l.integrated, root, nil
		}
		if err = l.step(ctx, size, read); err != nil {
			return 0, merkle.Hash{}, err
		}
	}
}

// step does the next thing towards a tree of size entries, l.integrated being what
// Trillian has.
func (l *Log) step(ctx context.Context, size uint64, read func(lo, hi uint64) ([][]byte, error)) error {
	if len(l.doubt) > 0 {
		if first := uint64(l.doubt[0].LeafIndex); l.integrated <= first {
			return l.wait(ctx, first+1)
		}
		return l.settle(ctx)
	}
	if l.next < size {
		return l.add(ctx, size, read)
	}
	return l.wait(ctx, size)
}

// wait waits a little for the tree to grow to size.
func (l *Log) wait(ctx context.Context, size uint64) error {
	select {
	case <-time.After(l.cfg.Poll):
		l.waited += l.cfg.Poll
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting until Trillian has integrated %d entries (it has %d; does its log signer run?): %w", size, l.integrated, context.Cause(ctx))
	}
}

// call makes one call of the log server, which takes at most Config.Timeout. If
// ctx ends first the error wraps its cause, otherwise the call's gRPC status.
func call[Q, R any](ctx context.Context, l *Log, what string, rpc func(context.Context, *Q, ...grpc.CallOption) (*R, error), request *Q) (*R, error) {
	limited, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	answer, err := rpc(limited, request)
	if err == nil {
		return answer, nil
	}
	if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) {
		<-ctx.Done() // gRPC can be the first to notice
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w", what, context.Cause(ctx))
	case limited.Err() != nil:
		return nil, fmt.Errorf("%s: no answer for %v: %w", what, l.cfg.Timeout, err)
	}
	return nil, fmt.Errorf("%s: %w", what, err)
}
