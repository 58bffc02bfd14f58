package detection

import (
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// everyone is who looks unless a row has others.
var everyone = []observer{owner(alice), contact(alice), watcher(alice).named("watching contact"), newcomer(alice), monitor()}

var keyRows = group{
	name:  "Keys",
	about: "The directory changes whose key is found under a label.",
	rows: []row{
		{
			name:  "silent key insertion",
			gain:  "everybody uses the directory's key as Alice's",
			story: "The directory adds a version with its own key to Alice's label, and shows it to everybody.",
			cast:  everyone,
			attack: once(func(s *scene) {
				s.d.append(s.d.honest, keytranstest.Create(alice, ghost(alice)))
			}),
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
