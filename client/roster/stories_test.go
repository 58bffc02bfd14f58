package roster

import (
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

const (
	none        = account.None
	established = account.Established
	signed      = account.Signed
	unsignedV   = account.Unsigned
)

// since is a member seen from an hour on, with devices.
func since(hour float64, list ...string) Member {
	return Member{FirstSeen: hours(hour), Devices: devices(list...)}
}

func verifiedAt(hour float64, m Member) Member {
	m.VerifiedAt = hours(hour)
	return m
}

// TestInnocent has what happens to honest people. Nothing but notes may come of
// it.
func TestInnocent(t *testing.T) {
	for name, s := range map[string]story{
		"nothing happened":              {member: since(100, "a"), versions: []Version{version(0, 0, none, "a")}},
		"reordered devices":             {member: since(100, "b", "a"), versions: []Version{version(0, 0, none, "a", "b")}},
		"renamed devices":               {member: since(100, "a my phone"), versions: []Version{version(0, 0, none, "a phone"), version(1, 99, none, "a telephone")}},
		"new phone, taken over":         {member: since(100, "b phone"), versions: []Version{version(0, 0, none, "a phone"), version(1, 200, none, "b phone")}},
		"second device later":           {member: since(100, "a", "b"), versions: []Version{version(0, 0, none, "a"), version(1, 200, none, "a", "b")}},
		"new phone the day before, own": {member: since(100, "b"), versions: []Version{version(0, 0, established, "a"), version(1, 99, signed, "b")}},
		"new phone, then verified":      {member: verifiedAt(101, since(50, "b")), versions: []Version{version(0, 0, none, "a"), version(1, 100, none, "b")}},
		"verified by a clock that lags": {member: verifiedAt(99.95, since(50, "b")), versions: []Version{version(0, 0, none, "a"), version(1, 100, none, "b")}},
		"lost phone, taken out":         {member: since(100, "b"), versions: []Version{version(0, 0, none, "a", "b"), version(1, 200, none, "b")}},
		"installed anew":                {member: since(100, "b phone"), versions: []Version{version(0, 0, none, "a phone"), version(1, 200, none, "b phone")}},
		"removed by mistake, put back":  {member: since(100, "a", "b"), versions: []Version{version(0, 0, none, "a", "b"), version(1, 200, none, "a"), version(2, 201, none, "a", "b")}},
		"a group created anew":          {member: since(500, "a", "b"), versions: []Version{version(0, 0, none, "a"), version(1, 400, none, "a", "b")}},
		"tried a device out, own":       {member: since(100, "a"), versions: []Version{version(0, 0, established, "a"), version(1, 200, signed, "a", "b"), version(2, 202, signed, "a")}},
		"put an old device back, own":   {member: since(100, "a", "b"), versions: []Version{version(0, 0, established, "a", "b"), version(1, 200, signed, "a"), version(2, 300, signed, "a", "b")}},
		"transient before we met":       {member: since(300, "a"), versions: []Version{version(0, 0, none, "a"), version(1, 200, none, "a", "b"), version(2, 201, none, "a")}},
		"rolled back before we met":     {member: since(300, "a"), versions: []Version{version(0, 0, none, "a"), version(1, 100, none), version(2, 200, none, "a")}},
		"unsigned before verified":      {member: verifiedAt(300, since(100, "a")), versions: []Version{version(0, 0, established, "a"), version(1, 200, unsignedV, "a", "b"), version(2, 290, signed, "a")}},
		"rotated":                       {member: since(100, "a"), versions: []Version{version(0, 0, established, "a"), version(1, 200, account.Rotated, "a")}},
		"long quiet":                    {member: since(100, "a"), versions: []Version{version(7, 0, none, "a")}, now: 90000},
	} {
		t.Run(name, func(t *testing.T) { s.expect(t) })
	}
}

// TestNotes has what is worth a word, and no alarm.
func TestNotes(t *testing.T) {
	for name, s := range map[string]struct {
		story
		want []string
	}{
		"a new user":                         {story{member: since(1, "a"), versions: []Version{version(0, 0.5, none, "a")}}, []string{"just-in-time-insertion note a"}},
		"the directory came after the group": {story{member: since(0, "a"), versions: []Version{version(0, 500, none, "a")}}, nil},
		"installed anew twice in a day": {
			story{member: since(100, "c phone"), versions: []Version{version(0, 0, none, "a phone"), version(1, 200, none, "b phone"), version(2, 205, none, "c phone")}},
			[]string{"transient-key note b"}},
		"installed anew on the first day": {
			story{member: since(100, "b"), versions: []Version{version(0, 80, none, "a"), version(1, 85, none, "b")}}, []string{"just-in-time-insertion warning b", "transient-key note a"}},
		"own second device not in this session": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, established, "a"), version(1, 200, signed, "a", "b")}}, []string{"dormant-insertion note b"}},
		"listed after it was seen": {
			story{member: Member{FirstSeen: hours(100), Devices: []Device{device(key("a")), {Format: keyset.FormatX25519, Data: raw25519('b'), Fingerprint: key("b").Fingerprint(), FirstSeen: hours(200)}}},
				versions: []Version{version(0, 0, none, "a"), version(1, 201, none, "a", "b")}},
			[]string{"just-in-time-insertion note b"}},
		"announced, then signed": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, established, "a"), version(1, 200, account.Announced, "a"), version(2, 210, signed, "a")}},
			[]string{"identity-reset note"}},
	} {
		t.Run(name, func(t *testing.T) { s.expect(t, s.want...) })
	}
}

