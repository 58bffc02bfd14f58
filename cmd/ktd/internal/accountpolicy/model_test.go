package accountpolicy_test

import (
	"crypto"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/accountpolicy"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// model is what a client knows who has seen every version of the label.
type model struct {
	*world
	random *rand.Rand
	state  *account.State
	stood  keyset.Set // the set of the last version
	made   time.Time  // when that was
	did    map[string]int
}

// TestModel publishes at random, by owners, thieves and people who make mistakes.
// The directory admits what stands for a client who has followed all versions, after
// the waiting time, and nothing else, whatever was erased and however often it was
// started in between.
func TestModel(t *testing.T) {
	did := make(map[string]int)
	for seed := range uint64(12) {
		m := &model{world: newWorld(t, accountpolicy.Policy{ResetWait: wait}), random: rand.New(rand.NewPCG(seed, 1)), did: did}
		for range 120 {
			m.step()
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
	t.Log(did)
	for _, want := range []account.Status{account.Established, account.Signed, account.Rotated, account.Announced, account.Reset} {
		if did["admitted "+string(want)] == 0 {
			t.Errorf("no version was %q", want)
		}
	}
	if did["refused "+string(account.Unsigned)] == 0 || did["too early"] == 0 || did["outdated"] == 0 {
		t.Error("too little was refused")
	}
}

func (m *model) step() {
	switch m.random.IntN(10) {
	case 0:
		m.reopen(accountpolicy.Policy{ResetWait: wait})
	case 1:
		if m.greatest != nil {
			_, err := m.Erase(m.t.Context(), []byte(label), nil)
			fatalIfErr(m.t, err)
		}
	case 2:
		m.pass(wait / 2)
	default:
		set := m.propose()
		m.try(set)
		if m.random.IntN(4) == 0 { // once more, for a place that is taken if it was admitted
			m.try(set)
			m.did["outdated"]++
		}
	}
}

// propose returns a key set with some signature or other, mostly one that could be
// good.
func (m *model) propose() keyset.Set {
	pick := func() crypto.Signer { return signer(fmt.Sprint(m.random.IntN(3))) }
	holder := pick()
	if m.state != nil && m.state.Key != nil {
		for i := range 3 {
			s := signer(fmt.Sprint(i))
			if k, err := account.KeyOf(s); err == nil && k == *m.state.Key {
				holder = s
			}
		}
	}
	set := keys(fmt.Sprint(m.random.IntN(3)))
	var signed keyset.Set
	err := errors.New("not signed")
	switch m.random.IntN(6) {
	case 0:
		signed, err = account.Sign(set, m.link(), pick(), nil)
	case 1:
		signed, err = account.Sign(set, m.link(), pick(), holder)
	case 2:
		signed, err = account.Announce(m.stood, m.link(), pick())
	case 3:
		signed, err = account.Sign(set, m.link(), holder, nil)
	case 4:
		if m.state != nil && m.state.Announced != nil {
			m.pass(time.Duration(m.random.Int64N(int64(2 * wait))))
			for i := range 3 {
				s := signer(fmt.Sprint(i))
				if k, err := account.KeyOf(s); err == nil && k == *m.state.Announced {
					holder = s
				}
			}
			signed, err = account.Sign(set, m.link(), holder, nil)
		}
	}
	if err != nil {
		return set // without a signature
	}
	return signed
}

// try publishes a set, and holds the outcome against what a client makes of it.
func (m *model) try(set keyset.Set) {
	m.t.Helper()
	link := m.link()
	value := m.marshal(set, nil)
	commitment := account.Hash{1} // of no effect on the status
	version, malformed := account.Read(label, link.Version, commitment, set)
	_, status := account.Follow(m.state, version)
	age := m.cfg.Now().Sub(m.made)
	err := m.send(value)
	switch {
	case malformed == nil && status.Stands() && !(status == account.Reset && age < wait):
		if err != nil {
			m.t.Fatalf("version %d, %q after %v: %v", link.Version, status, age, err)
		}
		version.Commitment = *m.previous
		state, _ := account.Follow(m.state, version)
		m.state, m.stood, m.made = &state, set, m.cfg.Now()
		m.did["admitted "+string(status)]++
	case !errors.Is(err, directory.ErrPolicy):
		m.t.Fatalf("version %d, %q after %v: %v", link.Version, status, age, err)
	case status == account.Reset:
		m.did["too early"]++
	default:
		m.did["refused "+string(status)]++
	}
	if !slices.Contains([]account.Status{account.None, account.Unsigned}, status) && malformed != nil {
		m.t.Errorf("%q, though it is not understood: %v", status, malformed)
	}
}
