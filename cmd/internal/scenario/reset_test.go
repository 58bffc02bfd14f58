package scenario

import (
	"path/filepath"
	"testing"
	"time"
)

// The provider, who can pass for Bob but does not have his account key, resets his
// identity. That takes the waiting time, in which Bob is told.
func TestIdentityReset(t *testing.T) {
	const wait = 2 * time.Second
	s := newStage(t, "--reset-wait="+wait.String())
	alice, bob, operator := s.enter("alice@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's phone")
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"))
	alice.check(r).clean(t)
	alice.kt("lookup", bob.label).exits(t, exitVerified)

	operator.newAccount()
	reset := []string{"account", "reset", bob.label, "--new-account-key", operator.account, "--token-file", s.token()}
	operator.kt(reset...).exits(t, exitVerified)
	bob.kt("watch").exits(t, exitAttention, "reset", "kt publish")
	alice.check(r).finds(t, exitAttention, "identity-reset bob@example.org")
	operator.kt(reset...).refused(t) // too early
	time.Sleep(wait + time.Second)
	operator.kt(reset...).exits(t, exitVerified)
	alice.check(r).finds(t, exitAttention, "identity-reset bob@example.org")
	alice.kt("lookup", bob.label).exits(t, exitAttention, "IDENTITY RESET")
}

// Bob answers in time: with a version that his account key signs.
func TestIdentityResetCancelled(t *testing.T) {
	const wait = 2 * time.Second
	s := newStage(t, "--reset-wait="+wait.String())
	alice, bob, operator := s.enter("alice@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's phone")
	operator.newAccount()
	reset := []string{"account", "reset", bob.label, "--new-account-key", operator.account, "--token-file", s.token()}
	operator.kt(reset...).exits(t, exitVerified)
	bob.kt("watch").exits(t, exitAttention)
	bob.kt("own", bob.label, "--accept", "1").exits(t, exitVerified)
	bob.publish("bob's phone", "bob's laptop")
	time.Sleep(wait + time.Second)
	alice.check(alice.conversation(alice.as("alice's phone"), bob.as("bob's phone", "bob's laptop"))).clean(t)
}

// Bob replaces his account key, while he has the old one.
func TestRotation(t *testing.T) {
	s := newStage(t)
	alice, bob := s.enter("alice@example.org"), s.enter("bob@example.org")
	alice.publish("alice's phone")
	bob.newAccount()
	bob.publish("bob's phone")
	r := alice.conversation(alice.as("alice's phone"), bob.as("bob's phone"))
	alice.check(r).clean(t)
	old := bob.account
	bob.account = filepath.Join(bob.TempDir(), "next.pem")
	bob.kt("account", "new", bob.account).exits(t, exitVerified)
	bob.kt("account", "rotate", bob.label, "--account-key", old, "--new-account-key", bob.account, "--token-file", s.token()).exits(t, exitVerified)
	bob.publish("bob's phone", "bob's laptop")
	alice.check(alice.conversation(alice.as("alice's phone"), bob.as("bob's phone", "bob's laptop"))).clean(t)
}
