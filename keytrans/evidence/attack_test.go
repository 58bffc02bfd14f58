package evidence_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// attacker has all that a log ever published, heads of every size, and its own prover,
// so that it can prove whatever it wants to say of the log's trees, and everything but
// the keys. It puts files together at random.
type attacker struct {
	testing.TB
	*rand.Rand
	log     *keytranstest.Log
	configs [][]byte // of the log, the newest last; then one of another log
	users   []*user
	answers map[string][]*evidence.Exchange
}

var attackedOperations = []string{
	keytranstest.Search, keytranstest.Absence, keytranstest.Batch, keytranstest.Distinguished, keytranstest.OwnerInit,
	keytranstest.OwnerMonitor, keytranstest.ContactMonitor,
}

// newAttacker collects what there is of a log.
func newAttacker(t testing.TB, l *keytranstest.Log, seed uint64, exchanges int) *attacker {
	a := &attacker{TB: t, Rand: rand.New(rand.NewPCG(seed, 1)), log: l, answers: make(map[string][]*evidence.Exchange)}
	a.configs = [][]byte{must(l.Config.Marshal())}
	for range 12 {
		u := newUser(t)
		for size := uint64(0); ; {
			if size += 1 + a.Uint64N(7); size > l.Size() {
				break
			}
			u.see(l, size)
			a.users = append(a.users, &user{TB: t, view: u.view, proofs: u.proofs})
		}
	}
	a.collect(exchanges)
	return a
}

// collect asks the log, and the attacker's own prover of it, for so many answers.
func (a *attacker) collect(exchanges int) {
	for _, operation := range attackedOperations {
		for want := len(a.answers[operation]) + exchanges/len(attackedOperations); len(a.answers[operation]) < want; {
			a.collectOne(operation)
		}
	}
}

func (a *attacker) collectOne(operation string) {
	u := &user{TB: a, view: &keytrans.View{}}
	if a.IntN(3) > 0 {
		u = pick(a, a.users)
	}
	size := 1 + a.Uint64N(a.log.Size())
	if size < u.view.Head.TreeSize {
		size = a.log.Size()
	}
	request := must(a.request(operation, u.view.Last()).Marshal())
	response, err := a.directory(size).Answer(operation, request)
	if err != nil {
		return // it is about what the log does not have
	}
	if a.IntN(8) == 0 {
		request = must(a.request(operation, u.view.Last()).Marshal())
	}
	a.answers[operation] = append(a.answers[operation], &evidence.Exchange{
		Configuration: a.configs[len(a.configs)-1], RetainedConfiguration: a.configs[0],
		RetainedView: evidence.NewView(u.view, u.proofs.Under(a.configs[0])), Operation: operation, Request: request, Response: response,
	})
}

// directory answers out of the log's true state, and says of labels what it likes.
func (a *attacker) directory(size uint64) *keytranstest.Directory {
	truth := a.log.Label(alice).Versions
	switch a.IntN(10) {
	case 0:
		return upto(a.log, size, a.IntN(len(truth)+1)-1)
	case 1:
		v := a.log.NewVersion(alice, uint32(a.IntN(len(truth)+1)), a.Uint64N(size), "made up")
		v.Value.Signature = nil
		d := says(a.log, size, v)
		lie := d.Label
		d.Label = func(name string) keytrans.Label {
			if name != alice {
				return a.log.Label(name)
			}
			return lie(name)
		}
		return d
	case 2:
		d := lyingAt(a.log, size)
		d.Label = func(name string) keytrans.Label {
			out := a.log.Label(name)
			for i := range out.Versions {
				out.Versions[i].Position = a.Uint64N(size)
			}
			return out
		}
		return d
	case 3:
		return lyingAt(a.log, size)
	}
	return a.log.Directory(size)
}

func (a *attacker) label() []byte {
	return []byte(pick(a, []string{alice, alice, alice, "bob", "nobody"}))
}

func (a *attacker) version() *uint32 {
	if a.IntN(4) == 0 {
		return nil
	}
	return ptr(a.Uint32N(5))
}

