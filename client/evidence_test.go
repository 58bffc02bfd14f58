package client_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

func readEvidence(t testing.TB, path string) *evidence.Evidence {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	e, err := evidence.Parse(data)
	must(t, err)
	return e
}

// checkProof verifies evidence as somebody would who knows nothing but the directory's
// Configuration.
func checkProof(t testing.TB, path string, configuration []byte) *evidence.Proof {
	t.Helper()
	e := readEvidence(t, path)
	p, err := e.Verify(evidence.Expected{Configuration: configuration})
	must(t, err)
	if e.Class != evidence.ClassEvidence || e.Rule != p.Rule || p.Found == "" {
		t.Errorf("class %q, rule %q, proof %+v", e.Class, e.Rule, p)
	}
	return p
}

// TestMonitoringEvidence has a directory take a version back that was seen: what
// monitoring finds is proof for others, too, by means of the kept search.
func TestMonitoringEvidence(t *testing.T) {
	for name, c := range map[string]struct {
		know func(w *world)
		role string
	}{
		"a contact": {func(w *world) { w.lookup(alice) }, client.RoleContact},
		"an owner":  {func(w *world) { w.own(alice); w.settle(); w.watch() }, client.RoleOwner},
	} {
		for _, kept := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", kept ", kept), func(t *testing.T) {
				w := newWorld(t)
				w.settle()
				w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
				c.know(w)
				if !kept {
					must(t, os.RemoveAll(filepath.Join(w.c.StateDir(), "exchanges")))
				}
				w.dir.Remove(alice)
				w.settle()
				report := w.report(alice, c.role)
				var e *client.Error
				if !errors.As(report.Err, &e) || e.Kind != client.Misbehaved || e.Report == kept {
					t.Fatalf("%+v", report.Err)
				}
				found := readEvidence(t, e.Evidence)
				if found.Private() != true || (found.Earlier != nil) != kept || (found.RetainedContact == nil && found.RetainedOwner == nil) != kept {
					t.Errorf("%+v", found)
				}
				if kept {
					checkProof(t, e.Evidence, nil)
				} else if _, err := found.Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrReport) || !strings.Contains(e.Hint, "proves nothing to others") {
					t.Errorf("%v, hint %q", err, e.Hint)
				}
				// The next round finds the same.
				if again := w.report(alice, c.role); again.Evidence != e.Evidence || len(w.evidence()) != 1 {
					t.Errorf("%v", w.evidence())
				}
			})
		}
	}
}

// TestKeptExchanges looks at what is kept of exchanges, and damages it: nothing but
// evidence depends on it.
func TestKeptExchanges(t *testing.T) {
	w := newWorld(t)
	w.settle()
	folder := filepath.Join(w.c.StateDir(), "exchanges")
	files := func() map[string]string {
		out := make(map[string]string)
		list, err := os.ReadDir(folder)
		must(t, err)
		for _, f := range list {
			data, err := os.ReadFile(filepath.Join(folder, f.Name()))
			must(t, err)
			out[f.Name()] = string(data)
		}
		return out
	}
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	w.lookup(alice)
	first := files()
	if len(first) != 2 || first["distinguished.json"] == "" {
		t.Fatalf("%d files", len(first))
	}
	for name := range first {
		if strings.Contains(name, "alice") {
			t.Errorf("%s tells a label", name)
		}
	}
	w.dir.Tick(1, time.Minute)
	w.lookup(alice)
	if !maps.Equal(files(), first) {
		t.Error("the same version was kept anew")
	}
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("ab")}})
	_, err := w.c.Lookup(bg, alice, nil)
	must(t, err)
	second := files()
	if maps.Equal(second, first) || len(second) != 2 {
		t.Error("a newer version was not kept")
	}
	_, err = w.c.Lookup(bg, alice, ptr[uint32](0))
	must(t, err)
	if !maps.Equal(files(), second) {
		t.Error("an older version took the place of a newer one")
	}
	for name := range second {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte("{}"), 0o600))
	}
	w.lookup(alice)
	w.watch()
	if got := files(); len(got) != 2 || strings.Contains(fmt.Sprint(got), "{}") {
		t.Errorf("damaged files stayed: %v", got)
	}
}
