package client

import (
	"maps"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// state is everything that is retained of one directory. Once it is stored it
// is not modified: changes are made to a clone, in which contacts and owners
// that change are replaced.
type state struct {
	directory     string
	configuration []byte
	trustedAt     time.Time
	view          *keytrans.View  // never nil
	proofs        evidence.Proofs // of view, for evidence
	// recent are the recent distinguished heads, as of when they were last asked
	// for. Credentials are verified against them.
	recent   keytrans.Recent
	contacts map[string]*contact
	owners   map[string]*owner
	// witness is what is retained under the stored witness policy, or without one
	// under that which was given last, nil if there is none; adHoc is what is kept
	// under another one that is in force for this operation.
	witness, adHoc *witnessing
}

func (s *state) clone() *state {
	c := *s
	c.contacts, c.owners = maps.Clone(s.contacts), maps.Clone(s.owners)
	return &c
}

// contact is what is retained of a label that was looked up.
type contact struct {
	monitor *keytrans.Contact // never nil
	seen    *seen             // the greatest version seen, if any was
	// account is what is known of the label's account key, nil if it is not known to
	// have one. It may be of versions beyond what was seen, which were refused.
	account *standing
}

// seen is a verified value of a label.
type seen struct {
	version    uint32
	commitment merkle.Hash
	value      Value
	at         time.Time
}

// contactOf returns what is retained of a label, for modification.
func (s *state) contactOf(label string) *contact {
	if c := s.contacts[label]; c != nil {
		copied := *c
		return &copied
	}
	return &contact{monitor: &keytrans.Contact{}}
}

// owner is what is retained of a label that its user owns.
type owner struct {
	monitor *keytrans.Owner // never nil
	// ready tells that every version from before the label was taken over has
	// been processed.
	ready bool
	// since is the greatest version that existed then: up to it, versions are
	// accepted without being in the ledger.
	since  *uint32
	ledger map[uint32]Entry
	// pending are values that were sent and of which it is not known whether
	// the directory made versions of them, oldest first.
	pending    []Pending
	unexpected []Unexpected // ascending by version
	// last is the value of the greatest version known, if that is known.
	last *seen
	// account is what is known of the label's account key as of the greatest version,
	// nil if it is not known to have had one.
	account *standing
	// group is what the versions of a group's label amount to, nil if it is none.
	group *group.State
}

// Entry is a version of an owned label that its owner made or accepted.
type Entry struct {
	ValueSHA256 string    `json:"value_sha256"`
	How         string    `json:"how"` // HowPublished and so on
	At          time.Time `json:"at"`
}

// How an Entry came into the ledger. An answered one is not the owner's: it was made
// without the account key, and the owner has published a signed version after it.
const (
	HowPublished = "published"
	HowTakenOver = "taken over"
	HowAccepted  = "accepted"
	HowAnswered  = "answered"
	// HowMember is a version of a group that another member made.
	HowMember = "made by a member"
)

// Pending is a value that was sent to the directory without learning what became
// of it.
//
// What an account key signs is known by what it signs, and not by its bytes: the
// same may be signed again, in another place and with another signature.
type Pending struct {
	ValueSHA256 string    `json:"value_sha256,omitempty"`
	At          time.Time `json:"at"`
	// Body is the hash of what was signed, and Key the account key that signed it.
	Body *account.Hash `json:"body,omitempty"`
	Key  *account.Key  `json:"account_key,omitempty"`
	// Announced tells that it announces that key, which is not the account key yet.
	Announced bool `json:"announced,omitempty"`
	// Group identifies a version of a group: see group.Group's Content.
	Group *account.Hash `json:"group,omitempty"`
}

// Unexpected is a version of an owned label that its owner did not make. It is
// reported until the owner accepts it.
type Unexpected struct {
	Version uint32 `json:"version"`
	// Position is the log entry that created the version.
	Position uint64 `json:"log_entry"`
	// EntryTime is the log entry's timestamp, zero as long as it is unknown.
	EntryTime time.Time `json:"log_entry_time,omitzero"`
	Value     Value     `json:"value"`
	// Changes are those from the version before, nil if its value is unknown.
	Changes *Changes  `json:"changes,omitempty"`
	FoundAt time.Time `json:"found_at"`
	// Account is what the label's account key says of it, nil if the label has none.
	Account *AccountStatus `json:"account,omitempty"`
	// Group says why it is no version of the group, if the label is a group's.
	Group string `json:"group,omitempty"`
}

// ownerOf returns what is retained of an owned label, for modification, nil if
// it is not owned.
func (s *state) ownerOf(label string) *owner {
	o := s.owners[label]
	if o == nil {
		return nil
	}
	c := *o
	c.ledger, c.unexpected, c.pending = maps.Clone(o.ledger), slices.Clone(o.unexpected), slices.Clone(o.pending)
	if c.ledger == nil {
		c.ledger = make(map[uint32]Entry)
	}
	return &c
}

// expected reports whether the owner knows of a version with that value.
func (o *owner) expected(version uint32, valueSHA256 string) bool {
	if o.since != nil && version <= *o.since {
		return true
	}
	e, ok := o.ledger[version]
	return ok && e.ValueSHA256 == valueSHA256
}

// stamp is a time as it is stored: to the second.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// entryTime converts a log entry's timestamp.
func entryTime(ms uint64) time.Time {
	const limit = 1 << 53 // milliseconds; beyond lies no calendar
	return time.UnixMilli(int64(min(ms, limit))).UTC()
}
