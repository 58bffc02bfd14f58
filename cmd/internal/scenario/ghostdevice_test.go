package scenario

import "testing"

// The provider has a key of its own be encrypted to as if it were one of Bob's devices,
// and does not dare to publish it.
func TestGhostDevice(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")

	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone", "provider's server"))
	alice.check(r).finds(t, exitAttention, "ghost-device bob@example.org")
	// Nor does it help to hide it among one's own devices.
	r = alice.conversation(alice.as("alice's phone", "provider's server"), bob.as("bob's phone"))
	alice.check(r).finds(t, exitAttention, "ghost-device alice@example.org")

	later()
	bob.publish("bob's phone", "bob's laptop")
	t.Run("innocent: a second device", func(t *testing.T) {
		r := alice.conversation(alice.as("alice's phone"), bob.as("bob's laptop", "bob's phone"))
		alice.check(r).clean(t)
	})
	t.Run("innocent: the app was installed anew", func(t *testing.T) {
		later()
		bob.publish("bob's new phone", "bob's laptop")
		r := alice.conversation(alice.as("alice's phone"), bob.as("bob's laptop", "bob's new phone"))
		alice.check(r, window()).clean(t)
	})
}
