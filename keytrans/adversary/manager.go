package adversary

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

var managed = []keytrans.DeploymentMode{keytrans.ThirdPartyManagement}

// managerAttacks are those of a Third-Party Manager without the Service Operator,
// who has the key that values are signed with.
var managerAttacks = []Attack{
	{
		Name: "a value that the operator did not sign", Operation: keytranstest.Search, Modes: managed,
		Gain: "everybody uses the manager's key as alice's",
		Make: func(w *World) *Directory {
			other := keytranstest.NewKeys(w.Log.Config.Suite, w.Log.Config.Mode, "another")
			return w.forge("alice", 5, must(keytrans.SignUpdate(w.Log.Config, other.Leaf, []byte("alice"), 5, []byte("ghost"))))
		},
		Notices: []Notice{
			{searcher(0, "alice"), Evidence("the operator's signature of version 5")},
			{asker(10, "alice"), Evidence("the operator's signature of version 5")},
			{owner(10, "alice"), Unnoticed},
		},
	},
	{
		Name: "a value without a signature", Operation: keytranstest.Search, Modes: managed,
		Gain: "everybody uses the manager's key as alice's",
		Make: func(w *World) *Directory { return w.forge("alice", 5, keytrans.UpdateValue{Value: []byte("ghost")}) },
		Notices: []Notice{
			{searcher(0, "alice"), Evidence("the operator's signature of version 5")},
			{asker(10, "alice"), Evidence("the operator's signature of version 5")},
		},
	},
	{
		Name: "an older value's signature for a new version", Operation: keytranstest.Search, Modes: managed,
		Gain: "alice's contacts use a key that she replaced",
		Make: func(w *World) *Directory { return w.forge("alice", 5, w.Log.Label("alice").Versions[2].Value) },
		Notices: []Notice{
			{searcher(0, "alice"), Evidence("the operator's signature of version 5")},
			{asker(10, "alice"), Evidence("the operator's signature of version 5")},
		},
	},
	{
		Name: "another label's signature", Operation: keytranstest.Search, Modes: managed,
		Gain: "alice's contacts use erin's key",
		Make: func(w *World) *Directory {
			return w.forge("alice", 5, must(keytrans.SignUpdate(w.Log.Config, w.Log.Keys.Leaf, []byte("erin"), 5, []byte("erin's"))))
		},
		Notices: []Notice{{searcher(0, "alice"), Evidence("the operator's signature of version 5")}},
	},
	{
		Name: "a signature that was not committed to", Operation: keytranstest.Search, Modes: managed,
		Gain: "the log seems to hold a value that the operator did not sign",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).Says("alice", func(l *keytranstest.Label) { l.Versions[4].Value.Signature = l.Versions[3].Value.Signature })
		},
		Notices: []Notice{{searcher(0, "alice"), OtherRoot}, {fixed(10, "alice", 4), OtherRoot}},
	},
	{
		Name: "a new version is said to be skipped", Operation: keytranstest.Update, Modes: managed,
		Gain: "the owner believes that a version has no value, and others are shown one",
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Create("erin", wanted)).editUpdates(func(p *keytrans.UpdateResponse) { p.SkippedVersions++ })
		},
		Notices: []Notice{{creator(Size), OtherRoot}},
	},
	{
		Name: "versions are skipped and the owner is not told", Operation: keytranstest.Update, Modes: managed,
		Gain: "the owner's version becomes another one than the operator signed",
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Skip("erin", 1), keytranstest.Create("erin", wanted)).Says("erin", func(l *keytranstest.Label) {
				l.Versions = append(l.Versions[:1], w.Log.NewVersion("erin", 1, Size, wanted))
			})
		},
		Notices: []Notice{{creator(Size), OtherRoot}},
	},
	{
		Name: "more versions are said to be skipped than a proof can show", Operation: keytranstest.Update, Modes: managed,
		Gain: "the owner spends itself on ladders",
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Create("erin", wanted)).editUpdates(func(p *keytrans.UpdateResponse) { p.SkippedVersions = 1<<32 - 1 })
		},
		Notices: []Notice{{creator(Size), Refused(keytrans.ErrProof, "4294967295 skipped versions")}},
	},
	{
		Name: "a skipped version with a value", Operation: keytranstest.Search, Modes: managed,
		Gain: "a value that is in no log",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(17, keytranstest.Skip("erin", 1))).Says("erin", opens(w, "ghost"))
		},
		Notices: []Notice{{searcher(0, "erin"), OtherRoot}},
	},
	{
		Name: "another value is created in a distinguished entry than was asked for, and confirmed", Operation: keytranstest.Update, Modes: managed,
		Gain:    "everybody uses the manager's key as erin's",
		Make:    func(w *World) *Directory { return w.Create(15, keytranstest.Create("erin", "ghost")) },
		Notices: []Notice{{creator(15), Refused(keytrans.ErrProof, "the operator's signature of version 1")}},
	},
	{
		Name: "the operator signs two values for one version", Operation: keytranstest.Search, Modes: managed,
		Gain: "both together do what the log's owner alone can do in other modes",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Change(12, keytranstest.PutValue("alice", 4, "ghost")))
			return d.Says("alice", func(l *keytranstest.Label) { l.Versions[4] = w.Log.NewVersion("alice", 4, 6, "ghost") })
		},
		Notices: []Notice{
			{searcher(0, "alice"), Unnoticed},
			{owner(10, "alice"), OtherRoot},
			{ownerSearches(10, "alice"), Evidence("the commitment to version 4 changed")},
		},
	},
}

// forge returns a directory whose log has a version with the given value, whatever
// its signature is.
func (w *World) forge(label string, number uint32, value keytrans.UpdateValue) *Directory {
	v := keytranstest.Version{Number: number, Position: 17, Value: value, Opening: keytrans.Opening{1}}
	v.Commitment = must(keytrans.Commit(w.Log.Config.Mode, v.Opening, []byte(label), number, value))
	d := w.Serve(w.Change(v.Position, keytranstest.Put(label, number, v.Commitment)))
	return d.Says(label, func(l *keytranstest.Label) { l.Versions = append(l.Versions, v) })
}
