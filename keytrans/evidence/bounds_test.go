package evidence_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// TestManyValues parses short values in long lists: each takes many times its size in
// memory.
func TestManyValues(t *testing.T) {
	const most = 64 << 20 // bytes of memory, for files of 12 MiB
	for _, c := range []struct{ before, value, after string }{
		{`"heads": [`, `{}`, `]`},
		{`"entries": [`, `""`, `]`},
		{`"retained_view": {"frontier": [`, `{}`, `]}`},
		{`"retained_view": {"full_subtrees": [`, `null`, `]}`},
		{`"retained_view": {"frontier": [{"proof": {"path": [`, `null`, `]}}]}`},
		{`"credential": {"recent_distinguished": [`, `{}`, `]}`},
		{`"log_entry": {"inclusion": [`, `""`, `]}`},
		{`"retained_contact": [`, `0`, `]`},
		{`"summary": "\\\"", "heads": [`, `{}`, `]`},
	} {
		values := strings.Repeat(c.value+",", 12<<20/(len(c.value)+1))
		data := fmt.Appendf(nil, `{"schema": %q, %s%s%s%s}`, evidence.Schema, c.before, values, c.value, c.after)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := evidence.Parse(data)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, keytrans.ErrMalformed) || !strings.Contains(err.Error(), "values") {
			t.Errorf("%s: error %v", c.before, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > most {
			t.Errorf("%s: it took %d bytes", c.before, n)
		}
	}
}

// TestDeep parses what is nested deeply.
func TestDeep(t *testing.T) {
	for _, open := range []string{`[`, `{"a":`} {
		for _, field := range []string{"retained_contact", "heads", "x"} {
			data := fmt.Appendf(nil, `{%q: %s`, field, strings.Repeat(open, 4<<20/len(open)))
			if _, err := evidence.Parse(data); !errors.Is(err, keytrans.ErrMalformed) {
				t.Errorf("%s in %s: error %v", open, field, err)
			}
		}
	}
}

// TestValuesInStrings writes and reads a file with more commas in a string than it may
// have values.
func TestValuesInStrings(t *testing.T) {
	e := newEvidence(evidence.TreeHeads, newLog(keytranstest.Options{}))
	e.Heads = make([]evidence.Head, 2)
	e.Summary = strings.Repeat(`,"{\`, 1<<18)
	data, err := e.Marshal()
	fatalIfErr(t, err)
	_, err = evidence.Parse(data)
	fatalIfErr(t, err)
	e.RetainedOwner = []byte("[" + strings.Repeat("0,", 1<<18) + "0]")
	if _, err := e.Marshal(); err == nil || !strings.Contains(err.Error(), "values") {
		t.Errorf("error %v", err)
	}
}

// TestPair accuses an honest directory with evidence that rests on a Configuration and
// on the key of a log, of which only one is its own.
func TestPair(t *testing.T) {
	l := attackedLog(keytranstest.Options{Seed: "honest"})
	mine := newLog(keytranstest.Options{Seed: "mine"})
	a := newAttacker(t, mine, 1, 0)
	var e *evidence.Evidence
	for e == nil || e.Trees.Base != nil || e.Trees.Head.TreeSize > 6 {
		e = a.trees()
	}
	// A head of the honest directory, and a public log that the accuser makes.
	e.Configuration = must(l.Config.Marshal())
	n := e.Trees.Head.TreeSize
	e.Trees.Head = evidence.Head{TreeSize: n, Root: evidence.Hash(l.Root(n)), Signature: l.At(n).Head().Signature}
	e.Trees.Entries = nil
	for _, entry := range mine.Entries()[:n] {
		e.Trees.Entries = append(e.Trees.Entries, entry.Marshal()...)
	}
	read, note := a.public(12)
	e.Trees.Checkpoint = note
	e.Trees.Before, e.Trees.After = a.around(read, 0, n, 0, 12)
	if _, err := e.Verify(evidence.Expected{}); err != nil {
		t.Fatalf("nobody in particular is accused: %v", err)
	}
	for name, expected := range map[string]evidence.Expected{
		"the log is not named":           {Configuration: e.Configuration},
		"the configuration is not named": {Logs: []string{e.Log}},
		"several logs are named":         {Configuration: e.Configuration, Logs: []string{"another", e.Log}},
		"no log is named":                {Configuration: e.Configuration, Logs: []string{}},
	} {
		if p, err := e.Verify(expected); !errors.Is(err, evidence.ErrPair) && !errors.Is(err, evidence.ErrOther) {
			t.Errorf("%s: %v, %+v", name, err, p)
		}
	}
	_, err := e.Verify(evidence.Expected{Configuration: e.Configuration, Logs: []string{e.Log}})
	fatalIfErr(t, err) // the reader says that they belong together
}
