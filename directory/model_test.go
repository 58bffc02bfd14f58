package directory_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// model is a directory, what it should hold, and users who come and go. Time
// passes as fast as nothing happens: it runs in a synctest bubble.
type model struct {
	t     *testing.T
	rng   *rand.Rand
	cfg   directory.Config
	store *pebblestore.Store
	*fixture
	skew atomic.Int64 // of the directory's clock, a time.Duration

	entries       []keytrans.LogEntry
	distinguished []uint64
	labels        []string
	versions      map[string][]modelVersion
	auditor       *modelAuditor // nil if the log has none
	roles         []role
	offline       map[int]time.Time // until when the role is

	did map[string]int // what happened, and how often
}

// modelVersion is a version of a label as it should be.
type modelVersion struct {
	value  string
	erased bool
}

// role is a kind of user. visit is called when the user is online.
type role interface{ visit(m *model) }

var (
	modelSeeds = flag.Int("model-seeds", 2, "how many random histories TestModel runs with each configuration")
	modelSteps = flag.Int("model-steps", 150, "how many steps such a history has")
)

const (
	modelWindow   = 2 * time.Hour
	modelLifetime = 30 * time.Hour
	maxSkew       = 2 * time.Hour
)

// TestModel runs random histories, and holds the directory and its users against
// what the draft promises after each step.
func TestModel(t *testing.T) {
	did := make(map[string]int)
	for seed := range uint64(*modelSeeds) {
		for _, lifetime := range []time.Duration{0, modelLifetime} {
			for _, mode := range []keytrans.DeploymentMode{keytrans.ContactMonitoring, keytrans.ThirdPartyAuditing} {
				t.Run(fmt.Sprintf("seed %d, lifetime %v, mode %d", seed, lifetime, mode), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { runModel(t, seed, lifetime, mode, *modelSteps, did) })
				})
			}
		}
	}
	for _, what := range []string{
		"insert", "restart", "clock jump", "greatest version", "fixed version", "contact monitored",
		"owner monitored", "owner updated", "owner surprised", "heads walked", "absence", "batch",
		"prune", "erase", "erased version", "version expired", "standard credential", "provisional credential",
		"credential verified finally", "audit", "auditor overdue",
	} {
		if did[what] == 0 {
			t.Errorf("%s: it never happened", what)
		}
	}
}

func runModel(t *testing.T, seed uint64, lifetime time.Duration, mode keytrans.DeploymentMode, steps int, did map[string]int) {
	m := newModel(t, seed, lifetime, mode)
	defer m.close()
	for step := range steps {
		m.auditor.visit(m)
		m.check() // after a clock jump, whatever the sequencer does next is followed by a heartbeat
		name := m.step()
		m.did[name]++
		m.check()
		m.visits()
		if t.Failed() {
			t.Fatalf("after step %d, %s", step, name)
		}
	}
	t.Logf("%d entries, %d distinguished: %v", len(m.entries), len(m.distinguished), m.did)
	for m.auditor.overdue(m) {
		m.auditor.catchUp(m)
	}
	for _, label := range m.labels {
		(&newcomer{}).greatestVersion(m, label)
	}
	for what, n := range m.did {
		did[what] += n
	}
}

func newModel(t *testing.T, seed uint64, lifetime time.Duration, mode keytrans.DeploymentMode) *model {
	m := &model{
		t: t, rng: rand.New(rand.NewPCG(seed, 5)), store: openStore(t, t.TempDir()),
		versions: make(map[string][]modelVersion), did: make(map[string]int), offline: make(map[int]time.Time),
	}
	m.cfg = testConfig(t, m.store)
	c := m.cfg.Configuration
	c.ReasonableMonitoringWindow = uint64(modelWindow.Milliseconds())
	c.MaxAhead, c.MaxBehind = uint64(2*maxSkew.Milliseconds()), uint64(4*maxSkew.Milliseconds())
	if lifetime > 0 {
		ms := uint64(lifetime.Milliseconds())
		c.MaximumLifetime = &ms
	}
	if mode == keytrans.ThirdPartyAuditing {
		m.auditor = newModelAuditor(t, c)
	}
	m.cfg.Heartbeat = 20 * time.Minute
	m.cfg.Now = func() time.Time { return time.Now().Add(time.Duration(m.skew.Load())) }
	m.fixture = open(t, m.cfg)
	time.Sleep(modelWindow) // until something is distinguished
	m.check()
	m.auditor.visit(m)
	m.roles = []role{&newcomer{}, newModelContact(), newModelContact(), &walker{}, &asker{}, &holder{}}
	for i := range 3 {
		m.roles = append(m.roles, &modelOwner{label: fmt.Sprint("owner ", i)})
	}
	return m
}

