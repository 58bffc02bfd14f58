package keytrans

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// TreeHead is a signed statement of the log's size and root.
type TreeHead struct {
	TreeSize  uint64
	Signature []byte
}

// AuditorTreeHead is a Third-Party Auditor's signed view of the log. Timestamp
// is in milliseconds since the Unix epoch.
type AuditorTreeHead struct {
	Timestamp uint64
	TreeSize  uint64
	Signature []byte
}

// FullTreeHead is the head in a response. TreeHead is nil if the log goes on
// using the head that the user advertised ("same"). AuditorTreeHead is present
// with TreeHead under ThirdPartyAuditing only.
type FullTreeHead struct {
	TreeHead        *TreeHead
	AuditorTreeHead *AuditorTreeHead
}

// earlier returns the sizes of earlier logs that h has signatures for.
func (h *FullTreeHead) earlier() []uint64 {
	if h.AuditorTreeHead == nil {
		return nil
	}
	return []uint64{h.AuditorTreeHead.TreeSize}
}

const (
	headSame    = 1
	headUpdated = 2
)

func (h *TreeHead) add(b *builder) {
	b.AddUint64(h.TreeSize)
	b.opaque16(h.Signature)
}

func (r *reader) treeHead() *TreeHead {
	return &TreeHead{TreeSize: r.u64("tree_size"), Signature: r.opaque16("signature")}
}

func (h *FullTreeHead) add(b *builder, c *Configuration) {
	if h.TreeHead == nil {
		b.AddUint8(headSame)
		return
	}
	b.AddUint8(headUpdated)
	h.TreeHead.add(b)
	if c.Mode != ThirdPartyAuditing {
		return
	}
	a := h.AuditorTreeHead
	if a == nil {
		b.SetError(errors.New("keytrans: updated head without an auditor_tree_head"))
		return
	}
	a.add(b)
}

func (h *AuditorTreeHead) add(b *builder) {
	b.AddUint64(h.Timestamp)
	b.AddUint64(h.TreeSize)
	b.opaque16(h.Signature)
}

// Marshal returns the encoding of h.
func (h *AuditorTreeHead) Marshal() ([]byte, error) {
	var b builder
	h.add(&b)
	return b.Bytes()
}

// ParseAuditorTreeHead decodes an AuditorTreeHead. The error wraps ErrMalformed.
func ParseAuditorTreeHead(data []byte) (*AuditorTreeHead, error) {
	r := reader{s: data}
	h := r.auditorTreeHead()
	return orError(h, &r)
}

func (r *reader) auditorTreeHead() *AuditorTreeHead {
	return &AuditorTreeHead{
		Timestamp: r.u64("auditor timestamp"),
		TreeSize:  r.u64("auditor tree_size"),
		Signature: r.opaque16("auditor signature"),
	}
}

func (r *reader) fullTreeHead(c *Configuration) FullTreeHead {
	switch r.u8("head_type") {
	case headSame:
		return FullTreeHead{}
	case headUpdated:
	default:
		r.fail("head_type")
		return FullTreeHead{}
	}
	h := FullTreeHead{TreeHead: r.treeHead()}
	if c.Mode == ThirdPartyAuditing {
		h.AuditorTreeHead = r.auditorTreeHead()
	}
	return h
}

// treeHeadTBS returns the bytes that a TreeHead's signature covers.
func treeHeadTBS(c *Configuration, size uint64, root merkle.Hash) ([]byte, error) {
	var b builder
	c.add(&b)
	b.AddUint64(size)
	b.AddBytes(root[:])
	return b.Bytes()
}

// auditorTreeHeadTBS returns the bytes that an AuditorTreeHead's signature
// covers.
func auditorTreeHeadTBS(c *Configuration, timestamp, size uint64, root merkle.Hash) ([]byte, error) {
	var b builder
	c.add(&b)
	b.AddUint64(timestamp)
	b.AddUint64(size)
	b.AddBytes(root[:])
	return b.Bytes()
}

// SignTreeHead signs the root of a log of size entries.
func SignTreeHead(c *Configuration, key SigningKey, size uint64, root merkle.Hash) (*TreeHead, error) {
	tbs, err := treeHeadTBS(c, size, root)
	if err != nil {
		return nil, err
	}
	sig, err := key.Sign(tbs)
	if err != nil {
		return nil, fmt.Errorf("signing the head of %d entries: %w", size, err)
	}
	return &TreeHead{TreeSize: size, Signature: sig}, nil
}

// ErrSignature is returned for a signature that does not verify.
var ErrSignature = errors.New("signature does not verify")

// VerifyTreeHead checks the signature of h over the given root. An ECDSA
// signature can be turned into another one that verifies: compare heads by size
// and root, not by signature. The error is ErrSignature, or says why the
// configuration's key cannot be used.
func VerifyTreeHead(c *Configuration, h *TreeHead, root merkle.Hash) error {
	tbs, err := treeHeadTBS(c, h.TreeSize, root)
	if err != nil {
		return err
	}
	return c.Suite.verify(c.SignaturePublicKey, tbs, h.Signature)
}

// SignAuditorTreeHead signs an auditor's view of a log: the timestamp of the
// last entry it processed, the size up to and including that entry, and the
// root at that size.
func SignAuditorTreeHead(c *Configuration, key SigningKey, timestamp, size uint64, root merkle.Hash) (*AuditorTreeHead, error) {
	tbs, err := auditorTreeHeadTBS(c, timestamp, size, root)
	if err != nil {
		return nil, err
	}
	sig, err := key.Sign(tbs)
	if err != nil {
		return nil, fmt.Errorf("signing the auditor's head of %d entries: %w", size, err)
	}
	return &AuditorTreeHead{Timestamp: timestamp, TreeSize: size, Signature: sig}, nil
}

// VerifyAuditorTreeHead checks the signature of h over the given root. The
// error is ErrSignature, or says why the configuration's key cannot be used.
func VerifyAuditorTreeHead(c *Configuration, h *AuditorTreeHead, root merkle.Hash) error {
	tbs, err := auditorTreeHeadTBS(c, h.Timestamp, h.TreeSize, root)
	if err != nil {
		return err
	}
	return c.Suite.verify(c.AuditorPublicKey, tbs, h.Signature)
}
