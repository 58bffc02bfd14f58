package scenario

import "testing"

// The provider adds a member to a conversation, whom the others' apps do not show.
func TestGhostUser(t *testing.T) {
	s := newStage(t)
	alice, bob, carol := s.enter("alice@example.org"), s.enter("bob@example.org"), s.enter("carol@example.org")
	alice.publish("alice's phone")
	bob.publish("bob's phone")
	carol.publish("carol's phone")
	everybody := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"), carol.as("carol's phone"))

	t.Run("whom the directory does not know", func(t *testing.T) {
		r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"), with("observer@example.org", "observer's server"))
		alice.check(r).finds(t, exitAbsent, "ghost-user observer@example.org")
	})
	t.Run("whom nobody agreed to", func(t *testing.T) {
		r := everybody
		r.Agreed = []string{alice.label, bob.label}
		alice.check(r).finds(t, exitAttention, "ghost-user carol@example.org")
	})
	t.Run("innocent: all were agreed to", func(t *testing.T) {
		r := everybody
		r.Agreed = []string{"Carol@Example.org", alice.label, bob.label}
		alice.check(r).clean(t)
	})
	t.Run("innocent: the group is created anew", func(t *testing.T) {
		r := alice.conversation(carol.as("carol's phone").since(), bob.as("bob's phone").since(), alice.as("alice's phone").since())
		r.Conversation = "conversation 2"
		later()
		bob.check(r, window()).clean(t)
	})
}
