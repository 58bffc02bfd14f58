package monitor

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

// A lie answers a request for a resource with something else than its content.
type lie func(rw http.ResponseWriter, r *http.Request, data []byte)

// altered returns a lie that alters the content.
func altered(f func(data []byte) []byte) lie {
	return func(rw http.ResponseWriter, _ *http.Request, data []byte) { _, _ = rw.Write(f(data)) }
}

func flipped(at float64) lie {
	return altered(func(data []byte) []byte {
		data = bytes.Clone(data)
		data[int(at*float64(len(data)-1))] ^= 0x04
		return data
	})
}

func status(code int) lie {
	return func(rw http.ResponseWriter, _ *http.Request, _ []byte) { rw.WriteHeader(code) }
}

// endless writes a piece until the client has enough, or 10 GB have gone.
func endless(w io.Writer, piece []byte) (sent int) {
	for sent < 10_000_000_000 {
		n, err := w.Write(piece)
		if sent += n; err != nil {
			break
		}
	}
	return sent
}

// lies are those of which the outcome is that nothing was decided.
func lies(sent *atomic.Int64) map[string]lie {
	var bomb bytes.Buffer // 16 MB of zeros, which can be repeated
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 16<<20))
	_ = z.Close()
	return map[string]lie{
		"first byte":   flipped(0),
		"some byte":    flipped(0.3),
		"another byte": flipped(0.7),
		"last byte":    flipped(1),
		"shorter":      altered(func(data []byte) []byte { return data[:len(data)-1] }),
		"longer":       altered(func(data []byte) []byte { return append(bytes.Clone(data), 0) }),
		"twice":        altered(func(data []byte) []byte { return slices.Concat(data, data) }),
		"empty":        altered(func([]byte) []byte { return nil }),
		"zeros":        altered(func(data []byte) []byte { return make([]byte, len(data)) }),
		"a page":       altered(func([]byte) []byte { return []byte("<html>Please sign in</html>") }),
		"not found":    status(404),
		"forbidden":    status(403),
		"server error": status(500),
		"busy":         status(429),
		"no content":   status(204),
		"redirect": func(rw http.ResponseWriter, r *http.Request, _ []byte) {
			http.Redirect(rw, r, "http://other.example/log", http.StatusFound)
		},
		"redirect loop": func(rw http.ResponseWriter, r *http.Request, _ []byte) {
			http.Redirect(rw, r, r.URL.Path, http.StatusFound)
		},
		"unknown encoding": func(rw http.ResponseWriter, _ *http.Request, data []byte) {
			rw.Header().Set("Content-Encoding", "br")
			_, _ = rw.Write(data)
		},
		"not gzip": func(rw http.ResponseWriter, _ *http.Request, data []byte) {
			rw.Header().Set("Content-Encoding", "gzip")
			_, _ = rw.Write(data)
		},
		"a gzip bomb": func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
			rw.Header().Set("Content-Encoding", "gzip")
			sent.Add(int64(endless(rw, bomb.Bytes())))
		},
		"10 GB": func(rw http.ResponseWriter, _ *http.Request, data []byte) {
			_, _ = rw.Write(data)
			sent.Add(int64(endless(rw, make([]byte, 1<<20))))
		},
		"cut off": func(rw http.ResponseWriter, _ *http.Request, data []byte) {
			rw.Header().Set("Content-Length", fmt.Sprint(len(data)))
			_, _ = rw.Write(data[:len(data)/2])
			panic(http.ErrAbortHandler)
		},
		"slow": func(rw http.ResponseWriter, r *http.Request, data []byte) {
			for i := range data {
				_, _ = rw.Write(data[i : i+1])
				if http.NewResponseController(rw).Flush() != nil || r.Context().Err() != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		},
		"silence": func(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() },
	}
}

