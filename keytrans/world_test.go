package keytrans

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

// fakeVRF stands in for a VRF where a test makes very many proofs: the output
// is a hash of the input, and the proof repeats the output.
type fakeVRF struct{}

func (fakeVRF) Bytes() []byte  { return nil }
func (fakeVRF) Public() []byte { return nil }

func (fakeVRF) Evaluate(alpha []byte) vrf.Output { return sha256.Sum256(alpha) }

func (f fakeVRF) Prove(alpha []byte) (vrf.Output, []byte) {
	out := f.Evaluate(alpha)
	proof := make([]byte, 80)
	copy(proof, out[:])
	return out, proof
}

func (f fakeVRF) Verify(alpha, proof []byte) (vrf.Output, error) {
	out, want := f.Prove(alpha)
	if !bytes.Equal(proof, want) {
		return vrf.Output{}, errors.New("fake VRF proof does not verify")
	}
	return out, nil
}

// prover is the part of a VRF's private key that a world uses.
type prover interface {
	Prove(alpha []byte) (vrf.Output, []byte)
}

// world is a whole log in memory, in every state it ever had, built from a
// naive.World. Its trees are the naive ones.
type world struct {
	naive.World
	cfg     *Configuration
	key     SigningKey
	vrf     prover
	labels  []string
	entries []LogEntry
	leaves  [][]prefixtree.Leaf // as of each entry, sorted
	nodes   []prefixtree.Node
	hashes  []merkle.Hash
	states  []*worldLog // by size
	proofs  map[string]worldKey
	subs    map[[2]uint64]merkle.Hash

	leafKey, auditorKey SigningKey // nil in other modes
	commitments         map[string]merkle.Hash
}

type worldKey struct {
	searchKey merkle.Hash
	proof     []byte
}

var (
	testAuditorKey = must(NewEd25519SigningKey(bytes.Repeat([]byte{8}, 32)))
	testLeafKey    = must(NewEd25519SigningKey(bytes.Repeat([]byte{6}, 32)))
	testSigningKey = must(NewEd25519SigningKey(bytes.Repeat([]byte{7}, 32)))
	testVRFKey     = must(vrf.NewEd25519PrivateKey(bytes.Repeat([]byte{9}, 32)))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func testConfiguration() *Configuration {
	return &Configuration{
		Suite: KT_128_SHA256_Ed25519, Mode: ContactMonitoring,
		SignaturePublicKey: testSigningKey.Public(), VRFPublicKey: testVRFKey.Public(),
		MaxAhead: 1000, MaxBehind: 1000,
	}
}

// newWorld builds a world. Each entry has one padding leaf beside the versions
// it creates; the first has two.
func newWorld(n naive.World, key prover) *world { return newModeWorld(n, key, ContactMonitoring) }

// newModeWorld is newWorld in a deployment mode.
func newModeWorld(n naive.World, key prover, mode DeploymentMode) *world {
	w := &world{World: n, cfg: testConfiguration(), key: testSigningKey, vrf: key, proofs: make(map[string]worldKey), subs: make(map[[2]uint64]merkle.Hash), commitments: make(map[string]merkle.Hash)}
	w.cfg.ReasonableMonitoringWindow = n.RMW
	w.cfg.MaximumLifetime = n.MaximumLifetime
	w.setMode(mode)
	for label := range n.Inserted {
		w.labels = append(w.labels, label)
	}
	slices.Sort(w.labels)
	var leaves []prefixtree.Leaf
	for pos, ts := range n.Timestamps {
		leaves = append(slices.Clone(leaves), w.newLeaves(uint64(pos))...)
		slices.SortFunc(leaves, func(a, b prefixtree.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) })
		node := buildNode(leaves, 0)
		w.leaves = append(w.leaves, leaves)
		w.nodes = append(w.nodes, node)
		entry := LogEntry{Timestamp: ts, PrefixTree: node.Hash()}
		w.entries = append(w.entries, entry)
		w.hashes = append(w.hashes, entry.Hash())
	}
	w.states = make([]*worldLog, len(n.Timestamps)+1)
	return w
}

// setMode gives the configuration what a mode needs. The auditor may lag as much
// as it likes.
func (w *world) setMode(mode DeploymentMode) {
	w.cfg.Mode = mode
	switch mode {
	case ThirdPartyManagement:
		w.leafKey, w.cfg.LeafPublicKey = testLeafKey, testLeafKey.Public()
	case ThirdPartyAuditing:
		w.auditorKey, w.cfg.AuditorPublicKey = testAuditorKey, testAuditorKey.Public()
		w.cfg.MaxAuditorLag = 1 << 50
	}
}

