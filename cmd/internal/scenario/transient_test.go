package scenario

import "testing"

// The provider swaps Bob's key for its own for as long as somebody begins a conversation,
// and puts everything back: who looks before and after sees nothing.
func TestTransientKey(t *testing.T) {
	s := newStage(t)
	alice, bob, operator := s.enter("alice@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"))
	alice.check(r).clean(t)
	operator.publish("provider's server")
	operator.publish("bob's phone")
	alice.check(r).finds(t, exitAttention, "transient-key bob@example.org")
}

// Bob tries a tablet and gives it back. His account key says that it was he.
func TestTransientKeySigned(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's phone")
	bob.publish("bob's phone", "bob's tablet")
	bob.publish("bob's phone")
	alice.check(alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"))).clean(t)
}
