package roster

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

var exhaustive = flag.Bool("exhaustive", false, "check every small history, not some of the larger ones")

// small is a small history of one label and a session: all that the rules about
// keys and times depend on. Times are hours.
type small struct {
	sets     []uint8 // of each version, bit k for key k
	times    []float64
	statuses []account.Status
	first    uint32 // the number of the first version; what came before was not proven
	session  uint8
	seen     float64  // first_seen
	verified *float64 // verified_at
}

const (
	smallKeys = 3
	windowH   = 24.0
	skewH     = 5.0 / 60
)

// TestExhaustive holds the rules against a naive reading of docs/roster.md, for
// all histories of up to four versions over three keys, each a short or a long
// time after the one before, with and without an account key (from the first
// version on, or adopted in the second), signed or not, known from version 0 on
// or not, for all sessions, with the member first seen after each of the
// versions or long after the last, and verified never, early or late. Of cases
// that differ only in which key is called which, one is checked.
func TestExhaustive(t *testing.T) {
	for versions := 1; versions <= 4; versions++ {
		for gaps := range 1 << (versions - 1) {
			t.Run(fmt.Sprintf("%d versions, gaps %b", versions, gaps), func(t *testing.T) {
				t.Parallel()
				stride := 1
				if !*exhaustive {
					stride = []int{1, 1, 1, 5, 101}[versions]
				}
				n := 0
				eachSmall(versions, gaps, func(s *small, m func() *timeline) {
					if n++; n%stride == 0 {
						s.compare(t, m())
					}
				})
				if n < 100 {
					t.Fatalf("only %d cases", n)
				}
			})
		}
	}
}

// eachSmall enumerates the cases of so many versions. Those with one history
// share its timeline.
func eachSmall(versions, gaps int, each func(*small, func() *timeline)) {
	times := make([]float64, versions)
	for i := 1; i < versions; i++ {
		times[i] = times[i-1] + []float64{1, 30}[gaps>>(i-1)&1]
	}
	// A key is a column: the versions that have it, and whether the session does.
	columns := 1 << (versions + 1)
	for a := range columns {
		for b := a; b < columns; b++ {
			for c := b; c < columns; c++ {
				sets, session := fromColumns(versions, a, b, c)
				for _, statuses := range accounts(versions) {
					for _, first := range []uint32{0, 3} {
						for _, verified := range []*float64{nil, ptr(times[0] + 0.5), ptr(times[versions-1] + 0.5)} {
							var tl *timeline
							lazy := func() *timeline {
								if tl == nil {
									tl = (&small{sets: sets, times: times, statuses: statuses, first: first, verified: verified}).timeline()
								}
								return tl
							}
							for _, seen := range append(after(times), times[versions-1]+100) {
								each(&small{sets, times, statuses, first, session, seen, verified}, lazy)
							}
						}
					}
				}
			}
		}
	}
}

func ptr(f float64) *float64 { return &f }

func after(times []float64) []float64 {
	var list []float64
	for _, t := range times {
		list = append(list, t+0.5)
	}
	return list
}

func fromColumns(versions int, columns ...int) (sets []uint8, session uint8) {
	sets = make([]uint8, versions)
	for k, column := range columns {
		for i := range sets {
			sets[i] |= uint8(column>>i&1) << k
		}
		session |= uint8(column>>versions) << k
	}
	return sets, session
}

// accounts are the ways in which a label has an account key.
func accounts(versions int) [][]account.Status {
	list := [][]account.Status{make([]account.Status, versions)} // none
	for adopted := range min(versions, 2) {
		rest := versions - adopted - 1
		for unsigned := range 1 << rest {
			statuses := make([]account.Status, versions)
			statuses[adopted] = account.Established
			for i := range rest {
				statuses[adopted+1+i] = []account.Status{account.Signed, account.Unsigned}[unsigned>>i&1]
			}
			list = append(list, statuses)
		}
	}
	return list
}

var smallVersions = func() map[string]Version {
	m := make(map[string]Version)
	for set := range uint8(1 << smallKeys) {
		for _, status := range []account.Status{account.None, account.Established, account.Signed, account.Unsigned} {
			var keys []string
			for k := range smallKeys {
				if set>>k&1 == 1 {
					keys = append(keys, string(rune('a'+k)))
				}
			}
			m[fmt.Sprint(set, status)] = version(0, 0, status, keys...)
		}
	}
	return m
}()

