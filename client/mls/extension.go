package mls

import "slices"

// ExtensionType is a value of the registry of RFC 9420, Section 17.3.
type ExtensionType uint16

// ExtensionRatchetTree is the extension of a GroupInfo that holds the group's
// ratchet tree (RFC 9420, Section 12.4.3.3).
const ExtensionRatchetTree ExtensionType = 2

// An Extension is typed data in a KeyPackage, a leaf, a GroupInfo or a
// GroupContext. This package looks into none but the ratchet tree.
type Extension struct {
	Type ExtensionType
	Data []byte
}

// SPEC: Any field containing a list of extensions MUST NOT have more than one
// extension of any given type.
func readExtensions(r *reader, field string) []Extension {
	list := r.sub(field)
	var extensions []Extension
	for len(list.rest) > 0 {
		if len(extensions) == MaxExtensions {
			list.fail(errLimit, field)
			break
		}
		e := Extension{ExtensionType(list.uint16("extension_type")), list.vector("extension_data")}
		if _, again := findExtension(extensions, e.Type); again {
			list.fail(errMalformed, field+" has one type twice")
			break
		}
		extensions = append(extensions, e)
	}
	r.done(list)
	return extensions
}

func findExtension(extensions []Extension, t ExtensionType) ([]byte, bool) {
	i := slices.IndexFunc(extensions, func(e Extension) bool { return e.Type == t })
	if i < 0 {
		return nil, false
	}
	return extensions[i].Data, true
}
