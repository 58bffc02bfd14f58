package account

// State is what the versions of a label up to one amount to: what the next is
// held against. It is small, and what a client retains of a label. Its pointers
// are not written through. States of different labels must not be mixed up.
type State struct {
	// Version is the newest version that was followed, Commitment its commitment,
	// zero if that is not known.
	Version    uint32 `json:"version"`
	Commitment Hash   `json:"commitment"`
	// Key is the account key that has to sign the next version, nil if none. Since
	// is the version that brought it.
	Key   *Key   `json:"key,omitempty"`
	Since uint32 `json:"since,omitempty"`
	// Claimed tells that Key was only named, by an announcement of another one, and has
	// signed nothing so far: see Unchecked.
	Claimed bool `json:"claimed,omitempty"`
	// Announced is the key to which the next version may be a reset, nil if none.
	Announced *Key `json:"announced,omitempty"`
	// Stood is the newest version that stood (Status.Stands), and Body the hash of
	// its key set: see Body. If none did, Body is zero and Stood means nothing.
	Stood uint32 `json:"stood"`
	Body  Hash   `json:"body"`
	// From is the version of which the account key, or that there is none, had to
	// be believed. 0: everything was followed from the beginning.
	From uint32 `json:"from,omitempty"`
	// Incomplete is set from a version that is not known to the next that stands.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Follow decides what a version is, after the versions that prev is about, and
// returns what to hold the next version against. prev is nil if there are none:
// if now is version 0, or nothing before it is known.
//
// Versions are followed in ascending order; those that are left out count as
// Missing. Requires now.Number > prev.Version; a version out of order is
// Unsigned and changes nothing.
func Follow(prev *State, now Version) (State, Status) {
	before := State{Incomplete: now.Number > 0}
	if prev != nil {
		if now.Number <= prev.Version {
			return *prev, Unsigned
		}
		before = *prev
		if now.Number-prev.Version > 1 {
			before = before.after(Missing(now.Label, now.Number-1, Hash{}), Unknown)
		}
	}
	status := before.judge(now)
	return before.after(now, status), status
}

// judge decides what a version is that comes right after s.
func (s State) judge(now Version) Status {
	switch now.form {
	case formMissing:
		return Unknown
	case formBare:
		if s.Key == nil {
			return None
		}
	case formSigned:
		if s.linked(now) && now.verify(*now.Key, now.signature) {
			return s.connect(s.judgeSigned(now))
		}
	case formAnnounced:
		if s.linked(now) && now.verify(*now.Announced, now.signature) {
			return s.connect(s.judgeAnnounced(now))
		}
	}
	return Unsigned
}

// linked reports whether the version's signature is for this place: after the
// version that is before it, if that one's commitment is known.
func (s State) linked(now Version) bool {
	return s.Commitment == now.previous || s.Incomplete && s.Commitment == Hash{}
}

func (v *Version) verify(key Key, signature []byte) bool {
	return v.statement().Verify(key, signature) == nil
}

// RotatedFrom reports whether the version has another account key than key, which signed
// that: for a version that is Unchecked because of a gap, after which key was known.
func (v *Version) RotatedFrom(key Key) bool {
	return len(v.byPrevious) > 0 && *v.Key != key && v.verify(key, v.byPrevious)
}

// judgeSigned decides what a version is that is signed by its own account key.
func (s State) judgeSigned(now Version) Status {
	rotating := len(now.byPrevious) > 0
	switch {
	case s.Key == nil && !rotating:
		return Established
	case s.Key != nil && *s.Key == *now.Key && !rotating:
		return Signed
	case s.Key != nil && now.RotatedFrom(*s.Key):
		return Rotated
	case s.Announced != nil && *s.Announced == *now.Key && !rotating:
		return Reset
	}
	return Unsigned
}

// judgeAnnounced decides what a version is that is signed by the key that it
// announces. Its keys must be those of the last version that stood, which need
// not be the version right before: an announcement must not make an unsigned
// version's keys stand.
func (s State) judgeAnnounced(now Version) Status {
	if s.Key != nil && *s.Key == *now.Key && s.Body == now.Body {
		return Announced
	}
	return Unsigned
}

// connect says what the status of a well signed version amounts to if a version
// before it is not known, which may have brought another key. That the key that
// was known last signed it is not enough to call it Signed: that key may have
// been stolen, and replaced for that reason in the version that is kept back.
func (s State) connect(status Status) Status {
	switch {
	case !s.Incomplete:
		return status
	case status == Unsigned && s.Key != nil:
		return Unconnected
	}
	return Unchecked
}

// after returns what the version after now is held against.
func (s State) after(now Version, status Status) State {
	s.Version, s.Commitment, s.Announced = now.Number, now.Commitment, nil
	switch status {
	case Unsigned, Unconnected:
		return s
	case Unknown:
		s.Incomplete = true
		return s
	}
	if status == Unchecked || status == None && s.Incomplete {
		s.From = now.Number
	}
	switch {
	case now.Key != nil && (s.Key == nil || *s.Key != *now.Key):
		s.Key, s.Since, s.Claimed = now.Key, now.Number, now.form == formAnnounced
	case now.form == formSigned:
		s.Claimed = false
	}
	s.Announced, s.Stood, s.Body, s.Incomplete = now.Announced, now.Number, now.Body, false
	return s
}
