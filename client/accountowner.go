package client

import (
	"context"
	"crypto"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// ownAccount returns what the greatest version of a label that is being taken over
// amounts to, with those before it. If that version says nothing of an account key, or
// its value is not to be had, it is what was learned of those before.
func (s *session) ownAccount(ctx context.Context, label string) (*standing, error) {
	o := s.state.owners[label]
	greatest := o.monitor.Greatest()
	if greatest == nil || o.last == nil || o.last.version != *greatest {
		return o.account, nil
	}
	last, err := s.pastVersion(ctx, label, *greatest)
	if err != nil {
		return nil, err
	}
	if !last.says {
		return o.account, nil
	}
	chain, _, err := s.followTo(ctx, nil, last, nil)
	return chain, err
}

// followNext holds the version after the greatest one known against the account key,
// and returns what it says of that.
func (o *owner) followNext(label string, v *seen, value []byte) account.Version {
	read, says, _ := accountVersion(label, v.version, v.commitment, value)
	switch {
	case o.account != nil:
		o.account = o.account.follow(read)
	case says && o.last != nil && o.last.version+1 == v.version:
		// That one said nothing of an account key.
		before := account.Foreign(label, o.last.version, o.last.commitment)
		o.account = (*standing)(nil).follow(before).follow(read)
	case says:
		o.account = (*standing)(nil).follow(read)
	}
	return read
}

// unexpected returns what is to be told of an unexpected version. s may be nil.
func (s *standing) unexpected() *AccountStatus {
	if s == nil {
		return nil
	}
	return s.describe(nil)
}

// is reports whether a version is one that was sent: the same bytes, or the same signed
// by the same account key, so that nobody else can have made it. s is as of the version.
func (p Pending) is(v Value, read account.Version, s *standing) bool {
	switch {
	case p.Group != nil:
		return false // see isGroup
	case p.Body == nil:
		return p.ValueSHA256 == v.SHA256
	case s == nil || s.Version != read.Number || read.Body != *p.Body:
		return false
	case p.Announced:
		return s.Status == account.Announced && *read.Announced == *p.Key
	}
	return s.Status.Stands() && s.Status != account.Announced && read.Key != nil && *read.Key == *p.Key
}

// same reports whether p and q are one thing to publish.
func (p Pending) same(q Pending) bool {
	if p.Group != nil || q.Group != nil {
		return p.Group != nil && q.Group != nil && *p.Group == *q.Group
	}
	if p.Body == nil || q.Body == nil {
		return p.Body == nil && q.Body == nil && p.ValueSHA256 == q.ValueSHA256
	}
	return *p.Body == *q.Body && *p.Key == *q.Key && p.Announced == q.Announced
}

// has reports whether the greatest version is what is to be published. s may be nil.
func (s *standing) has(content Pending) bool {
	switch {
	case s == nil || s.Version != s.Stood || s.Body != *content.Body:
		return false
	case content.Announced:
		return s.Announced != nil && *s.Announced == *content.Key
	}
	return s.Announced == nil && s.Key != nil && *s.Key == *content.Key
}

// signing is what account keys have to do with a publication. The zero signing is
// nothing.
type signing struct {
	by, previous crypto.Signer
	// announce is the account key that is to be.
	announce crypto.Signer
}

const stepSigning = "signing with the account key"

// content returns what is to be published, as it is known while its fate is not.
func (g signing) content(value []byte) (Pending, error) {
	signer := g.by
	if g.announce != nil {
		signer = g.announce
	}
	if signer == nil {
		return Pending{ValueSHA256: hashHex(value)}, nil
	}
	key, err := account.KeyOf(signer)
	if err != nil {
		return Pending{}, usage("the account key: %w", err)
	}
	set, err := keyset.Parse(value)
	if err != nil {
		return Pending{}, usage("an account key signs key sets only: %w", err)
	}
	p := Pending{Key: &key, Announced: g.announce != nil}
	var body account.Hash
	if p.Announced {
		body, err = account.Body(set)
	} else {
		body, err = account.BodySignedBy(set, key)
	}
	if err != nil {
		return Pending{}, usage("the key set: %w", err)
	}
	p.Body = &body
	return p, nil
}

// sign returns the value for the place after the greatest version that o knows.
func (g signing) sign(label string, value []byte, o *owner) ([]byte, error) {
	if g.by == nil && g.announce == nil {
		return value, nil
	}
	set, err := keyset.Parse(value)
	if err != nil {
		return nil, usage("an account key signs key sets only: %w", err)
	}
	link := account.Link{Label: label}
	if greatest := o.monitor.Greatest(); greatest != nil {
		commitment := o.commitment(*greatest)
		if commitment == (merkle.Hash{}) {
			e := fail(Undecided, stepSigning, fmt.Errorf("the commitment to version %d is not known, after which the new one would be signed", *greatest))
			e.Hint = "if its value was erased, publish once without account key, or take the label over again with: kt own LABEL --anew"
			return nil, e
		}
		link.Version, link.Previous = *greatest+1, (*[account.HashSize]byte)(&commitment)
	}
	if g.announce != nil {
		set, err = account.Announce(set, link, g.announce)
	} else {
		set, err = account.Sign(set, link, g.by, g.previous)
	}
	if err == nil {
		value, err = set.Marshal()
	}
	if err != nil {
		return nil, fail(Operational, stepSigning, err)
	}
	return value, nil
}

// commitment returns the commitment to the greatest version, zero if it is not known.
func (o *owner) commitment(greatest uint32) merkle.Hash {
	if key := o.monitor.Keys[greatest]; key.Commitment != nil {
		return *key.Commitment
	}
	if o.last != nil && o.last.version == greatest {
		return o.last.commitment
	}
	return merkle.Hash{}
}

// permit checks that a version that is signed like this would stand after what o knows.
func (g signing) permit(o *owner) error {
	if g.announce != nil || o.account == nil || o.account.Key == nil {
		return g.permitFirst()
	}
	if g.by == nil {
		e := usage("the label has an account key, and contacts refuse versions that it did not sign")
		e.Hint = "sign it: kt publish --account-key FILE. If the key is lost: kt account reset LABEL --new-account-key FILE"
		return e
	}
	by, err := account.KeyOf(g.by)
	if err != nil {
		return usage("the account key: %w", err)
	}
	has, announced := *o.account.Key, o.account.Announced
	switch {
	case by == has && g.previous == nil:
		return nil
	case by == has:
		return usage("this is the label's account key already")
	case g.previous == nil && announced != nil && by == *announced:
		return nil // a reset
	case g.previous == nil:
		e := usage("the label's account key is %v since version %d, and this is %v", has, o.account.Since, by)
		e.Hint = "to change the account key: kt account rotate LABEL, with the old one, or kt account reset LABEL without"
		return e
	}
	previous, err := account.KeyOf(g.previous)
	if err != nil {
		return usage("the old account key: %w", err)
	}
	if previous != has {
		return usage("the label's account key is %v, and the old one that was given is %v", has, previous)
	}
	return nil
}

// permitFirst is permit for a label without an account key, and for announcements.
func (g signing) permitFirst() error {
	if g.previous != nil {
		return usage("the label has no account key that could sign its successor")
	}
	return nil
}
