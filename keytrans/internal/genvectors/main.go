// Command genvectors writes the project's test vectors, which testdata/vectors has
// with a README.md. What it writes follows from this program alone: without
// changes to it or to what it tests, it writes the same bytes again.
//
//	go run ./keytrans/internal/genvectors        write the files
//	go run ./keytrans/internal/genvectors -check fail if they would change
//
// It holds everything against the verifiers of this module, and honest answers
// also against the naive reference (keytrans/internal/naive), before it writes.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// file is a vectors.File.
type file interface{ Marshal() ([]byte, error) }

// files are the makers of the files, by name.
var files = map[string]func() file{}

func main() {
	dir := flag.String("dir", "testdata/vectors", "folder of the vectors")
	check := flag.Bool("check", false, "write nothing; fail if a file is not as it would be written")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "genvectors: error:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data, err := files[name]().Marshal()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		path := filepath.Join(dir, name+".json")
		if !check {
			if err := os.WriteFile(path, data, 0o644); err != nil {
				return err
			}
			continue
		}
		old, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(old, data) {
			return fmt.Errorf("%s is out of date: run 'go run ./keytrans/internal/genvectors'", path)
		}
	}
	return checkNoOthers(dir)
}

// checkNoOthers refuses vectors that this command does not make.
func checkNoOthers(dir string) error {
	found, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, path := range found {
		name := filepath.Base(path)
		// Package evidence makes its file out of the worlds of its tests.
		if files[name[:len(name)-len(".json")]] == nil && name != "evidence.json" {
			return fmt.Errorf("%s: nothing makes this file; remove it", path)
		}
	}
	return nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("genvectors: %v", err))
	}
	return v
}

// require panics unless what the vectors state holds.
func require(ok bool, format string, args ...any) {
	if !ok {
		panic("genvectors: " + fmt.Sprintf(format, args...))
	}
}

func ptr[T any](v T) *T { return &v }
