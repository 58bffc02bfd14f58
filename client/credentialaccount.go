package client

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// refuseCredential returns why the version of a verified credential must not be handed
// out, as far as that follows from what is known of the label's account key. Nobody is
// asked for versions in between. s may be nil.
func (s *standing) refuseCredential(r *CredentialResult) error {
	if s == nil {
		return nil
	}
	v, _, _ := accountVersion(r.Label, r.Version, merkle.Hash{}, r.Bytes)
	if s.Key != nil && r.Version < s.Since && (v.Key == nil || *v.Key != *s.Key) {
		// What did not stand then is not retained; and the key of that time may have
		// been given up because it was stolen.
		e := fail(Undecided, stepAccount, fmt.Errorf("since version %d the label has another account key than in version %d, if that had one: its keys are refused", s.Since, r.Version))
		e.Hint = "ask the sender for a credential of the present version, or look the label up"
		return e
	}
	status := s.judgeAlone(v)
	if status.Stands() {
		return nil
	}
	if r.Version <= s.Version && announces(v, s.Key) && status == account.Unconnected {
		e := fail(Undecided, stepAccount, fmt.Errorf("version %d announces another account key, and what it has beside that cannot be held against the version before it: its keys are refused", r.Version))
		e.Hint = "ask the sender for a credential of the present version, or look the label up"
		return e
	}
	why := ErrUnsigned
	if status == account.Unconnected {
		why = ErrUnconnected
	}
	e := fail(Attention, stepAccount, fmt.Errorf("version %d is %w: its keys are refused", r.Version, why))
	e.Hint = "look the label up, which asks for the versions in between; if that refuses it, too, ask the owner by other means"
	return e
}

// judgeAlone decides what a version is of which the versions around it are not known,
// but for those that s is about.
func (s *standing) judgeAlone(v account.Version) account.Status {
	switch {
	case v.Number == s.Version:
		return s.Status
	case v.Number > s.Version:
		_, status := account.Follow(&s.State, v)
		return status
	case s.Key == nil || v.Number <= s.Since:
		return account.Unchecked // the account key was another one
	}
	// The account key is the same since.
	_, status := account.Follow(nil, v)
	switch {
	case v.Key == nil || *v.Key != *s.Key:
		return account.Unsigned
	case announces(v, s.Key) && v.Body != s.Body:
		return account.Unconnected // its keys are signed by nobody but in a version before it
	}
	return status
}

// announces reports whether a version names an account key, and announces another one:
// the one that it names has not signed it.
func announces(v account.Version, key *account.Key) bool {
	return v.Announced != nil && v.Key != nil && key != nil && *v.Key == *key
}
