//go:build unix

package main

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// TestOwner has root acknowledge and announce something for a monitor of another user,
// who has to be able to read it. Other users do it as themselves.
func TestOwner(t *testing.T) {
	uid := os.Geteuid()
	if uid == 0 {
		uid = 65534
	}
	d := clienttest.New()
	configuration, err := d.Configuration().Marshal()
	fatalIfErr(t, err)
	dir, err := os.MkdirTemp("", "ktmon-owner")
	fatalIfErr(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	fatalIfErr(t, os.Chmod(dir, 0o755))
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		fatalIfErr(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	file("configuration", base64.StdEncoding.EncodeToString(configuration))
	config := file("ktmon.yaml", `
data: data
directories:
  - name: example
    url: https://keys.example.org
    configuration: configuration
    watch: [{label: alice@example.org, role: owner}]
`)
	keys := file("key.pub", sshKey(t))
	const id = "93f1c2a07be4d518-1"
	data := filepath.Join(dir, "data")
	fatalIfErr(t, os.MkdirAll(filepath.Join(data, "alerts"), 0o700))
	file(filepath.Join("data", "alerts", id+".json"), "{}")
	fatalIfErr(t, filepath.WalkDir(data, func(path string, _ fs.DirEntry, err error) error {
		fatalIfErr(t, err)
		return os.Chown(path, uid, -1)
	}))

	start(t, "ack", "--config", config, id).wait().exits(exitOK)
	start(t, "expect", "--config", config, "alice@example.org", keys).wait().exits(exitOK)
	start(t, "ack", "--config", config, id).wait().exits(exitOK, "acknowledged already")
	found := 0
	fatalIfErr(t, filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		fatalIfErr(t, err)
		info, err := e.Info()
		fatalIfErr(t, err)
		if owner := info.Sys().(*syscall.Stat_t).Uid; fmt.Sprint(owner) != fmt.Sprint(uid) {
			t.Errorf("%s belongs to user %d, not to %d", path, owner, uid)
		}
		if !e.IsDir() {
			found++
		}
		return nil
	}))
	if found != 3 {
		t.Errorf("%d files, want those of an alert, an acknowledgement and an expectation", found)
	}
}
