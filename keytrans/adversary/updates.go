package adversary

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

var unmanaged = []keytrans.DeploymentMode{keytrans.ContactMonitoring, keytrans.ThirdPartyAuditing}

// updateAttacks lie to an owner about the versions that were created for it.
var updateAttacks = []Attack{
	{
		Name: "a new version is confirmed and not created", Operation: keytranstest.Update,
		Gain: "erin believes that her new key is known",
		Make: func(w *World) *Directory { return w.Create(Size).Says("erin", claims(w, wanted, Size)) },
		Notices: []Notice{
			{creator(Size), Refused(keytrans.ErrProof, "the greatest version in entry 19 is not 1")},
			{creator(18), Refused(keytrans.ErrProof, "the greatest version in entry 19 is not 1")},
		},
	},
	{
		Name: "a new version is confirmed and not created, in a distinguished entry", Operation: keytranstest.Update,
		Gain: "erin believes that her new key is known: in distinguished entries, an update looks nothing up",
		Make: func(w *World) *Directory { return w.Create(15).Says("erin", claims(w, wanted, 15)) },
		Notices: []Notice{
			{creator(15), Unnoticed}, // the draft leaves it to owner monitoring
			{creatorWatches(15), Refused(keytrans.ErrProof, "as a response told without proof")},
		},
	},
	{
		Name: "another value is created than was asked for, and confirmed", Operation: keytranstest.Update,
		Gain: "everybody uses the directory's key as erin's",
		Make: func(w *World) *Directory { return w.Create(Size, keytranstest.Create("erin", "ghost")) },
		Notices: []Notice{
			{creator(Size), OtherRoot},
			{searcher(0, "erin"), Unnoticed},
		},
	},
	{
		Name: "another value is created in a distinguished entry than was asked for, and confirmed", Operation: keytranstest.Update,
		Modes: unmanaged,
		Gain:  "everybody uses the directory's key as erin's",
		Make:  func(w *World) *Directory { return w.Create(15, keytranstest.Create("erin", "ghost")) },
		Notices: []Notice{
			{creator(15), Unnoticed},
			{creatorWatches(15), OtherRoot},
		},
	},
	{
		Name: "another value is created than was asked for, and told of", Operation: keytranstest.Update,
		Gain: "everybody uses the directory's key as erin's",
		Make: func(w *World) *Directory {
			d := w.Create(Size, keytranstest.Create("erin", "ghost"))
			d.Created = 0
			return d
		},
		Notices: []Notice{{creator(Size), Refused(errStranger, "")}},
	},
	{
		Name: "a second version is created along with the one that was asked for", Operation: keytranstest.Update,
		Gain: "everybody uses the directory's key as erin's",
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Create("erin", wanted, "ghost")).Upto("erin", 1)
		},
		Notices: []Notice{{creator(Size), Refused(keytrans.ErrProof, "the commitment to version 2 is not known")}},
	},
	{
		Name: "the version had been created before, where the owner has not looked", Operation: keytranstest.Update,
		Gain: "whoever searched in the meantime was shown a version that its owner believes newer",
		Make: func(w *World) *Directory {
			l := w.Change(17, keytranstest.Create("erin", wanted))
			l.Append(timestampOf(Size), keytranstest.Pad(2))
			d := w.Serve(l)
			d.Created = 1
			return d.Says("erin", func(l *keytranstest.Label) { l.Versions[1].Position = Size })
		},
		Notices: []Notice{{creator(16), Refused(keytrans.ErrUnexpectedVersion, "entry 17 holds a version beyond")}},
	},
	{
		Name: "a version is said to be created where the owner has looked", Operation: keytranstest.Update,
		Gain: "history is changed after the fact",
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Create("erin", wanted)).editUpdates(func(p *keytrans.UpdateResponse) { p.Position = 7 })
		},
		Notices: []Notice{{creator(Size), Refused(keytrans.ErrProof, "new versions in entry 7, not to the right of 7")}},
	},
	{
		Name: "a version is said to be created in an entry that does not exist", Operation: keytranstest.Update,
		Gain: "the owner waits for a version that never comes",
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Create("erin", wanted)).editUpdates(func(p *keytrans.UpdateResponse) { p.Position = 20 })
		},
		Notices: []Notice{{creator(Size), Refused(keytrans.ErrProof, "new versions in entry 20 of a log of 20")}},
	},
	{
		Name: "a version is said to be created in another entry", Operation: keytranstest.Update,
		Gain: "the owner monitors another entry than those that others find the version in",
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Create("erin", wanted)).editUpdates(func(p *keytrans.UpdateResponse) { p.Position = 18 })
		},
		Notices: []Notice{{creator(Size), Refused(keytrans.ErrProof, "1 prefix proofs too many")}},
	},
	{
		Name: "the version before the new one disappears", Operation: keytranstest.Update,
		Gain: "that erin ever had the key is forgotten",
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Create("erin", wanted), keytranstest.Remove("erin", 0))
		},
		Notices: []Notice{
			{creator(Size), Unnoticed}, // that it was there before makes the lookup redundant
			{creatorLater(Size), Evidence("entry 19 no longer holds version 1")},
			{newOwner(0, "erin", 15), Unnoticed},
		},
	},
	{
		Name: "openings too many for the values", Operation: keytranstest.Update, Gain: ambiguous,
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Create("erin", wanted)).editUpdates(func(p *keytrans.UpdateResponse) { p.Info = append(p.Info, p.Info...) })
		},
		Notices: []Notice{{creator(Size), Refused(keytrans.ErrProof, "2 openings for 1 new versions")}},
	},
	{
		Name: "no opening for a value", Operation: keytranstest.Update, Gain: ambiguous,
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Create("erin", wanted)).editUpdates(func(p *keytrans.UpdateResponse) { p.Info = nil })
		},
		Notices: []Notice{{creator(Size), Refused(keytrans.ErrProof, "0 openings for 1 new versions")}},
	},
	{
		Name: "an all-zero commitment", Operation: keytranstest.Search,
		Modes: unmanaged,
		Gain:  "a version of which nobody can say later what it was",
		Make: func(w *World) *Directory {
			return w.Create(Size, keytranstest.Skip("erin", 1)).Says("erin", opens(w, wanted))
		},
		Notices: []Notice{
			{searcher(0, "erin"), OtherRoot},
			{creator(Size), OtherRoot},
		},
	},
	{
		Name: "an all-zero commitment below the greatest version", Operation: keytranstest.Search,
		Modes: unmanaged,
		Gain:  "a version of which nobody can say later what it was",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(12, keytranstest.Skip("erin", 1), keytranstest.Create("erin", "ghost")))
		},
		Notices: []Notice{
			{searcher(0, "erin"), Unnoticed}, // commitments below the greatest version are opaque
			{owner(10, "erin"), Refused(errStalled, "")},
			{asker(10, "erin"), Refused(errNoAnswer, "was skipped")},
			{auditor(10), Unnoticed},
		},
	},
}

// editUpdates changes the answers to update requests.
func (d *Directory) editUpdates(change func(p *keytrans.UpdateResponse)) *Directory {
	d.EditResponse = func(response any) {
		if p, ok := response.(*keytrans.UpdateResponse); ok {
			change(p)
		}
	}
	return d
}

// claims says that a label has one more version than the log has recorded.
func claims(w *World, value string, pos uint64) func(*keytranstest.Label) {
	return func(l *keytranstest.Label) {
		l.Versions = append(l.Versions, w.Log.NewVersion(string(l.Name), uint32(len(l.Versions)), pos, value))
	}
}

// opens says that a label's greatest version has a value.
func opens(w *World, value string) func(*keytranstest.Label) {
	return func(l *keytranstest.Label) {
		last := &l.Versions[len(l.Versions)-1]
		*last = w.Log.NewVersion(string(l.Name), last.Number, last.Position, value)
	}
}
