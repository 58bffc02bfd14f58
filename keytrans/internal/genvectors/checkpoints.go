package main

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

func init() { files["checkpoint"] = checkpoints }

// checkpoints has signed checkpoints, good and bad ones.
func checkpoints() file {
	f := &vectors.File[vectors.Checkpoint]{Notes: []string{
		"Signed checkpoints of the public log, in the formats of C2SP: note is one (tlog-checkpoint, signed-note), with cosignatures (tlog-cosignature), policy the policy that it is opened with (tlog-policy). The draft has nothing to do with this file.",
		"expect.log is the verifier key of the log that signed it, expect.cosignatures are those by the policy's witnesses, in its order, with their times in milliseconds, expect.witnessed says whether they are the policy's quorum.",
		"refusal: malformed, if note is not a note with a checkpoint; signature, if a signature by a key of the policy does not verify, or no log of the policy has signed.",
	}}
	c := &checkpointCases{file: f, log: newPublicLog(typeCosign, typeCosign, typeMLDSA44)}
	c.good()
	c.badSignatures()
	c.badNotes()
	c.badTexts()
	return f
}

// checkpointCases adds cases. What it adds is under the policy of log, but where it
// says otherwise.
type checkpointCases struct {
	file *vectors.File[vectors.Checkpoint]
	log  *publicLog
}

func (c *checkpointCases) add(name, refusal, note string) { c.under(name, refusal, c.log.policy, note) }

func (c *checkpointCases) under(name, refusal, policy, note string) {
	v := vectors.Checkpoint{Name: name, Policy: vectors.Hex(policy), Note: vectors.Hex(note), Refusal: refusal}
	got, err := v.Open()
	require((err != nil) == (refusal != "") && (err == nil || vectors.LogRefusal(err) == refusal), "%s: %v", name, err)
	v.Expect = got
	c.file.Cases = append(c.file.Cases, v)
}

func (c *checkpointCases) good() {
	l := c.log
	for _, size := range []int{0, 1, 2, 40} {
		c.add(fmt.Sprintf("%d entries, no witness", size), "", l.signed(size))
	}
	c.add("one witness", "", l.signed(13, 1))
	c.add("two witnesses", "", l.signed(13, 0, 1))
	c.add("the others", "", l.signed(13, 1, 2))
	c.add("all of them, in another order", "", l.signed(13, 2, 0, 1))
	c.under("a quorum of none", "", "log "+l.key.vkey()+"\nquorum none\n", l.signed(13))
	c.add("extension lines", "", l.sign(l.text(13)+"an extension\nand another\n", 0, 1, 2))
	c.add("a line of a known key before the log's", "", strings.Replace(l.signed(13), "\n\n", "\n\n"+l.witnesses[0].line(l.text(13), 5), 1))
	stranger := newNoteKey("stranger.example", typeCosign, "stranger")
	c.add("a signature by an unknown key", "", l.signed(13, 0)+stranger.line(l.text(13), 9))
	c.add("a bad signature by an unknown key", "", l.signed(13, 0)+stranger.line(l.text(12), 9))
	c.add("another key of a witness's name", "", l.signed(13)+newNoteKey(l.witnesses[0].name, typeCosign, "other").line(l.text(13), 9))
	c.add("a witness's key of another name", "", l.signed(13)+newNoteKey("other.example", typeCosign, "witness 0").line(l.text(13), 9))
	c.add("a witness's signature as of a log", "", l.signed(13)+newNoteKey(l.witnesses[0].name, typeEd25519, "witness 0").line(l.text(13), 9))
	first := l.witnesses[0].line(l.text(13), 5)
	c.add("two signatures by a witness: the first counts", "", l.signed(13)+first+l.witnesses[0].line(l.text(13), 6))
	c.add("the first signature counts, and the second, which is bad, does not", "", l.signed(13)+first+l.witnesses[0].line(l.text(12), 6))
	c.add("a time of 0", "", l.signed(13)+l.witnesses[0].line(l.text(13), 0))
	c.add("a time of 2^32", "", l.signed(13)+l.witnesses[0].line(l.text(13), 1<<32))
	c.add("bits behind the last byte of a signature", "", looseBase64(l.signed(13)))
	many := l.signed(13)
	for i := range 99 {
		many += noteLine("stranger.example", uint32(i), make([]byte, 64))
	}
	c.add("100 signatures", "", many)
	c.add("101 signatures", vectors.Malformed, many+noteLine("stranger.example", 1000, make([]byte, 64)))
}

