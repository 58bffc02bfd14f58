package prefixtree

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// The vectors are not part of the project: see ../shared/vectors/README.md
// beside the checkout.

func loadVectors(t *testing.T, name string, v any) {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "vectors")
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no vectors: %v", err)
	}
	fatalIfErr(t, err)
	fatalIfErr(t, json.Unmarshal(b, v))
}

// hexHash is 32 bytes in hexadecimal, or nothing.
type hexHash struct {
	merkle.Hash
	set bool
}

func (h *hexHash) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	h.set = true
	if n, err := hex.Decode(h.Hash[:], b); err != nil || n != len(h.Hash) {
		return fmt.Errorf("not a hash: %q", b)
	}
	return nil
}

func (h *hexHash) ptr() *merkle.Hash {
	if !h.set {
		return nil
	}
	return &h.Hash
}

type vecLeaf struct {
	Commitment hexHash `json:"commitment"`
	VRFOutput  hexHash `json:"vrf_output"`
}

func vecLeaves(vs []vecLeaf) []Leaf {
	var ls []Leaf
	for _, v := range vs {
		ls = append(ls, Leaf{Key(v.VRFOutput.Hash), v.Commitment.Hash})
	}
	return ls
}

type vecProof struct {
	Elements []hexHash `json:"elements"`
	Results  []struct {
		Depth uint8    `json:"depth"`
		Leaf  *vecLeaf `json:"leaf"`
		Type  uint8    `json:"result_type"`
	} `json:"results"`
}

func (v *vecProof) proof() Proof {
	var p Proof
	for _, e := range v.Elements {
		p.Elements = append(p.Elements, e.Hash)
	}
	for _, r := range v.Results {
		res := Result{Type: ResultType(r.Type), Depth: r.Depth}
		if r.Leaf != nil {
			res.Leaf = vecLeaves([]vecLeaf{*r.Leaf})[0]
		}
		p.Results = append(p.Results, res)
	}
	return p
}

func sameProof(a, b Proof) bool {
	return len(a.Results) == len(b.Results) && len(a.Elements) == len(b.Elements) &&
		(len(a.Results) == 0 || reflect.DeepEqual(a.Results, b.Results)) &&
		(len(a.Elements) == 0 || reflect.DeepEqual(a.Elements, b.Elements))
}

func TestVectorsTree(t *testing.T) {
	var file struct {
		Cases []struct {
			Name  string `json:"name"`
			Input struct {
				Entries  []vecLeaf `json:"entries"`
				Searches []hexHash `json:"searches"`
			} `json:"input"`
			Expect struct {
				vecProof
				Commitments []hexHash `json:"commitments"`
				Root        hexHash   `json:"root"`
			} `json:"expect"`
		} `json:"cases"`
	}
	loadVectors(t, "prefix-tree.json", &file)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			leaves := vecLeaves(c.Input.Entries)
			tr, s := &Tree{Prefix: []byte("x")}, &memStore{}
			for i := range leaves {
				insert(t, tr, s, uint64(i), leaves[i:i+1])
			}
			v, err := tr.At(s, uint64(len(leaves)))
			fatalIfErr(t, err)
			if v.Hash() != c.Expect.Root.Hash {
				t.Errorf("root %v, want %v", v.Hash(), c.Expect.Root)
			}
			var keys []Key
			var want []*merkle.Hash
			for i := range c.Input.Searches {
				keys = append(keys, Key(c.Input.Searches[i].Hash))
				want = append(want, c.Expect.Commitments[i].ptr())
			}
			p, cs, err := Prove(v.Root(), keys)
			fatalIfErr(t, err)
			if !sameProof(p, c.Expect.proof()) || !reflect.DeepEqual(cs, want) {
				t.Errorf("proof %v with %v, want %v with %v", p, cs, c.Expect.proof(), want)
			}
			root, err := c.Expect.proof().Root(keys, want)
			fatalIfErr(t, err)
			if root != c.Expect.Root.Hash {
				t.Errorf("root from the proof %v, want %v", root, c.Expect.Root)
			}
		})
	}
}

