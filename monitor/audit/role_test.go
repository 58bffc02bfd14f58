package audit

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

var modes = []Mode{Mirror, Stateless}

// quiet has the auditor of a stateless world sign what there is.
func (w *world) quiet() {
	if w.cfg.Mode == Stateless {
		w.set(func() { w.auditor = w.log.SignAuditorHead(w.log.Entries()[w.log.Size()-1].Timestamp, w.log.Size()) })
	}
}

// TestRole follows an honest directory, with restarts.
func TestRole(t *testing.T) {
	for _, mode := range modes {
		w := newWorld(t, mode)
		for i := range uint64(3) {
			r := w.open()
			w.quiet()
			out := w.round(r)
			if out.Size != 10+7*i || out.Total != out.Size || out.Verdict() != finding.Verified || !strings.Contains(out.Checked, "every change of 1") && i < 2 {
				t.Errorf("%s: %+v", mode, out)
			}
			w.round(r)
			fatalIfErr(t, r.Close())
			w.grow(7)
		}
	}
}

// TestRoleDown opens a role of a directory that is down, or answers nothing of use.
// It is no accusation, and over when the directory is back.
func TestRoleDown(t *testing.T) {
	for _, mode := range modes {
		w := newWorld(t, mode)
		w.quiet()
		w.set(func() { w.intercept = none("", http.StatusServiceUnavailable) })
		r := w.open()
		out := w.round(r, finding.Unreachable)
		f := out.Findings[0]
		if f.Class != finding.Report || !f.Condition || f.After != 2*time.Hour || out.Verdict() != finding.Unchecked {
			t.Errorf("%+v", f)
		}
		w.set(func() { w.intercept = none("/api", http.StatusServiceUnavailable) })
		w.round(r, finding.Unreachable)
		w.set(func() { w.intercept = none("/api", http.StatusOK) })
		w.round(r, finding.Refused)
		w.set(func() { w.intercept = none("/log/checkpoint", http.StatusOK) })
		w.round(r, finding.Refused)
		w.set(func() { w.intercept = nil })
		w.round(r)
	}
}

// TestRoleConfiguration serves another Configuration than the pinned one.
func TestRoleConfiguration(t *testing.T) {
	w := newWorld(t, Mirror)
	other, err := keytrans.ParseConfiguration(w.configure)
	fatalIfErr(t, err)
	other.MaxAhead++
	served, err := other.Marshal()
	fatalIfErr(t, err)
	w.set(func() { w.configure = served })
	out := w.round(w.open(), finding.ConfigurationChanged)
	if out.Verdict() != finding.Changed || !strings.Contains(out.Findings[0].Detail, "SHA-256") {
		t.Errorf("%+v", out)
	}
}

// TestRoleTwoHeads has the directory sign two heads of one size: evidence, which every
// later round has again, also after a restart.
func TestRoleTwoHeads(t *testing.T) {
	for _, mode := range modes {
		w := newWorld(t, mode)
		w.quiet()
		r := w.open()
		w.round(r)
		w.set(func() { w.lie = true })
		for range 2 {
			out := w.round(r, finding.Rule(evidence.TreeHeads))
			f := out.Findings[0]
			if f.Class != finding.Evidence || f.Severity != finding.Critical || out.Verdict() != finding.Misbehaviour {
				t.Errorf("%+v", f)
			}
			if _, err := os.Stat(f.File); err != nil {
				t.Error(err)
			}
			w.set(func() { w.lie = false })
			w.round(r, finding.Rule(evidence.TreeHeads))
			fatalIfErr(t, r.Close())
			r = w.open()
		}
		// A damaged file is told of, and is no evidence any more.
		files, err := filepath.Glob(filepath.Join(r.folder(), "evidence", "*"))
		fatalIfErr(t, err)
		data, err := os.ReadFile(files[0])
		fatalIfErr(t, err)
		fatalIfErr(t, os.WriteFile(files[0], data[:len(data)/2], 0o600))
		w.round(r, finding.StateDamaged)
	}
}

