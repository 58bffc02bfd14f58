package vantage

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// evil returns handlers that answer without end.
func evil() map[string]http.Handler {
	return map[string]http.Handler{
		"10 GB": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = io.CopyN(w, zeros{}, 10<<30)
		}),
		"a byte now and then": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = io.Copy(io.Discard, r.Body)
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte{' '})
				w.(http.Flusher).Flush()
				pause(r.Context())
			}
		}),
		"nothing": http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or the server does not see that the client has gone
			<-r.Context().Done()
		}),
		"a redirect to another host": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}),
		"an interruption": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
			panic(http.ErrAbortHandler)
		}),
	}
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Millisecond):
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestEvilPeers(t *testing.T) {
	w := newWorld(t)
	base, _ := w.peerOf(w.dir)
	w.impatient()
	n := 0
	for name, h := range evil() {
		t.Log(name)
		w.cfg.Peers = append(w.cfg.Peers, newHost(t, h).URL)
		n++
	}
	w.cfg.Peers = append(w.cfg.Peers, base, "http://monitor.invalid")
	r := w.round()
	if len(r.Findings) != n+1 || !strings.Contains(r.Checked, fmt.Sprintf("of 1 of %d peers", n+2)) {
		t.Errorf("%s: %+v", r.Checked, r.Findings)
	}
	for _, f := range r.Findings {
		if f.Class != finding.Report || !f.Condition || !strings.Contains(f.Summary, "peer ") || len(f.Detail) > 2*maxText {
			t.Errorf("%+v", f)
		}
	}
}

// document returns what a peer would answer, as an object.
func (w *world) document() map[string]any {
	w.Helper()
	if w.v == nil {
		w.open()
	}
	w.round()
	var out map[string]any
	fatalIfErr(w.T, json.Unmarshal(w.v.published.Load().body, &out))
	return out
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	fatalIfErr(t, err)
	return data
}

// TestLyingPeers: nothing that a peer makes up is evidence against the directory.
func TestLyingPeers(t *testing.T) {
	w := newWorld(t)
	stranger := newWorld(t)
	w.open()
	for name, c := range map[string]struct {
		change func(d map[string]any)
		rule   finding.Rule
		text   string
	}{
		"another schema":      {func(d map[string]any) { d["schema"] = "ghostlight/gossip/v2" }, finding.Refused, "no gossip"},
		"another directory":   {func(d map[string]any) { d["configuration_sha256"] = strings.Repeat("ab", 32) }, finding.Refused, "no gossip"},
		"no heads":            {func(d map[string]any) { delete(d, "heads") }, finding.Refused, "no gossip"},
		"heads of another":    {func(d map[string]any) { d["heads"] = stranger.document()["heads"] }, finding.Refused, "no gossip"},
		"more":                {func(d map[string]any) { d["label"] = alice }, finding.Refused, "no gossip"},
		"a stranger's note":   {func(d map[string]any) { d["checkpoint"] = stranger.document()["checkpoint"] }, finding.Refused, "no gossip"},
		"a broken note":       {func(d map[string]any) { d["checkpoint"] = strings.Replace(d["checkpoint"].(string), "=", "A", 1) }, finding.Refused, "no gossip"},
		"a broken signature":  {func(d map[string]any) { d["checkpoint"] = cutLast(d["checkpoint"].(string)) }, finding.Refused, "no gossip"},
		"an unsigned lie":     {unsigned, finding.HeadsDiffer, "peer 1"},
		"a broken response":   {func(d map[string]any) { heads(d)["response"] = "AgAA" }, finding.Refused, "no gossip"},
		"another request":     {func(d map[string]any) { heads(d)["request"] = "AAAA" }, finding.Refused, "no gossip"},
		"a larger checkpoint": {func(d map[string]any) { d["checkpoint"] = string(w.dir.SignCheckpoint(1000, merkle.Hash{1})) }, finding.RolledBack, "by this monitor than by peer 1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := w.document()
			c.change(d)
			liar := *w
			liar.T = t
			liar.cfg.Peers = []string{newHost(t, tell(encode(t, d))).URL}
			liar.open()
			r := liar.round()
			f := liar.named(r, c.rule, c.text)
			if f.Class != finding.Report || !f.Condition || len(r.Findings) != 1 {
				t.Errorf("%+v", r.Findings)
			}
			if f.Rule == finding.Refused && f.After != liar.v.cfg.Unreachable {
				t.Errorf("told after %v", f.After)
			}
			if strings.Contains(fmt.Sprintf("%+v", r.Findings), alice) && name != "more" {
				t.Error("a label")
			}
		})
	}
	if n := files(t, w.cfg.Client.StateDir()+"/evidence") + files(t, w.cfg.Dir+"/evidence"); n != 0 {
		t.Errorf("%d files of evidence", n)
	}
}

