package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// collectLicenses has the license of each npm package of which something is in the
// builds, whole, as these ask for.
func collectLicenses(web string, builds ...*metafile) ([]byte, error) {
	packages := make(map[string]bool)
	for _, meta := range builds {
		for _, out := range meta.Outputs {
			for input, part := range out.Inputs {
				if name, ok := packageOf(input); ok && part.BytesInOutput > 0 {
					packages[name] = true
				}
			}
		}
	}
	var text bytes.Buffer
	text.WriteString("The scripts of Ghostlight's audit view are under the Apache License 2.0.\n")
	text.WriteString("They contain parts of these packages.\n")
	for _, name := range sorted(packages) {
		if err := appendLicense(&text, web, name); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// packageOf tells of which npm package an input of a build is: node_modules/NAME/... or
// node_modules/@SCOPE/NAME/...
func packageOf(input string) (string, bool) {
	_, rest, ok := strings.Cut(input, "node_modules/")
	if !ok {
		return "", false
	}
	parts := strings.SplitN(rest, "/", 3)
	if strings.HasPrefix(rest, "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1], true
	}
	return parts[0], true
}

func appendLicense(text *bytes.Buffer, web, name string) error {
	dir := filepath.Join(web, "node_modules", filepath.FromSlash(name))
	data, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return err
	}
	var about struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(data, &about); err != nil {
		return fmt.Errorf("package.json of %s: %w", name, err)
	}
	license, err := os.ReadFile(filepath.Join(dir, "LICENSE"))
	if err != nil {
		return fmt.Errorf("%w: say in this program where the license of %s is", err, name)
	}
	fmt.Fprintf(text, "\n%s %s\n\n%s\n", name, about.Version, bytes.TrimSpace(license))
	return nil
}
