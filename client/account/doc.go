// Package account is the account key of a label: a key of the label's owner
// that signs every version of the label's key set, so that a version that the
// directory, or somebody with its owner's password, put there by themselves
// does not look like one of the owner's.
//
// The account key and its signatures are extensions of the key set (package
// keyset):
//
//	struct {
//	    uint8 algorithm;               // 1 Ed25519, 2 ECDSA on P-256
//	    opaque public<1..255>;
//	} AccountKey;                      // extension 1
//
//	struct {
//	    opaque previous[32];           // commitment of the version before
//	    opaque signature<1..255>;      // by the account key of this version
//	    opaque by_previous<0..255>;    // by that of the version before
//	} AccountSignature;                // extension 2
//
//	struct {
//	    opaque previous[32];
//	    AccountKey key;                // the account key that is to be
//	    opaque signature<1..255>;      // by that key
//	} ResetAnnouncement;               // extension 3, instead of 2
//
// What is signed is a Statement. Read takes from one version what it says;
// Follow decides what that is, after the versions before it. There are four
// ways in which a label's key changes: it is established, by the first version
// that has one; it signs its successor (a rotation); a reset is announced, and
// in the next version made, without the old key. Everything else is Unsigned,
// and does not count. Who establishes a key on a label that had none, or resets
// it, has shown nothing but that the directory let them: that is why a reset
// is announced first, and why a directory makes it wait (the package has no
// clock).
//
// A signature names the label and the versions, but not the directory: an owner
// uses an account key in one directory only.
//
// The document docs/account.md is the specification. The package does no I/O
// and reads no clock.
package account
