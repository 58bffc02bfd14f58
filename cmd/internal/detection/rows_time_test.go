package detection

import (
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// patience is how long the log may stand still in the row about that.
const patience = 40 * time.Second

var timeRows = group{
	name:  "Time and history",
	about: "The directory goes back to what it was, stands still, or lies about the time.",
	rows: []row{
		{
			name:    "freeze",
			gain:    "users go on with what they were shown before a change",
			story:   `The log does not grow any more. For as long as max_behind allows, nobody can tell this from a directory in which nothing happens.`,
			options: options{patience: patience},
			cast:    everyone,
			attack: func(s *scene) {
				s.d.honest.still = true
				if s.round == 2 {
					time.Sleep(time.Until(s.d.stale().Add(time.Second)))
				}
			},
		},
		{
			name:  "rollback",
			gain:  "a replaced key is used again",
			story: `The directory shows an earlier state of its log.`,
			cast:  everyone,
			attack: once(func(s *scene) {
				v := s.honestly()
				v.size = beginning - 5
				s.show(v)
			}),
		},
		{
			name:  "restart from an old backup",
			first: 2, last: 3,
			gain:     "what happened since the backup is forgotten",
			provable: true,
			story: `The server is restored from a backup that lacks the latest entries, and goes on with others, under the
same keys. Whoever had seen the lost entries holds two histories in hands; it need not even be malice.`,
			cast: everyone,
			attack: func(s *scene) {
				if s.round == 2 {
					s.show(s.of(s.d.fork(beginning+1, keytranstest.Create(bob, keyOf(bob, 99)))))
				}
			},
		},
		{
			name:     "time travel, back",
			gain:     "entries are distinguished for some and not for others, so that checks are missed",
			provable: true,
			story:    `An entry of the log is an hour older than the one before.`,
			cast:     everyone,
			attack:   once(func(s *scene) { s.d.appendAt(s.d.honest, s.d.time.Add(-time.Hour)) }),
		},
		{
			name:   "time travel, far ahead",
			gain:   "what was shown expires at once; old heads seem new for as long as the clock is ahead",
			story:  `An entry of the log is of a time to come, in an hour.`,
			cast:   everyone,
			attack: once(func(s *scene) { s.d.appendAt(s.d.honest, time.Now().Add(time.Hour)) }),
		},
		{
			name:     "an entry removed",
			gain:     "what the entry did never happened",
			provable: true,
			story:    `The directory takes an entry out of its log, and shows everybody the shorter history, which grows on.`,
			cast:     everyone,
			attack: once(func(s *scene) {
				h := s.d.branch(beginning - 4)
				for _, e := range s.d.honest.log.Entries()[beginning-3:] {
					s.d.appendAt(h, time.UnixMilli(int64(e.Timestamp)))
				}
				s.show(s.of(h))
			}),
		},
		{
			name:     "an entry rewritten",
			gain:     "a key that was inserted later seems to have been there all the time",
			provable: true,
			story:    `The directory rewrites an old entry so that it has its own key for Alice, and all roots since, and shows everybody that history.`,
			cast:     everyone,
			attack: once(func(s *scene) {
				s.show(s.of(s.d.rewrite(func(pos uint64, e *keytranstest.Entry) {
					if pos == 10 {
						e.Changes = append(e.Changes[:len(e.Changes):len(e.Changes)], keytranstest.Create(alice, ghost(alice)))
					}
				})))
			}),
		},
	},
}

// stale returns when the honest history's head becomes older than max_behind allows.
func (d *directory) stale() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	log := d.honest.log
	return log.Now(log.Size()).Add(time.Duration(log.Config.MaxBehind) * time.Millisecond)
}
