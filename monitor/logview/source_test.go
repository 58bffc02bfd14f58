package logview

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

const alice = "alice@example.org"

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a directory over HTTP, and what shows its log.
type world struct {
	testing.TB
	dir      *clienttest.Directory
	cfg      Config
	mirror   *monitor.Mirror // nil without one
	requests atomic.Int64

	mu   sync.Mutex
	show http.Handler // what answers for the directory
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, dir: clienttest.New()}
	w.showing(w.dir)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.requests.Add(1)
		w.mu.Lock()
		show := w.show
		w.mu.Unlock()
		show.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	configuration, err := w.dir.Configuration().Marshal()
	fatalIfErr(t, err)
	w.cfg = Config{
		Directory: server.URL, Log: server.URL + "/log", Configuration: configuration, Policy: w.dir.Policy("any"),
		HTTP: server.Client(), Now: w.dir.Clock.Now,
	}
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("a")}})
	w.dir.Tick(5, time.Minute)
	return w
}

func (w *world) showing(h http.Handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.show = h
}

// mirrored has the world keep a mirror.
func (w *world) mirrored() *world {
	w.Helper()
	w.cfg.Mirror = filepath.Join(w.TempDir(), "mirror")
	directory, err := monitor.NewHTTPSource(w.cfg.Directory, monitor.HTTPConfig{})
	fatalIfErr(w, err)
	log, err := monitor.NewHTTPSource(w.cfg.Log, monitor.HTTPConfig{})
	fatalIfErr(w, err)
	w.mirror, err = monitor.OpenMirror(w.Context(), w.cfg.Mirror, log, monitor.MirrorConfig{
		Policy: w.cfg.Policy, Directory: directory, Configuration: w.cfg.Configuration,
	})
	fatalIfErr(w, err)
	w.Cleanup(func() { _ = w.mirror.Close() })
	return w
}

// update has the mirror, if there is one, come to the present log.
func (w *world) update() {
	w.Helper()
	if w.mirror == nil {
		return
	}
	fatalIfErr(w, w.mirror.Update(w.Context()))
}

// open returns a Source of the log as it is now.
func (w *world) open() *Source {
	w.Helper()
	w.update()
	s, err := New(w.cfg)
	fatalIfErr(w, err)
	return s
}

// age makes what a Source knows old enough to be asked for again.
func age(s *Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != nil {
		old := *s.state
		old.read = time.Now().Add(-time.Hour)
		s.state = &old
	}
}

// problem checks that an error is told to visitors, with a title that has a text.
func problem(t testing.TB, err error, title string) {
	t.Helper()
	var p *audit.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Title, title) || p.Detail == "" {
		t.Errorf("%v, want a problem with %q", err, title)
	}
}

// kinds runs a test with a mirror and without one.
func kinds(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("log", func(t *testing.T) { test(t, newWorld(t)) })
	t.Run("mirror", func(t *testing.T) { test(t, newWorld(t).mirrored()) })
}

// TestSource holds everything against the directory.
func TestSource(t *testing.T) {
	kinds(t, func(t *testing.T, w *world) {
		w.dir.Tick(300, time.Minute) // more than a bundle
		s := w.open()
		checkAll(t, w, s)
		w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("b")}})
		w.dir.Tick(250, time.Minute) // until another bundle is full
		w.update()
		age(s)
		checkAll(t, w, s)
		if p, err := s.Publication(t.Context()); err != nil || len(p.History) != 2 || p.History[0].Size != w.dir.Size() {
			t.Errorf("the history: %+v, %v", p, err)
		}
	})
}

func checkAll(t *testing.T, w *world, s *Source) {
	t.Helper()
	ctx, size, entries := t.Context(), w.dir.Size(), w.dir.Entries()
	head, err := s.Head(ctx)
	fatalIfErr(t, err)
	if head.Size != size || head.Time != entries[size-1].Timestamp || head.PublicRoot != w.dir.PublicRoot(size) || head.FirstEntry != 0 {
		t.Errorf("the head is %+v of %d entries", head, size)
	}
	for lo := uint64(0); lo < size; lo += audit.MaxEntries {
		hi := min(lo+audit.MaxEntries, size)
		got, err := s.Entries(ctx, lo, hi)
		if err != nil || !slices.Equal(got, entries[lo:hi]) {
			t.Fatalf("[%d, %d): %v", lo, hi, err)
		}
	}
	tree, err := tile.NewTree(head.Size, head.PublicRoot, func(tiles []tile.Tile) ([][]byte, error) { return s.Tiles(ctx, tiles) })
	fatalIfErr(t, err)
	for _, pos := range []uint64{0, 255, size - 1} {
		_, err := tree.Inclusion(pos)
		fatalIfErr(t, err)
		c, err := s.Changes(ctx, pos, 0, 1)
		if err != nil || c.Added < 1 || c.Removed != 0 || len(c.Leaves) != 1 {
			t.Errorf("changes of %d: %+v, %v", pos, c, err)
		}
		c, err = s.Changes(ctx, pos, c.Added+7, audit.MaxLeaves)
		if err != nil || len(c.Leaves) != 0 {
			t.Errorf("changes beyond the last of %d: %+v, %v", pos, c, err)
		}
	}
	p, err := s.Publication(ctx)
	if err != nil || p.Served.Size != size || p.Served.Witnessed() != nil || p.PolicyText != string(w.cfg.Policy) {
		t.Errorf("the publication is %+v, %v", p, err)
	}
}

