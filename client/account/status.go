package account

// Status is what a version is after those before it. The values are stable and
// appear in JSON.
type Status string

// The statuses.
const (
	// None: neither this version nor those before have an account key.
	None Status = ""
	// Established: the first version with an account key, signed by it. If it is
	// not version 0, nothing shows that the key's owner is who published before.
	Established Status = "established"
	// Signed: signed by the account key of the version before.
	Signed Status = "signed"
	// Rotated: another account key than before, signed by the old and the new one.
	Rotated Status = "rotated"
	// Announced: the keys are as before, and another account key is announced, by
	// somebody who holds it. The next version may be a Reset.
	Announced Status = "reset announced"
	// Reset: another account key than before, signed by it alone, right after it
	// was announced.
	Reset Status = "reset"
	// Unsigned: the label has an account key, which did not sign this version.
	// The keys in it are to be refused. The version after it is held against the
	// last one that stood.
	Unsigned Status = "unsigned"
	// Unchecked: what came before is not known, or not all of it. The version is
	// well signed by itself, and agrees with the account key that was known last,
	// if any was. It is trusted as much as a first contact is. If it announces another
	// account key, and none is known, then nobody else has signed it: see State.Claimed.
	Unchecked Status = "unchecked"
	// Unconnected: an account key was known, a version after that is not known, and
	// this one is well signed by another key. It may be that the owner rotated in
	// the version that is missing, or that it is missing because he did not. The
	// keys in it are to be refused until the user decides to begin anew with what
	// there is.
	Unconnected Status = "unconnected"
	// Unknown: the version's value is not known.
	Unknown Status = "unknown"
)

// Stands reports whether the keys in a version of this status may be used.
func (s Status) Stands() bool { return s != Unsigned && s != Unconnected && s != Unknown }