func (s *small) timeline() *timeline {
	var versions []Version
	for i, set := range s.sets {
		v := smallVersions[fmt.Sprint(set, s.statuses[i])]
		v.Number, v.NotBefore, v.NotAfter = s.first+uint32(i), hours(s.times[i]), hours(s.times[i])
		versions = append(versions, v)
	}
	var verified time.Time
	if s.verified != nil {
		verified = hours(*s.verified).Add(Skew)
	}
	return newTimeline(history(bob, versions...), smallIDs, DefaultWindow, verified)
}

// smallIDs is what the keys of the test are called.
var smallIDs = func() identities {
	ids := make(identities)
	for k := range smallKeys {
		d := key(string(rune('a' + k)))
		ids.learn(d, d.Fingerprint())
	}
	return ids
}()

var smallDevices = devices("a", "b", "c")

func (s *small) compare(t *testing.T, tl *timeline) {
	m := &Member{Label: bob, FirstSeen: hours(s.seen)}
	if s.verified != nil {
		m.VerifiedAt = hours(*s.verified)
	}
	for k := range smallKeys {
		if s.session>>k&1 == 1 {
			m.Devices = append(m.Devices, smallDevices[k])
		}
	}
	c := &checker{r: &Roster{}, opt: Options{Now: hours(1000), Window: DefaultWindow}, ids: smallIDs, report: &Report{}}
	(&subject{checker: c, Member: m, h: tl.h, t: tl}).judge()
	got, want := found(c.report), s.naive()
	if !slices.Equal(got, want) {
		verified := "never"
		if s.verified != nil {
			verified = fmt.Sprint(*s.verified)
		}
		t.Fatalf("sets %03b at %v, %q from version %d, session %03b, seen %v, verified %s:\nfound %q\nwant  %q",
			s.sets, s.times, s.statuses, s.first, s.session, s.seen, verified, got, want)
	}
	if len(c.report.Unclear) > 0 {
		t.Fatalf("asks for better bounds than exact ones: %v", c.report.Unclear)
	}
}

// TestBounds checks that wider bounds never make a warning of what exact times
// do not, and ask for the versions that would decide.
func TestBounds(t *testing.T) {
	for _, slack := range []float64{0.4, 3, 29, 500} {
		for gaps := range 4 {
			n := 0
			eachSmall(3, gaps, func(s *small, _ func() *timeline) {
				if n++; n%101 != 0 || s.statuses[2] != account.None {
					return
				}
				s.compareBounds(t, slack)
			})
		}
	}
}

// told is the report if times are known no better than within some hours.
func (s *small) told(slack float64) *Report {
	var versions []Version
	for i, set := range s.sets {
		v := smallVersions[fmt.Sprint(set, s.statuses[i])]
		v.Number, v.NotBefore, v.NotAfter = s.first+uint32(i), hours(s.times[i]-slack), hours(s.times[i]+slack)
		if slack > 100 {
			v.NotBefore = time.Time{}
		}
		versions = append(versions, v)
	}
	m := Member{FirstSeen: hours(s.seen)}
	if s.verified != nil {
		m.VerifiedAt = hours(*s.verified)
	}
	for k := range smallKeys {
		if s.session>>k&1 == 1 {
			m.Devices = append(m.Devices, smallDevices[k])
		}
	}
	return story{member: m, versions: versions}.check()
}

func (s *small) compareBounds(t *testing.T, slack float64) {
	exact, wide := s.told(0), s.told(slack)
	timed := []Code{JustInTimeInsertion, TransientKey, RolledBackKey}
	for _, f := range wide.Findings {
		if slices.Contains(timed, f.Code) && f.Severity == Warning && !slices.Contains(found(exact), brief(f)) {
			t.Fatalf("with bounds of %v hours %q, which is not so: %q\n%+v", slack, brief(f), found(exact), s)
		}
	}
	for _, f := range exact.Findings {
		if slices.Contains(timed, f.Code) && f.Severity == Warning && !slices.Contains(found(wide), brief(f)) && len(wide.Unclear) == 0 {
			t.Fatalf("with bounds of %v hours nothing says that %q may be: %q\n%+v", slack, brief(f), found(wide), s)
		}
	}
}
