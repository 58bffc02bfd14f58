package main

import (
	"fmt"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

func init() { files["policy"] = policies }

// policies has policies, good and bad ones.
func policies() file {
	f := &vectors.File[vectors.Policy]{Notes: []string{
		"Witness policies (C2SP tlog-policy). The draft has nothing to do with this file.",
		"policy is the file, logs are the verifier keys of its logs, in order, witnesses its witnesses with their names, which are octets, quorum the name of its quorum. sets are sets of witnesses, by their numbers in witnesses, with what the policy makes of these.",
		"refused: policy is not one.",
	}}
	c := &policyCases{file: f}
	c.good()
	c.badLines()
	c.badKeys()
	c.limits()
	return f
}

type policyCases struct{ file *vectors.File[vectors.Policy] }

// witnessKey is the verifier key of a witness.
func witnessKey(i int) string {
	return newNoteKey(fmt.Sprintf("witness.example/%d", i), typeCosign, fmt.Sprintf("witness %d", i)).vkey()
}

// witnessLines define the witnesses w0 to w(n-1).
func witnessLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "witness w%d %s\n", i, witnessKey(i))
	}
	return b.String()
}

func (c *policyCases) accept(name, policy string, sets ...[]int) {
	v := vectors.Policy{Name: name, Policy: vectors.Hex(policy)}
	for _, s := range sets {
		v.Sets = append(v.Sets, vectors.WitnessSet{Witnesses: s})
	}
	c.file.Cases = append(c.file.Cases, *must(v.Evaluate()))
}

func (c *policyCases) refuse(name, policy string) {
	v := vectors.Policy{Name: name, Policy: vectors.Hex(policy), Refused: true}
	_, err := v.Evaluate()
	require(err != nil && vectors.LogRefusal(err) == vectors.Malformed, "%s: %v", name, err)
	c.file.Cases = append(c.file.Cases, v)
}

// subsets are all sets of n witnesses.
func subsets(n int) [][]int {
	out := make([][]int, 1<<n)
	for i := range out {
		out[i] = []int{}
		for w := range n {
			if i>>w&1 == 1 {
				out[i] = append(out[i], w)
			}
		}
	}
	return out
}

