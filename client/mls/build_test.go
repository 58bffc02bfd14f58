package mls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"
)

// The encoder of the tests: from the fields of what was parsed, not from the bytes
// that the parser keeps.

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func cat(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func u16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func vec(parts ...[]byte) []byte { return appendVector(nil, cat(parts...)) }

func encodeUint16s(list []uint16) []byte {
	var b []byte
	for _, v := range list {
		b = append(b, u16(v)...)
	}
	return vec(b)
}

func encodeExtensions(list []Extension) []byte {
	var b []byte
	for _, e := range list {
		b = cat(b, u16(uint16(e.Type)), vec(e.Data))
	}
	return vec(b)
}

func encodeCredential(c Credential) []byte {
	b := u16(uint16(c.Type))
	switch c.Type {
	case CredentialBasic:
		return cat(b, vec(c.Identity))
	case CredentialX509:
		var list []byte
		for _, cert := range c.Certificates {
			list = append(list, vec(cert)...)
		}
		return cat(b, vec(list))
	}
	return cat(b, vec(c.Content))
}

func encodeLeafTBS(l *LeafNode) []byte {
	b := cat(vec(l.EncryptionKey), vec(l.SignatureKey), encodeCredential(l.Credential),
		encodeUint16s(l.Capabilities.Versions), encodeUint16s(l.Capabilities.CipherSuites),
		encodeUint16s(l.Capabilities.Extensions), encodeUint16s(l.Capabilities.Proposals),
		encodeUint16s(l.Capabilities.Credentials), []byte{byte(l.Source)})
	switch l.Source {
	case SourceKeyPackage:
		b = cat(b, u64(l.Lifetime.NotBefore), u64(l.Lifetime.NotAfter))
	case SourceCommit:
		b = cat(b, vec(l.ParentHash))
	}
	return cat(b, encodeExtensions(l.Extensions))
}

func encodeLeaf(l *LeafNode) []byte { return cat(encodeLeafTBS(l), vec(l.Signature)) }

func encodeTree(t *RatchetTree) []byte {
	var b []byte
	for _, n := range t.nodes {
		switch {
		case n.leaf != nil:
			b = cat(b, []byte{1, nodeTypeLeaf}, encodeLeaf(n.leaf))
		case n.parent != nil:
			b = cat(b, []byte{1, nodeTypeParent}, n.parent.encoded)
		default:
			b = append(b, 0)
		}
	}
	return vec(b)
}

func encodeKeyPackageTBS(k *KeyPackage) []byte {
	return cat(u16(mls10), u16(uint16(k.CipherSuite)), vec(k.InitKey), encodeLeaf(k.Leaf), encodeExtensions(k.Extensions))
}

func encodeKeyPackage(k *KeyPackage) []byte { return cat(encodeKeyPackageTBS(k), vec(k.Signature)) }

func encodeGroupInfoTBS(g *GroupInfo) []byte {
	c := g.Context
	return cat(u16(mls10), u16(uint16(c.CipherSuite)), vec(c.GroupID), u64(c.Epoch), vec(c.TreeHash),
		vec(c.ConfirmedTranscriptHash), encodeExtensions(c.Extensions),
		encodeExtensions(g.Extensions), vec(g.ConfirmationTag), u32(g.Signer))
}

func encodeGroupInfo(g *GroupInfo) []byte { return cat(encodeGroupInfoTBS(g), vec(g.Signature)) }

// identity is someone who signs for MLS.
type identity struct {
	suite  CipherSuite
	name   string
	public []byte
	key    crypto.Signer
}

func newIdentity(t testing.TB, suite CipherSuite, name string) *identity {
	t.Helper()
	id := &identity{suite: suite, name: name}
	switch suite {
	case 2:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		fatalIfErr(t, err)
		id.key = key
		id.public, err = key.PublicKey.Bytes()
		fatalIfErr(t, err)
	default:
		seed := sha256.Sum256([]byte(name))
		key := ed25519.NewKeyFromSeed(seed[:])
		id.key, id.public = key, key.Public().(ed25519.PublicKey)
	}
	return id
}

// sign is SignWithLabel.
func (id *identity) sign(label string, content []byte) []byte {
	message := cat(vec([]byte("MLS 1.0 "+label)), vec(content))
	var opts crypto.SignerOpts = crypto.Hash(0)
	if id.suite == 2 {
		digest := sha256.Sum256(message)
		message, opts = digest[:], crypto.SHA256
	}
	signature, err := id.key.Sign(rand.Reader, message, opts)
	if err != nil {
		panic(err)
	}
	return signature
}

// leaf returns a signed leaf node as in a KeyPackage.
func (id *identity) leaf(change ...func(*LeafNode)) *LeafNode {
	l := &LeafNode{
		EncryptionKey: []byte("encryption key of " + id.name),
		SignatureKey:  id.public,
		Credential:    Credential{Type: CredentialBasic, Identity: []byte(id.name)},
		Capabilities:  Capabilities{Versions: []uint16{1}, CipherSuites: []uint16{uint16(id.suite), 0x0a0a}, Credentials: []uint16{1, 0xfafa}},
		Source:        SourceKeyPackage,
		Lifetime:      Lifetime{1, 1 << 40},
	}
	for _, c := range change {
		c(l)
	}
	l.Signature = id.sign("LeafNodeTBS", encodeLeafTBS(l))
	return l
}

// leafIn returns a leaf node that id has signed for a place in a group.
func (id *identity) leafIn(source LeafNodeSource, groupID []byte, index uint32) *LeafNode {
	l := id.leaf(func(l *LeafNode) { l.Source, l.ParentHash = source, nil })
	if source == SourceCommit {
		l.ParentHash = []byte("parent hash")
	}
	l.Signature = id.sign("LeafNodeTBS", cat(encodeLeafTBS(l), vec(groupID), u32(index)))
	return l
}

func (id *identity) keyPackage(change ...func(*KeyPackage)) *KeyPackage {
	k := &KeyPackage{CipherSuite: id.suite, InitKey: []byte("init key of " + id.name), Leaf: id.leaf()}
	for _, c := range change {
		c(k)
	}
	k.Signature = id.sign("KeyPackageTBS", encodeKeyPackageTBS(k))
	return k
}

// treeOf returns a tree with leaves from the left on; nil is a blank one. There
// are no parents.
func treeOf(t testing.TB, leaves ...*LeafNode) *RatchetTree {
	t.Helper()
	made := &RatchetTree{}
	for i, l := range leaves {
		if i > 0 {
			made.nodes = append(made.nodes, node{})
		}
		made.nodes = append(made.nodes, node{leaf: l})
	}
	return reparse(t, made)
}

// reparse returns the tree with what the parser keeps of the encoding.
func reparse(t testing.TB, tree *RatchetTree) *RatchetTree {
	t.Helper()
	parsed, err := ParseRatchetTree(encodeTree(tree))
	fatalIfErr(t, err)
	return parsed
}

var testGroup = []byte("group")

// groupInfo returns an encoded GroupInfo of a tree, signed by a member. change is
// applied before it is signed.
func groupInfo(t testing.TB, tree *RatchetTree, signer *identity, index uint32, change ...func(*GroupInfo)) []byte {
	t.Helper()
	hash, err := tree.TreeHash(signer.suite)
	fatalIfErr(t, err)
	g := &GroupInfo{
		Context: GroupContext{CipherSuite: signer.suite, GroupID: testGroup, Epoch: 7, TreeHash: hash,
			ConfirmedTranscriptHash: []byte("transcript")},
		Extensions:      []Extension{{0x1a1a, []byte("grease")}, {ExtensionRatchetTree, encodeTree(tree)}},
		ConfirmationTag: []byte("tag"),
		Signer:          index,
	}
	for _, c := range change {
		c(g)
	}
	g.Signature = signer.sign("GroupInfoTBS", encodeGroupInfoTBS(g))
	return encodeGroupInfo(g)
}

// people returns identities called a, b, c ...
func people(t testing.TB, suite CipherSuite, n int) []*identity {
	t.Helper()
	list := make([]*identity, n)
	for i := range list {
		list[i] = newIdentity(t, suite, fmt.Sprintf("%c@example.org", 'a'+i))
	}
	return list
}
