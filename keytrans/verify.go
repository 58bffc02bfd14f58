package keytrans

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// ErrTime says that the head's timestamp is too far from the user's clock.
var ErrTime = errors.New("the tree head is not of this time")

// ErrBehind is the ErrTime of a head that is too old: the log stands still, or its
// present state is held back.
var ErrBehind = fmt.Errorf("%w", ErrTime)

// ErrAuditor says that there is no auditor's head for the log, or that it breaks
// the rules of KEYTRANS, "Auditor Tree Head Signature". Whose fault that is does
// not follow: it is the log that passes the auditor's head on.
var ErrAuditor = errors.New("the auditor does not vouch for the log")

// ErrOrder says that a timestamp breaks the order of time. It is wrapped by a
// *Misbehaviour.
var ErrOrder = errors.New("a timestamp breaks the order of time")

// Misbehaviour is the error for a response that an honest log cannot give: its
// parts fit together and the log's signature covers them, but what they say
// contradicts itself, the request, or what the user has verified before. The
// response is evidence.
type Misbehaviour struct{ Err error }

// Error says what the contradiction is.
func (m *Misbehaviour) Error() string { return "misbehaviour of the log: " + m.Err.Error() }

// Unwrap returns the contradiction.
func (m *Misbehaviour) Unwrap() error { return m.Err }

// Verifier verifies a log's responses under its pinned Configuration. It keeps
// no state and is safe for concurrent use.
//
// Its methods return an error that wraps ErrProof, ErrSignature, ErrTime,
// ErrAuditor, ErrStart, ErrNoVersion, ErrVersionExpired or ErrUnexpectedVersion,
// or is a *Misbehaviour. Whatever the error is, nothing of the response may be
// used or retained.
type Verifier struct {
	cfg *Configuration
	vrf vrf.PublicKey

	unaudited, timeless bool // see Unaudited and Timeless
}

// NewVerifier returns a Verifier for a log. The error says what about the
// Configuration cannot be used.
func NewVerifier(cfg *Configuration) (*Verifier, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	params, err := cfg.Suite.params()
	if err != nil {
		return nil, err
	}
	if err := cfg.checkPublicKeys(); err != nil {
		return nil, err
	}
	key, err := params.parseVRF(cfg.VRFPublicKey)
	if err != nil {
		return nil, fmt.Errorf("the configuration's VRF public key: %w", err)
	}
	return &Verifier{cfg: cfg, vrf: key}, nil
}

// Unaudited returns a Verifier that accepts whatever auditor's head comes with the
// log's own, as long as its size is one that the log has had. What it verifies is
// what the log has signed. That is good for evidence, and for nothing else.
func (v *Verifier) Unaudited() *Verifier {
	u := *v
	u.unaudited = true
	return &u
}

// Timeless returns a Verifier that accepts heads of any time, whatever its methods
// are told the time is. Like Unaudited, it is good for evidence, and for nothing else.
func (v *Verifier) Timeless() *Verifier {
	t := *v
	t.timeless = true
	return &t
}

// Configuration returns the pinned configuration, which must not be modified.
func (v *Verifier) Configuration() *Configuration { return v.cfg }

// Verified is what every verified response establishes.
type Verified struct {
	// View is what the user retains from now on.
	View *View
	// Entries are the log entries, ascending, that the proof relied on and the
	// user had not retained.
	Entries []Entry

	tree logtree.Result
}

// Inclusion returns a proof, as logtree.Proof lists it for nobody in particular,
// that View's log has the entry at pos. It exists for Entries.
func (v *Verified) Inclusion(pos uint64) ([]merkle.Hash, bool) {
	var out []merkle.Hash
	for _, n := range logtree.Proof(v.View.Head.TreeSize, 0, []uint64{pos}) {
		h, ok := v.tree.Value(n)
		if !ok {
			return nil, false
		}
		out = append(out, h)
	}
	return out, true
}

// session is the verification of one response.
type session struct {
	*walk
	verifier *Verifier
	view     *View
	head     *FullTreeHead
	consumer *consumer

	// known is the view whose root the proof must lead to if head is not a new
	// one: the user's, unless the proof is about another log that the user knows.
	known *View
}

// open starts the verification of a response and updates the user's view.
func (v *Verifier) open(view *View, head *FullTreeHead, proof CombinedTreeProof, keys map[uint32]VersionKey) (*session, error) {
	s, err := v.begin(view, head, proof, keys)
	if err != nil {
		return nil, err
	}
	return s, s.updateView(view.Head.TreeSize)
}

// begin starts the verification of a response; the view has yet to be updated.
func (v *Verifier) begin(view *View, head *FullTreeHead, proof CombinedTreeProof, keys map[uint32]VersionKey) (*session, error) {
	if err := view.check(); err != nil {
		return nil, err
	}
	size := view.Head.TreeSize
	if head.TreeHead == nil {
		if size == 0 {
			return nil, fmt.Errorf("%w: the same head for a user who has none", ErrProof)
		}
	} else {
		if err := checkNewSize(size, head.TreeHead.TreeSize); err != nil {
			return nil, err
		}
		size = head.TreeHead.TreeSize
	}
	if a := head.AuditorTreeHead; v.cfg.Mode == ThirdPartyAuditing && head.TreeHead != nil {
		if a == nil || a.TreeSize == 0 || a.TreeSize > size {
			// SPEC: Verify that tree_size is less than or equal to that of the
			// TreeHead provided by the Transparency Log.
			return nil, fmt.Errorf("%w: its head is not of the %d entries of this log", ErrAuditor, size)
		}
	}
	return v.start(view, head, size, proof, keys), nil
}