func (m *model) close() {
	m.Close()
	fatalIfErr(m.t, m.store.Close())
}

// visits lets those users visit the directory who are online.
func (m *model) visits() {
	for i, r := range m.roles {
		switch {
		case m.auditor.overdue(m):
			m.did[m.auditor.refused(m)]++
			return
		case time.Now().Before(m.offline[i]), m.rng.IntN(3) > 0:
			continue
		case m.rng.IntN(25) == 0:
			m.offline[i] = time.Now().Add(time.Duration(m.rng.Int64N(2 * int64(modelLifetime))))
		}
		r.visit(m)
		m.check()
	}
}

// step lets something happen to the directory and returns its name.
func (m *model) step() string {
	n := m.rng.IntN(20)
	if m.auditor.overdue(m) && (n < 7 || n == 16) {
		return m.auditor.refused(m)
	}
	switch {
	case n < 7:
		m.insert(m.randomUpdates())
		return "insert"
	case n < 11:
		time.Sleep(time.Duration(m.rng.Int64N(int64(modelWindow))))
		return "short wait"
	case n < 13:
		time.Sleep(time.Duration(m.rng.Int64N(int64(modelLifetime / 2))))
		return "long wait"
	case n < 15:
		m.skew.Store(m.rng.Int64N(int64(2*maxSkew)) - int64(maxSkew))
		return "clock jump"
	case n < 16:
		m.Close()
		m.fixture = open(m.t, m.cfg)
		return "restart"
	case n < 17:
		// A version that the owner did not ask for.
		label := fmt.Sprint("owner ", m.rng.IntN(3))
		m.insert([]directory.NewVersions{m.newVersions(label, 1)})
		return "silent insertion"
	}
	return m.maintain()
}

// randomUpdates returns new versions of some labels.
func (m *model) randomUpdates() []directory.NewVersions {
	var out []directory.NewVersions
	for _, i := range m.rng.Perm(12)[:1+m.rng.IntN(3)] {
		out = append(out, m.newVersions(fmt.Sprint("label ", i), 1+m.rng.IntN(3)))
	}
	return out
}

func (m *model) newVersions(label string, n int) directory.NewVersions {
	u := directory.NewVersions{Label: []byte(label), Greatest: m.greatest(label), Identity: directory.TokenIdentity(alice.Token)}
	for range n {
		u.Values = append(u.Values, fmt.Append(nil, "value ", m.rng.Uint64()))
	}
	return u
}

// greatest returns the greatest version that a label should have, nil if none.
func (m *model) greatest(label string) *uint32 {
	if n := len(m.versions[label]); n > 0 {
		return ptr(uint32(n - 1))
	}
	return nil
}

func (m *model) insert(updates []directory.NewVersions) {
	outcomes, err := m.Insert(context.Background(), updates)
	fatalIfErr(m.t, err)
	for i, u := range updates {
		fatalIfErr(m.t, outcomes[i])
		m.created(string(u.Label), u.Values)
	}
}

// created takes note of new versions.
func (m *model) created(label string, values [][]byte) {
	if m.versions[label] == nil {
		m.labels = append(m.labels, label)
	}
	for _, v := range values {
		m.versions[label] = append(m.versions[label], modelVersion{value: string(v)})
	}
}

