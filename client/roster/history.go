package roster

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// History is what was proven of one label. At most one of Absent, Err and
// Misbehaviour is set; Versions is empty then.
type History struct {
	Label string
	// Absent tells that the directory has proven that it has no such label.
	Absent bool
	// Err is why the label could not be checked.
	Err error
	// Misbehaviour tells that the directory signed a contradiction about it.
	Misbehaviour bool
	// Versions are proven versions, newest first, without a gap in their
	// numbers. The first is proven to be the greatest under Head.
	Versions []Version
	// Complete tells that there is no version before the last of Versions: it is
	// version 0, or the log has given up (maximum lifetime) what came before.
	Complete bool
	// Head is the log under which the label was proven.
	Head Head
	// Before is what was known of the label's account key before the oldest of
	// Versions. Nil if nothing was, or the label has none.
	Before *Before
}

// Head is a state of the log, as in client.Head.
type Head struct {
	TreeSize uint64    `json:"tree_size"`
	Root     string    `json:"root"` // hexadecimal
	Time     time.Time `json:"time,omitzero"`
}

// Before says since when an account key stood that the oldest version of a
// History was checked against: because the versions before were checked too, or
// this client retained it.
type Before struct {
	// Version is the one that established the key, or the earliest one known
	// to have stood under it or under the keys that rotated to it.
	Version uint32      `json:"version"`
	Key     account.Key `json:"account_key"` // as of the oldest version of the History
	// NotAfter is a time at which Version existed.
	NotAfter time.Time `json:"not_after"`
}

// Version is one proven version of a label.
type Version struct {
	Number   uint32
	LogEntry uint64 // the entry in which it was found: created there or before
	// NotBefore and NotAfter are the proven bounds of when it was created, by
	// the log's timestamps, both included: that of the last entry known to lack
	// it, and of the first known to hold it. They are equal if that entry is
	// proven to have brought it. A zero NotBefore is no bound.
	NotBefore, NotAfter time.Time
	// Unsettled is why the bounds could not be made narrower, if that was tried
	// and failed. Empty if not.
	Unsettled string

	Commitment  [32]byte
	ValueSHA256 string // hexadecimal
	// Missing is why the value could not be had, though the version exists.
	Missing string
	// KeySet tells that the value is a key set, Set that set, and Keys its
	// summary, in its order.
	KeySet bool
	Set    keyset.Set
	Keys   []keyset.Description

	// Account is how the version stands to the one before, and Key the account
	// key in it. Nil if it has none.
	Account account.Status
	Key     *account.Key
	// Rotated tells that the account key that was known before signed that Key takes its
	// place, be it that versions in between are missing.
	Rotated bool
	// Mine tells that this client itself published the version.
	Mine bool
}

// SetValue fills in what follows from the version's value.
func (v *Version) SetValue(value []byte) {
	sum := sha256.Sum256(value)
	v.ValueSHA256 = hex.EncodeToString(sum[:])
	set, err := keyset.Parse(value)
	if v.KeySet = err == nil; v.KeySet {
		v.Set, v.Keys = set, set.Summary()
	}
}

// IndexOf returns the place in v.Keys of the key that a device has, in whatever
// format that is written down: as Check compares keys. -1 if v does not have it.
func (v *Version) IndexOf(d Device) int { return v.Index().Of(d) }

// Index finds keys in a version, for who has many to find.
type Index struct {
	ids identities
	at  map[string]int
}

// Index returns the index of the version's keys.
func (v *Version) Index() *Index {
	x := &Index{make(identities), make(map[string]int, len(v.Keys))}
	x.ids.learnVersion(v)
	for i := len(v.Keys) - 1; i >= 0; i-- {
		x.at[x.ids.of(v.Keys[i])] = i
	}
	return x
}

// Of is IndexOf.
func (x *Index) Of(d Device) int {
	own := make(identities)
	own.learn(d.Key(), d.Fingerprint)
	id := own.device(&d)
	if len(own) == 0 {
		id = x.ids.device(&d)
	}
	if i, ok := x.at[id]; ok {
		return i
	}
	return -1
}
