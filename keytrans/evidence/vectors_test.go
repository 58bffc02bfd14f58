package evidence_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

const vectorsFile = "../../testdata/vectors/evidence.json"

var writeVectors = flag.Bool("write-vectors", false, "write testdata/vectors/evidence.json")

// TestVectors makes the test vectors of evidence out of the worlds of the other tests,
// and holds the file of vectors against that.
func TestVectors(t *testing.T) {
	c := &vectorCases{TB: t}
	c.guilty()
	c.innocent()
	c.attacked()
	c.malformed()
	want, err := c.file().Marshal()
	fatalIfErr(t, err)
	if *writeVectors {
		fatalIfErr(t, os.WriteFile(vectorsFile, want, 0o644))
	}
	got, err := os.ReadFile(vectorsFile)
	fatalIfErr(t, err)
	if !bytes.Equal(got, want) {
		t.Error("the file is out of date: run 'go test ./keytrans/evidence -run TestVectors -write-vectors'")
	}
	f, err := vectors.Read[vectors.Evidence](vectorsFile)
	fatalIfErr(t, err)
	cases, err := vectors.ResolveEvidence(f.Cases)
	fatalIfErr(t, err)
	count := make(map[string]int)
	for i := range cases {
		if got := cases[i].Verify(); text(got) != text(cases[i].Expect) {
			t.Errorf("%s: %s, want %s", cases[i].Name, text(got), text(cases[i].Expect))
		}
		count[cases[i].Expect.Outcome]++
	}
	for _, outcome := range []string{"proven", "report", "not-proof", "other", "pair", vectors.Malformed} {
		if count[outcome] < 5 {
			t.Errorf("the cases by outcome: %v", count)
		}
	}
	t.Logf("%d cases, by outcome: %v", len(cases), count)
}

func text(v any) string { return string(must(json.Marshal(v))) }

// vectorCases collects cases.
type vectorCases struct {
	testing.TB
	cases []vectors.Evidence
}

func (c *vectorCases) file() *vectors.File[vectors.Evidence] {
	return &vectors.File[vectors.Evidence]{Cases: c.cases, Notes: []string{
		"Evidence files (docs/evidence.md) and what they prove. file is the text of one. With of, it is that of the case which of names, where for each edit remove bytes at offset are replaced by insert; offsets are those in the UTF-8 of the text before any edit.",
		"expected_configuration is the encoded Configuration that the reader knows to be the directory's, expected_logs the verifier keys of its logs; what is absent is not compared.",
		"expect.outcome: malformed, if the file is not an evidence file; proven; report, if it rests on the memory of its finder; not-proof; other, if it is about another directory than the expected one; pair, if it rests on a Configuration and a log key of which the reader does not say that they belong together.",
		"expect.kind and rule, and configuration_sha256 and log, which tell whom it accuses, are those of what is proven. expect.private tells that the file has, or may have, a label in it.",
	}}
}

func (c *vectorCases) add(v vectors.Evidence) {
	resolved, err := vectors.ResolveEvidence(append(slices.Clone(c.cases[c.baseOf(v.Of):]), v))
	fatalIfErr(c, err)
	v.Expect = resolved[len(resolved)-1].Verify()
	c.cases = append(c.cases, v)
}

// baseOf returns where a case of a name is.
func (c *vectorCases) baseOf(name string) int {
	i := slices.IndexFunc(c.cases, func(v vectors.Evidence) bool { return v.Name == name })
	if i < 0 {
		return len(c.cases)
	}
	return i
}

// fileOf is the file of evidence, on one line, with its fields in the order of their
// names.
func (c *vectorCases) fileOf(e *evidence.Evidence) string {
	var v any
	fatalIfErr(c, json.Unmarshal(must(json.Marshal(e)), &v))
	return text(v)
}

func (c *vectorCases) evidence(name, outcome string, e *evidence.Evidence) {
	c.Helper()
	c.add(vectors.Evidence{Name: name, File: c.fileOf(e)})
	if got := c.cases[len(c.cases)-1].Expect.Outcome; outcome != "" && got != outcome {
		c.Errorf("%s: %s, want %s", name, got, outcome)
	}
}

