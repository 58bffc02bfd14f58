package monitor

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind requires an error of a kind, that wraps want unless that is nil, and
// that says the given texts.
func wantKind(t testing.TB, err error, kind Kind, want error, texts ...string) {
	t.Helper()
	if KindOf(err) != kind || want != nil && !errors.Is(err, want) {
		t.Fatalf("error of kind %v: %v; want kind %v, %v", KindOf(err), err, kind, want)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q: %v", text, err)
		}
	}
}

// world is a log, its server, and a place for a mirror of it.
type world struct {
	t      testing.TB
	log    *monitortest.Log
	served *atomic.Pointer[monitortest.Log] // what the server shows; log at first
	server *httptest.Server
	dir    string
	cfg    MirrorConfig
	http   HTTPConfig
}

// newWorld returns a world in which the log has some entries.
func newWorld(t testing.TB, entries, mostLeaves int) *world {
	t.Helper()
	w := &world{t: t, log: monitortest.New(t, 1), served: new(atomic.Pointer[monitortest.Log]), dir: filepath.Join(t.TempDir(), "mirror")}
	if entries > 0 {
		w.log.Grow(t, entries, mostLeaves)
	}
	w.served.Store(w.log)
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.served.Load().ServeHTTP(rw, r) }))
	t.Cleanup(w.server.Close)
	w.cfg = MirrorConfig{Policy: w.log.Policy(), Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	w.http = HTTPConfig{Retries: 1, Backoff: time.Millisecond, Timeout: 5 * time.Second}
	return w
}

func (w *world) source() *HTTPSource {
	w.t.Helper()
	s, err := NewHTTPSource(w.server.URL, w.http)
	fatalIfErr(w.t, err)
	return s
}

// open opens the mirror.
func (w *world) open() *Mirror {
	w.t.Helper()
	m, err := OpenMirror(w.t.Context(), w.dir, w.source(), w.cfg)
	fatalIfErr(w.t, err)
	w.t.Cleanup(func() { m.Close() })
	return m
}

// update opens the mirror, updates it once and closes it.
func (w *world) update() (Status, error) {
	w.t.Helper()
	m, err := OpenMirror(w.t.Context(), w.dir, w.source(), w.cfg)
	if err != nil {
		return Status{}, err
	}
	err = m.Update(w.t.Context())
	return m.Status(), errors.Join(err, m.Close())
}

// mustUpdate updates the mirror up to a size, and verifies it.
func (w *world) mustUpdate(size uint64) Status {
	w.t.Helper()
	status, err := w.update()
	fatalIfErr(w.t, err)
	if status.Entries != size {
		w.t.Fatalf("%d entries verified, want %d", status.Entries, size)
	}
	w.verifies(size)
	return status
}

// verifies requires that the folder is a complete mirror up to a size, byte for
// byte what the log serves, and that outgrown partial tiles are gone.
func (w *world) verifies(size uint64) {
	w.t.Helper()
	status, err := VerifyMirror(w.t.Context(), w.dir, MirrorConfig{})
	fatalIfErr(w.t, err)
	if c := status.Checkpoint; c.Size != size || c.Root != w.log.RootAt(w.t, size) || status.Entries != size {
		w.t.Fatalf("the mirror verifies up to %d entries, root %v; want %d", c.Size, c.Root, size)
	}
	fatalIfErr(w.t, tile.Added(0, size, func(t tile.Tile) error { w.has(t); return nil }))
	partial := make(map[tile.Tile]int)
	for _, t := range w.tiles() {
		if t.Width == tile.FullWidth {
			continue
		}
		w.has(t) // all of what was published stays right
		full := t
		full.Width = 0
		partial[full]++
		if t.Index != size>>(8*t.Level)/tile.FullWidth {
			w.t.Errorf("%s was left in a mirror of %d entries", t.Path(), size)
		}
	}
	for t, n := range partial {
		if t.Kind == tile.Changes && n > 2 {
			w.t.Errorf("%d partial bundles of changes were left", n)
		}
	}
	if left, err := os.ReadDir(filepath.Join(w.dir, tmpName)); err != nil || len(left) > 0 {
		w.t.Errorf("temporary files were left: %v, %v", left, err)
	}
}

// has requires that a tile in the folder is what the log serves.
func (w *world) has(t tile.Tile) {
	w.t.Helper()
	data, _ := w.log.Resource(t.Path())
	got, err := os.ReadFile(filepath.Join(w.dir, t.Path()))
	if err != nil || !bytes.Equal(data, got) {
		w.t.Errorf("%s is not what the log serves (%v)", t.Path(), err)
	}
}

// tiles returns the tiles in the folder.
func (w *world) tiles() []tile.Tile {
	w.t.Helper()
	var out []tile.Tile
	fatalIfErr(w.t, filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(w.dir, path)
		if err != nil {
			return err
		}
		if t, err := tile.ParsePath(filepath.ToSlash(rel)); err == nil {
			out = append(out, t)
		}
		return nil
	}))
	return out
}

// evidence returns the evidence files, which must verify.
func (w *world) evidence() []string {
	w.t.Helper()
	names, err := filepath.Glob(filepath.Join(w.dir, evidenceName, "*.json"))
	fatalIfErr(w.t, err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		fatalIfErr(w.t, err)
		e, err := evidence.Parse(data)
		fatalIfErr(w.t, err)
		p, err := e.Verify(evidence.Expected{Configuration: e.Configuration, Logs: []string{w.log.Signer.VerifierKey()}})
		fatalIfErr(w.t, err)
		if e.Class != evidence.ClassEvidence || e.Rule != p.Rule || e.Private() {
			w.t.Errorf("%+v, %+v", p, e)
		}
	}
	return names
}

// wantMisbehaved requires an error that names the only evidence file.
func (w *world) wantMisbehaved(err error, kind evidence.Kind) {
	w.t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != Misbehaved {
		w.t.Fatalf("error of kind %v: %v; want misbehaviour", KindOf(err), err)
	}
	files := w.evidence()
	if len(files) != 1 || e.Evidence != files[0] || !strings.HasPrefix(filepath.Base(e.Evidence), string(kind)+"-") {
		w.t.Fatalf("evidence %q, files %q; want one of kind %s", e.Evidence, files, kind)
	}
}

// onPath has f answer the requests for a path.
func (w *world) onPath(path string, f func(rw http.ResponseWriter, r *http.Request, data []byte)) {
	w.log.Intercept(func(rw http.ResponseWriter, r *http.Request, p string, data []byte) bool {
		if p != path {
			return false
		}
		f(rw, r, data)
		return true
	})
}
