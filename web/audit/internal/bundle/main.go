// Command bundle builds web/audit/dist, which package audit embeds, so that 'go install'
// needs no Node: the islands of the audit view (web/audit/islands) and what they use of
// @ghostlight/client, from source, and the page verify.html, which works alone.
//
//	go run ./web/audit/internal/bundle        write the files, and the hash in docs/verify.md
//	go run ./web/audit/internal/bundle -check fail if they would change
//	go run ./web/audit/internal/bundle -why   print what is in @ghostlight/client, by source
//
// It needs 'npm ci' in web/, for the packages that the scripts import. The same sources
// and packages give the same bytes. It prints the size of each file, as it is, with gzip
// and with brotli; and it fails if the whole of @ghostlight/client/core, with both cipher
// suites, is larger than 40,000 bytes with brotli: see core.go.
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

// files are files of the bundle by name.
type files map[string][]byte

const command = "go run ./web/audit/internal/bundle"

func main() {
	root := flag.String("root", ".", "folder of the repository")
	check := flag.Bool("check", false, "write nothing; fail if a file is not as it would be written")
	why := flag.Bool("why", false, "write nothing; print what is in @ghostlight/client, by source")
	flag.Parse()
	if err := run(*root, *check, *why); err != nil {
		fmt.Fprintln(os.Stderr, "bundle: error:", err)
		os.Exit(1)
	}
}

func run(root string, check, why bool) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	web := filepath.Join(root, "web")
	if _, err := os.Stat(filepath.Join(web, "node_modules")); err != nil {
		return fmt.Errorf("%w: run 'npm ci' in web/", err)
	}
	if why {
		return printWhy(os.Stdout, web)
	}
	built, err := build(web)
	if err != nil {
		return err
	}
	dist := filepath.Join(web, "audit", "dist")
	doc := document{path: filepath.Join(root, "docs", "verify.md"), page: built[standalonePage]}
	if check {
		err = compare(dist, built)
		if err == nil {
			err = doc.check()
		}
	} else {
		err = write(dist, built)
		if err == nil {
			err = doc.write()
		}
	}
	if err != nil {
		return err
	}
	return printSizes(os.Stdout, web, built)
}

// write makes dir have the files, and no others.
func write(dir string, built files) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, data := range built {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare fails unless dir has the files, and no others.
func compare(dir string, built files) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if _, ok := built[entry.Name()]; !ok {
			return fmt.Errorf("%s is not of this bundle: run '%s'", filepath.Join(dir, entry.Name()), command)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(built)) {
		path := filepath.Join(dir, name)
		old, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(old, built[name]) {
			return fmt.Errorf("%s is out of date: run '%s'", path, command)
		}
	}
	return nil
}
