package checkpoint

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// prove proves an entry in the log of the first size ones.
func (w *world) prove(t testing.TB, index, size int, witnesses ...int) *Proof {
	t.Helper()
	return &Proof{
		Index:  uint64(index),
		Hashes: pathOf(index, w.leaves[:size]),
		Note:   w.sign(t, size, witnesses...),
		Extra:  entryOf(index),
	}
}

// TestProofSpec has the example of C2SP tlog-proof, which has only parts of the
// signatures.
func TestProofSpec(t *testing.T) {
	const extra = "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\n"
	const example = `c2sp.org/tlog-proof@v1
` + extra + `index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJw[...]1roloI=
`
	for line, want := range map[string][]byte{
		"":                                 nil,
		"extra YWdlLXYxLjIuMS1kYXJ3aW4=\n": []byte("age-v1.2.1-darwin"),
		"extra \n":                         {},
	} {
		data := strings.Replace(example, extra, line, 1)
		p, err := ParseProof([]byte(data))
		fatalIfErr(t, err)
		if p.Index != 73894 || len(p.Hashes) != 5 || !bytes.HasPrefix(p.Note, []byte("example.com/fancylog\n109482\n")) || !bytes.Equal(p.Extra, want) || (p.Extra == nil) != (want == nil) {
			t.Errorf("%+v", p)
		}
		if base64.StdEncoding.EncodeToString(p.Hashes[4][:]) != "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=" {
			t.Errorf("the last hash is %s", p.Hashes[4])
		}
		if got := string(p.Marshal()); got != data {
			t.Errorf("%s", got)
		}
	}
}

func TestProof(t *testing.T) {
	w := newWorld(t, 40)
	check := func(index, size int, witnesses ...int) {
		t.Helper()
		want := w.prove(t, index, size, witnesses...)
		p, err := ParseProof(want.Marshal())
		fatalIfErr(t, err)
		if !reflect.DeepEqual(p, want) {
			t.Fatalf("%+v, want %+v", p, want)
		}
		s, err := p.Verify(w.policy, p.Extra)
		if err != nil {
			t.Fatalf("entry %d of %d: %v", index, size, err)
		}
		if s.Checkpoint != w.head(size) || len(s.Cosignatures) != len(witnesses) {
			t.Fatalf("%+v", s)
		}
	}
	for size := 1; size <= 18; size++ {
		for index := range size {
			check(index, size, 0, 1)
		}
	}
	for _, index := range []int{0, 1, 31, 32, 33, 39} {
		check(index, 40, 0, 2)
		check(index, 40, 2, 1, 0)
	}
}

