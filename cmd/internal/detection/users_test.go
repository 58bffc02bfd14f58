package detection

// owner watches a label of its own.
func owner(label string) observer {
	return observer{
		name: "owner", does: "`kt watch`, having run `kt own " + label + "`",
		prepare: func(p *person) { p.must(p.trust()); p.must(p.kt("own", label)) },
		look:    func(p *person) []ran { return []ran{p.kt("watch")} },
	}
}

// contact looks a label up, again and again, and watches it.
func contact(label string) observer {
	return observer{
		name: "contact", does: "`kt lookup " + label + "` and `kt watch`",
		prepare: func(p *person) { p.must(p.trust()); p.must(p.kt("lookup", label)) },
		look:    func(p *person) []ran { return []ran{p.kt("lookup", label), p.kt("watch")} },
	}
}

// newcomer knows nothing when the attack begins, and does what contacts do from the
// round on that follows its first success.
func newcomer(label string) observer {
	return observer{
		name: "newcomer", does: "`kt trust`, `kt lookup " + label + "`, and then `kt watch`", from: 1,
		look: func(p *person) []ran {
			if p.begun {
				return []ran{p.kt("lookup", label), p.kt("watch")}
			}
			if r := p.trust(); r.code != 0 {
				return []ran{r}
			}
			p.begun = true
			return []ran{p.kt("lookup", label)}
		},
	}
}

// named gives an observer another name.
func (o observer) named(name string) observer {
	o.name = name
	return o
}

// starting has an observer look from a round on.
func (o observer) starting(round int) observer {
	o.from = round
	return o
}

// witnessed has a user require witnesses, all there are if none is named.
func (o observer) witnessed(by ...string) observer {
	o.policy, o.requires = true, by
	return o
}
