package keytrans

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// TestPrefixProof encodes proofs by themselves, and decodes what is none.
func TestPrefixProof(t *testing.T) {
	var tree prefixtree.Memory
	keys := []prefixtree.Key{{1}, {2}, {0x80}, {0x81, 7}}
	for n := range len(keys) {
		proof, _, err := tree.Prove(keys)
		fatalIfErr(t, err)
		data, err := MarshalPrefixProof(&proof)
		fatalIfErr(t, err)
		got, err := ParsePrefixProof(data)
		fatalIfErr(t, err)
		if again, err := MarshalPrefixProof(got); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x became %x, %v", data, again, err)
		}
		for i := range data {
			if _, err := ParsePrefixProof(data[:i]); !errors.Is(err, ErrMalformed) {
				t.Errorf("%d of %d bytes: %v", i, len(data), err)
			}
		}
		if _, err := ParsePrefixProof(append(data, 0)); !errors.Is(err, ErrMalformed) {
			t.Errorf("one byte more: %v", err)
		}
		_, err = tree.Apply([]prefixtree.Leaf{{Key: keys[n], Commitment: merkle.Hash{byte(n)}}}, nil)
		fatalIfErr(t, err)
	}
	if _, err := MarshalPrefixProof(&prefixtree.Proof{Results: make([]prefixtree.Result, 256)}); err == nil {
		t.Error("256 results were encoded")
	}
}
