package adversary

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

var modes = []keytrans.DeploymentMode{keytrans.ContactMonitoring, keytrans.ThirdPartyManagement, keytrans.ThirdPartyAuditing}

// TestAttacks has the directory try everything, in each suite and mode.
func TestAttacks(t *testing.T) {
	for _, suite := range []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256} {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%v in mode %d", suite, mode), func(t *testing.T) {
				t.Parallel()
				w := NewWorld(suite, mode)
				for _, a := range Attacks {
					if !a.in(mode) {
						continue
					}
					t.Run(a.Name, func(t *testing.T) {
						if err := a.Run(w); err != nil {
							t.Error(err)
						}
					})
				}
			})
		}
	}
}

func (a *Attack) in(mode keytrans.DeploymentMode) bool {
	return a.Modes == nil || slices.Contains(a.Modes, mode)
}

// TestTable holds the table to what it is for: every operation is lied in, and in
// every mode somebody notices what would gain something.
func TestTable(t *testing.T) {
	operations := make(map[string]int)
	names := make(map[string]bool)
	for _, a := range Attacks {
		operations[a.Operation]++
		if a.Name == "" || a.Gain == "" || a.Make == nil {
			t.Errorf("%+v lacks something", a)
		}
		for _, mode := range modes {
			if !a.in(mode) {
				continue
			}
			id := fmt.Sprint(mode, a.Name)
			if names[id] {
				t.Errorf("%s: twice in mode %d", a.Name, mode)
			}
			names[id] = true
			noticed := slices.ContainsFunc(a.Notices, func(n Notice) bool {
				return !n.By.unnoticed() && (n.Who.modes == nil || slices.Contains(n.Who.modes, mode))
			})
			if !noticed && !strings.HasPrefix(a.Gain, "nothing") {
				t.Errorf("%s: nobody notices in mode %d", a.Name, mode)
			}
		}
	}
	for _, o := range []string{
		keytranstest.Search, keytranstest.ContactMonitor, keytranstest.OwnerInit, keytranstest.OwnerMonitor,
		keytranstest.Update, keytranstest.Distinguished, keytranstest.Absence, keytranstest.Batch, Audit, "",
	} {
		if operations[o] == 0 {
			t.Errorf("no attack in operation %q", o)
		}
		delete(operations, o)
	}
	if len(operations) > 0 {
		t.Errorf("unknown operations: %v", operations)
	}
}

// TestCheck presents errors to each kind of check.
func TestCheck(t *testing.T) {
	refused := fmt.Errorf("%w: because of this", keytrans.ErrProof)
	evidence := &keytrans.Misbehaviour{Err: errors.New("because of this")}
	proof := &keytrans.Misbehaviour{Err: refused}
	step := fmt.Errorf("entry 1: %w", &keytrans.AuditError{Step: 3, Err: errors.New("because of this")})
	for _, c := range []struct {
		name  string
		check Check
		err   error
		ok    bool
	}{
		{"nothing noticed", Unnoticed, nil, true},
		{"noticed", Unnoticed, refused, false},
		{"refused", Refused(keytrans.ErrProof, "because"), refused, true},
		{"refused, any text", Refused(keytrans.ErrProof, ""), refused, true},
		{"not refused", Refused(keytrans.ErrProof, ""), nil, false},
		{"another error", Refused(keytrans.ErrSignature, ""), refused, false},
		{"another text", Refused(keytrans.ErrProof, "in spite"), refused, false},
		{"evidence instead of a refusal", Refused(keytrans.ErrProof, ""), proof, false},
		{"evidence", Evidence("because"), evidence, true},
		{"evidence of something else", Evidence("in spite"), evidence, false},
		{"a refusal instead of evidence", Evidence("because"), refused, false},
		{"no evidence", Evidence("because"), nil, false},
		{"one of two errors", OtherRoot, refused, true},
		{"none of two errors", OtherRoot, keytrans.ErrTime, false},
		{"a step", AuditStep(3), step, true},
		{"another step", AuditStep(4), step, false},
		{"no step", AuditStep(3), refused, false},
		{"an auditor who notices nothing", AuditStep(3), nil, false},
	} {
		if err := c.check.Verify(c.err); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestRun has rows that say something else than what is so.
func TestRun(t *testing.T) {
	w := NewWorld(keytrans.KT_128_SHA256_Ed25519, keytrans.ContactMonitoring)
	honest := func(w *World) *Directory { return w.Honest() }
	ghost := func(w *World) *Directory { return w.Serve(w.Change(12, keytranstest.Create("alice", "ghost"))) }
	for _, c := range []struct {
		attack Attack
		want   string
	}{
		{Attack{Make: honest, Notices: []Notice{{walker(0), Evidence("")}}}, ""},
		{Attack{Make: honest, Notices: []Notice{{walker(0), Evidence("this")}}}, "a user, who has seen nothing: not noticed"},
		{Attack{Make: ghost, Notices: []Notice{{owner(10, "alice"), Unnoticed}}}, "noticed: owner monitoring"},
		{Attack{Make: ghost, Notices: []Notice{{fixed(0, "alice", 5), Unnoticed}}}, "of an honest directory: no answer"},
	} {
		err := c.attack.Run(w)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// TestUnchecked has a prover that is not told to lie refuse to answer out of a log
// that contradicts itself.
func TestUnchecked(t *testing.T) {
	w := NewWorld(keytrans.KT_128_SHA256_Ed25519, keytrans.ContactMonitoring)
	for _, l := range []*keytranstest.Log{w.Change(17, keytranstest.Remove("carol", 1)), w.Retime(18, timestampOf(0)-1)} {
		d := w.Serve(l)
		d.Prover.Unchecked = false
		look := searcher(0, "carol").look
		if err := look(w, d); !errors.Is(err, errNoAnswer) || !strings.Contains(err.Error(), "contradicts itself") {
			t.Errorf("an honest prover of a dishonest log: %v", err)
		}
		if err := look(w, w.Serve(l)); err == nil || errors.Is(err, errNoAnswer) {
			t.Errorf("a dishonest prover: %v", err)
		}
	}
}
