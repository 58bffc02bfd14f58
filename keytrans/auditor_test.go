package keytrans

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

func auditingConfiguration(window uint64) *Configuration {
	cfg := testConfiguration()
	cfg.Mode, cfg.AuditorPublicKey = ThirdPartyAuditing, testAuditorKey.Public()
	cfg.MaxAuditorLag, cfg.ReasonableMonitoringWindow = 1000, window
	return cfg
}

// audited is a log that an auditor follows, with all of its history.
type audited struct {
	timestamps []uint64
	hashes     [][32]byte
	entries    []LogEntry
	trees      [][]prefixtree.Leaf // as of each entry, sorted
}

// tree returns the leaves as of the last entry.
func (h *audited) tree() []prefixtree.Leaf {
	if len(h.trees) == 0 {
		return nil
	}
	return h.trees[len(h.trees)-1]
}

// update returns the update for a next entry.
func (h *audited) update(timestamp uint64, added, removed []prefixtree.Leaf) (*AuditorUpdate, error) {
	var root prefixtree.Node
	if tree := h.tree(); len(tree) > 0 {
		root = buildNode(tree, 0)
	}
	return NewAuditorUpdate(root, timestamp, added, removed)
}

// append appends the entry of an update.
func (h *audited) append(u *AuditorUpdate) {
	tree := slices.DeleteFunc(slices.Clone(h.tree()), func(l prefixtree.Leaf) bool { return slices.Contains(u.Removed, l) })
	tree = sortedLeaves(append(tree, u.Added...))
	var naiveLeaves [][2][32]byte
	for _, l := range tree {
		naiveLeaves = append(naiveLeaves, [2][32]byte{l.Key, l.Commitment})
	}
	entry := LogEntry{Timestamp: u.Timestamp, PrefixTree: naive.PrefixRoot(naiveLeaves)}
	h.timestamps = append(h.timestamps, u.Timestamp)
	h.trees, h.entries, h.hashes = append(h.trees, tree), append(h.entries, entry), append(h.hashes, entry.Hash())
}

// published is step 5 from its text: whether the last of the entries that have a
// leaf without interruption, or one that is taken for the first because the audit
// began there, is followed by a distinguished one, in the log with one more entry.
func (h *audited) published(leaf prefixtree.Leaf, timestamp, window, start uint64) bool {
	n := uint64(len(h.trees))
	inserted := n
	for inserted > 0 && slices.Contains(h.trees[inserted-1], leaf) {
		inserted--
	}
	if start > 0 {
		inserted = max(inserted, start-1)
	}
	timestamps := append(slices.Clone(h.timestamps), timestamp)
	return slices.ContainsFunc(naive.NewTree(n+1).Distinguished(timestamps, window), func(d uint64) bool { return inserted <= d && d < n })
}

// view is what a user retains of the log.
func (h *audited) view() *View {
	n := uint64(len(h.entries))
	v := &View{Head: TreeHead{TreeSize: n}}
	for _, r := range logtree.FullSubtrees(n) {
		lo, hi := r.Range()
		v.Subtrees = append(v.Subtrees, naive.LogSubtree(h.hashes, lo, hi))
	}
	for _, pos := range naive.NewTree(n).Frontier() {
		v.Frontier = append(v.Frontier, Entry{pos, h.entries[pos]})
	}
	return v
}

func randomLeaf(rng *rand.Rand) (l prefixtree.Leaf) {
	// Few of the first bits differ, so that leaves have siblings and cousins.
	l.Key[0], l.Key[1], l.Key[31] = byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())
	l.Commitment[0], l.Commitment[1] = byte(rng.Uint32()), byte(rng.Uint32())
	return l
}

// removals counts what became of updates with removals.
type removals struct{ accepted, unpublished, undetermined int }

