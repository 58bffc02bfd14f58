package accountpolicy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/accountpolicy"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// TestSkipped has a version be skipped, as an operator does: what its owner signed is not
// for the version that it gets. The refusal says so, and what it advises helps.
func TestSkipped(t *testing.T) {
	p := accountpolicy.Policy{ResetWait: wait}
	sign := func(version uint32, previous *[32]byte) []byte {
		set, err := account.Sign(keys("a"), account.Link{Label: label, Version: version, Previous: previous}, signer("one"), nil)
		fatalIfErr(t, err)
		value, err := set.Marshal()
		fatalIfErr(t, err)
		return value
	}
	propose := func(version uint32, value, state []byte, commitment byte) *directory.Proposal {
		v := &directory.Proposal{Label: []byte(label), Version: version, Value: value, State: state, Last: &directory.LastVersion{}}
		v.Commitment[0] = commitment
		return v
	}
	state, err := p.Admit(propose(0, sign(0, nil), nil, 1))
	fatalIfErr(t, err)
	after := sign(1, &[32]byte{1})
	_, err = p.Admit(propose(2, after, state, 0))
	if !errors.Is(err, directory.ErrPolicy) || !strings.Contains(err.Error(), "no version 1") || !strings.Contains(err.Error(), "this would be version 2") {
		t.Fatalf("%v", err)
	}
	// With the setting off, it becomes version 2, and is followed afterwards.
	skipped := propose(1, nil, state, 0)
	skipped.Erased = true
	state, err = p.Follow(skipped)
	fatalIfErr(t, err)
	state, err = p.Follow(propose(2, after, state, 3))
	fatalIfErr(t, err)
	if _, err = p.Admit(propose(3, mustMarshal(t, keys("b")), state, 4)); !errors.Is(err, directory.ErrPolicy) {
		t.Errorf("without a signature: %v", err)
	}
	_, err = p.Admit(propose(3, sign(3, &[32]byte{3}), state, 4))
	fatalIfErr(t, err)
}

func mustMarshal(t *testing.T, set keyset.Set) []byte {
	t.Helper()
	b, err := set.Marshal()
	fatalIfErr(t, err)
	return b
}
