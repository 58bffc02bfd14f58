package station

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
)

// TestBounded opens more connections than there may be.
func TestBounded(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBounded(l, 2)
	defer b.Close()
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := b.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	dial()
	first := <-accepted
	dial()
	second := <-accepted
	if _, err := dial().Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("one too many: %v", err)
	}
	for range 2 { // closed twice, it leaves one place
		_ = first.Close()
	}
	dial()
	third := <-accepted
	if _, err := dial().Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("one too many: %v", err)
	}
	_, _ = second.Close(), third.Close()
}

// TestManyConnections holds as many connections as anybody likes. The monitor does not
// take all of them, and goes on to serve when they are gone.
func TestManyConnections(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	w := newWeb(l, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("here")) }), slog.New(slog.DiscardHandler))
	var mu sync.Mutex
	open, most := 0, 0
	w.server.ConnState = func(_ net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch state {
		case http.StateNew:
			open++
		case http.StateClosed:
			open--
		}
		most = max(most, open)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() { w.serve(ctx); close(served) }()
	var conns []net.Conn
	for range 2 * maxConnections {
		c, err := net.Dial("tcp", l.Addr().String())
		fatalIfErr(t, err)
		conns = append(conns, c)
	}
	if _, err := conns[len(conns)-1].Read(make([]byte, 1)); err == nil {
		t.Error("the last one is answered")
	}
	for _, c := range conns {
		_ = c.Close()
	}
	// The server finds out when it reads: until then there may be no place.
	for ctx.Err() == nil {
		r, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			continue
		}
		fatalIfErr(t, r.Body.Close())
		break
	}
	cancel()
	<-served
	mu.Lock()
	defer mu.Unlock()
	if most > maxConnections {
		t.Errorf("%d connections at a time", most)
	}
}