func (c *policyCases) good() {
	logKey := newNoteKey(publicOrigin, typeEd25519, "log").vkey()
	c.accept("none", "quorum none\n", []int{})
	c.accept("no newline at the end", "quorum none")
	c.accept("a log", "log "+logKey+"\nquorum none\n")
	c.accept("a log after the quorum", "quorum none\nlog "+logKey+"\n")
	c.accept("a witness that nobody needs", witnessLines(1)+"quorum none\n", subsets(1)...)
	c.accept("one witness", witnessLines(2)+"quorum w1\n", subsets(2)...)
	c.accept("any", witnessLines(3)+"group g any w0 w1\nquorum g\n", subsets(3)...)
	c.accept("all", witnessLines(3)+"group g all w0 w1 w2\nquorum g\n", subsets(3)...)
	c.accept("two of three", witnessLines(3)+"group g 2 w0 w1 w2\nquorum g\n", subsets(3)...)
	c.accept("a group of one", witnessLines(2)+"group g 1 w1\nquorum g\n", subsets(2)...)
	c.accept("a threshold with leading zeros", witnessLines(3)+"group g 002 w0 w1 w2\nquorum g\n", subsets(3)...)
	c.accept("groups of groups", witnessLines(5)+"group x 2 w0 w1 w2\ngroup y any w3 w4\ngroup xy all x y\nquorum xy\n", subsets(5)...)
	c.accept("a group and a witness", witnessLines(4)+"group x all w0 w1\ngroup y 2 x w2 w3\nquorum y\n", subsets(4)...)
	c.accept("a quorum that is not the last group", witnessLines(3)+"group x any w0\ngroup y all x w1\nquorum x\n", subsets(3)...)
	c.accept("blanks and comments", "# comment\n\n \t \n\t#another\n \twitness\tw0  "+witnessKey(0)+" \t\n quorum w0\t\n", subsets(1)...)
	c.accept("a comment of any octets", "# \xff\xfe\u00e9\nquorum none\n")
	c.accept("names of any octets", strings.ReplaceAll(witnessLines(2), "witness w1", "witness \xff\xc3")+"group \xe9 all w0 \xff\xc3\nquorum \xe9\n", subsets(2)...)
	c.accept("names that differ in octets", strings.NewReplacer("witness w0", "witness K", "witness w1", "witness \u212a").Replace(witnessLines(2))+"quorum \u212a\n", subsets(2)...)
	c.accept("names that would be decoded alike", strings.NewReplacer("witness w0", "witness \xff", "witness w1", "witness \ufffd").Replace(witnessLines(2))+"quorum \xff\n", subsets(2)...)
	c.accept("names that objects have", strings.NewReplacer("witness w0", "witness __proto__", "witness w1", "witness constructor").Replace(witnessLines(2))+"group toString all __proto__ constructor\nquorum toString\n", subsets(2)...)
	mldsa := newNoteKey("witness.example/pq", typeMLDSA44, "pq").vkey()
	c.accept("an ML-DSA-44 witness", witnessLines(1)+"witness pq "+mldsa+"\ngroup g all w0 pq\nquorum g\n", subsets(2)...)
	for _, u := range []string{
		"http://a", "HTTPS://a", "https://a/", "https://a:8080/b/c/", "https://a:/", "https://[::1]/", "https://[::1]:80", "https://1.2.3.4/x",
		"https://a/?", "https://a/#", "https://a/%2F", "https://a//b", "https://\u00e9.example/\u00e9", "https://a_b/", "https://a/b;c=d,e'(f)*!$&+:@",
	} {
		c.accept("the URL "+u, "log "+logKey+" "+u+"\nquorum none\n")
	}
}

