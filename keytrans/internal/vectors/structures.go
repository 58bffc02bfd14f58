package vectors

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// The cases of files that are not of an operation. Refusal, or Refused where there
// is only one way, tells that what the case has must not be accepted; a case with
// Of is then a copy of an accepted one with a change.

// Configuration is an encoded Configuration and its fields.
type Configuration struct {
	Name               string  `json:"name"`
	Suite              uint16  `json:"ciphersuite,omitempty"`
	Mode               uint8   `json:"mode,omitempty"`
	SignaturePublicKey Hex     `json:"signature_public_key,omitempty"`
	VRFPublicKey       Hex     `json:"vrf_public_key,omitempty"`
	LeafPublicKey      Hex     `json:"leaf_public_key,omitempty"`
	MaxAuditorLag      uint64  `json:"max_auditor_lag,omitempty"`
	AuditorStartPos    uint64  `json:"auditor_start_pos,omitempty"`
	AuditorPublicKey   Hex     `json:"auditor_public_key,omitempty"`
	MaxAhead           uint64  `json:"max_ahead,omitempty"`
	MaxBehind          uint64  `json:"max_behind,omitempty"`
	Window             uint64  `json:"reasonable_monitoring_window,omitempty"`
	MaximumLifetime    *uint64 `json:"maximum_lifetime,omitempty"`
	Encoding           Hex     `json:"encoding"`
	Refusal            string  `json:"refusal,omitempty"`
}

// Request is an encoded request and its fields.
type Request struct {
	Name            string     `json:"name"`
	Type            string     `json:"type"`
	Last            *uint64    `json:"last,omitempty"`
	Label           Hex        `json:"label,omitempty"`
	Version         *uint32    `json:"version,omitempty"`
	Entries         []MapEntry `json:"entries,omitempty"`
	Start           uint64     `json:"start,omitempty"`
	GreatestVersion *uint32    `json:"greatest_version,omitempty"`
	Values          []Value    `json:"values,omitempty"`
	SignedVersion   uint32     `json:"signed_version,omitempty"`
	Stop            *uint64    `json:"stop,omitempty"`
	Encoding        Hex        `json:"encoding"`
	Refusal         string     `json:"refusal,omitempty"`
}

// Value is a label's value and, under Third-Party Management, the operator's
// signature of it.
type Value struct {
	Value     Hex `json:"value"`
	Signature Hex `json:"signature,omitempty"`
}

// Signed is a signature of a tree head, of an auditor's tree head or of a new
// value, with what it covers.
type Signed struct {
	Name      string `json:"name"`
	Log       string `json:"log"`
	Structure string `json:"structure"`

	// Of a tree head; Timestamp of an auditor's.
	TreeSize  uint64 `json:"tree_size,omitempty"`
	Root      *Hash  `json:"root,omitempty"`
	Timestamp uint64 `json:"timestamp,omitempty"`

	// Of a new value.
	Label   Hex    `json:"label,omitempty"`
	Version uint32 `json:"version,omitempty"`
	Value   Hex    `json:"value,omitempty"`

	TBS       Hex    `json:"tbs"`
	PublicKey Hex    `json:"public_key"`
	Signature Hex    `json:"signature"`
	Refusal   string `json:"refusal,omitempty"`
}

// Commitment is a commitment to a label's value.
type Commitment struct {
	Name       string `json:"name"`
	Mode       uint8  `json:"mode"`
	Opening    Hex    `json:"opening"`
	Label      Hex    `json:"label"`
	Version    uint32 `json:"version"`
	Value      Hex    `json:"value"`
	Signature  Hex    `json:"signature,omitempty"`
	Input      Hex    `json:"commitment_value,omitempty"`
	Commitment Hash   `json:"commitment"`
	Refused    bool   `json:"refused,omitempty"`
}

// VRF is a proof of a label's search key.
type VRF struct {
	Name      string `json:"name"`
	Suite     uint16 `json:"ciphersuite"`
	PublicKey Hex    `json:"public_key"`
	Label     Hex    `json:"label"`
	Version   uint32 `json:"version"`
	Alpha     Hex    `json:"vrf_input"`
	Proof     Hex    `json:"proof"`
	Output    *Hash  `json:"vrf_output,omitempty"`
	Refused   bool   `json:"refused,omitempty"`
}

// LogTree is a log of entries, or a proof of some of its entries.
type LogTree struct {
	Name string `json:"name"`

	// Of the log.
	Entries    []Entry `json:"entries,omitempty"`
	Encodings  []Hex   `json:"encodings,omitempty"`
	LeafHashes []Hash  `json:"leaf_hashes,omitempty"`
	Roots      []Hash  `json:"roots,omitempty"`

	// Of a proof.
	Size     uint64      `json:"size,omitempty"`
	Old      uint64      `json:"retained_size,omitempty"`
	Heads    []Hash      `json:"retained_heads,omitempty"`
	Leaves   []uint64    `json:"leaves,omitempty"`
	Values   []Hash      `json:"leaf_values,omitempty"`
	Earlier  *uint64     `json:"auditor_size,omitempty"`
	Nodes    [][2]uint64 `json:"nodes,omitempty"`
	Elements []Hash      `json:"elements,omitempty"`
	Root     *Hash       `json:"root,omitempty"`
	Refused  bool        `json:"refused,omitempty"`
}

