package account

import "github.com/ghostlight-kt/ghostlight/client/keyset"

// BodySignedBy returns the Body that set will have when key has signed it: of what is
// about to be published, it is known before the place is, and does not depend on the
// signature.
func BodySignedBy(set keyset.Set, key Key) (Hash, error) {
	if err := key.Check(); err != nil {
		return Hash{}, err
	}
	return Body(with(set, keyset.ExtensionAccountKey, key.encode()))
}
