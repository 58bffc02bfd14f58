package scenario

import "testing"

// The provider publishes a key right before a conversation begins, so that it is there
// from the first message on.
func TestJustInTimeInsertion(t *testing.T) {
	s := newStage(t)
	alice, bob, operator := s.enter("alice@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")
	later()
	t.Run("innocent: everybody's keys are older", func(t *testing.T) {
		r := alice.conversation(alice.as("alice's phone").since(), bob.as("bob's phone").since())
		alice.check(r, window()).clean(t)
	})
	operator.publish("bob's phone", "provider's server")
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone", "provider's server").since())
	alice.check(r).finds(t, exitAttention, "just-in-time-insertion bob@example.org")
}

// Alice and Bob have compared their keys in person, and the provider adds one after that.
func TestInsertionAfterVerification(t *testing.T) {
	s := newStage(t)
	alice, bob, operator := s.enter("alice@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")
	verified := bob.as("bob's phone").verified()
	alice.check(alice.conversation(alice.as("alice's phone"), verified)).clean(t)
	operator.publish("bob's phone", "provider's server")
	now := bob.as("bob's phone", "provider's server")
	now.VerifiedAt = verified.VerifiedAt
	alice.check(alice.conversation(alice.as("alice's phone"), now)).finds(t, exitAttention, "just-in-time-insertion bob@example.org")
}

// Bob buys a new phone on the day on which he meets Alice.
func TestJustInTimeSigned(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's phone")
	verified := bob.as("bob's phone", "bob's new phone").verified()
	bob.publish("bob's phone", "bob's new phone")
	alice.check(alice.conversation(alice.as("alice's phone"), verified)).clean(t)
	begun := bob.as("bob's phone", "bob's new phone").since()
	alice.check(alice.conversation(alice.as("alice's phone"), begun)).clean(t)
}
