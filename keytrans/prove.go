package keytrans

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// Log is one immutable state of a directory, from which a Prover answers.
// Everything read through it belongs to the same signed head.
type Log interface {
	logtree.Reader
	// Head returns the signed head. Its size is not zero.
	Head() TreeHead
	// AuditorHead returns the auditor's latest head, whose size is not above
	// Head's, or nil. Outside ThirdPartyAuditing there is none.
	AuditorHead() *AuditorTreeHead
	// Entry returns the log entry at a position below the head's size.
	Entry(pos uint64) (LogEntry, error)
	// PrefixTree returns the prefix tree as of the log entry at pos.
	PrefixTree(pos uint64) (prefixtree.Node, error)
}

// Label is one label's versions in a Log. Versions that were inserted after the
// Log's head do not exist in it.
type Label interface {
	// Greatest returns the greatest version as of the log entry at pos, nil if
	// there was none.
	Greatest(pos uint64) (*uint32, error)
	// Inserted returns the position of the entry that created a version.
	Inserted(version uint32) (uint64, error)
	// SearchKey returns the search key of any version, existing or not.
	SearchKey(version uint32) (merkle.Hash, error)
	// ProveKey returns the VRF proof of any version's search key.
	ProveKey(version uint32) ([]byte, error)
	// Commitment returns the commitment to an existing version's value.
	Commitment(version uint32) (merkle.Hash, error)
	// Open returns what opens the commitment to an existing version. The error
	// wraps ErrErased if the value was deleted.
	Open(version uint32) (Opening, UpdateValue, error)
}

// ErrRequest is wrapped by a Prover's error if the request cannot be answered
// because of what it asks: the message names the field.
var ErrRequest = errors.New("the request cannot be answered")

// ErrLast is wrapped, together with ErrRequest, if the request advertises a
// tree size that the log has not reached.
var ErrLast = fmt.Errorf("%w: last", ErrRequest)

// errTooMuch says that a proof would have more than the 255 timestamps or prefix
// proofs that it can hold.
var errTooMuch = fmt.Errorf("%w: the answer does not fit one response; ask for less", ErrRequest)

// Prover produces a log's responses. It is safe for concurrent use.
//
// Under ThirdPartyAuditing the error of its methods wraps ErrAuditor while the
// auditor has signed no head, or none that users would accept.
type Prover struct {
	Config *Configuration
	// MaxOwnerEntries bounds the distinguished entries of one owner monitoring
	// response; 0 means 64.
	MaxOwnerEntries int
	// MaxUpdates bounds the UpdateResponse structures in the answer to one
	// update request, and MaxUpdateBytes the bytes of the values in them,
	// though there is always one structure; 0 means 32 and 1 MiB. The user
	// asks again for the rest.
	MaxUpdates, MaxUpdateBytes int
	// MaxBatchBytes bounds the bytes of the answers to one batch request, though
	// there is always one answer; 0 means 1 MiB. The user asks again for the rest.
	MaxBatchBytes int
	// Unchecked has the Prover answer although the log contradicts itself or the
	// auditor's head cannot be used, which is otherwise an error. It is for tests of
	// what users then notice.
	Unchecked bool
}

// production is the making of one response.
type production struct {
	*walk
	head     FullTreeHead
	producer *producer
	last     uint64
	// unchecked is the Prover's Unchecked.
	unchecked bool
}

// open starts a response to a user who advertised last; label may be nil for
// operations without one.
func (p *Prover) open(log Log, label Label, last *uint64) (*production, error) {
	head := log.Head()
	o := p.start(log, label, head.TreeSize)
	o.head.TreeHead = &head
	var old uint64
	if last != nil {
		old = *last
		switch {
		case old == 0 || old > head.TreeSize:
			return nil, fmt.Errorf("%w: %d is not the size of an earlier state of this log, which has %d entries",
				ErrLast, old, head.TreeSize)
		case old == head.TreeSize:
			o.head = FullTreeHead{}
		}
	}
	if p.Config.Mode == ThirdPartyAuditing && o.head.TreeHead != nil {
		if err := o.addAuditorHead(log); err != nil {
			return nil, err
		}
	}
	return o, o.resume(old)
}

// start begins a proof about a log of size entries; resume has to follow.
func (p *Prover) start(log Log, label Label, size uint64) *production {
	producer := &producer{log: log, label: label, proof: &CombinedTreeProof{}, rooted: make(map[uint64]bool)}
	return &production{walk: newWalk(producer, p.Config, size), producer: producer, unchecked: p.Unchecked}
}

// resume updates the view of a user who has that of a log of last entries.
func (o *production) resume(last uint64) error {
	o.last = last
	for _, pos := range ibst.Frontier(last) {
		entry, err := o.producer.log.Entry(pos)
		if err != nil {
			return err
		}
		o.remember(pos, entry.Timestamp)
	}
	return o.updateView(last)
}

