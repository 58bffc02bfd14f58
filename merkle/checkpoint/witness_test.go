package checkpoint

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// TestAddCheckpointSpec has the example of C2SP tlog-witness.
func TestAddCheckpointSpec(t *testing.T) {
	const example = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`
	lines := strings.SplitAfter(example, "\n")
	a := AddCheckpoint{Old: 20852014, Note: []byte(strings.Join(lines[6:], ""))}
	for _, l := range lines[1:5] {
		h, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(l, "\n"))
		fatalIfErr(t, err)
		a.Proof = append(a.Proof, merkle.Hash(h))
	}
	if got := string(a.Marshal()); got != example {
		t.Errorf("%s", got)
	}
	c, err := Peek(a.Note)
	if err != nil || c != specCheckpoint(t) {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAddCheckpoint(t *testing.T) {
	for _, test := range []struct {
		a    AddCheckpoint
		want string
	}{
		{AddCheckpoint{}, "old 0\n\n"},
		{AddCheckpoint{Note: []byte("note\n")}, "old 0\n\nnote\n"},
		{AddCheckpoint{Old: MaxSize, Note: []byte("note\n")}, "old 1152921504606846976\n\nnote\n"},
		{AddCheckpoint{Old: 1, Proof: []merkle.Hash{{}}, Note: []byte("note\n")}, "old 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nnote\n"},
	} {
		if got := string(test.a.Marshal()); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

func TestAddCosignature(t *testing.T) {
	w := newWorld(t, 10)
	text := w.head(10).Text()
	for i, c := range w.witnesses {
		witness := &w.policy.Witnesses[i]
		good := c.cosign(text, 7)
		unknown := newCosigner("witness.example/x").cosign(text, 7)
		// Other cosignatures stay as they are, in their order, be they good or not.
		other := (i + 1) % 3
		for name, lines := range map[string]string{
			"alone":                       good,
			"after an unknown one":        unknown + good,
			"before an unknown one":       good + unknown,
			"with a bad unknown one":      line("x", 1, []byte("bad")) + good,
			"with its name, another ID":   line(c.name, c.id+1, []byte("bad")) + good,
			"with another of the policy":  w.witnesses[other].cosign(text, 9) + good,
			"with another's, a bad one":   w.witnesses[other].cosign(w.head(9).Text(), 9) + good,
			"with the log's, a bad one":   line(testOrigin, w.key.KeyHash(), []byte("bad")) + good,
			"twice":                       good + good,
			"with a later one after it":   good + c.cosign(text, 8),
			"with a bad one after it":     good + line(c.name, c.id, []byte("bad")),
			"with unknown ones, many":     strings.Repeat(line("x", 1, []byte("bad")), 99) + good,
			"with one that has any bytes": line("—", 0, []byte{0}) + good,
		} {
			for had, signed := range map[string][]byte{
				"none":        w.sign(t, 10),
				"another":     w.sign(t, 10, other),
				"an unknown":  append(w.sign(t, 10), unknown...),
				"its older":   w.sign(t, 10, i),
				"older first": append(w.sign(t, 10, i), w.witnesses[other].cosign(text, 1)...),
				"its bad one": append(w.sign(t, 10, other), line(c.name, c.id, []byte("bad"))...),
				"its name":    append(w.sign(t, 10, other), line(c.name, c.id^1<<31, []byte("bad"))...),
				"two of its":  append(w.sign(t, 10, i), c.cosign(text, 2)...),
			} {
				got, err := witness.AddCosignature(signed, []byte(lines))
				if err != nil {
					t.Errorf("witness %d: %s, to %s: %v", i, name, had, err)
					continue
				}
				// The new note is the old one without its cosignatures, and the new one.
				var want string
				for l := range strings.Lines(string(signed)) {
					// All but the last two bits of the key ID.
					its := line(c.name, c.id, nil)
					if !strings.HasPrefix(l, its[:len(its)-len("A==\n")]) {
						want += l
					}
				}
				if want += good; string(got) != want {
					t.Errorf("witness %d: %s, to %s: %.999s\nwant %.999s", i, name, had, got, want)
				}
				s := w.open(t, got)
				found := false
				for _, cosignature := range s.Cosignatures {
					found = found || cosignature.Witness == witness.Name && cosignature.Time.Unix() == 7
				}
				if !found || s.Checkpoint != w.head(10) {
					t.Errorf("witness %d: %s, to %s: %+v", i, name, had, s)
				}
			}
		}
	}
}

// TestAddCosignatureAll collects what makes a quorum.
func TestAddCosignatureAll(t *testing.T) {
	w := newWorld(t, 10)
	signed := w.sign(t, 10)
	for i, c := range w.witnesses {
		before := bytes.Clone(signed)
		next, err := w.policy.Witnesses[i].AddCosignature(signed, []byte(c.cosign(w.head(10).Text(), 7)))
		fatalIfErr(t, err)
		if !bytes.Equal(signed, before) {
			t.Fatal("the note that it was given is another")
		}
		signed = next
		if s := w.open(t, signed); len(s.Cosignatures) != i+1 || (s.Witnessed() == nil) != (i >= 1) {
			t.Errorf("%d: %v", i, s.Cosignatures)
		}
	}
}

func TestAddCosignatureRefused(t *testing.T) {
	w := newWorld(t, 10)
	text := w.head(10).Text()
	signed := w.sign(t, 10)
	for i, c := range w.witnesses {
		witness := &w.policy.Witnesses[i]
		good := c.cosign(text, 7)
		other := w.witnesses[(i+1)%3].cosign(text, 7)
		unknown := newCosigner("witness.example/x").cosign(text, 7)
		smuggled := text + "\nx\n"       // what the text becomes with a line and a gap
		older := w.head(9).Text()        // another text, with its own signature
		extended := text + "extension\n" // the same checkpoint to an ML-DSA witness
		for name, lines := range map[string]string{
			"nothing":                      "",
			"a newline":                    "\n",
			"newlines":                     "\n\n\n",
			"the log's signature":          strings.TrimPrefix(string(signed), text+"\n"),
			"an unknown key's":             unknown,
			"unknown keys'":                unknown + line("x", 1, []byte("x")),
			"another witness's":            other,
			"another's in its name":        strings.Replace(other, w.witnesses[(i+1)%3].name+" ", c.name+" ", 1),
			"its in another name":          strings.Replace(good, c.name+" ", "witness.example/x ", 1),
			"for another size":             c.cosign(older, 7),
			"for another log":              c.cosign(strings.Replace(text, testOrigin, "x", 1), 7),
			"for the other log of a name":  c.cosign(strings.Replace(text, testOrigin, testOrigin+"/", 1), 7),
			"a bad one":                    line(c.name, c.id, make([]byte, 72)),
			"a bad one, a good one":        line(c.name, c.id, make([]byte, 72)) + good,
			"at another time":              strings.Replace(good, base64.StdEncoding.EncodeToString(make([]byte, 3)), "AAAB", 1),
			"without time":                 c.cosign(text, 0),
			"without time, with one":       c.cosign(text, 0) + good,
			"at 2^63":                      c.cosign(text, 1<<63),
			"at 2^64 - 1":                  c.cosign(text, math.MaxUint64),
			"no final newline":             strings.TrimSuffix(good, "\n"),
			"a newline before":             "\n" + good,
			"a newline after":              good + "\n",
			"a return":                     strings.TrimSuffix(good, "\n") + "\r\n",
			"a space before":               " " + good,
			"a hyphen":                     strings.Replace(good, "—", "-", 1),
			"JSON":                         `{"signature":"x"}` + "\n",
			"HTML":                         "<html>\n",
			"garbage":                      "\xff\x00\xfe\n",
			"a text":                       "x\n",
			"a text before":                "x\n" + good,
			"a text after":                 good + "x\n",
			"a text between":               unknown + "x\n" + good,
			"a text and a gap":             "x\n\n" + good,
			"another note":                 older + "\n" + c.cosign(older, 7),
			"another note, appended":       good + "\n" + c.cosign(older, 7),
			"a line of the text":           "extension\n\n" + good,
			"many unknown ones":            strings.Repeat(line("x", 1, []byte("x")), 100) + good,
			"very long":                    strings.Repeat(line("x", 1, []byte("x")), 10_000) + good,
			"a long name":                  line(strings.Repeat("x", MaxNoteSize), 1, []byte("x")) + good,
			"a line of another text":       smuggledLines(c, smuggled, "x\n\n"),
			"a signature of another text":  smuggledLines(c, text+"\n"+other, other+"\n"),
			"an own one of another text":   smuggledLines(c, text+"\n"+good, good+"\n"),
			"a text with its newline only": smuggledLines(c, text+"\n", "\n"),
			"an extended text":             smuggledLines(c, extended, "extension\n\n"),
		} {
			got, err := witness.AddCosignature(signed, []byte(lines))
			if got != nil || !errors.Is(err, ErrCosignature) {
				t.Errorf("witness %d: %s: %v, %v", i, name, got != nil, err)
			}
			if name == "a line of another text" && err != ErrCosignature {
				t.Errorf("witness %d: %s: the signature is not good: %v", i, name, err)
			}
			// What it has stays out of the way.
			got, err = witness.AddCosignature(w.sign(t, 10, 0, 1, 2), []byte(lines))
			if got != nil || !errors.Is(err, ErrCosignature) {
				t.Errorf("witness %d: %s, to a cosigned one: %v, %v", i, name, got != nil, err)
			}
		}
		_, err := witness.AddCosignature(signed, []byte(line(c.name, c.id, make([]byte, 72))))
		wantInvalid(t, err, c.name)
		_, err = witness.AddCosignature(signed, []byte(c.cosign(text, 0)))
		wantErr(t, err, ErrCosignature, "it has no time")
		for name, bad := range map[string][]byte{
			"nothing":        nil,
			"a text":         []byte(text),
			"a text, a gap":  []byte(text + "\n"),
			"garbage":        []byte("\xff"),
			"too long":       bytes.Repeat([]byte("x"), MaxNoteSize+1),
			"no newline":     bytes.TrimSuffix(signed, []byte("\n")),
			"something more": append(bytes.Clone(signed), "x\n"...),
		} {
			got, err := witness.AddCosignature(bad, []byte(good))
			if got != nil || !errors.Is(err, ErrMalformed) || errors.Is(err, ErrCosignature) {
				t.Errorf("witness %d: to %s: %q, %v", i, name, got, err)
			}
		}
	}
}

// smuggledLines has a good signature of the text that arises if the lines that
// come before it are put after the text of a note and a newline. A witness that
// signs that has not signed the note. An ML-DSA-44 witness signs only what is in
// the checkpoint, which is why its signature is good for extended texts.
func smuggledLines(c *cosigner, text, before string) string {
	if c.vkey == mldsaVKey() {
		text = strings.Join(strings.SplitAfter(text, "\n")[:3], "")
	}
	return before + c.cosign(text, 7)
}

func mldsaVKey() string {
	_, public := mldsaVKeys()
	return public[0]
}

// TestAddCosignatureOwnNote has a whole note as lines, in which the witness may
// have cosigned the same text.
func TestAddCosignatureOwnNote(t *testing.T) {
	w := newWorld(t, 10)
	for _, lines := range [][]byte{w.sign(t, 10), w.sign(t, 10, 0), w.sign(t, 9, 0)} {
		got, err := w.policy.Witnesses[0].AddCosignature(w.sign(t, 10), lines)
		if got != nil || !errors.Is(err, ErrCosignature) {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// TestAddCosignatureFull adds to notes that have as many signatures as can be
// read, or are as long.
func TestAddCosignatureFull(t *testing.T) {
	w := newWorld(t, 10)
	text := w.head(10).Text()
	good := []byte(w.witnesses[0].cosign(text, 7))
	signed := w.sign(t, 10)
	for i := range 98 {
		signed = append(signed, line(fmt.Sprint("x", i), 1, []byte("x"))...)
	}
	got, err := w.policy.Witnesses[0].AddCosignature(signed, good)
	fatalIfErr(t, err)
	w.open(t, got)
	// An older one is replaced also then.
	got, err = w.policy.Witnesses[0].AddCosignature(got, good)
	fatalIfErr(t, err)
	w.open(t, got)
	signed = append(signed, line("y", 1, []byte("x"))...)
	w.open(t, signed)
	got, err = w.policy.Witnesses[0].AddCosignature(signed, good)
	wantErr(t, err, ErrMalformed, "note")
	if got != nil {
		t.Error("a note with an error")
	}
	signed = w.sign(t, 10)
	signed = append(signed, line(strings.Repeat("x", MaxNoteSize-len(signed)-50), 1, []byte("x"))...)
	w.open(t, signed)
	got, err = w.policy.Witnesses[0].AddCosignature(signed, good)
	wantErr(t, err, ErrMalformed, "more than 524288 bytes")
	if got != nil {
		t.Error("a note with an error")
	}
}

func FuzzAddCosignature(f *testing.F) {
	w := newWorld(f, 10)
	text := w.head(10).Text()
	signed := w.sign(f, 10, 0, 1)
	f.Add(signed, []byte(w.witnesses[0].cosign(text, 7)))
	f.Add(signed, []byte("x\n\n"+w.witnesses[0].cosign(text+"\nx\n", 7)))
	f.Add([]byte(specNote), []byte(w.witnesses[0].cosign(specText, 7)))
	f.Fuzz(func(t *testing.T, signed, lines []byte) {
		got, err := w.policy.Witnesses[0].AddCosignature(signed, lines)
		if err != nil {
			if got != nil || !errors.Is(err, ErrCosignature) && !errors.Is(err, ErrMalformed) {
				t.Fatalf("%q, %v", got, err)
			}
			return
		}
		before, err := openNote(signed, nil)
		fatalIfErr(t, err)
		after, err := openNote(got, []note.Verifier{w.policy.Witnesses[0].key.Verifier})
		fatalIfErr(t, err)
		if before.Text != after.Text || signatureOf(after, w.policy.Witnesses[0].key) == nil {
			t.Fatalf("%q with %q became %q", signed, lines, got)
		}
	})
}
