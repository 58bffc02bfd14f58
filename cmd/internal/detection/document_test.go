package detection

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write docs/detection.md")

// document is what the test writes, and where.
const document = "../../../docs/detection.md"

//go:embed testdata/introduction.md
var introduction string

// results are what came of the rows, of which there may be several at a time.
type results struct {
	mu    sync.Mutex
	found map[*row][]sighting
}

func (r *results) add(x *row, found []sighting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found[x] = found
}

// check compares the document with what came out, or writes it. Requires that all
// rows have been played.
func (r *results) check(t *testing.T) {
	t.Helper()
	got := r.document()
	if *update {
		fatalIfErr(t, os.WriteFile(document, []byte(got), 0o644))
		return
	}
	data, err := os.ReadFile(document)
	fatalIfErr(t, err)
	want := strings.Split(string(data), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(want) || line != want[i] {
			t.Fatalf("docs/detection.md does not say what came out, from line %d on: %q\nIf that is as it should be: go test ./cmd/internal/detection -update", i+1, line)
		}
	}
	if got != string(data) {
		t.Fatal("docs/detection.md says more than what came out: go test ./cmd/internal/detection -update")
	}
}

func (r *results) document() string {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString("\n## The table\n\n| what the directory does | who notices first | after | what it is | provable |\n|---|---|---|---|---|\n")
	for g := range groups {
		for i := range groups[g].rows {
			b.WriteString(r.line(&groups[g].rows[i]))
		}
	}
	for g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", groups[g].name, wrapped(groups[g].about))
		for i := range groups[g].rows {
			b.WriteString(r.section(&groups[g].rows[i]))
		}
	}
	return b.String()
}

// line is a row of the table: who is the first to notice, and whether anybody gets
// evidence, and when.
func (r *results) line(x *row) string {
	found := r.found[x]
	link := fmt.Sprintf("[%s](#%s)", x.name, anchor(x.name))
	if len(found) == 0 {
		return fmt.Sprintf("| %s | nobody | | | no |\n", link)
	}
	least := found[0].round
	for _, s := range found {
		least = min(least, s.round)
	}
	var names, what []string
	provable := "no"
	for _, s := range slices.Backward(found) {
		if len(s.proofs) > 0 {
			provable = "yes, after " + x.after(s.round)
		}
	}
	for _, s := range found {
		if s.round == least {
			names = append(names, s.who.name)
			what = appendNew(what, s.outcome())
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", link, strings.Join(names, ", "), x.after(least), strings.Join(what, "; "), provable)
}

// after says how many rounds have passed since the attack began.
func (r *row) after(round int) string {
	if n := round - r.begins(); n > 0 {
		return fmt.Sprintf("%d rounds", n+1)
	}
	return "1 round"
}

// outcome says what a process came to.
func (s *sighting) outcome() string {
	var what []string
	if len(s.proofs) > 0 {
		what = append(what, "evidence `"+strings.Join(s.proofs, "`, `")+"`")
	}
	if len(s.reports) > 0 {
		what = append(what, "report `"+strings.Join(s.reports, "`, `")+"`")
	}
	out := fmt.Sprintf("%d, %s", s.code, strings.Join(what, ", "))
	if s.command == "ktmon run" && !s.alerted {
		out += ", an alert if it lasts"
	}
	return out
}

// section is what there is to say of a row.
func (r *results) section(x *row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n%s\n\n%s\n", x.name, wrapped(x.story), wrapped("What it would gain: "+x.gain+"."))
	if x.nobody != "" {
		fmt.Fprintf(&b, "\n%s\n", wrapped("Why nobody notices: "+x.nobody))
	}
	b.WriteString("\n| who | runs | notices |\n|---|---|---|\n")
	for i := range x.cast {
		o := &x.cast[i]
		var notices []string
		for _, s := range r.found[x] {
			if s.who == o {
				notices = append(notices, fmt.Sprintf("after %s: `%s` ends with %s", x.after(s.round), s.command, s.outcome()))
			}
		}
		if len(notices) == 0 {
			notices = []string{"nothing"}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", o.name, o.does, strings.Join(notices, "; "))
	}
	return b.String()
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// anchor is what a heading is linked to by.
func anchor(name string) string {
	return strings.NewReplacer(",", "", "'", "", " ", "-").Replace(strings.ToLower(name))
}

// wrapped breaks a text into lines of at most 100 characters.
func wrapped(text string) string {
	const width = 100
	var out strings.Builder
	n := 0
	for _, word := range strings.Fields(text) {
		switch {
		case n == 0:
		case n+1+len(word) > width:
			out.WriteString("\n")
			n = 0
		default:
			out.WriteString(" ")
			n++
		}
		out.WriteString(word)
		n += len(word)
	}
	return out.String()
}
