package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/web/audit/audittest"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// vast is a Source with a log of any size, of which entries are computed when they are
// asked for. Its hashes are not: it has no proofs, and no labels.
type vast struct {
	t       testing.TB
	config  *keytrans.Configuration
	size    uint64
	changes uint64 // of each entry
	asked   uint64 // entries and changes
	first   uint64 // entries before it were removed
	short   bool   // entries are missing in its answers
}

func newVast(t testing.TB, size uint64) *vast {
	t.Helper()
	signing, err := keytrans.NewEd25519SigningKey(make([]byte, 32))
	fatalIfErr(t, err)
	key, err := vrf.NewEd25519PrivateKey(make([]byte, 32))
	fatalIfErr(t, err)
	return &vast{t: t, size: size, changes: 3, config: &keytrans.Configuration{
		Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring,
		SignaturePublicKey: signing.Public(), VRFPublicKey: key.Public(),
		MaxAhead: 1, MaxBehind: 1, ReasonableMonitoringWindow: math.MaxUint64,
	}}
}

// step is the time between two entries, in ms.
func step(size uint64) uint64 { return max(1, min(1000, math.MaxInt64/size)) }

func (s *vast) Configuration() *keytrans.Configuration { return s.config }

func (s *vast) Head(context.Context) (Head, error) {
	return Head{Size: s.size, Time: (s.size - 1) * step(s.size)}, nil
}

func (s *vast) Entries(_ context.Context, lo, hi uint64) ([]keytrans.LogEntry, error) {
	if lo > hi || hi > s.size || hi-lo > MaxEntries {
		s.t.Errorf("asked for [%d, %d) of %d", lo, hi, s.size)
	}
	if lo < s.first {
		return nil, &Problem{Status: http.StatusGone, Title: "Removed"}
	}
	if s.short {
		return nil, nil
	}
	var out []keytrans.LogEntry
	for pos := lo; pos < hi; pos++ {
		s.asked++
		out = append(out, keytrans.LogEntry{Timestamp: pos * step(s.size), PrefixTree: sha256.Sum256(binary.BigEndian.AppendUint64(nil, pos))})
	}
	return out, nil
}

func (s *vast) Changes(_ context.Context, _, _, limit uint64) (Changes, error) {
	if s.asked++; limit > MaxLeaves {
		s.t.Errorf("asked for %d leaves", limit)
	}
	return Changes{Added: s.changes}, nil
}

func (s *vast) Tiles(context.Context, []tile.Tile) ([][]byte, error) {
	return nil, &Problem{Status: http.StatusNotFound, Title: "No tiles"}
}
func (s *vast) Publication(context.Context) (*Publication, error) { return nil, nil }
func (s *vast) Epochs() []Epoch                                   { return nil }
func (s *vast) Search(context.Context, *keytrans.SearchRequest) (*keytrans.SearchResponse, error) {
	return nil, &Problem{Status: http.StatusNotFound, Title: "No labels"}
}

func get(t testing.TB, v *View, path string) *audittest.Page {
	t.Helper()
	rec := httptest.NewRecorder()
	v.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/view/x"+path, nil))
	page, err := audittest.Parse(rec.Body.String())
	fatalIfErr(t, err)
	for _, problem := range append(page.Problems(), audittest.PolicyProblems(rec.Header())...) {
		t.Errorf("%s: %s", path, problem)
	}
	return page
}

