package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/publisher"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// newLogWorld returns a world whose log has some entries.
func newLogWorld(t testing.TB, entries int) *world {
	t.Helper()
	w := newWorld(t, nil)
	for i := 1; i < entries; i++ {
		w.publish(fmt.Sprint("label", i), nil, "value")
	}
	return w
}

// withPublisher gives a world a publisher with a policy, and runs it until the
// log's present checkpoint is signed.
func (w *world) withPublisher(policy string) *checkpoint.Signer {
	w.t.Helper()
	signer, err := checkpoint.NewSigner("keys.example.org/log", bytes.Repeat([]byte{5}, 32))
	fatalIfErr(w.t, err)
	p, err := publisher.ParsePolicy([]byte(policy), signer)
	fatalIfErr(w.t, err)
	pub, err := publisher.Open(publisher.Config{Directory: w.dir, Signer: signer, Policy: p})
	fatalIfErr(w.t, err)
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); pub.Run(ctx) }()
	size, err := w.dir.TreeSize()
	fatalIfErr(w.t, err)
	asked := func(s publisher.Status) bool { // every witness, which are all down
		return !slices.ContainsFunc(s.Witnesses, func(x publisher.WitnessStatus) bool { return x.Err == nil })
	}
	for s := pub.Status(); s.Served == nil || s.Served.Size < size || !asked(s); s = pub.Status() {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	w.server, err = newServer(Config{Directory: w.dir, Publisher: pub, Now: w.now})
	fatalIfErr(w.t, err)
	w.handler = w.server.router
	return signer
}

func TestCheckpoint(t *testing.T) {
	w := newLogWorld(t, 3)
	wantProblem(t, w.do("GET", "/log/checkpoint", nil), 404, ProblemNotFound, "")
	wantProblem(t, w.do("GET", "/api/v1/log/publication", nil), 404, ProblemNotFound, "")
	signer := w.withPublisher("quorum none")
	rec := w.do("GET", "/log/checkpoint", nil)
	h := rec.Header()
	if rec.Code != 200 || h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("Cache-Control") != "no-cache" ||
		h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("status %d, headers %v", rec.Code, h)
	}
	policy, err := checkpoint.ParsePolicy([]byte("quorum none\nlog " + signer.VerifierKey()))
	fatalIfErr(t, err)
	signed, err := policy.Open(rec.Body.Bytes())
	fatalIfErr(t, err)
	root, err := w.dir.PublicRoot(3)
	fatalIfErr(t, err)
	if signed.Size != 3 || signed.Root != root {
		t.Errorf("%+v", signed)
	}
}

func TestTiles(t *testing.T) {
	const size = 300
	w := newLogWorld(t, size)
	count := 0
	for _, n := range []uint64{1, 2, 255, 256, 257, size} {
		fatalIfErr(t, tile.Added(0, n, func(x tile.Tile) error {
			rec := w.do("GET", LogPrefix+x.Path(), nil)
			var want bytes.Buffer
			fatalIfErr(t, w.dir.WriteTile(t.Context(), x, &want))
			h := rec.Header()
			if rec.Code != 200 || !bytes.Equal(rec.Body.Bytes(), want.Bytes()) || h.Get("Content-Type") != octetStream ||
				h.Get("Cache-Control") != immutable || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Content-Encoding") != "" {
				t.Errorf("%s: status %d, %d bytes, headers %v", x.Path(), rec.Code, rec.Body.Len(), h)
			}
			count++
			return nil
		}))
	}
	t.Logf("%d tiles", count)
}

func TestTilesCompressed(t *testing.T) {
	w := newLogWorld(t, 50)
	const bundle = "tile/entries/000.p/50"
	want := w.do("GET", LogPrefix+bundle, nil).Body
	for _, c := range []struct {
		path, accept string
		compressed   bool
	}{
		{bundle, "br, gzip", true}, {bundle, "gzip;q=0.5", true}, {bundle, "gzip", true},
		{bundle, "gzip;q=0", false}, {bundle, "deflate", false}, {bundle, "identity", false}, {bundle, "", false},
		{"tile/0/000.p/50", "gzip", false}, {"changes/000.p/50", "gzip", false}, {"checkpoint", "gzip", false},
		{"tile/entries/000.p/51", "gzip", false},
	} {
		rec := w.do("GET", LogPrefix+c.path, nil, header{"Accept-Encoding", c.accept})
		h := rec.Header()
		if got := h.Get("Content-Encoding"); (got == "gzip") != c.compressed || got != "" && !c.compressed {
			t.Errorf("%s, accepting %q: headers %v", c.path, c.accept, h)
		}
		if c.path != bundle {
			continue
		}
		// A cache has to know that there are two.
		if h.Get("Vary") != "Accept-Encoding" || h.Get("Cache-Control") != immutable {
			t.Errorf("%s, accepting %q: headers %v", c.path, c.accept, h)
		}
		var r io.Reader = rec.Body
		if c.compressed {
			var err error
			r, err = gzip.NewReader(rec.Body)
			fatalIfErr(t, err)
		}
		got, err := io.ReadAll(r)
		fatalIfErr(t, err)
		if !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s, accepting %q: another content", c.path, c.accept)
		}
	}
}

