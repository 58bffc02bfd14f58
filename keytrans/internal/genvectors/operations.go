package main

import (
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

// The user has seen nothing, some of the log or all of it.
const (
	size = 14
	last = 9
)

func init() {
	for operation, o := range map[string]struct {
		notes   []string
		answers func(ask func(last uint64) *asker) []*answer
		lies    func(c *collection, d deployment)
	}{
		"search":          {searchNotes, searchAnswers, searchLies},
		"contact-monitor": {contactNotes, contactAnswers, contactLies},
		"owner-init":      {ownerInitNotes, ownerInitAnswers, ownerInitLies},
		"owner-monitor":   {ownerMonitorNotes, ownerMonitorAnswers, ownerMonitorLies},
		"update":          {updateNotes, updateAnswers, updateLies},
		"distinguished":   {distinguishedNotes, distinguishedAnswers, distinguishedLies},
		"absence":         {absenceNotes, absenceAnswers, absenceLies},
		"batch":           {batchNotes, batchAnswersOf, batchLies},
	} {
		files[operation] = func() file {
			c := newCollection(operation, o.notes)
			for _, d := range deployments {
				h := ordinary(d)
				answers := o.answers(func(last uint64) *asker { return h.asker(d.name, size, last) })
				for i, a := range answers {
					c.honest(h, a)
					// All of them would make many cases for few checks.
					if d == deployments[0] || i == 0 && (d.suite == deployments[0].suite || d.mode == deployments[0].mode) {
						c.tampered(h, a)
					}
				}
				o.lies(c, d)
			}
			c.requireApplied()
			return &c.File
		}
	}
}

// requireApplied requires that every tampering applied to some answer, if it is
// for the operation at all.
func (c *collection) requireApplied() {
	special := map[string][]tampering{
		"search": claimTamperings[:6], "owner-init": claimTamperings[6:10], "update": claimTamperings[10:],
		"absence": extensionTamperings[:2], "batch": slices.Concat(claimTamperings[:6], extensionTamperings[2:]),
	}
	want := slices.Concat(proofTamperings, headTamperings, auditorTamperings, special[c.operation])
	if c.operation != "distinguished" {
		want = append(want, lookupTamperings...)
	}
	if special[c.operation] != nil {
		want = append(want, ladderTamperings...)
	}
	for _, t := range want {
		if slices.Contains(inapplicable[c.operation], t.name) {
			continue
		}
		require(c.applied[t.name], "%s: no answer with %s", c.operation, t.name)
	}
}

// inapplicable are tamperings for which no answer to an operation has the part: a
// walk has no prefix proofs, monitoring ladders have no non-inclusions, and the ladders
// of updates no commitments.
var inapplicable = map[string][]string{
	"contact-monitor": {"a non-inclusion called an inclusion", "another leaf in the way", "a leaf in the way that is elsewhere"},
	"distinguished":   {"a prefix proof missing", "prefix proofs swapped"},
	"update":          {"a commitment missing", "another commitment"},
}

func searchAnswers(ask func(uint64) *asker) []*answer {
	return []*answer{
		ask(0).search("alice", nil),
		ask(last).search("alice", ptr(uint32(5))),
		ask(last).search("bob", nil),
		ask(size).search("carol", nil),
		ask(0).search("carol", ptr(uint32(2))),
		ask(size).search("bob", ptr(uint32(0))),
	}
}

func contactAnswers(ask func(uint64) *asker) []*answer {
	first, later := ask(0), ask(last)
	return []*answer{
		later.contactMonitor("carol", later.contact("carol", 7, 9)),
		first.contactMonitor("bob", first.contact("bob", 13)),
		later.contactMonitor("alice", later.contact("alice", 5, 8, 9)),
		ask(size).contactMonitor("alice", later.contact("alice", 5, 8, 9, 11)),
	}
}

func ownerInitAnswers(ask func(uint64) *asker) []*answer {
	return []*answer{
		ask(0).ownerInit("alice"),
		ask(last).ownerInit("carol"),
		ask(size).ownerInit("bob"),
	}
}

func ownerMonitorAnswers(ask func(uint64) *asker) []*answer {
	later, same := ask(last), ask(size)
	start := later.start(last)
	return []*answer{
		later.ownerMonitor("alice", later.owner("alice", last, start, 8), 0),
		same.ownerMonitor("carol", same.owner("carol", last, start, 4), 0),
		later.ownerMonitor("carol", later.owner("carol", last, start, 4), 1),
		same.ownerMonitor("bob", same.owner("bob", last, start, 0), 0),
	}
}

func updateAnswers(ask func(uint64) *asker) []*answer {
	first, later, same := ask(0), ask(last), ask(size)
	start := later.start(last)
	return []*answer{
		first.update("bob", first.owner("bob", last, start, 0), 0),
		later.update("carol", later.owner("carol", last, start, 0), 0),
		later.update("carol", later.owner("carol", size, start, 4), 1),
		later.update("bob", later.owner("bob", last, start, 0), 2),
		same.update("alice", same.owner("alice", last, start, 0), 0),
	}
}

func distinguishedAnswers(ask func(uint64) *asker) []*answer {
	return []*answer{
		ask(0).distinguished(nil),
		ask(last).distinguished(ptr(uint64(7))),
		ask(size).distinguished(nil),
	}
}

// refusals of a lie.
var (
	misbehaviour = []string{vectors.Misbehaviour}
	noVersion    = []string{vectors.NoVersion}
	expired      = []string{vectors.Expired}
	badStart     = []string{vectors.Start}
)
