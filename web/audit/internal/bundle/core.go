package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/evanw/esbuild/pkg/api"
)

// measured is a part of @ghostlight/client that is bundled in one file, to see its size.
type measured struct {
	name  string
	entry string
	// limit is what it may have with brotli, in bytes. 0 is no limit.
	limit int
	// later are the modules that it imports dynamically and that do not count, because they
	// are measured for themselves. What else it imports dynamically counts.
	later []string
}

const coreLimit = 40_000

// core is the whole of what a verifier is: both cipher suites, all messages, the signatures of
// tree heads and checkpoints, policies, tiles, all algorithms of a client, and its state in
// IndexedDB. Nothing of it is imported later.
var core = measured{name: "@ghostlight/client/core, all of it", entry: "client/src/core.ts", limit: coreLimit}

const evidenceEntry = "client/src/evidence/index.ts"

// clientParts are what most programs use of core, core, a Client with all of its operations, and
// what is loaded only by who needs it. Those after the first three have much in common with
// these, which is counted again.
var clientParts = []measured{
	{name: "Verifier, checkpoints and IndexedDB", entry: "client/size/verifier.ts", limit: coreLimit},
	core,
	{name: "Client with all operations", entry: "client/size/client.ts", limit: 63_000, later: []string{"../evidence/index.js"}},
	{name: "@ghostlight/client/evidence", entry: evidenceEntry},
	{name: "@ghostlight/client/keyset", entry: "client/src/keyset/index.ts"},
	{name: "@ghostlight/client/account", entry: "client/src/account/index.ts"},
	{name: "@ghostlight/client/roster", entry: "client/src/roster/index.ts", later: []string{"../evidence/index.js"}},
	{name: "@ghostlight/client/lookalikes", entry: "client/src/lookalikes.ts"},
	{name: "@ghostlight/client/mldsa", entry: "client/src/mldsa.ts"},
}

// printParts writes the sizes of clientParts to w, and fails if one is above its limit.
func printParts(w io.Writer, web string) error {
	for _, part := range clientParts {
		data, _, err := part.build(web)
		if err != nil {
			return err
		}
		size, err := printSize(w, part.name, data)
		if err != nil {
			return err
		}
		if err := part.check(size); err != nil {
			return err
		}
	}
	return nil
}

func (m measured) check(size int) error {
	if m.limit > 0 && size > m.limit {
		return fmt.Errorf("%s has %d bytes with brotli, and may have %d: see -why", m.name, size, m.limit)
	}
	return nil
}

// build bundles the part alone, in one file. It fails if the file would import anything but what
// is said to be for later.
func (m measured) build(web string) ([]byte, *metafile, error) {
	opts := options(web)
	opts.EntryPoints = []string{m.entry}
	opts.Outdir = "build"
	opts.Plugins = []api.Plugin{{Name: "later", Setup: m.leaveOut}}
	data, meta, err := one(opts)
	if err != nil {
		return nil, nil, err
	}
	for _, out := range meta.Outputs {
		for _, imported := range out.Imports {
			if !slices.Contains(m.later, imported.Path) {
				return nil, nil, fmt.Errorf("%s imports %s later, which is not counted", m.name, imported.Path)
			}
		}
	}
	return data, meta, nil
}

// leaveOut makes a build leave out what is for later.
func (m measured) leaveOut(build api.PluginBuild) {
	resolve := func(args api.OnResolveArgs) (api.OnResolveResult, error) {
		if args.Kind != api.ResolveJSDynamicImport || !slices.Contains(m.later, args.Path) {
			return api.OnResolveResult{}, nil
		}
		return api.OnResolveResult{Path: args.Path, External: true}, nil
	}
	build.OnResolve(api.OnResolveOptions{Filter: ".*"}, resolve)
}

// printWhy writes what is in the first of clientParts, by source.
func printWhy(w io.Writer, web string) error {
	for _, part := range clientParts[:3] {
		_, meta, err := part.build(web)
		if err != nil {
			return err
		}
		text := api.AnalyzeMetafile(meta.text, api.AnalyzeMetafileOptions{})
		if _, err := fmt.Fprintf(w, "%s\n%s\n", part.name, text); err != nil {
			return err
		}
	}
	return nil
}
