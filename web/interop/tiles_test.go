package interop

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// entries is the size of the log that the tile clients read: more than ten full
// tiles, a partial one, and one on the level above.
const entries = 3000

// serveLog serves a directory with a log of some entries, and returns the vkey
// of the log.
func serveLog(t *testing.T) (s *server, vkey string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "directory")
	run(t, 0, "ktd", "bench", "publish", "--labels", strconv.Itoa(entries-1), "--batch", "1", "--vrf-time", "1ms", "--dir", dir)
	s = serve(t, dir, "127.0.0.1:0")
	s.await("the checkpoint", func(p publication) bool { return p.Served != nil && p.Served.TreeSize >= entries })
	var p struct {
		VerifierKey string `json:"verifier_key"`
	}
	s.get("/api/v1/log/publication", &p)
	return s, p.VerifierKey
}

// tileReader reads tiles as C2SP tlog-tiles has them. It implements
// tlog.TileReader.
type tileReader struct{ s *server }

func (r tileReader) Height() int { return 8 }

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		// tile/8/<L>/<N> is without the height in C2SP's paths.
		out = append(out, r.s.fetch("/log/tile/"+strings.TrimPrefix(t.Path(), "tile/8/")))
	}
	return out, nil
}

func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// head returns the tree of the served checkpoint, whose signature is verified.
func head(t *testing.T, s *server, vkey string) tlog.Tree {
	t.Helper()
	verifier, err := note.NewVerifier(vkey)
	fatalIfErr(t, err)
	n, err := note.Open(s.fetch("/log/checkpoint"), note.VerifierList(verifier))
	fatalIfErr(t, err)
	lines := strings.Split(n.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	fatalIfErr(t, err)
	root, err := tlog.ParseHash(lines[2])
	fatalIfErr(t, err)
	return tlog.Tree{N: size, Hash: root}
}

// TestSumDB has the tile reader of Go's checksum database verify entries and
// earlier sizes.
func TestSumDB(t *testing.T) {
	s, vkey := serveLog(t)
	tree := head(t, s, vkey)
	hashes := tlog.TileHashReader(tree, tileReader{s})
	for _, i := range []int64{0, 1, 255, 256, 1000, tree.N - 2, tree.N - 1} {
		p, err := tlog.ProveRecord(tree.N, i, hashes)
		fatalIfErr(t, err)
		fatalIfErr(t, tlog.CheckRecord(p, tree.N, tree.Hash, i, tlog.RecordHash(entry(t, s, i, tree.N))))
	}
	for _, n := range []int64{1, 2, 255, 256, 257, 2048, tree.N - 1, tree.N} {
		root, err := tlog.TreeHash(n, hashes)
		fatalIfErr(t, err)
		p, err := tlog.ProveTree(tree.N, n, hashes)
		fatalIfErr(t, err)
		fatalIfErr(t, tlog.CheckTree(p, tree.N, tree.Hash, n, root))
	}
}

// entry returns a log entry, out of its bundle.
func entry(t *testing.T, s *server, i, size int64) []byte {
	t.Helper()
	tile := tlog.Tile{H: 8, L: 0, N: i / 256, W: int(min(256, size-i/256*256))}
	var bundle api.EntryBundle
	fatalIfErr(t, bundle.UnmarshalText(s.fetch("/log/tile/entries/"+strings.TrimPrefix(tile.Path(), "tile/8/0/"))))
	return bundle.Entries[i%256]
}

// TestTessera has Tessera's fsck check the whole log, and its client verify
// inclusion and consistency.
func TestTessera(t *testing.T) {
	s, vkey := serveLog(t)
	verifier, err := note.NewVerifier(vkey)
	fatalIfErr(t, err)
	u, err := url.Parse(s.url + "/log/")
	fatalIfErr(t, err)
	fetcher, err := client.NewHTTPFetcher(u, http.DefaultClient)
	fatalIfErr(t, err)
	check := fsck.New(verifier.Name(), verifier, fetcher, leafHashes, fsck.Opts{N: 2})
	fatalIfErr(t, check.Check(t.Context()))

	c, _, _, err := client.FetchCheckpoint(t.Context(), fetcher.ReadCheckpoint, verifier, verifier.Name())
	fatalIfErr(t, err)
	builder, err := client.NewProofBuilder(t.Context(), c.Size, fetcher.ReadTile)
	fatalIfErr(t, err)
	for _, i := range []uint64{0, 255, 256, 2999, c.Size - 1} {
		p, err := builder.InclusionProof(t.Context(), i)
		fatalIfErr(t, err)
		leaf := rfc6962.DefaultHasher.HashLeaf(entry(t, s, int64(i), int64(c.Size)))
		fatalIfErr(t, proof.VerifyInclusion(rfc6962.DefaultHasher, i, c.Size, leaf, p, c.Hash))
	}
	tree := tlog.Tree{N: int64(c.Size), Hash: tlog.Hash(c.Hash)}
	for _, n := range []uint64{1, 256, 2047, c.Size - 1} {
		p, err := builder.ConsistencyProof(t.Context(), n, c.Size)
		fatalIfErr(t, err)
		root, err := tlog.TreeHash(int64(n), tlog.TileHashReader(tree, tileReader{s}))
		fatalIfErr(t, err)
		fatalIfErr(t, proof.VerifyConsistency(rfc6962.DefaultHasher, n, c.Size, p, root[:], c.Hash))
	}

	// A checkpoint that another key has signed is refused.
	_, other, err := note.GenerateKey(rand.Reader, verifier.Name())
	fatalIfErr(t, err)
	wrong, err := note.NewVerifier(other)
	fatalIfErr(t, err)
	if err := fsck.New(verifier.Name(), wrong, fetcher, leafHashes, fsck.Opts{}).Check(t.Context()); err == nil {
		t.Error("fsck accepts another key's checkpoint")
	}
	t.Logf("%d entries, root %s", c.Size, base64.StdEncoding.EncodeToString(c.Hash))
}

// leafHashes returns the leaf hashes of an entry bundle, each of a LogEntry of
// KEYTRANS.
func leafHashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, e := range b.Entries {
		if len(e) != 40 {
			return nil, fmt.Errorf("a log entry of %d bytes", len(e))
		}
		out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return out, nil
}

// TestExport has Tessera's fsck check the files that ktd exports.
func TestExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "directory")
	out := filepath.Join(t.TempDir(), "log")
	run(t, 0, "ktd", "bench", "publish", "--labels", "600", "--batch", "1", "--vrf-time", "1ms", "--dir", dir)
	s := serve(t, dir, "127.0.0.1:0")
	s.await("the checkpoint", func(p publication) bool { return p.Served != nil && p.Served.TreeSize >= 600 })
	var p struct {
		VerifierKey string `json:"verifier_key"`
	}
	s.get("/api/v1/log/publication", &p)
	s.stop()
	run(t, 0, "ktd", "export-log", dir, out)
	verifier, err := note.NewVerifier(p.VerifierKey)
	fatalIfErr(t, err)
	check := fsck.New(verifier.Name(), verifier, client.FileFetcher{Root: out}, leafHashes, fsck.Opts{N: 2})
	fatalIfErr(t, check.Check(t.Context()))
}
