package logview

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// TestDeadDirectory has a directory die. A mirror goes on, what was known stays, and
// nobody who asks makes the directory be asked again and again.
func TestDeadDirectory(t *testing.T) {
	kinds(t, func(t *testing.T, w *world) {
		s := w.open()
		head, err := s.Head(t.Context())
		fatalIfErr(t, err)
		w.showing(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
		age(s)
		if again, err := s.Head(t.Context()); err != nil || again.Size != head.Size {
			t.Errorf("the head is gone: %v", err)
		}
		_, err = s.Search(t.Context(), &keytrans.SearchRequest{Label: []byte(alice)})
		problem(t, err, "does not answer")
		before := w.requests.Load()
		_, err = s.Changes(t.Context(), 0, 0, 1)
		if w.mirror != nil {
			fatalIfErr(t, err)
			return
		}
		problem(t, err, "does not answer")
		if n := w.requests.Load() - before; n != 0 {
			t.Errorf("%d requests to a directory that did not answer", n)
		}
		fresh := w.open()
		_, err = fresh.Head(t.Context())
		problem(t, err, "does not answer")
	})
}

// TestSlowDirectory waits for a directory that never answers.
func TestSlowDirectory(t *testing.T) {
	w := newWorld(t)
	w.cfg.Timeout = 50 * time.Millisecond
	w.showing(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // until then, the server does not see that nobody waits
		<-r.Context().Done()
	}))
	s := w.open()
	_, err := s.Head(t.Context())
	problem(t, err, "does not answer")
	_, err = s.Search(t.Context(), &keytrans.SearchRequest{Label: []byte(alice)})
	problem(t, err, "does not answer")
	if _, err := s.Entries(ended(t), 0, 1); err == nil {
		t.Error("after its end")
	}
}

// edited changes what a handler answers to paths with a text in them.
func edited(h http.Handler, path string, edit func([]byte) []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		if strings.Contains(r.URL.Path, path) {
			body = edit(bytes.Clone(body))
		}
		w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		w.WriteHeader(rec.Code)
		_, _ = w.Write(body)
	})
}

func flip(b []byte) []byte {
	if len(b) > 0 {
		b[len(b)/2] ^= 1
	}
	return b
}

// TestChanged has what comes be changed on the way: it is not shown, and not remembered.
func TestChanged(t *testing.T) {
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	for name, c := range map[string]struct {
		path string
		edit func([]byte) []byte
	}{
		"an entry":          {"/tile/entries/", flip},
		"a cut bundle":      {"/tile/entries/", cut},
		"a tile":            {"/tile/0/", flip},
		"a cut tile":        {"/tile/0/", cut},
		"the checkpoint":    {"/checkpoint", flip},
		"an empty tile":     {"/tile/0/", func([]byte) []byte { return nil }},
		"a long checkpoint": {"/checkpoint", func(b []byte) []byte { return append(b, bytes.Repeat(b, 10_000)...) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.showing(edited(w.dir, c.path, c.edit))
			s := w.open()
			_, err := s.Head(t.Context())
			problem(t, err, "does not verify")
			w.showing(w.dir)
			if _, err := s.Head(t.Context()); err != nil {
				t.Errorf("what comes unchanged: %v", err)
			}
		})
	}
}

// TestAnswers has a directory answer lookups with other things.
func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.Handler
		want   string
	}{
		"flipped": {nil, "does not verify"},
		"nothing": {http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "cannot be read"},
		"too much": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for range maxAnswer/4096 + 1 {
				_, _ = w.Write(make([]byte, 4096))
			}
		}), "cannot be read"},
		"a redirect":     {http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound), "refuses this lookup"},
		"trouble":        {status(http.StatusInternalServerError, ""), "does not answer"},
		"too many":       {status(http.StatusTooManyRequests, ""), "does not answer"},
		"refusal":        {status(http.StatusForbidden, `{"type":"urn:ghostlight:problem:forbidden","title":"<b>"}`), "refuses this lookup"},
		"another status": {status(http.StatusForbidden, `{"type":"urn:ghostlight:problem:erased"}`), "refuses this lookup"},
		"erased":         {status(http.StatusGone, `{"type":"urn:ghostlight:problem:erased","title":"<b>"}`), "was erased"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.answer == nil {
				c.answer = edited(w.dir, "/v1/search", func(b []byte) []byte { b[20] ^= 1; return b })
			}
			w.showing(c.answer)
			_, err := w.open().Search(t.Context(), &keytrans.SearchRequest{Label: []byte(alice)})
			problem(t, err, c.want)
			if err != nil && (strings.Contains(err.Error(), alice) || strings.Contains(err.Error(), "<b>")) {
				t.Errorf("it tells too much: %v", err)
			}
		})
	}
}

func status(code int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	})
}