// TestAuditorHistories has auditors that began at different times follow random
// logs, and compares what they accept with the text of the algorithm.
func TestAuditorHistories(t *testing.T) {
	var count removals
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 5))
		window := rng.Uint64N(60)
		start := uint64(0)
		if seed%3 == 0 {
			start = 1 + rng.Uint64N(20)
		}
		h := &audited{}
		var a *Auditor
		cfg := auditingConfiguration(window)
		cfg.AuditorStartPos = start
		now := rng.Uint64N(100)
		for n := range uint64(40) {
			if n == start {
				a = must(NewAuditorAt(cfg, h.view()))
			}
			now += rng.Uint64N(12) * rng.Uint64N(2)
			added, removed := randomChange(rng, h.tree())
			u, err := h.update(now, added, removed)
			if errors.Is(err, ErrUndetermined) {
				count.undetermined++
				u, err = h.update(now, added, slices.DeleteFunc(removed, func(l prefixtree.Leaf) bool { return !hasKey(added, l.Key) }))
			}
			fatalIfErr(t, err)
			if a != nil && !checkApply(t, h, a, u, window, start, &count) {
				kept := slices.DeleteFunc(slices.Clone(added), func(l prefixtree.Leaf) bool { return hasKey(removed, l.Key) })
				u = must(h.update(now, append(kept, randomLeaf(rng)), nil))
				fatalIfErr(t, a.Apply(u))
			}
			h.append(u)
			if a != nil {
				checkAuditor(t, h, a)
				a = must(ParseAuditor(cfg, a.Marshal()))
			}
		}
	}
	t.Logf("%+v", count)
	if count.accepted < 100 || count.unpublished < 100 || count.undetermined < 10 {
		t.Error("these histories test too little")
	}
}

func hasKey(leaves []prefixtree.Leaf, key prefixtree.Key) bool {
	return slices.ContainsFunc(leaves, func(l prefixtree.Leaf) bool { return l.Key == key })
}

// randomChange adds leaves, and removes or replaces some of a tree's.
func randomChange(rng *rand.Rand, tree []prefixtree.Leaf) (added, removed []prefixtree.Leaf) {
	for range 1 + rng.IntN(3) {
		if l := randomLeaf(rng); !hasKey(tree, l.Key) && !hasKey(added, l.Key) {
			added = append(added, l)
		}
	}
	for _, l := range tree {
		if rng.IntN(2*len(tree)) > 0 {
			continue
		}
		removed = append(removed, l)
		if rng.IntN(2) == 0 {
			l.Commitment[2]++
			added = append(added, l)
		}
	}
	return added, removed
}

// checkApply applies an update and reports whether it was accepted as it should.
func checkApply(t *testing.T, h *audited, a *Auditor, u *AuditorUpdate, window, start uint64, count *removals) bool {
	t.Helper()
	want := true
	for _, l := range u.Removed {
		want = want && h.published(l, u.Timestamp, window, start)
	}
	before := a.Marshal()
	err := a.Apply(u)
	switch {
	case want && err != nil:
		t.Fatalf("entry %d: %v", len(h.entries), err)
	case !want:
		count.unpublished++
		wantStep(t, "unpublished leaf", err, 5)
		if !bytes.Equal(a.Marshal(), before) {
			t.Error("a refused update changed the auditor")
		}
	case len(u.Removed) > 0:
		count.accepted++
	}
	return want
}

// checkAuditor compares an auditor with the log that it followed.
func checkAuditor(t *testing.T, h *audited, a *Auditor) {
	t.Helper()
	n := uint64(len(h.entries))
	if a.Size() != n || must(a.Root()) != naive.LogRoot(h.hashes) || a.Timestamp() != h.timestamps[n-1] {
		t.Fatalf("size %d, root %v, timestamp %d", a.Size(), must(a.Root()), a.Timestamp())
	}
	data := a.Marshal()
	if again := must(ParseAuditor(a.cfg, data)).Marshal(); !bytes.Equal(again, data) {
		t.Fatalf("%x re-encodes to %x", data, again)
	}
	head, err := a.Head(testAuditorKey)
	if n <= a.cfg.AuditorStartPos {
		if err == nil {
			t.Error("signed before the auditor's first entry")
		}
		return
	}
	fatalIfErr(t, err)
	if head.TreeSize != n || head.Timestamp != a.Timestamp() {
		t.Errorf("head %+v", head)
	}
	fatalIfErr(t, VerifyAuditorTreeHead(a.cfg, head, naive.LogRoot(h.hashes)))
}

func wantStep(t *testing.T, what string, err error, step int) {
	t.Helper()
	var e *AuditError
	if !errors.As(err, &e) || e.Step != step {
		t.Errorf("%s: got %v, want a refusal in step %d", what, err, step)
	}
}

// testLeaf has a key with the given first byte.
func testLeaf(first, commitment byte) prefixtree.Leaf {
	return prefixtree.Leaf{Key: prefixtree.Key{first}, Commitment: merkle.Hash{commitment}}
}

