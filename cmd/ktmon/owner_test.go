//go:build unix

package main

import (
	"path/filepath"
	"testing"

	"github.com/ghostlight-kt/ghostlight/monitor"
)

func TestOwner(t *testing.T) {
	for _, c := range []struct {
		owner, me int
		refused   bool
	}{{0, 0, false}, {1000, 1000, false}, {1000, 1001, false}, {998, 0, true}} {
		if err := ownedBy("folder", c.owner, c.me); (monitor.KindOf(err) == monitor.Usage) != c.refused {
			t.Errorf("%+v: %v", c, err)
		}
	}
	dir := t.TempDir()
	for _, folder := range []string{dir, filepath.Join(dir, "none")} {
		if err := checkOwner(folder); err != nil {
			t.Errorf("%s: %v", folder, err)
		}
	}
}
