package roster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/label"
)

// proved reports whether versions were proven of the label, and says so if not.
func (s *subject) proved() bool {
	switch {
	case s.h == nil:
		s.find(CouldNotCheck, Warning, nil, nil, "The label was not looked up.")
	case s.h.Misbehaviour:
		s.find(Misbehaviour, Error, nil, nil, "The directory signed a contradiction about this label.")
	case s.h.Err != nil:
		s.find(CouldNotCheck, Warning, nil, nil, fmt.Sprintf("The label could not be looked up: %v.", s.h.Err))
	case s.h.Absent:
		s.absentLabel()
	case len(s.h.Versions) == 0:
		s.find(CouldNotCheck, Warning, nil, nil, "No version of the label was proven.")
	default:
		return true
	}
	return false
}

func (s *subject) absentLabel() {
	if s.me && len(s.Devices) == 0 {
		s.find(GhostUser, Note, nil, nil, "Your own label is not in the directory, which proved it: others cannot check you.")
		return
	}
	message := "The directory has proven that it has no such label: nothing vouches for the keys of this member."
	s.find(GhostUser, Error, nil, nil, message).absent = true
}

// agreed holds the member against the agreed list.
func (s *subject) agreed() {
	switch {
	case s.r.Agreed == nil || s.inAgreed[s.Label]:
	case s.me:
		s.find(GhostUser, Note, nil, nil, "Your own label is not in the list that the members agreed on.")
	default:
		s.find(GhostUser, Error, nil, nil, "The member is in the conversation, and not in the list that the members agreed on.")
	}
}

// deceptive warns of a label that by itself may deceive the eye.
func (s *subject) deceptive() {
	var texts []string
	for _, w := range label.Warnings(s.Label) {
		texts = append(texts, w.Text)
	}
	if len(texts) > 0 && !s.me {
		s.find(LookAlikeLabel, Note, nil, nil, "The label may be taken for another: "+strings.Join(texts, "; ")+".")
	}
}

// lookAlikes finds labels of the conversation that most people cannot tell
// apart.
func (c *checker) lookAlikes() {
	all := slices.Clone(c.r.Agreed)
	if c.r.Me != "" {
		all = append(all, c.r.Me)
	}
	for i := range c.r.Members {
		all = append(all, c.r.Members[i].Label)
	}
	slices.Sort(all)
	alike := make(map[string][]string)
	for _, l := range slices.Compact(all) {
		skeleton := label.Skeleton(l)
		alike[skeleton] = append(alike[skeleton], l)
	}
	for _, group := range alike {
		if len(group) < 2 {
			continue
		}
		s := &subject{checker: c, Member: &Member{Label: group[0]}}
		f := s.find(LookAlikeLabel, Warning, nil, nil, "Labels of this conversation look alike: "+ascii(group)+".")
		f.Others = group[1:]
	}
}

// ascii writes labels so that no two look alike.
func ascii(labels []string) string {
	var out []string
	for _, l := range labels {
		out = append(out, fmt.Sprintf("%+q", l))
	}
	return strings.Join(out, ", ")
}

// duplicates finds a key that a member has twice.
func (s *subject) duplicates() {
	first := make(map[string]*Device, len(s.Devices))
	said := make(map[string]bool)
	for i := range s.Devices {
		d := &s.Devices[i]
		id := d.Format.String() + " " + s.ids.device(d)
		other := first[id]
		if other == nil {
			first[id] = d
			continue
		}
		severity := Note
		if other.Name != d.Name && other.Name != "" && d.Name != "" {
			severity = Warning
		}
		if key := id + string(severity); !said[key] {
			said[key] = true
			names := fmt.Sprintf("%q and %q", other.Name, d.Name)
			if other.Name == "" && d.Name == "" {
				names = "both without a name"
			}
			s.find(DuplicateDevice, severity, []keyset.Description{d.describe()}, nil, "The session has one key for two devices of this member, "+names+".")
		}
	}
}

// describe describes a device's key. Of a fingerprint alone, there is no more.
func (d *Device) describe() keyset.Description {
	if len(d.Data) > 0 {
		return d.Key().Summary()
	}
	return keyset.Description{
		Format: d.Format.String(), Fingerprint: d.Fingerprint, Name: d.Name,
		Description: d.Format.String() + " " + d.Fingerprint,
	}
}

// clocks refuses to judge by times that have not come yet: a verification in
// the future would excuse everything.
func (s *subject) clocks() {
	limit := s.opt.Now.Add(Skew)
	for _, given := range []struct {
		name string
		at   time.Time
	}{{"first_seen", s.FirstSeen}, {"verified_at", s.VerifiedAt}, {"started", s.r.Started}} {
		if given.at.After(limit) {
			s.find(CouldNotCheck, Warning, nil, nil, fmt.Sprintf("The roster's %q, %s, has not come yet.", given.name, stamp(given.at)))
		}
	}
}

// stamp writes a time for people.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
