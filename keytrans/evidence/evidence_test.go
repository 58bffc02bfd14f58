package evidence_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// TestGuilty verifies evidence of every kind, in every mode and with both suites, as
// somebody does who has the file only.
func TestGuilty(t *testing.T) {
	for mode, o := range modes() {
		for name, g := range lying {
			if g.modes != nil && !slices.Contains(g.modes, o.Mode) {
				continue
			}
			t.Run(mode+"/"+name, func(t *testing.T) {
				l := newLog(o)
				e := g.make(t, l)
				data, err := e.Marshal()
				fatalIfErr(t, err)
				if !bytes.HasPrefix(data, []byte("{\n  \"summary\": ")) {
					t.Errorf("the summary is not first: %.80s", data)
				}
				parsed, err := evidence.Parse(data)
				fatalIfErr(t, err)
				if again, err := parsed.Marshal(); err != nil || !bytes.Equal(again, data) {
					t.Errorf("%v: it is another file after it was parsed", err)
				}
				p, err := parsed.Verify(evidence.Expected{})
				fatalIfErr(t, err)
				if p.Kind != g.kind || !strings.HasPrefix(p.Rule, g.rule) || !strings.Contains(p.Found, g.found) || parsed.Private() != g.private {
					t.Errorf("%+v, private %t", p, parsed.Private())
				}
				parsed.Classify()
				if parsed.Class != evidence.ClassEvidence || parsed.Rule != p.Rule || !parsed.Same(e) {
					t.Errorf("class %q, rule %q, same %t", parsed.Class, parsed.Rule, parsed.Same(e))
				}
				checkExpected(t, parsed, p)
			})
		}
	}
}

// checkExpected holds evidence against what readers know of the directory.
func checkExpected(t *testing.T, e *evidence.Evidence, p *evidence.Proof) {
	t.Helper()
	if (p.ConfigurationSHA256 == "") != (e.Configuration == nil) || p.Log != e.Log {
		t.Errorf("%+v", p)
	}
	_, err := e.Verify(evidence.Expected{Configuration: e.Configuration, Logs: []string{e.Log}})
	fatalIfErr(t, err)
	_, err = e.Verify(evidence.Expected{Configuration: e.Configuration, Logs: []string{"other", e.Log}})
	if pair := e.Log != "" && e.Configuration != nil; errors.Is(err, evidence.ErrPair) != pair || err != nil && !pair {
		t.Errorf("one of two logs: %v", err)
	}
	if e.Configuration != nil {
		if _, err := e.Verify(evidence.Expected{Configuration: []byte("other")}); !errors.Is(err, evidence.ErrOther) {
			t.Errorf("against another directory: %v", err)
		}
	}
	if e.Log != "" {
		if _, err := e.Verify(evidence.Expected{Logs: []string{"other"}}); !errors.Is(err, evidence.ErrOther) {
			t.Errorf("against another log: %v", err)
		}
	}
	report := *e
	report.Class = evidence.ClassReport
	if _, err := report.Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrReport) {
		t.Errorf("as a report: %v", err)
	}
}

// insignificant are the fields, by the end of their path, that no proof rests on: they
// tell readers where it comes from, or follow from others.
var insignificant = []string{
	".summary", ".class", ".rule", ".directory", ".found_at", ".policy", ".fork.view", ".own.view", ".credential.recent_distinguished",
}

// TestTampered changes bytes of every part that a proof rests on.
func TestTampered(t *testing.T) {
	for name, g := range lying {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := keytranstest.Options{Seed: "evidence"}
			if g.modes != nil {
				o.Mode = g.modes[0]
			}
			tamper(t, g.make(t, newLog(o)), 100, func(path string, changed *evidence.Evidence) {
				p, err := changed.Verify(evidence.Expected{})
				if err == nil && !harmless(path, g) {
					t.Errorf("%s: it still proves that %s", path, p.Found)
				}
				if err != nil && !errors.Is(err, evidence.ErrNotProof) && !errors.Is(err, evidence.ErrReport) {
					t.Errorf("%s: %v", path, err)
				}
			})
		})
	}
}

// harmless reports whether a change of the field at a path leaves a proof of the same.
// No signature covers requests: where monitoring begins may be said to be elsewhere.
// For a fork and for a credential's log, the retained frontier does not matter, nor
// does a credential's base if the log shows what it is.
func harmless(path string, g guilty) bool {
	switch {
	case g.kind == evidence.PrefixTree && path == ".configuration":
		return true // it accuses who has that Configuration and the log, and so nobody
	case strings.HasPrefix(path, ".request") || strings.HasPrefix(path, ".earlier.request"):
		return true
	case g.kind == evidence.Fork || g.kind == evidence.Credential:
		return strings.HasPrefix(path, ".retained_view.") || strings.HasPrefix(path, ".credential.base.") || strings.HasPrefix(path, ".own.")
	}
	return false
}

// tamper calls f with evidence in which one byte or number was changed: about most of
// each part, all over it.
func tamper(t *testing.T, e *evidence.Evidence, most int, f func(path string, changed *evidence.Evidence)) {
	t.Helper()
	data, err := e.Marshal()
	fatalIfErr(t, err)
	var v any
	fatalIfErr(t, json.Unmarshal(data, &v))
	seen := 0
	walk(v, "", func(path string, alternatives int, set func(i int)) {
		if slices.ContainsFunc(insignificant, func(s string) bool { return strings.HasPrefix(path, s) }) {
			return
		}
		step := 1 + alternatives/most
		for i := 0; i < alternatives; i += step {
			set(i)
			changed, err := json.Marshal(v)
			fatalIfErr(t, err)
			set(-1)
			seen++
			if parsed, err := evidence.Parse(changed); err == nil {
				f(path, parsed)
			} else if !errors.Is(err, keytrans.ErrMalformed) {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
	if seen < 50 {
		t.Errorf("only %d changes", seen)
	}
}
