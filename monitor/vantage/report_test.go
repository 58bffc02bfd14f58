package vantage

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// TestReportIsKept meets what cannot be proven to others in three rounds: the client names
// the file that it has, or writes another one.
func TestReportIsKept(t *testing.T) {
	e := &evidence.Evidence{
		Summary: "a report", Schema: evidence.Schema, Class: evidence.ClassReport, Kind: evidence.Contradiction, FoundAt: time.Unix(1, 0),
		Configuration: []byte("x"), RetainedView: &evidence.View{}, Operation: "search", Request: []byte("x"), Response: []byte("x"),
	}
	data, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first, second := write("first.json"), write("second.json")
	shared := write("of another role.json")
	r := &round{
		Vantage: &Vantage{cfg: Config{Name: "test", Logger: slog.New(slog.DiscardHandler)}, memory: new(memory)},
		reached: make(map[string]bool),
	}
	at := place{name: "route 1", id: "route"}
	for _, f := range []client.Error{{Evidence: first}, {Evidence: first, Known: true}, {Evidence: second}, {Evidence: shared, Known: true}} {
		f.Kind, f.Report, f.Err = client.Misbehaved, true, errors.New("a contradiction")
		r.misbehaved(at, &f)
	}
	for path, want := range map[string]bool{first: true, second: false, shared: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(path), err == nil, want)
		}
	}
	if h := r.memory.Happened; len(h) != 1 || h[0].File != first {
		t.Errorf("%+v", h)
	}
}

// TestPeerWasAhead has a peer show a newer log once, and then be gone: the directory is not
// to blame once this monitor sees the same.
func TestPeerWasAhead(t *testing.T) {
	v := &Vantage{cfg: Config{Name: "test", Logger: slog.New(slog.DiscardHandler)}, memory: new(memory)}
	round := func(own uint64) *round {
		r := &round{Vantage: v, reached: make(map[string]bool)}
		r.head.TreeSize = own
		r.fresh = &checkpoint.Signed{Checkpoint: checkpoint.Checkpoint{Size: own}}
		return r
	}
	at := place{name: "peer 1", id: "peer"}
	r := round(7)
	r.older(place{}, "head", 7, 9, at)
	r.older(place{}, "checkpoint", 7, 9, at)
	for _, c := range []struct {
		own  uint64
		want int
	}{{7, 2}, {8, 2}, {9, 0}} {
		v.last = r.conditions
		r = round(c.own)
		r.keepUnseen()
		if len(r.conditions) != c.want {
			t.Errorf("with %d entries: %+v", c.own, r.conditions)
		}
	}
}
