package watch_test

import (
	"crypto"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// insertSigned makes a version that an account key signs.
func (w *world) insertSigned(label string, version uint32, names string, by crypto.Signer) {
	w.Helper()
	set, err := keyset.Parse(keys(names))
	fatalIfErr(w, err)
	link := account.Link{Label: label, Version: version}
	if version > 0 {
		previous := [32]byte(w.dir.Commitment(label, version-1))
		link.Previous = &previous
	}
	set, err = account.Sign(set, link, by, nil)
	fatalIfErr(w, err)
	value, err := set.Marshal()
	fatalIfErr(w, err)
	w.dir.Insert(clienttest.Update{Label: label, Values: [][]byte{value}})
}

// TestUnsignedChange has a contact get an account key, and somebody without it insert a
// key. That lasts until the owner answers it.
func TestUnsignedChange(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	owner, err := account.NewSigner(account.Ed25519)
	fatalIfErr(t, err)
	w.insertSigned(bob, 1, "b", owner)
	w.wants(finding.ChangedValue)

	w.insert(bob, "bx")
	for range 2 {
		r := w.wants(finding.ChangedValue, finding.UnsignedChange)
		f := w.find(r, finding.UnsignedChange, bob, "version 2", "not signed")
		if f.Severity != finding.Critical || f.Class != finding.Report || !f.Condition || r.Verdict() != finding.Changed {
			t.Errorf("%+v: %v", f, r.Verdict())
		}
		w.open()
	}
	w.insertSigned(bob, 3, "by", owner)
	w.wants(finding.ChangedValue, finding.ChangedValue, finding.ChangedValue)
}