func (a *attacker) request(operation string, last *uint64) interface{ Marshal() ([]byte, error) } {
	n := a.log.Size()
	switch operation {
	case keytranstest.Search:
		return &keytrans.SearchRequest{Last: last, Label: a.label(), Version: a.version()}
	case keytranstest.Absence:
		return &keytrans.AbsenceRequest{Last: last, Label: a.label()}
	case keytranstest.Batch:
		q := &keytrans.BatchRequest{Last: last}
		for _, l := range []string{alice, "bob", "nobody"}[a.IntN(3):] {
			q.Queries = append(q.Queries, keytrans.BatchQuery{Label: []byte(l)})
		}
		return q
	case keytranstest.OwnerInit:
		return &keytrans.OwnerInitRequest{Last: last, Label: a.label(), Start: a.Uint64N(n)}
	case keytranstest.OwnerMonitor:
		return &keytrans.OwnerMonitorRequest{Last: last, Label: a.label(), Entries: a.entries(), Start: n - 1 - a.Uint64N(n/2), GreatestVersion: a.version()}
	case keytranstest.ContactMonitor:
		return &keytrans.ContactMonitorRequest{Last: last, Label: a.label(), Entries: a.entries()}
	}
	q := &keytrans.DistinguishedRequest{Last: last}
	if a.IntN(3) == 0 {
		q.Stop = ptr(a.Uint64N(n))
	}
	return q
}

func (a *attacker) entries() (out []keytrans.MonitorMapEntry) {
	pos, version := a.log.Size()-1-a.Uint64N(a.log.Size()*2/3), a.Uint32N(4)
	for range a.IntN(3) {
		out = append(out, keytrans.MonitorMapEntry{Position: pos, Version: version})
		pos, version = pos+1+a.Uint64N(4), version+1
	}
	return out
}

func pick[T any](a *attacker, list []T) T { return list[a.IntN(len(list))] }

// config returns a Configuration for where there may be none: mostly none.
func (a *attacker) config() []byte {
	if a.IntN(3) > 0 {
		return nil
	}
	return pick(a, a.configs)
}

func (a *attacker) view() *evidence.View {
	u := pick(a, a.users)
	v := evidence.NewView(u.view, u.proofs)
	a.mangle(v)
	return v
}

// mangle makes up a part of a view now and then.
func (a *attacker) mangle(v *evidence.View) {
	if len(v.Frontier) == 0 {
		return
	}
	e := &v.Frontier[a.IntN(len(v.Frontier))]
	other := pick(a, a.users).view
	switch a.IntN(12) {
	case 0:
		e.Timestamp += 1000 * second
	case 1:
		e.Timestamp += 1000 * second
		e.Proof = nil
	case 2:
		e.Proof = evidence.NewView(other, pick(a, a.users).proofs).Frontier[0].Proof
	case 3:
		v.Subtrees[a.IntN(len(v.Subtrees))][0] ^= 1
	case 4:
		v.TreeSize, v.Signature = other.Head.TreeSize, other.Head.Signature
	case 5:
		e.Position = other.Rightmost().Position
	}
}

// exchange returns one with parts of others.
func (a *attacker) exchange() *evidence.Exchange {
	if a.IntN(2) == 0 {
		return a.exchangeOf(keytranstest.Search)
	}
	return a.exchangeOf(pick(a, attackedOperations[a.IntN(len(attackedOperations)):]))
}

func (a *attacker) exchangeOf(operation string) *evidence.Exchange {
	x := *pick(a, a.answers[operation])
	switch a.IntN(16) {
	case 0:
		x.Response = pick(a, a.answers[operation]).Response
	case 1:
		x.RetainedView = pick(a, a.answers[operation]).RetainedView
	case 2:
		var last *uint64
		if n := x.RetainedView.TreeSize; n > 0 {
			last = &n
		}
		x.Request = must(a.request(operation, last).Marshal())
	case 3:
		x.RetainedView = a.view()
	case 4:
		x.Configuration = a.config()
	case 5:
		x.RetainedConfiguration = a.config()
	}
	return &x
}

// attack returns a file, of which nothing may be proof if the log is honest.
func (a *attacker) attack() *evidence.Evidence {
	e := map[int]func() *evidence.Evidence{
		0: a.fork, 1: a.credential, 2: a.heads, 3: a.logEntry, 4: a.trees, 5: a.timestamps, 6: a.prefixTree,
	}[a.IntN(14)]
	if e != nil {
		return e()
	}
	x := a.exchange()
	var earlier *evidence.Exchange
	if a.IntN(4) > 0 {
		earlier = a.exchange()
	}
	out := contradiction(a.log, x, earlier)
	out.RetainedConfiguration = x.RetainedConfiguration
	if x.Configuration != nil {
		out.Configuration = x.Configuration
	}
	return out
}