func TestProofWrong(t *testing.T) {
	w := newWorld(t, 40)
	for _, size := range []int{1, 2, 3, 7, 8, 9, 21} {
		for index := range size {
			good := w.prove(t, index, size, 0, 1)
			for i := range size {
				if i == index {
					continue
				}
				// Another entry.
				s, err := good.Verify(w.policy, entryOf(i))
				if s != nil || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("the inclusion of entry %d does not verify", index)) {
					t.Errorf("entry %d as %d of %d: %v", i, index, size, err)
				}
				// Another index.
				p := *good
				p.Index = uint64(i)
				if s, err := p.Verify(w.policy, entryOf(index)); s != nil || err == nil {
					t.Errorf("entry %d at %d of %d: %v", index, i, size, err)
				}
			}
			for _, i := range []uint64{uint64(size), uint64(size) + 1, 1 << 32, 1 << 63, math.MaxUint64} {
				p := *good
				p.Index = i
				s, err := p.Verify(w.policy, entryOf(index))
				if s != nil || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("entry %d is not in a log of %d entries", i, size)) {
					t.Errorf("entry %d at %d of %d: %v", index, i, size, err)
				}
			}
			for name, change := range map[string]func(p *Proof){
				"a hash more":        func(p *Proof) { p.Hashes = append(slices.Clone(p.Hashes), merkle.Hash{}) },
				"a hash less":        func(p *Proof) { p.Hashes = p.Hashes[:max(len(p.Hashes)-1, 0)] },
				"no hashes":          func(p *Proof) { p.Hashes = nil },
				"many hashes":        func(p *Proof) { p.Hashes = make([]merkle.Hash, 5000) },
				"the hashes of next": func(p *Proof) { p.Hashes = pathOf((index+1)%size, w.leaves[:size]) },
				"in reverse": func(p *Proof) {
					p.Hashes = slices.Clone(p.Hashes)
					slices.Reverse(p.Hashes)
				},
				"another size": func(p *Proof) { p.Note = w.sign(t, size%40+1, 0, 1) },
			} {
				p := *good
				change(&p)
				if slices.Equal(p.Hashes, good.Hashes) && bytes.Equal(p.Note, good.Note) {
					continue
				}
				if s, err := p.Verify(w.policy, entryOf(index)); s != nil || err == nil {
					t.Errorf("entry %d of %d, %s: %v", index, size, name, err)
				}
			}
			for i := range good.Hashes {
				p := *good
				p.Hashes = slices.Clone(p.Hashes)
				p.Hashes[i][i%32] ^= 1
				if s, err := p.Verify(w.policy, entryOf(index)); s != nil || err == nil {
					t.Errorf("entry %d of %d, hash %d: %v", index, size, i, err)
				}
			}
		}
	}
	// A leaf is hashed as a leaf: no node of the tree is an entry.
	p := w.prove(t, 0, 4, 0, 1)
	node := slices.Concat(w.leaves[0][:], w.leaves[1][:])
	p.Hashes = p.Hashes[1:]
	if s, err := p.Verify(w.policy, node); s != nil || err == nil {
		t.Errorf("a node as an entry: %v", err)
	}
	// The extra data is not what is proven.
	p = w.prove(t, 3, 7, 0, 1)
	p.Extra = []byte("another")
	_, err := p.Verify(w.policy, entryOf(3))
	fatalIfErr(t, err)
	_, err = p.Verify(w.policy, p.Extra)
	wantErr(t, err, err, "does not verify")
}