// TestAttacks has what somebody does who controls the directory.
func TestAttacks(t *testing.T) {
	for name, s := range map[string]struct {
		story
		want []string
	}{
		"a ghost in the session": {story{member: since(100, "a", "x"), versions: []Version{version(0, 0, none, "a")}}, []string{"ghost-device error x"}},
		"a ghost listed":         {story{member: since(100, "a"), versions: []Version{version(0, 0, none, "a"), version(1, 200, none, "a", "x")}}, []string{"dormant-insertion warning x"}},
		"a ghost listed under a device's name": {
			story{member: since(100, "a phone"), versions: []Version{version(0, 0, none, "a phone"), version(1, 200, none, "a phone", "x phone")}}, []string{"dormant-insertion warning x"}},
		"a ghost right before the session": {
			story{member: since(100, "a", "x"), versions: []Version{version(0, 0, none, "a"), version(1, 99, none, "a", "x")}}, []string{"just-in-time-insertion warning x"}},
		"a ghost right before, by a clock that lags": {
			story{member: since(99.95, "a", "x"), versions: []Version{version(0, 0, none, "a"), version(1, 100, none, "a", "x")}}, []string{"just-in-time-insertion warning x"}},
		"a ghost after the verification": {
			story{member: verifiedAt(150, since(100, "a", "x")), versions: []Version{version(0, 0, none, "a"), version(1, 900, none, "a", "x")}}, []string{"just-in-time-insertion warning x"}},
		"in and out": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, none, "a"), version(1, 200, none, "a", "x"), version(2, 201, none, "a")}}, []string{"transient-key warning x"}},
		"in and out, and still in the session": {
			story{member: since(100, "a", "x"), versions: []Version{version(0, 0, none, "a"), version(1, 200, none, "a", "x"), version(2, 201, none, "a")}},
			[]string{"transient-key warning x", "stale-key warning x"}},
		"in and out again and again": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, none, "a"), version(1, 200, none, "a", "x"), version(2, 201, none, "a"), version(3, 202, none, "a", "x"), version(4, 203, none, "a")}},
			[]string{"transient-key warning x", "transient-key warning x"}},
		"instead of the device, and back": {
			story{member: since(100, "a phone"), versions: []Version{version(0, 0, none, "a phone"), version(1, 200, none, "x phone"), version(2, 201, none, "a phone")}}, []string{"transient-key warning x"}},
		"in with a genuine device": {
			story{member: since(100, "a", "b"), versions: []Version{version(0, 0, none, "a"), version(1, 200, none, "a", "b", "x"), version(2, 201, none, "a", "b")}}, []string{"transient-key warning x"}},
		"out with a genuine change": {
			story{member: since(100, "a", "b"), versions: []Version{version(0, 0, none, "a", "c"), version(1, 200, none, "a", "c", "x"), version(2, 201, none, "a", "b")}},
			[]string{"transient-key warning x"}},
		"renamed meanwhile": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, none, "a"), version(1, 200, none, "a", "x one"), version(2, 201, none, "a", "x two"), version(3, 202, none, "a")}},
			[]string{"transient-key warning x"}},
		"a lost phone's key put back": {
			story{member: since(100, "b"), versions: []Version{version(0, 0, none, "a", "b"), version(1, 200, none, "b"), version(2, 500, none, "a", "b")}},
			[]string{"rolled-back-key warning a", "dormant-insertion warning a"}},
		"an unsigned ghost": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, established, "a"), version(1, 200, unsignedV, "a", "x")}}, []string{"unsigned-change error x", "dormant-insertion warning x"}},
		"an unsigned ghost, set right": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, established, "a"), version(1, 200, unsignedV, "a", "x"), version(2, 203, signed, "a")}},
			[]string{"unsigned-change error x", "transient-key warning x"}},
		"an account key of the directory's": {
			story{member: since(100, "a", "x"), versions: []Version{version(0, 0, none, "a"), version(1, 98, established, "a"), version(2, 99, signed, "a", "x")}},
			[]string{"just-in-time-insertion warning x"}},
		"a reset": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, established, "a"), version(1, 200, account.Announced, "a"), resetTo(version(2, 280, account.Reset, "x"))}},
			[]string{"identity-reset error", "dormant-insertion warning x", "stale-key warning a"}},
		"a reset that is coming": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, established, "a"), version(1, 200, account.Announced, "a")}}, []string{"identity-reset warning"}},
		"a value kept back where a ghost was": {
			story{member: since(100, "a"), versions: []Version{version(0, 0, none, "a"), missing(version(1, 200, none, "a", "x")), version(2, 201, none, "a")}}, []string{"could-not-check warning"}},
		"the present value kept back": {
			story{member: since(100, "x"), versions: []Version{version(0, 0, none, "a"), missing(version(1, 200, none, "x"))}}, []string{"could-not-check warning"}},
		"an account key that follows from none": {
			story{member: since(300, "a"), versions: []Version{version(0, 0, established, "a"), missing(version(1, 90, signed, "a")), resetTo(version(2, 100, account.Unconnected, "a"))}}, []string{"could-not-check warning"}},
		"too many versions to look at": {
			story{member: since(100, "a", "x"), versions: []Version{version(40, 150, none, "a", "x"), version(41, 151, none, "a", "x")}}, []string{"could-not-check warning"}},
	} {
		t.Run(name, func(t *testing.T) { s.expect(t, s.want...) })
	}
}

