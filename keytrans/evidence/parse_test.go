package evidence_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// badFiles are no evidence files.
func badFiles() []string {
	const head = `{"schema":"ghostlight/evidence/v1",`
	manyEntries := `[` + strings.Repeat(`{},`, 64) + `{}]`
	view := func(frontier string) string { return `{"tree_size":1,"frontier":` + frontier + `}` }
	return []string{
		``, `[]`, `{}`, head + `}`,
		`{"schema":"ghostlight/evidence/v2","kind":"timestamps","log":"x","entries":["",""]}`,
		head + `"kind":"timestamps","log":"x"}`,
		head + `"kind":"timestamps","log":"x","entries":[""]}`,
		head + `"kind":"timestamps","log":"x","entries":["","",""]}`,
		head + `"kind":"timestamps","entries":["",""]}`,
		head + `"kind":"timestamps","class":"rumour","log":"x","entries":["",""]}`,
		head + `"kind":"timestamps","log":"x","entries":["",""],"inconsistency":{}}`,
		head + `"kind":"inconsistency","log":"x"}`,
		head + `"kind":"inconsistency","log":"x","inconsistency":{},"entries":["",""]}`,
		head + `"kind":"inconsistency","log":"x","inconsistency":{},"entries":[]}`,
		head + `"kind":"inconsistency","log":"x","inconsistency":{},"heads":[{}]}`,
		head + `"kind":"inconsistency","log":"x","inconsistency":{},"earlier":{"retained_view":{}}}`,
		head + `"kind":"inconsistency","log":"x","inconsistency":{},"own":{}}`,
		head + `"kind":"fork","log":"x","inconsistency":{}}`,
		head + `"kind":"fork","configuration":"AA==","retained_view":{}}`,
		head + `"kind":"fork","configuration":"AA==","fork":{}}`,
		head + `"kind":"fork","configuration":"AA==","retained_view":` + view(manyEntries) + `,"fork":{}}`,
		head + `"kind":"fork","configuration":"AA==","retained_view":{},"fork":{"view":` + view(manyEntries) + `}}`,
		head + `"kind":"fork","retained_view":{},"fork":{}}`,
		head + `"kind":"contradiction","configuration":"AA==","retained_view":{}}`,
		head + `"kind":"contradiction","configuration":"AA==","retained_view":{},"operation":"search","request":"AA==","response":"AA==","earlier":{}}`,
		head + `"kind":"credential","configuration":"AA==","retained_view":{},"credential":{}}`,
		head + `"kind":"credential","configuration":"AA==","retained_view":{},"credential":{"base":{},"distinguished":{}}}`,
		head + `"kind":"rumour","configuration":"AA=="}`,
		head + `"kind":"timestamps","log":"x","entries":["",""],"more":1}`,
		head + `"kind":"timestamps","log":"x","entries":["",""]} {}`,
		head + `"kind":"inconsistency","log":"x","inconsistency":{"older":"` + base64.StdEncoding.EncodeToString([]byte("x")) + `!"}}`,
		head + `"kind":"tree-heads","configuration":"AA==","heads":[{"root":"` + strings.Repeat("A", 64) + `"},{}]}`,
		head + `"kind":"tree-heads","configuration":"AA==","heads":[{"root":"ab"},{}]}`,
		head + `"kind":"prefix-tree","configuration":"AA==","log":"x"}`,
		head + `"kind":"prefix-tree","configuration":"AA==","prefix_tree":{}}`,
		head + `"kind":"prefix-tree","log":"x","prefix_tree":{}}`,
		head + `"kind":"prefix-tree","configuration":"AA==","log":"x","prefix_tree":{},"entries":["",""]}`,
		head + `"kind":"prefix-tree","configuration":"AA==","log":"x","prefix_tree":{"search_key":"ab"}}`,
		head + `"kind":"timestamps","log":"x","entries":["",""],"prefix_tree":{}}`,
	}
}

