package directory

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// The records of a directory, by the first byte of their keys. Integers are
// big-endian, so that keys sort by number.
const (
	keyHead       = 'h' // h → head record, of the tree head whose size is the stored one
	keyEntry      = 'e' // e position(8) → LogEntry(40)
	keyNode       = 'n' // n level(1) index(8) → log tree node(32)
	keyPublicNode = 'r' // r level(1) index(8) → RFC 6962 tree node(32)
	keyChange     = 'c' // c position(8) piece(4) → part of the encoded tile.Change
	keyAuditor    = 'a' // a → AuditorTreeHead, the auditor's latest
	keyCheckpoint = 's' // s name → signed checkpoint; see publiclog.go
	keyMinimum    = 'm' // m → what was pruned; see minimum.go
	keyPrefix     = 'p' // p … → records of merkle/prefixtree
	keyLabel      = 'l' // l label → label record
	keyVersion    = 'v' // v len(1) label version(4) → version record
)

func headKey() []byte { return []byte{keyHead} }

func auditorKey() []byte { return []byte{keyAuditor} }

func entryKey(pos uint64) []byte { return binary.BigEndian.AppendUint64([]byte{keyEntry}, pos) }

func nodeKey(n logtree.Node) []byte {
	return binary.BigEndian.AppendUint64([]byte{keyNode, n.Level}, n.Index)
}

func publicNodeKey(level uint8, index uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{keyPublicNode, level}, index)
}

// changePiece is how many bytes of an encoded change are in one record.
const changePiece = 64 << 10

func changeKey(pos uint64, piece uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64([]byte{keyChange}, pos), piece)
}

// isFirstPiece reports whether a key that changeKey made is of a first piece.
func isFirstPiece(key []byte) bool { return binary.BigEndian.Uint32(key[len(key)-4:]) == 0 }

func minimumKey() []byte { return []byte{keyMinimum} }

func checkpointKey(name CheckpointName) []byte { return append([]byte{keyCheckpoint}, name...) }

func labelKey(label []byte) []byte { return append([]byte{keyLabel}, label...) }

func versionKey(label []byte, version uint32) []byte {
	k := make([]byte, 0, 2+len(label)+4)
	k = append(k, keyVersion, byte(len(label)))
	k = append(k, label...)
	return binary.BigEndian.AppendUint32(k, version)
}

// headRecord is what is stored with each epoch beside the tree: how much the
// log holds, and the signature of its head. Its encoding is
//
//	labels(8) versions(8) signature(…)
type headRecord struct {
	counts
	signature []byte
}

// counts are how many labels and versions a log has.
type counts struct{ labels, versions uint64 }

func (r *headRecord) marshal() []byte {
	b := binary.BigEndian.AppendUint64(nil, r.labels)
	b = binary.BigEndian.AppendUint64(b, r.versions)
	return append(b, r.signature...)
}

func parseHeadRecord(b []byte) (*headRecord, error) {
	if len(b) <= 16 {
		return nil, errCorrupt("head record")
	}
	return &headRecord{
		counts:    counts{labels: binary.BigEndian.Uint64(b), versions: binary.BigEndian.Uint64(b[8:])},
		signature: b[16:],
	}, nil
}

// labelRecord says who owns a label, what its greatest version is, and what the
// policy knows of it. Its encoding is
//
//	identity(16) greatest version(4) [ last version in the state(4) state(…) ]
//
// where the part in brackets is not there if the policy was never asked.
type labelRecord struct {
	identity Identity
	greatest uint32
	policy   *policyRecord
}

// precedes reports whether greatest is the label's greatest version. r is nil if
// the label does not exist.
func (r *labelRecord) precedes(greatest *uint32) bool {
	if r == nil || greatest == nil {
		return r == nil && greatest == nil
	}
	return *greatest == r.greatest
}

