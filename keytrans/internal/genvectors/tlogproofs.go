package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

func init() { files["tlog-proof"] = tlogProofs }

// tlogProofs has proofs that entries are in a log, good and bad ones.
func tlogProofs() file {
	f := &vectors.File[vectors.TLogProof]{Notes: []string{
		"Proofs that an entry is in the public log (C2SP tlog-proof). The draft has nothing to do with this file.",
		"proof is the file, entry the log entry that it has to prove, policy the policy to verify it with. index, hashes and extra are what the file has; extra is absent if it has no extra line, and index if it is 0.",
		"refusal: malformed, if proof is not a proof, in which case the other members are absent, or the checkpoint in it is not one; signature, quorum, or proof, as for an entry that is not what the hashes lead up from.",
	}}
	c := &proofCases{file: f, log: newPublicLog(typeCosign, typeCosign, typeCosign)}
	c.good()
	c.wrong()
	c.malformed()
	return f
}

type proofCases struct {
	file *vectors.File[vectors.TLogProof]
	log  *publicLog
}

func (c *proofCases) add(name, refusal string, proof, entry []byte) {
	v := &vectors.TLogProof{Name: name, Policy: vectors.Hex(c.log.policy), Proof: proof, Entry: entry}
	v = must(v.Verify())
	require(v.Refusal == refusal, "%s: %s, want %s", name, v.Refusal, refusal)
	c.file.Cases = append(c.file.Cases, *v)
}

// proof is that of a leaf in a checkpoint that two witnesses cosigned.
func (c *proofCases) proof(index, size int) checkpoint.Proof {
	p := checkpoint.Proof{Index: uint64(index), Note: []byte(c.log.signed(size, 0, 1)), Extra: c.log.leaves[index]}
	for _, h := range naive.RFC6962Path(index, c.log.hashes[:size]) {
		p.Hashes = append(p.Hashes, merkle.Hash(h))
	}
	return p
}

func (c *proofCases) good() {
	for _, size := range []int{1, 2, 3, 7, 8, 13, 40} {
		for _, index := range slices.Compact([]int{0, size / 3, size / 2, size - 1}) {
			c.add(fmt.Sprintf("entry %d of %d", index, size), "", c.proof(index, size).Marshal(), c.log.leaves[index])
		}
	}
	p := c.proof(5, 13)
	p.Extra = nil
	c.add("no extra data", "", p.Marshal(), c.log.leaves[5])
	p.Extra = []byte{}
	c.add("empty extra data", "", p.Marshal(), c.log.leaves[5])
	p.Extra = []byte("anything")
	c.add("other extra data", "", p.Marshal(), c.log.leaves[5])
	p.Extra = make([]byte, 49146)
	c.add("extra data with a line of 65534 octets", "", p.Marshal(), c.log.leaves[5])
	p.Extra = make([]byte, 49149)
	c.add("extra data with a line of 65538 octets", vectors.Malformed, p.Marshal(), c.log.leaves[5])
}

func (c *proofCases) wrong() {
	l := c.log
	change := func(name, refusal string, edit func(p *checkpoint.Proof)) {
		p := c.proof(5, 13)
		p.Hashes = slices.Clone(p.Hashes)
		edit(&p)
		c.add(name, refusal, p.Marshal(), l.leaves[5])
	}
	c.add("another entry", vectors.Proof, c.proof(5, 13).Marshal(), l.leaves[6])
	c.add("an empty entry", vectors.Proof, c.proof(5, 13).Marshal(), nil)
	c.add("an entry's hash as the entry", vectors.Proof, c.proof(5, 13).Marshal(), l.hashes[5][:])
	change("another index", vectors.Proof, func(p *checkpoint.Proof) { p.Index = 4 })
	change("the index of no entry", vectors.Proof, func(p *checkpoint.Proof) { p.Index = 13 })
	change("the greatest index", vectors.Proof, func(p *checkpoint.Proof) { p.Index = 1<<53 - 1 })
	change("no hashes", vectors.Proof, func(p *checkpoint.Proof) { p.Hashes = nil })
	change("a hash missing", vectors.Proof, func(p *checkpoint.Proof) { p.Hashes = p.Hashes[1:] })
	change("the last hash missing", vectors.Proof, func(p *checkpoint.Proof) { p.Hashes = p.Hashes[:3] })
	change("a hash too many", vectors.Proof, func(p *checkpoint.Proof) { p.Hashes = append(p.Hashes, merkle.Hash{}) })
	change("two hashes exchanged", vectors.Proof, func(p *checkpoint.Proof) { p.Hashes[0], p.Hashes[1] = p.Hashes[1], p.Hashes[0] })
	for i := range 4 {
		change(fmt.Sprintf("a bit of hash %d", i), vectors.Proof, func(p *checkpoint.Proof) { p.Hashes[i][31] ^= 1 })
	}
	change("1000 hashes", vectors.Proof, func(p *checkpoint.Proof) { p.Hashes = make([]merkle.Hash, 1000) })
	change("the checkpoint of another size", vectors.Proof, func(p *checkpoint.Proof) { p.Note = []byte(l.signed(14, 0, 1)) })
	change("one witness", vectors.Quorum, func(p *checkpoint.Proof) { p.Note = []byte(l.signed(13, 2)) })
	change("no witness", vectors.Quorum, func(p *checkpoint.Proof) { p.Note = []byte(l.signed(13)) })
	change("a witness twice", vectors.Quorum, func(p *checkpoint.Proof) { p.Note = []byte(l.signed(13, 1, 1)) })
	change("no signature by the log", vectors.Signature, func(p *checkpoint.Proof) {
		p.Note = []byte(l.text(13) + "\n" + l.witnesses[0].line(l.text(13), 5) + l.witnesses[1].line(l.text(13), 5))
	})
	change("another log", vectors.Signature, func(p *checkpoint.Proof) {
		p.Note = bytes.ReplaceAll(p.Note, []byte(publicOrigin), []byte("log.example/other"))
	})
	change("a root that nobody signed", vectors.Signature, func(p *checkpoint.Proof) {
		p.Note = append([]byte(l.text(12)), p.Note[len(l.text(13)):]...)
	})
	change("no note", vectors.Malformed, func(p *checkpoint.Proof) { p.Note = nil })
	change("a text for a note", vectors.Malformed, func(p *checkpoint.Proof) { p.Note = []byte("text\n") })
	change("a note of octets", vectors.Malformed, func(p *checkpoint.Proof) { p.Note = []byte("\xff\n\xfe\n") })
}

