package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// TestInit makes configurations of two directories in one folder, which are right as they
// are, and replaces nothing.
func TestInit(t *testing.T) {
	server := httptest.NewServer(clienttest.New())
	defer server.Close()
	dir := t.TempDir()
	for _, name := range []string{"one", "two"} {
		config := filepath.Join(dir, name+".yaml")
		ktmon(t, t.Context(), "init", config, "--directory", server.URL).exits(exitOK)
		data, err := os.ReadFile(config)
		fatalIfErr(t, err)
		if !strings.Contains(string(data), "url: "+server.URL+"\n") || !strings.Contains(string(data), "configuration: "+name+".configuration\n") {
			t.Errorf("the configuration:\n%s", data)
		}
		ktmon(t, t.Context(), "check", config).exits(exitOK)
	}
	ktmon(t, t.Context(), "init", filepath.Join(dir, "one.yaml"), "--directory", server.URL).exits(exitUsage, "nothing is overwritten")
	ktmon(t, t.Context(), "init", filepath.Join(dir, "one.yml"), "--directory", server.URL).exits(exitUsage, "one.configuration: file exists", "nothing is overwritten")
}

// TestCheckTellsWhatRunWould has a secret be missing.
func TestCheckTellsWhatRunWould(t *testing.T) {
	server := httptest.NewServer(clienttest.New())
	defer server.Close()
	config := filepath.Join(t.TempDir(), "ktmon.yaml")
	ktmon(t, t.Context(), "init", config, "--directory", server.URL).exits(exitOK)
	data, err := os.ReadFile(config)
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(config, append(data, "  webhooks: [{url: https://example.org, secret: missing}]\n"...), 0o600))
	ktmon(t, t.Context(), "check", config).exits(exitUsage, "missing: no such file")
}
