package scenario

import (
	"strings"
	"testing"
)

// Bob has never been seen to look after his label. That is no finding, and said.
func TestUnmonitored(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's phone")
	c := alice.check(alice.conversation(alice.as("alice's phone"), bob.as("bob's phone")))
	c.clean(t)
	c.notes(t, "unmonitored", bob.label)

	// His app sends with his messages what he has seen.
	seen := bob.as("bob's phone")
	seen.Attestation = strings.TrimSpace(bob.kt("account", "attest", bob.label, "--account-key", bob.account).exits(t, exitVerified).stdout)
	c = alice.check(alice.conversation(alice.as("alice's phone"), seen))
	c.clean(t)
	for _, f := range c.Findings {
		if f.Code == "unmonitored" && f.Label == bob.label {
			t.Fatalf("he was seen: %v", c.ran)
		}
	}
}