func (c *proofCases) malformed() {
	p := c.proof(5, 13)
	good := string(p.Marshal())
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	hash := base64.StdEncoding.EncodeToString(p.Hashes[0][:])
	for _, t := range [][2]string{
		{"an empty file", ""},
		{"another first line", replace("@v1", "@v2")},
		{"a blank before the first line", " " + good},
		{"an empty line first", "\n" + good},
		{"a byte order mark first", "\ufeff" + good},
		{"carriage returns", strings.ReplaceAll(good, "\n", "\r\n")},
		{"a carriage return in the note", strings.TrimSuffix(good, "\n") + "\r\n"},
		{"no index", replace("index 5\n", "")},
		{"the index before the extra data", "c2sp.org/tlog-proof@v1\nindex 5\nextra AAAA\n\n" + string(p.Note)},
		{"two extra lines", replace("index", "extra AAAA\nindex")},
		{"an index without number", replace("index 5", "index ")},
		{"an index with a leading zero", replace("index 5", "index 05")},
		{"an index with a plus", replace("index 5", "index +5")},
		{"a negative index", replace("index 5", "index -5")},
		{"an index with two blanks", replace("index 5", "index  5")},
		{"an index and a blank", replace("index 5", "index 5 ")},
		{"an index of 2^64", replace("index 5", "index 18446744073709551616")},
		{"a hexadecimal index", replace("index 5", "index 0x5")},
		{"extra data that is not base64", replace("extra ", "extra !")},
		{"extra data without padding", "c2sp.org/tlog-proof@v1\nextra AAA\nindex 5\n\n" + string(p.Note)},
		{"extra data with bits behind the last byte", "c2sp.org/tlog-proof@v1\nextra AAB=\nindex 5\n\n" + string(p.Note)},
		{"extra without blank", replace("extra ", "extra")},
		{"a hash that is not base64", replace(hash, "!"+hash[1:])},
		{"a hash with bits behind the last byte", replace(hash, looseBase64(hash))},
		{"a hash without padding", replace(hash, strings.TrimRight(hash, "="))},
		{"a hash and a blank", replace(hash, hash+" ")},
		{"a hash of 31 bytes", replace(hash, base64.StdEncoding.EncodeToString(p.Hashes[0][:31]))},
		{"a hash of 33 bytes", replace(hash, base64.StdEncoding.EncodeToString(append(p.Hashes[0][:], 0)))},
		{"a hash in hexadecimal", replace(hash, fmt.Sprintf("%x", p.Hashes[0]))},
		{"no empty line", replace("\n\n", "\n")},
		{"the end before the empty line", good[:strings.Index(good, "\n\n")+1]},
		{"the end within the first line", "c2sp.org"},
		{"the end after the first line", "c2sp.org/tlog-proof@v1\n"},
		{"no newline at the end", strings.TrimSuffix(good, "\n")},
		{"a line of 64 KiB in the note", good + strings.Repeat("x", 1<<16) + "\n"},
	} {
		c.add(t[0], vectors.Malformed, []byte(t[1]), c.log.leaves[5])
	}
}