// Leaf is a leaf of a prefix tree.
type Leaf struct {
	SearchKey  Hash `json:"vrf_output"`
	Commitment Hash `json:"commitment"`
}

// PrefixTree is a prefix tree, or a proof of lookups in it.
type PrefixTree struct {
	Name   string `json:"name"`
	Tree   string `json:"tree,omitempty"` // whose proof it is
	Leaves []Leaf `json:"leaves,omitempty"`
	Hashes []Hash `json:"leaf_hashes,omitempty"`

	Keys        []Hash  `json:"keys,omitempty"`
	Commitments []*Hash `json:"commitments,omitempty"`
	Proof       Hex     `json:"prefix_proof,omitempty"`
	Root        *Hash   `json:"root,omitempty"`
	Refused     bool    `json:"refused,omitempty"`
}

// AuditorUpdate is what an auditor is told of a log entry.
type AuditorUpdate struct {
	Name     string `json:"name"`
	Previous *Entry `json:"previous,omitempty"`
	Update   Hex    `json:"auditor_update"`
	Entry    *Entry `json:"entry,omitempty"`
	Refusal  string `json:"refusal,omitempty"`
}

// ImplicitTree is the implicit binary search tree of a size.
type ImplicitTree struct {
	Size     uint64   `json:"size"`
	Root     uint64   `json:"root"`
	Frontier []uint64 `json:"frontier"`
	// Paths are the direct paths of all entries, Updates what brings views of all
	// sizes, from 0 on, up to date.
	Paths   [][]uint64 `json:"direct_paths,omitempty"`
	Updates [][]uint64 `json:"view_updates,omitempty"`
}

// Ladder has the binary ladders for a version.
type Ladder struct {
	Version    uint32   `json:"version"`
	Base       []uint32 `json:"base"`
	Monitoring []uint32 `json:"monitoring"`
	// Search are the search ladders in entries with other greatest versions.
	Search []SearchLadder `json:"search"`
}

// SearchLadder is a search binary ladder: Order is -1, 0 or 1 as it shows that the
// greatest version is less than the ladder's, equal to it or greater.
type SearchLadder struct {
	Greatest int64    `json:"greatest"`
	Lookups  []uint32 `json:"lookups"`
	Order    int      `json:"order"`
}

// Distinguished is a log and which of its entries are distinguished, and expired.
type Distinguished struct {
	Name          string   `json:"name"`
	Timestamps    []uint64 `json:"timestamps"`
	Window        uint64   `json:"reasonable_monitoring_window"`
	Lifetime      *uint64  `json:"maximum_lifetime,omitempty"`
	Distinguished []uint64 `json:"distinguished"`
	Expired       []uint64 `json:"expired"`
}

// Replay returns the log entry that follows from an encoded AuditorUpdate and the
// previous entry, if there is one. Errors are of the kinds of AuditorRefusal.
func Replay(previous *Entry, update []byte) (keytrans.LogEntry, error) {
	u, err := keytrans.ParseAuditorUpdate(update)
	if err != nil {
		return keytrans.LogEntry{}, err
	}
	if previous == nil {
		return u.Replay(nil)
	}
	return u.Replay(&keytrans.LogEntry{Timestamp: previous.Timestamp, PrefixTree: merkle.Hash(previous.PrefixTree)})
}

// AuditorRefusal returns the kind of Replay's error, "" for none.
func AuditorRefusal(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, keytrans.ErrMalformed):
		return Malformed
	case errors.Is(err, keytrans.ErrUndetermined):
		return "undetermined"
	}
	return "invalid"
}

// AuditorRun is what an auditor was told from the first entry of a log on, and
// what it makes of it: a head to sign, or a refusal of the last update.
type AuditorRun struct {
	Name      string `json:"name"`
	Log       string `json:"log"`
	Updates   []Hex  `json:"auditor_updates"`
	Size      uint64 `json:"tree_size,omitempty"`
	Timestamp uint64 `json:"timestamp,omitempty"`
	Root      *Hash  `json:"root,omitempty"`
	// Step is that of the auditor's algorithm that refuses.
	Step int `json:"refused_in_step,omitempty"`
}

// Audit has an auditor process the updates. It returns the step that refuses the
// last, 0 if none does; other errors are of an earlier update.
func (r *AuditorRun) Audit(configuration []byte) (a *keytrans.Auditor, step int, err error) {
	cfg, err := keytrans.ParseConfiguration(configuration)
	if err != nil {
		return nil, 0, err
	}
	if a, err = keytrans.NewAuditor(cfg); err != nil {
		return nil, 0, err
	}
	for i, data := range r.Updates {
		u, err := keytrans.ParseAuditorUpdate(data)
		if err != nil {
			return nil, 0, err
		}
		var refused *keytrans.AuditError
		switch err := a.Apply(u); {
		case errors.As(err, &refused) && i == len(r.Updates)-1:
			return a, refused.Step, nil
		case err != nil:
			return nil, 0, fmt.Errorf("update %d: %w", i, err)
		}
	}
	return a, 0, nil
}
