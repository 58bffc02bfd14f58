package detection

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

var auditing = options{mode: keytrans.ThirdPartyAuditing}

var auditRows = group{
	name:  "Auditors",
	about: "The directory has a third-party auditor, whose signature its users require.",
	rows: []row{
		{
			name:    "a leaf that the auditor is not told of",
			gain:    "a version that the auditor does not vouch for",
			story:   `The directory inserts a key, and leaves it out of what it tells the auditor. What it tells leads to another root than what it has signed.`,
			options: auditing, audited: true,
			cast: []observer{theAuditor(), owner(alice), contact(bob), newcomer(bob), stranger()},
			attack: once(func(s *scene) {
				s.d.append(s.d.honest, keytranstest.Create(alice, ghost(alice)))
				v := s.honestly()
				v.tell = withoutLeaf(v, s.d.size()-1, v.log.SearchKey(alice, 2))
				s.door("auditor").show(v)
			}),
		},
		{
			name:     "the auditor colludes",
			gain:     "who looks Alice up in the meantime uses the directory's key, and Alice never sees it",
			provable: true,
			story: `The directory inserts a key and takes it out again before an entry is distinguished. Its auditor, who
has to refuse that, signs. Those who were shown the key monitor it all the same, as if there were no auditor.`,
			options: options{mode: keytrans.ThirdPartyAuditing, window: rarely}, still: true,
			cast:   []observer{owner(alice).starting(2), contact(bob), newcomer(alice), stranger()},
			attack: insertAndRemove,
			honest: growAlike,
		},
		{
			name:     "an honest auditor, a key removed before it was distinguished",
			gain:     "who looks Alice up in the meantime uses the directory's key, and Alice never sees it",
			provable: true,
			story:    `As before, but the auditor is honest: it does not sign.`,
			options:  options{mode: keytrans.ThirdPartyAuditing, window: rarely}, audited: true, still: true,
			cast:   []observer{theAuditor(), owner(alice).starting(2), contact(bob), newcomer(alice), stranger()},
			attack: insertAndRemove,
			honest: growAlike,
		},
	},
}

// withoutLeaf leaves a leaf out of what is told of an entry.
func withoutLeaf(v *view, at uint64, key prefixtree.Key) func(pos uint64, u *keytrans.AuditorUpdate) {
	return func(pos uint64, u *keytrans.AuditorUpdate) {
		if pos != at {
			return
		}
		var added []prefixtree.Leaf
		for _, l := range u.Added {
			if l.Key != key {
				added = append(added, l)
			}
		}
		u.Added, u.Proof = added, v.log.ProveChange(at, added, u.Removed)
	}
}
