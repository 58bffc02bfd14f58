package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// listen serves a world on a loopback port until the test ends, or stop is
// called, which returns what Serve does.
func listen(t testing.TB, w *world, change func(*http.Server), grace time.Duration) (addr string, stop func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	server := NewServer(w.handler, nil)
	if change != nil {
		change(server)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, server, grace) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return listener.Addr().String(), stop
}

// talk sends bytes over a connection and returns the response, nil if the
// connection was closed without one.
func talk(t testing.TB, addr, send string, closeWrite bool) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	fatalIfErr(t, err)
	t.Cleanup(func() { conn.Close() })
	fatalIfErr(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, send)
	fatalIfErr(t, err)
	if closeWrite {
		fatalIfErr(t, conn.(*net.TCPConn).CloseWrite())
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		t.Fatal(err)
	}
	return response
}

// recorded turns a response from the network into what wantProblem checks.
func recorded(t testing.TB, r *http.Response) *httptest.ResponseRecorder {
	t.Helper()
	if r == nil {
		t.Fatal("the connection was closed without a response")
	}
	rec := httptest.NewRecorder()
	maps.Copy(rec.Header(), r.Header)
	rec.WriteHeader(r.StatusCode)
	_, err := io.Copy(rec.Body, r.Body)
	fatalIfErr(t, err)
	fatalIfErr(t, r.Body.Close())
	return rec
}