// TestLies lies about every kind of resource in every way. Nothing is decided
// then, what was mirrored before stays, and the truth is mirrored once it comes.
func TestLies(t *testing.T) {
	for _, path := range []string{
		"checkpoint", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2",
		"tile/entries/001", "tile/entries/002.p/188", "changes/001", "changes/002.p/188",
	} {
		t.Run(strings.ReplaceAll(path, "/", "-"), func(t *testing.T) {
			var sent atomic.Int64
			w := newWorld(t, 300, 2)
			w.server.Config.ErrorLog = nil
			w.mustUpdate(300)
			w.log.Grow(t, 400, 2)
			for name, lie := range lies(&sent) {
				w.http.Timeout = 30 * time.Second
				if name == "slow" || name == "silence" {
					w.http.Timeout = 100 * time.Millisecond
				}
				w.onPath(path, lie)
				_, err := w.update()
				if KindOf(err) != Undecided || len(w.evidence()) != 0 {
					t.Errorf("%s: error of kind %v: %v", name, KindOf(err), err)
				}
				if want := lieError(path, name); want != nil && !errors.Is(err, want) {
					t.Errorf("%s: error %v, want %v", name, err, want)
				}
				w.log.Intercept(nil)
				w.verifies(300)
			}
			// Of two lies out of 10 GB each the buffers of both sides take some.
			if n := sent.Load(); n > 1<<30 {
				t.Errorf("%d bytes were taken", n)
			}
			w.mustUpdate(700)
		})
	}
}

// lieError returns which error a lie about a resource leads to, nil if that
// depends on what is there.
func lieError(path, name string) error {
	altered := strings.HasSuffix(name, "byte") || name == "zeros" || name == "a gzip bomb"
	switch {
	case slices.Contains([]string{"server error", "busy", "not gzip", "cut off", "slow", "silence"}, name):
		return errNetwork
	case slices.Contains([]string{"forbidden", "no content", "redirect", "redirect loop", "unknown encoding"}, name):
		return errResponse
	case name == "not found":
		return ErrNotFound
	case path == checkpointPath && (name == "10 GB" || name == "a gzip bomb"):
		return errContent
	case path == checkpointPath: // see TestForeignCheckpoints
		return nil
	case strings.HasPrefix(path, "changes") && altered: // see TestLyingChanges
		return nil
	case altered && name != "a gzip bomb" && !strings.Contains(path, "entries"):
		return tile.ErrTiles
	}
	return errContent
}

// TestDamageOnTheWay damages every resource once, which a second try heals.
func TestDamageOnTheWay(t *testing.T) {
	w := newWorld(t, 300, 2)
	w.mustUpdate(300)
	w.log.Grow(t, 400, 2)
	var damaged atomic.Int64
	seen := make(map[string]*atomic.Bool)
	fatalIfErr(t, tile.Added(300, 700, func(t tile.Tile) error {
		seen[t.Path()] = new(atomic.Bool)
		return nil
	}))
	w.log.Intercept(func(rw http.ResponseWriter, r *http.Request, path string, data []byte) bool {
		if seen[path] == nil || seen[path].Swap(true) {
			return false
		}
		damaged.Add(1)
		// One of each kind is enough for one bundle's three tries.
		if strings.Contains(path, ".p/") || strings.Contains(path, "changes") {
			flipped(0.5)(rw, r, data)
		} else {
			status(503)(rw, r, data)
		}
		return true
	})
	w.mustUpdate(700)
	if n := damaged.Load(); int(n) != len(seen) {
		t.Errorf("%d of %d resources were read", n, len(seen))
	}
}

// TestLyingChanges serves lists that are well-formed and wrong. The error names
// the log entry; no list is taken that is longer than an entry can change.
func TestLyingChanges(t *testing.T) {
	w := newWorld(t, 300, 2)
	w.mustUpdate(300)
	w.log.Grow(t, 300, 2)
	many := binary.BigEndian.AppendUint32(nil, 50_000)
	many = append(many, 0, 0, 0, 0)
	for i := range 50_000 {
		many = binary.BigEndian.AppendUint64(many, uint64(i)<<40)
		many = append(many, make([]byte, 56)...)
	}
	tooMany := binary.BigEndian.AppendUint32(nil, tile.MaxLeaves)
	tooMany = binary.BigEndian.AppendUint32(tooMany, 1)
	for _, c := range []struct {
		name string
		from int // of the entries of bundle 1, which are not replaced
		put  []byte
		want error
	}{
		{"nothing changed", 100, make([]byte, 8), ErrChanges},
		{"an absent leaf removed", 100, append([]byte{0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 64)...), ErrChanges},
		{"many leaves added", 100, many, ErrChanges},
		{"too many leaves added", 100, tooMany, errContent},
		{"leaves announced and not there", 255, []byte{0, 0, 0, 9, 0, 0, 0, 0, 1, 2, 3}, errContent},
		{"an entry too few", 255, nil, errContent},
		{"what was verified before is another", 44, nil, errContent},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.onPath("changes/001", altered(func(data []byte) []byte {
				parts := splitChanges(t, data)
				if c.from == 44 { // entry 299, of which the mirror has the change
					parts[43], parts[42] = parts[42], parts[43]
				} else {
					parts[c.from] = c.put
				}
				return bytes.Join(parts, nil)
			}))
			_, err := w.update()
			wantKind(t, err, Undecided, c.want, "changes/001")
			if c.from != 44 {
				wantKind(t, err, Undecided, c.want, fmt.Sprint("log entry ", 256+c.from))
			}
			w.verifies(300)
		})
	}
	w.log.Intercept(nil)
	w.mustUpdate(600)
}

