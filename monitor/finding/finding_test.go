package finding

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestVerdict(t *testing.T) {
	proof := Finding{Rule: "fork", Class: Evidence, Severity: Critical}
	surprise := Finding{Rule: UnexpectedVersion, Class: Report, Severity: Critical}
	silence := Finding{Rule: Unreachable, Class: Report, Severity: Warning}
	expected := Finding{Rule: ExpectedVersion, Class: Report, Severity: Info}
	for _, c := range []struct {
		found []Finding
		want  Verdict
	}{
		{nil, Verified},
		{[]Finding{expected}, Verified},
		{[]Finding{silence, expected}, Unchecked},
		{[]Finding{silence, surprise, silence}, Changed},
		{[]Finding{surprise, silence, proof, silence}, Misbehaviour},
		{[]Finding{{Rule: ChangedValue, Class: Report, Severity: Info}}, Verified},
	} {
		if got := (&Round{Findings: c.found}).Verdict(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.found, got, c.want)
		}
	}
}

// TestKey holds that a finding is the same as long as its rule, its directory and its
// subject are, and only then.
func TestKey(t *testing.T) {
	f := Finding{Rule: Refused, Directory: "a", Subject: "b", Summary: "c"}
	same := Finding{Rule: Refused, Directory: "a", Subject: "b", Detail: "d", File: "e", Condition: true, After: time.Hour}
	if f.Key() != same.Key() || len(f.Key()) != 64 {
		t.Errorf("%s and %s", f.Key(), same.Key())
	}
	seen := map[string]bool{f.Key(): true}
	for _, other := range []Finding{
		{Rule: Refused, Directory: "b", Subject: "a"}, {Rule: Refused, Directory: "ab"}, {Rule: Refused, Subject: "ab"},
		{Rule: Failed, Directory: "a", Subject: "b"}, {Rule: Refused, Directory: `a","b`, Subject: ""}, {Rule: Refused, Directory: "", Subject: `a","b`},
	} {
		if seen[other.Key()] {
			t.Errorf("%+v has the key of another finding", other)
		}
		seen[other.Key()] = true
	}
}

// TestRules holds that the document explains every rule.
func TestRules(t *testing.T) {
	source, err := os.ReadFile("rule.go")
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := regexp.MustCompile(`Rule += "([a-z-]+)"`).FindAllSubmatch(source, -1)
	if len(rules) < 10 {
		t.Fatalf("%d rules were found", len(rules))
	}
	for _, r := range rules {
		if !strings.Contains(string(document), "\n| `"+string(r[1])+"` |") {
			t.Errorf("docs/alerts.md does not explain %s", r[1])
		}
	}
}
