package detection

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// observer is somebody who looks at what the directory shows.
type observer struct {
	name string
	// does says what is run in each round, for the document.
	does string
	// policy tells that users have a witness policy.
	policy bool
	// requires names the witnesses of that policy, nil for all there are.
	requires []string
	// from is the first round in which the observer looks.
	from    int
	prepare func(p *person)
	look    func(p *person) []ran
}

// person is an observer in a scene.
type person struct {
	*scene
	observer *observer
	door     *door
	dir      string
	policy   string // a file
	begun    bool
	resident *resident // if the person runs a monitor all the time
	info     []string  // rules of a monitor's alerts that only inform
	// noticed is what was found until now, and convinced tells that there is evidence.
	noticed   []string
	convinced bool
}

func makeDir(path string) error { return os.MkdirAll(path, 0o700) }

// kt runs kt as the person.
func (p *person) kt(args ...string) ran {
	p.Helper()
	return execute(p.T, "kt", append([]string{"--state", filepath.Join(p.dir, "kt"), "--json"}, args...)...)
}

// must requires that nothing is wrong.
func (p *person) must(r ran) ran {
	p.Helper()
	if r.code != 0 {
		p.Fatalf("%s, before anything happened: %v", p.observer.name, r)
	}
	return r
}

// trust is the first thing that a user does.
func (p *person) trust() ran {
	args := []string{"trust", p.door.url}
	if p.policy != "" {
		args = append(args, "--policy", p.policy)
	}
	return p.kt(args...)
}

// sighting is what somebody noticed.
type sighting struct {
	who     *observer
	round   int
	command string // without what differs from run to run
	code    int
	// proofs are the kinds of the evidence, and reports the rules of the rest.
	proofs, reports []string
	// alerted tells that people are told at once. There are conditions that they are
	// told of only when these last.
	alerted  bool
	evidence []string // files
	output   string
}

var evidencePath = regexp.MustCompile(`"evidence": ?"([^"]+)"`)

// sightingOf reads what a process found out.
func (s *scene) sightingOf(p *person, r ran) sighting {
	out := sighting{who: p.observer, round: s.round, command: r.command(), code: r.code, output: r.String()}
	switch {
	case r.args[0] == "ktmon" && r.args[1] == "run":
		p.readAlerts(r, &out)
	case evidencePath.MatchString(r.stdout):
		out.evidence = evidencePath.FindStringSubmatch(r.stdout)[1:]
		p.verify(&out)
	case r.code == exitUndecided:
		out.reports = []string{"could not check"}
	case r.code == exitAttention:
		out.reports = []string{"changed"}
	}
	if len(out.proofs)+len(out.reports) == 0 || !slices.Contains([]int{exitMisbehaviour, exitUndecided, exitAttention}, r.code) {
		s.Errorf("%s, round %d: %v", p.observer.name, s.round, r)
	}
	return out
}

// The exit codes of kt and ktmon.
const (
	exitVerified     = 0
	exitMisbehaviour = 3
	exitUndecided    = 5
	exitAttention    = 6
)

// command returns what was run, without paths and flags.
func (r ran) command() string {
	var out []string
	for i, arg := range r.args {
		switch {
		case strings.HasPrefix(arg, "-"), strings.Contains(arg, "/"), i > 0 && r.args[i-1] == "--state":
		default:
			out = append(out, arg)
		}
	}
	return strings.Join(out, " ")
}