// guilty has evidence of every kind, as readers with different expectations take it,
// and changed.
func (c *vectorCases) guilty() {
	for _, mode := range slices.Sorted(maps.Keys(modes())) {
		o := modes()[mode]
		for _, kind := range slices.Sorted(maps.Keys(lying)) {
			g := lying[kind]
			if g.modes != nil && !slices.Contains(g.modes, o.Mode) {
				continue
			}
			name := mode + ": " + kind
			e := g.make(c, newLog(o))
			c.evidence(name, "proven", e)
			if o.Suite == keytrans.KT_128_SHA256_Ed25519 && (o.Mode == keytrans.ContactMonitoring || g.modes != nil) {
				c.expected(name, e)
				c.tampered(name, e)
			}
		}
	}
}

// expected has what readers make of evidence who know something of the directory.
func (c *vectorCases) expected(name string, e *evidence.Evidence) {
	c.add(vectors.Evidence{Name: name + ": expected", Of: name, Configuration: ptr(vectors.Hex(e.Configuration)), Logs: []string{e.Log}})
	c.add(vectors.Evidence{Name: name + ": another configuration", Of: name, Configuration: ptr(vectors.Hex("other"))})
	c.add(vectors.Evidence{Name: name + ": another log", Of: name, Logs: []string{"other"}})
	c.add(vectors.Evidence{Name: name + ": one of two logs", Of: name, Configuration: ptr(vectors.Hex(e.Configuration)), Logs: []string{"other", e.Log}})
	report := *e
	report.Class = evidence.ClassReport
	c.changed(name, "as a report", c.fileOf(&report))
}

// changed has the file of a case, changed.
func (c *vectorCases) changed(of, name, file string) {
	base := c.cases[c.baseOf(of)].File
	c.add(vectors.Evidence{Name: of + ": " + name, Of: of, Edits: vectors.Diff([]byte(base), []byte(file))})
}

// tampered changes a byte or a number of each part of evidence.
func (c *vectorCases) tampered(name string, e *evidence.Evidence) {
	const most = 25
	var v any
	fatalIfErr(c, json.Unmarshal([]byte(c.fileOf(e)), &v))
	parts := 0
	walk(v, "", func(string, int, func(int)) { parts++ })
	seen := 0
	walk(v, "", func(path string, alternatives int, set func(i int)) {
		if seen++; seen%(1+parts/most) != 0 || alternatives == 0 {
			return
		}
		i := seen * 7 % alternatives
		set(i)
		c.changed(name, fmt.Sprintf("%s changed at %d", path[1:], i), text(v))
		set(-1)
	})
}

// innocent has what accuses honest logs.
func (c *vectorCases) innocent() {
	for _, mode := range slices.Sorted(maps.Keys(modes())) {
		o := modes()[mode]
		if o.Suite == keytrans.KT_128_SHA256_P256 {
			continue // no other code
		}
		files := innocent(c, newLog(o))
		for _, name := range slices.Sorted(maps.Keys(files)) {
			c.evidence(mode+": innocent: "+name, "not-proof", files[name])
		}
	}
	made := madeUp(c)
	for _, name := range slices.Sorted(maps.Keys(made)) {
		l := grow(newLog(keytranstest.Options{Seed: "evidence"}), 18, nil)
		c.evidence("made up: "+name, "", made[name].make(l, newUser(c)))
	}
	lifetime := uint64(60 * second)
	l := newLog(keytranstest.Options{Seed: "evidence", Lifetime: &lifetime})
	c.evidence("removed for its age", "not-proof", removed(c)(l))
}

// attacked has files that are put together at random of what a log published, honest
// and lying.
func (c *vectorCases) attacked() {
	const files = 40
	for _, mode := range []keytrans.DeploymentMode{keytrans.ContactMonitoring, keytrans.ThirdPartyAuditing} {
		a := newAttacker(c, attackedLog(keytranstest.Options{Seed: "evidence", Mode: mode}), 3, 140)
		for i := range files {
			c.evidence(fmt.Sprintf("attack %d of mode %d", i, mode), "", a.attack())
		}
	}
	l := attackedLog(keytranstest.Options{Seed: "evidence"})
	grow(l, 40, changes{22: {keytranstest.Remove(alice, 3)}})
	a := newGuiltyAttacker(c, l)
	for i := range files {
		c.evidence(fmt.Sprintf("attack %d of a log that lies", i), "", a.attack())
	}
}

func (c *vectorCases) malformed() {
	for i, file := range badFiles() {
		c.add(vectors.Evidence{Name: fmt.Sprintf("malformed %d", i), File: file})
	}
}
