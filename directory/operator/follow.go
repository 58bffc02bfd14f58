package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// follower holds what the operator has verified of the log.
type follower struct {
	verifier *keytrans.Verifier

	following chan struct{} // has something in it while view is brought up to date
	same      bool          // the manager has the pinned Configuration; guarded by lock

	mu         sync.Mutex
	view       *keytrans.View
	proofs     evidence.Proofs // of view
	roots      rootCache
	distrusted error // misbehaviour was proven
	refused    error // why the manager's last head was not accepted, nil if it was
}

// load reads the view that was stored.
func (f *follower) load(cfg Config) (err error) {
	if f.verifier, err = keytrans.NewVerifier(cfg.Configuration); err != nil {
		return err
	}
	f.following = make(chan struct{}, 1)
	f.view, f.refused = &keytrans.View{}, errNoHead
	if cfg.Distrusted != nil {
		f.distrusted = fmt.Errorf("%w: %w", ErrDistrusted, cfg.Distrusted)
	}
	snap, err := cfg.Store.Snapshot()
	if err != nil {
		return err
	}
	data, err := snap.Get(viewKey())
	if err = errors.Join(err, snap.Close()); err != nil || data == nil {
		return err
	}
	var stored evidence.View
	if err := json.Unmarshal(data, &stored); err != nil {
		return errCorrupt("view of the log")
	}
	f.view, f.proofs = stored.Keytrans(), stored.Proofs()
	root, err := f.view.Root()
	if err != nil {
		return errCorrupt("view of the log")
	}
	f.roots.add(f.view.Head.TreeSize, root)
	return nil
}

// lock waits until nobody else brings the view up to date, and returns what ends
// that for others. The error is that of ctx.
func (f *follower) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case f.following <- struct{}{}:
		return func() { <-f.following }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// trusted returns why nothing may be forwarded, nil if it may. The head may be
// old by now: that the next answer brings a better one has to be possible.
func (f *follower) trusted() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.distrusted
}

func (f *follower) status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := Status{Log: f.refused, TreeSize: f.view.Head.TreeSize}
	if s.TreeSize > 0 {
		s.Timestamp = f.view.Rightmost().Timestamp
	}
	if f.distrusted != nil {
		s.Log = f.distrusted
	}
	return s
}

// size returns the size of the log that was verified.
func (f *follower) size() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.view.Head.TreeSize
}

func (f *follower) root(size uint64) (merkle.Hash, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.roots.get(size)
}

func (f *follower) current() (*keytrans.View, evidence.Proofs) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.view, f.proofs
}

// refuse remembers why the manager's log is not accepted, for good if the error
// wraps ErrDistrusted. It reports whether that is news.
func (f *follower) refuse(err error) (news bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	news = f.refused == nil || errors.Is(f.refused, errNoHead)
	f.refused = err
	if errors.Is(err, ErrDistrusted) {
		f.distrusted = err
	}
	return news
}

// errNoHead is why the log is not accepted before it was looked at.
var errNoHead = fmt.Errorf("%w: no head was verified yet", ErrManager)

// stale reports whether the log's last verified head is too old at the given time.
func (f *follower) stale(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.view.Head.TreeSize == 0 {
		return true
	}
	ts, clock := f.view.Rightmost().Timestamp, uint64(max(now.UnixMilli(), 0))
	return ts < clock && clock-ts > f.verifier.Configuration().MaxBehind
}

// accept makes view, with its proofs, and the roots of the logs before it, what was
// verified.
func (f *follower) accept(view *keytrans.View, proofs evidence.Proofs, roots map[uint64]merkle.Hash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.view, f.proofs, f.refused = view, proofs, nil
	for size, root := range roots {
		f.roots.add(size, root)
	}
}

// rootAt returns the root of the log of size entries, for which it brings the
// view up to date if need be. A head of a size that the log has not been known at
// cannot be verified; the next one can.
func (o *Operator) rootAt(ctx context.Context, size uint64) (merkle.Hash, error) {
	if root, ok := o.log.root(size); ok {
		return root, nil
	}
	unlock, err := o.log.lock(ctx)
	if err != nil {
		return merkle.Hash{}, err
	}
	defer unlock()
	if root, ok := o.log.root(size); ok {
		return root, nil
	}
	if size > o.log.size() {
		if err := o.followOnce(ctx); err != nil {
			return merkle.Hash{}, err
		}
	}
	if root, ok := o.log.root(size); ok {
		return root, nil
	}
	return merkle.Hash{}, fmt.Errorf("%w with a head that can be verified: of %d entries", ErrManager, size)
}

// Follow brings the view of the log up to date and says what keeps it from that.
// The error wraps ErrDistrusted if misbehaviour was proven.
func (o *Operator) Follow(ctx context.Context) error {
	unlock, err := o.log.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := o.log.trusted(); err != nil {
		return err
	}
	if err := o.compare(ctx); err != nil {
		o.refuse(ctx, err)
		return err
	}
	for attempt := 0; ; attempt++ {
		err := o.followOnce(ctx)
		if err == nil {
			return nil
		}
		if !o.again(ctx, attempt, err) {
			o.refuse(ctx, err)
			return err
		}
	}
}

// refuse remembers, and logs, that what the manager answered is not accepted. That
// it does not answer is no word about its log.
func (o *Operator) refuse(ctx context.Context, err error) {
	if ctx.Err() != nil || o.Status().Manager != nil {
		return
	}
	if o.log.refuse(err) {
		o.cfg.Logger.Error("the manager's log is not accepted", "err", err)
	}
}

