package keyset

import (
	"fmt"
	"slices"
	"strings"
)

// Types of the extensions of a set. Package account says what they hold.
const (
	ExtensionAccountKey        uint16 = 1 // the key that signs the label's versions
	ExtensionAccountSignature  uint16 = 2 // its signature over this version
	ExtensionResetAnnouncement uint16 = 3 // a new account key, announced without the old one
)

// AttributePurpose is the type of the attribute that says what a key is for:
// one or more octets, each a Purpose, in strictly ascending order.
const AttributePurpose uint16 = 1

// A Purpose is one use that a key's owner means it for. It is the owner's
// word: nothing keeps a key from being used for something else. Values that
// this package does not know are kept.
type Purpose uint8

// The registry of purposes.
const (
	PurposeSigning        Purpose = 1 // signatures over documents, mail, code
	PurposeEncryption     Purpose = 2 // receives encrypted data
	PurposeAuthentication Purpose = 3 // logins
	PurposeMessaging      Purpose = 4 // identity key of a messaging device
)

var purposeNames = [...]string{
	PurposeSigning:        "signing",
	PurposeEncryption:     "encryption",
	PurposeAuthentication: "authentication",
	PurposeMessaging:      "messaging",
}

// String returns the purpose's name, or "purpose-N" for one it does not know.
func (p Purpose) String() string {
	if 0 < p && int(p) < len(purposeNames) {
		return purposeNames[p]
	}
	return fmt.Sprintf("purpose-%d", uint8(p))
}

// ParsePurpose returns the purpose of a name that String has in the registry.
func ParsePurpose(name string) (Purpose, error) {
	if p := slices.Index(purposeNames[:], name); p > 0 {
		return Purpose(p), nil
	}
	return 0, fmt.Errorf("%w: %q is not one of %s", errKey, name, strings.Join(purposeNames[1:], ", "))
}

// PurposeAttribute returns the attribute for these purposes, in any order.
// Requires at least one, and none that is 0.
func PurposeAttribute(purposes ...Purpose) Extension {
	var data []byte
	for _, p := range purposes {
		data = append(data, byte(p))
	}
	slices.Sort(data)
	return Extension{Type: AttributePurpose, Data: slices.Compact(data)}
}

// Purposes returns what the key's owner says it is for, in ascending order. It
// is nil if the key has no such attribute, and if that is malformed, which
// Check reports.
func (k Key) Purposes() []Purpose {
	data, ok := find(k.Attributes, AttributePurpose)
	if !ok || checkPurposes(data) != nil {
		return nil
	}
	var list []Purpose
	for _, p := range data {
		list = append(list, Purpose(p))
	}
	return list
}

func checkPurposes(data []byte) error {
	last := byte(0)
	for _, p := range data {
		if p <= last {
			return fmt.Errorf("%w: purposes are not in ascending order from 1", errKey)
		}
		last = p
	}
	if last == 0 {
		return fmt.Errorf("%w: a purpose attribute without a purpose", errKey)
	}
	return nil
}

// Extension returns the data of the set's extension of this type, and whether
// there is one. The data is not a copy.
func (s Set) Extension(typ uint16) ([]byte, bool) { return find(s.Extensions, typ) }

func find(exts []Extension, typ uint16) ([]byte, bool) {
	for _, e := range exts {
		if e.Type == typ {
			return e.Data, true
		}
	}
	return nil, false
}
