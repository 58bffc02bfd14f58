package client

import (
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// readAccount reads what a version says of its label's account key. Extensions that
// make no sense make the version an unsigned one.
func readAccount(label string, v *roster.Version) account.Version {
	switch {
	case v.Missing != "":
		return account.Missing(label, v.Number, v.Commitment)
	case !v.KeySet:
		return account.Foreign(label, v.Number, v.Commitment)
	}
	read, _ := account.Read(label, v.Number, v.Commitment, v.Set) // an error makes it unsigned
	return read
}

// knows reports whether the account key of the label was followed, by an earlier
// lookup, up to the oldest version that is there, or to the one before it; or that it
// has none, from the first version on.
func (f *facts) knows() bool {
	if f.known == nil || f.known.next() < uint64(f.oldest().Number) {
		return false
	}
	return f.known.Key != nil || f.known.From == 0 && !f.known.Incomplete
}

// followAccount decides for each version how it stands to the one before, from what
// lookups retained of the label's account key on. A version that they refused is
// refused here, too, whatever the versions here say by themselves: those may not go
// back to the one that brought the key.
func (k *check) followAccount(f *facts) {
	if len(f.Versions) == 0 {
		return
	}
	var before *account.State
	if f.known != nil && f.known.Version < f.oldest().Number {
		before = &f.known.State
		f.knewBefore(k.state.contactOf(f.Label).seen)
	}
	for i := len(f.Versions) - 1; i >= 0; i-- {
		v := &f.Versions[i]
		if f.known != nil && v.Number == f.known.Version+1 {
			before = &f.known.State
		}
		before = f.known.recall(before, v.Number)
		state, status := account.Follow(before, f.accounts[i])
		if f.known.overrides(v.Number, status) {
			state, status = f.known.State, f.known.Status
		}
		v.Account, v.Key = status, f.accounts[i].Key
		v.Rotated = status.Stands() && before != nil && before.Key != nil && f.accounts[i].RotatedFrom(*before.Key)
		before = &state
	}
	f.believed = before.From
}

// lookedUp returns the newest version that the user has looked up, 0 if none.
func (f *facts) lookedUp() (version uint32) {
	if f.seen != nil {
		version = f.seen.version
	}
	if f.known != nil {
		version = max(version, f.known.Version)
	}
	return version
}

// unfollowed reports whether the account key of the newest version, or that it has
// none, has to be believed, because versions before were not looked at or their values
// are kept back. The user decides that with a lookup. What the log has given up is not
// held against anybody.
func (f *facts) unfollowed() bool {
	withheld := slices.ContainsFunc(f.Versions, func(v roster.Version) bool { return v.Missing != "" && v.Missing != missingExpired })
	switch {
	case withheld && f.known.key() == nil && f.believed > f.lookedUp():
		return true
	case f.seen != nil && f.seen.version+1 >= f.oldest().Number:
		return false
	}
	return f.believed > 0 && !f.knows() && (withheld || !f.Complete)
}

// overrides reports whether s, rather than a status that was found out now, says what a
// version is: because it does not stand, or the user has accepted it. s may be nil.
func (s *standing) overrides(version uint32, status account.Status) bool {
	if s == nil || s.Version != version || s.Status == account.Unknown {
		return false
	}
	return !s.Status.Stands() || status == account.Unconnected
}

// knewBefore notes that the account key of the oldest version stood when the label was
// last looked up.
func (f *facts) knewBefore(last *seen) {
	key := f.accounts[len(f.accounts)-1].Key
	if last == nil || key == nil || f.known.Key == nil || *key != *f.known.Key {
		return
	}
	f.Before = &roster.Before{Version: f.known.Since, Key: *key, NotAfter: last.at}
}

// oldest returns the oldest version that is there. Requires that there is one.
func (f *facts) oldest() *roster.Version { return &f.Versions[len(f.Versions)-1] }
