package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
)

// coreEntry is the main entry of @ghostlight/client, and coreLimit what it may have with
// brotli, in bytes, when everything that it exports is bundled and minified.
const (
	coreEntry = "client/src/index.ts"
	coreLimit = 40_000
)

// printSizes writes the size of each file and of @ghostlight/client to w. It fails if
// the latter is above its limit.
func printSizes(w io.Writer, web string, built files) error {
	fmt.Fprintf(w, "%8s %8s %8s\n", "raw", "gzip", "brotli")
	for _, name := range sorted(built) {
		if _, err := printSize(w, name, built[name]); err != nil {
			return err
		}
	}
	core, _, err := buildCore(web)
	if err != nil {
		return err
	}
	size, err := printSize(w, "@ghostlight/client", core)
	if err != nil {
		return err
	}
	if size > coreLimit {
		return fmt.Errorf("@ghostlight/client has %d bytes with brotli, and may have %d: see -why", size, coreLimit)
	}
	return nil
}

// buildCore bundles @ghostlight/client alone, in one file: what a program has to load
// before it can use it, and not what it imports dynamically, when it has to.
func buildCore(web string) ([]byte, *metafile, error) {
	opts := options(web)
	opts.EntryPoints = []string{coreEntry}
	opts.Outdir = "build"
	opts.Plugins = []api.Plugin{{Name: "lazy", Setup: leaveOutLazy}}
	return one(opts)
}

// leaveOutLazy makes a build leave out what is imported dynamically.
func leaveOutLazy(build api.PluginBuild) {
	leaveOut := func(args api.OnResolveArgs) (api.OnResolveResult, error) {
		if args.Kind != api.ResolveJSDynamicImport {
			return api.OnResolveResult{}, nil
		}
		return api.OnResolveResult{Path: args.Path, External: true}, nil
	}
	build.OnResolve(api.OnResolveOptions{Filter: ".*"}, leaveOut)
}

// printWhy writes what is in @ghostlight/client, by source.
func printWhy(w io.Writer, web string) error {
	_, meta, err := buildCore(web)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, api.AnalyzeMetafile(meta.text, api.AnalyzeMetafileOptions{}))
	return err
}

// printSize writes a line about a file, and returns its size with brotli.
func printSize(w io.Writer, name string, data []byte) (int, error) {
	var zipped, smaller bytes.Buffer
	gz, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	br := brotli.NewWriterLevel(&smaller, brotli.BestCompression)
	for _, compressor := range []io.WriteCloser{gz, br} {
		if _, err := compressor.Write(data); err != nil {
			return 0, err
		}
		if err := compressor.Close(); err != nil {
			return 0, err
		}
	}
	_, err = fmt.Fprintf(w, "%8d %8d %8d %s\n", len(data), zipped.Len(), smaller.Len(), name)
	return smaller.Len(), err
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