func TestParseErrors(t *testing.T) {
	for _, bad := range badFiles() {
		if e, err := evidence.Parse([]byte(bad)); !errors.Is(err, keytrans.ErrMalformed) || e != nil {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := evidence.Parse(make([]byte, evidence.MaxSize+1)); !errors.Is(err, keytrans.ErrMalformed) {
		t.Errorf("too much: %v", err)
	}
	large := &evidence.Evidence{Schema: evidence.Schema, Kind: evidence.Timestamps, Log: "x", Entries: []string{"", strings.Repeat("x", evidence.MaxSize)}}
	if _, err := large.Marshal(); err == nil {
		t.Error("too much was marshalled")
	}
	if _, err := new(evidence.Evidence).Marshal(); err == nil {
		t.Error("nothing was marshalled")
	}
	if _, err := new(evidence.Evidence).Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrNotProof) {
		t.Errorf("nothing was verified: %v", err)
	}
}

// TestOlderFiles reads files as they were before they had a class and a rule, and when
// reports were not told apart.
func TestOlderFiles(t *testing.T) {
	l := newLog(keytranstest.Options{})
	for name, g := range lying {
		if g.modes != nil {
			continue
		}
		e := g.make(t, newLog(keytranstest.Options{}))
		e.Class, e.Rule = "", ""
		data, err := e.Marshal()
		fatalIfErr(t, err)
		if bytes.Contains(data, []byte(`"class"`)) || bytes.Contains(data, []byte(`"rule"`)) {
			t.Errorf("%s", data)
		}
		old, err := evidence.Parse(data)
		fatalIfErr(t, err)
		if _, err := old.Verify(evidence.Expected{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What rested on the client's memory.
	x := newUser(t).see(l, 7).search(l.Directory(12), nil)
	for i := range x.RetainedView.Frontier {
		x.RetainedView.Frontier[i].Proof = nil
	}
	e := contradiction(l, x, nil)
	e.Class, e.RetainedOwner = "", json.RawMessage(`{"label":"alice@example.org"}`)
	if _, err := e.Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrReport) {
		t.Errorf("a memory: %v", err)
	}
}

// TestSame tells findings apart.
func TestSame(t *testing.T) {
	for name, g := range lying {
		if g.modes != nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			fresh := func() *evidence.Evidence { return g.make(t, newLog(keytranstest.Options{})) }
			e := fresh()
			again := fresh()
			again.FoundAt = foundAt.Add(1)
			if !e.Same(again) {
				t.Error("it is not the same as itself")
			}
			for what, change := range map[string]func(o *evidence.Evidence){
				"class":         func(o *evidence.Evidence) { o.Class = evidence.ClassReport },
				"directory":     func(o *evidence.Evidence) { o.Directory = "https://other.example" },
				"policy":        func(o *evidence.Evidence) { o.Policy = []byte("other") },
				"damaged":       func(o *evidence.Evidence) { damage(o) },
				"without parts": func(o *evidence.Evidence) { o.Schema = "" },
			} {
				other := fresh()
				change(other)
				if e.Same(other) {
					t.Errorf("%s: it is the same", what)
				}
			}
		})
	}
	report := lying["the greatest version sinks"].make(t, newLog(keytranstest.Options{}))
	report.Class = evidence.ClassReport
	other := *report
	other.Summary = "something else"
	if !report.Same(report) || report.Same(&other) {
		t.Error("reports are not told apart by what they found")
	}
}

// damage takes the proof out of evidence.
func damage(e *evidence.Evidence) {
	switch e.Kind {
	case evidence.Contradiction:
		e.Response = e.Response[1:]
	case evidence.Fork:
		e.Fork.Response = nil
	case evidence.Credential:
		e.Credential.Credential = nil
	case evidence.TreeHeads:
		e.Heads[0].Signature = nil
	case evidence.Inconsistency:
		e.Inconsistency.Newer = nil
	case evidence.LogEntry:
		e.LogEntry.Checkpoint = nil
	case evidence.TreesDiffer:
		e.Trees.Checkpoint = nil
	case evidence.PrefixTree:
		e.PrefixTree.After.Proof = nil
	default:
		e.Entries[0] = ""
	}
}

// FuzzEvidence feeds arbitrary evidence to those who read it. What is parsed is the
// same file when it is written again, and a directory that never lied is not guilty.
func FuzzEvidence(f *testing.F) {
	f.Add([]byte(`{"schema":"ghostlight/evidence/v1","kind":"timestamps","log":"x","entries":["",""]}`))
	f.Add([]byte(`{"schema":"ghostlight/evidence/v1","kind":"inconsistency","log":"x","inconsistency":{}}`))
	honest := newLog(keytranstest.Options{Seed: "honest"})
	expected := evidence.Expected{Configuration: must(honest.Config.Marshal()), Logs: []string{}}
	for _, e := range innocent(f, honest) {
		f.Add(must(e.Marshal()))
	}
	for _, g := range lying {
		if g.modes == nil {
			f.Add(must(g.make(f, newLog(keytranstest.Options{})).Marshal()))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := evidence.Parse(data)
		if err != nil {
			return
		}
		once, err := e.Marshal()
		fatalIfErr(t, err)
		again, err := evidence.Parse(once)
		fatalIfErr(t, err)
		if twice, err := again.Marshal(); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s, then %s, %v", once, twice, err)
		}
		if p, err := e.Verify(expected); err == nil {
			t.Errorf("an honest directory is guilty: %+v", p)
		}
		_, _ = e.Verify(evidence.Expected{})
		_ = e.Same(again)
	})
}
