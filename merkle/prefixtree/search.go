package prefixtree

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// A Node is a node of a prefix tree that proofs are made from. A missing node
// is a nil Node.
type Node interface {
	// Hash returns the value of the node.
	Hash() merkle.Hash
	// Leaf returns the leaf that the node is; ok is false if it is a parent.
	Leaf() (l Leaf, ok bool, err error)
	// Children returns the children of a parent. Requires that Leaf says the
	// node is none.
	Children() (left, right Node, err error)
}

// Prove searches the tree below root for keys and returns the joint proof, with
// the results in the order of keys, and for each key its commitment, nil if it
// is not included. A nil root is the empty tree. Its errors are those of the
// nodes, except for a tree deeper than 255 bits. No two of keys need differ.
func Prove(root Node, keys []Key) (Proof, []*merkle.Hash, error) {
	s := NewSearcher(root)
	commitments := make([]*merkle.Hash, len(keys))
	for i := range keys {
		_, c, err := s.Search(keys[i])
		if err != nil {
			return Proof{}, nil, err
		}
		commitments[i] = c
	}
	p, err := s.Proof()
	if err != nil {
		return Proof{}, nil, err
	}
	return p, commitments, nil
}

// Search searches the tree below root for key. It returns where the search
// ended and the commitment, nil if the key is not included.
func Search(root Node, key Key) (Result, *merkle.Hash, error) {
	return NewSearcher(root).Search(key)
}

// A Searcher searches one version of a tree for keys that depend on the answers
// so far, as in a binary ladder, and then makes one proof of all its searches.
// It loads no node twice. It is not safe for concurrent use.
type Searcher struct {
	root    visit
	results []Result
	parents int // passed so far, at least the number of elements but one
	err     error
}

// A visit is a node that a search passed or ended at, or the sibling of one.
type visit struct {
	node     Node
	passed   bool // a search passed or ended here
	children *[2]visit
	leaf     *Leaf
}

// NewSearcher returns a Searcher for the tree below root. A nil root is the
// empty tree.
func NewSearcher(root Node) *Searcher {
	return &Searcher{root: visit{node: root}}
}

// Search searches for key and adds the result to the proof. It returns the
// commitment too, nil if the key is not included. After an error all later
// calls return that error.
func (s *Searcher) Search(key Key) (Result, *merkle.Hash, error) {
	if s.err != nil {
		return Result{}, nil, s.err
	}
	v := &s.root
	depth := 0
	for {
		if err := v.load(); err != nil {
			return s.fail(fmt.Errorf("searching the prefix tree at depth %d: %w", depth, err))
		}
		if v.children == nil {
			break
		}
		s.parents++
		if depth == maxDepth {
			return s.fail(fmt.Errorf("searching the prefix tree: %w", errTooDeep))
		}
		v = &v.children[key.bit(depth)]
		depth++
	}
	res := Result{Type: NonInclusionParent, Depth: uint8(depth)}
	var commitment *merkle.Hash
	if v.leaf != nil && v.leaf.Key == key {
		res.Type = Inclusion
		c := v.leaf.Commitment
		commitment = &c
	} else if v.leaf != nil {
		res.Type, res.Leaf = NonInclusionLeaf, *v.leaf
	}
	s.results = append(s.results, res)
	return res, commitment, nil
}

func (s *Searcher) fail(err error) (Result, *merkle.Hash, error) {
	s.err = err
	return Result{}, nil, err
}

// load marks v as passed and finds out what its node is: afterwards a parent
// has children, a leaf has its leaf, and a missing node neither.
func (v *visit) load() error {
	if v.passed {
		return nil
	}
	if v.node != nil {
		l, ok, err := v.node.Leaf()
		if err != nil {
			return err
		}
		if ok {
			c := l // only a leaf goes to the heap
			v.leaf = &c
		} else {
			left, right, err := v.node.Children()
			if err != nil {
				return err
			}
			if left == nil && right == nil {
				return errors.New("parent without children")
			}
			v.children = &[2]visit{{node: left}, {node: right}}
		}
	}
	v.passed = true
	return nil
}

// Proof returns the proof of all searches so far, in their order. The proof of
// no searches has the root as its only element.
func (s *Searcher) Proof() (Proof, error) {
	if s.err != nil {
		return Proof{}, s.err
	}
	return Proof{
		Results:  append([]Result(nil), s.results...),
		Elements: s.root.elements(make([]merkle.Hash, 0, s.parents+1)),
	}, nil
}

// elements appends the values that a proof needs from the subtree of v.
func (v *visit) elements(es []merkle.Hash) []merkle.Hash {
	switch {
	case !v.passed && v.node == nil:
		return append(es, merkle.Hash{})
	case !v.passed:
		return append(es, v.node.Hash())
	case v.children == nil:
		return es
	}
	return v.children[1].elements(v.children[0].elements(es))
}