// check holds the log's entries against the draft: what was there stays, time does
// not run backwards, and what was distinguished stays so.
func (m *model) check() {
	m.t.Helper()
	synctest.Wait()
	head, err := m.Head()
	fatalIfErr(m.t, err)
	old := uint64(len(m.entries))
	if head.TreeSize < old {
		m.t.Fatalf("the log shrank from %d to %d entries", old, head.TreeSize)
	}
	from := max(old, 1) - 1
	entries, err := m.Entries(context.Background(), from, head.TreeSize)
	fatalIfErr(m.t, err)
	if old > 0 && entries[0] != m.entries[from] {
		m.t.Fatalf("entry %d changed", from)
	}
	m.entries = append(m.entries[:from:from], entries...)
	for i := from + 1; i < head.TreeSize; i++ {
		if m.entries[i].Timestamp < m.entries[i-1].Timestamp || m.entries[i].PrefixTree == m.entries[i-1].PrefixTree {
			m.t.Fatalf("entry %d: time ran backwards, or nothing changed", i)
		}
	}
	now := m.findDistinguished()
	for _, pos := range m.distinguished {
		if !slices.Contains(now, pos) {
			m.t.Fatalf("entry %d is no longer distinguished", pos)
		}
	}
	m.distinguished = now
	if last := m.rightmostDistinguished(); last == nil || head.Distinguished == nil || *last != *head.Distinguished || m.expired(*last) {
		m.t.Fatalf("the rightmost distinguished entry is %v, the directory says %v", last, head.Distinguished)
	}
}

// findDistinguished is the recursive algorithm of KEYTRANS, "Reasonable Monitoring
// Window", on all of the log.
func (m *model) findDistinguished() []uint64 {
	var out []uint64
	var visit func(lo, hi, left, right uint64)
	visit = func(lo, hi, left, right uint64) {
		if lo == hi || right-left < m.cfg.Configuration.ReasonableMonitoringWindow {
			return
		}
		size := uint64(1)
		for 2*size <= hi-lo {
			size *= 2
		}
		pos := lo + size - 1
		ts := m.entries[pos].Timestamp
		visit(lo, pos, left, ts)
		out = append(out, pos)
		visit(pos+1, hi, ts, right)
	}
	n := uint64(len(m.entries))
	visit(0, n, 0, m.entries[n-1].Timestamp)
	return out
}

func (m *model) rightmostDistinguished() *uint64 {
	if len(m.distinguished) == 0 {
		return nil
	}
	return &m.distinguished[len(m.distinguished)-1]
}

// expired reports whether an entry has passed the maximum lifetime.
func (m *model) expired(pos uint64) bool {
	lifetime := m.cfg.Configuration.MaximumLifetime
	return lifetime != nil && m.entries[len(m.entries)-1].Timestamp-m.entries[pos].Timestamp >= *lifetime
}

// maintain lets the operator prune or erase something.
func (m *model) maintain() string {
	if m.rng.IntN(2) == 0 {
		return m.prune()
	}
	if len(m.labels) == 0 {
		return "nothing"
	}
	label := m.labels[m.rng.IntN(len(m.labels))]
	versions := m.versions[label]
	i := m.rng.IntN(len(versions))
	version := ptr(uint32(i))
	lo, hi := i, i+1
	if m.rng.IntN(4) == 0 {
		version, lo, hi = nil, 0, len(versions)
	}
	_, err := m.Erase(context.Background(), []byte(label), version)
	fatalIfErr(m.t, err)
	for i := range versions[lo:hi] {
		versions[lo+i].erased = true
	}
	return "erase"
}

func (m *model) prune() string {
	done, err := m.Prune(context.Background(), directory.PruneOptions{PublicLog: m.rng.IntN(2) == 0}, nil)
	if m.cfg.Configuration.MaximumLifetime == nil {
		if !errors.Is(err, directory.ErrNoLifetime) {
			m.t.Fatalf("pruned without a lifetime: %v", err)
		}
		return "nothing to prune"
	}
	fatalIfErr(m.t, err)
	if done.Versions > 0 && !m.expired(done.Versions-1) {
		m.t.Fatalf("versions before entry %d were pruned, the last of which has not expired (%+v, %d entries)", done.Versions, done, len(m.entries))
	}
	if done.Removed > 0 {
		return "prune"
	}
	return "nothing to prune"
}