func TestTilesRefused(t *testing.T) {
	w := newLogWorld(t, 5)
	for _, path := range []string{
		"tile/0/001", "tile/0/000", "tile/0/000.p/6", "tile/1/000.p/1", "tile/63/000.p/1", "tile/0/x018/x446/x744/x073/x709/x551/615",
		"tile/entries/000", "tile/entries/000.p/6", "tile/entries/001.p/1", "changes/000", "changes/000.p/6", "changes/x999/999.p/1",
	} {
		wantProblem(t, w.do("GET", LogPrefix+path, nil), 404, ProblemNotFound, "")
	}
	for _, path := range []string{
		"tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/a/000",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000/", "tile/0/x000/000",
		"tile/0/001/000", "tile/0/000.p/5/", "tile/0/%30%30%30.p/5", "tile/0/000%2ep/5", "tile/0/000.p%2F5", "tile/data/000",
		"tile/entries/", "tile/entries/0", "tile/entries/000.p/x", "tile/entries/../0/000.p/5", "changes/", "changes/0", "changes/0/000",
		"tile/0/x99999999999999999999/000", "changes/x999/x999/x999/x999/x999/x999/x999/999",
	} {
		rec := w.do("GET", LogPrefix+path, nil)
		wantProblem(t, rec, 400, ProblemInvalidRequest, "")
		if rec.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: a script cannot read why", path)
		}
	}
	wantProblem(t, w.do("GET", "/log/", nil), 404, ProblemNotFound, "")
	wantProblem(t, w.do("POST", "/log/tile/0/000.p/5", nil), 405, ProblemMethodNotAllowed, "")
	if rec := w.do("OPTIONS", "/log/changes/000.p/5", nil); rec.Code != 204 || rec.Header().Get("Access-Control-Allow-Methods") != "GET" {
		t.Errorf("OPTIONS: %d %v", rec.Code, rec.Header())
	}
	if rec := w.do("HEAD", "/log/changes/000.p/5", nil); rec.Code != 200 || rec.Body.Len() != 0 || rec.Header().Get("Cache-Control") != immutable {
		t.Errorf("HEAD: %d %v", rec.Code, rec.Header())
	}
	wantStatus(t, w.do("HEAD", "/log/changes/000.p/6", nil), 404)
	if rec := w.do("HEAD", "/log/tile/0/000.p/5", nil); rec.Code != 200 || rec.Header().Get("Content-Length") != "160" {
		t.Errorf("HEAD: %d %v", rec.Code, rec.Header())
	}
}

func wantStatus(t testing.TB, rec *httptest.ResponseRecorder, status int) {
	t.Helper()
	if rec.Code != status {
		t.Errorf("status %d, want %d", rec.Code, status)
	}
}

func TestTilesOverload(t *testing.T) {
	w := newLogWorld(t, 5)
	for range cap(w.server.streams) {
		w.server.streams.enter()
	}
	wantProblem(t, w.do("GET", "/log/changes/000.p/5", nil), 503, ProblemOverloaded, "")
	if rec := w.do("GET", "/log/tile/0/000.p/5", nil); rec.Code != 200 {
		t.Errorf("tiles wait for bundles of changes: %d", rec.Code)
	}
	for range cap(w.server.reads) {
		w.server.reads.enter()
	}
	wantProblem(t, w.do("GET", "/log/tile/0/000.p/5", nil), 503, ProblemOverloaded, "")
}

// scanStore fails after some records of a scan.
type scanStore struct {
	directory.Store
	records int
}

func (s *scanStore) Snapshot() (directory.Snapshot, error) {
	snap, err := s.Store.Snapshot()
	return &scanSnapshot{snap, s.records}, err
}

type scanSnapshot struct {
	directory.Snapshot
	left int
}

func (s *scanSnapshot) Scan(lo, hi []byte, fn func(key, value []byte) error) error {
	return s.Snapshot.Scan(lo, hi, func(key, value []byte) error {
		if s.left--; s.left < 0 {
			return errors.New("the disk is gone")
		}
		return fn(key, value)
	})
}

// TestChangesBreakOff checks that a bundle that cannot be read to its end does not
// look complete.
func TestChangesBreakOff(t *testing.T) {
	for records, status := range map[int]int{0: 500, 3: 200} {
		w := newWorld(t, func(_ *Config, c *directory.Config) { c.Store = &scanStore{c.Store, records} })
		w.insertMany(4, 10_000) // some 40 records, which are read one at a time
		addr, _ := listen(t, w, nil, time.Second)
		r, err := http.Get("http://" + addr + "/log/changes/000.p/5")
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
		switch {
		case r == nil || r.StatusCode != status:
			t.Errorf("after %d records: %v, %v", records, r, err)
		case status == 500 && err != nil:
			t.Errorf("before the first byte: %v", err)
		case status == 200 && !errors.Is(err, io.ErrUnexpectedEOF):
			t.Errorf("a bundle that broke off ends with %v", err)
		}
		if !strings.Contains(w.log.String(), "the disk is gone") {
			t.Errorf("no word of it in the log:\n%s", w.log)
		}
	}
}

