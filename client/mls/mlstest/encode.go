// Package mlstest makes MLS objects (RFC 9420) for tests: members with keys of
// their own, whose leaf nodes, KeyPackages and GroupInfo objects they sign, as well
// as they should or as badly as a test wants it. It encodes from the fields that
// package mls exports, by the RFC's presentation language, and shares no code
// with that package.
//
// It makes no secrets of a group: what it makes is good for whoever reads the
// public side of a group, and for nobody who wants to join it.
package mlstest

import (
	"encoding/binary"

	"github.com/ghostlight-kt/ghostlight/client/mls"
)

const mls10 = 1

// Cat concatenates.
func Cat(parts ...[]byte) []byte {
	b := []byte{}
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// Uint16 encodes a uint16.
func Uint16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

// Uint32 encodes a uint32.
func Uint32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

// Uint64 encodes a uint64.
func Uint64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// Vector encodes an opaque <V> of the parts.
func Vector(parts ...[]byte) []byte {
	v := Cat(parts...)
	switch n := len(v); {
	case n < 64:
		return append([]byte{byte(n)}, v...)
	case n < 16384:
		return append([]byte{0x40 | byte(n>>8), byte(n)}, v...)
	default:
		return append([]byte{0x80 | byte(n>>24), byte(n >> 16), byte(n >> 8), byte(n)}, v...)
	}
}

func encodeUint16s(list []uint16) []byte {
	var b []byte
	for _, v := range list {
		b = append(b, Uint16(v)...)
	}
	return Vector(b)
}

func encodeExtensions(list []mls.Extension) []byte {
	var b []byte
	for _, e := range list {
		b = Cat(b, Uint16(uint16(e.Type)), Vector(e.Data))
	}
	return Vector(b)
}

func encodeCredential(c mls.Credential) []byte {
	b := Uint16(uint16(c.Type))
	switch c.Type {
	case mls.CredentialBasic:
		return Cat(b, Vector(c.Identity))
	case mls.CredentialX509:
		var list []byte
		for _, cert := range c.Certificates {
			list = append(list, Vector(cert)...)
		}
		return Cat(b, Vector(list))
	}
	return Cat(b, Vector(c.Content))
}

func leafNodeTBS(l *mls.LeafNode) []byte {
	b := Cat(Vector(l.EncryptionKey), Vector(l.SignatureKey), encodeCredential(l.Credential),
		encodeUint16s(l.Capabilities.Versions), encodeUint16s(l.Capabilities.CipherSuites),
		encodeUint16s(l.Capabilities.Extensions), encodeUint16s(l.Capabilities.Proposals),
		encodeUint16s(l.Capabilities.Credentials), []byte{byte(l.Source)})
	switch l.Source {
	case mls.SourceKeyPackage:
		b = Cat(b, Uint64(l.Lifetime.NotBefore), Uint64(l.Lifetime.NotAfter))
	case mls.SourceCommit:
		b = Cat(b, Vector(l.ParentHash))
	}
	return Cat(b, encodeExtensions(l.Extensions))
}

// EncodeLeafNode encodes a leaf node with the signature that it has.
func EncodeLeafNode(l *mls.LeafNode) []byte { return Cat(leafNodeTBS(l), Vector(l.Signature)) }

// Node is a node of a ratchet tree; one without either field is blank.
type Node struct {
	Leaf   *mls.LeafNode
	Parent []byte // an encoded ParentNode
}

// EncodeParentNode encodes a ParentNode.
func EncodeParentNode(key string, unmergedLeaves ...uint32) []byte {
	var list []byte
	for _, u := range unmergedLeaves {
		list = append(list, Uint32(u)...)
	}
	return Cat(Vector([]byte(key)), Vector([]byte("parent hash")), Vector(list))
}

// EncodeTree encodes the data of a ratchet_tree extension.
func EncodeTree(nodes ...Node) []byte {
	var b []byte
	for _, n := range nodes {
		switch {
		case n.Leaf != nil:
			b = Cat(b, []byte{1, 1}, EncodeLeafNode(n.Leaf))
		case n.Parent != nil:
			b = Cat(b, []byte{1, 2}, n.Parent)
		default:
			b = append(b, 0)
		}
	}
	return Vector(b)
}

// Tree encodes a tree with leaves from the left on and without parents. A nil
// leaf is a blank one.
func Tree(leaves ...*mls.LeafNode) []byte {
	var nodes []Node
	for i, l := range leaves {
		if i > 0 {
			nodes = append(nodes, Node{})
		}
		nodes = append(nodes, Node{Leaf: l})
	}
	return EncodeTree(nodes...)
}

func keyPackageTBS(k *mls.KeyPackage) []byte {
	return Cat(Uint16(mls10), Uint16(uint16(k.CipherSuite)), Vector(k.InitKey), EncodeLeafNode(k.Leaf), encodeExtensions(k.Extensions))
}

// EncodeKeyPackage encodes a KeyPackage with the signatures that it has.
func EncodeKeyPackage(k *mls.KeyPackage) []byte { return Cat(keyPackageTBS(k), Vector(k.Signature)) }

func groupInfoTBS(g *mls.GroupInfo) []byte {
	c := g.Context
	return Cat(Uint16(mls10), Uint16(uint16(c.CipherSuite)), Vector(c.GroupID), Uint64(c.Epoch), Vector(c.TreeHash),
		Vector(c.ConfirmedTranscriptHash), encodeExtensions(c.Extensions),
		encodeExtensions(g.Extensions), Vector(g.ConfirmationTag), Uint32(g.Signer))
}

// EncodeGroupInfo encodes a GroupInfo with the signature and the extensions that it
// has; its Tree is not among them.
func EncodeGroupInfo(g *mls.GroupInfo) []byte { return Cat(groupInfoTBS(g), Vector(g.Signature)) }
