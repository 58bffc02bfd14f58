package instance

import (
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/accountpolicy"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// AccountKeys says what an instance does about versions that the account key of
// their label did not sign. It implements pflag.Value and encoding.TextUnmarshaler.
type AccountKeys string

// What an instance does.
const (
	AccountKeysEnforce AccountKeys = "enforce" // they are refused
	AccountKeysOff     AccountKeys = "off"     // they are versions like all others
)

// DefaultResetWait is the time from the announcement of another account key to its
// reset, unless the configuration says otherwise.
const DefaultResetWait = Duration(72 * time.Hour)

// String returns the word.
func (a *AccountKeys) String() string { return string(*a) }

// Set parses the word.
func (a *AccountKeys) Set(s string) error {
	switch v := AccountKeys(s); v {
	case AccountKeysEnforce, AccountKeysOff:
		*a = v
		return nil
	}
	return fmt.Errorf("account_keys: %q is not known; it is %s or %s", s, AccountKeysEnforce, AccountKeysOff)
}

// Type names the kind of value.
func (a *AccountKeys) Type() string { return "rule" }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *AccountKeys) UnmarshalText(text []byte) error { return a.Set(string(text)) }

// policyOf returns the policy of an instance, nil if it has none.
func policyOf(a AccountKeys, wait Duration) directory.Policy {
	if a != AccountKeysEnforce {
		return nil
	}
	return accountpolicy.Policy{ResetWait: time.Duration(wait)}
}
