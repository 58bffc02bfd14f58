package adversary

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// timeAttacks lie about timestamps, on which it depends which entries are
// distinguished, expired and fresh.
var timeAttacks = []Attack{
	{
		Name: "the rightmost entry's time is before all others", Operation: keytranstest.Distinguished,
		Gain: "no entry is distinguished any more, and owners have nothing to check",
		Make: func(w *World) *Directory { return w.Serve(w.Retime(18, timestampOf(0)-1)) },
		Notices: append(everybody(Evidence("breaks the order of time")),
			Notice{auditor(18), AuditStep(1)}),
	},
	{
		Name: "time goes backwards between two frontier entries", Operation: keytranstest.Search,
		Gain: "an entry is distinguished for some and not for others",
		Make: func(w *World) *Directory { return w.Serve(w.Retime(15, timestampOf(17)+1)) },
		Notices: append(everybody(Evidence("breaks the order of time")),
			Notice{auditor(10), AuditStep(1)}),
	},
	{
		Name: "time goes backwards where no user looks", Operation: Audit,
		Gain: "nothing yet: no user's proof has the two timestamps",
		Make: func(w *World) *Directory { return w.Serve(w.Retime(12, timestampOf(14))) },
		Notices: []Notice{
			{searcher(0, "alice"), Unnoticed},
			{owner(10, "alice"), Unnoticed},
			{auditor(10), AuditStep(1)},
		},
	},
	{
		Name: "time goes backwards in the path of a search for a version", Operation: keytranstest.Search,
		Gain: "the search takes a way that hides the version",
		Make: func(w *World) *Directory { return w.Serve(w.Retime(3, timestampOf(9))) },
		Notices: []Notice{
			{fixed(0, "alice", 3), Evidence("breaks the order of time")},
			{newOwner(0, "alice", 3), Evidence("breaks the order of time")},
			{walker(0), Evidence("breaks the order of time")},
			{walker(10), Refused(keytrans.ErrProof, otherSubtree)},
			{searcher(0, "alice"), Unnoticed},
		},
	},
	{
		Name: "an entry that was shown gets another time", Operation: keytranstest.Search,
		Gain: "what was distinguished no longer is",
		Make: func(w *World) *Directory { return w.Serve(w.Retime(9, timestampOf(9)+1)) },
		Notices: []Notice{
			{walker(10), Refused(keytrans.ErrSignature, "")},
			{searcher(10, "alice"), Refused(keytrans.ErrSignature, "")},
			{owner(10, "alice"), Refused(keytrans.ErrSignature, "")},
			{contact(10, "bob"), Refused(keytrans.ErrSignature, "")},
			{walker(0), Unnoticed},
			{comparing, Refused(errFork, "roots of 19 entries")},
		},
	},
	{
		Name: "the log is ahead of its time", Operation: keytranstest.Search,
		Gain: "expired versions, and entries distinguished before owners could look",
		Make: func(w *World) *Directory { return w.Serve(w.Retime(18, timestampOf(18)+tolerance+1)) },
		Notices: []Notice{
			{walker(0), Refused(keytrans.ErrTime, "ahead of this clock")},
			{searcher(0, "alice"), Refused(keytrans.ErrTime, "ahead of this clock")},
			{searcher(10, "alice"), Refused(keytrans.ErrTime, "ahead of this clock")},
			{contact(9, "bob"), Refused(keytrans.ErrTime, "ahead of this clock")},
			{owner(10, "alice"), Refused(keytrans.ErrTime, "ahead of this clock")},
			{learner(10, "dave"), Refused(keytrans.ErrTime, "ahead of this clock")},
			{auditor(18), Unnoticed}, // the auditor has no clock in the draft
		},
	},
	{
		Name: "the log stands still", Operation: keytranstest.Search,
		Gain: "users go on with what they were shown before a change",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log.Rewrite(func(pos uint64, e *keytranstest.Entry) { e.Timestamp -= tolerance + 1 }))
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrTime, "behind this clock")},
			{walker(0), Refused(keytrans.ErrTime, "behind this clock")},
			{fixed(0, "alice", 2), Refused(keytrans.ErrTime, "behind this clock")},
			{newOwner(0, "alice", 15), Refused(keytrans.ErrTime, "behind this clock")},
		},
	},
	{
		Name: "no time passes from entry to entry", Operation: keytranstest.OwnerMonitor,
		Gain: "fewer entries are distinguished, so that owners and contacts check later",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log.Rewrite(func(pos uint64, e *keytranstest.Entry) {
				e.Timestamp = min(e.Timestamp, timestampOf(9))
				add(12, pos, e, keytranstest.Create("erin", "ghost"))
			}))
		},
		Notices: []Notice{
			// For as long as max_behind allows; then it is ErrTime for everybody.
			{searcher(0, "erin"), Unnoticed},
			{contact(9, "bob"), Unnoticed},
			{owner(10, "erin"), Refused(errStalled, "")},
			{asker(10, "erin"), Refused(errStranger, "")},
			{late(searcher(0, "erin")), Refused(keytrans.ErrTime, "behind this clock")},
			{late(owner(10, "erin")), Refused(keytrans.ErrTime, "behind this clock")},
		},
	},
	{
		Name: "a version that has expired is shown", Operation: keytranstest.Search,
		Gain: "alice's contacts use a key of which nobody has to be told any more that it was replaced",
		Make: func(w *World) *Directory {
			forever := *w.Log.Config
			forever.MaximumLifetime = nil
			d := w.Serve(w.Log)
			d.Prover.Config = &forever
			return d
		},
		Notices: []Notice{
			{fixedExpired(0, "alice", 0), Refused(keytrans.ErrProof, "too few timestamps")},
			{fixedExpired(10, "alice", 0), Refused(keytrans.ErrProof, "too few timestamps")},
		},
	},
	{
		Name: "time runs so fast that what was shown has expired", Operation: keytranstest.OwnerInit,
		Gain: "new owners are not shown what the directory inserted before",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log.Rewrite(func(pos uint64, e *keytranstest.Entry) {
				if pos > 10 {
					e.Timestamp += tolerance + 1
				}
			}))
		},
		Notices: []Notice{
			{newOwner(0, "alice", 15), Refused(keytrans.ErrTime, "ahead of this clock")},
			{fixed(0, "alice", 4), Refused(keytrans.ErrTime, "ahead of this clock")},
		},
	},
	{
		Name: "an old head is shown again", Operation: keytranstest.Search,
		Gain: "carol's replaced key is used again",
		Make: func(w *World) *Directory { return w.ServeAt(w.Log, 12).Forget() },
		Notices: []Notice{
			{searcher(0, "carol"), Unnoticed}, // within max_behind nobody can tell
			{late(searcher(0, "carol")), Refused(keytrans.ErrTime, "behind this clock")},
			{late(walker(0)), Refused(keytrans.ErrTime, "behind this clock")},
		},
	},
	{
		Name: "the same head again and again", Operation: keytranstest.Search,
		Gain: "carol's replaced key is used again",
		Make: func(w *World) *Directory { return w.ServeAt(w.Log, 12) },
		Notices: []Notice{
			{searcher(12, "carol"), Unnoticed}, // within max_behind nobody can tell
			{late(searcher(12, "carol")), Refused(keytrans.ErrTime, "behind this clock")},
			{late(owner(12, "alice")), Refused(keytrans.ErrTime, "behind this clock")},
		},
	},
}
