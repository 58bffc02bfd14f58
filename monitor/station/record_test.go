package station

import (
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestRecordFails has the ledger fail for one role: that it works for another one later
// does not make the monitor ready, and that it works for the first one does.
func TestRecordFails(t *testing.T) {
	w := newWorld(t)
	first, second := w.s.slots[0], w.s.slots[1]
	w.s.failed[first.id()] = alertError{}
	w.s.record(t.Context(), second, finding.Round{})
	if got := w.s.reasons(); !slices.Equal(got, []string{notWritten}) {
		t.Errorf("reasons %q", got)
	}
	w.s.record(t.Context(), first, finding.Round{})
	if got := w.s.reasons(); len(got) != 0 {
		t.Errorf("reasons %q", got)
	}
	fatalIfErr(t, w.s.ledger.Close())
	w.s.record(t.Context(), first, finding.Round{})
	w.s.record(t.Context(), second, finding.Round{})
	if len(w.s.failed) != 2 || w.s.ledgerError() == nil {
		t.Errorf("of a closed ledger: %v", w.s.failed)
	}
}

// alertError is an error of a ledger.
type alertError struct{}

func (alertError) Error() string { return "no space left on the device" }