// looseBase64 sets a bit that no byte has, in the last digit of the last signature.
func looseBase64(note string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	i := strings.LastIndex(note, "=") - 1
	require(note[i+1] == '=' && strings.IndexByte(digits, note[i])%4 == 0, "%q", note)
	return note[:i] + string(digits[strings.IndexByte(digits, note[i])+1]) + note[i+1:]
}

func (c *checkpointCases) badSignatures() {
	l, text := c.log, c.log.text(13)
	good := l.signed(13, 0, 1)
	c.add("no signature by a log", vectors.Signature, text+"\n"+l.witnesses[0].line(text, 5))
	c.add("a log's signature on another text", vectors.Signature, text+"\n"+l.key.line(l.text(12), 0))
	c.add("a witness's signature on another text", vectors.Signature, l.signed(13)+l.witnesses[0].line(l.text(12), 5))
	c.add("an ML-DSA-44 signature on another text", vectors.Signature, l.signed(13)+l.witnesses[2].line(l.text(12), 5))
	c.add("a second witness's signature on another text", vectors.Signature, l.signed(13, 0)+l.witnesses[1].line(l.text(12), 5))
	c.add("a bad signature before a good one by the same key", vectors.Signature, l.signed(13)+l.witnesses[0].line(l.text(12), 6)+l.witnesses[0].line(text, 6))
	c.add("another size", vectors.Signature, strings.Replace(good, "\n13\n", "\n14\n", 1))
	c.add("an extension line that nobody signed", vectors.Signature, strings.Replace(good, "\n\n", "\nextension\n\n", 1))
	other := newNoteKey("other.example", typeEd25519, "log")
	c.add("a log's key under another name", vectors.Signature, text+"\n"+other.line(text, 0))
	foreign := strings.Replace(text, publicOrigin, "log.example/other", 1)
	c.add("the origin of another log", vectors.Signature, l.sign(foreign, 0, 1))
	for _, i := range []int{0, 1, 2} {
		kind := [...]string{"log's", "witness's", "second witness's"}[i]
		for _, at := range []int{-5, -40} {
			c.add(fmt.Sprintf("a digit of the %s signature changed, %d from its end", kind, -at), vectors.Signature, changeDigit(good, i, at))
		}
	}
	for _, at := range []int{0, 7} {
		c.add(fmt.Sprintf("byte %d of a time changed", at), vectors.Signature, withSignature(l, 0, func(s []byte) []byte { s[at] ^= 1; return s }))
		c.add(fmt.Sprintf("byte %d of an ML-DSA-44 cosignature's time changed", at), vectors.Signature, withSignature(l, 2, func(s []byte) []byte { s[at] ^= 1; return s }))
	}
	for _, w := range []int{0, 2} {
		c.add(fmt.Sprintf("a byte of w%d's cosignature missing", w), vectors.Signature, withSignature(l, w, func(s []byte) []byte { return s[:len(s)-1] }))
		c.add(fmt.Sprintf("a byte after w%d's cosignature", w), vectors.Signature, withSignature(l, w, func(s []byte) []byte { return append(s, 0) }))
		c.add(fmt.Sprintf("w%d's cosignature without time", w), vectors.Signature, withSignature(l, w, func(s []byte) []byte { return s[8:] }))
	}
	c.add("a time above 2^63-1", vectors.Malformed, l.signed(13)+l.witnesses[0].line(text, 1<<63))
}

// changeDigit changes a digit in the signature line of a number.
func changeDigit(note string, line, at int) string {
	text, sigs, _ := strings.Cut(note, "\n\n")
	lines := strings.SplitAfter(sigs, "\n")
	i := len(lines[line]) + at
	digit := "A"
	if lines[line][i] == 'A' {
		digit = "B"
	}
	lines[line] = lines[line][:i] + digit + lines[line][i+1:]
	return text + "\n\n" + strings.Join(lines, "")
}

// withSignature has a cosignature that is changed.
func withSignature(l *publicLog, witness int, change func(sig []byte) []byte) string {
	w := l.witnesses[witness]
	return l.signed(13) + noteLine(w.name, w.id(), change(w.sign(l.text(13), 5)))
}

