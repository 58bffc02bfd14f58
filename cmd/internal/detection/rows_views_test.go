package detection

import (
	"fmt"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// between are a contact who is shown the honest log, and a victim who is shown
// another one, after everybody has seen the same.
func between(victim observer, others ...observer) []observer {
	return append([]observer{owner(alice), contact(alice), victim.named("victim")}, others...)
}

// splitView shows the victim another history, in which Alice's label has the
// directory's key.
func splitView(s *scene) *view {
	v := s.of(s.d.fork(s.d.size(), keytranstest.Create(alice, ghost(alice))))
	s.door("victim").show(v)
	return v
}

var viewRows = group{
	name: "Split views",
	about: `The directory shows one contact of Alice another history, with its own key in it, and everybody else the
honest one. Whoever sees only one of them sees nothing wrong.`,
	rows: []row{
		{
			name:  "split view, nobody compares",
			gain:  "the victim uses the directory's key as Alice's, and Alice never sees it",
			story: `The victim, for whom this is the first lookup, is kept in the other history from then on.`,
			nobody: `Each history verifies, both are signed, and nobody sees two of them. That is why users should have a
witness policy, compare heads, or have a monitor that does.`,
			cast:   between(newcomer(alice), stranger()),
			attack: once(func(s *scene) { splitView(s) }),
		},
		{
			name:      "split view, with witnesses",
			gain:      "the victim uses the directory's key as Alice's, and Alice never sees it",
			story:     `The victim has a witness policy. The witness has cosigned the honest log and does not cosign another one.`,
			witnesses: 1,
			cast:      between(newcomer(alice).witnessed(), stranger()),
			attack:    once(func(s *scene) { splitView(s) }),
		},
		{
			name:      "split view, with witnesses and the witnessed log",
			gain:      "the victim uses the directory's key as Alice's, and Alice never sees it",
			story:     `As before, but the victim is shown the public log that the witness has cosigned: it has other entries than the victim was shown.`,
			provable:  true,
			witnesses: 1,
			cast:      between(newcomer(alice).witnessed(), stranger()),
			attack:    once(func(s *scene) { splitView(s).public = s.honestly() }),
		},
		{
			name:     "split view, gossip only",
			gain:     "the victim uses the directory's key as Alice's, and Alice never sees it",
			story:    `Nobody has witnesses. The contact hands the victim its heads, with what the directory has signed.`,
			provable: true,
			cast:     between(comparing(newcomer(alice), "--signed")),
			attack:   once(func(s *scene) { splitView(s) }),
		},
		{
			name: "split view, distinguished heads only",
			gain: "the victim uses the directory's key as Alice's, and Alice never sees it",
			story: `As before, but the contact's heads fit a QR code, and carry no signature. The victim learns that
something is wrong, and cannot prove it: the list could have been made up.`,
			cast:   between(comparing(newcomer(alice), "--text")),
			attack: once(func(s *scene) { splitView(s) }),
		},
		{
			name: "split view, a monitor with a second route",
			gain: "the victim uses the directory's key as Alice's, and Alice never sees it",
			story: `A monitor reads the directory's heads and its public log by the way that the victim takes, too: another
URL here, which could as well be a proxy.`,
			provable: true,
			cast:     between(newcomer(alice), monitor("monitor", audits(), onRoute("victim"))),
			attack:   once(func(s *scene) { splitView(s) }),
		},
		{
			name: "split view, two monitors compare",
			gain: "the victim uses the directory's key as Alice's, and Alice never sees it",
			story: `The victim runs a monitor, which is shown what the victim is shown. Another monitor, which is shown the
honest log, asks it what it was shown.`,
			provable: true,
			cast: between(newcomer(alice),
				running("victim's monitor", "vantage", audits()), monitor("monitor", audits(), withPeer("victim's monitor"))),
			attack: once(func(s *scene) {
				v := splitView(s)
				s.door("victim's monitor").show(v.copy())
			}),
		},
	},
}

// comparing has a user compare heads with the contact's, too, which are handed over
// in some form.
func comparing(o observer, form string) observer {
	look := o.look
	o.does += fmt.Sprintf("; `kt heads compare` with the contact's `kt heads export %s`", form)
	o.look = func(p *person) []ran {
		file := filepath.Join(p.dir, fmt.Sprint("heads", p.round))
		p.must(p.people["contact"].kt("heads", "export", form, "--output", file))
		return append(look(p), p.kt("heads", "compare", file))
	}
	return o
}
