package scenario

import "testing"

// Bob has an account key. The provider, without it, adds a device all the same.
func TestUnsignedChange(t *testing.T) {
	s := newStage(t, "--account-keys=off")
	alice, bob, operator := s.enter("alice@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's phone")
	alice.kt("lookup", bob.label).exits(t, exitVerified)
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"))
	alice.check(r).clean(t)

	// kt itself refuses to publish for somebody whose label has an account key, without
	// that; the operator's own program does not.
	operator.insert(0, "bob's phone", "provider's server")
	// The label is refused until its owner has answered, and not only shown as changed.
	for range 2 {
		alice.kt("lookup", bob.label).exits(t, exitAttention, "not signed")
	}
	alice.check(r).finds(t, exitAttention, "unsigned-change bob@example.org", "dormant-insertion bob@example.org")
	bob.kt("watch").exits(t, exitAttention, "provider's server")
}

// Bob adds a device himself.
func TestUnsignedChangeSigned(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's phone")
	alice.kt("lookup", bob.label).exits(t, exitVerified)
	bob.publish("bob's phone", "bob's laptop")
	alice.check(alice.conversation(alice.as("alice's phone"), bob.as("bob's phone", "bob's laptop"))).clean(t)

	// A directory that keeps the rules takes nothing that is not signed.
	operator := s.operator(bob.label)
	operator.kt("publish", bob.label, operator.keyFile("provider's server"), "--token-file", s.token()).refused(t)
	alice.check(alice.conversation(alice.as("alice's phone"), bob.as("bob's phone", "bob's laptop"))).clean(t)
}
