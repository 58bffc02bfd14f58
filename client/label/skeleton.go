package label

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Skeleton returns what two strings have in common if and only if they are confusable by
// UTS 39, Section 4: most people cannot tell them apart in most fonts. It is for
// comparison, not for display: that of "modem" is "rnodern". What lies between the
// strings is compared too, so whoever compares labels compares whole ones.
//
// Direction is not considered: s is compared in the order in which it is stored.
func Skeleton(s string) string {
	// SPEC: Convert X to NFD format. Concatenate the prototypes for each character in X
	// according to the specified data, removing Default_Ignorable_Code_Point. Reapply NFD.
	known := prototypes()
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if c, _ := spanOf(r); c.ignorable {
			continue
		}
		if p, ok := known[r]; ok {
			b.WriteString(p)
		} else {
			b.WriteRune(r)
		}
	}
	return norm.NFD.String(b.String())
}
