package keytrans

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sectionNumbers are the sections of the draft, from 4 to 15, in order.
const sectionNumbers = `4 4.1 4.2 5 6 6.1 6.2 6.3 7 7.1 7.2 8 8.1 8.2 8.3 9 9.1 10 10.1 10.2
11 11.1 11.2 11.3 11.4 11.5 11.6 11.7 11.8 11.9
12 12.1 12.2 12.3 12.3.1 12.3.2 12.3.3 12.3.4 12.3.5 12.3.6 12.3.7 12.3.8
13 13.1 13.2 13.3 13.4 13.5 13.6 14 14.1 14.2 14.2.1 15 15.1 15.2`

// TestSections holds the table of sections in docs/conformance.md against the
// files and tests that it names.
func TestSections(t *testing.T) {
	doc, err := os.ReadFile("../docs/conformance.md")
	fatalIfErr(t, err)
	_, table, found := strings.Cut(string(doc), "\n| Section | Code | Tests |\n| --- | --- | --- |\n")
	if !found {
		t.Fatal("docs/conformance.md has no table of sections")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	want := strings.Fields(sectionNumbers)
	rows := strings.Split(strings.TrimSpace(table), "\n")
	if len(rows) != len(want) {
		t.Errorf("%d rows, want %d", len(rows), len(want))
	}
	for i, row := range rows {
		cells := strings.Split(row, "|")
		if len(cells) != 5 {
			t.Fatalf("not a row of three cells: %s", row)
		}
		section, code, tests := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])
		number, title, _ := strings.Cut(section, " ")
		if i < len(want) && number != want[i] || title == "" {
			t.Errorf("row %d is %q, want section %s and its title", i, section, want[min(i, len(want)-1)])
		}
		if err := checkCode(code); err != "" {
			t.Errorf("%s: code: %s", section, err)
		}
		if err := checkTests(tests); err != "" {
			t.Errorf("%s: tests: %s", section, err)
		}
	}
}

var quoted = regexp.MustCompile("`([^`]*)`")

// checkCode says what is wrong with a cell that names files of code.
func checkCode(cell string) string {
	names := quoted.FindAllStringSubmatch(cell, -1)
	if len(names) == 0 {
		return "no file"
	}
	for _, n := range names {
		if strings.HasSuffix(n[1], "_test.go") {
			return n[1] + " is a test"
		}
		if _, err := readSource(n[1]); err != nil {
			return err.Error()
		}
	}
	return ""
}

// checkTests says what is wrong with a cell that names files of tests, each
// followed by functions in it.
func checkTests(cell string) string {
	var file, source string
	functions := 1 // named since file
	for _, n := range quoted.FindAllStringSubmatch(cell, -1) {
		if strings.HasSuffix(n[1], ".go") {
			if functions == 0 {
				return file + ": no test"
			}
			var err error
			if file, functions = n[1], 0; !strings.HasSuffix(file, "_test.go") {
				return file + " is not a test"
			}
			if source, err = readSource(file); err != nil {
				return err.Error()
			}
			continue
		}
		functions++
		if !strings.Contains(source, "\nfunc "+n[1]+"(t *testing.T) {") {
			return file + " has no " + n[1]
		}
	}
	if file == "" || functions == 0 {
		return "no test"
	}
	return ""
}

// readSource returns the content of a file by its path in the repository.
func readSource(path string) (string, error) {
	b, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
	return string(b), err
}

// TestSectionsCells refuses cells that say nothing or what is not so.
func TestSectionsCells(t *testing.T) {
	for _, cell := range []string{
		"", "soon", "`keytrans/nowhere.go`", "`keytrans/walk.go`, `keytrans/nowhere.go`", "`keytrans/world_test.go`",
	} {
		if checkCode(cell) == "" {
			t.Errorf("code %q passes", cell)
		}
	}
	for _, cell := range []string{
		"", "soon", "`keytrans/suite_test.go`", "`keytrans/walk.go`: `TestSections`", "`TestSections`",
		"`keytrans/nowhere_test.go`: `TestSections`", "`keytrans/suite_test.go`: `TestSections`",
		"`keytrans/suite_test.go`; `keytrans/conformance_sections_test.go`: `TestSections`",
		"`keytrans/conformance_sections_test.go`: `TestSections`; `keytrans/suite_test.go`",
		"`keytrans/conformance_sections_test.go`: `TestSection`",
	} {
		if checkTests(cell) == "" {
			t.Errorf("tests %q pass", cell)
		}
	}
}