// TestVast shows logs up to the greatest size: as much is read of each.
func TestVast(t *testing.T) {
	for _, size := range []uint64{1, 2, 63, 64, 65, 1_000_000, 1 << 40, math.MaxInt64} {
		s := newVast(t, size)
		v, err := New(Config{Base: "/view/x", Source: s, Host: Host{Kind: MonitorHost, Name: "Lamp"}, Directory: "https://keys.example.org"})
		fatalIfErr(t, err)
		p := get(t, v, "/")
		if want := strings.Join(strings.Fields(number(size)), " "); !strings.Contains(audittest.Text(p.ID("head")), want) {
			t.Errorf("%d is not %s: %s", size, want, audittest.Text(p.ID("head")))
		}
		if !strings.Contains(audittest.Text(p.ID("verdict")), "this is only what the monitor says") {
			t.Error(audittest.Text(p.ID("verdict")))
		}
		if first := s.asked; first > growthSamples+recentEpochs {
			t.Errorf("of %d entries %d were read", size, first)
		}
		s.asked = 0
		if get(t, v, "/"); s.asked != 0 {
			t.Errorf("of %d entries %d were read again", size, s.asked)
		}
		get(t, v, "/log")
		get(t, v, fmt.Sprintf("/log?position=%d", size-1))
		s.asked = 0
		if get(t, v, "/log?date=2026-11-26"); s.asked > 64+pageEntries+1 {
			t.Errorf("of %d entries %d were read to find a date", size, s.asked)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 9999: "9999", 10000: "10 000", 1234567: "1 234 567", math.MaxUint64: "18 446 744 073 709 551 615"} {
		if got := strings.ReplaceAll(number(n), "\u202f", " "); got != want {
			t.Errorf("%d is written %s", n, got)
		}
		head := Head{Size: math.MaxUint64}
		if got, err := parsePosition(number(n), head); n < math.MaxUint64 && (err != nil || got != n) {
			t.Errorf("%s is read as %d, %v", number(n), got, err)
		}
	}
	if got := instantOf(uint64(math.MaxUint64)); !strings.Contains(got.Text, "after 9999") {
		t.Errorf("%+v", got)
	}
	if got := instantOf(time.Time{}); !got.Never() {
		t.Errorf("%+v", got)
	}
	now := time.UnixMilli(1_000_000)
	for ms, want := range map[uint64]string{
		1_000_000: "0.0 ms ago", 999_500: "500 ms ago", 940_000: "60 s ago", 2_000_000: "16 min ahead of the server's clock", math.MaxUint64: "far in the future",
	} {
		if got := since(now, ms); got != want {
			t.Errorf("%d is %s, want %s", ms, got, want)
		}
	}
}

func TestSamples(t *testing.T) {
	for first := uint64(0); first < 3; first++ {
		for size := first + 1; size < 2000; size++ {
			got := sampledPositions(first, size)
			if len(got) > growthSamples || got[0] != first || got[len(got)-1] != size-1 || !slices.IsSorted(got) || len(slices.Compact(got)) != len(got) {
				t.Fatalf("[%d, %d): %v", first, size, got)
			}
		}
	}
	if got := sampledPositions(1<<62, math.MaxUint64); len(got) > growthSamples {
		t.Errorf("%d samples", len(got))
	}
}

// TestSiblings compares with another implementation, for every small tree.
func TestSiblings(t *testing.T) {
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	for size := uint64(1); size <= 70; size++ {
		more, err := tlog.StoredHashes(int64(size-1), binary.BigEndian.AppendUint64(nil, size), reader)
		fatalIfErr(t, err)
		hashes = append(hashes, more...)
		for index := range size {
			proof, err := tlog.ProveRecord(int64(size), int64(index), reader)
			fatalIfErr(t, err)
			steps := siblings(index, size)
			if len(proof) != len(steps) {
				t.Fatalf("entry %d of %d: %d steps, %d hashes", index, size, len(steps), len(proof))
			}
			for i, s := range steps {
				if want := rangeHash(t, reader, s.Sibling); want != proof[i] {
					t.Fatalf("entry %d of %d: step %d is over %+v", index, size, i, s.Sibling)
				}
			}
		}
	}
	if n := len(siblings(0, math.MaxUint64)); n != 64 {
		t.Errorf("%d steps in the greatest tree", n)
	}
}

// rangeHash returns the hash over the entries of a node, out of the inclusion proof of a
// leaf beside it.
func rangeHash(t testing.TB, reader tlog.HashReader, n proofNode) tlog.Hash {
	t.Helper()
	if n.Hi-n.Lo == 1 {
		h, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(n.Lo))})
		fatalIfErr(t, err)
		return h[0]
	}
	middle := n.Lo + 1
	for middle*2-n.Lo < n.Hi {
		middle = middle*2 - n.Lo
	}
	return tlog.NodeHash(rangeHash(t, reader, proofNode{Lo: n.Lo, Hi: middle}), rangeHash(t, reader, proofNode{Lo: middle, Hi: n.Hi}))
}

