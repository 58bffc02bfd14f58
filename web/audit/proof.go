package audit

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// proofNode is a node of the RFC 6962 tree: the hash over the entries in [Lo, Hi).
type proofNode struct {
	Lo, Hi uint64
	Hash   merkle.Hash
}

// Entries says what the node is over.
func (n proofNode) Entries() string {
	if n.Hi-n.Lo == 1 {
		return number(n.Lo)
	}
	return number(n.Lo) + "–" + number(n.Hi-1)
}

// proofStep is a step of an inclusion proof: a node that is known, its sibling, which is
// what the proof says, and the parent that follows from them.
type proofStep struct {
	Sibling  proofNode
	Left     bool // the sibling is on the left
	Computed proofNode
}

// inclusionProof is the proof that an entry is in the tree of a size.
type inclusionProof struct {
	Size  uint64
	Root  merkle.Hash
	Leaf  proofNode
	Steps []proofStep // from the leaf to the root
	// Checkpoint tells that the tree is that of the served checkpoint.
	Checkpoint bool
	Fits       bool // the steps lead to Root
}

// siblings returns the ranges of the nodes that prove a leaf in a tree of size leaves,
// from the leaf upwards. Requires index < size.
func siblings(index, size uint64) []proofStep {
	var steps []proofStep
	lo, hi := uint64(0), size
	for hi-lo > 1 {
		// RFC 6962, Section 2.1: the left subtree is the largest full one that is smaller.
		middle := lo + 1<<(bits.Len64(hi-lo-1)-1)
		step := proofStep{Computed: proofNode{Lo: lo, Hi: hi}}
		if index < middle {
			step.Sibling, hi = proofNode{Lo: middle, Hi: hi}, middle
		} else {
			step.Sibling, step.Left, lo = proofNode{Lo: lo, Hi: middle}, true, middle
		}
		steps = append(steps, step)
	}
	for i, j := 0, len(steps)-1; i < j; i, j = i+1, j-1 {
		steps[i], steps[j] = steps[j], steps[i]
	}
	return steps
}

// treeOf returns the tree of a log of a size, out of the Source's tiles.
func (v *View) treeOf(ctx context.Context, size uint64, root merkle.Hash) (*tile.Tree, error) {
	return tile.NewTree(size, root, func(tiles []tile.Tile) ([][]byte, error) { return v.cfg.Source.Tiles(ctx, tiles) })
}

// treeAt returns the tree of the first size entries.
func (v *View) treeAt(ctx context.Context, head Head, size uint64) (*tile.Tree, merkle.Hash, error) {
	tree, err := v.treeOf(ctx, head.Size, head.PublicRoot)
	if err != nil || size == head.Size {
		return tree, head.PublicRoot, err
	}
	root, err := tree.RootAt(size)
	if err != nil {
		return nil, root, err
	}
	tree, err = v.treeOf(ctx, size, root)
	return tree, root, err
}

// prove returns the proof that an entry is in the tree of a size.
func (v *View) prove(ctx context.Context, head Head, pos, size uint64) (*inclusionProof, error) {
	tree, root, err := v.treeAt(ctx, head, size)
	if err != nil {
		return nil, err
	}
	leaf, err := tree.LeafHash(pos)
	if err != nil {
		return nil, err
	}
	hashes, err := tree.Inclusion(pos)
	if err != nil {
		return nil, err
	}
	p := &inclusionProof{Size: size, Root: root, Leaf: proofNode{pos, pos + 1, leaf}, Steps: siblings(pos, size)}
	if len(hashes) != len(p.Steps) {
		return nil, fmt.Errorf("a proof of %d hashes where there should be %d", len(hashes), len(p.Steps))
	}
	node := leaf
	for i := range p.Steps {
		s := &p.Steps[i]
		s.Sibling.Hash = hashes[i]
		left, right := node, hashes[i]
		if s.Left {
			left, right = right, left
		}
		node = merkle.Hash(rfc6962.DefaultHasher.HashChildren(left[:], right[:]))
		s.Computed.Hash = node
	}
	p.Fits = node == root
	return p, nil
}

// The picture of an inclusion proof, in its own units: the way up is in the middle,
// siblings are left and right of it.
const (
	treeRow    = 56
	treeBox    = 38
	treeMiddle = 128
	treeRight  = 252
	treeLeft   = 4
	treeWidth  = 104
)

// treeNode is a box in the picture.
type treeNode struct {
	X, Y     int
	Hash     string
	Caption  string
	Computed bool // it is on the way from the leaf to the root
}

// TextX and the others are where things in a box are.
func (n treeNode) TextX() int    { return n.X + treeWidth/2 }
func (n treeNode) HashY() int    { return n.Y + 16 }
func (n treeNode) CaptionY() int { return n.Y + 31 }
func (n treeNode) Bottom() int   { return n.Y + treeBox }

// treePicture is what the template draws.
type treePicture struct {
	Height int
	Nodes  []treeNode
	Edges  []treeEdge
}

type treeEdge struct {
	X1, Y1, X2, Y2 int
	Path           bool
}

// Picture draws the proof, with the root on top.
func (p *inclusionProof) Picture() treePicture {
	n := len(p.Steps)
	pic := treePicture{Height: n*treeRow + treeBox + 8}
	row := func(level int) int { return 4 + (n-level)*treeRow } // 0 is the leaf's
	box := func(x, level int, node proofNode, computed bool) {
		pic.Nodes = append(pic.Nodes, treeNode{X: x, Y: row(level), Hash: short(node.Hash), Caption: caption(node), Computed: computed})
	}
	box(treeMiddle, 0, p.Leaf, true)
	for i, s := range p.Steps {
		x := treeRight
		if s.Left {
			x = treeLeft
		}
		top, below := row(i+1)+treeBox, row(i)
		pic.Edges = append(pic.Edges,
			treeEdge{treeMiddle + treeWidth/2, below, treeMiddle + treeWidth/2, top, true},
			treeEdge{x + treeWidth/2, below, treeMiddle + treeWidth/2, top, false})
		box(x, i, s.Sibling, false)
		box(treeMiddle, i+1, s.Computed, true)
	}
	return pic
}

// caption says what a box is over, in few characters.
func caption(n proofNode) string {
	if text := n.Entries(); len([]rune(text)) <= 17 {
		return text
	}
	return "2^" + fmt.Sprint(bits.Len64(n.Hi-n.Lo)-1) + " or more"
}
