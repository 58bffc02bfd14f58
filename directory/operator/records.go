package operator

import (
	"encoding/binary"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// The records of an operator, by the first byte of their keys. Integers are
// big-endian.
const (
	keyLabel  = 'l' // l label → identity(16) next(8) known(8)
	keyPolicy = 'p' // p label → last version in the state(4) its commitment(32) when it was learned of(8) state(…)
	keyUpdate = 'u' // u label → the last ManagerUpdateRequest, encoded, as long as its outcome is not known
	keyView   = 'w' // w → the view of the log, as JSON
)

func labelKey(label []byte) []byte  { return append([]byte{keyLabel}, label...) }
func policyKey(label []byte) []byte { return append([]byte{keyPolicy}, label...) }
func updateKey(label []byte) []byte { return append([]byte{keyUpdate}, label...) }
func viewKey() []byte               { return []byte{keyView} }

// labelRecord says what was signed for a label.
type labelRecord struct {
	identity directory.Identity
	// next is the lowest version that nothing was signed for, and known the lowest
	// that the manager is not known to have. Known is at most next.
	next, known uint64

	// update is the last request that was signed, nil if the manager is known to
	// have what it asks for: if known is next.
	update *keytrans.ManagerUpdateRequest

	// policy is what the policy knows, nil if it was never asked.
	policy *policyRecord
}

// policyRecord is what is kept of a label for the policy.
type policyRecord struct {
	through    uint32      // the last version that the state tells of
	commitment merkle.Hash // of that version, zero if it is not known
	learned    uint64      // when the manager told of it, in milliseconds
	state      []byte
}

func (r *policyRecord) marshal() []byte {
	b := append(binary.BigEndian.AppendUint32(nil, r.through), r.commitment[:]...)
	return append(binary.BigEndian.AppendUint64(b, r.learned), r.state...)
}

func parsePolicyRecord(b []byte) (*policyRecord, error) {
	const fixed = 4 + merkle.HashSize + 8
	if len(b) < fixed {
		return nil, errCorrupt("policy record")
	}
	return &policyRecord{
		through: binary.BigEndian.Uint32(b), commitment: merkle.Hash(b[4:]),
		learned: binary.BigEndian.Uint64(b[fixed-8:]), state: b[fixed:],
	}, nil
}

// ahead returns how many signed versions the manager is not known to have.
func (r *labelRecord) ahead() uint64 { return r.next - r.known }

// readLabel returns what was signed for a label, nil if nothing was.
func readLabel(snap directory.Snapshot, label []byte) (*labelRecord, error) {
	b, err := snap.Get(labelKey(label))
	if err != nil || b == nil {
		return nil, err
	}
	r := &labelRecord{}
	if len(b) != len(r.identity)+16 {
		return nil, errCorrupt("label record")
	}
	copy(r.identity[:], b)
	b = b[len(r.identity):]
	r.next, r.known = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	if b, err = snap.Get(policyKey(label)); err != nil {
		return nil, err
	}
	if b != nil {
		if r.policy, err = parsePolicyRecord(b); err != nil {
			return nil, err
		}
	}
	if b, err = snap.Get(updateKey(label)); err != nil {
		return nil, err
	}
	if r.known > r.next || (b == nil) != (r.known == r.next) {
		return nil, errCorrupt("label record")
	}
	if b == nil {
		return r, nil
	}
	if r.update, err = keytrans.ParseManagerUpdateRequest(b); err != nil {
		return nil, errCorrupt("signed update")
	}
	return r, nil
}

// add adds the records of r to a batch.
func (r *labelRecord) add(b *directory.Batch, label []byte) error {
	value := binary.BigEndian.AppendUint64(append([]byte(nil), r.identity[:]...), r.next)
	_ = b.Set(labelKey(label), binary.BigEndian.AppendUint64(value, r.known))
	if r.policy != nil {
		if err := b.Set(policyKey(label), r.policy.marshal()); err != nil {
			return err
		}
	}
	if r.update == nil {
		b.Delete(updateKey(label))
		return nil
	}
	encoded, err := r.update.Marshal()
	if err != nil {
		return err
	}
	return b.Set(updateKey(label), encoded)
}

func errCorrupt(what string) error { return fmt.Errorf("%w: %s", directory.ErrCorrupt, what) }
