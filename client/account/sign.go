package account

import (
	"crypto"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"golang.org/x/crypto/cryptobyte"
)

// A Link is the place of a version: its label, its number, and the commitment
// of the version before it, whatever that is; nil for version 0 only.
type Link struct {
	Label    string
	Version  uint32
	Previous *[HashSize]byte
}

func (l Link) check() error {
	if (l.Version == 0) != (l.Previous == nil) || l.Previous != nil && *l.Previous == [HashSize]byte{} {
		return fmt.Errorf("%w: version %d needs the commitment of the version before it, and version 0 none", errUsage, l.Version)
	}
	return nil
}

func (l Link) previous() Hash {
	if l.Previous == nil {
		return Hash{}
	}
	return *l.Previous
}

// Sign returns set with the account key of the signer by, and its signature for
// the place at link. Account extensions that set has already are replaced. If
// the version before has another account key, previous is that key's signer,
// which signs too, and nil otherwise. A reset that was announced is signed by
// the new key alone.
//
// Sign does not know the version before: whether the result stands is what
// Follow says of it.
func Sign(set keyset.Set, link Link, by, previous crypto.Signer) (keyset.Set, error) {
	if err := link.check(); err != nil {
		return keyset.Set{}, err
	}
	key, err := KeyOf(by)
	if err != nil {
		return keyset.Set{}, err
	}
	set = with(unsigned(set), keyset.ExtensionAccountKey, key.encode())
	body, err := Body(set)
	if err != nil {
		return keyset.Set{}, err
	}
	s := Statement{Kind: KindVersion, Label: link.Label, Version: link.Version, Previous: link.previous(), Body: body}
	var byPrevious []byte
	if previous != nil {
		if err := checkRotation(link, key, previous); err != nil {
			return keyset.Set{}, err
		}
		s.Kind = KindRotation
		if byPrevious, err = s.Sign(previous); err != nil {
			return keyset.Set{}, fmt.Errorf("with the account key of the version before: %w", err)
		}
	}
	signature, err := s.Sign(by)
	if err != nil {
		return keyset.Set{}, err
	}
	var b cryptobyte.Builder
	b.AddBytes(s.Previous[:])
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(signature) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(byPrevious) })
	return with(set, keyset.ExtensionAccountSignature, b.BytesOrPanic()), nil
}

func checkRotation(link Link, key Key, previous crypto.Signer) error {
	old, err := KeyOf(previous)
	if err != nil {
		return fmt.Errorf("the account key of the version before: %w", err)
	}
	if link.Version == 0 || old == key {
		return fmt.Errorf("%w: a rotation needs a version before, with another account key", errUsage)
	}
	return nil
}

// Announce returns set, which must be that of the last version that stood, with
// the announcement of newKey as its account key to be, for the place at link. A
// signature or an announcement that set has already is left out. The next
// version may be a Reset, signed with newKey.
func Announce(set keyset.Set, link Link, newKey crypto.Signer) (keyset.Set, error) {
	if err := link.check(); err != nil {
		return keyset.Set{}, err
	}
	key, err := KeyOf(newKey)
	if err != nil {
		return keyset.Set{}, err
	}
	set = unsigned(set)
	data, ok := set.Extension(keyset.ExtensionAccountKey)
	switch {
	case link.Version == 0 || !ok:
		return keyset.Set{}, fmt.Errorf("%w: there is no account key to reset; a key set can be signed with the new one at once", errUsage)
	case string(data) == string(key.encode()):
		return keyset.Set{}, fmt.Errorf("%w: the key to announce is the account key already", errUsage)
	}
	body, err := Body(set)
	if err != nil {
		return keyset.Set{}, err
	}
	s := Statement{
		Kind: KindAnnouncement, Label: link.Label, Version: link.Version,
		Previous: link.previous(), Body: body, Detail: key.encode(),
	}
	signature, err := s.Sign(newKey)
	if err != nil {
		return keyset.Set{}, err
	}
	var b cryptobyte.Builder
	b.AddBytes(s.Previous[:])
	key.add(&b)
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(signature) })
	return with(set, keyset.ExtensionResetAnnouncement, b.BytesOrPanic()), nil
}

// with returns set with an extension, in place of one of its type.
func with(set keyset.Set, typ uint16, data []byte) keyset.Set {
	exts := slices.DeleteFunc(slices.Clone(set.Extensions), func(e keyset.Extension) bool { return e.Type == typ })
	at, _ := slices.BinarySearchFunc(exts, typ, func(e keyset.Extension, t uint16) int { return int(e.Type) - int(t) })
	set.Extensions = slices.Insert(exts, at, keyset.Extension{Type: typ, Data: data})
	return set
}
