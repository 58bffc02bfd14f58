package detection

import (
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scene is one row while it is played: by a dishonest directory, or by an honest one.
type scene struct {
	*testing.T
	row       *row
	dishonest bool
	d         *directory
	dir       string
	people    map[string]*person
	cast      []*person
	first     *view // what everybody is shown first
	published *view // what witnesses see first; nil for the honest history
	witnesses []*witness
	round     int
	sightings []sighting
}

// play plays a row.
func play(t *testing.T, r *row, dishonest bool) *scene {
	s := &scene{T: t, row: r, dishonest: dishonest, dir: t.TempDir(), people: make(map[string]*person)}
	o := r.options
	if r.audited {
		o.auditor = s.makeAuditor()
	}
	s.d = newDirectory(r.name, o)
	for n := range r.witnesses {
		s.witnesses = append(s.witnesses, s.newWitness(fmt.Sprintf("w%d", n+1)))
	}
	s.first = s.honestly()
	if r.setup != nil {
		r.setup(s)
	}
	for i := range r.cast {
		s.enter(&r.cast[i])
	}
	for s.round = range r.rounds() + 1 {
		switch {
		case s.round == 0:
		case dishonest:
			r.attack(s)
		case r.honest != nil:
			r.honest(s)
		}
		if s.round > 0 && !r.still {
			s.d.grow(perRound)
		}
		s.publish()
		for _, p := range s.cast {
			s.look(p)
		}
	}
	return s
}

// publish has the witnesses see the honest history before anybody asks for it.
func (s *scene) publish() {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	v := s.published
	if v == nil {
		v = s.honestly()
	}
	s.d.serveLog(httptest.NewRecorder(), v, "checkpoint")
}

// enter makes somebody ready to look, before anything happens.
func (s *scene) enter(o *observer) {
	p := &person{scene: s, observer: o, door: s.d.open(s.T, s.first), dir: filepath.Join(s.dir, fmt.Sprint(len(s.cast)))}
	fatalIfErr(s.T, makeDir(p.dir))
	s.cast = append(s.cast, p)
	s.people[o.name] = p
	if o.policy {
		p.policy = writeFile(s.T, filepath.Join(p.dir, "policy"), s.d.policy(s.required(o)...))
	}
	if o.prepare != nil {
		o.prepare(p)
	}
}

// look has somebody look, unless it has evidence already. What it noticed before
// does not count again.
func (s *scene) look(p *person) {
	if p.convinced || s.round < p.observer.from {
		return
	}
	for _, r := range p.observer.look(p) {
		if r.code == 0 {
			continue
		}
		x := s.sightingOf(p, r)
		before := len(p.noticed)
		for _, rule := range slices.Concat(x.proofs, x.reports) {
			p.noticed = appendNew(p.noticed, rule)
		}
		if p.convinced = len(x.proofs) > 0; p.convinced || len(p.noticed) > before {
			s.sightings = append(s.sightings, x)
		}
		return
	}
}

// door returns somebody's door.
func (s *scene) door(name string) *door {
	p := s.people[name]
	if p == nil {
		s.Fatalf("%s: there is nobody called %q", s.row.name, name)
	}
	return p.door
}

// show has everybody's doors show a view but those of the given people.
func (s *scene) show(v *view, but ...string) {
	for name, p := range s.people {
		if !slices.Contains(but, name) {
			p.door.show(v.copy())
		}
	}
}

// honestly returns the view of the honest history.
func (s *scene) honestly() *view { return s.of(s.d.honest) }

// of returns the view of a history, which all witnesses are asked to cosign.
func (s *scene) of(h *history) *view { return &view{history: h, witnesses: s.witnesses} }

// required returns the witnesses that somebody requires.
func (s *scene) required(o *observer) []*witness {
	if o.requires == nil {
		return s.witnesses
	}
	var out []*witness
	for _, w := range s.witnesses {
		if slices.Contains(o.requires, w.name) {
			out = append(out, w)
		}
	}
	return out
}

func (s *scene) auditorDir() string { return filepath.Join(s.dir, "auditor") }

// makeAuditor makes the key of the directory's auditor.
func (s *scene) makeAuditor() []byte {
	r := execute(s.T, "ktmon", "keygen", s.auditorDir())
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.stdout))
	fatalIfErr(s.T, err)
	return key
}
