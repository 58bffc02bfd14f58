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

// printSizes writes the size of each file and of the parts of @ghostlight/client to w. It
// fails if one of the latter is above its limit.
func printSizes(w io.Writer, web string, built files) error {
	fmt.Fprintf(w, "%8s %8s %8s\n", "raw", "gzip", "brotli")
	for _, name := range sorted(built) {
		if _, err := printSize(w, name, built[name]); err != nil {
			return err
		}
	}
	return printParts(w, web)
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
