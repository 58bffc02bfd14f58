package adversary

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// What a proof says that leads to other values than those retained.
const (
	twoRoots     = "two prefix tree roots for one log entry"
	otherSubtree = "differ from the retained subtree"
)

// forkAttacks show different logs to different users, under the same keys.
var forkAttacks = []Attack{
	{
		Name: "a fork before what was seen", Operation: keytranstest.Search,
		Gain: "newcomers use the directory's key as alice's, and alice never sees it",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Change(5, keytranstest.Create("erin", "ghost")))
			return d.SaysTo(keytranstest.OwnerMonitor, "erin", upto(0))
		},
		Notices: []Notice{
			{searcher(0, "erin"), Unnoticed},
			{searcher(10, "erin"), Refused(keytrans.ErrSignature, "")},
			{searcher(Size, "erin"), Refused(keytrans.ErrProof, twoRoots)},
			{fixed(10, "erin", 0), Refused(keytrans.ErrProof, twoRoots)},
			{contact(9, "bob"), Refused(keytrans.ErrSignature, "")},
			{owner(10, "erin"), Refused(keytrans.ErrProof, "the commitment to version 1 is not known")},
			{owner(10, "alice"), Refused(keytrans.ErrSignature, "")},
			{newOwner(10, "erin", 15), Refused(keytrans.ErrSignature, "")},
			{asker(10, "erin"), OtherRoot},
			{walker(10), Refused(keytrans.ErrProof, otherSubtree)},
			{comparing, Refused(errFork, "")},
			{auditor(10), AuditStep(6)},
		},
	},
	{
		Name: "a fork after what was seen", Operation: keytranstest.Search,
		Gain: "contacts use the directory's key as erin's, and erin never sees it",
		Make: func(w *World) *Directory { return w.Serve(w.Change(12, keytranstest.Create("erin", "ghost"))) },
		Notices: []Notice{
			{searcher(0, "erin"), Unnoticed},
			{searcher(12, "erin"), Unnoticed},
			{searcher(13, "erin"), Refused(keytrans.ErrSignature, "")},
			{owner(14, "erin"), Refused(keytrans.ErrSignature, "")},
			{walker(14), Refused(keytrans.ErrSignature, "")},
			{comparing, Refused(errFork, "")},
		},
	},
	{
		Name: "a fork in the very entry that was seen last", Operation: keytranstest.Distinguished,
		Gain: "a user is led from one branch to another",
		Make: func(w *World) *Directory { return w.Serve(w.Change(9, keytranstest.Pad(3))) },
		Notices: []Notice{
			{walker(9), Unnoticed},
			{walker(10), Refused(keytrans.ErrSignature, "")},
			{searcher(10, "alice"), Refused(keytrans.ErrSignature, "")},
			{owner(10, "alice"), Refused(keytrans.ErrSignature, "")},
			{comparing, Refused(errFork, "")},
		},
	},
	{
		Name: "a fork in timestamps only", Operation: keytranstest.Distinguished,
		Gain: "owners and contacts check other entries than those that searches start from",
		Make: func(w *World) *Directory { return w.Serve(w.Retime(11, timestampOf(11)+1)) },
		Notices: []Notice{
			{walker(0), Unnoticed},
			{walker(12), Refused(keytrans.ErrSignature, "")},
			{comparing, Refused(errFork, "entry 11")},
			{auditor(12), Refused(errOtherLog, "")},
		},
	},
	{
		Name: "another log of the same size, under an updated head", Operation: keytranstest.Distinguished,
		Gain: "a user's view is replaced",
		Make: func(w *World) *Directory { return w.Serve(w.Change(5, keytranstest.Pad(3))).Forget() },
		Notices: []Notice{
			{walker(Size), Refused(keytrans.ErrProof, "a head of 19 entries after one of 19")},
			{walker(10), OtherRoot},
		},
	},
	{
		Name: "the same head for another root", Operation: keytranstest.Search,
		Gain: "an answer out of another tree counts as one out of the tree that was verified",
		Make: func(w *World) *Directory { return w.Serve(w.Change(15, keytranstest.Pad(3))) },
		Notices: []Notice{
			{walker(Size), Refused(keytrans.ErrProof, otherSubtree)},
			{searcher(Size, "alice"), Refused(keytrans.ErrProof, twoRoots)},
			{fixed(Size, "alice", 3), Refused(keytrans.ErrProof, twoRoots)},
			{owner(Size, "alice"), Refused(keytrans.ErrProof, twoRoots)},
			{newOwner(Size, "alice", 15), Refused(keytrans.ErrProof, twoRoots)},
		},
	},
	{
		Name: "the same head for somebody who has none", Operation: keytranstest.Distinguished,
		Gain: "a newcomer accepts a log that nobody signed",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).editHeads(func(h *keytrans.FullTreeHead) { *h = keytrans.FullTreeHead{} })
		},
		Notices: []Notice{
			{walker(0), Refused(keytrans.ErrProof, "the same head for a user who has none")},
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "the same head for a user who has none")},
			{newOwner(0, "alice", 15), Refused(keytrans.ErrProof, "the same head for a user who has none")},
		},
	},
	{
		Name: "the same head for a log that has grown", Operation: keytranstest.Distinguished,
		Gain: "a user takes a newer tree for the one it has seen",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).editHeads(func(h *keytrans.FullTreeHead) { *h = keytrans.FullTreeHead{} })
		},
		Notices: []Notice{
			{walker(10), Refused(keytrans.ErrProof, "timestamps too many")},
			{searcher(10, "alice"), Refused(keytrans.ErrProof, twoRoots)},
			{contact(9, "bob"), Refused(keytrans.ErrProof, "timestamps too many")},
			{owner(10, "alice"), Refused(keytrans.ErrProof, "timestamps too many")},
		},
	},
	{
		Name: "an earlier state, of fewer entries than seen", Operation: keytranstest.Search,
		Gain: "carol's replaced key is used again",
		Make: func(w *World) *Directory { return w.ServeAt(w.Log, 12).Forget() },
		Notices: []Notice{
			{searcher(0, "carol"), Unnoticed}, // it is not older than max_behind
			{searcher(17, "carol"), Refused(keytrans.ErrProof, "a head of 12 entries after one of 17")},
			{fixed(17, "carol", 0), Refused(keytrans.ErrProof, "a head of 12 entries after one of 17")},
			{contact(17, "carol"), Refused(errNoAnswer, "beyond the log of 12 entries")},
			{walker(17), Refused(keytrans.ErrProof, "a head of 12 entries after one of 17")},
			{newOwner(17, "carol", 7), Refused(keytrans.ErrProof, "a head of 12 entries after one of 17")},
			{owner(17, "bob"), Refused(keytrans.ErrProof, "a head of 12 entries after one of 17")},
		},
	},
	{
		Name: "a head that another key signed", Operation: keytranstest.Distinguished,
		Gain: "somebody without the directory's key speaks for it",
		Make: func(w *World) *Directory {
			other := keytranstest.NewKeys(w.Log.Config.Suite, w.Log.Config.Mode, "another")
			return w.Serve(w.Log).editHeads(func(h *keytrans.FullTreeHead) { h.TreeHead = signHead(w, other, Size, w.Log.Root(Size)) })
		},
		Notices: everybody(Refused(keytrans.ErrSignature, "")),
	},
	{
		Name: "a head that nobody signed", Operation: keytranstest.Distinguished,
		Gain: "somebody without the directory's key speaks for it",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).editHeads(func(h *keytrans.FullTreeHead) { h.TreeHead = &keytrans.TreeHead{TreeSize: Size} })
		},
		Notices: everybody(Refused(keytrans.ErrSignature, "")),
	},
	{
		Name: "a head that was signed for another configuration", Operation: keytranstest.Distinguished,
		Gain: "users who pinned different parameters take each other's heads",
		Make: func(w *World) *Directory {
			other := *w.Log.Config
			other.ReasonableMonitoringWindow++
			h, err := keytrans.SignTreeHead(&other, w.Log.Keys.Signer, Size, w.Log.Root(Size))
			return w.Serve(w.Log).editHeads(func(f *keytrans.FullTreeHead) { f.TreeHead = must(h, err) })
		},
		Notices: everybody(Refused(keytrans.ErrSignature, "")),
	},
	{
		Name: "a head that was signed for an all-zero root", Operation: keytranstest.Distinguished,
		Gain: "any tree can be shown",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).editHeads(func(h *keytrans.FullTreeHead) { h.TreeHead = signHead(w, w.Log.Keys, Size, merkle.Hash{}) })
		},
		Notices: everybody(Refused(keytrans.ErrSignature, "")),
	},
	{
		Name: "a head of more entries than were proven", Operation: keytranstest.Distinguished,
		Gain: "entries that nobody can see yet are vouched for",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).editHeads(func(h *keytrans.FullTreeHead) { h.TreeHead = signHead(w, w.Log.Keys, Size+1, w.Log.Root(Size)) })
		},
		Notices: everybody(OtherRoot),
	},
}

func signHead(w *World, keys *keytranstest.Keys, size uint64, root merkle.Hash) *keytrans.TreeHead {
	return must(keytrans.SignTreeHead(w.Log.Config, keys.Signer, size, root))
}

// headAt returns the head of a log's state with size entries.
func headAt(l *keytranstest.Log, size uint64) keytrans.FullTreeHead {
	s := l.At(size)
	return keytrans.FullTreeHead{TreeHead: &s.TreeHead, AuditorTreeHead: s.Auditor}
}
