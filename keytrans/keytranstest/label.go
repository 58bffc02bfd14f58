package keytranstest

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Version is what a log has recorded of one version of a label.
type Version struct {
	Number     uint32
	Position   uint64 // of the entry that created it
	Skipped    bool   // an all-zero commitment and no value
	Opening    keytrans.Opening
	Value      keytrans.UpdateValue
	Commitment merkle.Hash
}

// Label is what a log says of a label: a keytrans.Label. Its fields may be
// changed, to lie.
type Label struct {
	Name     []byte
	Versions []Version // by number, without a gap
	// Prove, if not nil, is whose VRF proofs are shown instead of the label's own.
	Prove   *Label
	secrets *secrets
}

var _ keytrans.Label = (*Label)(nil)

// Label returns what the log has recorded of a label, which has no versions if
// nothing.
func (l *Log) Label(name string) *Label {
	return &Label{Name: []byte(name), Versions: append([]Version(nil), l.labels[name]...), secrets: l.secrets}
}

// NewVersion returns a version of the label that the log has not recorded.
func (l *Log) NewVersion(label string, number uint32, pos uint64, value string) Version {
	v := l.secrets.version(l.Config, label, number, []byte(value))
	v.Position = pos
	return v
}

// Greatest implements keytrans.Label.
func (l *Label) Greatest(pos uint64) (*uint32, error) {
	var out *uint32
	for i := range l.Versions {
		if l.Versions[i].Position <= pos {
			out = &l.Versions[i].Number
		}
	}
	return out, nil
}

func (l *Label) version(number uint32) (*Version, error) {
	if uint64(number) >= uint64(len(l.Versions)) {
		return nil, fmt.Errorf("version %d of a label does not exist", number)
	}
	return &l.Versions[number], nil
}

// Inserted implements keytrans.Label.
func (l *Label) Inserted(version uint32) (uint64, error) {
	v, err := l.version(version)
	if err != nil {
		return 0, err
	}
	return v.Position, nil
}

// SearchKey implements keytrans.Label.
func (l *Label) SearchKey(version uint32) (merkle.Hash, error) {
	return l.secrets.prove(l.Name, version).output, nil
}

// ProveKey implements keytrans.Label.
func (l *Label) ProveKey(version uint32) ([]byte, error) {
	if l.Prove != nil {
		return l.Prove.ProveKey(version)
	}
	return l.secrets.prove(l.Name, version).proof, nil
}

// Commitment implements keytrans.Label.
func (l *Label) Commitment(version uint32) (merkle.Hash, error) {
	v, err := l.version(version)
	if err != nil {
		return merkle.Hash{}, err
	}
	return v.Commitment, nil
}

// Open implements keytrans.Label.
func (l *Label) Open(version uint32) (keytrans.Opening, keytrans.UpdateValue, error) {
	v, err := l.version(version)
	if err == nil && v.Skipped {
		err = fmt.Errorf("version %d of a label was skipped", version)
	}
	if err != nil {
		return keytrans.Opening{}, keytrans.UpdateValue{}, err
	}
	return v.Opening, v.Value, nil
}
