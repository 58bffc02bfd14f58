package watch_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyring"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/watch"
)

// TestExpected announces versions of an owned label and of a contact's.
func TestExpected(t *testing.T) {
	for _, label := range []string{alice, bob} {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t, both...)
			w.wants()
			w.expect(label, "n")
			w.wants()
			w.insert(label, "n")
			r := w.wants(finding.ExpectedVersion)
			f := w.find(r, finding.ExpectedVersion, "version 1", label)
			if f.Severity != finding.Info || r.Verdict() != finding.Verified || w.expectations() != 0 {
				t.Errorf("%+v", f)
			}
			w.open()
			w.wants(finding.ExpectedVersion)
			w.insert(label, "n") // twice
			if got := rules(w.round()); len(got) != 2 {
				t.Errorf("the same value a second time: %v", got)
			}
		})
	}
}

// TestNotExpected has something else happen than was announced.
func TestNotExpected(t *testing.T) {
	for name, c := range map[string]struct {
		before, inserted string
		surprises        int
		lapsed           bool
	}{
		"another value":          {"", "x", 1, true},
		"inserted twice":         {"", "nn", 1, false},
		"after another":          {"", "xn", 2, true},
		"before another":         {"", "nx", 1, false},
		"inserted beforehand":    {"n", "", 1, false},
		"again after beforehand": {"n", "n", 2, false},
	} {
		for _, label := range []string{alice, bob} {
			t.Run(name+" "+label, func(t *testing.T) {
				w := newWorld(t, both...)
				w.wants()
				for _, n := range c.before {
					w.insert(label, string(n))
				}
				w.round()
				w.dir.Clock.Add(time.Minute)
				w.expect(label, "n")
				w.dir.Clock.Add(time.Minute)
				for _, n := range c.inserted {
					w.insert(label, string(n))
				}
				want := []finding.Rule{}
				rule := finding.UnexpectedVersion
				surprises := c.surprises
				if label == bob {
					rule = finding.ChangedValue
					if name == "again after beforehand" {
						surprises-- // what was told is no longer open: the next one is expected
					}
				}
				for range surprises {
					want = append(want, rule)
				}
				if c.lapsed || surprises < len(c.before)+len(c.inserted) {
					want = append(want, finding.ExpectedVersion)
				}
				r := w.wants(want...)
				f := &finding.Finding{}
				if len(want) > surprises {
					f = w.find(r, finding.ExpectedVersion)
				}
				if strings.Contains(f.Summary, "lapsed") != c.lapsed {
					t.Errorf("%+v", f)
				}
				w.open()
				w.wants(want...)
			})
		}
	}
}

// TestLapsedStaysSo accepts what came instead of what was announced: that does not make
// the announcement good again.
func TestLapsedStaysSo(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	w.expect(alice, "n")
	w.insert(alice, "x")
	w.wants(finding.UnexpectedVersion, finding.ExpectedVersion)
	_, err := w.client.Accept(t.Context(), alice, 1)
	fatalIfErr(t, err)
	w.insert(alice, "n")
	w.find(w.wants(finding.UnexpectedVersion, finding.ExpectedVersion), finding.UnexpectedVersion, "version 2")
}

// TestExpectedElsewhere gives expectations of other labels and directories.
func TestExpectedElsewhere(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	now := w.dir.Clock.Now()
	for _, e := range [][2]string{{"other", alice}, {"test", bob}, {"test", carol}, {"Test", alice}} {
		_, err := watch.Expect(w.expected(), e[0], e[1], keys("n"), "", now)
		fatalIfErr(t, err)
	}
	w.insert(alice, "n")
	w.wants(finding.UnexpectedVersion)
	if w.expectations() != 4 {
		t.Error("one was used")
	}
}

// TestCrashWhileAccepting ends the program between each two steps of accepting.
func TestCrashWhileAccepting(t *testing.T) {
	for _, label := range []string{alice, bob} {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t, both...)
			w.wants()
			e := w.expect(label, "n")
			w.insert(label, "n")
			recordBefore := w.readFile(w.record())
			blockRecord := w.record() + ".new"
			fatalIfErr(t, os.Mkdir(blockRecord, 0o700))

			// It is bound, and for an owner accepted, and that could not be stored.
			r := w.round()
			w.find(r, finding.ExpectedVersion)
			bound := w.readFile(e.File)
			if !strings.Contains(bound, `"version":1`) || w.readFile(w.record()) != recordBefore {
				t.Fatal(bound)
			}
			fatalIfErr(t, os.Remove(blockRecord))
			if _, err := watch.Expect(w.expected(), "test", label, keys("n"), "", w.dir.Clock.Now()); err == nil {
				t.Error("expected again while it is being accepted")
			}
			w.insert(label, "n") // the same value must not be excused twice
			w.open()
			r = w.round()
			if got := rules(r); len(got) != 2 {
				t.Errorf("%v", got)
			}
			w.find(r, finding.ExpectedVersion, "version 1")
			if w.expectations() != 0 {
				t.Error("it is left")
			}

			// It was stored, and the expectation is still there.
			w.writeFile(e.File, bound)
			w.insert(label, "n")
			w.open()
			if got := rules(w.round()); len(got) != 3 {
				t.Errorf("%v", got)
			}
			if w.expectations() != 0 {
				t.Error("it is left")
			}
		})
	}
}

