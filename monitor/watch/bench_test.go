package watch_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/watch"
)

// crowd returns a world with n labels that have a version each, watched in a role.
func crowd(t testing.TB, n int, role string) *world {
	w := newWorld(t)
	var updates []clienttest.Update
	for i := range n {
		label := fmt.Sprintf("user%05d@example.org", i)
		updates = append(updates, clienttest.Update{Label: label, Values: [][]byte{keys("ab")}})
		w.labels = append(w.labels, watch.Label{Label: label, Role: role})
	}
	w.dir.Insert(updates...)
	w.dir.Tick(4, clienttest.Window/2)
	w.open()
	return w
}

// BenchmarkRound does rounds over 1,000 labels in which nothing happens but that the log
// grows. The directory of the test is in the same process, and takes most of the time.
func BenchmarkRound(b *testing.B) {
	for _, role := range []string{watch.Owner, watch.Contact} {
		b.Run(role, func(b *testing.B) {
			w := crowd(b, 1000, role)
			w.round()
			var requests, bytes, peak atomic.Int64
			heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
			w.dir.Before = func(_ string, body []byte) *clienttest.Answer {
				requests.Add(1)
				bytes.Add(int64(len(body)))
				return nil
			}
			w.dir.After = func(_ string, a *clienttest.Answer) {
				bytes.Add(int64(len(a.Body)))
				metrics.Read(heap)
				peak.Store(max(peak.Load(), int64(heap[0].Value.Uint64())))
			}
			for b.Loop() {
				w.dir.Insert()
				if r := w.round(); r.Verdict() != finding.Verified {
					b.Fatalf("%+v", r)
				}
			}
			info, err := os.Stat(filepath.Join(w.client.StateDir(), "state.json"))
			fatalIfErr(b, err)
			b.ReportMetric(float64(requests.Load())/float64(b.N), "requests/round")
			b.ReportMetric(float64(bytes.Load())/float64(b.N)/1e6, "MB/round")
			b.ReportMetric(float64(peak.Load())/1e6, "heap-MB")
			b.ReportMetric(float64(info.Size())/1e6, "state-MB")
		})
	}
}

// TestManyLabels watches many labels: the number of times that the state is stored in a
// round does not grow with them, and a change of one is found.
func TestManyLabels(t *testing.T) {
	const n = 300
	for _, role := range []string{watch.Owner, watch.Contact} {
		t.Run(role, func(t *testing.T) {
			w := crowd(t, n, role)
			w.wants()
			w.dir.Insert(clienttest.Update{Label: w.labels[n-1].Label, Values: [][]byte{keys("x")}})
			state := filepath.Join(w.client.StateDir(), "state.json")
			stored, last := 0, ""
			w.dir.Before = func(string, []byte) *clienttest.Answer {
				if now, err := os.Stat(state); err == nil && now.ModTime().String() != last {
					stored++
					last = now.ModTime().String()
				}
				return nil
			}
			want := finding.UnexpectedVersion
			if role == watch.Contact {
				want = finding.ChangedValue
			}
			w.wants(want)
			if stored > 8 {
				t.Errorf("the state was stored %d times", stored)
			}
		})
	}
}

// TestBatches looks many contacts up with few requests, and one by one where the
// directory does not know batches.
func TestBatches(t *testing.T) {
	w := crowd(t, 300, watch.Contact)
	w.wants()
	if n := w.dir.Requests("search"); n != 0 {
		t.Errorf("%d searches", n)
	}
	if n := w.dir.Requests("batch"); n != 2 {
		t.Errorf("%d batches", n)
	}
	w.dir.Plain = true
	w.wants()
	if n := w.dir.Requests("search"); n != 300 {
		t.Errorf("%d searches", n)
	}
}

// TestHugeAnswers has the directory send more than it may: memory is bounded by
// client.Config.MaxResponse.
func TestHugeAnswers(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	endless := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/octet-stream")
		chunk := make([]byte, 1<<20)
		for {
			if _, err := rw.Write(chunk); err != nil {
				return
			}
		}
	})
	cfg := client.Config{Now: w.dir.Clock.Now, HTTP: w.server.Client(), Retries: -1, MaxResponse: 4 << 20}
	c, err := client.Open(w.root(), w.server.URL, cfg)
	fatalIfErr(t, err)
	w.client = c
	w.open()
	w.server.Config.Handler = endless
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.find(w.wants(finding.Unreachable), finding.Unreachable, "larger than")
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}
