package group

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/label"
)

const (
	magic   = "GLGR"
	version = 1
)

// A Member is one member of a group.
type Member struct {
	Label string      `json:"label"` // normalised
	Key   account.Key `json:"account_key"`
	// AddedAt is the version of the group that added them, AddedBy the member
	// who did, AdderKey that member's key then, and Addition its signature.
	AddedAt  uint32      `json:"added_at"`
	AddedBy  string      `json:"added_by"`
	AdderKey account.Key `json:"adder_key"`
	Addition []byte      `json:"addition"`
}

// A Group is the decoded value of one version of a group's label.
type Group struct {
	Previous account.Hash // commitment of the version before
	Actor    string       // label of who made this version
	Members  []Member     // by label
	// Signature is the actor's, and ByNewKey that of their new key, if this
	// version gives them one.
	Signature []byte
	ByNewKey  []byte
}

// find returns the member with a label, or nil.
func find(members []Member, name string) *Member {
	i, ok := slices.BinarySearchFunc(members, name, func(m Member, l string) int { return strings.Compare(m.Label, l) })
	if !ok {
		return nil
	}
	return &members[i]
}

// equal reports whether two entries are the same, except for the key that the
// member acts with.
func (m Member) equal(other Member) bool {
	return m.Label == other.Label && m.AddedAt == other.AddedAt && m.AddedBy == other.AddedBy &&
		m.AdderKey == other.AdderKey && string(m.Addition) == string(other.Addition)
}

// addition returns what the adder of a member signs: who was added, to which
// group, in which version. The key that the member acts with may change; it is
// covered by the signature of each version.
func addition(group string, at uint32, member string) account.Statement {
	return account.Statement{Kind: account.KindAddition, Label: group, Version: at, Body: sha256.Sum256([]byte(member))}
}

// statement returns what a version's signatures are over.
func (g Group) statement(name string, number uint32) (account.Statement, error) {
	signed, err := g.encode(false)
	if err != nil {
		return account.Statement{}, err
	}
	return account.Statement{
		Kind: account.KindGroup, Label: name, Version: number, Previous: g.Previous, Body: sha256.Sum256(signed),
	}, nil
}

// Marshal encodes g. Requires what Parse does: members sorted by label, and
// everything within the limits.
func (g Group) Marshal() ([]byte, error) { return g.encode(true) }

// encode encodes g, with its signatures or without.
func (g Group) encode(signatures bool) ([]byte, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	data, err := g.build(signatures)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %v", errMalformed, err)
	case len(data) > MaxSize:
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errMalformed, len(data), MaxSize)
	}
	return data, nil
}

func (g Group) build(signatures bool) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddBytes([]byte(magic))
	b.AddUint16(version)
	b.AddBytes(g.Previous[:])
	addShort(&b, g.Actor)
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, m := range g.Members {
			m.add(b)
		}
	})
	if signatures {
		addShort(&b, string(g.Signature))
		addShort(&b, string(g.ByNewKey))
	}
	return b.Bytes()
}

func (m Member) add(b *cryptobyte.Builder) {
	addShort(b, m.Label)
	addKey(b, m.Key)
	b.AddUint32(m.AddedAt)
	addShort(b, m.AddedBy)
	addKey(b, m.AdderKey)
	addShort(b, string(m.Addition))
}

func addKey(b *cryptobyte.Builder, k account.Key) {
	b.AddUint8(uint8(k.Algorithm))
	addShort(b, k.Public)
}

func addShort(b *cryptobyte.Builder, s string) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
}

// check checks what holds for every group, signed or not.
func (g Group) check() error {
	if len(g.Members) == 0 || len(g.Members) > MaxMembers {
		return fmt.Errorf("%w: %d members, not 1 to %d", errMalformed, len(g.Members), MaxMembers)
	}
	if err := checkLabel(g.Actor); err != nil {
		return err
	}
	checked := map[account.Key]bool{}
	for i, m := range g.Members {
		if i > 0 && g.Members[i-1].Label >= m.Label {
			return fmt.Errorf("%w: member %d is not in order, or there twice", errMalformed, i)
		}
		if err := m.check(checked); err != nil {
			return fmt.Errorf("member %d: %w", i, err)
		}
	}
	return nil
}

func (m Member) check(checked map[account.Key]bool) error {
	for _, name := range []string{m.Label, m.AddedBy} {
		if err := checkLabel(name); err != nil {
			return err
		}
	}
	for _, k := range []account.Key{m.Key, m.AdderKey} {
		if checked[k] {
			continue
		}
		if err := k.Check(); err != nil {
			return err
		}
		checked[k] = true
	}
	if len(m.Addition) == 0 {
		return fmt.Errorf("%w: an addition without a signature", errMalformed)
	}
	return nil
}

// checkLabel requires a label in the one form in which a directory knows it: else
// one person could be two members.
func checkLabel(name string) error {
	normal, err := label.Normalize(name)
	if err != nil {
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	if normal != name {
		return fmt.Errorf("%w: a label that is not normalised", errMalformed)
	}
	return nil
}
