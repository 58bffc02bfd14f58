package client

import (
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// accountVersion is what a version says of the account key.
type accountVersion struct{ account.Version }

// readAccount reads what a version says of its label's account key. Extensions that
// make no sense make the version an unsigned one.
func readAccount(label string, v *roster.Version) accountVersion {
	switch {
	case v.Missing != "":
		return accountVersion{account.Missing(label, v.Number, v.Commitment)}
	case !v.KeySet:
		return accountVersion{account.Foreign(label, v.Number, v.Commitment)}
	}
	read, _ := account.Read(label, v.Number, v.Commitment, v.Set) // an error makes it unsigned
	return accountVersion{read}
}

// signsItself reports whether the version is signed by the account key that it names,
// so that who trusts the version need not know what came before.
func (a accountVersion) signsItself() bool {
	_, status := account.Follow(nil, a.Version)
	return status == account.Established || status == account.Unchecked
}

// followAccount decides for each version how it stands to the one before.
func (k *check) followAccount(f *facts) {
	var before *account.State
	for i := len(f.Versions) - 1; i >= 0; i-- {
		v := &f.Versions[i]
		state, status := account.Follow(before, f.accounts[i].Version)
		before = &state
		v.Account, v.Key = status, f.accounts[i].Key
	}
}
