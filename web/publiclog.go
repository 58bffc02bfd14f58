package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/klauspost/compress/gzhttp"

	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// LogPrefix is the path below which the public log is served (C2SP tlog-tiles).
const LogPrefix = "/log/"

// routeLog adds the public log: checkpoint, tiles, bundles of entries and bundles
// of changes. Which tile a path names, or that it names none, package tile says.
func (s *server) routeLog(r chi.Router) {
	s.open(r, http.MethodGet, LogPrefix+"checkpoint", s.serveCheckpoint)
	// SPEC: Entry bundles SHOULD be compressed at the HTTP layer. Hashes cannot
	// be; their timestamps are what is gained.
	compressed := r.With(func(h http.Handler) http.Handler { return compressor(h) })
	s.open(compressed, http.MethodGet, LogPrefix+"tile/entries/*", s.serveTile)
	s.open(r, http.MethodGet, LogPrefix+"tile/*", s.serveTile)
	s.open(r, http.MethodGet, LogPrefix+"changes/*", s.serveChanges)
}

// compressor compresses entry bundles for those who accept gzip.
var compressor = must(gzhttp.NewWrapper(
	gzhttp.MinSize(1), gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.ContentTypes([]string{octetStream}),
))

func must[T any](v T, err error) T {
	if err != nil {
		panic("web: " + err.Error())
	}
	return v
}

func (s *server) serveCheckpoint(w http.ResponseWriter, _ *http.Request) error {
	var signed []byte
	if s.cfg.Publisher != nil {
		signed = s.cfg.Publisher.Checkpoint()
	}
	if signed == nil {
		return problemNotFound.because("no checkpoint has been signed yet")
	}
	// SPEC: This endpoint is mutable, so its headers SHOULD prevent caching
	// beyond a few seconds.
	w.Header().Set("Cache-Control", "no-cache")
	writeBody(w, http.StatusOK, "text/plain; charset=utf-8", signed)
	return nil
}

// immutable is the Cache-Control of what never changes.
const immutable = "public, max-age=31536000, immutable"

// parseTile returns the tile that a request is for.
func parseTile(r *http.Request) (tile.Tile, error) {
	// A path that was escaped is another one for caches and static servers.
	t, err := tile.ParsePath(strings.TrimPrefix(r.URL.EscapedPath(), LogPrefix))
	if err != nil {
		return tile.Tile{}, problemInvalid.because("this is not the path of a tile; C2SP tlog-tiles has what they look like")
	}
	return t, nil
}

// serveTile serves what is small: tiles and entry bundles.
func (s *server) serveTile(w http.ResponseWriter, r *http.Request) error {
	t, err := parseTile(r)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := s.bufferTile(r, t, &body); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", immutable)
	writeBody(w, http.StatusOK, octetStream, body.Bytes())
	return nil
}

func (s *server) bufferTile(r *http.Request, t tile.Tile, body *bytes.Buffer) error {
	if !s.reads.enter() {
		return errOverloaded
	}
	defer s.reads.leave()
	return s.dir.WriteTile(r.Context(), t, body)
}

// serveChanges serves a bundle of changes, which can be large: it is written as
// it is read. How many are served at the same time is bounded, and how slowly
// they may be received.
func (s *server) serveChanges(w http.ResponseWriter, r *http.Request) error {
	t, err := parseTile(r)
	if err == nil {
		err = s.dir.CheckTile(t)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", immutable)
	w.Header().Set("Content-Type", octetStream)
	if r.Method == http.MethodHead {
		return nil
	}
	if !s.streams.enter() {
		return errOverloaded
	}
	defer s.streams.leave()
	out := &streamWriter{w: w, conn: http.NewResponseController(w)}
	return s.endStream(r, out, s.dir.WriteTile(r.Context(), t, out))
}

// endStream breaks the connection after an error in the middle of a response, and
// returns an error before it.
func (s *server) endStream(r *http.Request, out *streamWriter, err error) error {
	if err != nil && out.began {
		if r.Context().Err() == nil && !errors.Is(err, errReceiver) {
			s.cfg.Logger.ErrorContext(r.Context(), "request failed", "route", routeOf(r), "err", err)
		}
		panic(http.ErrAbortHandler) // it must not look complete
	}
	return err
}

// streamTime is how long a client may take to receive one write, which has at
// most 128 KiB, or is one update for an auditor: whoever receives nothing loses its
// place soon.
const streamTime = 10 * time.Second

// errReceiver is wrapped by the errors of a client that does not receive.
var errReceiver = errors.New("writing to the client")

// streamWriter writes a response that is not bounded in time as long as the
// client goes on receiving.
type streamWriter struct {
	w     http.ResponseWriter
	conn  *http.ResponseController
	began bool
}

func (s *streamWriter) Write(b []byte) (int, error) {
	s.began = true
	// Not every ResponseWriter has deadlines; those of net/http do.
	_ = s.conn.SetWriteDeadline(time.Now().Add(streamTime))
	n, err := s.w.Write(b)
	if err != nil {
		err = errors.Join(errReceiver, err)
	}
	return n, err
}