func TestVectorsMutation(t *testing.T) {
	var file struct {
		Cases []struct {
			Name  string `json:"name"`
			Input struct {
				Entries          []vecLeaf `json:"entries"`
				Add              []vecLeaf `json:"add"`
				Remove           []vecLeaf `json:"remove"`
				SiblingUncovered bool      `json:"sibling_uncovered"`
			} `json:"input"`
			Expect struct {
				vecProof
				Before    hexHash `json:"before"`
				After     hexHash `json:"after"`
				PeerAfter hexHash `json:"peer_after"`
			} `json:"expect"`
		} `json:"cases"`
	}
	loadVectors(t, "prefix-mutation.json", &file)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			add, remove := vecLeaves(c.Input.Add), vecLeaves(c.Input.Remove)
			var keys []Key
			for _, l := range append(append([]Leaf(nil), add...), remove...) {
				keys = append(keys, l.Key)
			}
			want := c.Expect.proof()
			p, _ := refProve(vecLeaves(c.Input.Entries), keys)
			if !sameProof(p, want) {
				t.Errorf("proof %v, want %v", p, want)
			}
			before, after, determined, err := Mutate(want, add, remove)
			fatalIfErr(t, err)
			wantAfter := c.Expect.After
			if c.Input.SiblingUncovered {
				wantAfter = c.Expect.PeerAfter
			}
			if before != c.Expect.Before.Hash || after != wantAfter.Hash || determined == c.Input.SiblingUncovered {
				t.Errorf("Mutate = %v, %v, %t, want %v, %v, %t", before, after, determined,
					c.Expect.Before, wantAfter, !c.Input.SiblingUncovered)
			}
		})
	}
}

func TestVectorsTampered(t *testing.T) {
	var file struct {
		Cases []struct {
			Name  string          `json:"name"`
			Input json.RawMessage `json:"input"`
		} `json:"cases"`
	}
	loadVectors(t, "tampered.json", &file)
	n := 0
	for _, c := range file.Cases {
		var kind struct {
			Kind string `json:"kind"`
		}
		fatalIfErr(t, json.Unmarshal(c.Input, &kind))
		if kind.Kind != "prefix-tree" {
			continue
		}
		n++
		var in struct {
			Proof    string    `json:"proof"`
			Root     hexHash   `json:"root"`
			Searches []vecLeaf `json:"searches"`
		}
		fatalIfErr(t, json.Unmarshal(c.Input, &in))
		var keys []Key
		var cs []*merkle.Hash
		for i := range in.Searches {
			keys = append(keys, Key(in.Searches[i].VRFOutput.Hash))
			cs = append(cs, in.Searches[i].Commitment.ptr())
		}
		root, err := parseProof(t, in.Proof).Root(keys, cs)
		if err == nil && root == in.Root.Hash {
			t.Errorf("%s: accepted", c.Name)
		}
		if err != nil {
			wantErr(t, err, errProof)
		}
	}
	if n != 4 {
		t.Errorf("%d cases, want 4", n)
	}
}

// parseProof decodes a PrefixProof; the package's users do that elsewhere.
func parseProof(t *testing.T, s string) (p Proof) {
	t.Helper()
	b, err := hex.DecodeString(s)
	fatalIfErr(t, err)
	n := int(b[0])
	b = b[1:]
	for range n {
		r := Result{Type: ResultType(b[0])}
		b = b[1:]
		if r.Type == NonInclusionLeaf {
			b = b[copy(r.Leaf.Key[:], b):]
			b = b[copy(r.Leaf.Commitment[:], b):]
		}
		r.Depth, b = b[0], b[1:]
		p.Results = append(p.Results, r)
	}
	n = int(b[0])<<8 | int(b[1])
	b = b[2:]
	for range n {
		var h merkle.Hash
		b = b[copy(h[:], b):]
		p.Elements = append(p.Elements, h)
	}
	if len(b) != 0 {
		t.Fatal("trailing bytes")
	}
	return p
}
