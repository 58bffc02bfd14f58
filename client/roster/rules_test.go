package roster

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestDocumentedRules holds the table of codes in docs/roster.md against the
// code: every code, its severities, meaning and advice, word for word.
func TestDocumentedRules(t *testing.T) {
	doc, err := os.ReadFile("../../docs/roster.md")
	fatalIfErr(t, err)
	var want []string
	for _, r := range rules {
		var severities []string
		for _, s := range r.Severities {
			severities = append(severities, string(s))
		}
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s |", r.Code, strings.Join(severities, ", "), r.Meaning, r.Advice))
		if !strings.Contains(string(doc), "\n`"+string(r.Code)+"`\n: ") {
			t.Errorf("no rule for %s", r.Code)
		}
	}
	_, table, _ := strings.Cut(string(doc), "| code | severity | meaning | what to do |\n|---|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	if got := strings.Split(table, "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("docs/roster.md has\n%s\nand the code has\n%s", table, strings.Join(want, "\n"))
	}
}

// TestEveryCode checks that every code that is declared has a rule.
func TestEveryCode(t *testing.T) {
	known := make(map[string]bool)
	for _, r := range rules {
		if known[string(r.Code)] || r.Advice == "" || len(r.Severities) == 0 {
			t.Errorf("%+v", r)
		}
		known[string(r.Code)] = true
	}
	file, err := goparser.ParseFile(token.NewFileSet(), "report.go", nil, 0)
	fatalIfErr(t, err)
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil || !known[code] {
			t.Errorf("%s has no rule", code)
		}
		n++
		return true
	})
	if n != len(known) {
		t.Errorf("%d codes, %d rules", n, len(known))
	}
	for code := range ownAdvice {
		if !known[string(code)] {
			t.Errorf("advice for %s, which is no code", code)
		}
	}
}
