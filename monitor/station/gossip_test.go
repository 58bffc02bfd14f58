package station

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/vantage"
)

// configure adds lines to the configuration, and has the monitor use it.
func (w *world) configure(lines string) {
	w.Helper()
	data, err := os.ReadFile(w.path)
	fatalIfErr(w, err)
	fatalIfErr(w, os.WriteFile(w.path, append(data, lines...), 0o600))
}

// route gives the directory another way.
func (w *world) route(line string) {
	w.Helper()
	data, err := os.ReadFile(w.path)
	fatalIfErr(w, err)
	text := strings.Replace(string(data), "    policy: policy\n", "    policy: policy\n    routes: ["+line+"]\n", 1)
	fatalIfErr(w, os.WriteFile(w.path, []byte(text), 0o600))
}

// serve returns the base URL of what the monitor serves.
func (w *world) serve() string {
	w.Helper()
	s := httptest.NewServer(w.s.web.server.Handler)
	w.Cleanup(s.Close)
	return s.URL
}

// proven returns the rules that were proven.
func proven(s Status) string {
	var out []string
	for _, a := range s.Alerts {
		if a.Evidence {
			out = append(out, string(a.Rule))
		}
	}
	return strings.Join(out, " ")
}

// split returns a directory and its fork, each with distinguished heads of its own.
func (w *world) split() *clienttest.Directory {
	w.insert(alice, "a")
	other := w.dir.Fork()
	w.dir.Insert()
	w.dir.Insert()
	for range 4 {
		other.Insert()
	}
	return other
}

// hashOf returns the name of the directory in gossip.
func hashOf(t testing.TB, d *clienttest.Directory) string {
	t.Helper()
	c, err := d.Configuration().Marshal()
	fatalIfErr(t, err)
	sum := sha256.Sum256(c)
	return hex.EncodeToString(sum[:])
}

// TestServeGossip gets what one monitor shows others, as it is mounted.
func TestServeGossip(t *testing.T) {
	w := newWorld(t)
	w.insert(alice, "a")
	w.round()
	path := vantage.GossipPath + hashOf(t, w.dir)
	r := w.get(path)
	d, err := vantage.ParseDocument(r.Body.Bytes())
	if err != nil || r.Code != http.StatusOK || r.Header().Get("ETag") == "" {
		t.Fatalf("%d, %v: %s", r.Code, err, r.Body)
	}
	if d.Checkpoint != string(w.dir.Checkpoint()) || strings.Contains(r.Body.String(), alice) {
		t.Errorf("%s", r.Body)
	}
	if index := w.get(vantage.GossipPath); !strings.Contains(index.Body.String(), hashOf(t, w.dir)) {
		t.Errorf("%s", index.Body)
	}
}

// TestPeers has two monitors that are each shown another log, or the same one.
func TestPeers(t *testing.T) {
	for name, forked := range map[string]bool{"one log": false, "two logs": true} {
		t.Run(name, func(t *testing.T) {
			w, peer := newWorld(t), newWorld(t)
			other := w.split()
			peer.dir, peer.show = w.dir, w.dir
			if forked {
				peer.show = other
			}
			configuration, err := w.dir.Configuration().Marshal()
			fatalIfErr(t, err)
			folder := strings.TrimSuffix(peer.path, "ktmon.yaml")
			write(t, folder, "configuration", string(configuration))
			write(t, folder, "policy", string(w.dir.Policy("any")))
			peer.round()
			w.configure("peers: [" + peer.serve() + "]\n")
			w.checkSplit(w.round(), forked)
		})
	}
}

// checkSplit checks that two logs were noticed if there are two.
func (w *world) checkSplit(s Status, forked bool) {
	w.Helper()
	if got := proven(s); forked != (got != "") {
		w.Errorf("proven: %q\n%s", got, text(s))
	}
	if forked != (s.Verdict == finding.Misbehaviour) {
		w.Errorf("verdict %v", s.Verdict)
	}
}

// TestRoutes has one monitor with two ways, of which the second is a proxy's.
func TestRoutes(t *testing.T) {
	for name, forked := range map[string]bool{"one log": false, "two logs": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			other := w.split()
			behind := http.Handler(w.dir)
			if forked {
				behind = other
			}
			var asked atomic.Int64
			proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Host != "" { // as only a proxy is told
					asked.Add(1)
				}
				behind.ServeHTTP(rw, r)
			}))
			t.Cleanup(proxy.Close)
			w.route("{proxy: '" + proxy.URL + "'}")
			w.checkSplit(w.round(), forked)
			if asked.Load() < 2 {
				t.Errorf("the proxy was asked %d times", asked.Load())
			}
		})
	}
}
