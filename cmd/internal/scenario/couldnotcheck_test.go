package scenario

import "testing"

// The provider lets nobody check. That accuses nobody, and it is not passed over.
func TestCouldNotCheck(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"))
	alice.check(r).clean(t)

	s.stop()
	alice.check(r).finds(t, exitUndecided, "could-not-check alice@example.org", "could-not-check bob@example.org")

	// The machine was restarted for an update.
	s.url, s.stop = serve(t, s.dir, "--listen", s.address())
	alice.check(r).clean(t)
}
