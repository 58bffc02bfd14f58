package operator_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// chainPolicy admits values "a>b" after a value "…>a", and "0>b" as the first.
type chainPolicy struct {
	followed map[uint32]merkle.Hash // commitments of what was followed last, by version
	erased   int                    // versions without a value that were followed
	last     *directory.LastVersion // of what was decided upon last
}

func newChainPolicy() *chainPolicy { return &chainPolicy{followed: make(map[uint32]merkle.Hash)} }

func (c *chainPolicy) Admit(p *directory.Proposal) ([]byte, error) {
	c.last = p.Last
	before, after, ok := strings.Cut(string(p.Value), ">")
	state := "0"
	if p.State != nil {
		state = string(p.State)
	}
	if !ok || before != state {
		return nil, fmt.Errorf("%w: it does not follow", directory.ErrPolicy)
	}
	return []byte(after), nil
}

func (c *chainPolicy) Follow(p *directory.Proposal) ([]byte, error) {
	if (p.Last == nil) != (p.Version == 0) {
		return nil, fmt.Errorf("version %d: the version before is %v", p.Version, p.Last)
	}
	c.followed[p.Version] = p.Commitment
	if p.Erased {
		c.erased++
		return p.State, nil
	}
	_, after, _ := strings.Cut(string(p.Value), ">")
	return []byte(after), nil
}

// governed returns a world whose operator has a policy.
func governed(t *testing.T) (*world, *chainPolicy, func()) {
	w, policy := newWorld(t), newChainPolicy()
	reopen := func() { w.open(func(c *operator.Config) { c.Policy = policy }) }
	reopen()
	return w, policy, reopen
}

func (w *world) refuses(greatest *uint32, values ...string) {
	w.t.Helper()
	sent := len(w.link.updates(w.t))
	if _, err := w.update(aliceToken, "alice", greatest, values...); !errors.Is(err, directory.ErrPolicy) {
		w.t.Errorf("%v: %v, want a refusal", values, err)
	}
	for _, m := range w.link.updates(w.t)[sent:] {
		for _, v := range m.Values {
			for _, refused := range values {
				if string(v.Value) == refused {
					w.t.Errorf("%s was signed although it is refused", refused)
				}
			}
		}
	}
}

func (w *world) takes(greatest *uint32, values ...string) {
	w.t.Helper()
	if _, err := w.update(aliceToken, "alice", greatest, values...); err != nil {
		w.t.Errorf("%v: %v", values, err)
	}
}

// commitments verifies what the policy was told of versions.
func (c *chainPolicy) commitments(w *world, versions ...uint32) {
	w.t.Helper()
	for _, v := range versions {
		p, err := w.ask(&keytrans.SearchRequest{Label: []byte("alice"), Version: &v})
		fatalIfErr(w.t, err)
		want, err := keytrans.Commit(w.config.Mode, p.Opening, []byte("alice"), v, p.Value)
		fatalIfErr(w.t, err)
		if c.followed[v] != want {
			w.t.Errorf("version %d: the policy was told of another commitment", v)
		}
	}
}

// TestPolicy: what is refused is not signed and uses up no version, and what the
// policy knows outlives a restart.
func TestPolicy(t *testing.T) {
	w, policy, reopen := governed(t)
	w.refuses(nil, "1>2")
	w.takes(nil, "0>1")
	w.refuses(ptr(uint32(0)), "0>2")
	w.refuses(ptr(uint32(0)), "1>2", "1>3")
	w.takes(ptr(uint32(0)), "1>2", "2>3")
	reopen()
	w.refuses(ptr(uint32(2)), "2>3")
	w.takes(ptr(uint32(2)), "3>4")
	w.takes(nil, "5>6") // disregarded: there are greater versions
	w.expect("alice", "0>1", "1>2", "2>3", "3>4")
	policy.commitments(w, 0, 1, 2, 3)
	w.signedOnce()
}

// TestPolicyAnswerLost: before something else is signed, it is found out what became
// of the update before.
func TestPolicyAnswerLost(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		w, policy, reopen := governed(t)
		w.takes(nil, "0>1")
		w.link.cut(arrives)
		if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "1>2"); !errors.Is(err, operator.ErrManager) {
			t.Fatal(err)
		}
		if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "1>3"); !errors.Is(err, operator.ErrAhead) {
			t.Fatalf("without a manager: %v", err)
		}
		reopen()
		w.link.set(nil)
		// Version 1 turns out to exist, and is what is told.
		list, err := w.update(aliceToken, "alice", ptr(uint32(0)), "1>3")
		if err != nil || len(list) != 1 || len(list[0].Values) != 1 || string(list[0].Values[0]) != "1>2" {
			t.Fatalf("%+v %v", list, err)
		}
		w.refuses(ptr(uint32(1)), "1>3")
		w.takes(ptr(uint32(1)), "2>3")
		w.expect("alice", "0>1", "1>2", "2>3")
		policy.commitments(w, 0, 1, 2)
		w.signedOnce()
	}
}

