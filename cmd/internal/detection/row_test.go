package detection

import (
	"regexp"
	"testing"
)

// row is an attack, and everybody who looks.
type row struct {
	// name says what the directory does, and gain what it would gain if nobody
	// noticed.
	name, gain string
	// story is what happens, for the document.
	story string
	// nobody says why nobody can notice; empty if somebody does.
	nobody string
	// provable tells that somebody gets evidence.
	provable bool

	options options
	// audited tells that the directory has an auditor.
	audited bool
	cast    []observer
	// first is the round in which the attack begins, 0 for the first one, and last the
	// last round, 0 for the second.
	first, last int
	// still tells that the log does not grow from round to round unless the row says
	// so.
	still bool
	// setup is what an honest directory, too, does before anybody begins.
	setup func(s *scene)
	// witnesses are how many there are.
	witnesses int
	// attack is what the directory does at the beginning of a round, from the first on,
	// and honest what an honest one does then, nil for nothing.
	attack, honest func(s *scene)
}

func (r *row) begins() int { return max(r.first, 1) }

func (r *row) rounds() int {
	if r.last == 0 {
		return 2
	}
	return r.last
}

// group is rows of one kind.
type group struct {
	name, about string
	rows        []row
}

var groups = []group{keyRows, viewRows, timeRows, leafRows, auditRows, witnessRows, wireRows}

// TestAttacks plays every row, and writes or checks docs/detection.md.
func TestAttacks(t *testing.T) {
	all := results{found: make(map[*row][]sighting)}
	total := 0
	t.Run("rows", func(t *testing.T) {
		for g := range groups {
			for i := range groups[g].rows {
				r := &groups[g].rows[i]
				total++
				for _, dishonest := range []bool{true, false} {
					name := r.name
					if !dishonest {
						name += ", honestly"
					}
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						s := play(t, r, dishonest)
						s.logSightings()
						if dishonest {
							s.checkSightings()
							all.add(r, s.sightings)
						} else {
							s.checkSilence()
						}
					})
				}
			}
		}
	})
	if !t.Failed() && len(all.found) == total { // or -run has chosen some
		all.check(t)
	}
}

// checkSilence fails for everybody who noticed an honest directory.
func (s *scene) checkSilence() {
	for _, x := range s.sightings {
		s.Errorf("false alarm of the %s in round %d: %s", x.who.name, x.round, x.output)
	}
}

// checkSightings holds what was noticed against what the row claims.
func (s *scene) checkSightings() {
	provable := false
	for _, x := range s.sightings {
		provable = provable || len(x.proofs) > 0
		s.checkSighting(x)
	}
	switch {
	case s.row.nobody != "" && len(s.sightings) > 0:
		s.Errorf("the row says that nobody can notice it, but the %s did: %s", s.sightings[0].who.name, s.sightings[0].output)
	case s.row.nobody == "" && len(s.sightings) == 0:
		s.Error("nobody noticed")
	case provable != s.row.provable:
		s.Errorf("provable: %v, and the row says %v", provable, s.row.provable)
	}
}

// checkSighting verifies evidence as a stranger would, and that nothing else is
// called that.
func (s *scene) checkSighting(x sighting) {
	if x.round == 0 {
		s.Errorf("the %s noticed what had not begun: %s", x.who.name, x.output)
	}
	if (len(x.evidence) > 0) != (x.code == exitMisbehaviour) {
		s.Errorf("exit code %d, evidence %q: %s", x.code, x.evidence, x.output)
	}
}

var reason = regexp.MustCompile(`"reason": ?"[^"]*"`)

// logSightings tells, with -v, who noticed what.
func (s *scene) logSightings() {
	for _, x := range s.sightings {
		s.Logf("round %d, %s: %s: exit code %d, evidence %v, reports %v %s", x.round, x.who.name, x.command, x.code, x.proofs, x.reports, reason.FindAllString(x.output, -1))
	}
}