func heads(d map[string]any) map[string]any { return d["heads"].(map[string]any) }

func cutLast(s string) string { return s[:len(s)-10] + "AAAAAAAA=\n" }

// unsigned makes the heads an unsigned list that contradicts what they were.
func unsigned(d map[string]any) {
	h := heads(d)
	delete(h, "request")
	delete(h, "response")
	for _, one := range h["heads"].([]any) {
		one.(map[string]any)["root"] = strings.Repeat("00", 32)
	}
}

// TestGarbagePeers sends what is not even JSON.
func TestGarbagePeers(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{"", "null", "[]", "{}", "<html>", `{"schema":"ghostlight/gossip/v1"}`, strings.Repeat("[", 100_000), strings.Repeat(" ", MaxDocumentSize+1)} {
		w.cfg.Peers = append(w.cfg.Peers, newHost(t, tell([]byte(body))).URL)
	}
	r := w.round()
	if len(r.Findings) != len(w.cfg.Peers) {
		t.Errorf("%+v", r.Findings)
	}
	for _, f := range r.Findings {
		if f.Rule != finding.Refused || f.Class != finding.Report {
			t.Errorf("%+v", f)
		}
	}
}

// TestReplayedExport has a peer that shows the same for ever: it stays consistent with
// what the directory continues, until it is too old.
func TestReplayedExport(t *testing.T) {
	w := newWorld(t)
	base := newHost(t, tell(encode(t, w.document()))).URL
	w.cfg.Peers = []string{base}
	w.open()
	for range 4 {
		w.dir.Tick(6, clienttest.Window)
		r := w.round()
		w.want(r)
		if !strings.Contains(r.Checked, "of 1 of 1 peers") {
			t.Error(r.Checked)
		}
	}
	w.dir.Tick(6, clienttest.Window)
	f := w.named(w.round(), finding.NotCompared, "peer 1")
	if f.Class != finding.Report || f.Severity != finding.Warning || !strings.Contains(f.Summary, "24h") {
		t.Errorf("%+v", f)
	}
}

// TestUnsignedPeer has a list that nobody signed, which agrees until it has nothing in
// common any more.
func TestUnsignedPeer(t *testing.T) {
	w := newWorld(t)
	d := w.document()
	delete(heads(d), "request")
	delete(heads(d), "response")
	w.cfg.Peers = []string{newHost(t, tell(encode(t, d))).URL}
	w.open()
	w.want(w.round())
	w.dir.Tick(40, clienttest.Window)
	f := w.named(w.round(), finding.NotCompared, "none in common")
	if f.After != w.v.cfg.Unreachable || f.Class != finding.Report {
		t.Errorf("%+v", f)
	}
}

// TestUnreachedKeepsConditions: what a peer was told of stays while it does not answer.
func TestUnreachedKeepsConditions(t *testing.T) {
	w := newWorld(t)
	d := w.document()
	unsigned(d)
	peer := newHost(t, tell(encode(t, d)))
	w.cfg.Peers = []string{peer.URL}
	w.open()
	w.want(w.round(), "heads-differ")
	peer.become(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	w.want(w.round(), "heads-differ", "unreachable")
	w.want(w.round(), "heads-differ", "unreachable")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	w.want(w.v.Round(canceled), "heads-differ", "unreachable")
	peer.become(http.NotFoundHandler())
	w.want(w.round())
}
