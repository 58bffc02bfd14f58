package label

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

// vector is what this package makes of a text, for web/client to be held against.
type vector struct {
	In       string    `json:"in"`
	Label    string    `json:"label,omitempty"` // empty: malformed
	Skeleton string    `json:"skeleton"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// TestWebVectors writes testdata/vectors.json, one vector a line.
func TestWebVectors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	texts := append(writtenTexts(), madeTexts(rng)...)
	var b strings.Builder
	labels, warned := 0, 0
	for i, text := range texts {
		v := vector{In: text, Skeleton: Skeleton(text), Warnings: Warnings(text)}
		if n, err := Normalize(text); err == nil {
			v.Label = n
			labels++
		}
		if v.Warnings != nil {
			warned++
		}
		line, err := json.Marshal(v)
		fatalIfErr(t, err)
		b.WriteString(map[bool]string{true: "[\n", false: ",\n"}[i == 0])
		b.Write(line)
	}
	b.WriteString("\n]\n")
	if labels < 1500 || len(texts)-labels < 150 || warned < 1500 {
		t.Fatalf("%d texts, %d of them labels, %d with warnings", len(texts), labels, warned)
	}
	upToDate(t, "testdata/vectors.json", b.String())
}

func writtenTexts() []string {
	return []string{
		"", " ", " Alice@Example.ORG ", "Alice", "Alice@laptop", "Zoe\u0308", "ZOE\u0308@example.org", "\u212alaus@example.org",
		"ADM\u0130N@example.org", "ΣΊΣΥΦΟΣ@example.org", "x@MÜNCHEN.example", "x@mu\u0308nchen.example", "x@XN--MNCHEN-3YA.example",
		"x@straße.example", "x@STRASSE.example", "x@\u1e9e.example", "x@ｅｘａｍｐｌｅ.org", "x@a_b.example.org", "x@a_b.ü.example", "x@例え.テスト",
		"Bücher xn--bcher-kva.x", strings.Repeat("x", MaxSize), strings.Repeat("x", MaxSize+1), strings.Repeat("é", 127), strings.Repeat("é", 128),
		strings.Repeat(" ", 300) + "x", strings.Repeat(" ", 4*MaxSize-1) + "x", strings.Repeat(" ", 4*MaxSize) + "x", strings.Repeat("\u3000", 340) + "xy",
		"a\x00b", "a\u202eb", "al\nice", "a\u2028", "\u0085a\u00a0", "\ufeffa\ufeff", "x@xn--.example", "x@xn--a.example", "x@xn--999999999.example",
		"x@xn--example-.org", "x@xn--mnchen-3ya-.example", "x@a\u200db.example", "x@क्\u200dष.example", "x@-ü.example", "x@ü-.example",
		"x@ü\u0301" + strings.Repeat("ü", 70) + ".example", "x@" + strings.Repeat("ü.", 110) + "de", "x@" + strings.Repeat("ü", 30) + ".de", "x@אa.example",
		"x@אב.example", "x@אב.1a.example", "x@a\u0301\u0316.example", "x@\u0301a.example", "x@b。c", "x@b.c。", "x@ü。c", "x@ü.。c", "x@1.2.ü.4", "x@ü.127",
		"x@ü.0x7f", "x@ü%41.example", "x@ü/a.example", "x@ü#a.example", "x@ü?a.example", "x@ü|a.example", "x@ü＿a.example", "x@ü％a.example", "x@≠.example",
		"x@=\u0338.example", "x@xn--1ch.example", "x@xn--zca.example", "x@xn--ls8h.example", "x@💩.example", "x@xn--0.example", "x@xn--ü.example", "@ü.de",
		"a@", "a@b", "a@b@ü.d", "a@.ü", "a@ü.", "a@ü..c", "a b@Ü.D", "<A@Ü.D>", "a@[Ü.D]", "A,B@Ü.D", "a\u00a0b@Ü.D", "A'B+c@Ü.D", "x@ü\u00ad.example", "x@\u00ad.ü.de",
		"\u0897\u0301", "\U00010D50@x.example", "\U00016EA0@X.example", "\ua7cb\u0316\u0301 x", "a\u1acf\u0316@x.de", "rnodern@example.org", "modern@example.org",
		"pаypal@example.org", "раураl@example.org", "alice@exаmple.org", "ｂｏｂ", "bob＠example.org", "bob@example․org", "ali\u200bce", "\u2800", "日本ひらカタa", "한글漢字a",
		"ㄅ漢a", "日本ひら한글", "1٢", "१२৩", "a1b२", "१x۲", "٣.۴.४", "٣۴", "\U0001D7CE\U0001D7D8", "\U0001D7CE\U0001D7D7", "a\U000E0001b", "\ue000", "x\u0378y", "\"\\ä", "ΑΒΓ", "Ωmega", "\ufffd", "i\u0307",
	}
}

// madeTexts are pieces of all tables, alone and together. What is a letter to newer tables
// than Go's is not among them, nor what has so many marks in a row that package norm puts a
// joiner between them (UAX 15, "Stream-Safe Text Format").
func madeTexts(rng *rand.Rand) (texts []string) {
	var pool []rune
	for i, s := range spans() {
		if r := s.first + rng.Int32N(s.last-s.first+1); (i%2 == 0 && r < 0xe000 || i%5 == 0) && !unicode.Is(unicode.Cn, r) {
			pool = append(pool, r)
		}
	}
	n := 0
	for fields := range table(confusableLines) {
		if n++; n%9 == 0 && !unicode.Is(unicode.Cn, point(fields[0])) {
			pool = append(pool, point(fields[0]))
		}
	}
	for _, r := range pool {
		texts = append(texts, "a"+string(r)+"b")
	}
	pick := func() string { return string(pool[rng.IntN(len(pool))]) }
	for range 400 {
		texts = append(texts, pick()+pick()+"."+pick()+" "+pick())
	}
	for range 300 {
		texts = append(texts, fmt.Sprintf("%sA%s@X.example", pick(), pick()), strings.Repeat(pick(), 1+rng.IntN(12)))
	}
	letters := []rune("aßÄéΣσςдЖאبकカ漢字한ñøŁžĐ-1")
	for range 400 {
		domain := make([]rune, 1+rng.IntN(8))
		for i := range domain {
			domain[i] = letters[rng.IntN(len(letters))]
		}
		// The third and fourth octet, which package idna looks at, are not the third and fourth character.
		if !strings.Contains(string(domain), "--") {
			texts = append(texts, "x@"+string(domain)+".Example")
		}
	}
	return texts
}
