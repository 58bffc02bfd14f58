package account

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"golang.org/x/crypto/cryptobyte"
)

// A Version is what one version of a label says of the account key, by itself.
// Whether that is so is decided by Follow, against the versions before.
type Version struct {
	Label      string
	Number     uint32
	Commitment Hash // zero if it is not known
	// Key is the account key that the version names, nil if none.
	Key *Key
	// Announced is the key that the version announces, nil if none.
	Announced *Key
	// Body is the hash of the key set without signatures: see Body. It is zero if
	// the value is not a key set, or not known.
	Body Hash

	form       form
	previous   Hash   // as the version's signature names it
	signature  []byte // by Key, or by Announced
	byPrevious []byte
}

// form is what sort of value a version has.
type form uint8

const (
	formMissing   form = iota // not known
	formBare                  // neither a key nor a signature
	formSigned                // a key and a signature, or two
	formAnnounced             // a key, and the announcement of another
	formBroken                // account extensions that make no sense, or a key without a signature
)

// Body returns the hash of what an account key signs of a set: the SHA-256 of
// its encoding without the signature and the announcement. Two sets with one
// body say the same, and have the same account key; they may differ in who
// signed it.
func Body(set keyset.Set) (Hash, error) {
	value, err := unsigned(set).Marshal()
	if err != nil {
		return Hash{}, err
	}
	return sha256.Sum256(value), nil
}

// unsigned returns set without signature and announcement.
func unsigned(set keyset.Set) keyset.Set {
	set.Extensions = slices.DeleteFunc(slices.Clone(set.Extensions), func(e keyset.Extension) bool {
		return e.Type == keyset.ExtensionAccountSignature || e.Type == keyset.ExtensionResetAnnouncement
	})
	return set
}

// Missing returns a version whose value is not known: it was erased, or not
// asked for. The commitment is zero if it is not known either. A value that is
// there and cannot be read is Foreign: who could make a version count as missing
// by writing nonsense would break the chain at will.
func Missing(label string, number uint32, commitment [HashSize]byte) Version {
	return Version{Label: label, Number: number, Commitment: commitment}
}

// Foreign returns a version whose value is not a key set, or not of a version
// that package keyset knows. It has no account key.
func Foreign(label string, number uint32, commitment [HashSize]byte) Version {
	return Version{Label: label, Number: number, Commitment: commitment, form: formBare}
}

// Read takes from a key set, the value of one version, what it says of the
// account key. The error says what is wrong with the set's account extensions;
// it wraps ErrAlgorithm if they are of an algorithm that this package does not
// know. The version that comes with an error can be given to Follow, for which
// it is Unsigned.
func Read(label string, number uint32, commitment [HashSize]byte, set keyset.Set) (Version, error) {
	v := Version{Label: label, Number: number, Commitment: commitment, form: formBroken}
	var err error
	if v.Body, err = Body(set); err != nil {
		return v, err
	}
	key, hasKey := set.Extension(keyset.ExtensionAccountKey)
	signature, hasSignature := set.Extension(keyset.ExtensionAccountSignature)
	announcement, hasAnnouncement := set.Extension(keyset.ExtensionResetAnnouncement)
	switch {
	case !hasKey && !hasSignature && !hasAnnouncement:
		v.form = formBare
		return v, nil
	case !hasKey:
		return v, fmt.Errorf("%w: a signature or an announcement without an account key", errMalformed)
	case hasSignature && hasAnnouncement:
		return v, fmt.Errorf("%w: a signature and an announcement in one version", errMalformed)
	}
	if v.Key, err = parseKey(key); err != nil {
		return v, err
	}
	switch {
	case hasSignature:
		err = v.readSignature(signature)
	case hasAnnouncement:
		err = v.readAnnouncement(announcement)
	}
	return v, err
}

func parseKey(data []byte) (*Key, error) {
	s := cryptobyte.String(data)
	k, err := readKey(&s)
	if err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, fmt.Errorf("%w: %d bytes after the account key", errMalformed, len(s))
	}
	return &k, nil
}

func (v *Version) readSignature(data []byte) error {
	s := cryptobyte.String(data)
	var signature, byPrevious cryptobyte.String
	if !s.CopyBytes(v.previous[:]) || !s.ReadUint8LengthPrefixed(&signature) || signature.Empty() ||
		!s.ReadUint8LengthPrefixed(&byPrevious) || !s.Empty() {
		return fmt.Errorf("%w account signature", errMalformed)
	}
	if err := v.checkPrevious(); err != nil {
		return err
	}
	if v.Number == 0 && !byPrevious.Empty() {
		return fmt.Errorf("%w: version 0 is signed by the key of a version before it", errMalformed)
	}
	v.form, v.signature, v.byPrevious = formSigned, signature, byPrevious
	return nil
}

func (v *Version) readAnnouncement(data []byte) error {
	s := cryptobyte.String(data)
	if !s.CopyBytes(v.previous[:]) {
		return fmt.Errorf("%w reset announcement", errMalformed)
	}
	key, err := readKey(&s)
	if err != nil {
		return err
	}
	var signature cryptobyte.String
	switch {
	case !s.ReadUint8LengthPrefixed(&signature) || signature.Empty() || !s.Empty():
		return fmt.Errorf("%w reset announcement", errMalformed)
	case v.Number == 0:
		return fmt.Errorf("%w: version 0 announces a reset", errMalformed)
	case key == *v.Key:
		return fmt.Errorf("%w: the announced key is the account key", errMalformed)
	}
	if err := v.checkPrevious(); err != nil {
		return err
	}
	v.form, v.signature, v.Announced = formAnnounced, signature, &key
	return nil
}

// checkPrevious checks that version 0, and no other, has nothing before it.
func (v *Version) checkPrevious() error {
	if (v.Number == 0) != (v.previous == Hash{}) {
		return fmt.Errorf("%w: version %d names the version before it wrongly", errMalformed, v.Number)
	}
	return nil
}

// statement returns what the version's signatures are over.
func (v *Version) statement() Statement {
	s := Statement{Kind: KindVersion, Label: v.Label, Version: v.Number, Previous: v.previous, Body: v.Body}
	switch {
	case v.Announced != nil:
		s.Kind, s.Detail = KindAnnouncement, v.Announced.encode()
	case len(v.byPrevious) > 0:
		s.Kind = KindRotation
	}
	return s
}
