package roster

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

const (
	alice = "alice@example.org"
	carol = "carol@example.org"
)

// group checks a roster of Alice's whose labels have these versions. A label
// without any is proven absent.
func group(r *Roster, versions map[string][]Version) *Report {
	r.Me = alice
	proven := make(map[string]*History)
	for label, list := range versions {
		if len(list) == 0 {
			proven[label] = &History{Label: label, Absent: true}
			continue
		}
		proven[label] = history(label, list...)
	}
	if proven[alice] == nil {
		proven[alice] = history(alice, version(0, -1000, none, "z"))
	}
	return judged(r, proven, Options{Now: hours(1000)})
}

func member(label string, list ...string) Member {
	return Member{Label: label, FirstSeen: hours(100), Devices: devices(list...)}
}

func expect(t *testing.T, r *Report, exit int, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := found(r); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if r.Exit() != exit {
		t.Errorf("exit code %d, want %d", r.Exit(), exit)
	}
	for _, f := range r.Findings {
		if f.Message == "" || f.Advice == "" {
			t.Errorf("%s says nothing", f.Code)
		}
	}
}

func TestMembers(t *testing.T) {
	a, b := []Version{version(0, 0, none, "a")}, []Version{version(0, 0, none, "b")}
	for name, c := range map[string]struct {
		r        *Roster
		versions map[string][]Version
		exit     int
		want     []string
	}{
		"fine":   {&Roster{Members: []Member{member(bob, "b")}}, map[string][]Version{bob: b}, ExitFine, nil},
		"absent": {&Roster{Members: []Member{member(bob, "b")}}, map[string][]Version{bob: nil}, ExitAbsent, []string{"ghost-user error"}},
		"absent, and a warning": {&Roster{Members: []Member{member(bob, "b"), member(carol, "x")}}, map[string][]Version{bob: nil, carol: a},
			ExitFindings, []string{"dormant-insertion warning a", "ghost-device error x", "ghost-user error"}},
		"agreed":     {&Roster{Members: []Member{member(bob, "b")}, Agreed: []string{alice, bob}}, map[string][]Version{bob: b}, ExitFine, nil},
		"not agreed": {&Roster{Members: []Member{member(bob, "b"), member(carol, "a")}, Agreed: []string{alice, bob}}, map[string][]Version{bob: b, carol: a}, ExitFindings, []string{"ghost-user error"}},
		"absent and not agreed": {&Roster{Members: []Member{member(bob, "b")}, Agreed: []string{alice}}, map[string][]Version{bob: nil},
			ExitFindings, []string{"ghost-user error", "ghost-user error"}},
		"me, not agreed":   {&Roster{Members: []Member{member(bob, "b")}, Agreed: []string{bob}}, map[string][]Version{bob: b, alice: a}, ExitFine, []string{"ghost-user note"}},
		"not looked up":    {&Roster{Members: []Member{member(bob, "b")}}, nil, ExitCouldNotCheck, []string{"could-not-check warning"}},
		"absent, or not":   {&Roster{Members: []Member{member(bob, "b"), member(carol, "a")}}, map[string][]Version{bob: nil}, ExitCouldNotCheck, []string{"could-not-check warning", "ghost-user error"}},
		"me, absent":       {&Roster{Members: []Member{member(bob, "b")}}, map[string][]Version{bob: b, alice: nil}, ExitFine, []string{"ghost-user note"}},
		"my device absent": {&Roster{Members: []Member{member(alice, "a")}}, map[string][]Version{alice: nil}, ExitAbsent, []string{"ghost-user error"}},
		"my ghost":         {&Roster{Members: []Member{member(alice, "a", "x")}}, map[string][]Version{alice: a}, ExitFindings, []string{"ghost-device error x"}},
		"a look-alike": {&Roster{Members: []Member{member(bob, "b"), member("b\u043eb@example.org", "a")}}, map[string][]Version{bob: b, "b\u043eb@example.org": a},
			ExitFindings, []string{"look-alike-label note", "look-alike-label warning"}},
		"a look-alike of an agreed one": {&Roster{Members: []Member{member("b\u043eb@example.org", "b")}, Agreed: []string{alice, bob}}, map[string][]Version{"b\u043eb@example.org": b},
			ExitFindings, []string{"ghost-user error", "look-alike-label note", "look-alike-label warning"}},
		"a shared key": {&Roster{Members: []Member{member(bob, "b"), member(carol, "b")}}, map[string][]Version{bob: b, carol: b}, ExitFindings, []string{"shared-key warning b"}},
		"another's key in the session": {&Roster{Members: []Member{member(bob, "b"), member(carol, "a", "b")}}, map[string][]Version{bob: b, carol: a},
			ExitFindings, []string{"ghost-device error b", "shared-key warning b"}},
		"one person, two labels": {&Roster{Members: []Member{member(bob, "b"), member(carol, "b")}},
			map[string][]Version{bob: {version(0, 0, established, "b")}, carol: {version(0, 0, established, "c"), version(1, 10, signed, "b")}}, ExitFine, nil},
		"two labels, one unsigned": {&Roster{Members: []Member{member(bob, "b"), member(carol, "b")}},
			map[string][]Version{bob: {version(0, 0, established, "b")}, carol: {version(0, 0, established, "c"), version(1, 10, unsignedV, "b")}},
			ExitFindings, []string{"shared-key warning b", "unsigned-change error b"}},
		"a key twice":            {&Roster{Members: []Member{member(bob, "b", "b")}}, map[string][]Version{bob: b}, ExitFine, []string{"duplicate-device note b"}},
		"a key twice, two names": {&Roster{Members: []Member{member(bob, "b phone", "b laptop")}}, map[string][]Version{bob: b}, ExitFindings, []string{"duplicate-device warning b"}},
		"no devices in session":  {&Roster{Members: []Member{member(bob)}}, map[string][]Version{bob: b}, ExitFine, nil},
		"seen in the future":     {&Roster{Members: []Member{{Label: bob, FirstSeen: hours(1001), Devices: devices("b")}}}, map[string][]Version{bob: b}, ExitCouldNotCheck, []string{"could-not-check warning"}},
		"verified in the future": {&Roster{Members: []Member{verifiedAt(2000, member(bob, "b"))}}, map[string][]Version{bob: b}, ExitCouldNotCheck, []string{"could-not-check warning"}},
		"a session begun just now": {&Roster{Started: hours(500), Members: []Member{member(bob, "b", "x")}}, map[string][]Version{bob: {version(0, 0, none, "b"), version(1, 499, none, "b", "x")}},
			ExitFindings, []string{"just-in-time-insertion warning x"}},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, group(c.r, c.versions), c.exit, c.want...)
		})
	}
}

