package detection

import (
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

var witnessRows = group{
	name:  "Witnesses",
	about: "The directory has witnesses, whose cosignatures its users require.",
	rows: []row{
		{
			name: "a witness is lied to",
			gain: "everybody is led to a history that the witness has not seen",
			story: `The witness has cosigned the honest history. Then the directory hands it a checkpoint of another one, which
all users are shown. The witness refuses, and users do not get what their policy requires. The witness keeps what it
refused. It reads the honest log itself, and as soon as that is as long, has evidence that the log has signed both.`,
			provable:  true,
			witnesses: 1,
			cast:      []observer{owner(bob).witnessed(), contact(bob).witnessed(), newcomer(bob).witnessed(), stranger(), theWitness("w1")},
			attack: once(func(s *scene) {
				s.show(s.of(s.d.fork(s.d.size(), keytranstest.Create(alice, ghost(alice)))))
			}),
		},
		{
			name: "two witnesses are shown different histories",
			gain: "the users of each witness are shown a history of their own",
			story: `Each of two witnesses has seen a history grow that is like itself, and cosigned it; the two histories
differ. Who requires both witnesses gets no history that both have cosigned. Who requires one of them only notices
nothing, but a monitor with a second route does.`,
			provable:  true,
			witnesses: 2,
			cast: []observer{
				owner(alice).witnessed("w1"), contact(alice).witnessed("w1"), newcomer(alice).witnessed("w2").named("victim"),
				contact(bob).witnessed("w1", "w2").named("contact of both"), monitor("monitor", audits(), onRoute("victim")).witnessed("w1"),
			},
			attack: once(func(s *scene) {
				other := s.of(s.d.fork(s.d.size(), keytranstest.Create(alice, ghost(alice))))
				other.witnesses = s.witnesses[1:]
				s.door("victim").show(other)
				s.witnesses[1].door.show(other)
				v := s.honestly()
				v.witnesses = s.witnesses[:1]
				s.show(v, "victim")
				s.published = v
			}),
		},
		{
			name:     "checkpoint and KEYTRANS head disagree",
			last:     3,
			gain:     "users are shown keys that no mirror and no witness ever sees",
			provable: true,
			story: `The public log, which witnesses have cosigned, has other entries than the log that users are shown. Users with a
witness policy compare the two. A monitor compares the root that the directory has signed with that of the public log
as soon as it is as long; it has both signatures, but cannot prove to others which entries the first one is of.`,
			witnesses: 1,
			cast:      []observer{owner(bob), contact(bob).witnessed(), newcomer(bob).witnessed(), stranger()},
			attack: once(func(s *scene) {
				v := s.of(s.d.fork(s.d.size(), keytranstest.Create(alice, ghost(alice))))
				v.public = s.honestly()
				s.show(v)
			}),
		},
		{
			name:      "an unknown key signs checkpoints",
			gain:      "somebody without the log's key speaks for it",
			story:     `Checkpoints are signed with another key than the policy names.`,
			witnesses: 1,
			cast:      []observer{owner(bob), contact(bob).witnessed(), newcomer(bob).witnessed(), stranger()},
			attack: once(func(s *scene) {
				v := s.honestly()
				v.signer = must(checkpoint.NewSigner(origin, keySeed("another")))
				s.show(v)
			}),
		},
	},
}
