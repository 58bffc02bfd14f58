package scenario

import "testing"

// The provider publishes one more key of Bob's, and waits with using it.
func TestDormantInsertion(t *testing.T) {
	s := newStage(t)
	alice, bob, operator := s.enter("alice@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"))
	alice.check(r).clean(t)

	operator.publish("bob's phone", "provider's server")
	alice.check(r).finds(t, exitAttention, "dormant-insertion bob@example.org")
	bob.kt("watch").exits(t, exitAttention, "provider's server", "kt own bob@example.org --accept 1")
}

// A new phone that has not been in the conversation yet looks the same, but for the
// signature of Bob's account key.
func TestDormantInsertionSigned(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's phone")
	bob.publish("bob's phone", "bob's new phone")
	c := alice.check(alice.conversation(alice.as("alice's phone"), bob.as("bob's phone")))
	c.clean(t)
	c.notes(t, "dormant-insertion", bob.label)
}
