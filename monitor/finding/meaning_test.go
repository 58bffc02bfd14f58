package finding

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

var markdownLink = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)

// TestMeanings holds the meanings against the table of rules in docs/alerts.md.
func TestMeanings(t *testing.T) {
	doc, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[Rule]bool)
	for line := range strings.SplitSeq(string(doc), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		rule := Rule(strings.Trim(cells[1], " `"))
		if class := strings.TrimSpace(cells[2]); class != "report" && class != "either" {
			continue
		}
		documented[rule] = true
		if want := markdownLink.ReplaceAllString(strings.TrimSpace(cells[3]), "$1"); rule.Meaning() != want {
			t.Errorf("%s: %q, the document has %q", rule, rule.Meaning(), want)
		}
	}
	kinds := []evidence.Kind{evidence.Contradiction, evidence.Fork, evidence.Inconsistency, evidence.LogEntry, evidence.Credential, evidence.TreeHeads, evidence.Timestamps, evidence.TreesDiffer, evidence.PrefixTree}
	for _, kind := range kinds {
		documented[Rule(kind)] = true
		if Rule(kind).Meaning() == "" {
			t.Errorf("evidence of the kind %s has no meaning", kind)
		}
	}
	for rule := range meanings {
		if !documented[rule] {
			t.Errorf("%s is in no document", rule)
		}
	}
	if len(documented) < 28 || Rule("nothing").Meaning() != "" {
		t.Errorf("%d rules", len(documented))
	}
}