// TestExpectationFiles has files in the folder that are none, or damaged.
func TestExpectationFiles(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	e := w.expect(alice, "n")
	good := w.readFile(e.File)
	if name := filepath.Base(e.File); strings.Contains(name, "alice") {
		t.Error(name)
	}
	foreign := []string{"README", "x.json", strings.Repeat("g", 32) + ".json", strings.Repeat("a", 32) + ".json.new"}
	for _, name := range foreign {
		w.writeFile(filepath.Join(w.expected(), name), "foreign")
	}
	fatalIfErr(t, os.Mkdir(filepath.Join(w.expected(), "folder"), 0o700))
	w.wants()
	other := strings.Repeat("a", 32) + ".json"
	for name, bad := range map[string]string{
		"empty": "", "null": "null", "cut": good[:len(good)/2], "no checksum": strings.Replace(good, `"sha256":"`, `"sha256":"0`, 1),
		"changed": strings.Replace(good, alice, carol, 1), "large": good + strings.Repeat(" ", 1<<17),
	} {
		if bad == good {
			t.Fatal(name)
		}
		w.writeFile(e.File, bad)
		_, err := watch.Expectations(w.expected())
		var d *watch.DamagedError
		if !errors.As(err, &d) || len(d.Files) != 1 || d.Files[0] != e.File {
			t.Errorf("%s: %v", name, err)
		}
		if f := w.find(w.wants(finding.StateDamaged), finding.StateDamaged, e.File); !f.Condition {
			t.Errorf("%s: %+v", name, f)
		}
	}
	w.writeFile(e.File, good)
	w.wants()
	w.writeFile(filepath.Join(w.expected(), other), good) // under another name
	w.wants(finding.StateDamaged)
	w.insert(alice, "n")
	w.wants(finding.StateDamaged, finding.ExpectedVersion)
	for _, name := range foreign {
		w.readFile(filepath.Join(w.expected(), name))
	}
}

func TestExpect(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "expected")
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	if list, err := watch.Expectations(dir); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	for _, bad := range []struct{ directory, label, note string }{
		{"d", "", ""}, {"d", "a\nb", ""}, {"", alice, ""}, {"d", alice, strings.Repeat("x", 2000)}, {"d", strings.Repeat("x", 300), ""},
	} {
		if _, err := watch.Expect(dir, bad.directory, bad.label, nil, bad.note, now); err == nil {
			t.Errorf("%+v", bad)
		}
	}
	first, err := watch.Expect(dir, "d", "Alice@Example.org", keys("a"), "new laptop", now)
	fatalIfErr(t, err)
	again, err := watch.Expect(dir, "d", alice, keys("a"), "", now.Add(time.Hour))
	if err != nil || again != first || first.Label != alice {
		t.Errorf("%+v, %+v, %v", first, again, err)
	}
	second, err := watch.Expect(dir, "d", alice, keys("b"), "", now.Add(-time.Hour))
	fatalIfErr(t, err)
	list, err := watch.Expectations(dir)
	if err != nil || len(list) != 2 || list[0] != second || list[1] != first {
		t.Errorf("%+v, %v", list, err)
	}
	if s := first.String(); !strings.Contains(s, "alice@example.org in d: value "+first.ValueSHA256) || !strings.Contains(s, "(new laptop)") {
		t.Error(s)
	}
	info, err := os.Stat(first.File)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
}

func TestExpectIsBounded(t *testing.T) {
	dir := t.TempDir()
	e, err := watch.Expect(dir, "d", alice, nil, "", time.Now())
	fatalIfErr(t, err)
	data, err := os.ReadFile(e.File)
	fatalIfErr(t, err)
	for i := range watch.MaxExpectations {
		fatalIfErr(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%032x.json", i)), data, 0o600))
	}
	// They are damaged, because of their names, and count nevertheless.
	if _, err := watch.Expect(dir, "d", bob, nil, "", time.Now()); err == nil || !strings.Contains(err.Error(), "remove those") {
		t.Error(err)
	}
}

func TestValueOfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	fatalIfErr(t, os.WriteFile(path, []byte("hello"), 0o600))
	if _, _, err := watch.ValueOfFile(path, alice, false); !errors.Is(err, keyring.ErrUnrecognized) {
		t.Error(err)
	}
	if value, _, err := watch.ValueOfFile(path, alice, true); err != nil || string(value) != "hello" {
		t.Error(err)
	}
	if _, _, err := watch.ValueOfFile(path+"x", alice, false); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