func (c *policyCases) badLines() {
	w, logKey := witnessLines(3), newNoteKey(publicOrigin, typeEd25519, "log").vkey()
	for _, p := range [][2]string{
		{"nothing", ""},
		{"no quorum", w},
		{"two quorums", w + "quorum w0\nquorum w0\n"},
		{"none, and another quorum", w + "quorum none\nquorum w0\n"},
		{"a quorum without name", w + "quorum\n"},
		{"a quorum of two names", w + "quorum w0 w1\n"},
		{"an unknown quorum", w + "quorum w3\n"},
		{"a quorum that is defined later", "quorum w0\n" + w},
		{"a keyword in capitals", w + "Quorum w0\n"},
		{"an unknown keyword", w + "limit 3\nquorum w0\n"},
		{"a comment after the fields", w + "quorum w0 # comment\n"},
		{"a carriage return", w + "quorum w0\r\n"},
		{"a vertical tab", w + "quorum\vw0\n"},
		{"a NUL in a comment", "# \x00\nquorum none\n"},
		{"a DEL in a comment", "# \x7f\nquorum none\n"},
		{"a no-break space", w + "quorum\u00a0w0\n"},
		{"a witness without key", "witness w0\nquorum w0\n"},
		{"a witness with a field too many", strings.Replace(w, "\n", " https://a b\n", 1) + "quorum w0\n"},
		{"a log without key", "log\nquorum none\n"},
		{"a log with a field too many", "log " + logKey + " https://a b\nquorum none\n"},
		{"a log with a name", "log name " + logKey + "\nquorum none\n"},
		{"two witnesses of one name", w + "witness w0 " + witnessKey(9) + "\nquorum w0\n"},
		{"a witness named none", "witness none " + witnessKey(0) + "\nquorum none\n"},
		{"a group named none", w + "group none any w0\nquorum none\n"},
		{"a group with a witness's name", w + "group w0 any w1\nquorum w0\n"},
		{"a witness with a group's name", w + "group g any w1\nwitness g " + witnessKey(9) + "\nquorum g\n"},
		{"two groups of one name", w + "group g any w0\ngroup g any w1\nquorum g\n"},
		{"a group without members", w + "group g any\nquorum g\n"},
		{"a group without threshold", w + "group g w0 w1\nquorum g\n"},
		{"a threshold of 0", w + "group g 0 w0 w1\nquorum g\n"},
		{"a threshold that no set reaches", w + "group g 3 w0 w1\nquorum g\n"},
		{"a threshold with a plus", w + "group g +1 w0 w1\nquorum g\n"},
		{"a negative threshold", w + "group g -1 w0 w1\nquorum g\n"},
		{"a hexadecimal threshold", w + "group g 0x1 w0 w1\nquorum g\n"},
		{"a threshold with an underscore", w + "group g 0_1 w0 w1\nquorum g\n"},
		{"a threshold of 2^16+1", w + "group g 65537 w0 w1\nquorum g\n"},
		{"a threshold of 2^64+1", w + "group g 18446744073709551617 w0 w1\nquorum g\n"},
		{"a member twice", w + "group g any w0 w0\nquorum g\n"},
		{"a member of two groups", w + "group g any w0 w1\ngroup h any w1 w2\nquorum g\n"},
		{"a member none", w + "group g any w0 none\nquorum g\n"},
		{"a group in itself", w + "group g any w0 g\nquorum g\n"},
		{"an unknown member", w + "group g any w0 w7\nquorum g\n"},
		{"a member that is defined later", "group g any w0\n" + w + "quorum g\n"},
	} {
		c.refuse(p[0], p[1])
	}
	for _, u := range []string{
		"a", "https:", "https:/a", "https:a", "https://", "https:///a", "https://:80/", "ftp://a/", "//a/", "https://u@a/", "https://u:p@a/", "https://@a/",
		"https://a/?b", "https://a/#b", "https://a/%", "https://a/%2", "https://a/%zz", "https://a:b/", "https://a:80:90/", "https://[::1/", "https://[1.2.3.4]/",
		"https://[::g]/", "https://a%20b/", "https://a^b/", "https://a|b/", "https://a\\b/", "https://a{b/",
	} {
		c.refuse("the URL "+u, "log "+logKey+" "+u+"\nquorum none\n")
	}
}