func TestSlowClients(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *directory.Config) { c.Timeout = 100 * time.Millisecond })
	addr, _ := listen(t, w, func(s *http.Server) { s.ReadHeaderTimeout = 100 * time.Millisecond }, time.Second)
	const head = "POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"

	if r := talk(t, addr, "POST /v1/search HTTP/1.1\r\nHost:", false); r != nil {
		t.Errorf("a header that does not end: status %d", r.StatusCode)
	}
	rec := recorded(t, talk(t, addr, head+"Content-Length: 10\r\n\r\nabc", false))
	wantProblem(t, rec, 408, ProblemTimeout, "")
	rec = recorded(t, talk(t, addr, head+"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false))
	wantProblem(t, rec, 408, ProblemTimeout, "")

	rec = recorded(t, talk(t, addr, head+"Content-Length: 10\r\n\r\nabc", true))
	wantProblem(t, rec, 400, ProblemMalformedRequest, "")
	rec = recorded(t, talk(t, addr, head+"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", true))
	wantProblem(t, rec, 400, ProblemMalformedRequest, "")

	// Slow clients take no place from others.
	if n := len(w.server.reads); n != 0 {
		t.Errorf("%d reads in flight", n)
	}
}

// TestKeepAlive checks that the deadline of one body does not end a connection
// that later serves another request.
func TestKeepAlive(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *directory.Config) { c.Timeout = 50 * time.Millisecond })
	w.publish("alice", nil, "x")
	addr, _ := listen(t, w, nil, time.Second)
	conn, err := net.Dial("tcp", addr)
	fatalIfErr(t, err)
	defer conn.Close()
	fatalIfErr(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	reader := bufio.NewReader(conn)
	body := encode(t, &keytrans.SearchRequest{Label: []byte("alice")})
	for range 2 {
		fmt.Fprintf(conn, "POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", octetStream, len(body), body)
		r, err := http.ReadResponse(reader, nil)
		fatalIfErr(t, err)
		if rec := recorded(t, r); rec.Code != 200 {
			t.Fatalf("status %d: %s", rec.Code, rec.Body)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func TestTooLarge(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *directory.Config) { c.MaxUpdateBytes = 200_000 })
	addr, _ := listen(t, w, nil, time.Second)
	send := func(path string, size int64, chunked bool, token string) *httptest.ResponseRecorder {
		t.Helper()
		body := io.Reader(io.LimitReader(zeros{}, size))
		r, err := http.NewRequest("POST", "http://"+addr+path, body)
		fatalIfErr(t, err)
		if r.ContentLength = size; chunked {
			r.ContentLength = -1
		}
		r.Header.Set("Content-Type", octetStream)
		if strings.HasPrefix(path, "/api/") {
			r.Header.Set("Content-Type", jsonType)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := http.DefaultClient.Do(r)
		fatalIfErr(t, err)
		return recorded(t, response)
	}
	for _, chunked := range []bool{false, true} {
		for _, path := range []string{"/v1/search", "/v1/contact-monitor", "/v1/owner-init", "/v1/owner-monitor", "/v1/distinguished", "/v1/absence", "/api/v1/lookup"} {
			wantProblem(t, send(path, maxSmallBody+1, chunked, ""), 413, ProblemTooLarge, "")
			if rec := send(path, maxSmallBody, chunked, ""); rec.Code != 400 {
				t.Errorf("%s: the largest body: status %d", path, rec.Code)
			}
		}
		wantProblem(t, send("/v1/batch", maxBatchBody+1, chunked, ""), 413, ProblemTooLarge, "")
		wantProblem(t, send("/v1/batch", maxBatchBody, chunked, ""), 400, ProblemMalformedRequest, "")
		wantProblem(t, send("/v1/update", 200_001, chunked, aliceToken), 413, ProblemTooLarge, "")
		wantProblem(t, send("/v1/update", 200_000, chunked, aliceToken), 400, ProblemMalformedRequest, "")
		wantProblem(t, send("/v1/update", 200_000, chunked, ""), 401, ProblemUnauthenticated, "")
	}
	if used := w.server.bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes were not given back", used)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestBodyMemory has large bodies compete for memory.
func TestBodyMemory(t *testing.T) {
	w := newWorld(t, nil)
	w.server.bodies.limit = 100_000
	update := func(size int) []byte {
		return encode(t, &keytrans.UpdateRequest{Label: []byte("alice"), Values: [][]byte{make([]byte, size)}})
	}
	wantProblem(t, w.post("/v1/update", update(120_000), bearer(badToken)), 401, ProblemUnauthenticated, "")
	w.server.bodies.used.Store(90_000) // of others
	wantProblem(t, w.post("/v1/update", update(120_000), bearer(badToken)), 503, ProblemOverloaded, "")
	wantProblem(t, w.post("/v1/update", update(60_000), bearer(badToken)), 401, ProblemUnauthenticated, "")
	if used := w.server.bodies.used.Load(); used != 90_000 {
		t.Errorf("%d bytes used, not 90,000", used)
	}
}

// TestInFlight fills the directory with requests that do not end.
func TestInFlight(t *testing.T) {
	const room = 3
	w := newWorld(t, func(c *Config, _ *directory.Config) { c.MaxInFlight = room })
	w.publish("alice", nil, "x")
	release, arrived := make(chan struct{}), make(chan struct{}, 100)
	w.store.onGet.Store(ptr(func() error {
		arrived <- struct{}{}
		<-release
		return nil
	}))
	search := encode(t, &keytrans.SearchRequest{Label: []byte("alice")})
	var wg sync.WaitGroup
	for range room {
		wg.Go(func() {
			if rec := w.post("/v1/search", search); rec.Code != 200 {
				t.Errorf("status %d: %s", rec.Code, rec.Body)
			}
		})
	}
	for range room {
		<-arrived
	}
	wantProblem(t, w.post("/v1/search", search), 503, ProblemOverloaded, "")
	wantProblem(t, w.post("/api/v1/lookup", []byte(`{"label":"alice"}`)), 503, ProblemOverloaded, "")
	for _, path := range []string{"/api/v1/log", "/api/v1/log/entries", "/api/v1/stats"} {
		wantProblem(t, w.do("GET", path, nil), 503, ProblemOverloaded, "")
	}
	for _, path := range []string{"/livez", "/readyz", "/v1/configuration"} {
		if rec := w.do("GET", path, nil); rec.Code != 200 {
			t.Errorf("%s: status %d", path, rec.Code)
		}
	}
	w.store.onGet.Store(nil)
	// Reads that do not end keep nobody from writing.
	w.answer("update", &keytrans.UpdateRequest{Label: []byte("bob"), Values: [][]byte{{1}}}, bearer(bobToken))
	close(release)
	wg.Wait()
	if rec := w.post("/v1/search", search); rec.Code != 200 {
		t.Errorf("afterwards: status %d: %s", rec.Code, rec.Body)
	}
}

// TestQueueTimeout fills the queue of a directory whose store hangs: an update
// that the directory has not taken in time is refused, the others are answered
// when the store goes on.
func TestQueueTimeout(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *directory.Config) { c.Timeout = 200 * time.Millisecond })
	release, committing := make(chan struct{}), make(chan struct{}, 1)
	w.store.onCommit.Store(ptr(func() error {
		select {
		case committing <- struct{}{}:
		default:
		}
		<-release
		return nil
	}))
	const updates = 100
	done := make(chan *httptest.ResponseRecorder, updates)
	update := func(i int) {
		q := &keytrans.UpdateRequest{Label: fmt.Append(nil, "label", i), Values: [][]byte{{1}}}
		done <- w.post("/v1/update", encode(t, q), bearer(aliceToken))
	}
	go update(0)
	<-committing // so that the others are more than the queue holds
	for i := range updates - 1 {
		go update(i + 1)
	}
	refused := 0
	refuse := func(rec *httptest.ResponseRecorder) {
		wantProblem(t, rec, 503, ProblemUnavailable, "")
		refused++
	}
	refuse(<-done) // no other can be answered yet
	close(release)
	for range updates - 1 {
		if rec := <-done; rec.Code != 200 {
			refuse(rec)
		}
	}
	if refused == updates {
		t.Error("no update was taken")
	}
	if head, err := w.dir.Head(); err != nil || head.TreeSize < 2 {
		t.Errorf("log of %d entries: %v", head.TreeSize, err)
	}
}

func TestPanic(t *testing.T) {
	w := newWorld(t, nil)
	w.publish("alice", nil, "x")
	w.store.onGet.Store(ptr(func() error { panic("broken invariant") }))
	rec := w.post("/v1/search", encode(t, &keytrans.SearchRequest{Label: []byte("alice")}))
	if p := wantProblem(t, rec, 500, ProblemInternal, ""); p.Detail != "" {
		t.Errorf("problem %+v", p)
	}
	if rec.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("headers %v", rec.Header())
	}
	log := w.log.String()
	if !strings.Contains(log, "broken invariant") || !strings.Contains(log, "limits_test.go") {
		t.Errorf("no reason or stack in the log: %s", log)
	}
	if len(w.server.reads) != 0 || w.server.inFlight.Load() != 0 {
		t.Error("the request is still in flight")
	}
	w.store.onGet.Store(nil)
	w.answer("search", &keytrans.SearchRequest{Label: []byte("alice")})
}

