package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// auditedFixture is a directory with an auditor.
type auditedFixture struct {
	*fixture
	cfg     *keytrans.Configuration
	key     keytrans.SigningKey
	auditor *keytrans.Auditor
	clock   atomic.Int64 // added to the time, in milliseconds
	faults  []directory.AuditorFault
}

func auditorKey(t testing.TB, b byte) keytrans.SigningKey {
	t.Helper()
	key, err := keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{b}, 32))
	fatalIfErr(t, err)
	return key
}

func newAudited(t *testing.T, change func(*directory.Config)) *auditedFixture {
	t.Helper()
	f := &auditedFixture{key: auditorKey(t, 3)}
	f.fixture = newFixture(t, func(c *directory.Config) {
		audit(c.Configuration, f.key)
		c.Now = func() time.Time { return time.Now().Add(time.Duration(f.clock.Load()) * time.Millisecond) }
		c.OnAuditorFault = func(fault directory.AuditorFault) { f.faults = append(f.faults, fault) }
		f.cfg = c.Configuration
		if change != nil {
			change(c)
		}
	})
	var err error
	f.auditor, err = keytrans.NewAuditor(f.cfg)
	fatalIfErr(t, err)
	return f
}

// audit makes a configuration one with an auditor.
func audit(c *keytrans.Configuration, key keytrans.SigningKey) {
	c.Mode, c.AuditorPublicKey, c.MaxAuditorLag = keytrans.ThirdPartyAuditing, key.Public(), 60_000
}

// follow has the auditor process what it has not, and returns its head.
func (f *auditedFixture) follow(t *testing.T) *keytrans.AuditorTreeHead {
	t.Helper()
	err := f.AuditUpdates(context.Background(), f.auditor.Size(), 1<<16, f.auditor.Apply)
	fatalIfErr(t, err)
	head, err := f.Head()
	fatalIfErr(t, err)
	root, err := f.auditor.Root()
	fatalIfErr(t, err)
	if f.auditor.Size() != head.TreeSize || root != head.Root {
		t.Fatalf("the auditor has %d entries and root %v, the log %d and %v", f.auditor.Size(), root, head.TreeSize, head.Root)
	}
	h, err := f.auditor.Head(f.key)
	fatalIfErr(t, err)
	return h
}

func (f *auditedFixture) set(h *keytrans.AuditorTreeHead) error {
	return f.SetAuditorHead(context.Background(), h)
}

func (f *auditedFixture) insert(t *testing.T, n int, prefix string) {
	t.Helper()
	var updates []directory.NewVersions
	for i := range n {
		updates = append(updates, directory.NewVersions{
			Label: fmt.Append(nil, prefix, i), Values: [][]byte{{1}, {2}, {3}}, Identity: directory.TokenIdentity(alice.Token),
		})
	}
	outcomes, err := f.Insert(context.Background(), updates)
	fatalIfErr(t, errors.Join(append(outcomes, err)...))
}

// TestAudit makes a log of large and small epochs, which an auditor follows: it is
// not served before the auditor's head, and then is.
func TestAudit(t *testing.T) {
	f := newAudited(t, nil)
	before := f.size(t)
	f.insert(t, 400, "many") // three versions each
	if n := f.size(t) - before; n != 5 {
		t.Errorf("1200 versions in %d epochs", n)
	}
	_, err := f.search(&keytrans.View{}, "many7", nil)
	wantIs(t, "a search before the auditor's head", err, keytrans.ErrAuditor)
	wantIs(t, "an update before the auditor's head", f.update("alice", "one", nil), keytrans.ErrAuditor)
	fatalIfErr(t, f.set(f.follow(t)))
	fatalIfErr(t, f.update("alice", "one", nil))
	f.expectValue(t, "many7", 2, "\x03")
	f.expectValue(t, "alice", 0, "one")
	fatalIfErr(t, f.set(f.follow(t)))
	f.expectValue(t, "alice", 0, "one")
	head, err := f.Head()
	fatalIfErr(t, err)
	if head.Auditor == nil || head.Auditor.TreeSize != head.TreeSize {
		t.Errorf("the auditor's head: %+v", head.Auditor)
	}
}

