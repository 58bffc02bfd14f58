package audit

import (
	"context"
	"net/http"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/label"
)

// pageVersions is how many versions a page of a history has. Each is a search.
const pageVersions = 8

type historyData struct {
	Asked    string
	Label    string
	Warnings []label.Warning
	Greatest *claim
	Versions []versionLine // the newest first
	First    uint32        // the oldest that is shown
	Last     uint32
	Older    *uint32 // the newest version of the next page
	Newer    *uint32
	Problem  *Problem
}

// versionLine is one version, and what it changed.
type versionLine struct {
	Number  uint32
	Claim   *claim   // nil if it cannot be had
	Problem *Problem // why
	Time    uint64   // of the entry that has it, in ms
	Status  account.Status
	Words   string
	Bad     bool
	Changes *keyset.Changes // nil if the version before is no key set that is known
	First   bool            // nothing before it is known
}

// statusWords say what a version is after those before it.
var statusWords = map[account.Status]string{
	account.None:        "no account key",
	account.Established: "the first with an account key, and signed by it",
	account.Signed:      "signed by the account key",
	account.Rotated:     "another account key, signed by the old and the new one",
	account.Announced:   "announces another account key; the keys are as before",
	account.Reset:       "another account key than before, after it was announced",
	account.Unsigned:    "not signed by the account key",
	account.Unchecked:   "signed by its account key; what came before was not followed",
}

// history shows the versions of a label, as the operator claims them.
func history(v *View, r *http.Request) (any, error) {
	if r.Method != http.MethodPost {
		return historyData{}, nil
	}
	d := historyData{Asked: r.PostForm.Get("label")}
	var err error
	if d.Label, d.Warnings, err = normalized(d.Asked); err == nil {
		err = d.read(v, r)
	}
	if d.Problem = problemIn(err); d.Problem != nil {
		return d, nil
	}
	return d, err
}

func (d *historyData) read(v *View, r *http.Request) error {
	last, err := parseVersion(r.PostForm.Get("to"))
	if err != nil {
		return err
	}
	if d.Greatest, err = v.search(r.Context(), d.Label, nil); err != nil {
		return err
	}
	d.Last = d.Greatest.Version
	if last != nil {
		d.Last = min(*last, d.Last)
	}
	d.First = d.Last - min(d.Last, pageVersions-1)
	if d.First > 0 {
		older := d.First - 1
		d.Older = &older
	}
	if d.Last < d.Greatest.Version {
		newer := uint32(min(uint64(d.Last)+pageVersions, uint64(d.Greatest.Version)))
		d.Newer = &newer
	}
	return d.follow(r.Context(), v)
}

// follow reads the versions from the oldest on, beginning with one more than is shown,
// so that each can be held against the one before.
func (d *historyData) follow(ctx context.Context, v *View) error {
	var state *account.State
	var before *claim
	for n := uint64(d.First - min(d.First, 1)); n <= uint64(d.Last); n++ {
		line, err := d.version(ctx, v, uint32(n))
		if err != nil {
			return err
		}
		said := account.Missing(d.Label, line.Number, account.Hash{})
		if line.Claim != nil {
			said = line.Claim.said
		}
		next, status := account.Follow(state, said)
		line.Status, line.Words, line.Bad = status, statusWords[status], status == account.Unsigned
		line.First = state == nil
		state = &next
		if c := line.Claim; c != nil && c.KeySet && before != nil && before.KeySet {
			changes := keyset.Diff(before.set.Summary(), c.set.Summary())
			line.Changes = &changes
		}
		before = line.Claim
		if line.Number >= d.First {
			d.Versions = append([]versionLine{line}, d.Versions...)
		}
	}
	return nil
}

// version asks for one version. That it was erased, or has expired, is part of the
// history.
func (d *historyData) version(ctx context.Context, v *View, n uint32) (versionLine, error) {
	line := versionLine{Number: n}
	c, err := v.search(ctx, d.Label, &n)
	if line.Problem = problemIn(err); line.Problem != nil {
		return line, nil
	}
	if err != nil {
		return line, err
	}
	line.Claim = c
	line.Time, err = v.timeOf(ctx, c.Terminal)
	return line, err
}
