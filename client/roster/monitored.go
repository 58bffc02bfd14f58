package roster

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/count"
)

// attestationLife is how old an attestation may be: owners monitor once a day,
// and may miss one.
const attestationLife = 48 * time.Hour

// monitored looks for a sign that the label's owner monitors it, and holds what
// the owner says to have been shown against what was proven here.
func (s *subject) monitored() {
	if s.me {
		return
	}
	newest := []int{len(s.t.versions) - 1}
	a, err := s.attestation()
	if err != nil {
		s.find(Unmonitored, Note, nil, newest, "Nothing shows that the owner of the label monitors it: "+err.Error()+".")
		return
	}
	if contradiction := s.contradicts(a); contradiction != "" {
		s.find(CouldNotCheck, Warning, nil, newest, "The owner of the label attests to something else than was proven here: "+contradiction+".")
		return
	}
	switch age := s.opt.Now.Sub(a.Time); {
	case age > attestationLife:
		s.find(Unmonitored, Note, nil, newest, "Nothing shows that the owner of the label monitors it: the attestation is of "+stamp(a.Time)+".")
	case age < -Skew:
		s.find(Unmonitored, Note, nil, newest, "Nothing shows that the owner of the label monitors it: the attestation is of "+stamp(a.Time)+", which has not come yet.")
	}
}

var (
	errNoAttestation = errors.New("the app has no attestation")
	errNoAccountKey  = errors.New("the label has no account key to attest with")
	errAttestation   = errors.New("the attestation is not signed by an account key of the label")
)

// attestation verifies the member's attestation under the account key of the
// version that it names.
func (s *subject) attestation() (account.Attestation, error) {
	tried := make(map[account.Key]bool)
	for i := len(s.t.versions) - 1; i >= 0; i-- {
		v := s.t.versions[i]
		if v.Key == nil || !v.Account.Stands() || tried[*v.Key] {
			continue
		}
		tried[*v.Key] = true
		a, err := account.VerifyAttestation(s.Label, *v.Key, s.Attestation)
		if err == nil && s.t.keyOf(a.Version, *v.Key) {
			return a, nil
		}
	}
	switch {
	case len(tried) == 0:
		return account.Attestation{}, errNoAccountKey
	case s.Attestation == "":
		return account.Attestation{}, errNoAttestation
	}
	return account.Attestation{}, errAttestation
}

// keyOf reports whether key is the account key of a version, as far as that is
// known. A version later than the newest known can have no other key than that.
func (t *timeline) keyOf(version uint32, key account.Key) bool {
	if v := t.numbered(version); v != nil {
		return v.Key != nil && *v.Key == key
	}
	if version > t.newest().Number {
		return t.newest().Key != nil && *t.newest().Key == key
	}
	return true
}

// numbered returns the version of a number, nil if it was not proven.
func (t *timeline) numbered(version uint32) *Version {
	first := t.versions[0].Number
	if version < first || version-first >= uint32(len(t.versions)) {
		return nil
	}
	return t.versions[version-first]
}

// contradicts tells how what the owner was shown differs from what was proven
// here. Empty: it does not.
func (s *subject) contradicts(a account.Attestation) string {
	newest, head := s.t.newest(), s.h.Head
	v := s.t.numbered(a.Version)
	switch {
	case a.TreeSize == head.TreeSize && hex.EncodeToString(a.Root[:]) != head.Root:
		return "another log of " + count.Of(a.TreeSize, "entry", "entries")
	case v != nil && v.Commitment != a.Commitment:
		return fmt.Sprintf("another version %d", a.Version)
	case a.Version > newest.Number && a.TreeSize <= head.TreeSize:
		return fmt.Sprintf("version %d in a log of %s, where version %d was proven to be the greatest in one of %d", a.Version, count.Of(a.TreeSize, "entry", "entries"), newest.Number, head.TreeSize)
	case a.Version > newest.Number:
		return fmt.Sprintf("version %d in a longer log than was shown here", a.Version)
	case a.Version < newest.Number && newest.LogEntry < a.TreeSize:
		return fmt.Sprintf("version %d as the greatest in a log of %s, although entry %d has version %d", a.Version, count.Of(a.TreeSize, "entry", "entries"), newest.LogEntry, newest.Number)
	}
	return ""
}
