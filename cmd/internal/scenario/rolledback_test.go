package scenario

import "testing"

// Bob has replaced a key that others may have. The provider brings it back.
func TestRolledBackKey(t *testing.T) {
	s := newStage(t)
	alice, bob, operator := s.enter("alice@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's old phone")
	later()
	bob.publish("bob's phone")
	later()
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"))
	alice.check(r, window()).clean(t)

	operator.publish("bob's old phone")
	r = alice.conversation(alice.as("alice's phone"), bob.as("bob's old phone"))
	alice.check(r, window()).finds(t, exitAttention, "rolled-back-key bob@example.org")
}

// Bob finds the old phone again and says so himself.
func TestRolledBackKeySigned(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's old phone")
	later()
	bob.publish("bob's phone")
	later()
	bob.publish("bob's old phone")
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's old phone"))
	alice.check(r, window()).clean(t)
}