func TestFailures(t *testing.T) {
	r := &Roster{Me: alice, Members: []Member{member(bob, "b"), member(carol, "a")}}
	own := history(alice, version(0, 0, none, "z"))
	opt := Options{Now: hours(1000)}
	expect(t, judged(r, map[string]*History{alice: own, bob: {Misbehaviour: true}, carol: {Err: errors.New("no route")}}, opt),
		ExitMisbehaviour, "could-not-check warning", "misbehaviour error")
	expect(t, judged(r, map[string]*History{alice: own, bob: {}, carol: {Absent: true}}, opt),
		ExitCouldNotCheck, "could-not-check warning", "ghost-user error")
	opaque := history(bob, version(0, 0, none, "b"))
	opaque.Versions[0].SetValue([]byte("no key set"))
	expect(t, judged(r, map[string]*History{alice: own, bob: opaque, carol: history(carol, version(0, 0, none, "a"))}, opt),
		ExitCouldNotCheck, "could-not-check warning")
}

// TestOtherFormats checks that a key is one whatever it is written as.
func TestOtherFormats(t *testing.T) {
	x := raw25519('b')
	signal := keyset.Key{Format: keyset.FormatSignal, Data: append([]byte{5}, x...)}
	raw := keyset.Key{Format: keyset.FormatX25519, Data: x}
	check := func(t *testing.T, session Device, exit int, want []string, versions ...Version) {
		t.Helper()
		r := &Roster{Members: []Member{{Label: bob, FirstSeen: hours(100), Devices: []Device{session}}}}
		expect(t, group(r, map[string][]Version{bob: versions}), exit, want...)
	}
	check(t, device(signal), ExitFine, nil, versionOf(0, 0, none, raw))
	check(t, device(raw), ExitFine, nil, versionOf(0, 0, none, raw), versionOf(1, 200, none, signal))
	check(t, Device{Format: raw.Format, Fingerprint: raw.Fingerprint()}, ExitFine, nil, versionOf(0, 0, none, raw))
	check(t, Device{Format: raw.Format, Fingerprint: raw.Fingerprint()}, ExitFine, nil, versionOf(0, 0, none, raw), versionOf(1, 200, none, signal))
	check(t, Device{Format: signal.Format, Fingerprint: raw.Fingerprint()}, ExitFindings, []string{"ghost-device error b"}, versionOf(0, 0, none, raw))
	// A ghost that comes as one format and goes as the other came and went.
	check(t, device(key("a")), ExitFindings, []string{"transient-key warning Signal"},
		versionOf(0, 0, none, key("a")), versionOf(1, 200, none, key("a"), raw), versionOf(2, 201, none, key("a"), signal), versionOf(3, 202, none, key("a")))
	// The same octets are another key in a format that has other keys.
	check(t, device(raw), ExitFindings, []string{"ghost-device error b"}, versionOf(0, 0, none, keyset.Key{Format: keyset.FormatEd25519, Data: x}))
	check(t, device(raw), ExitFindings, []string{"ghost-device error b"}, versionOf(0, 0, none, keyset.Key{Format: keyset.FormatPrivateUse, Data: x}))
}

