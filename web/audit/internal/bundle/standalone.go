package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/evanw/esbuild/pkg/api"
)

// The sources of the standalone page. Its HTML has the places for the policy, the style
// and the script.
const (
	standaloneHTML   = "audit/islands/standalone.html"
	standaloneScript = "audit/islands/standalone.ts"
	standaloneStyle  = "audit/islands/standalone.css"
)

// buildStandalone makes the page that verifies files without a server. It is one file,
// and its own Content-Security-Policy allows the script and the style in it, by their
// hashes, and nothing else: no request can leave it.
func buildStandalone(web string) ([]byte, *metafile, error) {
	opts := options(web)
	opts.EntryPoints = []string{standaloneScript}
	opts.Outdir = "build"
	opts.Format = api.FormatIIFE
	script, meta, err := one(opts)
	if err != nil {
		return nil, nil, err
	}
	opts = options(web)
	opts.EntryPoints = []string{standaloneStyle}
	opts.Outdir = "build"
	opts.Loader = map[string]api.Loader{".css": api.LoaderCSS}
	style, _, err := one(opts)
	if err != nil {
		return nil, nil, err
	}
	html, err := os.ReadFile(filepath.Join(web, filepath.FromSlash(standaloneHTML)))
	if err != nil {
		return nil, nil, err
	}
	page, err := inline(html, script, style)
	return page, meta, err
}

// one builds what becomes one file.
func one(opts api.BuildOptions) ([]byte, *metafile, error) {
	out, meta, err := esbuild(opts)
	if err != nil {
		return nil, nil, err
	}
	for _, content := range out {
		if len(out) == 1 {
			return bytes.TrimRight(content, "\n"), meta, nil
		}
	}
	return nil, nil, fmt.Errorf("%s became %d files, not one", opts.EntryPoints[0], len(out))
}

// ends matches what would end a script or a style, or begin a comment in it.
var ends = regexp.MustCompile(`(?i)</(script|style)|<!--`)

// inline puts the script, the style and the policy that allows just these in their
// places in a page.
func inline(html, script, style []byte) ([]byte, error) {
	if ends.Match(script) || ends.Match(style) {
		return nil, errors.New("the standalone page's script or style has a tag that would end it")
	}
	policy := `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ` + source(script) + `; style-src ` + source(style) +
		`; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'">`
	for _, part := range []struct{ place, text string }{
		{"<!-- policy -->", policy},
		{"<!-- style -->", "<style>" + string(style) + "</style>"},
		{"<!-- script -->", "<script>" + string(script) + "</script>"},
	} {
		before, after, ok := bytes.Cut(html, []byte(part.place))
		if !ok || bytes.Contains(after, []byte(part.place)) {
			return nil, fmt.Errorf("%s must have the place %s once", standaloneHTML, part.place)
		}
		html = bytes.Join([][]byte{before, after}, []byte(part.text))
	}
	return html, nil
}

// source is the CSP source that allows a script or style with the given text.
func source(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// document is the document that publishes the hash of the standalone page.
type document struct {
	path string
	page []byte
}

// published matches the line of the document that has the hash, as sha256sum prints it.
var published = regexp.MustCompile(`(?m)^[0-9a-f]{64}  verify\.html$`)

// render returns the document as it is, and as it must be.
func (d document) render() (old, wanted []byte, err error) {
	old, err = os.ReadFile(d.path)
	if err != nil {
		return nil, nil, err
	}
	if n := len(published.FindAll(old, -1)); n != 1 {
		return nil, nil, fmt.Errorf("%s has the hash of %s %d times, not once", d.path, standalonePage, n)
	}
	sum := sha256.Sum256(d.page)
	return old, published.ReplaceAll(old, []byte(hex.EncodeToString(sum[:])+"  "+standalonePage)), nil
}

func (d document) check() error {
	old, wanted, err := d.render()
	if err == nil && !bytes.Equal(old, wanted) {
		err = fmt.Errorf("%s has another hash of %s: run '%s'", d.path, standalonePage, command)
	}
	return err
}

func (d document) write() error {
	_, wanted, err := d.render()
	if err != nil {
		return err
	}
	return os.WriteFile(d.path, wanted, 0o644)
}