// TestRoleTreesDiffer signs a checkpoint of other entries than the head's: evidence if
// the role has the entries, and a report without. It stays.
func TestRoleTreesDiffer(t *testing.T) {
	w := newWorld(t, Stateless)
	w.quiet()
	w.set(func() { w.public.Serve(w.public.Sign(t, 10, w.rfcRoot(9))) })
	for range 2 {
		r := w.open()
		out := w.round(r, finding.TreesDiffer)
		if f := out.Findings[0]; f.Class != finding.Report || f.Severity != finding.Critical || f.Condition {
			t.Errorf("%+v", f)
		}
		fatalIfErr(t, r.Close())
		w.set(func() { w.publish(10) })
	}
	w = newWorld(t, Mirror)
	w.lie = true
	for range 2 {
		r := w.open()
		if f := w.round(r, finding.TreesDiffer).Findings[0]; f.Class != finding.Evidence {
			t.Errorf("%+v", f)
		}
		fatalIfErr(t, r.Close())
		w.set(func() { w.lie, w.intercept = false, none("/api", http.StatusNotFound) })
		r = w.open()
		w.round(r, finding.Refused, finding.TreesDiffer)
		fatalIfErr(t, r.Close())
		w.set(func() { w.lie, w.intercept = true, nil })
	}
}

// TestRoleRolledBack shows an old head.
func TestRoleRolledBack(t *testing.T) {
	for _, mode := range modes {
		w := newWorld(t, mode)
		w.quiet()
		r := w.open()
		w.round(r)
		w.set(func() { w.head = 7 })
		f := w.round(r, finding.RolledBack).Findings[0]
		if f.Class != finding.Report || !f.Condition {
			t.Errorf("%+v", f)
		}
		w.set(func() { w.head = 0 })
		w.round(r)
	}
}

// TestRoleInconsistency shows another history in the public log.
func TestRoleInconsistency(t *testing.T) {
	w := newWorld(t, Mirror)
	r := w.open()
	w.round(r)
	fork := monitortest.New(t, 1).KeepLeaves()
	fork.Grow(t, 9, 2)
	fork.Grow(t, 9, 3)
	w.set(func() { w.public, w.intercept = fork, none("/api", http.StatusNotFound) })
	out := w.round(r, finding.Refused, finding.Rule(evidence.Inconsistency))
	if f := out.Findings[1]; f.Class != finding.Evidence {
		t.Errorf("%+v", f)
	}
}

// TestRoleTimestamps turns back the log's clock.
func TestRoleTimestamps(t *testing.T) {
	w := newWorld(t, Mirror)
	r := w.open()
	w.round(r)
	w.set(func() {
		w.public.Append(t, -500, nil, nil)
		w.public.Publish(t)
	})
	for range 2 {
		w.round(r, finding.Behind, finding.Rule(evidence.Timestamps))
		fatalIfErr(t, r.Close())
		r = w.open()
	}
}

// TestRoleWrongChanges tells auditors of other changes than those that are signed.
func TestRoleWrongChanges(t *testing.T) {
	w := newWorld(t, Stateless)
	w.quiet()
	w.set(func() { w.update = func(pos uint64, u *keytrans.AuditorUpdate) { u.Timestamp++ } })
	r := w.open()
	f := w.round(r, finding.WrongChanges, finding.Behind).Findings
	if f[0].Class != finding.Report || f[1].After != time.Hour {
		t.Errorf("%+v", f)
	}
	w.set(func() { w.update = nil })
	w.round(r)
	w = newWorld(t, Mirror)
	w.set(func() {
		w.intercept = func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/log/changes/") {
				return false
			}
			data, _ := w.public.Resource(strings.TrimPrefix(r.URL.Path, "/log/"))
			data = append([]byte(nil), data...)
			data[len(data)-1] ^= 1
			_, _ = rw.Write(data)
			return true
		}
	})
	w.round(w.open(), finding.WrongChanges, finding.Behind)
}

