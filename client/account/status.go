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
	// Unchecked: what came before is not known, and the version is signed by its
	// own account key. It is trusted as much as a first contact is. For who knew
	// an earlier key of the label, it is as loud as a reset.
	Unchecked Status = "unchecked"
	// Unknown: the version's value is not known.
	Unknown Status = "unknown"
)

// Stands reports whether the keys in a version of this status may be used.
func (s Status) Stands() bool { return s != Unsigned && s != Unknown }

// NewKey reports whether a version of this status may have another account key
// than the one before.
func (s Status) NewKey() bool {
	return s == Established || s == Rotated || s == Reset || s == Unchecked
}
