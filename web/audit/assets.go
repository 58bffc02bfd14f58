package audit

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"sync"

	"github.com/ghostlight-kt/ghostlight/web/audit/internal/manifest"
)

//go:embed dist assets templates
var embedded embed.FS

// asset is a file that pages load. Its name has a hash of its content, so that it can
// be cached for ever.
type asset struct {
	name      string
	mediaType string
	content   []byte
}

// assets are the files that pages load.
type assets struct {
	byName   map[string]*asset
	hashed   map[string]string // by the name without the hash
	manifest *manifest.Manifest
	bundle   fs.FS
}

var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
}

// loadAssets returns what is embedded, once read for all views.
var loadAssets = sync.OnceValues(readAssets)

// readAssets reads what is embedded: the scripts that were bundled, and files of this
// package.
func readAssets() (*assets, error) {
	a := &assets{byName: make(map[string]*asset), hashed: make(map[string]string)}
	var err error
	if a.bundle, err = fs.Sub(embedded, "dist"); err != nil {
		return nil, err
	}
	if a.manifest, err = manifest.Read(a.bundle); err != nil {
		return nil, err
	}
	for name := range a.manifest.Files {
		if name == manifest.Standalone {
			continue
		}
		content, err := fs.ReadFile(a.bundle, name)
		if err != nil {
			return nil, err
		}
		a.add(name, content)
	}
	own, err := fs.ReadDir(embedded, "assets")
	if err != nil {
		return nil, err
	}
	for _, file := range own {
		content, err := embedded.ReadFile("assets/" + file.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(file.Name())
		name := file.Name()[:len(file.Name())-len(ext)] + "-" + hex.EncodeToString(sum[:6]) + ext
		a.hashed[file.Name()] = name
		a.add(name, content)
	}
	return a, nil
}

func (a *assets) add(name string, content []byte) {
	a.byName[name] = &asset{name: name, mediaType: mediaTypes[path.Ext(name)], content: content}
}

// scripts returns the modules to fetch for a page: the first one is to run, the others
// are those that it will import.
func (a *assets) scripts(page string) []string {
	out := []string{a.manifest.Start}
	for _, list := range [][]string{a.manifest.Preload["start"], a.manifest.Preload[page]} {
		for _, name := range list {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

const immutable = "public, max-age=31536000, immutable"

func (v *View) serveAsset(w http.ResponseWriter, r *http.Request) error {
	return v.assets.serve(w, r, r.PathValue("name"))
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request, name string) error {
	file := a.byName[name]
	if file == nil {
		return errNoPage
	}
	h := w.Header()
	for _, name := range pageHeaders {
		h.Del(name) // what is no document has no use for it, and a page loads dozens of scripts
	}
	h.Set("Cache-Control", immutable)
	writeTagged(w, r, file.mediaType, file.content)
	return nil
}

// standalonePolicy is that of the page that verifies files: what is in it is all that it
// needs. The page brings a narrower one of its own.
const standalonePolicy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func (v *View) serveStandalone(w http.ResponseWriter, r *http.Request) error {
	return v.assets.serveStandalone(w, r)
}

func (a *assets) serveStandalone(w http.ResponseWriter, r *http.Request) error {
	content, err := fs.ReadFile(a.bundle, manifest.Standalone)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", standalonePolicy)
	writeTagged(w, r, "text/html; charset=utf-8", content)
	return nil
}