// TestRoleStalled lets time pass without a new entry, sets the clock, and has the log
// run ahead.
func TestRoleStalled(t *testing.T) {
	for _, mode := range modes {
		w := newWorld(t, mode)
		w.quiet()
		r := w.open()
		w.round(r)
		w.now = w.now.Add(time.Duration(w.log.Config.MaxBehind)*time.Millisecond + time.Second)
		if f := w.round(r, finding.Stalled).Findings[0]; f.Class != finding.Report || !f.Condition {
			t.Errorf("%+v", f)
		}
		w.now = time.UnixMilli(start).Add(-time.Duration(w.log.Config.MaxAhead)*time.Millisecond - 2*time.Second)
		w.round(r, finding.Refused)
	}
}

// TestRoleClock sets this machine's clock by a day: nobody is accused.
func TestRoleClock(t *testing.T) {
	w := newWorld(t, Mirror)
	real := time.Now()
	w.now = real
	c := &collector{role: &Role{clock: real}, now: real.Add(time.Hour), seen: make(map[string]bool)}
	if c.clockJump() {
		t.Error("time passed, and that is a jump")
	}
	c.now = real.Round(0).Add(24 * time.Hour) // without a monotonic reading, as if it were lost
	if c.clockJump() {
		t.Error("without a monotonic clock there is no telling")
	}
}

// TestRoleQuorum has heads that no checkpoint covers: the same condition as long as the
// first of them is not covered, and none in a log that merely grows.
func TestRoleQuorum(t *testing.T) {
	for _, mode := range modes {
		w := newWorld(t, mode)
		w.quiet()
		r := w.open()
		w.round(r)
		note, _ := w.public.Resource("checkpoint")
		w.grow(5)
		w.quiet()
		w.set(func() { w.public.Serve(note) })
		first := w.round(r, finding.QuorumOverdue).Findings[0]
		if first.After != time.Hour || !first.Condition || first.Class != finding.Report {
			t.Errorf("%+v", first)
		}
		newer := note
		w.grow(5)
		w.quiet()
		newer, _ = w.public.Resource("checkpoint")
		w.set(func() { w.public.Serve(note) })
		if again := w.round(r, finding.QuorumOverdue).Findings[0]; again.Key() != first.Key() {
			t.Error("it is another condition")
		}
		w.set(func() { w.public.Serve(newer) })
		w.round(r)
	}
}

// TestRoleAuditor looks at the directory's auditor: none, one that lags, one whose
// signature is wrong.
func TestRoleAuditor(t *testing.T) {
	w := newWorld(t, Stateless)
	r := w.open()
	w.round(r, finding.AuditorOverdue)
	w.quiet()
	w.round(r)
	w.set(func() {
		w.log.Append(start+w.log.Config.MaxAuditorLag+60_000, keytranstest.Pad(1))
		w.now = w.now.Add(time.Duration(w.log.Config.MaxAuditorLag) * time.Millisecond)
		w.publish(w.log.Size())
	})
	if f := w.round(r, finding.AuditorOverdue).Findings[0]; f.After != time.Hour || !f.Condition {
		t.Errorf("%+v", f)
	}
	w.quiet()
	w.set(func() { w.auditor.Signature[5] ^= 1 })
	w.round(r, finding.Refused)
}

