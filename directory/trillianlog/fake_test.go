package trillianlog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// fake is a Trillian log server and signer in memory, which treats leaves as
// Trillian on PostgreSQL does and fails the test if its caller does not keep to
// the rules. The hooks make it misbehave.
type fake struct {
	trillian.UnimplementedTrillianLogServer
	trillian.UnimplementedTrillianAdminServer

	t        testing.TB
	maxBatch int

	mu         sync.Mutex
	tree       *trillian.Tree
	noAdmin    error // what GetTree returns instead of the tree
	byIndex    map[int64]*trillian.LogLeaf
	identities map[string]bool
	integrated int64
	// signer is how many leaves are integrated whenever the root is read: the
	// signer runs between any two readings.
	signer int64
	// What was called how often; of adds, the leaves.
	roots, ranges int
	adds          []string

	beforeAdd func(*trillian.AddSequencedLeavesRequest) error
	afterAdd  func(*trillian.AddSequencedLeavesResponse) error
	onRoot    func(*trillian.GetLatestSignedLogRootResponse) error
	onRange   func(*trillian.GetLeavesByRangeResponse) error
	// hang is the method that does not answer, or "all".
	hang string
}

const fakeTree = 7011

func newFake(t testing.TB) *fake {
	return &fake{
		t: t, maxBatch: 10, signer: 1000,
		tree: &trillian.Tree{
			TreeId: fakeTree, TreeType: trillian.TreeType_PREORDERED_LOG, TreeState: trillian.TreeState_ACTIVE,
		},
		byIndex: make(map[int64]*trillian.LogLeaf), identities: make(map[string]bool),
	}
}

// enter polices what all calls have in common.
func (f *fake) enter(ctx context.Context, method string, id int64) (leave func(), err error) {
	f.mu.Lock()
	hang := f.hang == method || f.hang == "all"
	f.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	f.mu.Lock()
	if _, ok := ctx.Deadline(); !ok {
		f.t.Errorf("%s without a deadline", method)
	}
	if id != fakeTree {
		f.t.Errorf("%s of tree %d", method, id)
	}
	return f.mu.Unlock, nil
}

// setHang is for when a call may still be under way that its caller has given up.
func (f *fake) setHang(method string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hang = method
}

func (f *fake) GetTree(ctx context.Context, q *trillian.GetTreeRequest) (*trillian.Tree, error) {
	leave, err := f.enter(ctx, "GetTree", q.TreeId)
	if err != nil {
		return nil, err
	}
	defer leave()
	return f.tree, f.noAdmin
}

func (f *fake) GetLatestSignedLogRoot(ctx context.Context, q *trillian.GetLatestSignedLogRootRequest) (*trillian.GetLatestSignedLogRootResponse, error) {
	leave, err := f.enter(ctx, "GetLatestSignedLogRoot", q.LogId)
	if err != nil {
		return nil, err
	}
	defer leave()
	f.roots++
	for range f.signer {
		if f.byIndex[f.integrated] == nil {
			break
		}
		f.integrated++
	}
	r := &trillian.GetLatestSignedLogRootResponse{SignedLogRoot: &trillian.SignedLogRoot{LogRoot: f.root()}}
	if f.onRoot != nil {
		err = f.onRoot(r)
	}
	return r, err
}

func (f *fake) root() []byte {
	values := make([][]byte, f.integrated)
	for i := range values {
		values[i] = f.byIndex[int64(i)].LeafValue
	}
	root := rootOf(values)
	return encodeRoot(types.LogRootV1{TreeSize: uint64(f.integrated), RootHash: root[:], TimestampNanos: 1})
}

func encodeRoot(r types.LogRootV1) []byte {
	b, err := r.MarshalBinary()
	if err != nil {
		panic(err)
	}
	return b
}