// compare verifies, once, that the manager has the pinned Configuration. Requires
// log.lock.
func (o *Operator) compare(ctx context.Context) error {
	if o.log.same {
		return nil
	}
	data, err := o.cfg.Link.Get(ctx, "/v1/configuration", octetStream)
	o.noteReached(ctx, err)
	if err != nil {
		return err
	}
	pinned, err := o.cfg.Configuration.Marshal()
	if err != nil {
		return err
	}
	if string(data) != string(pinned) {
		return fmt.Errorf("%w for the log that was pinned: it has another configuration now", ErrManager)
	}
	o.log.same = true
	return nil
}

// followOnce asks for the log's head and verifies that it continues the view.
// Requires log.lock.
func (o *Operator) followOnce(ctx context.Context) error {
	view, proofs := o.log.current()
	x := &inquiry{view: view, proofs: proofs}
	r, err := o.askHead(ctx, x)
	var m *keytrans.Misbehaviour
	var refusal *Refusal
	switch {
	case errors.As(err, &m):
		return o.accuse(o.newEvidence(evidence.Contradiction, m, x))
	case errors.As(err, &refusal) && refusal.Field == "last":
		// The log is smaller than it was: an old copy, or another log.
		return o.checkFork(ctx, x, fmt.Errorf("%w with the log that it has shown: %w", ErrManager, err))
	case errors.Is(err, keytrans.ErrProof) || errors.Is(err, keytrans.ErrSignature):
		return o.checkFork(ctx, x, err)
	case err != nil:
		return err
	}
	if r.View.Head.TreeSize == view.Head.TreeSize {
		o.log.accept(r.View, proofs, nil)
		return nil
	}
	root, err := r.View.Root()
	if err != nil {
		return err
	}
	roots := o.rootsBetween(ctx, view, r.View.Head.TreeSize, root)
	roots[r.View.Head.TreeSize] = root
	proofs = proofs.Next(&r.Verified)
	data, err := json.Marshal(evidence.NewView(r.View, proofs))
	if err != nil {
		return err
	}
	var b directory.Batch
	_ = b.Set(viewKey(), data)
	if err := o.cfg.Store.Commit(&b); err != nil {
		return fmt.Errorf("storing the view of the log: %w", err)
	}
	o.log.accept(r.View, proofs, roots)
	return nil
}

// inquiry is a DistinguishedRequest and its response, encoded, and the view that
// the request was sent with.
type inquiry struct {
	view              *keytrans.View
	proofs            evidence.Proofs // of view
	request, response []byte
	anyTime           bool // accept a head that is too old
}

const operationDistinguished = "distinguished"

// askHead sends q for the view in x, keeps the exchange there, and verifies the
// response.
func (o *Operator) askHead(ctx context.Context, x *inquiry) (*keytrans.DistinguishedResult, error) {
	q := &keytrans.DistinguishedRequest{Last: x.view.Last()}
	var err error
	if x.request, err = q.Marshal(); err != nil {
		return nil, err
	}
	x.response, err = o.cfg.Link.Post(ctx, "/v1/"+operationDistinguished, octetStream, x.request)
	o.noteReached(ctx, err)
	if err != nil {
		return nil, err
	}
	p, err := keytrans.ParseDistinguishedResponse(o.cfg.Configuration, x.response)
	if err != nil {
		return nil, fmt.Errorf("%w with what can be used: %w", ErrManager, err)
	}
	verifier := o.log.verifier
	if x.anyTime {
		verifier = verifier.Timeless() // a head that is too old still was signed
	}
	r, err := verifier.Distinguished(x.view, q, p, o.cfg.Now())
	if err != nil {
		return nil, fmt.Errorf("%w with a head that verifies: %w", ErrManager, err)
	}
	return r, nil
}

// maxBetween bounds how many log entries are read to know the roots between two
// heads. Heads before that many entries are not forwarded any more.
const maxBetween = 1000

// rootsBetween returns the roots of the logs that have more entries than view and
// less than size, out of the log entries that the manager says are there: they
// are those if they lead to the given root. Without them, heads of these sizes
// cannot be verified.
func (o *Operator) rootsBetween(ctx context.Context, view *keytrans.View, size uint64, root merkle.Hash) map[uint64]merkle.Hash {
	out := make(map[uint64]merkle.Hash)
	from := view.Head.TreeSize
	if from == 0 || size-from < 2 || size-from > maxBetween {
		return out
	}
	entries, err := o.cfg.Link.entries(ctx, from, size)
	if err != nil {
		o.cfg.Logger.DebugContext(ctx, "reading log entries", "err", err)
		return out
	}
	subtrees := view.Subtrees
	for i, e := range entries {
		subtrees, err = logtree.Append(from+uint64(i), subtrees, e.Hash(), func(logtree.Node, merkle.Hash) {})
		if err != nil {
			return make(map[uint64]merkle.Hash)
		}
		n := from + uint64(i) + 1
		if out[n], err = logtree.Root(n, subtrees); err != nil {
			return make(map[uint64]merkle.Hash)
		}
	}
	if out[size] != root {
		return make(map[uint64]merkle.Hash)
	}
	return out
}

// rootCache has the roots of the latest sizes of the log. The zero value is empty.
type rootCache struct {
	roots map[uint64]merkle.Hash
	order []uint64 // of insertion
}

// maxRoots bounds a rootCache.
const maxRoots = 4 * maxBetween

func (c *rootCache) get(size uint64) (merkle.Hash, bool) {
	root, ok := c.roots[size]
	return root, ok
}

func (c *rootCache) add(size uint64, root merkle.Hash) {
	if c.roots == nil {
		c.roots = make(map[uint64]merkle.Hash)
	}
	if _, ok := c.roots[size]; !ok {
		c.order = append(c.order, size)
	}
	c.roots[size] = root
	if len(c.order) > maxRoots {
		delete(c.roots, c.order[0])
		c.order = c.order[1:]
	}
}
