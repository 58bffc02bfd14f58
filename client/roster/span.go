package roster

import "time"

// answer to a question about times of which only bounds are known.
type answer int

const (
	no answer = iota
	maybe
	yes
)

// span is when something happened: not before lo, if that is set, and not after
// hi.
type span struct{ lo, hi time.Time }

// within tells whether it happened from one time to another, both included. A
// zero to is no limit.
func (s span) within(from, to time.Time) answer {
	late := !to.IsZero() && s.lo.After(to)
	switch {
	case s.hi.Before(from) || late:
		return no
	case !s.lo.IsZero() && !s.lo.Before(from) && (to.IsZero() || !s.hi.After(to)):
		return yes
	}
	return maybe
}

// after tells whether it happened after a time.
func (s span) after(t time.Time) answer {
	switch {
	case !s.hi.After(t):
		return no
	case s.lo.After(t):
		return yes
	}
	return maybe
}

// atMost tells whether end came no later than d after s.
func (s span) atMost(d time.Duration, end span) answer {
	switch {
	case !s.lo.IsZero() && end.hi.Sub(s.lo) <= d:
		return yes
	case end.lo.Sub(s.hi) > d && !end.lo.IsZero():
		return no
	}
	return maybe
}

// moreThan tells whether end came later than d after s.
func (s span) moreThan(d time.Duration, end span) answer { return yes - s.atMost(d, end) }
