package station

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// TestServeEnds ends while a request is being answered: what the answer takes must not
// be closed before.
func TestServeEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	entered, ending := make(chan struct{}), make(chan struct{})
	var answered atomic.Bool
	w := &web{listener: l, logger: slog.New(slog.DiscardHandler), server: &http.Server{
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(entered)
			<-ending
			time.Sleep(20 * time.Millisecond) // in which serve would return
			answered.Store(true)
		}),
	}}
	w.server.RegisterOnShutdown(func() { close(ending) })
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() {
		r, err := http.Get("http://" + l.Addr().String())
		if err == nil {
			err = r.Body.Close()
		}
		got <- err
	}()
	go func() {
		<-entered
		cancel()
	}()
	w.serve(ctx)
	if !answered.Load() {
		t.Error("serve returned before the answer")
	}
	fatalIfErr(t, <-got)
}
