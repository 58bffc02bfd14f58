package keytrans

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// The logs behind the vectors of whole responses cannot be rebuilt, for want of
// their private keys and openings. Our verifier verifies the peer's responses;
// our prover answers the same requests from a world with the same history, and
// its proofs must have the same parts.

const (
	noHeads = "The vector does not carry what the user had retained. Every element of the proof is consumed in its place, but " +
		"the root, and so the signature, cannot be checked for want of the retained subtree heads"
	oldSearch = "The peer follows the text before 2026-07-28, by which the view update gives this user nothing: the timestamps are " +
		"those of entries 6, 1, 2. The test runs our verifier with that list in place of ours, and checks the signature: the retained " +
		"head follows from the leaves 0 to 3. Under the present text our verifier refuses the response, and our prover " +
		"gives entry 5 first, with its prefix root"
	eitherOrder = "The text before 2026-07-28 asks for entry 6 before entry 5. Both have the same timestamp here: the response is the " +
		"same under either text"
	fewerCommitments = "The peer leaves out the commitments to existing versions that no lookup shows to be included. Our verifier " +
		"accepts that; our prover provides them, as the draft says"
	noAbsence = "The draft has no such response, as it has no proof of absence, and our prover answers with an error"
	noProof   = "The vector has an error in place of a response; our prover's is ErrVersionExpired"
	noHead    = "The vectors have the proofs without the UpdateResponse around them and without a tree head: no signature can be checked"
)

// vectorLog is the part of a case's input that describes a log and a user.
type vectorLog struct {
	Timestamps []uint64 `json:"entry_timestamps"`
	Label      hexBytes
	Last       *uint64
	MaxAhead   uint64 `json:"max_ahead"`
	MaxBehind  uint64 `json:"max_behind"`
	Lifetime   uint64 `json:"maximum_lifetime"`
	Window     uint64 `json:"monitoring_window"`
	Mode       DeploymentMode
	Mutations  []struct {
		Add []struct{ Label, Value hexBytes }
	}
	SignaturePublicKey hexBytes `json:"signature_public_key"`
	VRFPublicKey       hexBytes `json:"vrf_public_key"`
}

func (l *vectorLog) size() uint64 { return uint64(len(l.Timestamps)) }

func (l *vectorLog) now() time.Time { return time.UnixMilli(int64(l.Timestamps[l.size()-1])) }

// verifier returns a Verifier for the log. Where a file leaves out max_ahead
// and max_behind, they are what they are in the others: the signatures tell.
func (l *vectorLog) verifier(t *testing.T) *Verifier {
	t.Helper()
	const others = 10000
	cfg := &Configuration{
		Suite: KT_128_SHA256_Ed25519, Mode: l.Mode, SignaturePublicKey: l.SignaturePublicKey, VRFPublicKey: l.VRFPublicKey,
		MaxAhead: others, MaxBehind: others, ReasonableMonitoringWindow: l.Window,
	}
	if l.MaxAhead != 0 {
		cfg.MaxAhead, cfg.MaxBehind = l.MaxAhead, l.MaxBehind
	}
	if l.Lifetime > 0 {
		cfg.MaximumLifetime = &l.Lifetime
	}
	v, err := NewVerifier(cfg)
	fatalIfErr(t, err)
	return v
}

// label returns the label in our own log with the same history.
func (l *vectorLog) label() *worldLabel {
	n := naive.World{Timestamps: l.Timestamps, RMW: l.Window, Inserted: make(map[string][]uint64)}
	if l.Lifetime > 0 {
		n.MaximumLifetime = &l.Lifetime
	}
	for pos, m := range l.Mutations {
		for _, a := range m.Add {
			n.Inserted[string(a.Label)] = append(n.Inserted[string(a.Label)], uint64(pos))
		}
	}
	return newWorld(n, fakeVRF{}).at(l.size()).label(string(l.Label))
}

// values returns the values of the label's versions.
func (l *vectorLog) values() [][]byte {
	var out [][]byte
	for _, m := range l.Mutations {
		for _, a := range m.Add {
			if string(a.Label) == string(l.Label) {
				out = append(out, a.Value)
			}
		}
	}
	return out
}

// view returns what is known of the user's view: neither its subtree heads nor
// the prefix tree roots of its frontier.
func (l *vectorLog) view() *View {
	if l.Last == nil {
		return &View{}
	}
	view := &View{Head: TreeHead{TreeSize: *l.Last}, Subtrees: make([]merkle.Hash, len(logtree.FullSubtrees(*l.Last)))}
	for _, pos := range ibst.Frontier(*l.Last) {
		view.Frontier = append(view.Frontier, Entry{Position: pos, LogEntry: LogEntry{Timestamp: l.Timestamps[pos]}})
	}
	return view
}

