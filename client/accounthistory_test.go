package client_test

import (
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
)

// statuses checks what a history says of its versions, newest first, and how many
// requests it takes.
func (w *world) statuses(limit, searches, batches int, want ...account.Status) *client.HistoryResult {
	w.Helper()
	var h *client.HistoryResult
	w.wantRequests(searches, batches, func() {
		var err error
		if h, err = w.c.History(bg, alice, limit); err != nil {
			w.Fatal(err)
		}
	})
	if len(h.Versions) != len(want) {
		w.Fatalf("%d versions, want %d", len(h.Versions), len(want))
	}
	for i, status := range want {
		if a := h.Versions[i].Account; a == nil || a.Status != status {
			w.Errorf("version %d: %+v, want %q", h.Versions[i].Version, a, status)
		}
	}
	return h
}

// TestShortHistory lists the last versions of a label with an account key: they are
// followed from those before, though these are not listed.
func TestShortHistory(t *testing.T) {
	const signed, unsigned = account.Signed, account.Unsigned
	one, two := accountKey("one"), accountKey("two")
	w := newWorld(t)
	w.sign(keys("a"), one)
	w.sign(keys("ab"), one)
	if _, err := w.c.RotateAccount(bg, alice, client.PublishOptions{Account: two, PreviousAccount: one}); err != nil {
		t.Fatal(err)
	}
	w.sign(keys("b"), two)
	v := w.another()
	v.statuses(2, 2, 1, signed, account.Rotated)
	v.statuses(1, 1, 1, signed)
	v.statuses(0, 4, 0, signed, account.Rotated, signed, account.Established)
	// From what is retained, if that is older than the list.
	for range 3 {
		w.sign(keys("c"+string(rune('0'+w.dir.Size()))), two)
	}
	old := w.another()
	v.statuses(1, 1, 1, signed)
	w.haunt(keys("x"))
	v.statuses(2, 2, 1, unsigned, signed)
	old.statuses(2, 2, 1, unsigned, signed)
	w.haunt(keys("y"))
	old.statuses(1, 1, 0, unsigned)
	// Without batches it is the same, one by one.
	w.dir.Plain = true
	w.another().statuses(2, 9, 2, unsigned, unsigned)
}

// TestShortHistoryOfMany has more versions before the list than are looked at: then the
// key that the oldest of those has is believed, and it is said from which on.
func TestShortHistoryOfMany(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	for i := range 70 {
		w.sign(keys(string(rune('!'+i))), one)
	}
	h := w.another().statuses(2, 3, 1, account.Signed, account.Signed)
	if a := h.Versions[0].Account; a.From != 4 {
		t.Errorf("%+v", a)
	}
}

// TestShortHistoryKeyless lists versions of a label without an account key.
func TestShortHistoryKeyless(t *testing.T) {
	w := newWorld(t)
	for range 6 {
		w.haunt(keys("a"))
	}
	v := w.another()
	for _, batches := range []int{1, 0} {
		v.wantRequests(2, batches, func() {
			h, err := v.c.History(bg, alice, 2)
			if err != nil || h.Versions[0].Account != nil || h.Versions[1].Account != nil {
				t.Errorf("%v, %+v", err, h)
			}
		})
	}
}
