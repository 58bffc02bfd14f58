package scenario

import "testing"

// Bob has lost a phone and taken its key out of the directory. The provider, who has the
// phone, keeps it in the conversation.
func TestStaleKey(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone", "bob's laptop")
	later()
	bob.publish("bob's laptop")

	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone", "bob's laptop"))
	alice.check(r, window()).finds(t, exitAttention, "stale-key bob@example.org")
	t.Run("innocent: a lost phone that is out of the conversation, too", func(t *testing.T) {
		r := alice.conversation(alice.as("alice's phone"), bob.as("bob's laptop"))
		alice.check(r, window()).clean(t)
	})
}