// begin starts the verification of a response for a user of that view.
func (l *vectorLog) begin(t *testing.T, head *FullTreeHead, proof CombinedTreeProof, keys map[uint32]VersionKey) *session {
	t.Helper()
	s, err := l.verifier(t).begin(l.view(), head, proof, keys)
	fatalIfErr(t, err)
	clear(s.consumer.retained) // there are no prefix tree roots to compare with
	return s
}

// finish consumes the rest of the proof.
func (s *session) finish(t *testing.T) logtree.Result {
	t.Helper()
	result, _, err := s.consumer.finish(s.view, s.size)
	fatalIfErr(t, err)
	fatalIfErr(t, s.contradiction)
	fatalIfErr(t, s.rejection)
	return result
}

// vectorProof is a CombinedTreeProof.
type vectorProof struct {
	Timestamps   []uint64
	PrefixProofs []vectorPrefixProof `json:"prefix_proofs"`
	PrefixRoots  []hexHash           `json:"prefix_roots"`
	Inclusion    []hexHash
}

// check compares a decoded proof with what the vector says its parts are.
func (v *vectorProof) check(t *testing.T, got *CombinedTreeProof) {
	t.Helper()
	same(t, "timestamps", got.Timestamps, v.Timestamps)
	same(t, "prefix roots", got.PrefixRoots, hashList(v.PrefixRoots))
	same(t, "inclusion", got.Inclusion, hashList(v.Inclusion))
	if len(got.PrefixProofs) != len(v.PrefixProofs) {
		t.Fatalf("%d prefix proofs, want %d", len(got.PrefixProofs), len(v.PrefixProofs))
	}
	for i := range v.PrefixProofs {
		v.PrefixProofs[i].check(t, &got.PrefixProofs[i], v.PrefixProofs[i].Encoding)
	}
}

// checkOurs compares the proof that our prover makes in a log with the same
// history.
func (v *vectorProof) checkOurs(t *testing.T, ours *CombinedTreeProof) {
	t.Helper()
	same(t, "our timestamps", ours.Timestamps, v.Timestamps)
	outcomes := func(p *prefixtree.Proof) (out []bool) {
		for _, r := range p.Results {
			out = append(out, r.Type == prefixtree.Inclusion)
		}
		return out
	}
	var got, want [][]bool
	for i := range ours.PrefixProofs {
		got = append(got, outcomes(&ours.PrefixProofs[i]))
	}
	for i := range v.PrefixProofs {
		p := v.PrefixProofs[i].proof()
		want = append(want, outcomes(&p))
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("our lookups: got %v, want %v", got, want)
	}
	if len(ours.PrefixRoots) != len(v.PrefixRoots) || len(ours.Inclusion) != len(v.Inclusion) {
		t.Errorf("our proof has %d prefix roots and %d inclusion elements, want %d and %d",
			len(ours.PrefixRoots), len(ours.Inclusion), len(v.PrefixRoots), len(v.Inclusion))
	}
}

// vectorResponse is the part of a case's expectation that all responses have.
type vectorResponse struct {
	vectorProof
	Response     hexBytes
	Head         hexBytes `json:"full_tree_head"`
	TreeSize     uint64   `json:"tree_size"`
	BinaryLadder []struct {
		Proof      hexBytes
		Commitment *hexHash
	} `json:"binary_ladder"`
}

// checkHead compares the response, encoded again after it was decoded, and its
// head.
func (v *vectorResponse) checkHead(t *testing.T, cfg *Configuration, head *FullTreeHead, response []byte, err error) {
	t.Helper()
	fatalIfErr(t, err)
	sameBytes(t, "response", response, v.Response)
	var b builder
	head.add(&b, cfg)
	sameBytes(t, "FullTreeHead", b.BytesOrPanic(), v.Head)
	if head.TreeHead.TreeSize != v.TreeSize {
		t.Errorf("tree size %d, want %d", head.TreeHead.TreeSize, v.TreeSize)
	}
}

// checkLadder compares the decoded binary ladder with the vector's, and says
// whether ours has commitments that it lacks.
func (v *vectorResponse) checkLadder(t *testing.T, got, ours []BinaryLadderStep) (more bool) {
	t.Helper()
	if len(got) != len(v.BinaryLadder) || len(ours) != len(v.BinaryLadder) {
		t.Fatalf("%d binary ladder steps, ours %d, want %d", len(got), len(ours), len(v.BinaryLadder))
	}
	for i, step := range v.BinaryLadder {
		sameBytes(t, "VRF proof", got[i].Proof, step.Proof)
		if (got[i].Commitment == nil) != (step.Commitment == nil) || step.Commitment != nil && *got[i].Commitment != merkle.Hash(*step.Commitment) {
			t.Errorf("step %d: got commitment %v, want %v", i, got[i].Commitment, step.Commitment)
		}
		if step.Commitment != nil && ours[i].Commitment == nil {
			t.Errorf("our step %d has no commitment", i)
		}
		more = more || step.Commitment == nil && ours[i].Commitment != nil
	}
	return more
}