// TestDormant checks which keys a session could use.
func TestDormant(t *testing.T) {
	used := key("b")
	purpose := func(k keyset.Key, p ...keyset.Purpose) keyset.Key {
		k.Attributes = []keyset.Extension{keyset.PurposeAttribute(p...)}
		return k
	}
	ssh := keyset.Key{Format: keyset.FormatPrivateUse, Data: []byte("ssh")}
	for name, c := range map[string]struct {
		listed []keyset.Key
		exit   int
		want   []string
	}{
		"another format":                  {[]keyset.Key{used, ssh}, ExitFine, nil},
		"another format, for messaging":   {[]keyset.Key{used, purpose(ssh, keyset.PurposeMessaging)}, ExitFine, []string{"dormant-insertion note format-65280"}},
		"no purposes":                     {[]keyset.Key{used, key("x")}, ExitFindings, []string{"dormant-insertion warning x"}},
		"other purposes":                  {[]keyset.Key{purpose(used, keyset.PurposeMessaging), purpose(key("x"), keyset.PurposeEncryption)}, ExitFine, []string{"dormant-insertion note x"}},
		"purposes, where used has none":   {[]keyset.Key{used, purpose(key("x"), keyset.PurposeEncryption)}, ExitFindings, []string{"dormant-insertion warning x"}},
		"a purpose in common":             {[]keyset.Key{purpose(used, keyset.PurposeMessaging), purpose(key("x"), keyset.PurposeEncryption, keyset.PurposeMessaging)}, ExitFindings, []string{"dormant-insertion warning x"}},
		"no purposes, where used has one": {[]keyset.Key{purpose(used, keyset.PurposeMessaging), key("x")}, ExitFindings, []string{"dormant-insertion warning x"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Roster{Members: []Member{member(bob, "b")}}
			expect(t, group(r, map[string][]Version{bob: {versionOf(0, 0, none, c.listed...)}}), c.exit, c.want...)
		})
	}
}

// TestStatus checks keys that are expired, revoked or weak by their own
// statement, as their descriptions have it.
func TestStatus(t *testing.T) {
	with := func(change func(*keyset.Description)) []Version {
		v := version(0, 0, none, "b")
		change(&v.Keys[0])
		return []Version{v}
	}
	old, later := hours(900), hours(2000)
	for name, c := range map[string]struct {
		session  []string
		versions []Version
		exit     int
		want     []string
	}{
		"expired":           {[]string{"b"}, with(func(d *keyset.Description) { d.Expires = &old }), ExitFine, []string{"stale-key note b"}},
		"not yet":           {[]string{"b"}, with(func(d *keyset.Description) { d.Expires = &later }), ExitFine, nil},
		"revoked":           {[]string{"b"}, with(func(d *keyset.Description) { d.Revoked = true }), ExitFindings, []string{"stale-key warning b"}},
		"revoked, not used": {[]string{"a"}, append(with(func(d *keyset.Description) {}), func() Version { v := version(1, 1, none, "a", "b"); v.Keys[1].Revoked = true; return v }()), ExitFine, nil},
		"weak":              {[]string{"b"}, with(func(d *keyset.Description) { d.Weak = []string{"rsa-1024"} }), ExitFindings, []string{"weak-key warning b"}},
		"weak, not used":    {nil, with(func(d *keyset.Description) { d.Weak = []string{"rsa-1024"} }), ExitFine, []string{"weak-key note b"}},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, group(&Roster{Members: []Member{member(bob, c.session...)}}, map[string][]Version{bob: c.versions}), c.exit, c.want...)
		})
	}
}

// TestExtended checks that a certificate whose expiry its owner put off is not
// rolled back.
func TestExtended(t *testing.T) {
	old, later := hours(100), hours(5000)
	d := func(expires *time.Time) keyset.Description {
		return keyset.Description{Format: "OpenPGP", Fingerprint: "F", SHA256: expires.String(), Expires: expires}
	}
	v0, v1, v2 := version(0, 0, none), version(1, 150, none), version(2, 400, none)
	v0.Keys, v2.Keys = []keyset.Description{d(&old)}, []keyset.Description{d(&later)}
	m := Member{FirstSeen: hours(50), Devices: []Device{{Format: keyset.FormatOpenPGP, Fingerprint: "F"}}}
	story{member: m, versions: []Version{v0, v1, v2}}.expect(t, "rolled-back-key note OpenPGP")
	v2.Keys = v0.Keys
	v2.Keys[0].Expires = nil
	v0.Keys[0].Expires = nil
	story{member: m, versions: []Version{v0, v1, v2}}.expect(t, "rolled-back-key warning OpenPGP")
}

