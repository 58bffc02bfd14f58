package detection

import (
	"bytes"

	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

var wireRows = group{
	name:  "On the way",
	about: "Somebody between the directory and its users, who does not have its keys.",
	rows: []row{
		{
			name:  "an unknown key signs heads",
			gain:  "somebody without the directory's key speaks for it",
			story: `Somebody answers in the directory's place, with a log of the same labels, signed with another key.`,
			cast:  everyone,
			attack: once(func(s *scene) {
				v := s.of(s.d.impostor())
				v.signer = must(checkpoint.NewSigner(origin, keySeed("impostor")))
				s.show(v)
			}),
		},
		{
			name:  "a middlebox flips bits",
			gain:  "nothing; it must not be taken for the directory's guilt",
			story: `One bit of every answer is changed on the way.`,
			cast:  everyone,
			attack: once(func(s *scene) {
				for _, p := range s.cast {
					p.door.tamper(func(_ string, answer []byte) []byte {
						answer = bytes.Clone(answer)
						if len(answer) > 0 {
							answer[len(answer)/2] ^= 1
						}
						return answer
					})
				}
			}),
		},
	},
}

// impostor makes a history like the honest one, under other keys.
func (d *directory) impostor() *history {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.honest.log.Config
	log := keytranstest.New(keytranstest.Options{
		Seed: "impostor", Mode: o.Mode, Window: o.ReasonableMonitoringWindow, MaxAhead: o.MaxAhead, MaxBehind: o.MaxBehind, MaxAuditorLag: o.MaxAuditorLag,
	})
	for _, e := range d.honest.log.Entries() {
		changes := []keytranstest.Change{keytranstest.Pad(2)}
		if log.Size() == 2 {
			changes = append(changes, keytranstest.Create(alice, ghost(alice), ghost(alice)))
		}
		log.Append(e.Timestamp, changes...)
	}
	h := &history{log: log}
	d.histories = append(d.histories, h)
	return h
}
