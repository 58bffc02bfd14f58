package detection

import (
	"github.com/ghostlight-kt/ghostlight/keytrans/adversary"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// everyone is who looks unless a row has others.
var everyone = []observer{owner(alice), contact(alice), newcomer(alice), ownersMonitor(alice), stranger()}

// rarely is a monitoring window in which entries of several rounds are not yet
// distinguished.
const rarely = 12 * interval

var keyRows = group{
	name:  "Keys",
	about: "The directory changes whose key is found under a label.",
	rows: []row{
		{
			name: "silent key insertion",
			gain: "everybody uses the directory's key as Alice's",
			story: `The directory adds a version with its own key to Alice's label, in the regular way, and shows it to
everybody. All proofs verify: the log says what happened. That it was not Alice who did it, she alone knows.`,
			cast:   everyone,
			attack: once(func(s *scene) { s.d.append(s.d.honest, keytranstest.Create(alice, ghost(alice))) }),
		},
		{
			name: "silent key insertion, which the owner is not told of",
			gain: "everybody but Alice uses the directory's key as Alice's",
			story: `As before, but Alice is told that her label has no new version. Her monitoring looks the next version
up where the log has it, and the answer does not fit.`,
			cast: everyone,
			attack: once(func(s *scene) {
				s.d.append(s.d.honest, keytranstest.Create(alice, ghost(alice)))
				s.door("owner").show(s.honestly().lying(upto(alice, 1)))
			}),
		},
		{
			name:     "a key inserted, and removed again between two checks of the owner",
			gain:     "who looks Alice up in the meantime uses the directory's key, and Alice never sees it",
			provable: true,
			story: `The directory adds a version and takes it out again before an entry is distinguished, so that Alice's
monitoring never meets it. Those who were shown it go on to monitor it, and it is gone. Who replays every change of
the log sees that a leaf went.`,
			options: options{window: rarely}, still: true,
			cast:   []observer{owner(alice).starting(2), contact(bob), newcomer(alice), stranger()},
			attack: insertAndRemove,
			honest: growAlike,
		},
		{
			name:     "a key swapped, and restored between two checks of the owner",
			gain:     "who looks Alice up in the meantime uses the directory's key, and Alice never sees it",
			provable: true,
			story: `The directory replaces the value of Alice's latest version by its own key, and puts it back before an
entry is distinguished. Alice's monitoring does not meet it. But every lookup begins in a distinguished entry, which
has the commitment to the value from before: there, the directory's key does not fit. Who replays every change of the
log sees a leaf get another commitment.`,
			options: options{window: rarely}, still: true,
			cast:   []observer{owner(alice).starting(2), contact(alice), newcomer(alice), stranger()},
			attack: swapAndRestore,
			honest: growAlike,
		},
		{
			name:     "a key swapped for good",
			gain:     "everybody uses the directory's key as Alice's",
			provable: true,
			story: `The directory replaces the value of Alice's latest version by its own key. Alice's monitoring finds that
the proof leads to another root than the signed one; who had looked the version up before can prove that it changed.`,
			cast:   everyone,
			attack: once(swap),
		},
		{
			name: "a version hidden from one contact",
			gain: "the contact goes on to use a key that Carol has replaced",
			story: `The directory tells one contact that Carol's first version is her latest. The proof has to look the next
version up, and finds it.`,
			cast:   []observer{owner(carol), contact(carol), newcomer(carol).named("victim"), stranger()},
			attack: once(func(s *scene) { s.door("victim").show(s.honestly().lying(upto(carol, 0))) }),
		},
	},
}

// once does something in the first round only.
func once(f func(s *scene)) func(s *scene) {
	return func(s *scene) {
		if s.round == 1 {
			f(s)
		}
	}
}

// upto has the directory say that a label has no versions beyond the given one.
func upto(label string, greatest uint32) func(*adversary.Directory) {
	return func(a *adversary.Directory) { a.Upto(label, greatest) }
}

// uptoFor is upto in the answers to some operations.
func uptoFor(label string, greatest uint32, operations ...string) func(*adversary.Directory) {
	return func(a *adversary.Directory) {
		for _, o := range operations {
			a.SaysTo(o, label, func(l *keytranstest.Label) { l.Versions = l.Versions[:greatest+1] })
		}
	}
}

func insertAndRemove(s *scene) {
	if s.round == 1 {
		s.d.append(s.d.honest, keytranstest.Create(alice, ghost(alice)))
		s.d.grow(1)
		return
	}
	s.d.append(s.d.honest, keytranstest.Remove(alice, 2))
	s.d.grow(6)
	s.show(s.honestly().lying(uptoFor(alice, 1, keytranstest.Search, keytranstest.OwnerMonitor, keytranstest.Update)))
}

func swap(s *scene) {
	s.d.append(s.d.honest, keytranstest.PutValue(alice, 1, ghost(alice)))
	s.show(s.honestly().lying(swapped))
}

func swapAndRestore(s *scene) {
	if s.round == 1 {
		swap(s)
		s.d.grow(1)
		return
	}
	s.d.append(s.d.honest, keytranstest.Restore(alice, 1))
	s.d.grow(6)
	s.show(s.honestly())
}

// swapped has the directory open the latest version of Alice as its own key.
func swapped(a *adversary.Directory) {
	a.Says(alice, func(l *keytranstest.Label) {
		l.Versions[1] = a.Log.NewVersion(alice, 1, l.Versions[1].Position, ghost(alice))
	})
}

// growAlike adds as many entries as insertAndRemove and swapAndRestore.
func growAlike(s *scene) {
	if s.round == 1 {
		s.d.grow(2)
	} else {
		s.d.grow(7)
	}
}
