package operator

import (
	"encoding/binary"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// The records of an operator, by the first byte of their keys. Integers are
// big-endian.
const (
	keyLabel  = 'l' // l label → identity(16) next(8) known(8)
	keyUpdate = 'u' // u label → the last ManagerUpdateRequest, encoded, as long as its outcome is not known
	keyView   = 'w' // w → the view of the log, as JSON
)

func labelKey(label []byte) []byte  { return append([]byte{keyLabel}, label...) }
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
