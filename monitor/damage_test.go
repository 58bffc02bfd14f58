package monitor

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// damages are the ways in which tests damage a file.
var damages = map[string]func(data []byte) []byte{
	"flip":   func(data []byte) []byte { data[len(data)/3] ^= 0x10; return data },
	"cut":    func(data []byte) []byte { return data[:len(data)-1] },
	"longer": func(data []byte) []byte { return append(data, '\n') },
	"empty":  func(data []byte) []byte { return nil },
	"gone":   nil,
}

// damage damages a file.
func damage(t *testing.T, path, kind string) {
	t.Helper()
	change := damages[kind]
	if change == nil {
		fatalIfErr(t, os.Remove(path))
		return
	}
	data, err := os.ReadFile(path)
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(path, change(bytes.Clone(data)), 0o600))
}

// copied returns a copy of the world with a folder of its own, and no changes to
// the log.
func (w *world) copied(t *testing.T) *world {
	t.Helper()
	out := *w
	out.t, out.dir = t, filepath.Join(t.TempDir(), "mirror")
	fatalIfErr(t, os.CopyFS(out.dir, os.DirFS(w.dir)))
	return &out
}

// TestDamagedFolder changes every file of a mirror. Verifying finds it, and who goes
// on mirroring says so and repairs it, from the log that was believed.
func TestDamagedFolder(t *testing.T) {
	base := newWorld(t, 600, 2)
	base.mustUpdate(600)
	base.log.Grow(t, 200, 2)
	base.cfg.ReplacePolicy = true
	files := []string{checkpointPath, anchorName, policyName}
	for _, tile := range base.tiles() {
		files = append(files, tile.Path())
	}
	if len(files) != 13 {
		t.Fatalf("files %q", files)
	}
	for _, name := range files {
		for kind := range damages {
			if name == policyName && (kind == "longer" || kind == "gone" || kind == "cut") {
				continue // it means what it meant, or is not there; it is given anyway
			}
			w := base.copied(t)
			damage(t, filepath.Join(w.dir, name), kind)
			if name != anchorName && name != policyName {
				_, err := VerifyMirror(t.Context(), w.dir, MirrorConfig{Policy: w.cfg.Policy})
				wantKind(t, err, Undecided, nil)
			}
			m := w.open()
			gone := kind == "gone" && (name == anchorName || name == checkpointPath)
			if len(m.Damage()) == 0 && !gone {
				t.Errorf("%s, %s: nothing was said", name, kind)
			}
			fatalIfErr(t, m.Update(t.Context()))
			fatalIfErr(t, m.Close())
			w.verifies(800)
		}
	}
}

// TestDamagedFolderBound damages a mirror in front of a log that has another history
// now: that is found out, whichever file was damaged.
func TestDamagedFolderBound(t *testing.T) {
	base := newWorld(t, 300, 1)
	base.mustUpdate(300)
	fork := newWorld(t, 299, 1).log // the same beginning, and the same key
	fork.Grow(t, 100, 3)
	for _, name := range []string{checkpointPath, anchorName, "changes/000", "tile/entries/001.p/44", "tile/0/000"} {
		w := base.copied(t)
		damage(t, filepath.Join(w.dir, name), "flip")
		w.served.Store(fork)
		_, err := w.update()
		w.wantMisbehaved(err, evidence.Inconsistency)
		w.served.Store(base.log)
	}
}

// TestDamagedAnchors damages all that tells what was believed.
func TestDamagedAnchors(t *testing.T) {
	w := newWorld(t, 20, 1)
	w.mustUpdate(20)
	for _, name := range []string{checkpointPath, anchorName} {
		damage(t, filepath.Join(w.dir, name), "flip")
	}
	_, err := w.update()
	wantKind(t, err, Undecided, nil, "tells any more which log was mirrored")
	if e := (*Error)(nil); !errors.As(err, &e) || !strings.Contains(e.Hint, "copy of the file checkpoint") {
		t.Errorf("hint %q", e.Hint)
	}
}