func (f *fake) AddSequencedLeaves(ctx context.Context, q *trillian.AddSequencedLeavesRequest) (*trillian.AddSequencedLeavesResponse, error) {
	leave, err := f.enter(ctx, "AddSequencedLeaves", q.LogId)
	if err != nil {
		return nil, err
	}
	defer leave()
	f.police(q.Leaves)
	if f.beforeAdd != nil {
		if err := f.beforeAdd(q); err != nil {
			return nil, err
		}
	}
	r := &trillian.AddSequencedLeavesResponse{}
	for _, leaf := range q.Leaves {
		r.Results = append(r.Results, &trillian.QueuedLogLeaf{Status: f.put(leaf).Proto()})
	}
	if f.afterAdd != nil {
		err = f.afterAdd(r)
	}
	return r, err
}

// police checks what this package promises to send.
func (f *fake) police(leaves []*trillian.LogLeaf) {
	if len(leaves) == 0 || len(leaves) > f.maxBatch {
		f.t.Errorf("a batch of %d leaves, at most %d", len(leaves), f.maxBatch)
		return
	}
	first := leaves[0].LeafIndex
	f.adds = append(f.adds, fmt.Sprintf("[%d,%d)", first, first+int64(len(leaves))))
	for i, leaf := range leaves {
		if leaf.LeafIndex != first+int64(i) {
			f.t.Errorf("index %d follows %d in a batch", leaf.LeafIndex, first+int64(i)-1)
		}
		h := sha256.New()
		h.Write([]byte("github.com/ghostlight-kt/ghostlight trillian leaf v1\n"))
		_ = binary.Write(h, binary.BigEndian, leaf.LeafIndex)
		h.Write(leaf.LeafValue)
		if !bytes.Equal(leaf.LeafIdentityHash, h.Sum(nil)) {
			f.t.Errorf("identity hash %x of the leaf at index %d", leaf.LeafIdentityHash, leaf.LeafIndex)
		}
		if len(leaf.ExtraData)+len(leaf.MerkleLeafHash) > 0 || leaf.QueueTimestamp != nil || leaf.IntegrateTimestamp != nil {
			f.t.Errorf("the leaf at index %d has what only Trillian sets", leaf.LeafIndex)
		}
	}
}

func (f *fake) put(leaf *trillian.LogLeaf) *status.Status {
	switch {
	case f.identities[string(leaf.LeafIdentityHash)]:
		return status.New(codes.FailedPrecondition, "conflicting LeafIdentityHash")
	case f.byIndex[leaf.LeafIndex] != nil:
		return status.New(codes.FailedPrecondition, "conflicting LeafIndex")
	}
	f.byIndex[leaf.LeafIndex] = leaf
	f.identities[string(leaf.LeafIdentityHash)] = true
	return status.New(codes.OK, "OK")
}

// foreign puts somebody else's leaf at an index.
func (f *fake) foreign(index uint64, value []byte) {
	id := sha256.Sum256(fmt.Append(nil, "foreign", index))
	f.put(&trillian.LogLeaf{LeafIndex: int64(index), LeafValue: value, LeafIdentityHash: id[:]})
}

// own puts leaves [lo, hi) as an earlier process of the directory would have.
func (f *fake) own(lo, hi uint64) {
	for i := lo; i < hi; i++ {
		f.put(&trillian.LogLeaf{LeafIndex: int64(i), LeafValue: entry(i), LeafIdentityHash: identityHash(i, entry(i))})
	}
}

// lose removes the leaves that are not below size.
func (f *fake) lose(size int64) {
	for i, leaf := range f.byIndex {
		if i >= size {
			delete(f.byIndex, i)
			delete(f.identities, string(leaf.LeafIdentityHash))
		}
	}
	f.integrated = min(f.integrated, size)
}

func (f *fake) GetLeavesByRange(ctx context.Context, q *trillian.GetLeavesByRangeRequest) (*trillian.GetLeavesByRangeResponse, error) {
	leave, err := f.enter(ctx, "GetLeavesByRange", q.LogId)
	if err != nil {
		return nil, err
	}
	defer leave()
	f.ranges++
	if q.Count < 1 || q.Count > int64(f.maxBatch) || q.StartIndex < 0 || q.StartIndex+q.Count > f.integrated {
		f.t.Errorf("%d leaves from index %d on were asked for, of %d that are integrated", q.Count, q.StartIndex, f.integrated)
	}
	r := &trillian.GetLeavesByRangeResponse{}
	for i := range q.Count {
		leaf := f.byIndex[q.StartIndex+i]
		r.Leaves = append(r.Leaves, &trillian.LogLeaf{
			LeafIndex: leaf.LeafIndex, LeafValue: leaf.LeafValue, LeafIdentityHash: leaf.LeafIdentityHash,
		})
	}
	if f.onRange != nil {
		err = f.onRange(r)
	}
	return r, err
}

