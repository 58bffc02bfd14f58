// Package group is the value of a group's label: its members, each with the account
// key that they act with and the signature of the member who added them, signed as a
// whole by a member of the version before. Who runs the directory can publish a
// version of any label, but not one that a member signed: a member whom nobody in
// the group added shows.
//
// The value is TLS presentation language (RFC 8446, Section 3):
//
//	struct {
//	    opaque magic[4] = "GLGR";
//	    uint16 version = 1;
//	    opaque previous[32];           // commitment of the version before; zero in version 0
//	    opaque actor<1..255>;          // label of the member who made this version
//	    Member members<1..2^24-1>;     // sorted by label, at most 4,096
//	    opaque signature<1..255>;      // by the actor's key of the version before
//	    opaque by_new_key<0..255>;     // by the actor's key of this version, if it is another
//	} Group;
//
//	struct {
//	    opaque label<1..255>;
//	    AccountKey key;                // as in package account
//	    uint32 added_at;               // the version of the group that added them
//	    opaque added_by<1..255>;       // the actor of that version
//	    AccountKey adder_key;          // with which they signed the addition
//	    opaque addition<1..255>;       // that signature
//	} Member;
//
// What is signed are statements of package account, about the group's label: the
// addition of a member (KindAddition) and a version (KindGroup). There is exactly
// one encoding of a group.
//
// Parse reads a value. Follow decides whether a version stands, after the versions
// before it. Create and State.Next make values. docs/groups.md is the specification.
//
// The keys are the group's own record. That a member's key is the account key of
// their label in the directory is not looked at here: package client does.
//
// The package does no I/O and reads no clock.
package group

import "errors"

// Limits of a group.
const (
	MaxSize    = 1 << 20 // bytes of a value
	MaxMembers = 4096
)

var (
	// ErrUnsigned is wrapped by the error for a version that no member of the
	// version before it made: it does not stand.
	ErrUnsigned = errors.New("group: not a version that a member made")
	// ErrVersion is wrapped by the error for a value of a version of the format
	// that this package does not know: not damaged, but newer.
	ErrVersion = errors.New("group: unknown version of the format")

	errMalformed = errors.New("group: malformed")
	errUsage     = errors.New("group: cannot make this version")
)
