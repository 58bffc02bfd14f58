package checkpoint

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

func TestOpen(t *testing.T) {
	w := newWorld(t, 10)
	for _, witnesses := range [][]int{nil, {0}, {1}, {2}, {0, 1}, {1, 0}, {0, 2}, {2, 1}, {2, 1, 0}} {
		signed := w.sign(t, 10, witnesses...)
		s := w.open(t, signed)
		if s.Checkpoint != w.head(10) || !bytes.Equal(s.Note, signed) || s.Log != &w.policy.Logs[0] {
			t.Errorf("%v: %+v", witnesses, s)
		}
		// They are in the order of the policy.
		var want []Cosignature
		for i := range w.witnesses {
			if slices.Contains(witnesses, i) {
				want = append(want, Cosignature{fmt.Sprint("w", i), time.Unix(int64(1000+i), 0)})
			}
		}
		if !slices.EqualFunc(s.Cosignatures, want, func(a, b Cosignature) bool { return a.Witness == b.Witness && a.Time.Equal(b.Time) }) {
			t.Errorf("%v: %v", witnesses, s.Cosignatures)
		}
		err := s.Witnessed()
		if len(witnesses) >= 2 {
			fatalIfErr(t, err)
			continue
		}
		wantErr(t, err, ErrQuorum, fmt.Sprintf("%d of 3, which are not the quorum \"two\"", len(witnesses)))
	}
}

// TestOpenFormats has cosignatures that are not made by this package's tests.
func TestOpenFormats(t *testing.T) {
	w := newWorld(t, 10)
	secret, _ := mldsaVKeys()
	m, err := f_note.NewSignerForCosignatureV1(secret[0])
	fatalIfErr(t, err)
	e, err := f_note.NewSignerForCosignatureV1(fmt.Sprintf("PRIVATE+KEY+%s+00000000+%s", w.witnesses[0].name, base64.StdEncoding.EncodeToString(append([]byte{4}, seedOf(w.witnesses[0].name)...))))
	fatalIfErr(t, err)
	before := time.Now().Truncate(time.Second)
	signed, err := note.Sign(&note.Note{Text: w.head(9).Text()}, e, m, w.Signer.key)
	fatalIfErr(t, err)
	s := w.open(t, signed)
	fatalIfErr(t, s.Witnessed())
	if len(s.Cosignatures) != 2 || s.Cosignatures[0].Witness != "w0" || s.Cosignatures[1].Witness != "w2" {
		t.Errorf("%v", s.Cosignatures)
	}
	for _, c := range s.Cosignatures {
		if c.Time.Before(before) || c.Time.After(time.Now()) {
			t.Errorf("%s signed at %v", c.Witness, c.Time)
		}
	}
	// And the other way around.
	for i, vkey := range []string{w.witnesses[0].vkey, w.witnesses[2].vkey} {
		v, err := f_note.NewVerifierForCosignatureV1(vkey)
		fatalIfErr(t, err)
		_, err = note.Open(w.sign(t, 10, 2*i), note.VerifierList(v))
		fatalIfErr(t, err)
	}
}