// check fails the test unless the tree holds the entries [0, size) and nothing
// else.
func (f *fake) check(size uint64) {
	f.t.Helper()
	if uint64(len(f.byIndex)) != size || uint64(f.integrated) != size {
		f.t.Errorf("Trillian has %d leaves, %d of them integrated, want %d", len(f.byIndex), f.integrated, size)
	}
	for i := range size {
		if leaf := f.byIndex[int64(i)]; leaf == nil || !bytes.Equal(leaf.LeafValue, entry(i)) {
			f.t.Fatalf("leaf %d: %v", i, leaf)
		}
	}
}

// entry returns entry i of the directory.
func entry(i uint64) []byte {
	sum := sha256.Sum256(fmt.Append(nil, "entry", i))
	return append(binary.BigEndian.AppendUint64(nil, i/3), sum[:]...)
}

func entries(lo, hi uint64) ([][]byte, error) {
	var out [][]byte
	for i := lo; i < hi; i++ {
		out = append(out, entry(i))
	}
	return out, nil
}

// wantRoot returns the root of a log with the first size entries.
func wantRoot(size uint64) merkle.Hash {
	all, _ := entries(0, size)
	return rootOf(all)
}

func rootOf(values [][]byte) merkle.Hash {
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, v := range values {
		if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(v), nil); err != nil {
			panic(err)
		}
	}
	if len(values) == 0 {
		return merkle.Hash(rfc6962.DefaultHasher.EmptyRoot())
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		panic(err)
	}
	return merkle.Hash(root)
}

// world is a fake behind a connection.
type world struct {
	*fake
	cfg      Config
	log      *Log
	logged   *strings.Builder
	listener *bufconn.Listener
	server   *grpc.Server
}

// run runs test in a bubble, in which time stands still while anything runs.
func run(t *testing.T, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{fake: newFake(t), logged: &strings.Builder{}}
		w.serve()
		conn, err := grpc.NewClient("passthrough:fake", grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return w.listener.DialContext(ctx) }))
		fatalIfErr(t, err)
		defer func() {
			fatalIfErr(t, conn.Close())
			w.server.Stop()
		}()
		w.cfg = Config{
			Conn: conn, TreeID: fakeTree, BatchSize: w.maxBatch,
			Logger: slog.New(slog.NewTextHandler(w.logged, nil)),
		}
		test(t, w)
	})
}

func (w *world) serve() {
	w.listener = bufconn.Listen(1 << 20)
	w.server = grpc.NewServer()
	trillian.RegisterTrillianLogServer(w.server, w.fake)
	trillian.RegisterTrillianAdminServer(w.server, w.fake)
	go func(s *grpc.Server, l net.Listener) { _ = s.Serve(l) }(w.server, w.listener)
}

// open starts the directory's process: what an earlier one knew is lost.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.log, err = Open(w.t.Context(), w.cfg)
	fatalIfErr(w.t, err)
}

// advance calls Advance with a limit on the (bubble's) time that is longer than
// any that it should take.
func (w *world) advance(size uint64) (uint64, merkle.Hash, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Minute+50*time.Millisecond)
	defer cancel()
	return w.log.Advance(ctx, size, entries)
}

// reach advances to size and fails the test unless Trillian then has exactly that.
func (w *world) reach(size uint64) {
	w.t.Helper()
	n, root, err := w.advance(size)
	fatalIfErr(w.t, err)
	if n != size || root != wantRoot(size) {
		w.t.Fatalf("Advance(%d): size %d, root %v", size, n, root)
	}
	w.check(size)
}

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