// shortHistory is a log of two entries, at 100 and 200 ms, and its auditor. With a
// window of 250 ms the second becomes distinguished when an entry of that time comes.
func shortHistory(t *testing.T) (*audited, *Auditor) {
	t.Helper()
	h, a := &audited{}, must(NewAuditor(auditingConfiguration(250)))
	for i, leaves := range [][]prefixtree.Leaf{
		{testLeaf(0x00, 1), testLeaf(0x01, 2), testLeaf(0x80, 3), testLeaf(0xc0, 4)}, {testLeaf(0x40, 5)},
	} {
		u, err := h.update(uint64(100*(i+1)), leaves, nil)
		fatalIfErr(t, err)
		fatalIfErr(t, a.Apply(u))
		h.append(u)
	}
	return h, a
}

// TestAuditorTampered changes an update that an auditor accepts in every way that a
// step is about, and in the ways of facebook/akd#495: nodes in a proof that take no
// part in the root.
func TestAuditorTampered(t *testing.T) {
	h, a := shortHistory(t)
	honest := func() *AuditorUpdate {
		return must(h.update(300, []prefixtree.Leaf{testLeaf(0x00, 6), testLeaf(0x20, 7), testLeaf(0x80, 8)},
			[]prefixtree.Leaf{testLeaf(0x00, 1), testLeaf(0x01, 2), testLeaf(0x80, 3)}))
	}
	for name, c := range map[string]struct {
		step   int
		tamper func(u *AuditorUpdate)
	}{
		"time":                  {1, func(u *AuditorUpdate) { u.Timestamp = 199 }},
		"order of added":        {2, func(u *AuditorUpdate) { u.Added[0], u.Added[1] = u.Added[1], u.Added[0] }},
		"added twice":           {2, func(u *AuditorUpdate) { u.Added[1] = u.Added[0] }},
		"order of removed":      {2, func(u *AuditorUpdate) { u.Removed[0], u.Removed[1] = u.Removed[1], u.Removed[0] }},
		"removed twice":         {2, func(u *AuditorUpdate) { u.Removed[1] = u.Removed[0] }},
		"a leaf changes unsaid": {3, func(u *AuditorUpdate) { u.Removed, u.Proof.Results = u.Removed[:2], u.Proof.Results[:5] }},
		"replaces what is absent": {4, func(u *AuditorUpdate) {
			u.Proof.Results[2] = prefixtree.Result{Type: prefixtree.NonInclusionParent, Depth: 2}
		}},
		"removes what is absent": {4, func(u *AuditorUpdate) {
			u.Proof.Results[3] = prefixtree.Result{Type: prefixtree.NonInclusionParent, Depth: 8}
		}},
		"unpublished":          {5, func(u *AuditorUpdate) { u.Timestamp = 249 }},
		"another commitment":   {6, func(u *AuditorUpdate) { u.Removed[0].Commitment[9]++ }},
		"another tree":         {6, func(u *AuditorUpdate) { u.Proof.Elements[0][0]++ }},
		"a result too few":     {6, func(u *AuditorUpdate) { u.Proof.Results = u.Proof.Results[:5] }},
		"a result too many":    {6, func(u *AuditorUpdate) { u.Proof.Results = append(u.Proof.Results, u.Proof.Results[4]) }},
		"an unused element":    {6, func(u *AuditorUpdate) { u.Proof.Elements = append(u.Proof.Elements, merkle.Hash{1}) }},
		"an element twice":     {6, func(u *AuditorUpdate) { u.Proof.Elements = slices.Insert(u.Proof.Elements, 0, u.Proof.Elements[0]) }},
		"an element too few":   {6, func(u *AuditorUpdate) { u.Proof.Elements = u.Proof.Elements[1:] }},
		"a leaf at two depths": {6, func(u *AuditorUpdate) { u.Proof.Results[4].Depth++ }},
		"absence by its own leaf": {6, func(u *AuditorUpdate) {
			u.Proof.Results[1] = prefixtree.Result{Type: prefixtree.NonInclusionLeaf, Leaf: prefixtree.Leaf{Key: u.Added[1].Key}, Depth: 3}
		}},
		"a leaf that is not there": {6, func(u *AuditorUpdate) { u.Proof.Results[1].Type = prefixtree.NonInclusionLeaf }},
	} {
		u := honest()
		c.tamper(u)
		before := a.Marshal()
		wantStep(t, name, a.Apply(u), c.step)
		if !bytes.Equal(a.Marshal(), before) {
			t.Errorf("%s: a refused update changed the auditor", name)
		}
	}
	u := honest()
	fatalIfErr(t, a.Apply(u))
	h.append(u)
	checkAuditor(t, h, a)
}