// TestOpenLogs has the policies and logs that do not go together.
func TestOpenLogs(t *testing.T) {
	a, b := newSigner(t, "a.example"), newSigner(t, "b.example")
	both := mustParse(t, "log "+a.VerifierKey()+"\nlog "+b.VerifierKey()+"\nquorum none")
	onlyB := mustParse(t, "log "+b.VerifierKey()+"\nquorum none")
	none := mustParse(t, "quorum none")
	ofA, ofB := Checkpoint{"a.example", 7, merkle.Hash{1}}, Checkpoint{"b.example", 7, merkle.Hash{1}}
	sign := func(c Checkpoint, signers ...note.Signer) []byte {
		signed, err := note.Sign(&note.Note{Text: c.Text()}, signers...)
		fatalIfErr(t, err)
		return signed
	}
	s, err := both.Open(sign(ofA, a.key))
	fatalIfErr(t, err)
	if s.Log.Origin != "a.example" {
		t.Errorf("%+v", s.Log)
	}
	s, err = both.Open(sign(ofB, a.key, b.key))
	fatalIfErr(t, err)
	if s.Log.Origin != "b.example" {
		t.Errorf("%+v", s.Log)
	}
	c := newCosigner("a.example") // of the same name
	for name, test := range map[string]struct {
		policy *Policy
		signed []byte
	}{
		"B's text, A's signature":         {both, sign(ofB, a.key)},
		"A's text, B's signature":         {both, sign(ofA, b.key)},
		"not in the policy":               {onlyB, sign(ofA, a.key)},
		"not in it, but with B's":         {onlyB, sign(ofA, a.key, b.key)},
		"no log is":                       {none, sign(ofA, a.key)},
		"A's origin with a slash":         {both, sign(Checkpoint{"a.example/", 7, merkle.Hash{1}}, a.key)},
		"A's origin in upper case":        {both, sign(Checkpoint{"A.example", 7, merkle.Hash{1}}, a.key)},
		"a cosigner of A's name":          {both, []byte(ofA.Text() + "\n" + c.cosign(ofA.Text(), 1))},
		"another key of A's name":         {both, sign(ofA, &renamed{b.key, "a.example", b.key.KeyHash()})},
		"another name with A's key ID":    {both, sign(ofA, &renamed{a.key, "c.example", a.key.KeyHash()})},
		"A's key as that of another name": {both, sign(ofA, &renamed{a.key, "b.example", a.key.KeyHash()})},
	} {
		s, err := test.policy.Open(test.signed)
		if s != nil || err != ErrNotSigned {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	// Another key with A's name and ID has a bad signature.
	_, err = both.Open(sign(ofA, &renamed{b.key, "a.example", a.key.KeyHash()}))
	wantInvalid(t, err, "a.example")
	// So has A on another text, whatever else is right.
	bad := strings.Replace(string(sign(ofB, a.key, b.key)), "\n7\n", "\n8\n", 1)
	_, err = both.Open([]byte(bad))
	wantInvalid(t, err, "a.example")
	// Not signed by a log, although cosigned.
	w := newWorld(t, 3)
	text := w.head(3).Text()
	_, err = w.policy.Open([]byte(text + "\n" + w.witnesses[0].cosign(text, 1) + w.witnesses[1].cosign(text, 1)))
	wantErr(t, err, ErrNotSigned, "")
}

// renamed is a signer under another name or key ID.
type renamed struct {
	note.Signer
	name string
	id   uint32
}

func (r *renamed) Name() string    { return r.name }
func (r *renamed) KeyHash() uint32 { return r.id }

// TestOpenRotated has a log that changes its key.
func TestOpenRotated(t *testing.T) {
	var signers []note.Signer
	policy := "quorum none\n"
	for i := range 2 {
		s, err := NewSigner(testOrigin, seedOf(fmt.Sprint("rotated", i)))
		fatalIfErr(t, err)
		signers = append(signers, s.key)
		policy += "log " + s.VerifierKey() + "\n"
	}
	p := mustParse(t, policy)
	c := Checkpoint{testOrigin, 7, merkle.Hash{1}}
	for i, by := range [][]note.Signer{signers[:1], signers[1:], signers} {
		signed, err := note.Sign(&note.Note{Text: c.Text()}, by...)
		fatalIfErr(t, err)
		s, err := p.Open(signed)
		fatalIfErr(t, err)
		if i < 2 && s.Log != &p.Logs[i] {
			t.Errorf("%d: by %+v", i, s.Log)
		}
	}
}

func TestOpenUnknownSignatures(t *testing.T) {
	w := newWorld(t, 10)
	text := w.head(10).Text()
	e, m := w.witnesses[0], w.witnesses[2]
	other, otherM := newCosigner("witness.example/other"), newMLDSACosigner(t, 1)
	for name, lines := range map[string]string{
		"unknown witnesses":        other.cosign(text, 5) + otherM.cosign(text, 5),
		"bad ones by unknown keys": other.cosign("x", 5) + line("x", 1, []byte("x")),
		"a known name":             line(e.name, e.id+1, make([]byte, 72)) + line(testOrigin, w.key.KeyHash()^1, make([]byte, 64)),
		"a known key ID":           line("witness.example/x", e.id, make([]byte, 72)) + line("x", w.key.KeyHash(), make([]byte, 64)),
		"names crossed":            line(m.name, e.id, make([]byte, 72)) + line(e.name, m.id, make([]byte, 72)),
		"the log as witness":       line(testOrigin, e.id, make([]byte, 72)),
		"the witness as log":       line(e.name, w.key.KeyHash(), make([]byte, 64)),
		"the type 1 key of w0":     line(e.name, keyID(e.name, 1, []byte(w.policy.Witnesses[0].key.public)), make([]byte, 64)),
	} {
		for _, signed := range []string{string(w.sign(t, 10)) + lines, text + "\n" + lines + strings.TrimPrefix(string(w.sign(t, 10, 1)), text+"\n")} {
			s, err := w.policy.Open([]byte(signed))
			if err != nil || s.Checkpoint != w.head(10) || len(s.Cosignatures) > 1 {
				t.Errorf("%s: %+v, %v", name, s, err)
				continue
			}
			wantErr(t, s.Witnessed(), ErrQuorum, "")
		}
	}
}

// TestOpenBadCosignatures has cosignatures by known witnesses, with which the note
// is refused whole.
func TestOpenBadCosignatures(t *testing.T) {
	w := newWorld(t, 10)
	text := w.head(10).Text()
	older := w.head(9).Text()
	otherLog := strings.Replace(text, testOrigin, "log.example/other", 1)
	for i, c := range w.witnesses {
		good := []byte(c.cosign(text, 5))
		raw, err := base64.StdEncoding.DecodeString(strings.Fields(string(good))[2])
		fatalIfErr(t, err)
		sig := raw[4:]
		flip := func(at int) []byte {
			b := bytes.Clone(sig)
			b[at] ^= 1
			return b
		}
		other := w.witnesses[(i+1)%2]
		for name, l := range map[string]string{
			"of an older size":        c.cosign(older, 5),
			"of another log":          c.cosign(otherLog, 5),
			"another time":            line(c.name, c.id, flip(7)),
			"the highest bit of time": line(c.name, c.id, flip(0)),
			"a bit of the signature":  line(c.name, c.id, flip(8)),
			"the last bit of it":      line(c.name, c.id, flip(len(sig)-1)),
			"a byte less":             line(c.name, c.id, sig[:len(sig)-1]),
			"a byte more":             line(c.name, c.id, append(bytes.Clone(sig), 0)),
			"no time":                 line(c.name, c.id, sig[8:]),
			"only the time":           line(c.name, c.id, sig[:8]),
			"one byte":                line(c.name, c.id, []byte{0}),
			"another witness's":       line(c.name, c.id, append(make([]byte, 8), other.sign(text, 0)...)),
			"of the text, plain":      line(c.name, c.id, append(make([]byte, 8), ed25519Plain(c.name, text)...)),
			"of the text and newline": line(c.name, c.id, append(make([]byte, 8), ed25519Plain(c.name, "cosignature/v1\ntime 0\n"+text+"\n")...)),
			"with a leading zero":     line(c.name, c.id, append(make([]byte, 8), ed25519Plain(c.name, "cosignature/v1\ntime 00\n"+text)...)),
		} {
			for _, signed := range [][]byte{append(w.sign(t, 10), l...), append(w.sign(t, 10, (i+1)%3, (i+2)%3), l...)} {
				s, err := w.policy.Open(signed)
				if s != nil {
					t.Errorf("witness %d: %s: %v", i, name, s.Cosignatures)
				}
				wantInvalid(t, err, c.name)
			}
		}
	}
}

// ed25519Plain signs anything with the key of an Ed25519 witness.
func ed25519Plain(name, message string) []byte {
	return ed25519.Sign(ed25519.NewKeyFromSeed(seedOf(name)), []byte(message))
}

// TestOpenSameKeyID has two witnesses whose key IDs are the same. The names were
// found by trial; key IDs are short.
func TestOpenSameKeyID(t *testing.T) {
	w := newWorld(t, 10)
	text := w.head(10).Text()
	a, b := newCosignerOf("a74411", "collide a"), newCosignerOf("b13411", "collide b")
	if a.id != b.id {
		t.Fatalf("%08x and %08x", a.id, b.id)
	}
	p := mustParse(t, "log "+w.VerifierKey()+"\nwitness a "+a.vkey+"\nwitness b "+b.vkey+"\ngroup g all a b\nquorum g")
	for name, c := range map[string]*cosigner{"a": a, "b": b} {
		s, err := p.Open(append(w.sign(t, 10), c.cosign(text, 5)...))
		fatalIfErr(t, err)
		if len(s.Cosignatures) != 1 || s.Cosignatures[0].Witness != name {
			t.Errorf("cosigned by %s: %v", name, s.Cosignatures)
		}
		wantErr(t, s.Witnessed(), ErrQuorum, "1 of 2")
	}
	s, err := p.Open(append(w.sign(t, 10), a.cosign(text, 5)+b.cosign(text, 5)...))
	fatalIfErr(t, err)
	fatalIfErr(t, s.Witnessed())
	// What one has stays when the other one is replaced.
	signed := append(w.sign(t, 10), a.cosign(text, 5)+b.cosign(text, 5)...)
	signed, err = p.Witnesses[0].AddCosignature(signed, []byte(a.cosign(text, 6)))
	fatalIfErr(t, err)
	s, err = p.Open(signed)
	fatalIfErr(t, err)
	fatalIfErr(t, s.Witnessed())
}

func TestOpenTimes(t *testing.T) {
	w := newWorld(t, 10)
	text := w.head(10).Text()
	for i, c := range w.witnesses {
		for _, at := range []uint64{0, 1, 1 << 31, 1 << 32, 1 << 62, math.MaxInt64} {
			s, err := w.policy.Open(append(w.sign(t, 10), c.cosign(text, at)...))
			fatalIfErr(t, err)
			if len(s.Cosignatures) != 1 || s.Cosignatures[0].Time.Unix() != int64(at) {
				t.Errorf("witness %d: %v, want %d", i, s.Cosignatures, at)
			}
		}
		for _, at := range []uint64{1 << 63, 1<<63 + 1, math.MaxUint64} {
			s, err := w.policy.Open(append(w.sign(t, 10), c.cosign(text, at)...))
			wantErr(t, err, ErrMalformed, "its time cannot be")
			if s != nil {
				t.Errorf("witness %d at %d: %+v", i, at, s)
			}
		}
	}
}

// TestOpenRepeated has signatures more than once: they count once.
func TestOpenRepeated(t *testing.T) {
	w := newWorld(t, 10)
	text := w.head(10).Text()
	for i, c := range w.witnesses {
		for _, lines := range []string{
			strings.Repeat(c.cosign(text, 5), 3),
			c.cosign(text, 5) + c.cosign(text, 6) + c.cosign(text, 4),
		} {
			s := w.open(t, append(w.sign(t, 10), lines...))
			if len(s.Cosignatures) != 1 || s.Cosignatures[0].Time.Unix() != 5 {
				t.Errorf("witness %d: %v", i, s.Cosignatures)
			}
			wantErr(t, s.Witnessed(), ErrQuorum, "1 of 3")
		}
	}
	signed := string(w.sign(t, 10))
	s := w.open(t, []byte(signed+strings.TrimPrefix(signed, text+"\n")))
	if s.Checkpoint != w.head(10) {
		t.Errorf("%+v", s)
	}
}

func TestOpenLimits(t *testing.T) {
	w := newWorld(t, 10)
	unknown := func(n int) []byte {
		var b []byte
		for i := range n {
			b = append(b, line(fmt.Sprint("x", i), 1, []byte("x"))...)
		}
		return b
	}
	s := w.open(t, append(w.sign(t, 10, 0, 1), unknown(97)...))
	fatalIfErr(t, s.Witnessed())
	_, err := w.policy.Open(append(w.sign(t, 10, 0, 1), unknown(98)...))
	wantErr(t, err, ErrMalformed, "note")
	_, err = w.policy.Open(append(w.sign(t, 10), unknown(100_000)...))
	wantErr(t, err, ErrMalformed, "more than 524288 bytes")

	// 32 post-quantum cosignatures, and one of the largest size.
	signed := w.sign(t, 10, 0, 2)
	for i := range 31 {
		signed = append(signed, line(fmt.Sprint("witness.example/", i), 1, make([]byte, 2428))...)
	}
	fatalIfErr(t, w.open(t, signed).Witnessed())
	l := line("pad", 1, []byte("x"))
	room := MaxNoteSize - len(signed) - len(l)
	padded := append(bytes.Clone(signed), strings.Replace(l, "pad", "pad"+strings.Repeat("d", room), 1)...)
	if len(padded) != MaxNoteSize {
		t.Fatalf("%d bytes", len(padded))
	}
	fatalIfErr(t, w.open(t, padded).Witnessed())
	_, err = w.policy.Open([]byte(strings.Replace(string(padded), "pad", "padd", 1)))
	wantErr(t, err, ErrMalformed, "more than 524288 bytes")
}

// TestOpenText has notes with good signatures on what is not a checkpoint.
func TestOpenText(t *testing.T) {
	w := newWorld(t, 10)
	text := w.head(10).Text()
	for name, bad := range map[string]string{
		"a size with a zero": strings.Replace(text, "\n10\n", "\n010\n", 1),
		"a huge size":        strings.Replace(text, "\n10\n", "\n1152921504606846977\n", 1),
		"a short root":       testOrigin + "\n10\nAAAA\n",
		"an empty extension": text + "\nx\n",
		"only an origin":     testOrigin + "\n",
		"a text before it":   "\n" + text,
		"another text":       "This is an example message.\n",
	} {
		signed, err := note.Sign(&note.Note{Text: bad}, w.Signer.key)
		fatalIfErr(t, err)
		s, err := w.policy.Open(signed)
		if s != nil || !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	// Extensions are signed by the log and by Ed25519 witnesses.
	extended := text + "an extension\n"
	signed, err := note.Sign(&note.Note{Text: extended}, w.Signer.key)
	fatalIfErr(t, err)
	e, m := w.witnesses[0], w.witnesses[2]
	s := w.open(t, append(bytes.Clone(signed), e.cosign(extended, 1)+m.cosign(text, 1)...))
	fatalIfErr(t, s.Witnessed())
	if s.Checkpoint != w.head(10) {
		t.Errorf("%+v", s.Checkpoint)
	}
	_, err = w.policy.Open(append(bytes.Clone(signed), e.cosign(text, 1)...))
	wantInvalid(t, err, e.name)
	_, err = w.policy.Open([]byte(strings.Replace(string(signed), "extension", "Extension", 1)))
	wantInvalid(t, err, testOrigin)
}

// TestOpenFlipped flips each bit of a note. What is still accepted says the same:
// a signature's name may be another that is ignored, and base64 may have other
// bits that encode nothing.
func TestOpenFlipped(t *testing.T) {
	w := newWorld(t, 10)
	signed := w.sign(t, 10, 0, 1)
	for i := range signed {
		for bit := range 8 {
			b := bytes.Clone(signed)
			b[i] ^= 1 << bit
			s, err := w.policy.Open(b)
			if err != nil {
				var invalid *note.InvalidSignatureError
				if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrNotSigned) && !errors.As(err, &invalid) || s != nil {
					t.Fatalf("bit %d of byte %d: %v", bit, i, err)
				}
				continue
			}
			if s.Checkpoint != w.head(10) || i < len(w.head(10).Text()) {
				t.Fatalf("bit %d of byte %d: %+v", bit, i, s)
			}
			for _, c := range s.Cosignatures {
				if c.Witness != "w0" && c.Witness != "w1" || c.Time.Unix() != 1000 && c.Time.Unix() != 1001 {
					t.Fatalf("bit %d of byte %d: %v", bit, i, s.Cosignatures)
				}
			}
			if (s.Witnessed() == nil) != (len(s.Cosignatures) == 2) {
				t.Fatalf("bit %d of byte %d: %v with %v", bit, i, s.Witnessed(), s.Cosignatures)
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	w := newWorld(f, 10)
	f.Add(w.sign(f, 10, 0, 1))
	f.Add(w.sign(f, 10, 0, 2))
	f.Add([]byte(specNote))
	f.Add(append(w.sign(f, 9), line("x", 1, []byte("x"))...))
	f.Fuzz(func(t *testing.T, signed []byte) {
		s, err := w.policy.Open(signed)
		if err != nil {
			if s != nil {
				t.Fatal("a checkpoint with an error")
			}
			return
		}
		// The log signs nothing but its heads.
		if s.Size > 10 || s.Checkpoint != w.head(int(s.Size)) || !bytes.HasPrefix(signed, []byte(s.Text())) {
			t.Fatalf("%q: %+v", signed, s)
		}
		peeked, err := Peek(signed)
		if err != nil || peeked != s.Checkpoint {
			t.Fatalf("%q: %+v, %v", signed, peeked, err)
		}
	})
}