// TestRoleDamage damages what was audited: it is told, and told again after a
// restart, though repaired.
func TestRoleDamage(t *testing.T) {
	for mode, name := range map[Mode]string{Mirror: "changes/000.p/10", Stateless: "state"} {
		w := newWorld(t, mode)
		w.quiet()
		r := w.open()
		w.round(r)
		fatalIfErr(t, r.Close())
		path := filepath.Join(w.cfg.Dir, string(mode), name)
		data, err := os.ReadFile(path)
		fatalIfErr(t, err)
		data[len(data)/2] ^= 1
		fatalIfErr(t, os.WriteFile(path, data, 0o600))
		r = w.open()
		first := w.round(r, finding.StateDamaged)
		if first.Size != 10 || first.Findings[0].Condition {
			t.Errorf("%+v", first)
		}
		fatalIfErr(t, r.Close())
		r = w.open()
		again := w.round(r, finding.StateDamaged)
		if again.Findings[0].Key() != first.Findings[0].Key() {
			t.Error("it is another finding")
		}
	}
}

// TestRoleFailed lets writing fail, as on a full disk: the role says so, and goes on
// when there is room.
func TestRoleFailed(t *testing.T) {
	for _, mode := range modes {
		w := newWorld(t, mode)
		w.quiet()
		r := w.open()
		w.round(r)
		tmp := filepath.Join(r.folder(), "tmp") // nothing can be written without it
		fatalIfErr(t, os.Remove(tmp))
		fatalIfErr(t, os.WriteFile(tmp, nil, 0o600))
		w.grow(300)
		w.quiet()
		want := []finding.Rule{finding.Failed}
		if mode == Stateless {
			want = append(want, finding.Behind)
		}
		f := w.round(r, want...).Findings[0]
		if f.Class != finding.Report || !f.Condition {
			t.Errorf("%+v", f)
		}
		w.now = w.now.Add(30 * time.Second)
		if out := w.round(r); out.Size != 310 {
			t.Errorf("%+v", out)
		}
	}
}

// TestRoleOpen opens roles that make no sense.
func TestRoleOpen(t *testing.T) {
	for name, c := range map[string]struct {
		mode   Mode
		change func(c *Config)
		want   string
	}{
		"no configuration": {Mirror, func(c *Config) { c.Configuration = nil }, "the configuration of example"},
		"no policy":        {Mirror, func(c *Config) { c.Policy = nil }, "takes a policy"},
		"wrong policy":     {Mirror, func(c *Config) { c.Policy = []byte("x") }, "policy"},
		"mirror with key":  {Mirror, func(c *Config) { c.KeyDir = "x" }, "does not sign"},
		"no audit":         {Mirror, func(c *Config) { c.Mode = Stateless }, "not in third-party auditing"},
		"no mode":          {Mirror, func(c *Config) { c.Mode = "both" }, `"both" is no mode`},
		"no key":           {Stateless, func(c *Config) { c.KeyDir = t.TempDir() }, "auditor.key"},
		"URL":              {Stateless, func(c *Config) { c.URL = "keys.example.org" }, "not an http or https URL"},
	} {
		w := newWorld(t, c.mode)
		c.change(&w.cfg)
		_, err := Open(t.Context(), w.cfg)
		if monitor.KindOf(err) != monitor.Usage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v: %v", name, monitor.KindOf(err), err)
		}
	}
}

// TestRoleLeaves has the log remove a leaf: evidence, which every later round has again,
// also after a restart, while the audit goes on.
func TestRoleLeaves(t *testing.T) {
	w := newWorld(t, Mirror)
	leaf := prefixtree.Leaf{Key: prefixtree.Key{1}}
	change := func(added, removed []prefixtree.Leaf) {
		w.set(func() {
			w.public.Append(t, 1, added, removed)
			w.public.Publish(t)
		})
	}
	change([]prefixtree.Leaf{leaf}, nil)
	r := w.open()
	w.round(r)
	change(nil, []prefixtree.Leaf{leaf})
	for i := range uint64(3) {
		out := w.round(r, finding.Rule(evidence.PrefixTree))
		if f := out.Findings[0]; f.Class != finding.Evidence || f.Condition || out.Size != 12+i || out.Verdict() != finding.Misbehaviour {
			t.Errorf("%+v", out)
		}
		fatalIfErr(t, r.Close())
		r = w.open()
		w.grow(1)
	}
}
