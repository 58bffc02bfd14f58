package mls

import (
	"bytes"
	"fmt"
)

// A GroupContext is what the members of a group agree on in an epoch (RFC 9420,
// Section 8.1).
type GroupContext struct {
	CipherSuite             CipherSuite
	GroupID                 []byte
	Epoch                   uint64
	TreeHash                []byte
	ConfirmedTranscriptHash []byte
	Extensions              []Extension
}

// A GroupInfo is what a member hands to those who join (RFC 9420, Section 12.4.3).
type GroupInfo struct {
	Context         GroupContext
	Extensions      []Extension
	ConfirmationTag []byte
	Signer          uint32 // the leaf index of who signed
	Signature       []byte

	// Tree is the one of the ratchet_tree extension, or nil without one. An
	// application that hands out trees apart sets it: Verify finds out
	// whether it is the right one.
	Tree *RatchetTree

	signed []byte
}

// ParseGroupInfo parses a GroupInfo that is in no MLSMessage, and the ratchet
// tree in its extension; Parse takes either. It does not verify it.
func ParseGroupInfo(data []byte) (*GroupInfo, error) {
	r, err := newReader(data)
	if err != nil {
		return nil, err
	}
	g := readGroupInfo(r)
	if err := r.end(); err != nil {
		return nil, err
	}
	tree, ok := findExtension(g.Extensions, ExtensionRatchetTree)
	if !ok {
		return g, nil
	}
	// The data was copied and is within MaxSize already.
	in := &reader{rest: tree}
	g.Tree = readRatchetTree(in)
	if err := in.end(); err != nil {
		return nil, err
	}
	return g, nil
}

func readGroupInfo(r *reader) *GroupInfo {
	start := r.rest
	g := &GroupInfo{
		Context:         readGroupContext(r),
		Extensions:      readExtensions(r, "extensions of a GroupInfo"),
		ConfirmationTag: r.vector("confirmation_tag"),
		Signer:          r.uint32("signer"),
	}
	g.signed = r.since(start)
	g.Signature = r.vector("signature of a GroupInfo")
	return g
}

func readGroupContext(r *reader) GroupContext {
	readVersion(r)
	return GroupContext{
		CipherSuite:             CipherSuite(r.uint16("cipher_suite")),
		GroupID:                 r.vector("group_id"),
		Epoch:                   r.uint64("epoch"),
		TreeHash:                r.vector("tree_hash"),
		ConfirmedTranscriptHash: r.vector("confirmed_transcript_hash"),
		Extensions:              readExtensions(r, "extensions of a GroupContext"),
	}
}

// Verify checks the GroupInfo and its tree as the package's documentation says.
// The error wraps ErrNotVerified or ErrUnknownCipherSuite.
func (g *GroupInfo) Verify() error {
	s, err := g.Context.CipherSuite.lookup()
	if err != nil {
		return err
	}
	if g.Tree == nil {
		return fmt.Errorf("%w: the GroupInfo has no ratchet tree: give the tree as well, or export it with one", ErrNotVerified)
	}
	// SPEC: Regardless of how the client obtains the tree, the client MUST verify
	// that the root hash of the ratchet tree matches the tree_hash of the
	// GroupContext before using the tree for MLS operations.
	hash, err := g.Tree.TreeHash(g.Context.CipherSuite)
	if err != nil {
		return err
	}
	if !bytes.Equal(hash, g.Context.TreeHash) {
		return fmt.Errorf("%w: the ratchet tree is not the one of the GroupInfo, whose tree_hash is another", ErrNotVerified)
	}
	// SPEC: New members also MUST verify the signature using the public key taken
	// from the leaf node of the ratchet tree with leaf index signer.
	signer := g.Tree.leaf(g.Signer)
	if signer == nil {
		return fmt.Errorf("%w: the GroupInfo's signer, leaf %d, is no member", ErrNotVerified, g.Signer)
	}
	if err := s.checkKey(signer.SignatureKey); err != nil {
		return fmt.Errorf("leaf %d: %w", g.Signer, err)
	}
	if !s.verifyWithLabel(signer.SignatureKey, "GroupInfoTBS", g.signed, g.Signature) {
		return fmt.Errorf("%w: the signature of the GroupInfo, by leaf %d", ErrNotVerified, g.Signer)
	}
	return g.Tree.Verify(g.Context.CipherSuite, g.Context.GroupID)
}

// Verify checks the signature of every leaf in a group, and that no two leaves
// have one signature key and no two nodes one encryption key. It can NOT tell
// whether leaves were left out: that is what a GroupInfo is for. The error wraps
// ErrNotVerified or ErrUnknownCipherSuite.
func (t *RatchetTree) Verify(c CipherSuite, groupID []byte) error {
	s, err := c.lookup()
	if err != nil {
		return err
	}
	if err := t.checkUnique(); err != nil {
		return err
	}
	for _, m := range t.Members() {
		if err := m.Leaf.verify(s, groupID, m.Index); err != nil {
			return fmt.Errorf("leaf %d: %w", m.Index, err)
		}
	}
	return nil
}

func (t *RatchetTree) checkUnique() error {
	signature, encryption := map[string]int{}, map[string]int{}
	for i, n := range t.nodes {
		key, ok := n.encryptionKey()
		if !ok {
			continue
		}
		if other, ok := encryption[string(key)]; ok {
			return fmt.Errorf("%w: nodes %d and %d have the same encryption key", ErrNotVerified, other, i)
		}
		encryption[string(key)] = i
		if n.leaf == nil {
			continue
		}
		if other, ok := signature[string(n.leaf.SignatureKey)]; ok {
			return fmt.Errorf("%w: leaves %d and %d have the same signature key", ErrNotVerified, other, i/2)
		}
		signature[string(n.leaf.SignatureKey)] = i / 2
	}
	return nil
}
