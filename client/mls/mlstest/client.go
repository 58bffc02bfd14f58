package mlstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/mls"
)

// Client is somebody's client, which signs for itself.
type Client struct {
	Suite  mls.CipherSuite
	Name   string // its identity
	Public []byte // its SignaturePublicKey
	Signer crypto.Signer
}

// New returns a client with a P-256 key in suite 2 and, in every other, an
// Ed25519 key that depends on its name alone.
func New(t testing.TB, suite mls.CipherSuite, name string) *Client {
	t.Helper()
	c := &Client{Suite: suite, Name: name}
	if suite != 2 {
		seed := sha256.Sum256([]byte(name))
		key := ed25519.NewKeyFromSeed(seed[:])
		c.Signer, c.Public = key, key.Public().(ed25519.PublicKey)
		return c
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if c.Public, err = key.PublicKey.Bytes(); err != nil {
		t.Fatal(err)
	}
	c.Signer = key
	return c
}

// sign is SignWithLabel of RFC 9420, Section 5.1.2.
func (c *Client) sign(label string, content []byte) []byte {
	message := Cat(Vector([]byte("MLS 1.0 "+label)), Vector(content))
	opts := crypto.SignerOpts(crypto.Hash(0))
	if c.Suite == 2 {
		digest := sha256.Sum256(message)
		message, opts = digest[:], crypto.SHA256
	}
	signature, err := c.Signer.Sign(rand.Reader, message, opts)
	if err != nil {
		panic(err) // neither kind of key in memory fails to sign
	}
	return signature
}

// Leaf returns a signed leaf node as in a KeyPackage. The changes are made before
// it is signed.
func (c *Client) Leaf(change ...func(*mls.LeafNode)) *mls.LeafNode {
	l := &mls.LeafNode{
		EncryptionKey: []byte("encryption key of " + c.Name),
		SignatureKey:  c.Public,
		Credential:    mls.Credential{Type: mls.CredentialBasic, Identity: []byte(c.Name)},
		Capabilities: mls.Capabilities{
			Versions: []uint16{mls10}, CipherSuites: []uint16{uint16(c.Suite), 0x0a0a},
			Credentials: []uint16{uint16(mls.CredentialBasic), 0xfafa},
		},
		Source:   mls.SourceKeyPackage,
		Lifetime: mls.Lifetime{NotBefore: 1, NotAfter: 1 << 40},
	}
	for _, f := range change {
		f(l)
	}
	l.Signature = c.sign("LeafNodeTBS", leafNodeTBS(l))
	return l
}

// LeafIn returns a leaf node of an update or a commit, signed for a place in a
// group.
func (c *Client) LeafIn(source mls.LeafNodeSource, groupID []byte, index uint32) *mls.LeafNode {
	l := c.Leaf(func(l *mls.LeafNode) { l.Source = source })
	if source == mls.SourceCommit {
		l.ParentHash = []byte("parent hash")
	}
	l.Signature = c.sign("LeafNodeTBS", Cat(leafNodeTBS(l), Vector(groupID), Uint32(index)))
	return l
}

// KeyPackage returns a signed KeyPackage. The changes are made before it is
// signed.
func (c *Client) KeyPackage(change ...func(*mls.KeyPackage)) *mls.KeyPackage {
	k := &mls.KeyPackage{CipherSuite: c.Suite, InitKey: []byte("init key of " + c.Name), Leaf: c.Leaf()}
	for _, f := range change {
		f(k)
	}
	k.Signature = c.sign("KeyPackageTBS", keyPackageTBS(k))
	return k
}

// GroupID is the id of the groups that GroupInfo makes.
const GroupID = "group"

// GroupInfo returns an encoded GroupInfo of an encoded tree, signed by c as the leaf
// with an index. The changes are made before it is signed; the tree is in its last
// extension.
func (c *Client) GroupInfo(t testing.TB, tree []byte, index uint32, change ...func(*mls.GroupInfo)) []byte {
	t.Helper()
	parsed, err := mls.ParseRatchetTree(tree)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := parsed.TreeHash(c.Suite)
	if err != nil {
		t.Fatal(err)
	}
	g := &mls.GroupInfo{
		Context: mls.GroupContext{CipherSuite: c.Suite, GroupID: []byte(GroupID), Epoch: 7, TreeHash: hash,
			ConfirmedTranscriptHash: []byte("transcript")},
		Extensions:      []mls.Extension{{Type: 0x1a1a, Data: []byte("grease")}, {Type: mls.ExtensionRatchetTree, Data: tree}},
		ConfirmationTag: []byte("tag"),
		Signer:          index,
	}
	for _, f := range change {
		f(g)
	}
	g.Signature = c.sign("GroupInfoTBS", groupInfoTBS(g))
	return EncodeGroupInfo(g)
}
