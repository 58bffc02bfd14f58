package evidence_test

import (
	"os"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// TestDocument computes the example of docs/evidence.md anew.
func TestDocument(t *testing.T) {
	data, err := os.ReadFile("../../docs/evidence.md")
	fatalIfErr(t, err)
	_, rest, _ := strings.Cut(string(data), "```json\n")
	example, _, _ := strings.Cut(rest, "```")
	l := newLog(keytranstest.Options{Seed: "docs"})
	e := lying["two roots"].make(t, l)
	e.Summary, e.Directory = "the directory has signed two roots for its log of 12 entries", "https://keys.example.org"
	e.Classify()
	want, err := e.Marshal()
	fatalIfErr(t, err)
	if string(want) != example {
		t.Errorf("the example should be\n%s", want)
	}
	p, err := e.Verify(evidence.Expected{})
	fatalIfErr(t, err)
	for _, text := range []string{p.ConfigurationSHA256, p.Found} {
		if !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(string(data), "\n> ", "\n")), " "), text) {
			t.Errorf("the document does not have %q", text)
		}
	}
}
