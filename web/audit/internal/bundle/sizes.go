package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/andybalholm/brotli"
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
	core, err := buildCore(web)
	if err != nil {
		return err
	}
	size, err := printSize(w, "@ghostlight/client", core)
	if err != nil {
		return err
	}
	if size > coreLimit {
		return fmt.Errorf("@ghostlight/client has %d bytes with brotli, and may have %d", size, coreLimit)
	}
	return nil
}

// buildCore bundles @ghostlight/client alone.
func buildCore(web string) ([]byte, error) {
	opts := options(web)
	opts.EntryPoints = []string{coreEntry}
	opts.Outdir = "build"
	out, _, err := esbuild(opts)
	if err != nil {
		return nil, err
	}
	if len(out) != 1 {
		return nil, fmt.Errorf("%s became %d files, not one", coreEntry, len(out))
	}
	return out[0].Contents, nil
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
