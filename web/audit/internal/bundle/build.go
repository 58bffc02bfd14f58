package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/ghostlight-kt/ghostlight/web/audit/internal/manifest"
)

const standalonePage = manifest.Standalone

// start is the module that every page loads.
const start = "audit/islands/start.ts"

// build makes every file of the bundle from the sources in the folder web.
func build(web string) (files, error) {
	islands, meta, err := buildIslands(web)
	if err != nil {
		return nil, err
	}
	page, pageMeta, err := buildStandalone(web)
	if err != nil {
		return nil, err
	}
	licenses, err := collectLicenses(web, meta, pageMeta)
	if err != nil {
		return nil, err
	}
	built := islands
	built[manifest.Standalone] = page
	built[manifest.Licenses] = licenses
	m, err := newManifest(built, meta)
	if err != nil {
		return nil, err
	}
	built[manifest.Name] = m
	return built, nil
}

// options are what all builds share. Nothing in them depends on where the folder web is.
func options(web string) api.BuildOptions {
	return api.BuildOptions{
		AbsWorkingDir:     web,
		Bundle:            true,
		Metafile:          true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Platform:          api.PlatformBrowser,
		Conditions:        []string{"ghostlight-source"},
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone, // collectLicenses has them whole
		Loader:            map[string]api.Loader{".css": api.LoaderText},
		TreeShaking:       api.TreeShakingTrue,
		LogLevel:          api.LogLevelSilent,
	}
}

// buildIslands bundles start and what it imports. What is imported dynamically, and what
// several of these share, is in files of its own. Names have the hash of the content, so
// that they can be cached for ever.
func buildIslands(web string) (files, *metafile, error) {
	opts := options(web)
	opts.EntryPoints = []string{start}
	opts.Outdir = "audit/dist"
	opts.Splitting = true
	opts.EntryNames = "[name]-[hash]"
	opts.ChunkNames = "[name]-[hash]"
	return esbuild(opts)
}

// esbuild returns the files that a build gives, by name without folder. A warning of
// esbuild is an error.
func esbuild(opts api.BuildOptions) (files, *metafile, error) {
	result := api.Build(opts)
	var errs []error
	for _, message := range slices.Concat(result.Errors, result.Warnings) {
		where := ""
		if l := message.Location; l != nil {
			where = fmt.Sprintf("%s:%d:%d: ", l.File, l.Line, l.Column)
		}
		errs = append(errs, errors.New(where+message.Text))
	}
	if len(errs) > 0 {
		return nil, nil, errors.Join(errs...)
	}
	meta := &metafile{text: result.Metafile}
	if err := json.Unmarshal([]byte(result.Metafile), meta); err != nil {
		return nil, nil, fmt.Errorf("metafile of esbuild: %w", err)
	}
	built := make(files)
	for _, file := range result.OutputFiles {
		built[filepath.Base(file.Path)] = file.Contents
	}
	return built, meta, nil
}

// metafile is what this program reads of esbuild's account of a build.
type metafile struct {
	Outputs map[string]output `json:"outputs"`
	text    string
}

type output struct {
	EntryPoint string `json:"entryPoint"`
	Inputs     map[string]struct {
		BytesInOutput int `json:"bytesInOutput"`
	} `json:"inputs"`
	Imports []struct {
		Path string `json:"path"`
		Kind string `json:"kind"`
	} `json:"imports"`
}

func newManifest(built files, meta *metafile) ([]byte, error) {
	m := manifest.Manifest{
		SchemaVersion: manifest.Version,
		Preload:       make(map[string][]string),
		Files:         make(map[string]manifest.File),
	}
	for name, data := range built {
		sum := sha256.Sum256(data)
		m.Files[name] = manifest.File{SHA256: hex.EncodeToString(sum[:]), Size: len(data)}
	}
	for name, out := range meta.Outputs {
		if out.EntryPoint == "" {
			continue
		}
		if out.EntryPoint == start {
			m.Start = path.Base(name)
		}
		if dir, file := path.Split(out.EntryPoint); dir == path.Dir(start)+"/" {
			m.Preload[strings.TrimSuffix(file, ".ts")] = meta.needs(name)
		}
	}
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}

// needs lists the file with the given name and all that it imports statically, directly
// or not: first the file, then the others by name.
func (m *metafile) needs(name string) []string {
	seen := map[string]bool{name: true}
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		for _, imported := range m.Outputs[queue[0]].Imports {
			if imported.Kind == "import-statement" && !seen[imported.Path] {
				seen[imported.Path] = true
				queue = append(queue, imported.Path)
			}
		}
	}
	delete(seen, name)
	list := []string{path.Base(name)}
	for other := range seen {
		list = append(list, path.Base(other))
	}
	slices.Sort(list[1:])
	return list
}
