package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// NewServer returns an http.Server for a handler with limits that clients who
// are slow, or send too much, run into: 10 s and 16 KiB for the header, 60 s for
// the whole request, 120 s until the response is written, 120 s for an idle
// connection. Its own complaints go to logger; nil discards. If the handler has a method
// EndStreams, it is called when the server is shut down.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      120 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	// Streams would keep a shutdown waiting until it runs out of time.
	if streams, ok := handler.(interface{ EndStreams() }); ok {
		server.RegisterOnShutdown(streams.EndStreams)
	}
	return server
}

// shutdownTime is how long requests under way have to end.
const shutdownTime = 10 * time.Second

// Serve serves on a listener until ctx ends, then takes no more connections and
// waits for the requests under way, at most ten seconds. It closes the listener
// in every case. The error is nil after a shutdown in time; it wraps
// context.DeadlineExceeded if requests had to be cut off, whose handlers may then
// still be running.
func Serve(ctx context.Context, listener net.Listener, server *http.Server) error {
	return serve(ctx, listener, server, shutdownTime)
}

func serve(ctx context.Context, listener net.Listener, server *http.Server, grace time.Duration) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(limited)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