func resetTo(v Version) Version {
	v.Key = &account.Key{Algorithm: account.Ed25519, Public: "another"}
	return v
}

func missing(v Version) Version {
	v.KeySet, v.Keys, v.Set, v.Missing, v.Account = false, nil, keyset.Set{}, "the directory does not hand it out", account.Unknown
	return v
}

// TestUnsettled checks what becomes of a condition that depends on times: a note
// and a question at first; what could not be checked if nobody answers.
func TestUnsettled(t *testing.T) {
	wide := version(1, 99, none, "a", "x")
	wide.NotBefore, wide.NotAfter = hours(10), hours(300)
	s := story{member: since(100, "a", "x"), versions: []Version{version(0, 0, none, "a"), wide}}
	s.expect(t, "just-in-time-insertion note x")
	if q := s.check().Unclear; len(q) != 1 || q[0] != (Question{bob, 1}) {
		t.Errorf("asks %v", q)
	}
	s.versions[1].Unsettled = "the directory refused"
	s.expect(t, "could-not-check warning x")
	if q := s.check().Unclear; len(q) != 0 {
		t.Errorf("asks %v again", q)
	}
}

// TestUnsettledSignature checks that it is asked how long an account key had
// stood, if that would excuse a version.
func TestUnsettledSignature(t *testing.T) {
	wide := version(2, 200, signed, "a", "b")
	wide.NotBefore = hours(90)
	s := story{member: since(100, "a"), versions: []Version{version(0, 0, none, "a"), version(1, 80, established, "a"), wide}}
	s.expect(t, "dormant-insertion warning b")
	if q := s.check().Unclear; len(q) != 1 || q[0] != (Question{bob, 2}) {
		t.Errorf("asks %v", q)
	}
	s.versions[2].NotBefore = hours(200)
	s.expect(t, "dormant-insertion note b")
	s.versions[2].NotBefore, s.versions[2].NotAfter = hours(90), hours(100)
	if q := s.check().Unclear; len(q) != 0 {
		t.Errorf("asks %v, which cannot excuse it", q)
	}
}

// TestSignedChain checks that a client that knew the account key need not look
// at every version of a busy label, and another must.
func TestSignedChain(t *testing.T) {
	s := story{member: since(100, "a", "b"), versions: []Version{version(40, 150, account.Unchecked, "a"), version(41, 151, signed, "a", "b")}}
	s.expect(t, "could-not-check warning")
	s.before = &Before{Version: 3, Key: *accountKey, NotAfter: hours(50)}
	s.expect(t)
	s.before = &Before{Version: 3, Key: *accountKey, NotAfter: hours(90)}
	s.expect(t, "could-not-check warning")
	s.before = &Before{Version: 3, Key: account.Key{Algorithm: account.Ed25519, Public: "other"}, NotAfter: hours(50)}
	s.expect(t, "could-not-check warning")
}

// TestMine checks that what the user published is the user's doing.
func TestMine(t *testing.T) {
	ghost := version(1, 200, none, "a", "x")
	s := story{member: since(100, "a"), versions: []Version{version(0, 0, none, "a"), ghost, version(2, 201, none, "a")}}
	s.expect(t, "transient-key warning x")
	s.versions[1].Mine = true
	s.expect(t)
}

// TestWindow checks that the window is what the caller says.
func TestWindow(t *testing.T) {
	s := story{member: since(100, "a", "x"), versions: []Version{version(0, 0, none, "a"), version(1, 98, none, "a", "x")}}
	s.expect(t, "just-in-time-insertion warning x")
	s.window = time.Hour
	s.expect(t)
}
