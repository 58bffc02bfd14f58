package group

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/cryptobyte"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

// Is reports whether a value begins as a group does, so that it is not taken for
// a damaged key set.
func Is(value []byte) bool { return bytes.HasPrefix(value, []byte(magic)) }

// Parse decodes a group. It accepts only the one encoding, and checks no
// signature. The result does not alias data. The error wraps ErrVersion if data
// is a group in a newer format.
func Parse(data []byte) (Group, error) {
	if len(data) > MaxSize {
		return Group{}, fmt.Errorf("%w: %d bytes, at most %d", errMalformed, len(data), MaxSize)
	}
	s := cryptobyte.String(bytes.Clone(data))
	var head []byte
	var v uint16
	if !s.ReadBytes(&head, len(magic)) || string(head) != magic || !s.ReadUint16(&v) {
		return Group{}, fmt.Errorf("%w: does not begin with %q and a version", errMalformed, magic)
	}
	if v != version {
		return Group{}, fmt.Errorf("%w: %d", ErrVersion, v)
	}
	var g Group
	var actor, members, signature, byNew cryptobyte.String
	if !s.CopyBytes(g.Previous[:]) || !s.ReadUint8LengthPrefixed(&actor) || !s.ReadUint24LengthPrefixed(&members) ||
		!s.ReadUint8LengthPrefixed(&signature) || !s.ReadUint8LengthPrefixed(&byNew) || !s.Empty() {
		return Group{}, fmt.Errorf("%w: cut short, or with something after the end", errMalformed)
	}
	if signature.Empty() {
		return Group{}, fmt.Errorf("%w: no signature", errMalformed)
	}
	g.Actor, g.Signature, g.ByNewKey = string(actor), signature, byNew
	var err error
	if g.Members, err = parseMembers(members); err != nil {
		return Group{}, err
	}
	return g, g.check()
}

func parseMembers(s cryptobyte.String) ([]Member, error) {
	var members []Member
	for !s.Empty() {
		if len(members) == MaxMembers {
			return nil, fmt.Errorf("%w: more than %d members", errMalformed, MaxMembers)
		}
		var m Member
		var name, by, sig cryptobyte.String
		if !s.ReadUint8LengthPrefixed(&name) || !readKey(&s, &m.Key) || !s.ReadUint32(&m.AddedAt) ||
			!s.ReadUint8LengthPrefixed(&by) || !readKey(&s, &m.AdderKey) || !s.ReadUint8LengthPrefixed(&sig) {
			return nil, fmt.Errorf("%w: member %d is cut short", errMalformed, len(members))
		}
		m.Label, m.AddedBy, m.Addition = string(name), string(by), sig
		members = append(members, m)
	}
	return members, nil
}

func readKey(s *cryptobyte.String, k *account.Key) bool {
	var algorithm uint8
	var public cryptobyte.String
	if !s.ReadUint8(&algorithm) || !s.ReadUint8LengthPrefixed(&public) {
		return false
	}
	*k = account.Key{Algorithm: account.Algorithm(algorithm), Public: string(public)}
	return true
}
