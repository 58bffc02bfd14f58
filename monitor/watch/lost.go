package watch

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// What the client keeps of owned labels can be lost as a whole: its folder is removed, or
// the directory gets another URL. Then the record is what is left, and labels are held
// against the last version that was told of.

// lost tells that owned labels are taken over again, because the client does not know
// them any more.
func (r *round) lost(n int) {
	r.happened(nil, finding.Happened{
		Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Warning,
		Subject: finding.Subject("lost", fmt.Sprint(r.head.TreeSize)),
		Summary: fmt.Sprintf("what was verified of %s is lost; the monitor takes them over again, and tells what is newer than what it told of", owned(n)),
		Detail:  "the state in " + r.cfg.Client.StateDir() + " did not have them",
		Hint:    "if neither that folder was removed nor the directory's URL changed, look whether this disk is failing",
	})
}

func owned(n int) string {
	if n == 1 {
		return "an owned label"
	}
	return fmt.Sprintf("%d owned labels", n)
}

// advance keeps the greatest version of an owned label as told. Versions that are
// neither among the unexpected ones nor were announced came while the client did not know
// the label: nobody was told of them. A record of an earlier release has no version of a
// label that the client knows.
func (r *round) advance(l *watched, now told, unexpected []client.Unexpected, lost bool) {
	was := l.Told
	if number(now.Version) <= number(was.Version) {
		return
	}
	inBetween := func(v uint32) bool { return int64(v) > number(was.Version) && int64(v) <= number(now.Version) }
	explained := make(map[uint32]bool)
	for i := range unexpected {
		if u := &unexpected[i]; inBetween(u.Version) {
			explained[u.Version] = true
			if u.Version == *now.Version {
				now.Value = &u.Value
			}
		}
	}
	for _, e := range r.expected.of(l.Label) {
		if e.Version != nil && inBetween(*e.Version) {
			explained[*e.Version] = true
		}
	}
	l.Told, r.unsaved = now, true
	if was.Version == nil && !lost {
		return
	}
	if int64(len(explained)) < number(now.Version)-number(was.Version) {
		r.surprise(l, was, now)
	}
}

// surprise tells of versions that are newer than what was told of. The client has
// accepted them with all else.
func (r *round) surprise(l *watched, was, now told) {
	r.happened(l, finding.Happened{
		Rule: finding.UnexpectedVersion, Class: finding.Report, Severity: finding.Critical,
		Subject: finding.Subject(Owner, l.Label, "lost", version(now.Version)),
		Summary: r.called(Owner, l.Label) + " has versions that this monitor did not see come",
		Detail:  cut(fmt.Sprintf("%s has %s, after %s:\n%s", l.Label, version(now.Version), version(was.Version), now.describe())),
		Hint:    "compare the fingerprints with those of your keys. If they are not yours, others are shown these keys: publish yours again, and ask the directory's operator how they came there",
	})
}

// shrunk tells if an owned label that is taken over again has less than was told of.
// The state that would have proven something is lost.
func (r *round) shrunk(l *watched, now told) bool {
	was := l.Told
	if number(now.Version) > number(was.Version) || number(now.Version) == number(was.Version) && was.same(&now) {
		return false
	}
	l.Told = now
	r.happened(l, finding.Happened{
		Rule: finding.Refused, Class: finding.Report, Severity: finding.Critical,
		Subject: finding.Subject(Owner, l.Label, "lost", was.name(), now.name()),
		Summary: "the log shows other than what it showed of " + r.called(Owner, l.Label),
		Detail:  cut(fmt.Sprintf("%s was shown to have %s before, and now has %s:\n%s", l.Label, was.name(), now.name(), now.describe())),
		Hint:    "ask the directory's operator; compare the directory's heads with those of other monitors",
	})
	return true
}
