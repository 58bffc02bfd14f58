package scenario

import "testing"

// Bob's client knows what Bob did. All else is named, with the command that answers it.
func TestOwnersLedger(t *testing.T) {
	s := newStage(t)
	bob, operator := s.enter("bob@example.org"), s.operator("bob@example.org")
	bob.publish("bob's phone")
	bob.kt("watch").exits(t, exitVerified)
	operator.publish("bob's phone", "provider's server")

	for range 2 { // it is told until it is answered
		bob.kt("watch").exits(t, exitAttention, "provider's server", "version 1", "kt own bob@example.org --accept 1")
	}
	if r := bob.tryPublish("bob's phone"); r.code != exitAttention {
		t.Fatalf("published over what was not looked at: %v", r)
	}
	bob.kt("own", bob.label, "--accept", "1").exits(t, exitVerified)
	bob.publish("bob's phone")
	bob.kt("watch").exits(t, exitVerified)
}

// With an account key, what was signed is told from what was not.
func TestOwnersLedgerSigned(t *testing.T) {
	s := newStage(t, "--account-keys=off")
	bob, elsewhere, operator := s.enter("bob@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	bob.newAccount()
	elsewhere.account = bob.account
	bob.publish("bob's phone")

	t.Run("innocent: Bob's other computer", func(t *testing.T) {
		elsewhere.publish("bob's phone", "bob's computer")
		bob.kt("watch").exits(t, exitAttention, "signed by your account key", "--accept 1")
		bob.kt("own", bob.label, "--accept", "1").exits(t, exitVerified)
		bob.kt("watch").exits(t, exitVerified)
	})
	operator.insert(1, "bob's phone", "provider's server")
	bob.kt("watch").exits(t, exitAttention, "NOT signed", "provider's server", "kt publish")
	bob.tryPublish("bob's phone", "bob's computer").exits(t, exitAttention, "published")
	bob.kt("watch").exits(t, exitVerified)
}
