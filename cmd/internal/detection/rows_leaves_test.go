package detection

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/adversary"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

var leafRows = group{
	name:  "Leaves and values",
	about: "The directory changes the prefix tree, or what it says of its leaves.",
	rows: []row{
		{
			name:     "a leaf removed",
			gain:     "Alice's contacts believe that she has an older key",
			provable: true,
			story:    `The leaf of Alice's latest version is not in the tree any more, and the directory says that the version before it is the latest.`,
			cast:     everyone,
			attack: once(func(s *scene) {
				s.d.append(s.d.honest, keytranstest.Remove(alice, 1))
				s.show(s.honestly().lying(uptoFor(alice, 0, keytranstest.Search)))
			}),
		},
		{
			name:     "a leaf replaced by another label's",
			gain:     "Alice's contacts use Bob's key",
			provable: true,
			story:    `The leaf of Alice's latest version has the commitment to Bob's key.`,
			cast:     everyone,
			attack: once(func(s *scene) {
				s.d.append(s.d.honest, keytranstest.PutValue(alice, 1, keyOf(bob, 4)))
				s.show(s.honestly().lying(func(a *adversary.Directory) {
					a.Says(alice, func(l *keytranstest.Label) {
						l.Versions[1] = a.Log.NewVersion(alice, 1, l.Versions[1].Position, keyOf(bob, 4))
					})
				}))
			}),
		},
		{
			name:     "a leaf moved",
			gain:     "Alice's key is not found, while the tree has as many leaves as before",
			provable: true,
			story:    `The leaf of Alice's latest version is found under another search key, next to its own.`,
			cast:     everyone,
			attack: once(func(s *scene) {
				log := s.d.honest.log
				moved := prefixtree.Leaf{Key: log.SearchKey(alice, 1), Commitment: log.Label(alice).Versions[1].Commitment}
				moved.Key[31] ^= 1
				s.d.append(s.d.honest, keytranstest.Remove(alice, 1), keytranstest.PutLeaf(moved))
			}),
		},
		{
			name:  "a wrong VRF output for one label",
			gain:  "a second search key for a version, where the directory can have another value",
			story: `The directory proves Alice's search keys with another VRF key than that in its Configuration.`,
			cast:  everyone,
			attack: once(func(s *scene) {
				other := keytranstest.New(keytranstest.Options{Seed: "another"})
				s.show(s.honestly().lying(func(a *adversary.Directory) {
					a.Says(alice, func(l *keytranstest.Label) { l.Prove = other.Label(alice) })
				}))
			}),
		},
		{
			name:  "an erased value served again",
			gain:  "who may not see the value any more sees it",
			story: `The directory has told its owner that the value of Carol's first version was erased. It has kept it, and shows it to somebody who asks.`,
			nobody: `The log commits to a value for ever, so that it verifies whenever it is shown; and nothing that the
directory signs says that it was erased. Erasure is a promise, kept or not, about what the operator stores. Carol can
only ask for the version from time to time: kt then ends with 0 instead of 5.`,
			cast:   []observer{owner(carol), contact(carol), newcomer(carol), asking(carol), stranger()},
			setup:  func(s *scene) { s.first.lying(erased(carol)) },
			attack: once(func(s *scene) { s.show(s.honestly()) }),
		},
	},
}

// erased has the directory refuse to open a label's first version.
func erased(label string) func(*adversary.Directory) {
	return func(a *adversary.Directory) {
		says := a.Label
		a.Label = func(name string) keytrans.Label {
			if l := says(name); name != label {
				return l
			} else {
				return erasedLabel{l}
			}
		}
	}
}

type erasedLabel struct{ keytrans.Label }

// Open implements keytrans.Label.
func (l erasedLabel) Open(version uint32) (keytrans.Opening, keytrans.UpdateValue, error) {
	if version == 0 {
		return keytrans.Opening{}, keytrans.UpdateValue{}, errErased
	}
	return l.Label.Open(version)
}

// asking asks for a version that was erased, and is told so by an honest directory.
func asking(label string) observer {
	return observer{
		name: "asker", does: "`kt lookup " + label + " --version 0`, which was erased",
		prepare: func(p *person) { p.must(p.trust()) },
		look: func(p *person) []ran {
			want := exitUndecided
			if p.dishonest && p.round > 0 {
				want = exitVerified
			}
			if r := p.kt("lookup", label, "--version", "0"); r.code != want {
				return []ran{r}
			}
			return nil
		},
	}
}
