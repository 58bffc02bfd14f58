package keytrans

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// CredentialType says how the log entry of a Credential's position relates to
// the version in it.
type CredentialType uint8

// The credential types.
const (
	StandardCredential    CredentialType = 1 // the version is included in the entry
	ProvisionalCredential CredentialType = 2 // it is included further to the right
)

// String returns a stable name.
func (t CredentialType) String() string {
	switch t {
	case StandardCredential:
		return "standard"
	case ProvisionalCredential:
		return "provisional"
	}
	return fmt.Sprintf("credential type %d", uint8(t))
}

// Credential is a proof of a label's greatest version that its receiver verifies
// against the recent distinguished heads that it retains, without asking the
// log: KEYTRANS, "Credentials".
type Credential struct {
	Label        []byte
	Version      uint32
	Opening      Opening
	Value        UpdateValue
	BinaryLadder []BinaryLadderStep // at most 255

	// Position is that of a recent distinguished log entry.
	Position uint64
	Type     CredentialType

	// Distinguished looks the version up in the entry at Position. It is present
	// in a standard credential.
	Distinguished prefixtree.Proof

	// TreeHead is the head of a log that continues beyond Position, and Search
	// brings a user from the log that ends with Position to it and searches there.
	// They are present in a provisional credential.
	TreeHead TreeHead
	Search   CombinedTreeProof
}

// Marshal returns the encoding of c.
func (c *Credential) Marshal(cfg *Configuration) ([]byte, error) {
	var b builder
	b.opaque8(c.Label)
	b.AddUint32(c.Version)
	b.AddBytes(c.Opening[:])
	c.Value.add(&b, cfg.Mode)
	addLadder8(&b, c.BinaryLadder)
	b.AddUint64(c.Position)
	b.AddUint8(uint8(c.Type))
	switch c.Type {
	case StandardCredential:
		addPrefixProof(&b, &c.Distinguished)
	case ProvisionalCredential:
		c.TreeHead.add(&b)
		c.Search.add(&b)
	default:
		b.SetError(fmt.Errorf("keytrans: %v", c.Type))
	}
	return b.Bytes()
}

// ParseCredential decodes a Credential. The error wraps ErrMalformed.
func ParseCredential(cfg *Configuration, data []byte) (*Credential, error) {
	r := reader{s: data}
	c := &Credential{Label: r.opaque8("label"), Version: r.u32("version"), Opening: r.opening()}
	c.Value = r.updateValue(cfg.Mode)
	c.BinaryLadder = r.ladder8(cfg)
	c.Position = r.u64("position")
	c.Type = CredentialType(r.u8("credential_type"))
	switch c.Type {
	case StandardCredential:
		c.Distinguished = r.prefixProof()
	case ProvisionalCredential:
		c.TreeHead = *r.treeHead()
		c.Search = r.combinedTreeProof()
	default:
		r.fail("credential_type")
	}
	return orError(c, &r)
}

// response returns the search response that c amounts to, without a head.
func (c *Credential) response() *SearchResponse {
	version := c.Version
	return &SearchResponse{Version: &version, Opening: c.Opening, Value: c.Value, BinaryLadder: c.BinaryLadder, Search: c.Search}
}

// CredentialUpdate finally verifies a provisional credential: KEYTRANS,
// "Provisional".
type CredentialUpdate struct {
	Monitor CombinedTreeProof
}

// Marshal returns the encoding of u, which depends on no Configuration.
func (u *CredentialUpdate) Marshal(*Configuration) ([]byte, error) {
	var b builder
	u.Monitor.add(&b)
	return b.Bytes()
}

// ParseCredentialUpdate decodes a CredentialUpdate. The error wraps ErrMalformed.
func ParseCredentialUpdate(data []byte) (*CredentialUpdate, error) {
	r := reader{s: data}
	return orError(&CredentialUpdate{Monitor: r.combinedTreeProof()}, &r)
}

// CredentialUpdateRequest asks for the CredentialUpdate of a provisional
// credential. KEYTRANS has no such request: how a sender or receiver obtains the
// structure from the log is Ghostlight's extension.
type CredentialUpdateRequest struct {
	Label []byte
	// TreeSize is that of the credential's tree head.
	TreeSize uint64
	// Terminal is the terminal log entry of the credential's search and the
	// credential's version.
	Terminal MonitorMapEntry
	// Distinguished is the position of the distinguished log entry that the proof
	// has to lead to. It is at least TreeSize-1.
	Distinguished uint64
}

// Marshal returns the encoding of q.
func (q *CredentialUpdateRequest) Marshal() ([]byte, error) {
	var b builder
	b.opaque8(q.Label)
	b.AddUint64(q.TreeSize)
	b.AddUint64(q.Terminal.Position)
	b.AddUint32(q.Terminal.Version)
	b.AddUint64(q.Distinguished)
	return b.Bytes()
}

// ParseCredentialUpdateRequest decodes a CredentialUpdateRequest. The error wraps
// ErrMalformed.
func ParseCredentialUpdateRequest(data []byte) (*CredentialUpdateRequest, error) {
	r := reader{s: data}
	q := &CredentialUpdateRequest{
		Label:         r.opaque8("label"),
		TreeSize:      r.u64("tree_size"),
		Terminal:      MonitorMapEntry{Position: r.u64("terminal"), Version: r.u32("terminal")},
		Distinguished: r.u64("distinguished"),
	}
	return orError(q, &r)
}