// TestAuditorUndetermined removes a leaf beside a node of which the proof has only
// the value: no update is made, and one that somebody else made is not signed.
func TestAuditorUndetermined(t *testing.T) {
	h, a := shortHistory(t)
	removed := []prefixtree.Leaf{testLeaf(0x40, 5)}
	if _, err := h.update(400, nil, removed); !errors.Is(err, ErrUndetermined) {
		t.Errorf("made: %v", err)
	}
	proof, _, err := prefixtree.Prove(buildNode(h.tree(), 0), []prefixtree.Key{removed[0].Key})
	fatalIfErr(t, err)
	err = a.Apply(&AuditorUpdate{Timestamp: 400, Removed: removed, Proof: proof})
	wantStep(t, "applied", err, 7)
	wantErr(t, "applied", err, ErrUndetermined)
	if a.Size() != 2 {
		t.Errorf("size %d", a.Size())
	}
}

// TestAuditorWaiting fills an auditor, which has room again once a distinguished
// entry has published what waits.
func TestAuditorWaiting(t *testing.T) {
	h, a := shortHistory(t)
	a.room = 6
	u := must(h.update(249, []prefixtree.Leaf{testLeaf(0x50, 0), testLeaf(0x51, 0)}, nil))
	before := a.Marshal()
	wantErr(t, "seven leaves", a.Apply(u), ErrWaiting)
	if !bytes.Equal(a.Marshal(), before) {
		t.Error("a refused update changed the auditor")
	}
	u.Timestamp = 250
	fatalIfErr(t, a.Apply(u))
	if a.Waiting() != 2 {
		t.Errorf("%d leaves wait", a.Waiting())
	}
}

// TestAuditorRefusesToSign has configurations and keys that do not fit.
func TestAuditorRefusesToSign(t *testing.T) {
	h, a := shortHistory(t)
	if _, err := a.Head(testSigningKey); err == nil {
		t.Error("signed with another key")
	}
	if _, err := must(NewAuditor(a.cfg)).Head(testAuditorKey); err == nil {
		t.Error("signed an empty log")
	}
	late := must(NewAuditorAt(a.cfg, h.view()))
	u := must(h.update(300, []prefixtree.Leaf{testLeaf(0x50, 0)}, nil))
	fatalIfErr(t, late.Apply(u))
	if _, err := late.Head(testAuditorKey); err == nil {
		t.Error("signed as if it had processed the log from its beginning")
	}
	for name, cfg := range map[string]func(c *Configuration){
		"mode": func(c *Configuration) { c.Mode = ContactMonitoring },
		"key":  func(c *Configuration) { c.AuditorPublicKey = nil },
	} {
		c := *a.cfg
		cfg(&c)
		if _, err := NewAuditor(&c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	broken := h.view()
	broken.Frontier = broken.Frontier[1:]
	if _, err := NewAuditorAt(a.cfg, broken); err == nil {
		t.Error("a broken view was accepted")
	}
}

// TestNewAuditorUpdate asks for updates that no auditor accepts.
func TestNewAuditorUpdate(t *testing.T) {
	h, _ := shortHistory(t)
	var many []prefixtree.Leaf
	for i := range MaxChanges + 1 {
		many = append(many, prefixtree.Leaf{Key: prefixtree.Key{0xf0, byte(i >> 8), byte(i)}})
	}
	for name, c := range map[string]struct {
		added, removed []prefixtree.Leaf
		step           int // 0 is not an auditor's
	}{
		"nothing":           {},
		"too many":          {added: many},
		"too many together": {added: many[:MaxChanges], removed: h.tree()[:1]},
		"added twice":       {added: []prefixtree.Leaf{many[0], many[0]}, step: 2},
		"present":           {added: h.tree()[:1], step: 3},
		"absent":            {removed: many[:1], step: 4},
	} {
		u, err := h.update(300, c.added, c.removed)
		if u != nil || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.step > 0 {
			wantStep(t, name, err, c.step)
		}
	}
	u := must(h.update(300, many[:MaxChanges], nil))
	if data := must(u.Marshal()); len(data) > MaxAuditorUpdateSize {
		t.Errorf("%d bytes", len(data))
	}
}