func runSearch(t *testing.T, c *vectorCase) outcome {
	var in struct {
		vectorLog
		Version *uint32
	}
	var want struct {
		vectorResponse
		Error   string
		Opening hexBytes
		Version *uint32
	}
	c.decode(t, &in, &want)
	q := &SearchRequest{Last: in.Last, Label: in.Label, Version: in.Version}
	label := in.label()
	ours, oursErr := (&Prover{Config: label.cfg}).Search(label.worldLog, label, q)
	if want.Error != "" {
		wantErr(t, want.Error, oursErr, ErrVersionExpired)
		if !strings.Contains(want.Error, "expired") {
			t.Errorf("error %q", want.Error)
		}
		c.note(noProof)
		return refused
	}
	v := in.verifier(t)
	p, err := ParseSearchResponse(v.cfg, q, want.Response)
	fatalIfErr(t, err)
	encoded, err := p.Marshal(v.cfg)
	want.checkHead(t, v.cfg, &p.FullTreeHead, encoded, err)
	want.check(t, &p.Search)
	sameBytes(t, "opening", p.Opening[:], want.Opening)
	version := in.Version
	if version == nil {
		version = want.Version
		same(t, "version", []uint32{*p.Version}, []uint32{*version})
	}
	if int(*version) >= len(in.values()) {
		c.note(noAbsence)
		want.checkLadder(t, p.BinaryLadder, p.BinaryLadder)
		wantErr(t, "our answer", oursErr, ErrNoVersion)
		_, err := v.Search(in.view(), q, p, in.now())
		kind := ErrNoVersion
		if len(want.BinaryLadder) == 1 {
			kind = ErrProof
			c.note("The peer's binary ladder ends after its first step")
		}
		wantErr(t, "verified", err, kind)
		return refused
	}
	fatalIfErr(t, oursErr)
	sameBytes(t, "value", p.Value.Value, in.values()[*version])
	if want.checkLadder(t, p.BinaryLadder, ours.BinaryLadder) {
		c.note(fewerCommitments)
	}
	if !reflect.DeepEqual(ours.Version, want.Version) {
		t.Errorf("our version %v, want %v", ours.Version, want.Version)
	}
	switch {
	case in.Last == nil:
		want.checkOurs(t, &ours.Search)
		_, err := v.Search(in.view(), q, p, in.now())
		fatalIfErr(t, err)
		return agreed
	case in.Version == nil:
		want.checkOurs(t, &ours.Search)
		keys, err := v.searchKeys(q.Label, *version, p)
		fatalIfErr(t, err)
		s := in.begin(t, &p.FullTreeHead, p.Search, keys)
		fatalIfErr(t, s.updateView(*in.Last))
		_, err = s.greatestVersion(*version)
		fatalIfErr(t, err)
		s.finish(t)
		c.note(noHeads)
		c.note(eitherOrder)
		return agreed
	}
	want.Timestamps = append([]uint64{in.Timestamps[5]}, want.Timestamps...)
	want.PrefixRoots = append(want.PrefixRoots, hexHash{})
	want.checkOurs(t, &ours.Search)
	checkOldSearch(t, &in.vectorLog, q, p)
	c.note(oldSearch)
	return olderReading
}

// checkOldSearch verifies, under the older text of the view update, a search
// for a version in a log of 7 entries by a user who has seen 4 of them. Under
// the present text it must fail.
func checkOldSearch(t *testing.T, l *vectorLog, q *SearchRequest, p *SearchResponse) {
	t.Helper()
	if *l.Last != 4 || l.size() != 7 {
		t.Fatal("not the case that this was written for")
	}
	keys, err := l.verifier(t).searchKeys(q.Label, *q.Version, p)
	fatalIfErr(t, err)
	s := l.begin(t, &p.FullTreeHead, p.Search, keys)
	for _, pos := range olderUpdateView(*l.Last, s.size) {
		_, err := s.timestamp(pos)
		fatalIfErr(t, err)
	}
	_, err = s.fixedVersion(*q.Version)
	fatalIfErr(t, err)
	shown := []uint64{1, 2}
	var leaves []merkle.Hash
	for _, pos := range shown {
		leaves = append(leaves, LogEntry{s.consumer.given[pos], s.consumer.roots[pos]}.Hash())
	}
	retained, err := logtree.Evaluate(*l.Last, 0, nil, provenLeaves(shown, leaves), p.Search.Inclusion[:2])
	fatalIfErr(t, err)
	hexHash(p.Search.Inclusion[1]).check(t, "entry 3", LogEntry{l.Timestamps[3], s.consumer.roots[3]}.Hash())
	s.view.Subtrees = retained.Heads
	fatalIfErr(t, VerifyTreeHead(s.cfg, p.FullTreeHead.TreeHead, s.finish(t).Root))

	s = l.begin(t, &p.FullTreeHead, p.Search, keys)
	err = s.updateView(*l.Last)
	if err == nil {
		_, err = s.fixedVersion(*q.Version)
	}
	wantErr(t, "under the present text", err, ErrProof)
}
