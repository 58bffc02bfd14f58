// Package mls reads what Messaging Layer Security (RFC 9420) says of a group's
// members, so that they can be held against the directory: GroupInfo objects,
// ratchet trees and KeyPackages.
//
// Parsing and verifying are apart. ParseGroupInfo, ParseRatchetTree,
// ParseKeyPackage and Parse, which finds out what it was given, accept only
// well-formed encodings: vector lengths in their minimal form, optional values
// with a presence of 0 or 1, leaves and parents where a tree has them, no two
// extensions of one type, nothing after the end. Verify then checks signatures
// and hashes. A roster is made only of a group that verified.
//
// What Verify establishes of a GroupInfo:
//
//   - its ratchet tree is the one that the GroupContext's tree_hash is of (RFC
//     9420, Section 7.8), so no leaf was added, changed or left out beside it;
//   - its signature is by the signature key of the leaf that it names as signer
//     (Section 12.4.3);
//   - each leaf node is signed by its own signature key, those of update and
//     commit for this group and this leaf index (Section 7.2);
//   - no two leaves have one signature key, no two nodes one encryption key
//     (Sections 7.3 and 12.4.3.1).
//
// What it does NOT establish: that the identities in the credentials are
// genuine, for which there is the directory; that the GroupInfo is the group's
// newest, or that its signer did not make it all up, for which one has to be a
// member. Parent hashes, the confirmation tag, capabilities and lifetimes are not
// checked: they matter to who encrypts to the group, and only a member has the
// secrets. X.509 chains are not validated: see Credential.
//
// Values that a GREASE client adds, and every other unknown value in
// capabilities and extensions, are carried and ignored. A cipher suite that the
// package does not know is parsed and never verifies.
//
// The package does no I/O and reads no clock. Time and memory are bounded by
// MaxSize, MaxLeaves and MaxExtensions for every input.
package mls

import "errors"

// Limits of what is parsed.
const (
	MaxSize         = 64 << 20 // bytes of an object
	MaxLeaves       = 1 << 17  // leaves of a tree, blank ones included
	MaxExtensions   = 64       // extensions of one list
	MaxCertificates = 16       // certificates of one credential
)

var (
	// ErrUnknownCipherSuite is wrapped by the errors of whatever needs to hash
	// or verify with a cipher suite that this package does not know.
	ErrUnknownCipherSuite = errors.New("mls: unknown cipher suite")
	// ErrNotVerified is wrapped by the errors of Verify for an object whose
	// signatures, hashes or keys are not as they must be.
	ErrNotVerified = errors.New("mls: does not verify")
	// ErrVersion is wrapped by the error for an object of another protocol version
	// than MLS 1.0.
	ErrVersion = errors.New("mls: unknown protocol version")

	errMalformed = errors.New("mls: malformed")
	errLimit     = errors.New("mls: over the limit")
)