func TestAttestations(t *testing.T) {
	signer := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	key, err := account.KeyOf(signer)
	fatalIfErr(t, err)
	root := [32]byte{7}
	v := version(0, 0, established, "b")
	w := version(1, 200, signed, "b")
	v.Key, w.Key = &key, &key
	check := func(a account.Attestation, line string) *Report {
		m := member(bob, "b")
		if m.Attestation = line; line == "" {
			m.Attestation, err = account.Attest(signer, a)
			fatalIfErr(t, err)
		}
		h := history(bob, v, w)
		h.Head = Head{TreeSize: 100, Root: hex.EncodeToString(root[:])}
		return judged(&Roster{Me: alice, Members: []Member{m}}, map[string]*History{bob: h, alice: history(alice, version(0, 0, none, "z"))}, Options{Now: hours(1000)})
	}
	good := account.Attestation{Label: bob, Version: 1, Commitment: w.Commitment, TreeSize: 100, Root: root, Time: hours(990)}
	for name, c := range map[string]struct {
		change func(*account.Attestation)
		line   string
		want   string
	}{
		"good": {change: func(*account.Attestation) {}},
		"of before the last change": {change: func(a *account.Attestation) {
			a.Version, a.Commitment, a.TreeSize, a.Root = 0, v.Commitment, 9, [32]byte{}
		}},
		"of a longer log":          {change: func(a *account.Attestation) { a.TreeSize, a.Root = 101, [32]byte{} }},
		"old":                      {change: func(a *account.Attestation) { a.Time = hours(952) }},
		"older":                    {change: func(a *account.Attestation) { a.Time = hours(951) }, want: "unmonitored note"},
		"of the future":            {change: func(a *account.Attestation) { a.Time = hours(1001) }, want: "unmonitored note"},
		"of another label":         {change: func(a *account.Attestation) { a.Label = carol }, want: "unmonitored note"},
		"garbage":                  {line: "garbage", want: "unmonitored note"},
		"another commitment":       {change: func(a *account.Attestation) { a.Commitment = v.Commitment }, want: "could-not-check warning"},
		"a greater version":        {change: func(a *account.Attestation) { a.Version = 2 }, want: "could-not-check warning"},
		"a greater version, later": {change: func(a *account.Attestation) { a.Version, a.TreeSize = 2, 101 }, want: "could-not-check warning"},
		"a lesser version, later":  {change: func(a *account.Attestation) { a.Version, a.Commitment, a.TreeSize = 0, v.Commitment, 101 }, want: "could-not-check warning"},
		"another log":              {change: func(a *account.Attestation) { a.Root = [32]byte{8} }, want: "could-not-check warning"},
	} {
		t.Run(name, func(t *testing.T) {
			a := good
			if c.change != nil {
				c.change(&a)
			}
			got := ""
			if r := check(a, c.line); len(r.Findings) > 0 {
				got = brief(r.Findings[0])
			}
			if got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestReport checks that a report does not depend on the order of what is given,
// and has a place for all that it says.
func TestReport(t *testing.T) {
	versions := map[string][]Version{
		bob:   {version(0, 0, established, "b"), version(1, 200, unsignedV, "b", "x", "y")},
		carol: {version(0, 0, none, "c", "b")},
	}
	encode := func(m ...Member) []byte {
		data, err := json.Marshal(group(&Roster{Conversation: "id", Members: m}, versions))
		fatalIfErr(t, err)
		return data
	}
	first := encode(member(bob, "b", "c"), member(carol, "c", "w"))
	for range 20 {
		if again := encode(member(carol, "w", "c"), member(bob, "c", "b")); !bytes.Equal(first, again) {
			t.Fatalf("not the same:\n%s\n%s", first, again)
		}
	}
	for _, want := range []string{`"schema":"ghostlight/roster-report/v1"`, `"checked":"2026-04-11T16:00:00Z"`, `"window_seconds":86400`, `"other_labels":["carol@example.org"]`,
		`"created_at_the_earliest":"2026-03-09T08:00:00Z"`, `"account":"unsigned"`, `"log_entry":10`} {
		if !strings.Contains(string(first), want) {
			t.Errorf("no %s in %s", want, first)
		}
	}
	if empty, err := json.Marshal(group(&Roster{}, nil)); err != nil || !strings.Contains(string(empty), `"findings":[]`) {
		t.Errorf("%s, %v", empty, err)
	}
}