func (w *world) newLeaves(pos uint64) []prefixtree.Leaf {
	padding := 1
	if pos == 0 {
		padding = 2
	}
	var out []prefixtree.Leaf
	for i := range padding {
		seed := sha256.Sum256(fmt.Append(nil, "padding", pos, i))
		out = append(out, prefixtree.Leaf{Key: seed, Commitment: sha256.Sum256(seed[:])})
	}
	for _, label := range w.labels {
		for v, at := range w.Inserted[label] {
			if at == pos {
				out = append(out, prefixtree.Leaf{
					Key:        prefixtree.Key(w.prove(label, uint32(v)).searchKey),
					Commitment: w.commitment(label, uint32(v)),
				})
			}
		}
	}
	return out
}

func (w *world) prove(label string, version uint32) worldKey {
	id := fmt.Sprint(version, label)
	k, ok := w.proofs[id]
	if !ok {
		out, proof := w.vrf.Prove(must(VRFInput([]byte(label), version)))
		k = worldKey{merkle.Hash(out), proof}
		w.proofs[id] = k
	}
	return k
}

func (w *world) opening(label string, version uint32) (o Opening) {
	h := sha256.Sum256(fmt.Append(nil, "opening", label, version))
	copy(o[:], h[:])
	return o
}

func (w *world) value(label string, version uint32) []byte {
	return fmt.Appendf(nil, "value %d of %s", version, label)
}

// skipped reports whether a version was skipped: under ThirdPartyManagement, the
// first of the versions that one entry created, unless it created just one, and of
// four or more the second, too.
func (w *world) skipped(label string, version uint32) bool {
	inserted := w.Inserted[label]
	if w.cfg.Mode != ThirdPartyManagement || uint64(version) >= uint64(len(inserted)) {
		return false
	}
	first := slices.Index(inserted, inserted[version])
	after := len(inserted) - first
	for i, at := range inserted[first:] {
		if at != inserted[version] {
			after = i
			break
		}
	}
	return after > 1 && int(version) == first || after > 3 && int(version) == first+1
}

// update returns the value of a version as it is committed to.
func (w *world) update(label string, version uint32) UpdateValue {
	u := UpdateValue{Value: w.value(label, version)}
	if w.leafKey != nil {
		u = must(SignUpdate(w.cfg, w.leafKey, []byte(label), version, u.Value))
	}
	return u
}

func (w *world) commitment(label string, version uint32) merkle.Hash {
	if w.skipped(label, version) {
		return SkippedCommitment
	}
	id := fmt.Sprint(version, label)
	c, ok := w.commitments[id]
	if !ok {
		c = must(Commit(w.cfg.Mode, w.opening(label, version), []byte(label), version, w.update(label, version)))
		w.commitments[id] = c
	}
	return c
}

// verifier returns a Verifier for the world's VRF.
func (w *world) verifier() *Verifier {
	v := must(NewVerifier(w.cfg))
	if fake, ok := w.vrf.(fakeVRF); ok {
		v.vrf = fake
	}
	return v
}

// at returns the log's state with n entries.
func (w *world) at(n uint64) *worldLog {
	if w.states[n] == nil {
		root := merkle.Hash(naive.LogRoot(rawHashes(w.hashes[:n])))
		head := must(SignTreeHead(w.cfg, w.key, n, root))
		cut := naive.World{Timestamps: w.Timestamps[:n], RMW: w.RMW, MaximumLifetime: w.MaximumLifetime, Inserted: make(map[string][]uint64)}
		if w.auditorKey != nil {
			cut.Audited = max(1, n-n%3)
		}
		for label, inserted := range w.Inserted {
			i, _ := slices.BinarySearch(inserted, n)
			cut.Inserted[label] = inserted[:i]
		}
		w.states[n] = &worldLog{world: w, head: *head, root: root, naive: &cut}
	}
	return w.states[n]
}

// subtree returns the reference's value of the log tree over [lo, hi).
func (w *world) subtree(lo, hi uint64) merkle.Hash {
	h, ok := w.subs[[2]uint64{lo, hi}]
	if !ok {
		h = naive.LogSubtree(rawHashes(w.hashes), lo, hi)
		w.subs[[2]uint64{lo, hi}] = h
	}
	return h
}

func rawHashes(hs []merkle.Hash) [][32]byte {
	out := make([][32]byte, len(hs))
	for i := range hs {
		out[i] = hs[i]
	}
	return out
}

// worldLog is a world at one size. It implements Log.
type worldLog struct {
	*world
	head  TreeHead
	root  merkle.Hash
	naive *naive.World
	fresh *View
}

