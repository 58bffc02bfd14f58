package adversary

import (
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// auditAttacks lie to the auditor.
var auditAttacks = []Attack{
	{
		Name: "the auditor is not told of a leaf", Operation: Audit, Modes: audited,
		Gain: "a version that the auditor does not vouch for",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Change(12, keytranstest.Create("alice", "ghost")))
			d.Tell = w.Log.AuditorUpdate
			return d
		},
		Notices: []Notice{{auditor(10), Refused(errOtherLog, "")}},
	},
	{
		Name: "the auditor is told of a leaf that the log does not have", Operation: Audit, Modes: audited,
		Gain: "the auditor vouches for a version that nobody sees",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.Tell = w.Change(12, keytranstest.Create("alice", "ghost")).AuditorUpdate
			return d
		},
		Notices: []Notice{{auditor(10), Refused(errOtherLog, "")}},
	},
	{
		Name: "the auditor is told another time", Operation: Audit, Modes: audited,
		Gain:    "entries are distinguished for users and not for the auditor",
		Make:    tells(12, func(_ *World, u *keytrans.AuditorUpdate) { u.Timestamp++ }),
		Notices: []Notice{{auditor(10), Refused(errOtherLog, "")}},
	},
	{
		Name: "the auditor is told an earlier time than before", Operation: Audit, Modes: audited,
		Gain:    "entries are distinguished for users and not for the auditor",
		Make:    tells(12, func(_ *World, u *keytrans.AuditorUpdate) { u.Timestamp = timestampOf(11) - 1 }),
		Notices: []Notice{{auditor(10), AuditStep(1)}},
	},
	{
		Name: "the auditor is not told of an entry", Operation: Audit, Modes: audited,
		Gain: "an entry that the auditor does not vouch for",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.Tell = func(pos uint64) *keytrans.AuditorUpdate { return w.Log.AuditorUpdate(min(pos+pos/12, Size-1)) }
			return d
		},
		Notices: []Notice{{auditor(10), AuditStep(6)}},
	},
	{
		Name: "the auditor is told twice of an entry", Operation: Audit, Modes: audited,
		Gain: "the auditor's log has one entry more than the users'",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.Tell = func(pos uint64) *keytrans.AuditorUpdate { return w.Log.AuditorUpdate(pos - pos/12) }
			return d
		},
		Notices: []Notice{{auditor(10), AuditStep(6)}},
	},
	{
		Name: "an update with another entry's proof", Operation: Audit, Modes: audited, Gain: another,
		Make:    tells(12, func(w *World, u *keytrans.AuditorUpdate) { u.Proof = w.Log.AuditorUpdate(11).Proof }),
		Notices: []Notice{{auditor(10), AuditStep(6)}},
	},
	{
		Name: "added leaves out of order", Operation: Audit, Modes: audited, Gain: ambiguous,
		Make: tells(13, func(w *World, u *keytrans.AuditorUpdate) {
			slices.Reverse(u.Added)
			u.Proof = w.Log.ProveChange(13, u.Added, u.Removed)
		}),
		Notices: []Notice{{auditor(10), AuditStep(2)}},
	},
	{
		Name: "an added leaf twice", Operation: Audit, Modes: audited, Gain: ambiguous,
		Make: tells(13, func(w *World, u *keytrans.AuditorUpdate) {
			u.Added = append(u.Added[:1:1], u.Added...)
			u.Proof = w.Log.ProveChange(13, u.Added, u.Removed)
		}),
		Notices: []Notice{{auditor(10), AuditStep(2)}},
	},
	{
		Name: "a removed leaf twice", Operation: Audit, Modes: audited, Gain: ambiguous,
		Make: tells(13, func(w *World, u *keytrans.AuditorUpdate) {
			u.Removed = append(u.Removed, leafOf(w, "alice", 4), leafOf(w, "alice", 4))
			u.Proof = w.Log.ProveChange(13, u.Added, u.Removed)
		}),
		Notices: []Notice{{auditor(10), AuditStep(2)}},
	},
	{
		Name: "a replaced leaf told of as an added one", Operation: Audit, Modes: audited,
		Gain: "alice's key is swapped, and it looks like a version that nobody had",
		Make: func(w *World) *Directory {
			l := w.Change(12, keytranstest.PutValue("alice", 4, "ghost"))
			d := w.Serve(l)
			return d.tell(12, func(u *keytrans.AuditorUpdate) {
				u.Removed = nil
				u.Proof = l.ProveChange(12, u.Added, nil)
			})
		},
		Notices: []Notice{{auditor(10), AuditStep(3)}},
	},
	{
		Name: "a removed leaf that was not there", Operation: Audit, Modes: audited, Gain: ambiguous,
		Make: tells(12, func(w *World, u *keytrans.AuditorUpdate) {
			u.Removed = append(u.Removed, leafOf(w, "carol", 1))
			u.Proof = w.Log.ProveChange(12, u.Added, u.Removed)
		}),
		Notices: []Notice{{auditor(10), AuditStep(4)}},
	},
	{
		Name: "a removed leaf with another commitment", Operation: Audit, Modes: audited, Gain: ambiguous,
		Make: tells(12, func(w *World, u *keytrans.AuditorUpdate) {
			gone := leafOf(w, "alice", 4)
			gone.Commitment = merkle.Hash{1}
			u.Removed = append(u.Removed, gone)
			u.Proof = w.Log.ProveChange(12, u.Added, u.Removed)
		}),
		Notices: []Notice{{auditor(10), AuditStep(6)}},
	},
	{
		Name: "a node in the update that nothing uses", Operation: Audit, Modes: audited,
		Gain:    "a server once rewrote a label under a valid proof by it",
		Make:    tells(12, func(_ *World, u *keytrans.AuditorUpdate) { u.Proof.Elements = append(u.Proof.Elements, merkle.Hash{1}) }),
		Notices: []Notice{{auditor(10), AuditStep(6)}},
	},
	{
		Name: "a node in the update twice", Operation: Audit, Modes: audited,
		Gain: "a server once rewrote a label under a valid proof by it",
		Make: tells(12, func(_ *World, u *keytrans.AuditorUpdate) {
			u.Proof.Elements = append(u.Proof.Elements[:1:1], u.Proof.Elements...)
		}),
		Notices: []Notice{{auditor(10), AuditStep(6)}},
	},
	{
		Name: "a lookup in the update too many", Operation: Audit, Modes: audited, Gain: ambiguous,
		Make: tells(12, func(_ *World, u *keytrans.AuditorUpdate) {
			u.Proof.Results = append(u.Proof.Results, u.Proof.Results[0])
		}),
		Notices: []Notice{{auditor(10), AuditStep(6)}},
	},
	{
		Name: "an update in which nothing changes", Operation: Audit, Modes: audited,
		Gain: "the auditor takes any prefix tree for the one before",
		Make: tells(12, func(_ *World, u *keytrans.AuditorUpdate) {
			u.Added, u.Removed, u.Proof = nil, nil, prefixtree.Proof{}
		}),
		Notices: []Notice{{auditor(10), AuditStep(6)}},
	},
	{
		Name: "a version that is removed before a distinguished entry has it", Operation: Audit, Modes: audited,
		Gain:    "one contact uses the directory's key as alice's, and alice never sees it",
		Make:    func(w *World) *Directory { return w.Serve(shortLived(w)) },
		Notices: []Notice{{auditor(10), AuditStep(5)}},
	},
	{
		Name: "a version that is replaced before a distinguished entry has it", Operation: Audit, Modes: audited,
		Gain: "one contact uses the directory's key as alice's, and alice never sees it",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log.Rewrite(func(pos uint64, e *keytranstest.Entry) {
				add(12, pos, e, keytranstest.Create("alice", "ghost"))
				add(13, pos, e, keytranstest.PutValue("alice", 5, "another"))
			}))
		},
		Notices: []Notice{
			{auditor(10), AuditStep(5)},
		},
	},
	{
		Name: "a version that is removed after a distinguished entry had it", Operation: Audit, Modes: audited,
		Gain: "nothing from the auditor: owners have had their chance to see it",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(12, keytranstest.PutValue("alice", 4, "ghost")))
		},
		Notices: []Notice{
			{auditor(10), Unnoticed},
			{owner(10, "alice"), OtherRoot},
		},
	},
	{
		Name: "a version removed beside a leaf that the update does not show", Operation: Audit, Modes: audited,
		Gain:    "the auditor has to guess the root that it signs",
		Make:    func(w *World) *Directory { return w.Serve(w.Change(12, keytranstest.Remove("alice", 4))) },
		Notices: []Notice{{auditor(10), AuditStep(7)}},
	},
	{
		Name: "a prefix tree that is emptied", Operation: Audit, Modes: audited,
		Gain:    "the directory begins anew",
		Make:    func(w *World) *Directory { return w.Serve(w.Change(15, keytranstest.Clear())) },
		Notices: []Notice{{auditor(10), AuditStep(5)}},
	},
}

// tell changes what the auditor is told of the entry at one position.
func (d *Directory) tell(at uint64, change func(u *keytrans.AuditorUpdate)) *Directory {
	d.Tell = func(pos uint64) *keytrans.AuditorUpdate {
		u := d.Log.AuditorUpdate(pos)
		if pos == at {
			change(u)
		}
		return u
	}
	return d
}

func tells(at uint64, change func(w *World, u *keytrans.AuditorUpdate)) func(w *World) *Directory {
	return func(w *World) *Directory {
		return w.Serve(w.Log).tell(at, func(u *keytrans.AuditorUpdate) { change(w, u) })
	}
}

// leafOf returns the leaf of a version that the honest log has or will have.
func leafOf(w *World, label string, version uint32) prefixtree.Leaf {
	return prefixtree.Leaf{Key: w.Log.SearchKey(label, version), Commitment: w.Log.Label(label).Versions[version].Commitment}
}