// attackedSize is the size of attackedLog.
const attackedSize = 22

// attackedLog is an honest log whose entries come irregularly.
func attackedLog(o keytranstest.Options) *keytranstest.Log {
	o.Window = 3 * second
	l := keytranstest.New(o)
	return grow(l, attackedSize, changes{
		2: {keytranstest.Create("bob", "b")}, 4: {keytranstest.Create(alice, "zero")}, 9: {keytranstest.Create(alice, "one")},
		13: {keytranstest.Create(alice, "two", "three")}, 19: {keytranstest.Create("bob", "c")},
	})
}

// TestAttack accuses honest logs with files that are put together of what they
// published, and of what can be made up about it.
func TestAttack(t *testing.T) {
	all := modes()
	for mode, o := range modes() {
		o.Lifetime = ptr[uint64](8 * second)
		all[mode+"/lifetime"] = o
	}
	for mode, o := range all {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			exchanges, files := 700, 1500
			if o.Suite == keytrans.KT_128_SHA256_P256 || testing.Short() { // slow, and no other code
				exchanges, files = 210, 150
			}
			l := attackedLog(o)
			a := newAttacker(t, l, 1, exchanges)
			if o.Mode == keytrans.ThirdPartyAuditing {
				l.ChangeAuditor("another", 0)
				grow(l, 26, nil)
				a.configs = append(a.configs, must(l.Config.Marshal()))
				a.collect(exchanges / 2)
			}
			o.Seed = "another log"
			a.configs = append(a.configs, must(keytranstest.New(o).Config.Marshal()))
			verified := a.accuse(files, func(e *evidence.Evidence, p *evidence.Proof) {
				data, _ := e.Marshal()
				t.Errorf("%s: it proves that %s\n%.3000s", e.Kind, p.Found, data)
			})
			if verified < files/40 {
				t.Errorf("%d of %d files have answers that verify", verified, files)
			}
		})
	}
}

// accuse verifies so many files, and returns in how many all answers verified.
func (a *attacker) accuse(files int, proven func(*evidence.Evidence, *evidence.Proof)) (verified int) {
	for range files {
		e := a.attack()
		p, err := e.Verify(evidence.Expected{})
		switch {
		case err == nil:
			proven(e, p)
		case !errors.Is(err, evidence.ErrNotProof) && !errors.Is(err, evidence.ErrReport):
			a.Errorf("%s: error %v", e.Kind, err)
		case strings.Contains(err.Error(), "contradicts nothing"):
			verified++
		}
	}
	return verified
}

// TestAttackGuilty holds the attacker against logs that do lie: it finds that.
func TestAttackGuilty(t *testing.T) {
	for name, lie := range map[string]func(l *keytranstest.Log){
		"a version goes": func(l *keytranstest.Log) { grow(l, 40, changes{22: {keytranstest.Remove(alice, 3)}}) },
		"time turns back": func(l *keytranstest.Log) {
			l.Append(start, keytranstest.Pad(1))
			grow(l, 40, nil)
		},
		"a value is changed": func(l *keytranstest.Log) {
			v := l.NewVersion(alice, 3, 22, "made up")
			grow(l, 40, changes{22: {keytranstest.Put(alice, 3, v.Commitment)}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := attackedLog(keytranstest.Options{Seed: "evidence"})
			lie(l)
			found := make(map[string]int)
			newGuiltyAttacker(t, l).accuse(1500, func(e *evidence.Evidence, _ *evidence.Proof) { found[fmt.Sprint(e.Kind)]++ })
			if len(found) == 0 {
				t.Error("nothing was proven")
			}
			t.Log(found)
		})
	}
}

// newGuiltyAttacker is newAttacker for a log that no user would go along with.
func newGuiltyAttacker(t testing.TB, l *keytranstest.Log) *attacker {
	honest := newAttacker(t, attackedLog(keytranstest.Options{Seed: "evidence"}), 2, 0)
	honest.log = l
	honest.collect(2100)
	return honest
}
