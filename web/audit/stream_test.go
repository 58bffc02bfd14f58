package audit

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// listener records what a stream sends, and cancels its request after some writes.
type listener struct {
	*httptest.ResponseRecorder
	left   int
	cancel context.CancelFunc
}

func (l *listener) Write(b []byte) (int, error) {
	if l.left--; l.left <= 0 {
		l.cancel()
	}
	return l.ResponseRecorder.Write(b)
}

func listen(t *testing.T, e *Stream, writes int) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &listener{httptest.NewRecorder(), writes, cancel}
	e.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil))
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
	return w.Body.String()
}

// TestKeepAlive listens while nothing happens.
func TestKeepAlive(t *testing.T) {
	e := NewStream(1)
	e.keepAlive = time.Microsecond
	if got := listen(t, e, 3); !strings.HasPrefix(got, "retry: 5000\n\n: still here\n\n: still here\n\n") {
		t.Errorf("%q", got)
	}
	if len(e.listeners) != 0 {
		t.Error("who left is still there")
	}
}

// TestTell has the state of subjects told once, and to whoever begins to listen.
func TestTell(t *testing.T) {
	e := NewStream(2)
	first := e.listen()
	e.Tell("state", "a", 1)
	e.Tell("state", "a", 1)
	e.Tell("state", "b", 1)
	e.Send("news", "x")
	e.Tell("state", "a", 2)
	second := e.listen()
	if len(first) != 4 || len(second) != 2 {
		t.Errorf("%d and %d events", len(first), len(second))
	}
	for range 1000 {
		e.Send("news", "y") // nobody takes them, and nobody is waited for
	}
	if len(first) != cap(first) {
		t.Errorf("%d of %d events", len(first), cap(first))
	}
}

// TestStoppedWatch has the watch of listeners who left be late with what it knows.
func TestStoppedWatch(t *testing.T) {
	e := NewStream(1)
	watches := make(chan context.Context, 2)
	e.watch = func(ctx context.Context) { watches <- ctx }
	e.leave(e.listen())
	old := <-watches
	ch := e.listen()
	e.tell(<-watches, "head", "", 2)
	e.tell(old, "head", "", 1)
	if got := <-ch; got != "event: head\ndata: 2\n\n" || len(ch) > 0 {
		t.Errorf("%q, and %d more", got, len(ch))
	}
}

// broken is a connection that takes nothing any more.
type broken struct{ *httptest.ResponseRecorder }

func (broken) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestStreamOfBrokenConnection(t *testing.T) {
	e := NewStream(1)
	e.ServeHTTP(broken{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/events", nil))
	if len(e.listeners) != 0 {
		t.Error("the place of a broken connection is not free")
	}
}
