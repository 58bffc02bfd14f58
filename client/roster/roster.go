// Package roster judges who is in a conversation: it holds the members and
// device keys that an app sees in a session against what a directory proves of
// the members' labels, and names what is not supposed to be there.
//
// Parse reads a roster, the JSON document that an app writes (docs/roster.md).
// Check compares it with what was proven of each label and returns a Report:
// findings with stable codes, the proof behind each, and what to do. Digest
// makes the sixty digits that members compare with each other.
//
// The package does no I/O, reads no clock and verifies no log: package client
// does that, and hands its results in as a History per label. What Check says is
// as good as these. It does NOT see what no directory can: docs/limits.md.
package roster

import (
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// Limits of a roster. Parse enforces them.
const (
	MaxSize    = 64 << 20 // bytes of the document
	MaxMembers = 20_000   // members, and labels in the agreed list
	MaxDevices = 64       // devices of one member
)

// Schema is the value of a roster's "schema".
const Schema = "ghostlight/roster/v1"

// Roster is one conversation as an app sees it.
type Roster struct {
	Conversation string // the app's name for it; not interpreted
	Me           string // the user's own label, normalised; empty if it does not matter
	// Started is when the session began, by the app's clock. Zero if unknown.
	Started time.Time
	// Members are in the order of the document. The user may be one of them.
	Members []Member
	// Agreed are the labels that the members agreed on, normalised. Nil if the
	// document has no such list.
	Agreed []string
}

// Member is one participant.
type Member struct {
	Label string // normalised
	// FirstSeen is when the app first saw the member in the conversation, by its
	// own clock.
	FirstSeen time.Time
	// VerifiedAt is when the user last verified the member (compared digits, met
	// in person). Zero if never.
	VerifiedAt time.Time
	Devices    []Device
	// Attestation is the owner's latest statement of having monitored the label
	// (package account), in base64. Empty if the app has none.
	Attestation string
}

// Device is one key that the session uses for a member.
type Device struct {
	Format keyset.Format
	// Data is the key in its format's encoding. Nil if the app knows no more
	// than the fingerprint.
	Data []byte
	// Fingerprint is by the format's own rule (docs/keyset.md), in the one
	// spelling that keyset.Key.Fingerprint has. Parse always sets it.
	Fingerprint string
	Name        string    // what the app calls the device; only for people
	FirstSeen   time.Time // zero if unknown
}

// Key returns the device's key. Data is nil if only the fingerprint is known.
func (d Device) Key() keyset.Key {
	return keyset.Key{Format: d.Format, Data: d.Data, Name: d.Name}
}
