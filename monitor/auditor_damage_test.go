package monitor

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

// twoStates returns a world whose auditor has verified 6 and then 10 entries.
func twoStates(t *testing.T) *auditWorld {
	t.Helper()
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	for range 2 {
		w.grow(3)
		a := w.mustOpen()
		fatalIfErr(t, a.Update(t.Context()))
		fatalIfErr(t, a.Close())
		w.grow(1)
	}
	return w
}

// TestAuditorDamage damages every file of an auditor's folder but its key. It says
// so, goes on, and signs nothing but the log.
func TestAuditorDamage(t *testing.T) {
	for _, name := range []string{auditorStateName, previousStateName, verifiedHeadName, logHeadName, configurationName, configurationSumName} {
		for kind := range damages {
			w := twoStates(t)
			damage(t, filepath.Join(w.dir, name), kind)
			given, err := w.log.Config.Marshal()
			fatalIfErr(t, err)
			a, err := w.open(func(c *AuditorConfig) { c.Configuration = given })
			fatalIfErr(t, err)
			silent := kind == "gone" || name == previousStateName ||
				kind == "longer" && (name == verifiedHeadName || name == logHeadName)
			if said := len(a.Damage()) > 0; !said && !silent {
				t.Errorf("%s, %s: nothing was said", name, kind)
			}
			fatalIfErr(t, a.Update(t.Context()))
			fatalIfErr(t, a.Close())
			if w.latest() != w.log.Size() {
				t.Errorf("%s, %s: signed %d of %d entries", name, kind, w.latest(), w.log.Size())
			}
			a = w.mustOpen()
			if said := a.Damage(); len(said) > 0 && name != previousStateName {
				t.Errorf("%s, %s: afterwards: %q", name, kind, said)
			}
			fatalIfErr(t, a.Close())
		}
	}
}

// TestAuditorDamageBound damages the state in front of a directory with another
// history since then. The auditor does not follow it, also after a restart.
func TestAuditorDamageBound(t *testing.T) {
	for _, previous := range []bool{true, false} {
		w := twoStates(t)
		damage(t, filepath.Join(w.dir, auditorStateName), "flip")
		if !previous {
			damage(t, filepath.Join(w.dir, previousStateName), "cut")
		}
		other := w.fork(8)
		growOther(other, 9)
		honest := w.log
		w.set(other, nil)
		for range 2 {
			a := w.mustOpen()
			w.wantRefusal(a, Undecided, "again up to the 10 entries that were verified")
			fatalIfErr(t, a.Close())
		}
		w.set(honest, nil)
		w.grow(20)
		a := w.mustOpen()
		fatalIfErr(t, a.Update(t.Context()))
		if w.latest() != w.log.Size() {
			t.Errorf("signed %d entries", w.latest())
		}
	}
}

func growOther(l *keytranstest.Log, n int) {
	for range n {
		l.Append(auditTime(l.Size()), keytranstest.Pad(1))
	}
}

// TestAuditorOldState goes on with the state of an earlier release.
func TestAuditorOldState(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	a := w.mustOpen()
	fatalIfErr(t, a.Update(t.Context()))
	old := a.audit.log.Marshal()
	fatalIfErr(t, a.Close())
	fatalIfErr(t, os.WriteFile(filepath.Join(w.dir, auditorStateName), old, 0o600))
	w.grow(3)
	a = w.mustOpen()
	fatalIfErr(t, a.Update(t.Context()))
	if a.Comparable() || w.latest() != 6 || len(a.Damage()) > 0 {
		t.Errorf("comparable %t, signed %d, %q", a.Comparable(), w.latest(), a.Damage())
	}
}

// TestAuditorVerifyOnly audits without a key, in a folder that is not there.
func TestAuditorVerifyOnly(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	w.dir = filepath.Join(t.TempDir(), "new", "folder")
	a, err := w.open(func(c *AuditorConfig) { c.VerifyOnly = true })
	fatalIfErr(t, err)
	w.grow(3)
	fatalIfErr(t, a.Update(t.Context()))
	if s := a.Status(); s.Verified != 6 || s.Changes != 17 && s.Changes == 0 || w.latest() != 0 || s.Head != nil {
		t.Errorf("%+v, signed %d", s, w.latest())
	}
	fatalIfErr(t, a.Close())
	fatalIfErr(t, os.MkdirAll(filepath.Join(w.dir, "key"), 0o700))
	if _, err := w.open(func(c *AuditorConfig) { c.KeyDir = filepath.Join(w.dir, "key") }); KindOf(err) != Usage || !strings.Contains(err.Error(), auditorKeyName) {
		t.Errorf("a folder without a key: %v", err)
	}
}

// TestAuditorCheckpoint compares checkpoints with the audited log: the right one, one
// that is too old to compare, and one of other entries, also after a restart.
func TestAuditorCheckpoint(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	w.grow(7)
	public, other := monitortest.New(t, 1), monitortest.New(t, 1)
	mirrored := newTrees()
	roots := map[uint64][]byte{}
	for _, e := range w.log.Entries() {
		mirrored.append(e)
		roots[mirrored.size()] = public.Sign(t, mirrored.size(), mirrored.root())
	}
	var note []byte
	serve := func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/log/checkpoint" {
			return false
		}
		_, _ = rw.Write(note)
		return true
	}
	w.between(serve)
	open := func() *Auditor {
		t.Helper()
		source, err := NewHTTPSource(w.url+"/log", w.config().HTTP)
		fatalIfErr(t, err)
		a, err := w.open(func(c *AuditorConfig) {
			c.Log, c.Policy = source, public.Policy()
			c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
		})
		fatalIfErr(t, err)
		return a
	}
	a := open()
	fatalIfErr(t, a.Update(t.Context()))
	for _, size := range []uint64{10, 7} {
		note = roots[size]
		signed, err := a.CompareCheckpoint(t.Context())
		fatalIfErr(t, err)
		if s := a.Status(); s.Agreed != 10 || signed.Size != size {
			t.Errorf("agreed up to %d, read %d", s.Agreed, signed.Size)
		}
	}
	note = []byte("garbage")
	_, err := a.CompareCheckpoint(t.Context())
	wantKind(t, err, Undecided, nil)
	fatalIfErr(t, a.Close())
	a = open()
	other.Grow(t, 10, 2)
	for _, size := range []uint64{9, 11} { // before the restart, and not there yet
		note = other.Sign(t, size, other.RootAt(t, 9))
		_, err = a.CompareCheckpoint(t.Context())
		fatalIfErr(t, err)
	}
	note = other.SignAt(t, 10)
	for range 2 {
		_, err = a.CompareCheckpoint(t.Context())
		wantKind(t, err, Undecided, ErrTreesDiffer, "a checkpoint of 10 entries, and a head of 10")
		fatalIfErr(t, a.Close())
		a = open()
		note = roots[10]
	}
	fatalIfErr(t, a.Close())
}