// TestPolicyRepeated: an update that was admitted is sent again without a decision.
func TestPolicyRepeated(t *testing.T) {
	w, policy, _ := governed(t)
	w.link.cut(true)
	if _, err := w.update(aliceToken, "alice", nil, "0>1"); !errors.Is(err, operator.ErrManager) {
		t.Fatal(err)
	}
	w.link.set(nil)
	w.takes(nil, "0>1")
	w.takes(ptr(uint32(0)), "1>2")
	w.expect("alice", "0>1", "1>2")
	policy.commitments(w, 0, 1)
}

// TestPolicySkipped: what the manager refuses for good is skipped.
func TestPolicySkipped(t *testing.T) {
	w, policy, _ := governed(t)
	w.takes(nil, "0>1")
	w.link.set(func(q exchanged, send func() (*http.Response, error)) (*http.Response, error) {
		if q.path == "/v1/manager-update" && bytes.Contains(q.body, []byte("1>2")) {
			return &http.Response{
				StatusCode: http.StatusRequestEntityTooLarge, Status: "413", Header: http.Header{"Content-Type": {"application/problem+json"}},
				Body: io.NopCloser(strings.NewReader(`{"type":"urn:ghostlight:problem:too-large"}`)),
			}, nil
		}
		return send()
	})
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "1>2"); err == nil {
		t.Fatal("it was not refused")
	}
	w.takes(ptr(uint32(0)), "1>3")
	if policy.last.Commitment != (merkle.Hash{}) || policy.last.Age != 0 {
		t.Errorf("the version that is skipped: %+v", policy.last)
	}
	w.expect("alice", "0>1", "", "1>3")
	if policy.erased != 1 || policy.followed[1] != keytrans.SkippedCommitment {
		t.Errorf("%+v", policy)
	}
	w.takes(ptr(uint32(2)), "3>4")
}

// TestPolicyUnseen: an operator that gets a policy asks for what is there already.
func TestPolicyUnseen(t *testing.T) {
	w := newWorld(t)
	w.takes(nil, "any>1")
	w.takes(ptr(uint32(0)), "any>2", "any>3")
	policy := newChainPolicy()
	open := func(p directory.Policy) { w.open(func(c *operator.Config) { c.Policy = p }) }
	open(policy)
	w.refuses(ptr(uint32(2)), "any>4")
	w.takes(ptr(uint32(2)), "3>4")
	policy.commitments(w, 0, 1, 2, 3)
	// Once more, with an erased version in between.
	open(nil)
	w.takes(ptr(uint32(3)), "any>5")
	w.takes(ptr(uint32(4)), "any>6")
	_, err := w.manager.Erase(t.Context(), []byte("alice"), ptr(uint32(4)))
	fatalIfErr(t, err)
	open(policy)
	w.refuses(ptr(uint32(5)), "6>7")
	w.takes(ptr(uint32(5)), "4>7")
	if policy.erased != 2 { // the refused update stored nothing
		t.Errorf("%d versions without a value", policy.erased)
	}
	// The manager away.
	open(nil)
	w.takes(ptr(uint32(6)), "any>8")
	open(policy)
	w.link.cut(false)
	if _, err := w.update(aliceToken, "alice", ptr(uint32(7)), "8>9"); !errors.Is(err, operator.ErrManager) {
		t.Error(err)
	}
	w.link.set(nil)
	w.takes(ptr(uint32(7)), "8>9")
}

// TestPolicyAge: time counts from when the operator learned of a version.
func TestPolicyAge(t *testing.T) {
	w, policy, reopen := governed(t)
	w.takes(nil, "0>1")
	expect := func(want time.Duration) {
		t.Helper()
		w.refuses(ptr(uint32(0)), "x")
		if policy.last.Age != want {
			t.Errorf("%v, want %v", policy.last.Age, want)
		}
	}
	expect(0)
	w.clock.Add(1000)
	reopen()
	expect(time.Second)
	w.clock.Add(-5000)
	expect(0)
	w.clock.Add(5001)
	expect(1001 * time.Millisecond)
	w.refuses(ptr(uint32(0)), "1>2", "y")
	if policy.last.Age != 0 {
		t.Errorf("in one update: %v", policy.last.Age)
	}
}