func (l *worldLog) Head() TreeHead { return l.head }

// AuditorHead is that of an auditor who is up to some entries behind.
func (l *worldLog) AuditorHead() *AuditorTreeHead {
	size := l.naive.Audited
	if size == 0 {
		return nil
	}
	return must(SignAuditorTreeHead(l.cfg, l.auditorKey, l.Timestamps[size-1], size, l.world.at(size).root))
}

func (l *worldLog) Entry(pos uint64) (LogEntry, error) {
	if pos >= l.head.TreeSize {
		return LogEntry{}, fmt.Errorf("entry %d read beyond the log", pos)
	}
	return l.entries[pos], nil
}

func (l *worldLog) LogNodes(nodes []logtree.Node) ([]merkle.Hash, error) {
	var out []merkle.Hash
	for _, n := range nodes {
		lo, hi := n.Range()
		if hi > l.head.TreeSize {
			return nil, fmt.Errorf("node %v read beyond the log", n)
		}
		out = append(out, l.subtree(lo, hi))
	}
	return out, nil
}

func (l *worldLog) PrefixTree(pos uint64) (prefixtree.Node, error) { return l.nodes[pos], nil }

func (l *worldLog) label(name string) *worldLabel { return &worldLabel{l, name} }

// now is a time at which the head is fresh.
func (l *worldLog) now() time.Time {
	return time.UnixMilli(int64(l.Timestamps[l.head.TreeSize-1]))
}

// view returns the view of a user who has just seen this state, by way of a
// first response; the zero view for no state.
func (w *world) view(t testing.TB, size uint64) *View {
	if size == 0 {
		return &View{}
	}
	l := w.at(size)
	if l.fresh == nil {
		q := &DistinguishedRequest{}
		p, err := (&Prover{Config: w.cfg}).Distinguished(l, q)
		fatalIfErr(t, err)
		r, err := w.verifier().Distinguished(&View{}, q, p, l.now())
		fatalIfErr(t, err)
		l.fresh = r.View
	}
	return l.fresh
}

var errSkipped = errors.New("the version was skipped")

// worldLabel implements Label.
type worldLabel struct {
	*worldLog
	name string
}

func (l *worldLabel) Greatest(pos uint64) (*uint32, error) {
	return l.naive.GreatestAt(l.name, pos), nil
}

func (l *worldLabel) Inserted(version uint32) (uint64, error) {
	return l.naive.Inserted[l.name][version], nil
}

func (l *worldLabel) SearchKey(version uint32) (merkle.Hash, error) {
	return l.prove(l.name, version).searchKey, nil
}

func (l *worldLabel) ProveKey(version uint32) ([]byte, error) {
	return l.prove(l.name, version).proof, nil
}

func (l *worldLabel) Commitment(version uint32) (merkle.Hash, error) {
	return l.commitment(l.name, version), nil
}

func (l *worldLabel) Open(version uint32) (Opening, UpdateValue, error) {
	if l.skipped(l.name, version) {
		return Opening{}, UpdateValue{}, errSkipped
	}
	return l.opening(l.name, version), l.update(l.name, version), nil
}

// treeNode is a prefix tree node in memory, built as the draft describes it.
type treeNode struct {
	hash        merkle.Hash
	leaf        *prefixtree.Leaf
	left, right *treeNode
}

func buildNode(leaves []prefixtree.Leaf, depth int) *treeNode {
	switch len(leaves) {
	case 0:
		return nil
	case 1:
		return &treeNode{hash: prefixtree.LeafHash(leaves[0]), leaf: &leaves[0]}
	}
	mid, _ := slices.BinarySearchFunc(leaves, byte(1), func(l prefixtree.Leaf, bit byte) int {
		return cmp.Compare(l.Key[depth/8]>>(7-depth%8)&1, bit)
	})
	n := &treeNode{left: buildNode(leaves[:mid], depth+1), right: buildNode(leaves[mid:], depth+1)}
	n.hash = prefixtree.ParentHash(n.left.value(), n.right.value())
	return n
}

func (n *treeNode) value() merkle.Hash {
	if n == nil {
		return merkle.Hash{}
	}
	return n.hash
}

func (n *treeNode) Hash() merkle.Hash { return n.hash }

func (n *treeNode) Leaf() (prefixtree.Leaf, bool, error) {
	if n.leaf == nil {
		return prefixtree.Leaf{}, false, nil
	}
	return *n.leaf, true, nil
}

func (n *treeNode) Children() (left, right prefixtree.Node, err error) {
	if n.left != nil {
		left = n.left
	}
	if n.right != nil {
		right = n.right
	}
	return left, right, nil
}