func (c *policyCases) badKeys() {
	asLog := func(vkey string) string { return "log " + vkey + "\nquorum none\n" }
	asWitness := func(vkey string) string { return "witness w " + vkey + "\nquorum w\n" }
	logKey, witness := newNoteKey(publicOrigin, typeEd25519, "log"), newNoteKey("witness.example/0", typeCosign, "witness 0")
	good, mldsa := logKey.vkey(), newNoteKey("pq", typeMLDSA44, "pq").vkey()
	name, rest, _ := strings.Cut(good, "+")
	id, key, _ := strings.Cut(rest, "+")
	made := func(name string, kind byte, public []byte) string {
		return (&noteKey{name: name, kind: kind, public: public}).vkey()
	}
	for _, p := range [][2]string{
		{"a witness's key as a log's", asLog(witness.vkey())},
		{"an ML-DSA-44 key as a log's", asLog(mldsa)},
		{"a log's key as a witness's", asWitness(good)},
		{"an unknown signature type", asWitness(made("n", 5, make([]byte, 32)))},
		{"a log's key of another type", asLog(made("n", 2, make([]byte, 32)))},
		{"a key of 31 bytes", asLog(made("n", typeEd25519, make([]byte, 31)))},
		{"a key of 33 bytes", asLog(made("n", typeEd25519, make([]byte, 33)))},
		{"a witness's key of 31 bytes", asWitness(made("n", typeCosign, make([]byte, 31)))},
		{"an ML-DSA-44 key of 1311 bytes", asWitness(made("n", typeMLDSA44, make([]byte, 1311)))},
		{"an ML-DSA-44 key of 32 bytes", asWitness(made("n", typeMLDSA44, make([]byte, 32)))},
		{"an ML-DSA-44 key with a name of 256 bytes", asWitness(made(strings.Repeat("n", 256), typeMLDSA44, make([]byte, 1312)))},
		{"no key", asLog(name + "+" + id + "+")},
		{"no key ID", asLog(name + "++" + key)},
		{"a key ID only", asLog(name + "+" + id)},
		{"a name only", asLog(name)},
		{"no name", asLog(made("", typeEd25519, logKey.public))},
		{"a name that is not UTF-8", asLog(made("n\xff", typeEd25519, logKey.public))},
		{"a name with a no-break space", asLog(made("a\u00a0b", typeEd25519, logKey.public))},
		{"a key ID in capitals", asLog(name + "+" + strings.ToUpper(id) + "+" + key)},
		{"a key ID of 9 digits", asLog(name + "+0" + id + "+" + key)},
		{"a key ID of 7 digits", asLog(name + "+" + id[1:] + "+" + key)},
		{"another key ID", asLog(name + "+" + changed(id) + "+" + key)},
		{"another name", asLog(name + "x+" + id + "+" + key)},
		{"another key", asLog(name + "+" + id + "+" + key[:10] + changed(key[10:11]) + key[11:])},
		{"a key without padding", asWitness(strings.TrimRight(mldsa, "="))},
		{"a key with bits behind the last byte", asWitness(looseBase64(mldsa))},
		{"a key with too much padding", asWitness(witness.vkey() + "=")},
		{"a key in base64 for URLs", asLog(name + "+" + id + "+" + strings.NewReplacer("+", "-", "/", "_").Replace(key[:4]+"/"+key[5:]))},
		{"a log twice", "log " + good + "\nlog " + good + "\nquorum none\n"},
		{"a log's key under another name", "log " + good + "\nlog " + made("other", typeEd25519, logKey.public) + "\nquorum none\n"},
		{"a witness's key under another name", witnessLines(2) + "witness w " + made("other", typeCosign, witness.public) + "\nquorum w\n"},
		{"a log's key as a witness's, too", "log " + good + "\nwitness w " + made("other", typeCosign, logKey.public) + "\nquorum w\n"},
	} {
		c.refuse(p[0], p[1])
	}
	c.accept("a name of 255 bytes for ML-DSA-44", asWitness(made(strings.Repeat("n", 255), typeMLDSA44, make([]byte, 1312))), subsets(1)...)
	c.accept("a name of 300 bytes", asLog(made(strings.Repeat("n", 300), typeEd25519, logKey.public)))
	c.accept("a name of other letters", asLog(made("\u00fc\u2014#/\u200b\ufeff", typeEd25519, logKey.public)))
	c.accept("a key that is no point", asLog(made("n", typeEd25519, []byte(strings.Repeat("\xff", 32)))))
}

// changed changes the first character.
func changed(s string) string {
	if s[0] == '0' {
		return "1" + s[1:]
	}
	return "0" + s[1:]
}

func (c *policyCases) limits() {
	c.accept("99 witnesses", witnessLines(99)+"quorum none\n")
	c.refuse("100 witnesses", witnessLines(100)+"quorum none\n")
	logs := func(n int) string {
		var b strings.Builder
		for i := range n {
			key := sum("log ", i)
			b.WriteString("log " + (&noteKey{name: "log", kind: typeEd25519, public: key}).vkey() + "\n")
		}
		return b.String()
	}
	c.accept("256 logs", logs(256)+"quorum none\n")
	c.refuse("257 logs", logs(257)+"quorum none\n")
	chain := func(n int) string {
		b := "group g0 any w0\n"
		for i := 1; i < n; i++ {
			b += fmt.Sprintf("group g%d any g%d\n", i, i-1)
		}
		return witnessLines(1) + b + fmt.Sprintf("quorum g%d\n", n-1)
	}
	c.accept("256 groups, each in the next", chain(256), subsets(1)...)
	c.refuse("257 groups", chain(257))
}