func (c *checkpointCases) badNotes() {
	l := c.log
	good := l.signed(13)
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for _, t := range []struct{ name, note string }{
		{"nothing", ""},
		{"no signature", l.text(13)},
		{"no signature after the empty line", l.text(13) + "\n"},
		{"no empty line", replace("\n\n", "\n")},
		{"no newline at the end", strings.TrimSuffix(good, "\n")},
		{"a newline too many", good + "\n"},
		{"another line after the signatures", good + "line\n"},
		{"an empty line among the signatures", good + "\n— \n"},
		{"a hyphen for the dash", replace("— ", "- ")},
		{"no space after the dash", replace("— ", "—")},
		{"two spaces after the dash", replace("— ", "—  ")},
		{"two spaces before a signature", replace(publicOrigin+" ", publicOrigin+"  ")},
		{"a space after a signature", strings.TrimSuffix(good, "\n") + " \n"},
		{"a tab in a name", good + noteLine("a\tb", 1, make([]byte, 64))},
		{"a no-break space in a name", good + noteLine("a\u00a0b", 1, make([]byte, 64))},
		{"a next line character in a name", good + noteLine("a\u0085b", 1, make([]byte, 64))},
		{"an ideographic space in a name", good + noteLine("a\u3000b", 1, make([]byte, 64))},
		{"a plus in a name", good + noteLine("a+b", 1, make([]byte, 64))},
		{"no name", good + noteLine("", 1, make([]byte, 64))},
		{"a carriage return", strings.ReplaceAll(good, "\n", "\r\n")},
		{"a control character", replace("\n13", "\x01\n13")},
		{"a NUL", replace("\n13", "\x00\n13")},
		{"an octet that is not UTF-8", replace("\n13", "\xff\n13")},
		{"a surrogate", replace("\n13", "\xed\xa0\x80\n13")},
		{"an overlong encoding", replace("\n13", "\xc0\xaf\n13")},
		{"a signature of the key ID only", good + noteLine("stranger", 1, nil)},
		{"a signature that is not base64", good + "— stranger !!!!\n"},
		{"a signature in base64 without padding", good + "— stranger AAAAAAA\n"},
		{"a signature in base64 for URLs", good + "— stranger AAAA____\n"},
		{"padding inside a signature", good + "— stranger AA==AAAA\n"},
	} {
		c.add(t.name, vectors.Malformed, t.note)
	}
	for _, t := range []struct{ name, with string }{
		{"a zero-width space in a name", "a\u200bb"},
		{"a byte order mark in a name", "a\ufeffb"},
		{"a character of four octets in a name", "\U0001f47b"},
	} {
		c.add(t.name, "", good+noteLine(t.with, 1, make([]byte, 64)))
	}
}

// badTexts are notes that are signed, but not of a checkpoint.
func (c *checkpointCases) badTexts() {
	l := c.log
	root := base64.StdEncoding.EncodeToString(sum("root"))
	text := func(origin, size, root string) string { return origin + "\n" + size + "\n" + root + "\n" }
	for _, t := range []struct{ name, text string }{
		{"an empty text", "\n"},
		{"a line only", publicOrigin + "\n"},
		{"no root", publicOrigin + "\n13\n"},
		{"no origin", text("", "13", root)},
		{"a size with a leading zero", text(publicOrigin, "013", root)},
		{"a size of 00", text(publicOrigin, "00", root)},
		{"a size with a plus", text(publicOrigin, "+13", root)},
		{"a negative size", text(publicOrigin, "-13", root)},
		{"a hexadecimal size", text(publicOrigin, "0x13", root)},
		{"a size with an underscore", text(publicOrigin, "1_3", root)},
		{"a size with an exponent", text(publicOrigin, "1e3", root)},
		{"a size with a space", text(publicOrigin, "13 ", root)},
		{"an empty size", text(publicOrigin, "", root)},
		{"a size of 2^60+1", text(publicOrigin, "1152921504606846977", root)},
		{"a size of 2^64", text(publicOrigin, "18446744073709551616", root)},
		{"a root of 31 bytes", text(publicOrigin, "13", base64.StdEncoding.EncodeToString(make([]byte, 31)))},
		{"a root of 33 bytes", text(publicOrigin, "13", base64.StdEncoding.EncodeToString(make([]byte, 33)))},
		{"a root without padding", text(publicOrigin, "13", strings.TrimRight(root, "="))},
		{"a root with bits behind the last byte", text(publicOrigin, "13", looseBase64(root))},
		{"a root in hexadecimal", text(publicOrigin, "13", fmt.Sprintf("%x", sum("root")))},
		{"an empty extension line", text(publicOrigin, "13", root) + "\nextension\n"},
		{"an empty extension line at the end", text(publicOrigin, "13", root) + "extension\n\n"},
	} {
		note := t.text + "\n" + l.key.line(t.text, 0)
		c.add(t.name, vectors.Malformed, note)
	}
}