// TestOutside asks for what is not there.
func TestOutside(t *testing.T) {
	kinds(t, func(t *testing.T, w *world) {
		s, size := w.open(), w.dir.Size()
		for _, r := range [][2]uint64{{0, size + 1}, {size, size + 1}, {3, 3}, {4, 3}, {0, audit.MaxEntries + 1}} {
			if _, err := s.Entries(t.Context(), r[0], r[1]); err == nil {
				t.Errorf("entries %v", r)
			}
		}
		if _, err := s.Changes(t.Context(), size, 0, 1); err == nil {
			t.Error("changes of no entry")
		}
		if _, err := s.Changes(t.Context(), 0, 0, audit.MaxLeaves+1); err == nil {
			t.Error("too many changes")
		}
		missing := tile.Tile{Index: 77, Width: tile.FullWidth}
		if _, err := s.Tiles(t.Context(), []tile.Tile{missing}); err == nil {
			t.Error("a tile that is not there")
		}
	})
}

// TestSearch looks a label up.
func TestSearch(t *testing.T) {
	kinds(t, func(t *testing.T, w *world) {
		s := w.open()
		q := &keytrans.SearchRequest{Label: []byte(alice)}
		p, err := s.Search(t.Context(), q)
		fatalIfErr(t, err)
		if string(p.Value.Value) != "a" {
			t.Errorf("the value is %q", p.Value.Value)
		}
		_, err = s.Search(t.Context(), &keytrans.SearchRequest{Label: []byte("nobody@example.org")})
		problem(t, err, "does not know this label")
		version := uint32(7)
		_, err = s.Search(t.Context(), &keytrans.SearchRequest{Label: []byte(alice), Version: &version})
		problem(t, err, "does not have this version")
	})
}

// TestNothingYet shows a mirror that has nothing, and a log without a checkpoint.
func TestNothingYet(t *testing.T) {
	w := newWorld(t).mirrored()
	s, err := New(w.cfg)
	fatalIfErr(t, err)
	_, err = s.Head(t.Context())
	problem(t, err, "nothing to show yet")
	w.update()
	if head, err := s.Head(t.Context()); err != nil || head.Size != w.dir.Size() {
		t.Errorf("%+v, %v", head, err)
	}
	w = newWorld(t)
	w.showing(http.NotFoundHandler())
	_, err = w.open().Head(t.Context())
	problem(t, err, "nothing to show yet")
}

// TestWithoutPolicy shows a log of which no key is pinned.
func TestWithoutPolicy(t *testing.T) {
	w := newWorld(t)
	w.cfg.Policy = nil
	s := w.open()
	if p, err := s.Publication(t.Context()); p != nil || err != nil {
		t.Errorf("a publication: %+v, %v", p, err)
	}
	if head, err := s.Head(t.Context()); err != nil || head.Size != w.dir.Size() {
		t.Errorf("%+v, %v", head, err)
	}
	if !strings.Contains(s.Note(), "pinned no key") {
		t.Error(s.Note())
	}
	w.cfg.Mirror = t.TempDir()
	if _, err := New(w.cfg); err == nil {
		t.Error("a mirror without a policy")
	}
}

// TestRefused makes Sources of what makes no sense.
func TestRefused(t *testing.T) {
	for name, edit := range map[string]func(*Config){
		"configuration": func(c *Config) { c.Configuration = []byte("x") },
		"policy":        func(c *Config) { c.Policy = []byte("log x\n") },
		"log":           func(c *Config) { c.Log = "ftp://x" },
		"directory":     func(c *Config) { c.Directory = "x" },
	} {
		w := newWorld(t)
		edit(&w.cfg)
		if _, err := New(w.cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestReadChanges reads bundles of changes that are none.
func TestReadChanges(t *testing.T) {
	for name, c := range map[string]struct {
		data   string
		before int
	}{
		"empty":      {"", 0},
		"cut number": {"\x00\x00\x00\x01\x00\x00", 0},
		"too many":   {"\xff\xff\xff\xff\xff\xff\xff\xff", 0},
		"cut leaf":   {"\x00\x00\x00\x01\x00\x00\x00\x00" + strings.Repeat("x", 63), 0},
		"no second":  {"\x00\x00\x00\x01\x00\x00\x00\x00" + strings.Repeat("x", 64), 1},
	} {
		if _, err := readChanges(strings.NewReader(c.data), c.before, 0, 10); !errors.Is(err, errContent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readChanges(io.LimitReader(strings.NewReader("x"), 1), 0, 0, 1); err == nil {
		t.Error("a reader that cannot skip")
	}
}

func ended(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
