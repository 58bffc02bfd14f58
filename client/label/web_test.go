package label

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the TypeScript client has of this package anew")

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// upToDate writes a generated file, or verifies that it is as it would be written.
func upToDate(t *testing.T, path, content string) {
	t.Helper()
	if *update {
		fatalIfErr(t, os.WriteFile(path, []byte(content), 0o644))
	}
	data, err := os.ReadFile(path)
	fatalIfErr(t, err)
	if string(data) != content {
		t.Errorf("%s is not up to date: go test ./client/label -update", path)
	}
}

// TestWebTables writes the tables for web/client. They are columns of numbers in base
// 36, which compress to a third less than rows do. An empty number is zero.
func TestWebTables(t *testing.T) {
	var b strings.Builder
	b.WriteString("// Written by client/label (go test ./client/label -update): do not edit.\n")
	for line := range strings.Lines(characterLines) {
		if !strings.HasPrefix(line, "# Ranges") && strings.HasPrefix(line, "#") && !strings.Contains(line, "LICENSE-UNICODE") {
			b.WriteString("// " + strings.TrimPrefix(strings.Replace(line, "Written by Tables.java: do not edit. ", "", 1), "# "))
		} else {
			break
		}
	}
	b.WriteString("// Data by Unicode, Inc., under the terms in client/label/tables/LICENSE-UNICODE.\n\n")
	column := func(name, doc string, fields []string, separator string) {
		fmt.Fprintf(&b, "/** %s */\nexport const %s =\n  %q;\n\n", doc, name, strings.Join(fields, separator))
	}
	sources, targets := confusableColumns()
	column("confusables", "Characters that have a prototype: how many code points lie between one and the next.", sources, ",")
	column("prototypes", "The prototype of each, as code points with dots between them.", targets, ",")
	gaps, sizes, sets, names := characterColumns()
	column("rangeGaps", "Ranges of assigned characters: how many code points lie between one and the next.", gaps, ",")
	column("rangeSizes", "How many code points each has after its first.", sizes, ",")
	column("rangeSets", "The index in scriptSets of each.", sets, ",")
	column("scriptSets", "Scripts that a character may be of; - if it shows nothing.", names, ",")
	upToDate(t, "../../web/client/src/lookalikes-table.ts", strings.TrimSuffix(b.String(), "\n"))
}

func base36(n rune) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 36)
}

func confusableColumns() (sources, targets []string) {
	next := rune(0)
	for fields := range table(confusableLines) {
		var target []string
		for _, f := range fields[1:] {
			target = append(target, base36(point(f)))
		}
		sources = append(sources, base36(point(fields[0])-next))
		targets = append(targets, strings.Join(target, "."))
		next = point(fields[0]) + 1
	}
	return sources, targets
}

func characterColumns() (gaps, sizes, sets, names []string) {
	next, known := rune(0), make(map[string]int)
	for fields := range table(characterLines) {
		first, last, name := point(fields[0]), point(fields[1]), strings.Join(fields[2:], " ")
		if _, ok := known[name]; !ok {
			known[name] = len(names)
			names = append(names, name)
		}
		gaps, sizes = append(gaps, base36(first-next)), append(sizes, base36(last-first))
		sets = append(sets, base36(rune(known[name])))
		next = last + 1
	}
	return gaps, sizes, sets, names
}
