package roster

import (
	"fmt"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// since is from when on the user has to hear of what happened to the account
// key: since the last verification, or, without one, since the window before
// the member was first seen.
func (s *subject) since() time.Time {
	if v := s.verified(); !v.IsZero() {
		return v
	}
	return s.Since(s.opt)
}

// verified is when the user last verified the member, zero if never. What came
// later by no more than clocks may differ is not held to have come after it.
func (s *subject) verified() time.Time {
	if s.VerifiedAt.IsZero() {
		return time.Time{}
	}
	return s.VerifiedAt.Add(Skew)
}

// reset finds versions with an account key that the one before did not sign.
func (s *subject) reset() {
	var last *account.Key
	for i, v := range s.t.versions {
		switch {
		case v.Account == account.Reset, v.Account == account.Unchecked && last != nil && v.Key != nil && *last != *v.Key && !v.Rotated:
			s.resetAt(i)
		case v.Account == account.Announced:
			s.announcedAt(i)
		}
		if v.Account.Stands() && v.Key != nil {
			last = v.Key
		}
	}
}

func (s *subject) resetAt(i int) {
	message := fmt.Sprintf("Version %d of the label has a new account key, which the one before did not sign.", s.t.versions[i].Number)
	at := []int{i}
	if i > 0 && s.t.versions[i-1].Account == account.Announced {
		at = []int{i - 1, i}
		message += fmt.Sprintf(" It was announced in version %d.", s.t.versions[i-1].Number)
	}
	switch s.t.created[i].after(s.since()) {
	case yes:
		s.find(IdentityReset, Error, nil, at, message)
	case maybe:
		s.ask(at)
		s.find(IdentityReset, Warning, nil, at, message+" Whether that was since you verified the member, or since shortly before you first saw them, is not proven.")
	}
}

// announcedAt is about an announcement that no reset has followed.
func (s *subject) announcedAt(i int) {
	number := s.t.versions[i].Number
	switch {
	case i == len(s.t.versions)-1:
		s.find(IdentityReset, Warning, nil, []int{i}, fmt.Sprintf("Version %d of the label announces a new account key. The reset may follow.", number))
	case s.t.versions[i+1].Account != account.Reset && s.t.created[i].after(s.since()) != no:
		s.find(IdentityReset, Note, nil, []int{i}, fmt.Sprintf("Version %d of the label announced a new account key. No reset followed.", number))
	}
}

// unsigned finds changes that the account key did not sign.
func (s *subject) unsigned() {
	at := s.fallen(account.Unsigned)
	if len(at) == 0 {
		return
	}
	message := "The label has an account key, which did not sign " + s.t.numbers(at) + "."
	if s.t.stoodAgain(at[len(at)-1]) < 0 {
		message += " No version since has it set right."
	}
	s.find(UnsignedChange, Error, s.t.brought(at), at, message)
}

// unconnected finds versions of which it is open whether they are such changes.
func (s *subject) unconnected() {
	if at := s.fallen(account.Unconnected); len(at) > 0 {
		s.find(CouldNotCheck, Warning, s.t.brought(at), at, "Another account key than the one before signed "+s.t.numbers(at)+", and whether that one agreed is in a version that could not be had.")
	}
}

// fallen returns the versions of a status that does not stand, if the user may
// have been shown them since the time from which that matters.
func (s *subject) fallen(status account.Status) (at []int) {
	for i, v := range s.t.versions {
		if v.Account != status {
			continue
		}
		end := s.t.stoodAgain(i)
		if end < 0 || s.t.created[end].after(s.since()) != no {
			at = append(at, i)
		}
		if end >= 0 && s.t.created[end].after(s.since()) == maybe {
			s.ask([]int{end})
		}
	}
	return at
}

// stoodAgain returns the first version after i whose keys may be used, or -1.
func (t *timeline) stoodAgain(i int) int {
	for j := i + 1; j < len(t.versions); j++ {
		if t.versions[j].Account.Stands() {
			return j
		}
	}
	return -1
}

// brought returns the keys that these versions have and the version before each
// did not.
func (t *timeline) brought(at []int) []keyset.Description {
	found := make(map[string]keyset.Description)
	for _, i := range at {
		if i == 0 || t.keys[i-1] == nil {
			continue
		}
		for id, d := range t.keys[i] {
			if _, was := t.keys[i-1][id]; !was {
				found[id] = d
			}
		}
	}
	var list []keyset.Description
	for _, id := range sortedKeys(found) {
		list = append(list, found[id])
	}
	return list
}

// numbers names versions for people: "versions 3, 4 and 7".
func (t *timeline) numbers(at []int) string {
	var numbers []string
	for _, i := range at {
		numbers = append(numbers, fmt.Sprint(t.versions[i].Number))
	}
	n := len(numbers)
	if n == 1 {
		return "version " + numbers[0]
	}
	return "versions " + strings.Join(numbers[:n-1], ", ") + " and " + numbers[n-1]
}
