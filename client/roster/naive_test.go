package roster

import (
	"math/bits"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

// naive is a second reading of docs/roster.md, "The rules", for small cases: all
// keys have one format and neither names nor purposes, all times are exact, no
// value is missing, and nobody attests.
func (s *small) naive() []string {
	var list []string
	add := func(code Code, severity Severity, k int) {
		list = append(list, string(code)+" "+string(severity)+" "+string(rune('a'+k)))
	}
	for k := range smallKeys {
		listed, inSession := s.has(len(s.sets)-1, k), s.session>>k&1 == 1
		stretches := s.stretches(k)
		switch {
		case inSession && len(stretches) == 0:
			add(GhostDevice, Error, k)
		case inSession && !listed:
			add(StaleKey, Warning, k)
		case listed && !inSession && s.session != 0:
			add(DormantInsertion, map[bool]Severity{true: Note, false: Warning}[stretches[len(stretches)-1].owners], k)
		}
		for i, st := range stretches {
			if inSession && s.justInTime(st) {
				add(JustInTimeInsertion, map[bool]Severity{true: Note, false: Warning}[st.begin == 0], k)
			}
			if severity := s.transient(stretches[:i], st); severity != "" {
				add(TransientKey, severity, k)
			}
			if i > 0 && s.rolledBack(stretches[i-1], st) {
				add(RolledBackKey, Warning, k)
			}
		}
	}
	needed := s.seen - windowH
	if s.verified != nil {
		needed = min(needed, *s.verified)
	}
	if s.first > 0 && s.times[0] > needed {
		list = append(list, "could-not-check warning")
	}
	if f := s.unsigned(); f != "" {
		list = append(list, f)
	}
	slices.Sort(list)
	return list
}

func (s *small) has(version, k int) bool { return s.sets[version]>>k&1 == 1 }

// stretch is one of docs/roster.md: from one version to before another, which is
// the number of versions if it has not ended.
type stretch struct {
	begin, end int
	old        bool
	owners     bool
}

func (s *small) stretches(k int) []stretch {
	var list []stretch
	for i := range s.sets {
		if !s.has(i, k) || i > 0 && s.has(i-1, k) {
			continue
		}
		st := stretch{begin: i, end: i, old: i == 0 && s.first > 0}
		for st.end < len(s.sets) && s.has(st.end, k) {
			st.owners = st.owners || s.ownersDoing(st.end)
			st.end++
		}
		list = append(list, st)
	}
	return list
}

// ownersDoing: signed, and by a key that stood from version 0 on, or for the
// window.
func (s *small) ownersDoing(version int) bool {
	if s.statuses[version] != account.Signed {
		return false
	}
	established := slices.Index(s.statuses, account.Established)
	late := s.verified != nil && s.times[established] > *s.verified+skewH
	return established == 0 && s.first == 0 || s.times[version]-s.times[established] >= windowH && !late
}

func (s *small) justInTime(st stretch) bool {
	if st.old || st.owners {
		return false
	}
	came := s.times[st.begin]
	if s.verified != nil {
		return came > *s.verified+skewH
	}
	return s.seen-windowH <= came && came <= s.seen+skewH
}

func (s *small) transient(earlier []stretch, st stretch) Severity {
	if st.old || st.owners || st.end == len(s.sets) || s.times[st.end]-s.times[st.begin] > windowH || s.times[st.end] < s.seen-windowH {
		return ""
	}
	for _, e := range earlier {
		if e.old || s.times[e.end]-s.times[e.begin] > windowH {
			return ""
		}
	}
	if st.begin == 0 {
		return Note
	}
	if s.installedAnew(st) {
		return Note
	}
	return Warning
}

// installedAnew: follow one-for-one exchanges to a key that lasted, back and forth.
func (s *small) installedAnew(st stretch) bool {
	first, last, lasting, origin := st, st, false, -1
	for first.begin > 0 && oneForOne(s.sets[first.begin-1], s.sets[first.begin]) {
		k := bits.TrailingZeros8(s.sets[first.begin-1] &^ s.sets[first.begin])
		p := s.stretchAt(k, first.begin-1)
		if p.begin == 0 || p.owners || !s.brief(k, p) {
			lasting, origin = true, k
			break
		}
		first = p
	}
	for last.end < len(s.sets) && oneForOne(s.sets[last.end-1], s.sets[last.end]) {
		k := bits.TrailingZeros8(s.sets[last.end] &^ s.sets[last.end-1])
		p := s.stretchAt(k, last.end)
		if p.owners || !s.brief(k, p) {
			lasting = true
			break
		}
		last = p
	}
	before, with, now := s.sets[first.begin-1], s.sets[st.end-1], s.sets[last.end]
	back := before&^with&now != 0
	for i := last.end; i < len(s.sets) && origin >= 0; i++ {
		back = back || s.has(i, origin)
	}
	return lasting && before != now && !back
}

func (s *small) stretchAt(k, version int) stretch {
	list := s.stretches(k)
	return list[slices.IndexFunc(list, func(st stretch) bool { return st.begin <= version && version < st.end })]
}

// brief: ended within the window, and none of the key's before it was old or longer.
func (s *small) brief(k int, st stretch) bool {
	for _, e := range s.stretches(k) {
		if e.begin <= st.begin && (e.old || e.end == len(s.sets) || s.times[e.end]-s.times[e.begin] > windowH) {
			return false
		}
	}
	return true
}

// oneForOne reports whether one key took the place of one other.
func oneForOne(old, now uint8) bool {
	return bits.OnesCount8(old&^now) == 1 && bits.OnesCount8(now&^old) == 1
}

func (s *small) rolledBack(last, st stretch) bool {
	back := s.times[st.begin]
	return !st.owners && back-s.times[last.end] > windowH && back >= s.seen-windowH && (s.verified == nil || back > *s.verified+skewH)
}

func (s *small) unsigned() string {
	since := s.seen - windowH
	if s.verified != nil {
		since = *s.verified + skewH
	}
	bad := false
	var brought uint8
	for i, status := range s.statuses {
		if status != account.Unsigned {
			continue
		}
		stoodAgain := false
		for j := i + 1; j < len(s.statuses); j++ {
			stoodAgain = stoodAgain || s.statuses[j] != account.Unsigned && s.times[j] <= since
		}
		if !stoodAgain {
			bad = true
			brought |= s.sets[i] &^ s.sets[i-1]
		}
	}
	if !bad {
		return ""
	}
	f := "unsigned-change error"
	for k := range smallKeys {
		if brought>>k&1 == 1 {
			f += " " + string(rune('a'+k))
		}
	}
	return f
}