// insertMany makes epochs with many labels each.
func (w *world) insertMany(epochs, labels int) {
	w.t.Helper()
	many := make([]directory.NewVersions, labels)
	for i := range epochs {
		for j := range many {
			many[j] = directory.NewVersions{Label: fmt.Appendf(nil, "label%d.%d", i, j), Values: [][]byte{{1}}}
		}
		outcomes, err := w.dir.Insert(w.t.Context(), many)
		fatalIfErr(w.t, errors.Join(append(outcomes, err)...))
	}
}

// TestChangesSlowly has somebody receive a large bundle of changes so slowly that
// buffers fill; it arrives whole.
func TestChangesSlowly(t *testing.T) {
	w := newWorld(t, nil)
	w.insertMany(4, 10_000)
	addr, _ := listen(t, w, nil, time.Second)
	conn, err := net.Dial("tcp", addr)
	fatalIfErr(t, err)
	defer conn.Close()
	fatalIfErr(t, conn.(*net.TCPConn).SetReadBuffer(64<<10))
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}}
	r, err := client.Get("http://" + addr + "/log/changes/000.p/5")
	fatalIfErr(t, err)
	defer r.Body.Close()
	changes := 0
	for range 5 {
		c, err := tile.ReadChange(r.Body)
		fatalIfErr(t, err)
		changes += len(c.Added)
	}
	if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF || changes != 40_002 {
		t.Errorf("%d changes, %v", changes, err)
	}
}

func TestPublication(t *testing.T) {
	w := newLogWorld(t, 4)
	witness := httptest.NewServer(http.NotFoundHandler())
	defer witness.Close()
	signer := w.withPublisher("witness w1 " + witnessKey(t, "witness.example/w1") + " " + witness.URL +
		"\nwitness \xff " + witnessKey(t, "witness.example/w2") + " " + witness.URL + "\nquorum w1")
	var got publicationObject
	w.get("/api/v1/log/publication", &got)
	if got.Origin != "keys.example.org/log" || got.VerifierKey != signer.VerifierKey() || got.Quorum != "w1" ||
		got.QuorumMissingSince == nil || got.SigningStopped || got.ReplicaSize != nil || len(got.Witnesses) != 2 {
		t.Errorf("%+v", got)
	}
	if c := got.Served; c == nil || c.TreeSize != 4 || c.QuorumMet || len(c.CosignedBy) != 0 || !strings.HasPrefix(c.Note, got.Origin+"\n4\n") {
		t.Errorf("served %+v", c)
	}
	if x := got.Witnesses[0]; x.Name != "w1" || x.FailingSince == nil || x.CosignedAt != nil || x.TreeSize != 0 {
		t.Errorf("witness %+v", x)
	}
	if strings.Contains(w.do("GET", "/api/v1/log/publication", nil).Body.String(), "127.0.0.1") {
		t.Error("the API tells addresses")
	}
	metrics := w.do("GET", "/metrics", nil)
	for _, want := range []string{
		"ghostlight_tree_size 4\n", "ghostlight_checkpoint_served_size 4\n", "ghostlight_checkpoint_quorum_met 0\n",
		`ghostlight_witness_up{witness="w1"} 0`, `ghostlight_witness_up{witness="\"\\xff\""} 0`, "ghostlight_checkpoint_signing 1\n",
		`ghostlight_requests_total{route="/api/v1/log/publication"} 2`,
	} {
		if metrics.Code != 200 || !strings.Contains(metrics.Body.String(), want) {
			t.Errorf("no %q in the metrics, status %d", want, metrics.Code)
		}
	}
	if strings.Contains(metrics.Body.String(), "label1") {
		t.Error("the metrics tell labels")
	}
}

func TestPublicationWarnings(t *testing.T) {
	for _, c := range []struct {
		status publisher.Status
		want   string
	}{
		{publisher.Status{}, "[]"},
		{publisher.Status{QuorumMissingSince: time.Now()}, "[]"},
		{publisher.Status{QuorumMissingSince: time.Now().Add(-2 * quorumPatience)}, "[quorum-missing]"},
		{publisher.Status{SigningErr: errors.New("x")}, "[checkpoints-not-signed]"},
		{publisher.Status{QuorumMissingSince: time.Unix(1, 0), SigningErr: errors.New("x")}, "[quorum-missing checkpoints-not-signed]"},
	} {
		if got := fmt.Sprint(publicationWarnings(c.status)); got != c.want {
			t.Errorf("%+v: %s", c.status, got)
		}
	}
	w := newLogWorld(t, 2)
	w.withPublisher("quorum none")
	var health healthObject
	w.get("/readyz", &health)
	if !health.OK || health.Warnings == nil || len(health.Warnings) > 0 {
		t.Errorf("%+v", health)
	}
}

// witnessKey returns the vkey of a witness.
func witnessKey(t testing.TB, name string) string {
	t.Helper()
	_, vkey, err := note.GenerateKey(rand.Reader, name)
	fatalIfErr(t, err)
	vkey, err = f_note.VKeyToCosignatureV1(vkey)
	fatalIfErr(t, err)
	return vkey
}