func wantIs(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestAuditUpdates asks for what is there in pieces, and for what is not.
func TestAuditUpdates(t *testing.T) {
	f := newAudited(t, nil)
	f.insert(t, 300, "x")
	size := f.size(t)
	enough := errors.New("enough")
	for start := range size {
		n := uint64(0)
		count := func(*keytrans.AuditorUpdate) error { n++; return nil }
		fatalIfErr(t, f.AuditUpdates(context.Background(), start, 2, count))
		if want := min(2, size-start); n != want {
			t.Errorf("%d updates from %d on, want %d", n, start, want)
		}
		wantIs(t, "yield's error", f.AuditUpdates(context.Background(), start, 2, func(*keytrans.AuditorUpdate) error { return enough }), enough)
	}
	none := func(*keytrans.AuditorUpdate) error { t.Error("an update that was not asked for"); return nil }
	fatalIfErr(t, f.AuditUpdates(context.Background(), size, 9, none))
	fatalIfErr(t, f.AuditUpdates(context.Background(), 0, 0, none))
	wantIs(t, "beyond the log", f.AuditUpdates(context.Background(), size+1, 9, none), keytrans.ErrRequest)
	ended, end := context.WithCancel(context.Background())
	end()
	wantIs(t, "an ended context", f.AuditUpdates(ended, 0, 9, none), context.Canceled)
	unaudited := newFixture(t, nil)
	wantIs(t, "no auditor", unaudited.AuditUpdates(context.Background(), 0, 1, none), directory.ErrNotAudited)
	wantIs(t, "no auditor", unaudited.SetAuditorHead(context.Background(), &keytrans.AuditorTreeHead{}), directory.ErrNotAudited)
}

// TestSetAuditorHead sends heads that are wrong, old, or sent before.
func TestSetAuditorHead(t *testing.T) {
	f := newAudited(t, func(c *directory.Config) { c.Configuration.AuditorStartPos = 1 })
	f.insert(t, 1, "a")
	older := f.follow(t)
	f.insert(t, 1, "b")
	latest := f.follow(t)
	fatalIfErr(t, f.set(older))
	changed := func(change func(h *keytrans.AuditorTreeHead)) *keytrans.AuditorTreeHead {
		h := *latest
		h.Signature = bytes.Clone(h.Signature)
		change(&h)
		return &h
	}
	otherRoot, err := keytrans.SignAuditorTreeHead(f.cfg, f.key, latest.Timestamp, latest.TreeSize, [32]byte{1})
	fatalIfErr(t, err)
	for name, c := range map[string]struct {
		head *keytrans.AuditorTreeHead
		want error
	}{
		"beyond the log":      {changed(func(h *keytrans.AuditorTreeHead) { h.TreeSize++ }), keytrans.ErrRequest},
		"empty":               {changed(func(h *keytrans.AuditorTreeHead) { h.TreeSize = 0 }), keytrans.ErrRequest},
		"before its start":    {changed(func(h *keytrans.AuditorTreeHead) { h.TreeSize = 1 }), keytrans.ErrRequest},
		"another time":        {changed(func(h *keytrans.AuditorTreeHead) { h.Timestamp++ }), keytrans.ErrRequest},
		"a damaged signature": {changed(func(h *keytrans.AuditorTreeHead) { h.Signature[5]++ }), directory.ErrAuditorSignature},
		"no signature":        {changed(func(h *keytrans.AuditorTreeHead) { h.Signature = nil }), directory.ErrAuditorSignature},
		"another root":        {otherRoot, directory.ErrAuditorSignature},
	} {
		faults := len(f.faults)
		wantIs(t, name, f.set(c.head), c.want)
		if told := len(f.faults) > faults; told != errors.Is(c.want, directory.ErrAuditorSignature) {
			t.Errorf("%s: evidence kept: %t", name, told)
		}
		if head, err := f.Head(); err != nil || head.Auditor.TreeSize != older.TreeSize {
			t.Errorf("%s: it is served", name)
		}
	}
	fault := f.faults[0]
	if fault.Refused.TreeSize != latest.TreeSize || fault.Entry.Timestamp != latest.Timestamp || fault.Root != fault.HeadRoot {
		t.Errorf("evidence %+v", fault)
	}
	fatalIfErr(t, keytrans.VerifyTreeHead(f.cfg, &fault.Head, fault.HeadRoot))
	fatalIfErr(t, f.set(latest))
	fatalIfErr(t, f.set(latest))
	wantIs(t, "an older head", f.set(older), directory.ErrAuditorHead)
	ended, end := context.WithCancel(context.Background())
	end()
	f.Close()
	if err := f.SetAuditorHead(ended, latest); err == nil {
		t.Error("set in a closed directory")
	}
}

// TestAuditorLag lets the auditor fall behind and catch up.
func TestAuditorLag(t *testing.T) {
	f := newAudited(t, nil)
	f.insert(t, 1, "a")
	fatalIfErr(t, f.set(f.follow(t)))
	f.clock.Add(59_000)
	fatalIfErr(t, f.update("alice", "one", nil))
	f.clock.Add(2_000)
	size := f.size(t)
	wantIs(t, "an update", f.update("alice", "two", ptr(uint32(0))), keytrans.ErrAuditor)
	if f.size(t) != size {
		t.Error("a refused update was written")
	}
	f.insert(t, 1, "b")
	_, err := f.search(&keytrans.View{}, "alice", nil)
	wantIs(t, "a search", err, keytrans.ErrAuditor)
	fatalIfErr(t, f.set(f.follow(t)))
	if p, err := f.Search(context.Background(), &keytrans.SearchRequest{Label: []byte("alice")}); err != nil {
		t.Error(err)
	} else if p.FullTreeHead.AuditorTreeHead.TreeSize != size+1 {
		t.Errorf("the auditor's head that is served: %+v", p.FullTreeHead.AuditorTreeHead)
	}
}

// TestAuditorRace has an auditor hand in heads while epochs are made and users ask:
// neither the log nor the auditor's head that is served ever goes back.
func TestAuditorRace(t *testing.T) {
	f := newAudited(t, nil)
	fatalIfErr(t, f.set(f.follow(t)))
	ctx, end := context.WithCancel(context.Background())
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for n := range 30 {
				if err := f.update(fmt.Sprint("label", i, "-", n), "value", nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { writers.Wait(); end() }()
	var size, auditorSize uint64
	view := &keytrans.View{}
	for ctx.Err() == nil {
		err := f.AuditUpdates(context.Background(), f.auditor.Size(), 1<<16, f.auditor.Apply)
		fatalIfErr(t, err)
		signed, err := f.auditor.Head(f.key)
		fatalIfErr(t, err)
		fatalIfErr(t, f.set(signed))
		head, err := f.Head()
		fatalIfErr(t, err)
		if head.TreeSize < size || head.Auditor.TreeSize < auditorSize || head.Auditor.TreeSize < signed.TreeSize {
			t.Fatalf("the log went from %d to %d entries, the auditor's head from %d to %d", size, head.TreeSize, auditorSize, head.Auditor.TreeSize)
		}
		size, auditorSize = head.TreeSize, head.Auditor.TreeSize
		q := &keytrans.DistinguishedRequest{Last: view.Last()}
		p, err := f.Distinguished(context.Background(), q)
		fatalIfErr(t, err)
		r, err := f.verifier.Distinguished(view, q, p, time.Now())
		fatalIfErr(t, err)
		view = r.View
	}
}

// TestAuditorHeadFaults has commits of the auditor's head that fail, with and
// without effect.
func TestAuditorHeadFaults(t *testing.T) {
	store := &faultyStore{}
	f := newAudited(t, func(c *directory.Config) {
		store.Store = c.Store
		c.Store = store
	})
	head := f.follow(t)
	store.failing.Store(1)
	wantIs(t, "not applied", f.set(head), errDisk)
	if h, err := f.Head(); err != nil || h.Auditor != nil {
		t.Errorf("it is served: %v, %v", h.Auditor, err)
	}
	store.applied.Store(true)
	store.failing.Store(1)
	fatalIfErr(t, f.set(head))
	fatalIfErr(t, f.update("alice", "one", nil))
	f.expectValue(t, "alice", 0, "one")
	fatalIfErr(t, store.Store.Commit(&directory.Batch{Base: f.size(t), Size: f.size(t) + 1}))
	wantIs(t, "another writer", f.set(f.follow(t)), directory.ErrFailed)
}

// TestChangeAuditor restarts a directory, with the same auditor and with another.
func TestChangeAuditor(t *testing.T) {
	store := openStore(t, t.TempDir())
	defer func() { fatalIfErr(t, store.Close()) }()
	cfg := testConfig(t, store)
	key, other := auditorKey(t, 3), auditorKey(t, 4)
	wantIs(t, "an empty store", directory.CheckHead(store, cfg.Configuration), directory.ErrNoLog)
	audit(cfg.Configuration, key)
	f := &auditedFixture{fixture: open(t, cfg), cfg: cfg.Configuration, key: key}
	var err error
	f.auditor, err = keytrans.NewAuditor(f.cfg)
	fatalIfErr(t, err)
	f.insert(t, 1, "a")
	fatalIfErr(t, f.set(f.follow(t)))
	fatalIfErr(t, f.update("alice", "one", nil))
	f.Close()

	f.fixture = open(t, cfg)
	f.expectValue(t, "alice", 0, "one") // with the auditor's head from before
	r, err := f.search(&keytrans.View{}, "alice", nil)
	fatalIfErr(t, err)
	f.Close()

	from, to := *cfg.Configuration, *cfg.Configuration
	to.AuditorPublicKey, to.AuditorStartPos = other.Public(), 3
	wantIs(t, "a gap", directory.ChangeAuditor(store, &from, &to, cfg.SigningKey), directory.ErrAuditorStart)
	to.AuditorStartPos = 2
	strange := from
	strange.MaxAhead++
	wantIs(t, "another log's configuration", directory.ChangeAuditor(store, &strange, &to, cfg.SigningKey), directory.ErrOtherConfiguration)
	fatalIfErr(t, directory.CheckHead(store, &from))
	for range 2 {
		fatalIfErr(t, directory.ChangeAuditor(store, &from, &to, cfg.SigningKey))
		fatalIfErr(t, directory.CheckHead(store, &to))
		wantIs(t, "the old configuration", directory.CheckHead(store, &from), directory.ErrOtherConfiguration)
	}
	cfg.Configuration = &to
	g := &auditedFixture{fixture: open(t, cfg), cfg: &to, key: other}
	defer g.Close()
	_, err = g.search(r.View, "alice", ptr(uint32(0)))
	if err != nil && !errors.Is(err, keytrans.ErrAuditor) {
		t.Errorf("without a head of the new auditor: %v", err)
	}
	g.auditor, err = keytrans.NewAuditor(&to)
	fatalIfErr(t, err)
	fatalIfErr(t, g.set(g.follow(t)))
	fatalIfErr(t, g.update("alice", "two", ptr(uint32(0))))
	// Who knows the log from the previous auditor's time goes on.
	again, err := g.search(r.View, "alice", nil)
	fatalIfErr(t, err)
	if again.Version != 1 {
		t.Errorf("version %d", again.Version)
	}
}
