package roster

import (
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

// TestEvasions has attacks that use what the rules excuse.
func TestEvasions(t *testing.T) {
	for name, s := range map[string]struct {
		story
		want []string
	}{
		// Each ghost seems to take the place of the other: neither had one of the owner's.
		"two ghosts in turn": {
			story{member: since(100, "a"), versions: []Version{
				version(0, 0, none, "a"), version(1, 200, none, "a", "x tablet"), version(2, 201, none, "a", "y tablet"), version(3, 202, none, "a")}},
			[]string{"transient-key warning x", "transient-key warning y"}},
		"two ghosts in turn instead of the device, and back": {
			story{member: since(100, "a phone"), versions: []Version{
				version(0, 0, none, "a phone"), version(1, 200, none, "x phone"), version(2, 201, none, "y phone"), version(3, 202, none, "a phone")}},
			[]string{"transient-key warning x", "transient-key warning y"}},
		"instead of the device, nothing, and back": {
			story{member: since(100, "a phone"), versions: []Version{
				version(0, 0, none, "a phone"), version(1, 200, none, "x phone"), version(2, 201, none), version(3, 202, none, "a phone")}},
			[]string{"transient-key warning x"}},
		"an account key of the directory's after the verification": {
			story{member: verifiedAt(150, since(100, "a", "x")), versions: []Version{
				version(0, 0, none, "a"), version(1, 200, established, "a"), version(2, 300, signed, "a", "x")}},
			[]string{"just-in-time-insertion warning x"}},
		"an account key that may be somebody else's": {
			story{member: since(300, "a", "x"), versions: []Version{
				version(0, 0, established, "a"), missing(version(1, 100, none, "a")), resetTo(version(2, 110, account.Unconnected, "a", "x"))}},
			[]string{"could-not-check warning"}},
	} {
		t.Run(name, func(t *testing.T) { s.expect(t, s.want...) })
	}
}

// TestUnrevoked checks that a revocation is not undone by handing out a copy from before.
func TestUnrevoked(t *testing.T) {
	revoked := func(v Version) Version {
		v.Keys[0].Revoked = true
		return v
	}
	s := story{member: since(100, "a"), versions: []Version{version(0, 0, none, "a"), revoked(version(1, 200, none, "a")), version(2, 201, none, "a")}}
	s.expect(t, "rolled-back-key warning a")
	s.member = verifiedAt(202, s.member)
	s.expect(t)
	s.member = since(300, "a") // it was so before the conversation
	s.expect(t)
}

// TestReinstalledTwice checks that who installs an app anew again and again is no ghost.
func TestReinstalledTwice(t *testing.T) {
	story{member: since(100, "d phone"), versions: []Version{
		version(0, 0, none, "a phone"), version(1, 200, none, "b phone"), version(2, 201, none, "c phone"), version(3, 202, none, "d phone")},
	}.expect(t, "transient-key note b", "transient-key note c")
	story{member: since(100, "e"), versions: []Version{
		version(0, 0, none, "a phone", "e"), version(1, 200, none, "b phone", "e"), version(2, 201, none, "c phone", "e"), version(3, 202, none, "e")},
	}.expect(t, "transient-key note b", "transient-key note c")
}

// TestVerifiedBefore checks that the versions since a verification matter, if that was
// before the conversation.
func TestVerifiedBefore(t *testing.T) {
	m := verifiedAt(10, since(300, "a", "x"))
	if at := m.Since(Options{}); !at.Equal(hours(10)) {
		t.Errorf("needs versions since %v, but the member was verified at %v", at, m.VerifiedAt)
	}
	m = verifiedAt(400, m)
	if at := m.Since(Options{}); !at.Equal(hours(276)) {
		t.Errorf("needs versions since %v", at)
	}
	// The versions that are needed for it were not looked at.
	story{member: verifiedAt(10, since(300, "a", "x")), versions: []Version{version(40, 100, none, "a", "x")}}.
		expect(t, "could-not-check warning")
}
