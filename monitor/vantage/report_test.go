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
