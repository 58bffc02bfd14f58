package adversary

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

var audited = []keytrans.DeploymentMode{keytrans.ThirdPartyAuditing}

// auditorAttacks are those of a directory without its auditor, who has signed
// heads of the honest log only. In all other rows the auditor signs everything.
var auditorAttacks = []Attack{
	{
		Name: "a fork without the auditor", Operation: keytranstest.Search, Modes: audited,
		Gain: "newcomers use the directory's key as erin's",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(12, keytranstest.Create("erin", "ghost"))).audited(w.Log.At(Size).Auditor)
		},
		Notices: everybody(Refused(keytrans.ErrAuditor, "signature does not verify")),
	},
	{
		Name: "a fork after what the auditor signed last", Operation: keytranstest.Search, Modes: audited,
		Gain: "newcomers use the directory's key as erin's, for as long as the auditor may lag",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(17, keytranstest.Create("erin", "ghost"))).audited(w.Log.At(17).Auditor)
		},
		Notices: []Notice{
			{searcher(0, "erin"), Unnoticed},
			{comparing, Refused(errFork, "")},
			{auditor(17), Unnoticed}, // who has to hold it against what others are shown
		},
	},
	{
		Name: "an auditor's head that is too old", Operation: keytranstest.Search, Modes: audited,
		Gain:    "newcomers use the directory's key as erin's",
		Make:    func(w *World) *Directory { return w.Serve(w.Log).audited(w.Log.At(8).Auditor) },
		Notices: everybody(Refused(keytrans.ErrAuditor, "ms behind, more than")),
	},
	{
		Name: "an auditor's head of more entries than the log has", Operation: keytranstest.Search, Modes: audited,
		Gain: "the auditor seems to vouch for a log that it has not seen",
		Make: func(w *World) *Directory { return w.ServeAt(w.Log, 17).audited(w.Log.At(Size).Auditor) },
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrAuditor, "is not of the 17 entries")},
			{walker(10), Refused(keytrans.ErrAuditor, "is not of the 17 entries")},
			{owner(10, "alice"), Refused(keytrans.ErrAuditor, "is not of the 17 entries")},
		},
	},
	{
		Name: "an auditor's head of no entries", Operation: keytranstest.Search, Modes: audited,
		Gain: "the auditor seems to vouch for a log that it has not seen",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).audited(&keytrans.AuditorTreeHead{Timestamp: timestampOf(18)})
		},
		Notices: everybody(Refused(keytrans.ErrAuditor, "is not of the 19 entries")),
	},
	{
		Name: "an auditor's head of a time to come", Operation: keytranstest.Search, Modes: audited,
		Gain: "one signature of the auditor lasts for long",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).audited(w.Log.SignAuditorHead(timestampOf(18)+1, Size))
		},
		Notices: everybody(Refused(keytrans.ErrAuditor, "of a time after the rightmost entry")),
	},
	{
		Name: "an auditor's head with another timestamp than was signed", Operation: keytranstest.Search, Modes: audited,
		Gain: "one signature of the auditor lasts for long",
		Make: func(w *World) *Directory {
			old := *w.Log.At(10).Auditor
			old.Timestamp = timestampOf(18)
			return w.Serve(w.Log).audited(&old)
		},
		Notices: everybody(Refused(keytrans.ErrAuditor, "signature does not verify")),
	},
	{
		Name: "a head that the directory signed in the auditor's place", Operation: keytranstest.Search, Modes: audited,
		Gain: "there is no auditor",
		Make: func(w *World) *Directory {
			h := must(keytrans.SignAuditorTreeHead(w.Log.Config, w.Log.Keys.Signer, timestampOf(18), Size, w.Log.Root(Size)))
			return w.Serve(w.Log).audited(h)
		},
		Notices: everybody(Refused(keytrans.ErrAuditor, "signature does not verify")),
	},
}

// audited has the directory show an auditor's head.
func (d *Directory) audited(h *keytrans.AuditorTreeHead) *Directory {
	s := *d.State.(*keytranstest.State)
	s.Auditor = h
	d.State = &s
	return d
}
