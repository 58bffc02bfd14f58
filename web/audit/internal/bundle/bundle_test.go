package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/web/audit/internal/manifest"
)

const root = "../../../.."

func TestCommittedBundle(t *testing.T) {
	dist := filepath.Join(root, "web", "audit", "dist")
	m, err := manifest.Read(os.DirFS(dist))
	fatalIfErr(t, err)
	entries, err := os.ReadDir(dist)
	fatalIfErr(t, err)
	if len(entries) != len(m.Files)+1 { // the manifest does not list itself
		t.Errorf("%d files, but the manifest lists %d", len(entries), len(m.Files))
	}
	for name, want := range m.Files {
		data, err := os.ReadFile(filepath.Join(dist, name))
		fatalIfErr(t, err)
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:]); got != want.SHA256 {
			t.Errorf("%s has the hash %s, not %s", name, got, want.SHA256)
		}
	}
}

func TestPublishedHash(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "web", "audit", "dist", standalonePage))
	fatalIfErr(t, err)
	doc := document{path: filepath.Join(root, "docs", "verify.md"), page: page}
	fatalIfErr(t, doc.check())
	doc.page = append(page, '\n')
	if err := doc.check(); err == nil || !strings.Contains(err.Error(), "another hash") {
		t.Errorf("a changed page: %v", err)
	}
}

func TestStandaloneAllowsOnlyItself(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "web", "audit", "dist", standalonePage))
	fatalIfErr(t, err)
	text := string(page)
	for _, tag := range []string{"script", "style"} {
		_, rest, ok := strings.Cut(text, "<"+tag+">")
		inner, _, closed := strings.Cut(rest, "</"+tag+">")
		if !ok || !closed {
			t.Fatalf("no %s", tag)
		}
		if want := tag + "-src " + source([]byte(inner)) + ";"; !strings.Contains(text, want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	for _, other := range []string{" src=", "<link", "@import", "url("} {
		if strings.Contains(text, other) {
			t.Errorf("the page has %q, which could load something", other)
		}
	}
}

func TestInlineRefuses(t *testing.T) {
	const page = "<!-- policy --><!-- style --><!-- script -->"
	for _, test := range []struct{ name, page, script, style, want string }{
		{"a script that ends", page, "x='</script>'", "", "end it"},
		{"a script with a comment", page, "x='<!--'", "", "end it"},
		{"a style that ends", page, "", "/*</STYLE>*/", "end it"},
		{"no place", "<!-- policy --><!-- style -->", "", "", "<!-- script --> once"},
		{"a place twice", page + "<!-- style -->", "", "", "<!-- style --> once"},
	} {
		_, err := inline([]byte(test.page), []byte(test.script), []byte(test.style))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestPackageOf(t *testing.T) {
	for input, want := range map[string]string{
		"node_modules/uplot/dist/uPlot.esm.js":      "uplot",
		"node_modules/@noble/hashes/sha2.js":        "@noble/hashes",
		"node_modules/@c/d/node_modules/e/index.js": "@c/d",
		"client/src/index.ts":                       "",
	} {
		if got, _ := packageOf(input); got != want {
			t.Errorf("%s: %q, not %q", input, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dist")
	built := files{"a.js": []byte("a"), "b.js": []byte("b")}
	fatalIfErr(t, write(dir, built))
	fatalIfErr(t, compare(dir, built))
	for _, test := range []struct {
		name, want string
		built      files
	}{
		{"a file more on disk", "not of this bundle", files{"a.js": []byte("a")}},
		{"a file less on disk", "no such file", files{"a.js": []byte("a"), "b.js": []byte("b"), "c.js": nil}},
		{"another file", "out of date", files{"a.js": []byte("a"), "b.js": []byte("B")}},
	} {
		if err := compare(dir, test.built); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestPartsAreWhole(t *testing.T) {
	m := measured{name: "a part", limit: 10}
	fatalIfErr(t, m.check(10))
	if err := m.check(11); err == nil || !strings.Contains(err.Error(), "11 bytes with brotli, and may have 10") {
		t.Errorf("a part above its limit: %v", err)
	}
	web := t.TempDir()
	for name, text := range map[string]string{
		"a.js": `import "./b.js"; export const later = () => import("./c.js");`,
		"b.js": `console.log("b")`,
		"c.js": `console.log("counted")`,
	} {
		fatalIfErr(t, os.WriteFile(filepath.Join(web, name), []byte(text), 0o644))
	}
	data, _, err := measured{name: "all", entry: "a.js"}.build(web)
	fatalIfErr(t, err)
	if !strings.Contains(string(data), "counted") {
		t.Error("what is imported dynamically is not counted")
	}
	data, _, err = measured{name: "some", entry: "a.js", later: []string{"./c.js"}}.build(web)
	fatalIfErr(t, err)
	if strings.Contains(string(data), "counted") {
		t.Error("what is for later is counted")
	}
}

func fatalIfErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
