package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// chainPolicy admits values "a>b" after a value "…>a", and "0>b" as the first. It
// checks what it is given of the version before.
type chainPolicy struct {
	t testing.TB

	mu       sync.Mutex
	proposed map[string][]merkle.Hash // commitments, by label and version
	followed []uint32
	age      time.Duration
	grow     int // bytes that the state has besides
	admitted func(value string)
}

func newChainPolicy(t testing.TB) *chainPolicy {
	return &chainPolicy{t: t, proposed: make(map[string][]merkle.Hash)}
}

func (c *chainPolicy) Admit(p *directory.Proposal) ([]byte, error) {
	c.expectLast(p)
	before, after, ok := strings.Cut(string(p.Value), ">")
	state := bytes.TrimRight(p.State, "+")
	if state == nil {
		state = []byte("0")
	}
	if !ok || before != string(state) {
		return nil, fmt.Errorf("%w: it does not follow", directory.ErrPolicy)
	}
	c.mu.Lock()
	f := c.admitted
	c.mu.Unlock()
	if f != nil {
		f(string(p.Value))
	}
	return append([]byte(after), bytes.Repeat([]byte("+"), c.grow)...), nil
}

func (c *chainPolicy) Follow(p *directory.Proposal) ([]byte, error) {
	c.expectLast(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.followed = append(c.followed, p.Version)
	if p.Erased {
		return p.State, nil
	}
	_, after, _ := strings.Cut(string(p.Value), ">")
	return []byte(after), nil
}

// expectLast verifies that the version before a proposed one is what was proposed
// as that, and remembers the proposed one.
func (c *chainPolicy) expectLast(p *directory.Proposal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if (p.Last == nil) != (p.Version == 0) {
		c.t.Errorf("version %d: the version before is %v", p.Version, p.Last)
	}
	key := func(v uint32) string { return fmt.Sprintf("%s/%d", p.Label, v) }
	if p.Last != nil {
		if seen := c.proposed[key(p.Version-1)]; len(seen) > 0 && !slices.Contains(seen, p.Last.Commitment) {
			c.t.Errorf("version %d: another commitment of the version before", p.Version)
		}
		c.age = p.Last.Age
	}
	c.proposed[key(p.Version)] = append(c.proposed[key(p.Version)], p.Commitment)
}

func TestPolicy(t *testing.T) {
	policy := newChainPolicy(t)
	f := newFixture(t, func(c *directory.Config) { c.Policy = policy })
	expect := func(want error, label string, greatest *uint32, values ...string) {
		t.Helper()
		u := directory.NewVersions{Label: []byte(label), Greatest: greatest, Identity: directory.TokenIdentity(alice.Token)}
		for _, v := range values {
			u.Values = append(u.Values, []byte(v))
		}
		outcomes, err := f.Insert(t.Context(), []directory.NewVersions{u})
		fatalIfErr(t, err)
		if !errors.Is(outcomes[0], want) {
			t.Errorf("%v after %v: %v, want %v", values, greatest, outcomes[0], want)
		}
	}
	expect(directory.ErrPolicy, "alice", nil, "1>2")
	expect(nil, "alice", nil, "0>1")
	expect(directory.ErrPolicy, "alice", ptr(uint32(0)), "0>2")
	// Several values: one that does not follow keeps all from being created.
	expect(directory.ErrPolicy, "alice", ptr(uint32(0)), "1>2", "1>3")
	expect(directory.ErrPolicy, "alice", ptr(uint32(0)), "2>3", "1>2")
	expect(nil, "alice", ptr(uint32(0)), "1>2", "2>3", "3>4")
	f.expectValue(t, "alice", 3, "3>4")
	expect(directory.ErrPolicy, "alice", ptr(uint32(3)), "3>5")
	// What does not follow the greatest version is not shown to the policy.
	expect(directory.ErrGreatestVersion, "alice", ptr(uint32(2)), "3>5")
	expect(directory.ErrGreatestVersion, "alice", nil, "0>5")
	expect(nil, "alice", ptr(uint32(3)), "4>5")
	expect(nil, "bob", nil, "0>5")
}

// TestPolicyUpdate: a refused update is not carried out, not even if it is sent
// again, and one that was carried out is told of and not refused.
func TestPolicyUpdate(t *testing.T) {
	f := newFixture(t, func(c *directory.Config) { c.Policy = newChainPolicy(t) })
	fatalIfErr(t, f.update("alice", "0>1", nil))
	size := f.size(t)
	for range 2 {
		if err := f.update("alice", "0>2", ptr(uint32(0))); !errors.Is(err, directory.ErrPolicy) {
			t.Fatal(err)
		}
	}
	if f.size(t) != size {
		t.Error("a refused update made a log entry")
	}
	fatalIfErr(t, f.update("alice", "0>1", nil)) // the answer to the first was lost
	f.expectValue(t, "alice", 0, "0>1")
	// Whoever does not own the label is told that, and nothing of its rules.
	_, err := f.Update(t.Context(), directory.Credential{Token: "bob's"}, &keytrans.UpdateRequest{
		Label: []byte("alice"), GreatestVersion: ptr(uint32(0)), Values: [][]byte{[]byte("0>2")},
	})
	if !errors.Is(err, directory.ErrForbidden) {
		t.Errorf("somebody else's label: %v", err)
	}
}

// TestPolicyRaces lets two writers, one of whom the policy would refuse after the
// other, be decided upon and sequenced in every order: one wins, the other does not
// follow any more.
func TestPolicyRaces(t *testing.T) {
	for order := range 16 {
		steps := fmt.Sprintf("%04b", order)
		if strings.Count(steps, "0") != 2 {
			continue
		}
		t.Run(steps, func(t *testing.T) {
			policy := newChainPolicy(t)
			f := newFixture(t, func(c *directory.Config) { c.Policy = policy })
			fatalIfErr(t, f.update("alice", "0>1", nil))
			values := []string{"1>a", "1>b"}
			decided := map[string]chan struct{}{values[0]: make(chan struct{}), values[1]: make(chan struct{})}
			proceed := map[string]chan struct{}{values[0]: make(chan struct{}), values[1]: make(chan struct{})}
			policy.admitted = func(value string) {
				close(decided[value])
				<-proceed[value]
			}
			var outcomes [2]chan error
			writer := func(i int) error { // makes the next step
				if outcomes[i] == nil {
					outcomes[i] = make(chan error, 1)
					go func() {
						outcomes[i] <- f.create("alice", values[i], ptr(uint32(0)))
					}()
					select {
					case <-decided[values[i]]:
						return nil
					case err := <-outcomes[i]: // it came too late to be decided upon
						outcomes[i] <- err
						return nil
					}
				}
				select {
				case err := <-outcomes[i]:
					return err
				default:
				}
				close(proceed[values[i]])
				return <-outcomes[i]
			}
			done, errs, won := [2]int{}, [2]error{}, -1
			for _, s := range steps {
				i := int(s - '0')
				if errs[i] = writer(i); done[i] == 1 && errs[i] == nil {
					if won >= 0 {
						t.Error("both writers won")
					}
					won = i
				}
				done[i]++
			}
			if won < 0 || !errors.Is(errs[1-won], directory.ErrGreatestVersion) {
				t.Fatalf("%v", errs)
			}
			policy.admitted = nil
			f.expectValue(t, "alice", 1, values[won])
			// The state is that of the winner.
			lost := values[1-won][2:]
			if err := f.update("alice", lost+">c", ptr(uint32(1))); !errors.Is(err, directory.ErrPolicy) {
				t.Errorf("after the loser: %v", err)
			}
			fatalIfErr(t, f.update("alice", values[won][2:]+">c", ptr(uint32(1))))
		})
	}
}

// create adds a version, and tells if something else had been created before.
func (f *fixture) create(label, value string, greatest *uint32) error {
	outcomes, err := f.Insert(context.Background(), []directory.NewVersions{{
		Label: []byte(label), Greatest: greatest, Values: [][]byte{[]byte(value)}, Identity: directory.TokenIdentity(alice.Token),
	}})
	return errors.Join(append(outcomes, err)...)
}

// TestPolicyState: the state outlives values that are erased, a restart, and a time
// without the policy, of which it is told.
func TestPolicyState(t *testing.T) {
	dir := t.TempDir()
	policy := newChainPolicy(t)
	var greatest *uint32
	session := func(policy directory.Policy, f func(f *fixture)) {
		t.Helper()
		store := openStore(t, dir)
		cfg := testConfig(t, store)
		if policy != nil {
			cfg.Policy = policy
		}
		d := open(t, cfg)
		f(d)
		d.Close()
		fatalIfErr(t, store.Close())
	}
	publish := func(f *fixture, value string) {
		t.Helper()
		fatalIfErr(t, f.create("alice", value, greatest))
		if greatest == nil {
			greatest = ptr(uint32(0))
		} else {
			greatest = ptr(*greatest + 1)
		}
	}
	followed := func(want ...uint32) {
		t.Helper()
		if fmt.Sprint(policy.followed) != fmt.Sprint(want) {
			t.Errorf("followed %v, want %v", policy.followed, want)
		}
		policy.followed = nil
	}
	session(nil, func(f *fixture) { publish(f, "any>1"); publish(f, "any>2") })
	session(policy, func(f *fixture) { publish(f, "2>3"); publish(f, "3>4") })
	followed(0, 1)
	session(policy, func(f *fixture) {
		_, err := f.Erase(t.Context(), []byte("alice"), nil)
		fatalIfErr(t, err)
		if err := f.create("alice", "3>5", greatest); !errors.Is(err, directory.ErrPolicy) {
			t.Error(err)
		}
		publish(f, "4>5")
	})
	followed()
	session(nil, func(f *fixture) {
		publish(f, "any>6")
		publish(f, "any>7")
		_, err := f.Erase(t.Context(), []byte("alice"), greatest)
		fatalIfErr(t, err)
	})
	session(policy, func(f *fixture) {
		// A refused update changes nothing: what it follows is followed again.
		if err := f.create("alice", "7>8", greatest); !errors.Is(err, directory.ErrPolicy) {
			t.Error(err)
		}
		followed(5, 6)
		publish(f, "6>8")
		followed(5, 6)
		publish(f, "8>9")
	})
	followed()
}

// TestPolicyUnseen: of very many versions without a policy, one is told of the last.
func TestPolicyUnseen(t *testing.T) {
	dir := t.TempDir()
	store := openStore(t, dir)
	f := open(t, testConfig(t, store))
	const versions = 1030
	var greatest *uint32
	for n := 0; n < versions; n += 103 {
		u := directory.NewVersions{Label: []byte("alice"), Greatest: greatest, Identity: directory.TokenIdentity(alice.Token)}
		for i := range 103 {
			u.Values = append(u.Values, fmt.Appendf(nil, "any>%d", n+i))
		}
		outcomes, err := f.Insert(t.Context(), []directory.NewVersions{u})
		fatalIfErr(t, errors.Join(outcomes[0], err))
		greatest = ptr(uint32(n + 102))
	}
	f.Close()
	policy := newChainPolicy(t)
	cfg := testConfig(t, store)
	cfg.Policy = policy
	f = open(t, cfg)
	fatalIfErr(t, f.create("alice", "1029>1030", greatest))
	if n := len(policy.followed); n != 1024 || policy.followed[0] != versions-1024 {
		t.Errorf("followed %d versions from %d", n, policy.followed[0])
	}
	f.Close()
	fatalIfErr(t, store.Close())
}

// TestPolicyAge holds the age of the last version against a clock that is set.
func TestPolicyAge(t *testing.T) {
	var clock atomic.Int64
	clock.Store(1_000_000_000_000)
	policy := newChainPolicy(t)
	f := newFixture(t, func(c *directory.Config) {
		c.Policy, c.Now, c.Heartbeat = policy, func() time.Time { return time.UnixMilli(clock.Load()) }, time.Hour
	})
	var greatest *uint32
	value := 0
	for _, test := range []struct {
		move, want time.Duration
	}{
		{0, 0}, {0, 0}, {time.Hour, time.Hour}, {time.Millisecond, time.Millisecond},
		{-24 * time.Hour, 0}, // set back: the new entry has the time of the last one
		{24 * time.Hour, 0},  // as late as that entry
		{3 * time.Minute, 3 * time.Minute},
	} {
		clock.Add(test.move.Milliseconds())
		fatalIfErr(t, f.create("alice", fmt.Sprintf("%d>%d", value, value+1), greatest))
		if policy.age != test.want {
			t.Errorf("after %v: %v, want %v", test.move, policy.age, test.want)
		}
		greatest = ptr(uint32(value))
		value++
	}
	// Versions of one update are no older than each other.
	clock.Add(time.Hour.Milliseconds())
	outcomes, err := f.Insert(t.Context(), []directory.NewVersions{{
		Label: []byte("alice"), Greatest: greatest, Identity: directory.TokenIdentity(alice.Token),
		Values: [][]byte{fmt.Appendf(nil, "%d>x", value), []byte("x>y")},
	}})
	fatalIfErr(t, errors.Join(outcomes[0], err))
	if policy.age != 0 {
		t.Errorf("in one update: %v", policy.age)
	}
}

// TestPolicyFault: after a commit that failed, or seemed to, the state is that of
// the versions which exist.
func TestPolicyFault(t *testing.T) {
	for _, applied := range []bool{false, true} {
		store := &faultyStore{}
		f := newFixture(t, func(c *directory.Config) {
			store.Store = c.Store
			c.Store, c.Policy = store, newChainPolicy(t)
		})
		fatalIfErr(t, f.create("alice", "0>1", nil))
		store.applied.Store(applied)
		store.failing.Store(1)
		err := f.create("alice", "1>2", ptr(uint32(0)))
		next, greatest := "2>3", uint32(1)
		if !applied {
			if !errors.Is(err, errDisk) {
				t.Fatal(err)
			}
			next, greatest = "1>3", 0
		} else {
			fatalIfErr(t, err)
		}
		fatalIfErr(t, f.create("alice", next, &greatest))
	}
}

// TestPolicyMisfit: a policy whose state is too large, and one that is not the
// directory's to have.
func TestPolicyMisfit(t *testing.T) {
	policy := newChainPolicy(t)
	f := newFixture(t, func(c *directory.Config) { c.Policy = policy })
	policy.grow = directory.MaxPolicyState - 1
	fatalIfErr(t, f.create("alice", "0>1", nil))
	policy.grow++
	if err := f.create("alice", "1>2", ptr(uint32(0))); err == nil || errors.Is(err, directory.ErrPolicy) {
		t.Errorf("a large state: %v", err)
	}
	store := openStore(t, t.TempDir())
	defer store.Close()
	cfg := managedConfig(t, store)
	cfg.Policy = policy
	if _, err := directory.Open(cfg); err == nil || !strings.Contains(err.Error(), "operator") {
		t.Errorf("a managed log: %v", err)
	}
}

// countingPolicy admits a version if its state is that of the version before: its
// number and commitment.
type countingPolicy struct{}

func (countingPolicy) Admit(p *directory.Proposal) ([]byte, error) {
	before := ""
	if p.Last != nil {
		before = fmt.Sprint(p.Version-1, p.Last.Commitment)
	}
	if string(p.State) != before {
		return nil, fmt.Errorf("the state before version %d is %q, want %q", p.Version, p.State, before)
	}
	return fmt.Append(nil, p.Version, p.Commitment), nil
}

func (countingPolicy) Follow(p *directory.Proposal) ([]byte, error) {
	return nil, fmt.Errorf("version %d was created without the policy", p.Version)
}
