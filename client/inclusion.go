package client

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// provenEntries returns the entries that a verified response proved, each with a
// proof of its own under the signed head: a response proves all of its entries
// together, and only to one who has the view before it.
func provenEntries(v *keytrans.Verified) ([]pendingEntry, error) {
	out := make([]pendingEntry, len(v.Entries))
	for i, e := range v.Entries {
		path, ok := v.Inclusion(e.Position)
		if !ok {
			return nil, fmt.Errorf("%w: it does not give a proof of entry %d alone", keytrans.ErrProof, e.Position)
		}
		out[i] = pendingEntry{Entry: e, head: v.View.Head, path: path}
	}
	return out, nil
}
