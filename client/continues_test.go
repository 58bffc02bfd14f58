package client

import (
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// TestContinues: a label that is taken over anew keeps its versions, their
// commitments and the values in the ledger.
func TestContinues(t *testing.T) {
	const two = uint32(2)
	with := func(change func(o *owner)) *owner {
		greatest := two
		o := &owner{
			monitor: &keytrans.Owner{AtStart: &greatest, Keys: map[uint32]keytrans.VersionKey{1: {Commitment: &merkle.Hash{1}, Proven: true}, 3: {}}},
			ledger:  map[uint32]Entry{two: {ValueSHA256: "aa", How: HowTakenOver}},
		}
		change(o)
		return o
	}
	before := with(func(o *owner) { o.ledger[0] = Entry{ValueSHA256: "bb", How: HowPublished} })
	for name, c := range map[string]struct {
		change func(o *owner)
		want   string
	}{
		"the same":           {func(*owner) {}, ""},
		"newer":              {func(o *owner) { *o.monitor.AtStart = 5 }, ""},
		"older":              {func(o *owner) { *o.monitor.AtStart = 1 }, "the greatest one is 1"},
		"gone":               {func(o *owner) { o.monitor.AtStart = nil }, "the greatest one is (none)"},
		"another commitment": {func(o *owner) { o.monitor.Keys[1] = keytrans.VersionKey{Commitment: &merkle.Hash{2}, Proven: true} }, "value of version 1"},
		"another claim":      {func(o *owner) { o.monitor.Keys[1] = keytrans.VersionKey{Commitment: &merkle.Hash{2}} }, ""},
		"another value":      {func(o *owner) { o.ledger[two] = Entry{ValueSHA256: "cc"} }, "version 2 does not have the value"},
	} {
		err := with(c.change).continues(before)
		if (err != nil) != (c.want != "") || err != nil && (!strings.Contains(err.Error(), c.want) || KindOf(err) != Attention) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
