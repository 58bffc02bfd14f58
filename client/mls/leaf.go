package mls

import (
	"encoding/binary"
	"fmt"
)

// LeafNodeSource says how a leaf came to be in its tree (RFC 9420, Section 7.2).
type LeafNodeSource uint8

// The sources of leaf nodes.
const (
	SourceKeyPackage LeafNodeSource = 1
	SourceUpdate     LeafNodeSource = 2
	SourceCommit     LeafNodeSource = 3
)

// Lifetime is when a leaf that came of a KeyPackage is valid, in seconds of Unix
// time. The package does not look at it.
type Lifetime struct {
	NotBefore, NotAfter uint64
}

// Capabilities are what a client says that it supports. Unknown values, those of
// GREASE included, are kept and mean nothing.
type Capabilities struct {
	Versions     []uint16
	CipherSuites []uint16
	Extensions   []uint16
	Proposals    []uint16
	Credentials  []uint16
}

// A LeafNode is one client in a group, or in a KeyPackage (RFC 9420, Section 7.2).
type LeafNode struct {
	EncryptionKey []byte
	SignatureKey  []byte
	Credential    Credential
	Capabilities  Capabilities
	Source        LeafNodeSource
	Lifetime      Lifetime // only with SourceKeyPackage
	ParentHash    []byte   // only with SourceCommit
	Extensions    []Extension
	Signature     []byte

	encoded []byte // the whole LeafNode
	signed  []byte // it up to the signature
}

func readLeafNode(r *reader) *LeafNode {
	start := r.rest
	l := &LeafNode{
		EncryptionKey: r.vector("encryption_key"),
		SignatureKey:  r.vector("signature_key"),
		Credential:    readCredential(r),
		Capabilities:  readCapabilities(r),
		Source:        LeafNodeSource(r.uint8("leaf_node_source")),
	}
	switch l.Source {
	case SourceKeyPackage:
		l.Lifetime = Lifetime{r.uint64("not_before"), r.uint64("not_after")}
	case SourceUpdate:
	case SourceCommit:
		l.ParentHash = r.vector("parent_hash")
	default:
		r.fail(errMalformed, "leaf_node_source is none of RFC 9420")
	}
	l.Extensions = readExtensions(r, "extensions of a leaf node")
	l.signed = r.since(start)
	l.Signature = r.vector("signature of a leaf node")
	l.encoded = r.since(start)
	return l
}

func readCapabilities(r *reader) Capabilities {
	return Capabilities{
		Versions:     r.uint16s("versions"),
		CipherSuites: r.uint16s("cipher_suites"),
		Extensions:   r.uint16s("extensions of capabilities"),
		Proposals:    r.uint16s("proposals"),
		Credentials:  r.uint16s("credentials"),
	}
}

// verify checks the leaf's own signature. groupID and index are what the leaves
// of an update or a commit are signed for; those of a KeyPackage came before the
// group.
func (l *LeafNode) verify(s suite, groupID []byte, index uint32) error {
	if err := s.checkKey(l.SignatureKey); err != nil {
		return err
	}
	signed := l.signed
	if l.Source != SourceKeyPackage {
		signed = appendVector(signed[:len(signed):len(signed)], groupID)
		signed = binary.BigEndian.AppendUint32(signed, index)
	}
	if !s.verifyWithLabel(l.SignatureKey, "LeafNodeTBS", signed, l.Signature) {
		return fmt.Errorf("%w: the signature of its leaf node", ErrNotVerified)
	}
	return nil
}
