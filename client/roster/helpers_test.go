package roster

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// zero is when the story of a test begins; hours tell times after it.
var zero = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func hours(h float64) time.Time {
	return zero.Add(time.Duration(h * float64(time.Hour)).Round(time.Millisecond)) // as the log has them
}

// raw25519 is the X25519 key of a letter. It passes for one: the coordinate is
// reduced.
func raw25519(letter byte) []byte {
	key := make([]byte, 32)
	for i := range 31 {
		key[i] = letter
	}
	return key
}

// key is a key by its letter, with a name if more follows: "a", "a phone".
func key(spec string) keyset.Key {
	letter, name, _ := strings.Cut(spec, " ")
	return keyset.Key{Format: keyset.FormatX25519, Data: raw25519(letter[0]), Name: name}
}

func device(k keyset.Key) Device {
	return Device{Format: k.Format, Data: k.Data, Name: k.Name, Fingerprint: k.Fingerprint()}
}

func devices(specs ...string) []Device {
	var list []Device
	for _, spec := range specs {
		list = append(list, device(key(spec)))
	}
	return list
}

// version is a version that came at an hour, exactly known.
func version(number uint32, hour float64, status account.Status, keys ...string) Version {
	var set []keyset.Key
	for _, spec := range keys {
		set = append(set, key(spec))
	}
	return versionOf(number, hour, status, set...)
}

var accountKey = &account.Key{Algorithm: account.Ed25519, Public: strings.Repeat("k", 32)}

func versionOf(number uint32, hour float64, status account.Status, keys ...keyset.Key) Version {
	value, err := keyset.Set{Keys: keys}.Marshal()
	if err != nil {
		panic(err)
	}
	v := Version{Number: number, LogEntry: uint64(number) * 10, NotBefore: hours(hour), NotAfter: hours(hour), Account: status}
	v.Commitment[0] = byte(number)
	v.SetValue(value)
	if status != account.None {
		v.Key = accountKey
	}
	return v
}

// history takes versions oldest first.
func history(label string, versions ...Version) *History {
	versions = slices.Clone(versions)
	slices.Reverse(versions)
	oldest := versions[len(versions)-1].Number
	return &History{Label: label, Versions: versions, Complete: oldest == 0, Head: Head{TreeSize: 1000, Root: "00", Time: hours(999)}}
}

const bob = "bob@example.org"

// found returns the findings about Bob as "code severity keys", without the note that nobody
// monitors his label.
func found(r *Report) []string {
	var list []string
	for _, f := range r.Findings {
		if f.Code != Unmonitored {
			list = append(list, brief(f))
		}
	}
	slices.Sort(list)
	return list
}

func brief(f Finding) string {
	out := fmt.Sprintf("%s %s", f.Code, f.Severity)
	for _, k := range f.Keys {
		out += " " + letterOf(k)
	}
	return out
}

// letters are the keys of the tests by fingerprint.
var letters = func() map[string]string {
	m := make(map[string]string)
	for c := byte('a'); c <= 'z'; c++ {
		m[key(string(c)).Fingerprint()] = string(c)
	}
	return m
}()

func letterOf(d keyset.Description) string {
	if l := letters[d.Fingerprint]; l != "" {
		return l
	}
	return d.Format
}

// story is one member, what the session has, and what was proven.
type story struct {
	member   Member
	versions []Version
	before   *Before
	now      float64
	window   time.Duration
}

func (s story) check() *Report {
	s.member.Label = bob
	if s.now == 0 {
		s.now = 1000
	}
	h := history(bob, s.versions...)
	h.Before = s.before
	// The user's own label is in order, so that it does not matter.
	me := history("alice@example.org", version(0, -1000, account.Established, "z"))
	r := &Roster{Me: "alice@example.org", Members: []Member{s.member}}
	return judged(r, map[string]*History{bob: h, r.Me: me}, Options{Now: hours(s.now), Window: s.window})
}

func (s story) expect(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := found(s.check()); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