// addAuditorHead puts the auditor's head beside the log's.
func (o *production) addAuditorHead(log Log) error {
	a := log.AuditorHead()
	if a == nil {
		return fmt.Errorf("%w: it has not signed a head yet", ErrAuditor)
	}
	rightmost, err := log.Entry(o.size - 1)
	if err != nil {
		return err
	}
	o.head.AuditorTreeHead = a
	if o.unchecked {
		return nil
	}
	return checkAuditorLag(o.cfg, a, rightmost.Timestamp)
}

// close completes the proof with the prefix tree roots and log tree nodes that
// the user cannot compute.
func (o *production) close() (CombinedTreeProof, error) {
	if err := errors.Join(o.contradiction, o.rejection); err != nil && !o.unchecked {
		return CombinedTreeProof{}, fmt.Errorf("the directory's data contradicts itself: %w", err)
	}
	proof := o.producer.proof
	given := o.producer.given
	slices.Sort(given)
	for _, pos := range given {
		if o.producer.rooted[pos] {
			continue
		}
		entry, err := o.producer.log.Entry(pos)
		if err != nil {
			return CombinedTreeProof{}, err
		}
		proof.PrefixRoots = append(proof.PrefixRoots, entry.PrefixTree)
	}
	var err error
	proof.Inclusion, err = o.producer.log.LogNodes(logtree.Proof(o.size, o.last, given, o.head.earlier()...))
	return *proof, err
}

// producer is the source of a directory: it appends to the proof.
type producer struct {
	log   Log
	label Label
	proof *CombinedTreeProof

	given  []uint64        // positions of proof.Timestamps
	rooted map[uint64]bool // positions of proof.PrefixProofs
}

func (p *producer) timestamp(pos uint64) (uint64, error) {
	entry, err := p.log.Entry(pos)
	if err != nil {
		return 0, err
	}
	if len(p.given) == maxUint8Count {
		return 0, errTooMuch
	}
	p.given = append(p.given, pos)
	p.proof.Timestamps = append(p.proof.Timestamps, entry.Timestamp)
	return entry.Timestamp, nil
}

func (p *producer) lookup(pos uint64, versions []uint32, last func(uint32, bool) bool) ([]bool, error) {
	if len(p.proof.PrefixProofs) == maxUint8Count {
		return nil, errTooMuch
	}
	tree, err := p.log.PrefixTree(pos)
	if err != nil {
		return nil, err
	}
	searcher := prefixtree.NewSearcher(tree)
	var results []bool
	for _, v := range versions {
		key, err := p.label.SearchKey(v)
		if err != nil {
			return nil, err
		}
		result, _, err := searcher.Search(prefixtree.Key(key))
		if err != nil {
			return nil, err
		}
		included := result.Type == prefixtree.Inclusion
		results = append(results, included)
		if last(v, included) {
			break
		}
	}
	proof, err := searcher.Proof()
	if err != nil {
		return nil, err
	}
	p.proof.PrefixProofs = append(p.proof.PrefixProofs, proof)
	p.rooted[pos] = true
	return results, nil
}

// ladderSteps proves the search keys of the given versions. commit tells for
// which versions the commitment is provided.
func ladderSteps(label Label, versions []uint32, commit func(version uint32) bool) ([]BinaryLadderStep, error) {
	steps := make([]BinaryLadderStep, 0, len(versions))
	for _, v := range versions {
		proof, err := label.ProveKey(v)
		if err != nil {
			return nil, err
		}
		step := BinaryLadderStep{Proof: proof}
		if commit(v) {
			c, err := label.Commitment(v)
			if err != nil {
				return nil, err
			}
			step.Commitment = &c
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// Search answers q. The error wraps ErrNoVersion if the label or the version
// does not exist, or ErrVersionExpired.
func (p *Prover) Search(log Log, label Label, q *SearchRequest) (*SearchResponse, error) {
	o, err := p.open(log, label, q.Last)
	if err != nil {
		return nil, err
	}
	greatest, err := label.Greatest(o.size - 1)
	if err != nil {
		return nil, err
	}
	if greatest == nil || q.Version != nil && *q.Version > *greatest {
		return nil, ErrNoVersion
	}
	r := &SearchResponse{FullTreeHead: o.head}
	target := *greatest
	if q.Version != nil {
		target = *q.Version
		_, err = o.fixedVersion(target)
	} else {
		r.Version = greatest
		_, err = o.greatestVersion(target)
	}
	if err != nil {
		return nil, err
	}
	if r.Opening, r.Value, err = label.Open(target); err != nil {
		return nil, err
	}
	exists := func(v uint32) bool { return v <= *greatest && v != target }
	if r.BinaryLadder, err = ladderSteps(label, ladder.Base(target), exists); err != nil {
		return nil, err
	}
	r.Search, err = o.close()
	return r, err
}

// Distinguished answers q.
func (p *Prover) Distinguished(log Log, q *DistinguishedRequest) (*DistinguishedResponse, error) {
	o, err := p.open(log, nil, q.Last)
	if err != nil {
		return nil, err
	}
	if _, err := o.recentDistinguished(q.Stop); err != nil {
		return nil, err
	}
	r := &DistinguishedResponse{FullTreeHead: o.head}
	r.Distinguished, err = o.close()
	return r, err
}