// splitChanges cuts a bundle of changes into those of its entries.
func splitChanges(t *testing.T, data []byte) [][]byte {
	var out [][]byte
	for r := bytes.NewReader(data); r.Len() > 0; {
		c, err := tile.ReadChange(r)
		fatalIfErr(t, err)
		out = append(out, c.Marshal())
	}
	return out
}

// TestForeignCheckpoints serves checkpoints that are not to be believed.
func TestForeignCheckpoints(t *testing.T) {
	w := newWorld(t, 300, 2)
	w.mustUpdate(300)
	w.log.Grow(t, 10, 2)
	good := w.log.SignAt(t, 310)
	other, err := checkpoint.NewSigner(w.log.Signer.Origin(), bytes.Repeat([]byte{8}, 32))
	fatalIfErr(t, err)
	otherLog, err := checkpoint.NewSigner("elsewhere.example", bytes.Repeat([]byte{9}, 32))
	fatalIfErr(t, err)
	sign := func(s *checkpoint.Signer, origin string) []byte {
		signed, err := s.Sign(checkpoint.Checkpoint{Origin: origin, Size: 310, Root: w.log.RootAt(t, 310)})
		fatalIfErr(t, err)
		return signed
	}
	unwanted := new(note.InvalidSignatureError)
	for name, c := range map[string]struct {
		note []byte
		want error
	}{
		"no note":                 {[]byte("hello\n"), checkpoint.ErrMalformed},
		"unsigned":                {good[:bytes.Index(good, []byte("\n\n"))+2], checkpoint.ErrMalformed},
		"another key":             {sign(other, monitortest.Origin), checkpoint.ErrNotSigned},
		"another log":             {sign(otherLog, "elsewhere.example"), checkpoint.ErrNotSigned},
		"changed under signature": {bytes.Replace(good, []byte("\n310\n"), []byte("\n311\n"), 1), unwanted},
		"too large a log":         {w.log.Sign(t, checkpoint.MaxSize+1, [32]byte{1}), checkpoint.ErrMalformed},
		"the largest log":         {w.log.Sign(t, checkpoint.MaxSize, [32]byte{1}), ErrNotFound},
		"a wrong root":            {w.log.Sign(t, 310, [32]byte{1}), tile.ErrTiles},
		"the root of another":     {w.log.Sign(t, 310, w.log.RootAt(t, 309)), tile.ErrTiles},
	} {
		t.Run(name, func(t *testing.T) {
			w.log.Serve(c.note)
			_, err := w.update()
			if c.want == unwanted {
				wantKind(t, err, Undecided, nil)
				if !errors.As(err, &unwanted) {
					t.Errorf("error %v, want an invalid signature", err)
				}
			} else {
				wantKind(t, err, Undecided, c.want)
			}
			w.verifies(300)
		})
	}
	// A new mirror believes none of them either, nor an empty log.
	empty := newWorld(t, 0, 0)
	empty.log.Publish(t)
	_, err = empty.update()
	wantKind(t, err, Undecided, errContent, "the log is empty")

	w.log.Serve(good)
	w.mustUpdate(310)
}

// TestOtherLogOfPolicy serves another log that the policy knows as well.
func TestOtherLogOfPolicy(t *testing.T) {
	w := newWorld(t, 20, 1)
	other, err := checkpoint.NewSigner("elsewhere.example", bytes.Repeat([]byte{9}, 32))
	fatalIfErr(t, err)
	w.cfg.Policy = append(w.cfg.Policy, "log "+other.VerifierKey()+"\n"...)
	w.mustUpdate(20)
	signed, err := other.Sign(checkpoint.Checkpoint{Origin: "elsewhere.example", Size: 20, Root: [32]byte{1}})
	fatalIfErr(t, err)
	w.log.Serve(signed)
	_, err = w.update()
	wantKind(t, err, Undecided, errOther, "elsewhere.example")
	w.verifies(20)
}
