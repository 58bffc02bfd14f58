package adversary

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// versionAttacks hide, move, replace and insert versions in a log that everybody
// is shown alike.
var versionAttacks = []Attack{
	{
		Name: "the greatest version is missing from the rightmost entry", Operation: keytranstest.Search,
		Gain: "the replaced key of carol is used again, as soon as a search comes by that entry only",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(18, keytranstest.Remove("carol", 1))).Upto("carol", 0)
		},
		Notices: []Notice{
			{searcher(0, "carol"), Refused(keytrans.ErrProof, "the commitment to version 1 is not known")},
			{searcher(12, "carol"), Refused(keytrans.ErrProof, "the commitment to version 1 is not known")},
			{auditor(18), AuditStep(5)},
		},
	},
	{
		Name: "a new version is hidden from all entries that a search inspects", Operation: keytranstest.Search,
		Gain: "carol's contacts go on to use the key that she replaced",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(17, keytranstest.Remove("carol", 1))).SaysTo(keytranstest.Search, "carol", upto(0))
		},
		Notices: []Notice{
			{searcher(0, "carol"), Unnoticed},
			{fixed(0, "carol", 0), Unnoticed},
			{contact(17, "carol"), Evidence("entry 17 lacks version 1")},
			{owner(17, "carol"), Evidence("entry 17 lacks version 1")},
			{auditor(10), AuditStep(5)},
		},
	},
	{
		Name: "a version is claimed that no inspected entry has any more", Operation: keytranstest.Search,
		Gain: "one contact uses a key of carol that others do not find",
		Make: func(w *World) *Directory { return w.Serve(w.Change(17, keytranstest.Remove("carol", 1))) },
		Notices: []Notice{
			{searcher(0, "carol"), Refused(keytrans.ErrProof, "the rightmost entry 18 lacks the claimed greatest version 1")},
			{searcher(16, "carol"), Refused(keytrans.ErrProof, "the rightmost entry 18 lacks the claimed greatest version 1")},
			{searcher(17, "carol"), Refused(keytrans.ErrProof, "the rightmost entry 18 lacks the claimed greatest version 1")},
		},
	},
	{
		Name: "a version is missing from one distinguished entry", Operation: keytranstest.OwnerMonitor,
		Gain: "searches that start there show an older key of alice, once",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log.Rewrite(func(pos uint64, e *keytranstest.Entry) {
				add(11, pos, e, keytranstest.Remove("alice", 4))
				add(12, pos, e, keytranstest.Restore("alice", 4))
			}))
		},
		Notices: []Notice{
			{searcher(0, "alice"), Unnoticed},
			{owner(10, "alice"), Evidence("entry 11 no longer holds version 4")},
			{newOwner(0, "alice", 11), Refused(keytrans.ErrProof, "the greatest version in entry 11 is not 4")},
		},
	},
	{
		Name: "a version that a contact saw is missing from the next distinguished entry", Operation: keytranstest.ContactMonitor,
		Gain: "a key shown to one contact is never seen by bob",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log.Rewrite(func(pos uint64, e *keytranstest.Entry) {
				add(11, pos, e, keytranstest.Remove("bob", 2))
				add(12, pos, e, keytranstest.Restore("bob", 2))
			}))
		},
		Notices: []Notice{
			{contact(10, "bob"), Evidence("entry 11 lacks version 2")},
			{owner(10, "bob"), Evidence("entry 11 no longer holds version 2")},
			{searcher(0, "bob"), Unnoticed},
		},
	},
	{
		Name: "a version is inserted without the owner", Operation: keytranstest.OwnerMonitor,
		Gain: "everybody uses the directory's key as alice's",
		Make: func(w *World) *Directory { return w.Serve(w.Change(12, keytranstest.Create("alice", "ghost"))) },
		Notices: []Notice{
			{searcher(0, "alice"), Unnoticed},
			{owner(10, "alice"), Refused(errStalled, "")},
			{asker(10, "alice"), Refused(errStranger, "")},
			{auditor(10), Unnoticed},
		},
	},
	{
		Name: "a version is inserted without the owner, who is told that there is none", Operation: keytranstest.OwnerMonitor,
		Gain: "everybody uses the directory's key as alice's",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(12, keytranstest.Create("alice", "ghost"))).Upto("alice", 4)
		},
		Notices: []Notice{
			{owner(10, "alice"), Refused(keytrans.ErrProof, "the commitment to version 5 is not known")},
			{asker(10, "alice"), Unnoticed},
			{newOwner(10, "alice", 15), Refused(keytrans.ErrProof, "the commitment to version 5 is not known")},
		},
	},
	{
		Name: "a version is inserted and removed again between two distinguished entries", Operation: keytranstest.Search,
		Gain: "one contact uses the directory's key as alice's, and alice never sees it",
		Make: func(w *World) *Directory {
			return w.Serve(shortLived(w)).SaysTo(keytranstest.OwnerMonitor, "alice", upto(4))
		},
		Notices: []Notice{
			{owner(10, "alice"), Unnoticed},
			{victim(13, "alice"), Evidence("entry 15 lacks version 5")},
			{auditor(10), AuditStep(5)},
		},
	},
	{
		Name: "a key is swapped and restored between two checks of the owner", Operation: keytranstest.Search,
		Gain: "contacts who search in the meantime use the directory's key as alice's",
		Make: func(w *World) *Directory {
			return w.Serve(swapped(w)).Says("alice", func(l *keytranstest.Label) { l.Versions[4] = w.Log.NewVersion("alice", 4, 6, "ghost") })
		},
		Notices: []Notice{
			{owner(10, "alice"), Unnoticed},
			{victim(13, "alice"), OtherRoot},
			{victim(14, "alice"), OtherRoot},
		},
	},
	{
		Name: "a key is swapped for good", Operation: keytranstest.OwnerMonitor,
		Gain: "everybody uses the directory's key as alice's",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Change(12, keytranstest.PutValue("alice", 4, "ghost")))
			return d.Says("alice", func(l *keytranstest.Label) { l.Versions[4] = w.Log.NewVersion("alice", 4, 6, "ghost") })
		},
		Notices: []Notice{
			{searcher(0, "alice"), Unnoticed},
			{owner(10, "alice"), OtherRoot},
			{ownerSearches(10, "alice"), Evidence("the commitment to version 4 changed")},
			{fixed(0, "alice", 4), Unnoticed},
			{auditor(10), Unnoticed},
		},
	},
	{
		Name: "a version is inserted beyond a gap", Operation: keytranstest.OwnerMonitor,
		Gain: "one contact uses the directory's key as alice's, and her ladders do not look it up",
		Make: func(w *World) *Directory {
			ghost := w.Log.NewVersion("alice", 6, 12, "ghost")
			d := w.Serve(w.Change(12, keytranstest.Put("alice", 6, ghost.Commitment)))
			claim := func(l *keytranstest.Label) {
				l.Versions = append(l.Versions, keytranstest.Version{Number: 5, Position: 12}, ghost)
			}
			return d.SaysTo(keytranstest.Search, "alice", claim)
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "lacks the claimed greatest version 6")},
			{owner(10, "alice"), Unnoticed},
			{newOwner(0, "alice", 15), Unnoticed},
		},
	},
	{
		Name: "a label's leaf is moved to another search key", Operation: keytranstest.Search,
		Gain: "alice's key is not found while the tree has as many leaves as before",
		Make: func(w *World) *Directory {
			moved := prefixtree.Leaf{Key: w.Log.SearchKey("alice", 4), Commitment: w.Log.Label("alice").Versions[4].Commitment}
			moved.Key[31] ^= 1
			return w.Serve(w.Change(12, keytranstest.Remove("alice", 4), keytranstest.PutLeaf(moved)))
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "the rightmost entry 18 lacks the claimed greatest version 4")},
			{owner(10, "alice"), Evidence("entry 15 no longer holds version 4")},
			{fixed(0, "alice", 4), Refused(errNoAnswer, "does not exist")},
		},
	},
	{
		Name: "another label's leaf is served as the label's next version", Operation: keytranstest.Search,
		Gain: "alice's contacts use erin's key, without the directory having to make one",
		Make: func(w *World) *Directory {
			erin := w.Log.Label("erin").Versions[0]
			d := w.Serve(w.Change(16, keytranstest.Put("alice", 5, erin.Commitment)))
			return d.Says("alice", func(l *keytranstest.Label) {
				erin.Number, erin.Position = 5, 16
				l.Versions = append(l.Versions, erin)
			})
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrSignature, "")},
			{owner(10, "alice"), Unnoticed},
		},
	},
	{
		Name: "a leaf is one level deeper than it belongs", Operation: keytranstest.Search,
		Gain: "nothing: a search still ends at one leaf; but the tree is not a function of its leaves",
		Make: func(w *World) *Directory { return w.Serve(w.Change(17, keytranstest.Sink("alice", 4))) },
		Notices: []Notice{
			{searcher(0, "alice"), Unnoticed},
			{auditor(10), AuditStep(6)},
		},
	},
	{
		Name: "the prefix tree is empty, its root all zero", Operation: keytranstest.Search,
		Gain: "alice's contacts believe that she has no key",
		Make: func(w *World) *Directory { return w.Serve(w.Change(15, keytranstest.Clear())) },
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "the rightmost entry 18 lacks the claimed greatest version 4")},
			{owner(10, "alice"), Evidence("entry 15 no longer holds version 4")},
			{fixed(0, "alice", 4), Refused(errNoAnswer, "does not exist")},
			{newOwner(0, "alice", 15), Refused(keytrans.ErrProof, "the greatest version in entry 15 is not 4")},
		},
	},
	{
		Name: "the prefix tree is empty since the last entry", Operation: keytranstest.Search,
		Gain: "alice's contacts will believe that she has no key",
		Make: func(w *World) *Directory {
			l := w.Change(18, keytranstest.Clear())
			for l.Size() < 24 {
				l.Append(timestampOf(l.Size()), keytranstest.Pad(2))
			}
			return w.ServeAt(l, Size)
		},
		Notices: []Notice{
			// What a distinguished entry has need not be looked up to its right.
			{searcher(0, "alice"), Unnoticed},
			{contact(17, "carol"), Unnoticed},
			{owner(10, "alice"), Unnoticed},
			{grown(searcher(0, "alice")), Refused(keytrans.ErrProof, "the rightmost entry 23 lacks the claimed greatest version 4")},
			{grown(owner(10, "alice")), Evidence("no longer holds version 4")},
			{grown(contact(17, "carol")), Evidence("lacks version")},
			{auditor(10), AuditStep(5)},
		},
	},
}

// add adds changes to the entry at one position of a log that is being rewritten.
func add(at, pos uint64, e *keytranstest.Entry, changes ...keytranstest.Change) {
	if pos == at {
		e.Changes = append(e.Changes[:len(e.Changes):len(e.Changes)], changes...)
	}
}

// shortLived is a log in which alice has a version in the entries 12 and 13 only.
func shortLived(w *World) *keytranstest.Log {
	return w.Log.Rewrite(func(pos uint64, e *keytranstest.Entry) {
		add(12, pos, e, keytranstest.Create("alice", "ghost"))
		add(14, pos, e, keytranstest.Remove("alice", 5))
	})
}

// swapped is a log in which a version of alice has another value in the entries 12
// and 13.
func swapped(w *World) *keytranstest.Log {
	return w.Log.Rewrite(func(pos uint64, e *keytranstest.Entry) {
		add(12, pos, e, keytranstest.PutValue("alice", 4, "ghost"))
		add(14, pos, e, keytranstest.Restore("alice", 4))
	})
}
