package scenario

import "testing"

// The provider lets its own label pass as Bob's, with his key, so that what is meant for
// one reaches the other.
func TestSharedKey(t *testing.T) {
	s := newStage(t)
	alice, bob, mallory := s.enter("alice@example.org"), s.enter("bob@example.org"), s.enter("mallory@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")
	mallory.publish("bob's phone")
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"), mallory.as("bob's phone"))
	alice.check(r).finds(t, exitAttention, "shared-key bob@example.org")
}

// Bob has two addresses and says by one account key that both are his.
func TestSharedKeyOfOneOwner(t *testing.T) {
	s := newStage(t)
	alice, bob, robert := s.enter("alice@example.org"), s.enter("bob@example.org"), s.enter("robert@example.com")
	alice.publish("alice's phone")
	bob.newAccount()
	robert.account = bob.account
	bob.publish("bob's phone")
	robert.publish("bob's phone")
	alice.check(alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"), robert.as("bob's phone"))).clean(t)
}
