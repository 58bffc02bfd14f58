package client

import "time"

// deferral has store keep verified states in memory for a while. Storing takes a time
// that grows with the number of labels, and so would a round of monitoring with its
// square, if each of its responses were stored.
//
// What a crash can lose is what was verified since the state was stored last. That
// does no harm, by three rules:
//
//   - A state is stored whole. The one that is found after a crash was verified, and
//     what followed from it is verified again.
//   - Nothing is told before it is stored: whoever was told of a state of the log must
//     not be shown another one that continues an older state. Evidence is an exception.
//     It has all that it takes to verify it, and does not rest on the state.
//   - Nothing is done before it is stored that has an effect on others, or on other
//     files: values to publish, credentials that are final. Operations that do so do
//     not defer, or save first.
type deferral struct {
	every   time.Duration // bounds the work that is lost; 0: store does not defer
	savedAt time.Time
	unsaved bool
}

// deferStoring begins to defer. The caller ends it with saveDeferred.
func (s *session) deferStoring() {
	s.deferral = deferral{every: s.cfg.saveEvery, savedAt: time.Now()}
}

func (d *deferral) defers() bool { return d.every > 0 && time.Since(d.savedAt) < d.every }

// save stores a state durably. The error is an *Error.
func (s *session) save(next *state) error {
	if err := saveState(s.dir, next); err != nil {
		return fail(Operational, "storing the state in "+s.dir, err)
	}
	s.deferral.savedAt, s.deferral.unsaved = time.Now(), false
	return nil
}

// saveDeferred stores what was deferred, and ends deferral. The error is an *Error:
// nothing must be told then of what was verified meanwhile.
func (s *session) saveDeferred() error {
	s.deferral.every = 0
	if !s.deferral.unsaved {
		return nil
	}
	return s.save(s.state)
}