func TestPicture(t *testing.T) {
	p := &inclusionProof{Size: 1 << 62, Leaf: proofNode{Lo: 1 << 61, Hi: 1<<61 + 1}, Steps: siblings(1<<61, 1<<62)}
	pic := p.Picture()
	if len(pic.Nodes) != 2*62+1 || len(pic.Edges) != 2*62 {
		t.Errorf("%d nodes, %d edges", len(pic.Nodes), len(pic.Edges))
	}
	for _, n := range pic.Nodes {
		if n.X < 0 || n.X+treeWidth > 360 || n.Y < 0 || n.Bottom() > pic.Height || len([]rune(n.Caption)) > 17 {
			t.Errorf("a box is at %d, %d, with %q", n.X, n.Y, n.Caption)
		}
	}
}

func TestConfig(t *testing.T) {
	good := Config{Base: "/audit", Source: newVast(t, 1)}
	for name, change := range map[string]func(*Config){
		"no source":     func(c *Config) { c.Source = nil },
		"no base":       func(c *Config) { c.Base = "" },
		"slash":         func(c *Config) { c.Base = "/audit/" },
		"pattern":       func(c *Config) { c.Base = "/{x}" },
		"directory":     func(c *Config) { c.Directory = "keys.example.org" },
		"policy":        func(c *Config) { c.Directory = "https://x;script-src" },
		"wildcard":      func(c *Config) { c.Monitors = []Monitor{{Name: "x", URL: "https://*"}} },
		"monitor":       func(c *Config) { c.Monitors = []Monitor{{Name: "x", URL: "//x"}} },
		"OpenAPI":       func(c *Config) { c.API = []byte("{") },
		"configuration": func(c *Config) { c.Source.(*vast).config = &keytrans.Configuration{} },
	} {
		c := good
		c.Source = newVast(t, 1)
		change(&c)
		if _, err := New(c); err == nil || !strings.HasPrefix(err.Error(), "audit: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	v, err := New(good)
	fatalIfErr(t, err)
	for name, want := range v.assets.manifest.Files {
		content, err := embedded.ReadFile("dist/" + name)
		fatalIfErr(t, err)
		if fmt.Sprintf("%x", sha256.Sum256(content)) != want.SHA256 {
			t.Errorf("%s is not what the manifest says", name)
		}
	}
}

// TestBusy has no room for a page, and none for a stream.
func TestBusy(t *testing.T) {
	v, err := New(Config{Base: "/view/x", Source: newVast(t, 9), MaxInFlight: 1, MaxStreams: 1, Poll: time.Hour})
	fatalIfErr(t, err)
	v.room <- struct{}{}
	ask := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		v.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/view/x"+path, nil))
		return rec
	}
	if rec := ask("/"); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
		t.Errorf("status %d", rec.Code)
	}
	<-v.room
	if rec := ask("/"); rec.Code != http.StatusOK {
		t.Errorf("status %d", rec.Code)
	}
	stream := v.events.listen()
	if stream == nil || v.events.listen() != nil {
		t.Fatal("not one stream")
	}
	if rec := ask("/events"); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", rec.Code)
	}
	if event := <-stream; !strings.HasPrefix(event, "event: head\ndata: {\"tree_size\":9,") {
		t.Errorf("%q", event)
	}
	v.events.leave(stream)
	if stream = v.events.listen(); stream == nil {
		t.Fatal("the place of a stream is not free again")
	}
	v.events.leave(stream)
	v.EndStreams()
	v.EndStreams()
	if v.events.listen() != nil {
		t.Error("a stream after the end")
	}
}
