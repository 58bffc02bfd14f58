package keytrans

import (
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// TestUpdateWithoutPreviousTree pins what an update proves where the previous
// frontier is distinguished to its end: step 2 of KEYTRANS, "Updating a Label",
// is skipped, and with it what it says of lookups that count as made. The entry
// with the new versions, which is not distinguished, then gives the complete
// ladder, although the owner knows that an entry to its left holds version 0.
func TestUpdateWithoutPreviousTree(t *testing.T) {
	w := newWorld(naive.World{
		Timestamps: []uint64{100, 1000, 1001},
		RMW:        100,
		Inserted:   map[string][]uint64{"a": {0, 2}},
	}, fakeVRF{})
	l := w.at(3)
	p := &Prover{Config: w.cfg}
	view := w.view(t, 2)
	qi := &OwnerInitRequest{Last: view.Last(), Label: []byte("a"), Start: 1}
	pi, err := p.OwnerInit(w.at(2), w.at(2).label("a"), qi)
	fatalIfErr(t, err)
	owned, err := w.verifier().OwnerInit(view, qi, pi, w.at(2).now())
	fatalIfErr(t, err)

	q := &UpdateRequest{Last: view.Last(), Label: []byte("a"), GreatestVersion: ptr(uint32(0)), Values: [][]byte{w.value("a", 1)}}
	rs, err := p.Update(l, l.label("a"), q, 1)
	fatalIfErr(t, err)
	if len(rs) != 1 || len(rs[0].Update.PrefixProofs) != 1 {
		t.Fatalf("%d responses, %d proofs in the first", len(rs), len(rs[0].Update.PrefixProofs))
	}
	if got, want := len(rs[0].Update.PrefixProofs[0].Results), len(ladder.Base(1)); got != want {
		t.Fatalf("%d lookups in the new entry, want all %d of the ladder", got, want)
	}
	r, err := w.verifier().Update(view, owned.Owner, q, rs[0], l.now())
	fatalIfErr(t, err)
	if r.Owner.Contact.Map == nil {
		t.Fatal("the new entry is distinguished: this tests nothing")
	}
}