// checkNewSize verifies that a log of size entries can be newer than one of old.
func checkNewSize(old, size uint64) error {
	if size <= old || size > logtree.MaxSize {
		return fmt.Errorf("%w: a head of %d entries after one of %d", ErrProof, size, old)
	}
	return nil
}

// start is begin for a view, and a head for size entries, that have been checked.
func (v *Verifier) start(view *View, head *FullTreeHead, size uint64, proof CombinedTreeProof, keys map[uint32]VersionKey) *session {
	c := newConsumer(view, proof, keys)
	s := &session{walk: newWalk(c, v.cfg, size), verifier: v, view: view, known: view, head: head, consumer: c}
	for _, e := range view.Frontier {
		s.remember(e.Position, e.Timestamp)
	}
	return s
}

// close ends the verification: the candidate root must be the retained one or
// signed, and the head of this time.
func (s *session) close(now time.Time) (Verified, error) {
	v, err := s.conclude()
	if err != nil {
		return Verified{}, err
	}
	rightmost := v.View.Rightmost().Timestamp
	if err := s.verifyAuditor(&v.tree, rightmost); err != nil {
		return Verified{}, err
	}
	if err := s.checkTime(rightmost, now); err != nil {
		return Verified{}, err
	}
	return v, nil
}

// conclude is close for a log that need not be of this time, nor audited.
func (s *session) conclude() (Verified, error) {
	result, entries, err := s.consumer.finish(s.view, s.size, s.head.earlier()...)
	if err != nil {
		return Verified{}, err
	}
	if err := s.verifyRoot(result.Root); err != nil {
		return Verified{}, err
	}
	if s.contradiction != nil {
		return Verified{}, &Misbehaviour{s.contradiction}
	}
	if s.rejection != nil {
		return Verified{}, s.rejection
	}
	frontier, err := s.consumer.frontier(s.size, entries)
	if err != nil {
		return Verified{}, err
	}
	view := &View{Head: s.known.Head, Subtrees: result.Heads, Frontier: frontier, AuditorTreeHead: s.known.AuditorTreeHead}
	if s.head.TreeHead != nil {
		view.Head, view.AuditorTreeHead = *s.head.TreeHead, s.head.AuditorTreeHead
	}
	return Verified{View: view, Entries: entries, tree: result}, nil
}

func (s *session) verifyRoot(root merkle.Hash) error {
	if s.head.TreeHead != nil {
		return VerifyTreeHead(s.cfg, s.head.TreeHead, root)
	}
	retained, err := s.known.Root()
	if err != nil {
		return err
	}
	if root != retained {
		return fmt.Errorf("%w: the proof does not lead to the retained root", ErrProof)
	}
	return nil
}

// checkTime holds the rightmost entry's timestamp against the user's clock.
func (s *session) checkTime(ts uint64, now time.Time) error {
	clock := uint64(max(now.UnixMilli(), 0))
	switch {
	case s.verifier.timeless:
		return nil
	case ts > clock && ts-clock > s.cfg.MaxAhead:
		return fmt.Errorf("%w: it is %d ms ahead of this clock, more than %d", ErrTime, ts-clock, s.cfg.MaxAhead)
	case ts < clock && clock-ts > s.cfg.MaxBehind:
		return fmt.Errorf("%w: it is %d ms behind this clock, more than %d", ErrBehind, clock-ts, s.cfg.MaxBehind)
	}
	return nil
}

// ladderKeys verifies the VRF proofs of a binary ladder for the given versions
// and returns what it says of each.
func (v *Verifier) ladderKeys(label []byte, versions []uint32, steps []BinaryLadderStep) (map[uint32]VersionKey, error) {
	if len(steps) != len(versions) {
		return nil, fmt.Errorf("%w: %d binary ladder steps for %d versions", ErrProof, len(steps), len(versions))
	}
	keys := make(map[uint32]VersionKey, len(versions))
	for i, version := range versions {
		alpha, err := VRFInput(label, version)
		if err != nil {
			return nil, err
		}
		output, err := v.vrf.Verify(alpha, steps[i].Proof)
		if err != nil {
			return nil, fmt.Errorf("%w: search key of version %d: %w", ErrProof, version, err)
		}
		keys[version] = VersionKey{SearchKey: merkle.Hash(output), Commitment: steps[i].Commitment}
	}
	return keys, nil
}

// mergeKeys returns what is known of a label's versions from before and from a
// new response. If both have proven different commitments to one version, the
// error is a *Misbehaviour; other contradictions wrap ErrProof.
func mergeKeys(known, added map[uint32]VersionKey) (map[uint32]VersionKey, error) {
	out := make(map[uint32]VersionKey, len(known)+len(added))
	maps.Copy(out, known)
	for v, k := range added {
		old, ok := out[v]
		same := old.Commitment != nil && k.Commitment != nil && *old.Commitment == *k.Commitment
		switch {
		case ok && old.SearchKey != k.SearchKey:
			return nil, fmt.Errorf("%w: the search key of version %d changed", ErrProof, v)
		case ok && k.Commitment == nil || same && old.Proven:
			continue
		case old.Proven && k.Proven:
			return nil, &Misbehaviour{fmt.Errorf("the commitment to version %d changed", v)}
		case old.Proven:
			return nil, fmt.Errorf("%w: the commitment to version %d changed", ErrProof, v)
		}
		out[v] = k
	}
	return out, nil
}

// keepKeys returns the keys of the given versions.
func keepKeys(keys map[uint32]VersionKey, versions []uint32) map[uint32]VersionKey {
	out := make(map[uint32]VersionKey)
	for v, k := range keys {
		if slices.Contains(versions, v) {
			out[v] = k
		}
	}
	return out
}