// TestPanicAfterResponse checks that half a response is never taken for a
// whole one.
func TestPanicAfterResponse(t *testing.T) {
	w := newWorld(t, nil)
	for _, reason := range []any{"broken invariant", http.ErrAbortHandler} {
		h := w.server.observe(w.server.recoverPanics(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			panic(reason)
		})))
		func() {
			defer func() {
				if got := recover(); got != http.ErrAbortHandler {
					t.Errorf("panic %v, want %v", got, http.ErrAbortHandler)
				}
			}()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}()
	}
}

func TestServe(t *testing.T) {
	w := newWorld(t, nil)
	w.publish("alice", nil, "x")
	body := string(encode(t, &keytrans.SearchRequest{Label: []byte("alice")}))
	request := fmt.Sprintf("POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", octetStream, len(body), body)
	for _, test := range []struct {
		name  string
		grace time.Duration
		want  error
	}{
		{"in time", time.Minute, nil},
		{"cut off", 50 * time.Millisecond, context.DeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			release, arrived := make(chan struct{}), make(chan struct{}, 100)
			w.store.onGet.Store(ptr(func() error {
				arrived <- struct{}{}
				<-release
				return nil
			}))
			defer w.store.onGet.Store(nil)
			addr, stop := listen(t, w, nil, test.grace)
			answered := make(chan *http.Response, 1)
			go func() { answered <- talk(t, addr, request, false) }()
			<-arrived
			stopped := make(chan error, 1)
			go func() { stopped <- stop() }()
			if test.want == nil {
				time.AfterFunc(50*time.Millisecond, func() { close(release) })
			} else {
				defer func() {
					close(release)
					for w.server.inFlight.Load() > 0 { // else the store cannot be closed
						time.Sleep(time.Millisecond)
					}
				}()
			}
			if err := <-stopped; !errors.Is(err, test.want) || test.want == nil && err != nil {
				t.Errorf("Serve: %v, want %v", err, test.want)
			}
			if r := <-answered; (r != nil) != (test.want == nil) {
				t.Errorf("response %v", r)
			}
			if conn, err := net.Dial("tcp", addr); err == nil {
				conn.Close()
				t.Error("still listening")
			}
		})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	listener.Close()
	if err := Serve(t.Context(), listener, NewServer(w.handler, nil)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener: %v", err)
	}
}

func TestNewServerLimits(t *testing.T) {
	s := NewServer(http.NotFoundHandler(), nil)
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("a limit is missing: %+v", s)
	}
}

func TestNewErrors(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("no Directory, no error")
	}
	w := newWorld(t, nil)
	for _, c := range []Config{
		{Directory: w.dir, MaxInFlight: -1},
		{Directory: w.dir, MaxUpdateBytes: -1},
		{Directory: w.dir, Timeout: -1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
	h, err := New(Config{Directory: w.dir})
	fatalIfErr(t, err)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/livez", nil))
	if rec.Code != 200 {
		t.Errorf("livez: status %d", rec.Code)
	}
}