func TestProofNote(t *testing.T) {
	w := newWorld(t, 7)
	for _, witnesses := range [][]int{nil, {0}, {1}, {2}} {
		s, err := w.prove(t, 3, 7, witnesses...).Verify(w.policy, entryOf(3))
		wantErr(t, err, ErrQuorum, fmt.Sprintf("%d of 3", len(witnesses)))
		if s != nil {
			t.Errorf("%v: %+v", witnesses, s)
		}
	}
	p := w.prove(t, 3, 7, 0, 1)
	none := mustParse(t, "quorum none")
	_, err := p.Verify(none, entryOf(3))
	wantErr(t, err, ErrNotSigned, "")
	_, err = p.Verify(mustParse(t, "log "+newSigner(t, "x").VerifierKey()+"\nquorum none"), entryOf(3))
	wantErr(t, err, ErrNotSigned, "")
	_, err = p.Verify(mustParse(t, "log "+w.VerifierKey()+"\nquorum none"), entryOf(3))
	fatalIfErr(t, err)
	p.Note = append(w.sign(t, 7, 0, 1), w.witnesses[2].cosign(w.head(6).Text(), 7)...)
	_, err = p.Verify(w.policy, entryOf(3))
	wantInvalid(t, err, w.witnesses[2].name)
	for name, signed := range map[string][]byte{"nothing": nil, "a text": []byte(w.head(7).Text()), "too long": bytes.Repeat([]byte("x"), MaxNoteSize+1)} {
		p.Note = signed
		if s, err := p.Verify(w.policy, entryOf(3)); s != nil || !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Nothing is in an empty log.
	p = &Proof{Note: w.sign(t, 0, 0, 1)}
	_, err = p.Verify(w.policy, nil)
	wantErr(t, err, err, "entry 0 is not in a log of 0 entries")
}

func TestParseProofRefused(t *testing.T) {
	hash := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32)) + "\n"
	const head, index, end = "c2sp.org/tlog-proof@v1\n", "index 1\n", "\nnote\n"
	good := head + "extra YWI=\n" + index + hash + hash + end
	p, err := ParseProof([]byte(good))
	fatalIfErr(t, err)
	if string(p.Marshal()) != good {
		t.Fatalf("%q", p.Marshal())
	}
	for i := range len(good) - len("note\n") {
		if p, err := ParseProof([]byte(good[:i])); p != nil || !errors.Is(err, ErrMalformed) {
			t.Errorf("the first %d bytes: %+v, %v", i, p, err)
		}
	}
	for name, data := range map[string]string{
		"another version":       strings.Replace(good, "@v1", "@v2", 1),
		"no version":            strings.Replace(good, "@v1", "", 1),
		"another format":        strings.Replace(good, "tlog", "slog", 1),
		"upper case":            strings.Replace(good, "c2sp", "C2SP", 1),
		"a space after":         strings.Replace(good, "v1\n", "v1 \n", 1),
		"a newline before":      "\n" + good,
		"a byte order mark":     "\ufeff" + good,
		"returns":               strings.ReplaceAll(good, "\n", "\r\n"),
		"a return, first":       strings.Replace(good, "\n", "\r\n", 1),
		"a return in the note":  strings.Replace(good, "note", "note\r", 1),
		"a return in the gap":   strings.Replace(good, "\n\n", "\n\r\n", 1),
		"no final newline":      strings.TrimSuffix(good, "\n"),
		"no gap":                head + index + hash + "note\n",
		"no hash, no gap":       head + index + "note\n",
		"an end after hashes":   head + index + hash,
		"an end after index":    head + index,
		"no index":              head + hash + end,
		"no index, extra":       head + "extra YWI=\n" + hash + end,
		"index first":           head + index + "extra YWI=\n" + hash + end,
		"two extras":            head + "extra YWI=\nextra YWI=\n" + index + hash + end,
		"two indices":           head + index + index + hash + end,
		"extra without space":   head + "extra\n" + index + end,
		"extra with two spaces": head + "extra  YWI=\n" + index + end,
		"extra with tab":        head + "extra\tYWI=\n" + index + end,
		"extra not padded":      head + "extra YWI\n" + index + end,
		"extra, other bits":     head + "extra YWJ=\n" + index + end,
		"extra of the URL kind": head + "extra _-__\n" + index + end,
		"extra and a space":     head + "extra YWI= \n" + index + end,
		"extra with a return":   head + "extra YW\rI=\n" + index + end,
		"EXTRA":                 head + "EXTRA YWI=\n" + index + end,
		"an empty index":        head + "index \n" + hash + end,
		"index without space":   head + "index\n" + hash + end,
		"index and no space":    head + "index1\n" + hash + end,
		"index with two spaces": head + "index  1\n" + hash + end,
		"index and a space":     head + "index 1 \n" + hash + end,
		"a zero before":         head + "index 01\n" + hash + end,
		"two zeros":             head + "index 00\n" + hash + end,
		"a plus":                head + "index +1\n" + hash + end,
		"a minus":               head + "index -1\n" + hash + end,
		"a hexadecimal index":   head + "index 0x1\n" + hash + end,
		"_":                     head + "index 1_0\n" + hash + end,
		"an index of 2^64":      head + "index 18446744073709551616\n" + hash + end,
		"an index of letters":   head + "index one\n" + hash + end,
		"a hash of 31 bytes":    head + index + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n" + end,
		"a hash of 33 bytes":    head + index + base64.StdEncoding.EncodeToString(make([]byte, 33)) + "\n" + end,
		"two hashes in a line":  head + index + base64.StdEncoding.EncodeToString(make([]byte, 64)) + "\n" + end,
		"a hash not padded":     head + index + strings.Replace(hash, "=", "", 1) + end,
		"a hash, other bits":    head + index + strings.Replace(hash, "8=", "9=", 1) + end,
		"a hash and a space":    head + index + strings.Replace(hash, "\n", " \n", 1) + end,
		"a space and a hash":    head + index + " " + hash + end,
		"a hexadecimal hash":    head + index + strings.Repeat("ff", 32) + "\n" + end,
		"a hash with a return":  head + index + hash[:9] + "\r" + hash[9:] + end,
		"a long extra":          head + "extra " + strings.Repeat("AAAA", 1<<14) + "\n" + index + end,
		"a long line of a note": head + index + "\n" + strings.Repeat("x", 1<<16) + "\n",
		"too long":              head + index + "\n" + strings.Repeat("x\n", MaxProofSize/2),
		"much too long":         head + index + strings.Repeat(hash, 20_000) + end,
	} {
		p, err := ParseProof([]byte(data))
		if p != nil || !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "proof") {
			t.Errorf("%s: %v, %v", name, p != nil, err)
		}
	}
	full := []byte(head + index + "\n")
	for len(full) < MaxProofSize {
		full = append(full, bytes.Repeat([]byte("x"), min(999, MaxProofSize-len(full)-1))...)
		full = append(full, '\n')
	}
	_, err = ParseProof(full)
	fatalIfErr(t, err)
	_, err = ParseProof(append(full, '\n'))
	wantErr(t, err, ErrMalformed, "more than 655360 bytes")
	// The largest extra data that the documentation promises, and the largest note.
	w := newWorld(t, 1)
	for name, p := range map[string]*Proof{
		"an extra of 48 KiB":     {Extra: make([]byte, 49_000), Note: []byte("note\n")},
		"an index of 2^64 - 1":   {Index: math.MaxUint64, Note: []byte("note\n")},
		"a note of MaxNoteSize":  {Note: bytes.Repeat([]byte("0123456\n"), MaxNoteSize/8), Extra: make([]byte, 49_000)},
		"63 hashes":              {Hashes: make([]merkle.Hash, 63), Note: w.sign(t, 1, 0, 1, 2)},
		"a note that is nothing": {},
	} {
		got, err := ParseProof(p.Marshal())
		if err != nil || !bytes.Equal(got.Marshal(), p.Marshal()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProofFlipped flips each bit of proofs. What is still accepted means the
// same.
func TestProofFlipped(t *testing.T) {
	w := newWorld(t, 40)
	for _, at := range []struct{ index, size int }{{0, 1}, {3, 7}} {
		good := w.prove(t, at.index, at.size, 0, 1)
		data := good.Marshal()
		accepted := 0
		for i := range data {
			for bit := range 8 {
				b := bytes.Clone(data)
				b[i] ^= 1 << bit
				p, err := ParseProof(b)
				if err != nil {
					wantErr(t, err, ErrMalformed, "proof")
					continue
				}
				s, err := p.Verify(w.policy, entryOf(at.index))
				if err != nil {
					if s != nil {
						t.Fatalf("bit %d of byte %d: a checkpoint with %v", bit, i, err)
					}
					continue
				}
				accepted++
				if s.Checkpoint != w.head(at.size) || p.Index != good.Index || !slices.Equal(p.Hashes, good.Hashes) || len(s.Cosignatures) != 2 {
					t.Fatalf("bit %d of byte %d: %+v, %+v", bit, i, p, s)
				}
				// Only what is not authenticated, and bits of base64 that encode nothing.
				if bytes.Equal(p.Extra, good.Extra) && !sameSignatures(t, p.Note, good.Note) {
					t.Fatalf("bit %d of byte %d: %s", bit, i, b)
				}
			}
		}
		if accepted == 0 {
			t.Errorf("not even extra data can be another")
		}
	}
}

// sameSignatures reports whether two notes have the same text and signatures.
func sameSignatures(t *testing.T, a, b []byte) bool {
	t.Helper()
	decode := func(signed []byte) (out []string) {
		_, err := note.Open(signed, note.VerifierList())
		var unverified *note.UnverifiedNoteError
		if !errors.As(err, &unverified) {
			t.Fatal(err)
		}
		n := unverified.Note
		for _, s := range n.UnverifiedSigs {
			raw, err := base64.StdEncoding.DecodeString(s.Base64)
			fatalIfErr(t, err)
			out = append(out, s.Name+" "+string(raw))
		}
		return append(out, n.Text)
	}
	return slices.Equal(decode(a), decode(b))
}

func FuzzParseProof(f *testing.F) {
	w := newWorld(f, 40)
	f.Add(w.prove(f, 20, 40, 0, 1).Marshal())
	f.Add(Proof{}.Marshal())
	f.Add(Proof{Index: 7, Extra: []byte{}, Note: []byte(specNote)}.Marshal())
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra YWI=\nindex 01\n\nnote"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParseProof(data)
		if err != nil {
			wantErr(t, err, ErrMalformed, "proof")
			if p != nil {
				t.Fatal("a proof with an error")
			}
			return
		}
		if !bytes.Equal(p.Marshal(), data) {
			t.Fatalf("%q re-encodes to %q", data, p.Marshal())
		}
		// The one good proof of entry 20 that the fuzzer has.
		if s, err := p.Verify(w.policy, entryOf(20)); err == nil && (p.Index != 20 || s.Checkpoint != w.head(40)) {
			t.Fatalf("%q verifies as %+v", data, s)
		}
	})
}