func (r *labelRecord) marshal() []byte {
	b := binary.BigEndian.AppendUint32(append([]byte(nil), r.identity[:]...), r.greatest)
	if r.policy != nil {
		b = append(binary.BigEndian.AppendUint32(b, r.policy.through), r.policy.state...)
	}
	return b
}

func parseLabelRecord(b []byte) (*labelRecord, error) {
	const fixed = len(Identity{}) + 4
	if len(b) < fixed {
		return nil, errCorrupt("label record")
	}
	r := &labelRecord{greatest: binary.BigEndian.Uint32(b[len(Identity{}):])}
	copy(r.identity[:], b)
	if b = b[fixed:]; len(b) == 0 {
		return r, nil
	}
	if len(b) < 4 || binary.BigEndian.Uint32(b) > r.greatest {
		return nil, errCorrupt("label record")
	}
	r.policy = &policyRecord{through: binary.BigEndian.Uint32(b), state: b[4:]}
	return r, nil
}

// versionRecord is one version of a label. Its encoding is
//
//	position(8) search key(32) commitment(32) [ opening(16) value(…) ]
//
// where the part in brackets can be deleted, after which the commitment can no
// longer be opened. Under ThirdPartyManagement it is
//
//	[ opening(16) length(2) signature(length) value(…) ]
//
// and was never there for a version that was skipped.
type versionRecord struct {
	position   uint64
	searchKey  merkle.Hash
	commitment merkle.Hash
	erased     bool
	opening    keytrans.Opening
	signed     bool   // the encoding has a signature, under ThirdPartyManagement
	signature  []byte // the operator's
	value      []byte
}

// skipped reports whether a Third-Party Manager skipped the version.
func (r *versionRecord) skipped() bool { return r.signed && r.commitment == keytrans.SkippedCommitment }

const versionRecordFixed = 8 + 2*merkle.HashSize

func (r *versionRecord) marshal() []byte {
	b := make([]byte, 0, versionRecordFixed+keytrans.OpeningSize+2+len(r.signature)+len(r.value))
	b = binary.BigEndian.AppendUint64(b, r.position)
	b = append(b, r.searchKey[:]...)
	b = append(b, r.commitment[:]...)
	if r.erased || r.skipped() {
		return b
	}
	b = append(b, r.opening[:]...)
	if r.signed {
		b = binary.BigEndian.AppendUint16(b, uint16(len(r.signature)))
		b = append(b, r.signature...)
	}
	return append(b, r.value...)
}

// parseVersionRecord decodes a version record of a log in the given mode.
func parseVersionRecord(b []byte, mode keytrans.DeploymentMode) (*versionRecord, error) {
	if len(b) < versionRecordFixed {
		return nil, errCorrupt("version record")
	}
	r := &versionRecord{
		position:   binary.BigEndian.Uint64(b),
		searchKey:  merkle.Hash(b[8:]),
		commitment: merkle.Hash(b[8+merkle.HashSize:]),
		signed:     mode == keytrans.ThirdPartyManagement,
	}
	b = b[versionRecordFixed:]
	if len(b) == 0 {
		r.erased = !r.skipped()
		return r, nil
	}
	if len(b) < keytrans.OpeningSize {
		return nil, errCorrupt("version record")
	}
	copy(r.opening[:], b)
	r.value = b[keytrans.OpeningSize:]
	if !r.signed {
		return r, nil
	}
	if len(r.value) < 2 || len(r.value)-2 < int(binary.BigEndian.Uint16(r.value)) || r.skipped() {
		return nil, errCorrupt("version record")
	}
	n := 2 + int(binary.BigEndian.Uint16(r.value))
	r.signature, r.value = r.value[2:n], r.value[n:]
	return r, nil
}

// ErrCorrupt is wrapped by the error for a store whose records contradict each
// other or do not decode.
var ErrCorrupt = errors.New("the directory's store is damaged")

func errCorrupt(what string) error { return fmt.Errorf("%w: %s", ErrCorrupt, what) }
