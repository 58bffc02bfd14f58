package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// maxRequest is the size in bytes of the largest request.
const maxRequest = 64 << 10

// progressInterval is the shortest time between two lines of progress.
const progressInterval = 100 * time.Millisecond

// shutdownTime is how long commands have to notice that the server ends.
const shutdownTime = 10 * time.Second

// Server takes commands.
type Server struct {
	path     string
	listener net.Listener
	commands map[string]Func
	errors   Errors
	logger   *slog.Logger
}

// Listen makes the socket in the folder dir, of which the caller has the
// exclusive use, so that a socket that is there is a stale one and is replaced.
func Listen(dir string, commands map[string]Func, known Errors, logger *slog.Logger) (*Server, error) {
	s := &Server{path: filepath.Join(dir, File), commands: commands, errors: known, logger: logger}
	// Until its mode is set, nobody else may reach the socket: it is made in a
	// folder of its own.
	private := filepath.Join(dir, ".control")
	if err := errors.Join(os.RemoveAll(private), os.Mkdir(private, 0o700)); err != nil {
		return nil, err
	}
	defer os.RemoveAll(private)
	err := withShortPath(private, "s", func(path string) (err error) {
		s.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, err
	}
	// It is going to have another name.
	s.listener.(*net.UnixListener).SetUnlinkOnClose(false)
	made := filepath.Join(private, "s")
	if err := os.Chmod(made, 0o600); err != nil {
		return nil, errors.Join(err, s.listener.Close())
	}
	if err := os.Rename(made, s.path); err != nil {
		return nil, errors.Join(err, s.listener.Close())
	}
	return s, nil
}

// Serve takes commands until ctx ends, which ends those under way, and removes
// the socket. The error is nil after a shutdown in time.
func (s *Server) Serve(ctx context.Context) error {
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(s.listener) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if err = server.Shutdown(limited); err != nil {
			err = errors.Join(err, server.Close())
		}
	}
	return errors.Join(err, os.Remove(s.path))
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for name, f := range s.commands {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) { s.carryOut(w, r, name, f) })
	}
	return mux
}

// carryOut does one command.
func (s *Server) carryOut(w http.ResponseWriter, r *http.Request, name string, f Func) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "reading the request", http.StatusBadRequest)
		return
	}
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "application/x-ndjson")
	began, told := time.Now(), time.Time{}
	result, err := f(r.Context(), body, func(p any) {
		if now := time.Now(); now.Sub(told) >= progressInterval {
			told = now
			writeLine(w, out, p, func(l *line, b json.RawMessage) { l.Progress = b })
		}
	})
	code := s.errors.code(err)
	s.logger.InfoContext(r.Context(), "command", "name", name, "ms", time.Since(began).Milliseconds(), "failed", err != nil, "code", code)
	if err != nil {
		writeLine(w, out, failure{code, err.Error()}, func(l *line, b json.RawMessage) { l.Error = &failure{code, err.Error()} })
		return
	}
	writeLine(w, out, result, func(l *line, b json.RawMessage) { l.Result = b })
}

// writeLine sends a line with a value. If the caller is gone, the context tells.
func writeLine(w io.Writer, out *http.ResponseController, v any, set func(*line, json.RawMessage)) {
	body, err := json.Marshal(v)
	l := line{}
	if set(&l, body); err != nil {
		l = line{Error: &failure{Message: fmt.Sprintf("encoding the answer: %v", err)}}
	}
	if body, err = json.Marshal(l); err != nil {
		panic("control: a line has no encoding: " + err.Error())
	}
	_, _ = w.Write(append(body, '\n'))
	_ = out.Flush()
}
