package checkpoint

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

var hashLine = base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"

func TestParseAddCheckpoint(t *testing.T) {
	for _, good := range []AddCheckpoint{
		{Old: 0, Note: []byte("")},
		{Old: 1<<64 - 1, Proof: make([]merkle.Hash, MaxProofLines), Note: []byte("a note\n")},
		{Old: 20852014, Proof: []merkle.Hash{{1}, {2}}, Note: []byte("\n\nold 3\n")},
	} {
		a, err := ParseAddCheckpoint(good.Marshal())
		fatalIfErr(t, err)
		if a.Old != good.Old || len(a.Proof) != len(good.Proof) || !bytes.Equal(a.Note, good.Note) || !bytes.Equal(a.Marshal(), good.Marshal()) {
			t.Errorf("%+v became %+v", good, a)
		}
	}
	for name, bad := range map[string]string{
		"nothing":                 "",
		"no lines":                "old 1",
		"no empty line":           "old 1\n",
		"a proof without end":     "old 1\n" + hashLine,
		"no old size":             "old\n\nnote",
		"an empty old size":       "old \n\nnote",
		"another word":            "new 1\n\nnote",
		"capitals":                "Old 1\n\nnote",
		"two spaces":              "old  1\n\nnote",
		"a tab":                   "old\t1\n\nnote",
		"a space before":          " old 1\n\nnote",
		"a space after":           "old 1 \n\nnote",
		"a carriage return":       "old 1\r\n\r\nnote",
		"a leading zero":          "old 01\n\nnote",
		"two zeroes":              "old 00\n\nnote",
		"a plus":                  "old +1\n\nnote",
		"a minus":                 "old -1\n\nnote",
		"a hexadecimal size":      "old 0x1\n\nnote",
		"an underscore":           "old 1_000\n\nnote",
		"a size of 65 bits":       "old 18446744073709551616\n\nnote",
		"other digits":            "old ١\n\nnote",
		"a mark":                  "\ufeffold 1\n\nnote",
		"64 lines":                "old 1\n" + strings.Repeat(hashLine, 64) + "\nnote",
		"a short hash":            "old 1\n" + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n\nnote",
		"a long hash":             "old 1\n" + base64.StdEncoding.EncodeToString(make([]byte, 33)) + "\n\nnote",
		"no padding":              "old 1\n" + strings.TrimRight(hashLine, "=\n") + "\n\nnote",
		"bits in the padding":     "old 1\n" + strings.Replace(hashLine, "A=", "B=", 1) + "\nnote",
		"another alphabet":        "old 1\n_" + hashLine[1:] + "\nnote",
		"a space in a hash":       "old 1\n " + hashLine + "\nnote",
		"a carriage return in it": "old 1\n" + hashLine[:20] + "\r" + hashLine[20:] + "\nnote",
		"hexadecimal":             "old 1\n" + strings.Repeat("00", 32) + "\n\nnote",
		"a note without old":      "log.example\n1\n" + hashLine + "\n— log.example AAAA\n",
	} {
		if a, err := ParseAddCheckpoint([]byte(bad)); a != nil || !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
}

func TestVerifyConsistency(t *testing.T) {
	empty := merkle.Hash(rfc6962.DefaultHasher.EmptyRoot())
	leaf := func(b byte) merkle.Hash { return merkle.Hash(rfc6962.DefaultHasher.HashLeaf([]byte{b})) }
	two := merkle.Hash(rfc6962.DefaultHasher.HashChildren(bytes.Clone(hashOf(leaf(1))), hashOf(leaf(2))))
	for name, c := range map[string]struct {
		old, size uint64
		from, to  merkle.Hash
		proof     []merkle.Hash
		good      bool
	}{
		"nothing yet":                  {0, 0, empty, empty, nil, true},
		"the first":                    {0, 2, empty, two, nil, true},
		"the same":                     {2, 2, two, two, nil, true},
		"one more":                     {1, 2, leaf(1), two, []merkle.Hash{leaf(2)}, true},
		"no entries, another root":     {0, 0, empty, two, nil, false},
		"no entries before, the same":  {0, 0, two, two, nil, false},
		"no entries before, with root": {0, 2, leaf(1), two, nil, false},
		"a proof from nothing":         {0, 2, empty, two, []merkle.Hash{leaf(2)}, false},
		"a proof of nothing":           {0, 0, empty, empty, []merkle.Hash{empty}, false},
		"a proof of the same":          {2, 2, two, two, []merkle.Hash{leaf(2)}, false},
		"another root":                 {2, 2, two, leaf(1), nil, false},
		"no proof":                     {1, 2, leaf(1), two, nil, false},
		"a wrong proof":                {1, 2, leaf(1), two, []merkle.Hash{leaf(1)}, false},
		"a longer proof":               {1, 2, leaf(1), two, []merkle.Hash{leaf(2), leaf(2)}, false},
		"a wrong older root":           {1, 2, leaf(2), two, []merkle.Hash{leaf(2)}, false},
		"a smaller log":                {2, 1, two, leaf(1), nil, false},
		"63 hashes":                    {1, 2, leaf(1), two, make([]merkle.Hash, 63), false},
	} {
		err := VerifyConsistency(Checkpoint{Size: c.old, Root: c.from}, Checkpoint{Size: c.size, Root: c.to}, c.proof)
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func hashOf(h merkle.Hash) []byte { return h[:] }

// FuzzParseAddCheckpoint checks that there is one encoding of what is accepted.
func FuzzParseAddCheckpoint(f *testing.F) {
	f.Add([]byte("old 0\n\n"))
	f.Add([]byte("old 12\n" + hashLine + "\nlog.example\n12\n" + hashLine + "\n— log.example AAAAAA==\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := ParseAddCheckpoint(body)
		switch {
		case err != nil && !errors.Is(err, ErrMalformed):
			t.Errorf("error %v", err)
		case err == nil && !bytes.Equal(a.Marshal(), body):
			t.Errorf("%q was accepted, which is encoded as %q", body, a.Marshal())
		case err == nil && len(a.Proof) > MaxProofLines:
			t.Errorf("%d lines were accepted", len(a.Proof))
		}
	})
}
