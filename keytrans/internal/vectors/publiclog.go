package vectors

import (
	"errors"

	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// Quorum is the kind of refusal of what too few witnesses have cosigned.
const Quorum = "quorum"

// Checkpoint is a signed checkpoint and what a policy makes of it.
type Checkpoint struct {
	Name    string           `json:"name"`
	Policy  Hex              `json:"policy"`
	Note    Hex              `json:"note"`
	Refusal string           `json:"refusal,omitempty"`
	Expect  *CheckpointFacts `json:"expect,omitempty"`
}

// CheckpointFacts are what a checkpoint establishes.
type CheckpointFacts struct {
	Origin       string        `json:"origin"`
	Size         uint64        `json:"size"`
	Root         Hash          `json:"root"`
	Log          string        `json:"log"`
	Cosignatures []Cosignature `json:"cosignatures"`
	Witnessed    bool          `json:"witnessed"`
}

// Cosignature is one by a witness of the policy.
type Cosignature struct {
	Witness string `json:"witness"`
	Time    uint64 `json:"time"` // in milliseconds
}

// Open returns what a policy makes of a signed checkpoint.
func (c *Checkpoint) Open() (*CheckpointFacts, error) {
	p, err := checkpoint.ParsePolicy(c.Policy)
	if err != nil {
		return nil, err
	}
	s, err := p.Open(c.Note)
	if err != nil {
		return nil, err
	}
	return facts(s), nil
}

func facts(s *checkpoint.Signed) *CheckpointFacts {
	out := &CheckpointFacts{
		Origin: s.Origin, Size: s.Size, Root: Hash(s.Root), Log: s.Log.VerifierKey,
		Cosignatures: []Cosignature{}, Witnessed: s.Witnessed() == nil,
	}
	for _, c := range s.Cosignatures {
		out.Cosignatures = append(out.Cosignatures, Cosignature{c.Witness, uint64(c.Time.UnixMilli())})
	}
	return out
}

// LogRefusal returns the kind of an error of package checkpoint.
func LogRefusal(err error) string {
	var invalid *note.InvalidSignatureError
	switch {
	case errors.Is(err, checkpoint.ErrMalformed):
		return Malformed
	case errors.As(err, &invalid), errors.Is(err, checkpoint.ErrNotSigned):
		return Signature
	case errors.Is(err, checkpoint.ErrQuorum):
		return Quorum
	}
	return Proof
}

// Policy is a policy, and which witnesses are enough for it.
type Policy struct {
	Name      string          `json:"name"`
	Policy    Hex             `json:"policy"`
	Refused   bool            `json:"refused,omitempty"`
	Logs      []string        `json:"logs,omitempty"`
	Witnesses []PolicyWitness `json:"witnesses,omitempty"`
	Quorum    Hex             `json:"quorum,omitempty"`
	Sets      []WitnessSet    `json:"sets,omitempty"`
}

// PolicyWitness is a witness that a policy defines.
type PolicyWitness struct {
	Name Hex    `json:"name"`
	Key  string `json:"verifier_key"`
}

// WitnessSet is a set of witnesses, by their numbers in the policy.
type WitnessSet struct {
	Witnesses []int `json:"witnesses"`
	IsQuorum  bool  `json:"is_quorum"`
}

// Evaluate returns what a policy says, with the sets of c evaluated.
func (c *Policy) Evaluate() (*Policy, error) {
	p, err := checkpoint.ParsePolicy(c.Policy)
	if err != nil {
		return nil, err
	}
	out := &Policy{Name: c.Name, Policy: c.Policy, Quorum: Hex(p.Quorum())}
	for _, l := range p.Logs {
		out.Logs = append(out.Logs, l.VerifierKey)
	}
	for _, w := range p.Witnesses {
		out.Witnesses = append(out.Witnesses, PolicyWitness{Hex(w.Name), w.VerifierKey})
	}
	for _, set := range c.Sets {
		var names []string
		for _, i := range set.Witnesses {
			names = append(names, p.Witnesses[i].Name)
		}
		out.Sets = append(out.Sets, WitnessSet{set.Witnesses, p.IsQuorum(names)})
	}
	return out, nil
}

// TLogProof is a proof that an entry is in a log.
type TLogProof struct {
	Name    string `json:"name"`
	Policy  Hex    `json:"policy"`
	Proof   Hex    `json:"proof"`
	Entry   Hex    `json:"entry"`
	Refusal string `json:"refusal,omitempty"`
	// What a proof that is not malformed has.
	Index  uint64 `json:"index,omitempty"`
	Hashes []Hash `json:"hashes,omitempty"`
	Extra  *Hex   `json:"extra,omitempty"`
}

// Verify returns c with what its proof has, and why it is refused.
func (c *TLogProof) Verify() (*TLogProof, error) {
	out := &TLogProof{Name: c.Name, Policy: c.Policy, Proof: c.Proof, Entry: c.Entry}
	p, err := checkpoint.ParseProof(c.Proof)
	if err == nil {
		out.Index, out.Hashes = p.Index, Hashes(p.Hashes)
		if p.Extra != nil {
			extra := Hex(p.Extra)
			out.Extra = &extra
		}
		var policy *checkpoint.Policy
		if policy, err = checkpoint.ParsePolicy(c.Policy); err != nil {
			return nil, err
		}
		_, err = p.Verify(policy, c.Entry)
	}
	if err != nil {
		out.Refusal = LogRefusal(err)
	}
	return out, nil
}

// RFC6962 is a log, or a proof of a log's.
type RFC6962 struct {
	Name string `json:"name"`
	// Leaves, their hashes, and the roots of the first 0, 1, 2 leaves and so on.
	Leaves     []Hex  `json:"leaves,omitempty"`
	LeafHashes []Hash `json:"leaf_hashes,omitempty"`
	Roots      []Hash `json:"roots,omitempty"`
	// Of proofs.
	Index     *uint64 `json:"index,omitempty"`
	LeafHash  *Hash   `json:"leaf_hash,omitempty"`
	OlderSize *uint64 `json:"older_size,omitempty"`
	OlderRoot *Hash   `json:"older_root,omitempty"`
	Size      uint64  `json:"size,omitempty"`
	Root      *Hash   `json:"root,omitempty"`
	Proof     []Hash  `json:"proof,omitempty"`
	Refused   bool    `json:"refused,omitempty"`
}

// TileTree is a log that is read by its tiles, or the path of a tile, or a bundle
// of log entries.
type TileTree struct {
	Name    string `json:"name"`
	Refused bool   `json:"refused,omitempty"`
	// Of a log: leaf i is the encoding of i in 8 bytes.
	Size  uint64          `json:"size,omitempty"`
	Root  *Hash           `json:"root,omitempty"`
	Tiles map[string]Hash `json:"tiles,omitempty"` // SHA-256 of each tile of hashes
	// Of a path.
	Path  *string `json:"path,omitempty"`
	Kind  string  `json:"kind,omitempty"`
	Level uint8   `json:"level,omitempty"`
	Index uint64  `json:"index,omitempty"`
	Width uint16  `json:"width,omitempty"`
	// Of a bundle.
	Bundle  *Hex  `json:"bundle,omitempty"`
	Count   int   `json:"count,omitempty"`
	Entries []Hex `json:"entries,omitempty"`
}