// TestTooManyLookups asks more than this monitor may ask of a directory.
func TestTooManyLookups(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	q := &keytrans.SearchRequest{Label: []byte(alice)}
	_, err := s.Search(t.Context(), q)
	fatalIfErr(t, err)
	s.lookups.left, s.lookups.at = 0, time.Now()
	_, err = s.Search(t.Context(), q)
	problem(t, err, "Too many lookups")
}

// TestFork shows another history of the same log, which is not shown to visitors.
func TestFork(t *testing.T) {
	w := newWorld(t)
	other := w.dir.Fork()
	w.dir.Tick(3, time.Minute)
	s := w.open()
	before, err := s.Head(t.Context())
	fatalIfErr(t, err)
	other.Tick(9, time.Minute)
	w.showing(other)
	age(s)
	after, err := s.Head(t.Context())
	if err != nil || after.PublicRoot != before.PublicRoot {
		t.Errorf("a fork is shown: %+v, %v", after, err)
	}
	w.dir.ShowLog(before.Size - 1)
	w.showing(w.dir)
	age(s)
	if after, err := s.Head(t.Context()); err != nil || after.Size != before.Size {
		t.Errorf("an old log is shown: %+v, %v", after, err)
	}
}

// TestPruned shows a log whose first entries are gone, and then more of them.
func TestPruned(t *testing.T) {
	w := newWorld(t)
	w.dir.Tick(4*tile.FullWidth, time.Minute)
	w.dir.PruneLog(2 * tile.FullWidth)
	s := w.open()
	head, err := s.Head(t.Context())
	if err != nil || head.FirstEntry != 2*tile.FullWidth {
		t.Fatalf("the first entry is %d, %v", head.FirstEntry, err)
	}
	_, err = s.Entries(t.Context(), 0, 1)
	problem(t, err, "was removed")
	_, err = s.Changes(t.Context(), 3, 0, 1)
	problem(t, err, "was removed")
	w.dir.PruneLog(3 * tile.FullWidth)
	s = w.open()
	if _, err := s.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.dir.PruneLog(4 * tile.FullWidth)
	_, err = s.Changes(t.Context(), 3*tile.FullWidth, 0, 1)
	problem(t, err, "was removed")
	age(s)
	if head, err = s.Head(t.Context()); err != nil || head.FirstEntry != 4*tile.FullWidth {
		t.Errorf("the first entry is %d, %v", head.FirstEntry, err)
	}
}

// TestTooLarge has a bundle that is too large to be held for a visitor.
func TestTooLarge(t *testing.T) {
	w := newWorld(t)
	w.showing(edited(w.dir, "/changes/", func(b []byte) []byte { return append(b, make([]byte, maxItem)...) }))
	_, err := w.open().Changes(t.Context(), 0, 0, 1)
	problem(t, err, "too large")
}

// TestBoundedRequests has many visitors at once.
func TestBoundedRequests(t *testing.T) {
	w := newWorld(t)
	w.cfg.Timeout = time.Minute // how fast the machine is does not matter here
	w.dir.Tick(tile.FullWidth*8, time.Second)
	s := w.open()
	_, err := s.Head(t.Context())
	fatalIfErr(t, err)
	var now, most atomic.Int64
	w.showing(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			if old := most.Load(); n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		time.Sleep(2 * time.Millisecond) // so that they meet
		w.dir.ServeHTTP(rw, r)
	}))
	var all sync.WaitGroup
	for i := range uint64(32) {
		all.Go(func() {
			if _, err := s.Changes(t.Context(), i%8*tile.FullWidth, 0, 1); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > maxOfOne {
		t.Errorf("%d requests at a time", most.Load())
	}
}

// TestCache remembers what was used last, up to its size.
func TestCache(t *testing.T) {
	c := NewCache()
	c.put("first", make([]byte, 10))
	for i := range 9 {
		c.put(strings.Repeat("x", i+1), make([]byte, maxItem))
		if _, ok := c.get("first"); !ok {
			t.Fatal("what is used is forgotten")
		}
	}
	if _, ok := c.get("x"); ok || c.bytes > maxCached || len(c.items) != c.order.Len() {
		t.Errorf("%d bytes, %d items, %d in order", c.bytes, len(c.items), c.order.Len())
	}
	c.put("first", make([]byte, 20))
	if data, _ := c.get("first"); len(data) != 10 {
		t.Error("what never changes has changed")
	}
}

// TestOnlyOnce asks for the same again.
func TestOnlyOnce(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	for range 2 {
		_, err := s.Entries(t.Context(), 0, 3)
		fatalIfErr(t, err)
	}
	before := w.requests.Load()
	_, err := s.Entries(t.Context(), 1, 2)
	if n := w.requests.Load() - before; n != 0 || err != nil {
		t.Errorf("%d requests, %v", n, err)
	}
}
