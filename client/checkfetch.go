package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/roster"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// defaultMaxHeld is how many bytes of values a check of a roster holds, and maxHeldKeys
// how many keys in them, of which each takes a kilobyte or two. What would make it more
// is not looked at, and the findings say so.
const (
	defaultMaxHeld = 128 << 20
	maxHeldKeys    = 750_000
)

func (k *check) errHeld() error {
	return fmt.Errorf("the values of the labels before it have more than %d bytes or %d keys together: check the conversation in parts", k.cfg.maxHeld, maxHeldKeys)
}

func (k *check) full() bool { return k.held > k.cfg.maxHeld || k.heldKeys > maxHeldKeys }

// headRounds is how often labels are asked for at most, until all are proven under
// one head.
const headRounds = 3

// fetch proves the labels' newest versions, and older ones as far as they matter.
func (k *check) fetch(ctx context.Context) error {
	labels := k.labels
	for round := 0; round < headRounds && len(labels) > 0; round++ {
		questions := make([]question, len(labels))
		for i, label := range labels {
			questions[i].label = label
		}
		if err := k.ask(ctx, questions, k.takeNewest); err != nil {
			return err
		}
		labels = k.behind()
	}
	// Each round asks for twice as many versions as the one before.
	for count := 1; ; count *= 2 {
		questions := k.olderQuestions(count)
		if len(questions) == 0 {
			break
		}
		if err := k.ask(ctx, questions, k.takeOlder); err != nil {
			return err
		}
	}
	for _, f := range k.facts {
		k.followAccount(f)
	}
	return nil
}

// takeNewest takes note of the newest version of a label.
func (k *check) takeNewest(q question, o outcome) {
	f := k.facts[q.label]
	switch {
	case o.found != nil:
		k.forget(f)
		if k.full() {
			f.Err = k.errHeld()
			return
		}
		k.addVersion(f, o.found)
		f.Head = rosterHead(headOf(o.found.View))
	case o.absence != nil && o.absence.Greatest == nil && len(f.Versions) > 0:
		k.vanished(f)
	case o.absence != nil && o.absence.Greatest == nil:
		k.forget(f)
		f.Absent, f.Head = true, rosterHead(o.absence.Head)
	case KindOf(o.err) == Misbehaved:
		k.contradicted(f, o.err)
	case len(f.Versions) > 0 || f.Absent:
		// It was proven under an older head before, which findings name.
	default:
		f.Err = o.err
	}
}

var errVanished = errors.New("the log proved that the label exists, and a moment later that it does not")

// vanished takes note that a label is proven absent that was proven before. A log with
// a maximum lifetime may have forgotten it meanwhile.
func (k *check) vanished(f *facts) {
	if k.verifier.Configuration().MaximumLifetime == nil {
		k.contradicted(f, errVanished)
		return
	}
	k.forget(f)
	f.Err = errVanished
}

// forget drops what was proven of a label.
func (k *check) forget(f *facts) {
	for i := range f.Versions {
		k.heldKeys -= len(f.Versions[i].Keys)
	}
	k.held -= f.held
	f.Versions, f.accounts, f.Absent, f.Err, f.done, f.held = nil, nil, false, nil, true, 0
}

func rosterHead(h Head) roster.Head {
	return roster.Head{TreeSize: h.TreeSize, Root: h.Root, Time: h.Time}
}

// addVersion adds the version that a search found, which is older than those there.
func (k *check) addVersion(f *facts, r *found) {
	k.learn(&r.Verified)
	v := roster.Version{Number: r.Version, Mine: k.published(f.Label, r)}
	v.SetValue(r.Value.Value)
	if c, err := r.commitment(); err == nil {
		v.Commitment = c
	}
	k.bound(&v, r)
	f.note(r)
	f.held += len(r.Value.Value)
	k.held += len(r.Value.Value)
	k.heldKeys += len(v.Keys)
	f.Versions = append(f.Versions, v)
	f.accounts = append(f.accounts, readAccount(f.Label, &v))
	f.done = v.Number == 0
	f.Complete = f.done
}

// bound notes which log entries a search has shown to have a version and to lack it.
func (k *check) bound(v *roster.Version, r *found) {
	if at := k.time(r.Terminal); v.NotAfter.IsZero() || at.Before(v.NotAfter) {
		v.NotAfter, v.LogEntry = at, r.Terminal
	}
	if r.Lacking != nil && v.NotBefore.Before(k.time(*r.Lacking)) {
		v.NotBefore = k.time(*r.Lacking)
	}
}

// time returns the timestamp of a log entry that was proven, zero of another.
func (k *check) time(pos uint64) time.Time {
	ts, ok := k.times[pos]
	if !ok {
		return time.Time{}
	}
	return entryTime(ts)
}

// note remembers the commitments to other versions that a search has proven.
func (f *facts) note(r *found) {
	for version, key := range r.Keys {
		if key.Proven && key.Commitment != nil {
			f.commitments[version] = *key.Commitment
		}
	}
}

// published reports whether this client published what a search found.
func (k *check) published(label string, r *found) bool {
	o := k.state.owners[label]
	if o == nil {
		return false
	}
	e, ok := o.ledger[r.Version]
	return ok && e.How == HowPublished && e.ValueSHA256 == hashHex(r.Value.Value)
}

// olderQuestions asks for up to count further versions of each label whose versions
// matter and are not all there.
func (k *check) olderQuestions(count int) []question {
	var out []question
	for _, label := range k.labels {
		f := k.facts[label]
		if len(f.Versions) == 0 || f.done || !f.needsOlder() || k.full() {
			continue
		}
		lowest := f.Versions[len(f.Versions)-1].Number
		for range min(count, k.opt.History-len(f.Versions), int(lowest)) {
			lowest--
			version := lowest
			out = append(out, question{label, &version})
		}
	}
	return out
}

// needsOlder reports whether what came before the oldest version matters: it may have
// been created since the time that matters, or nothing shows whether the label had an
// account key before. That a version is signed by the key that it names shows nothing:
// whoever put in a key of their own signs with it.
func (f *facts) needsOlder() bool {
	v := f.oldest()
	return v.Missing != "" || v.NotAfter.After(f.since) || !f.knows()
}

// takeOlder takes note of the version below the oldest one.
func (k *check) takeOlder(q question, o outcome) {
	f := k.facts[q.label]
	if f.done || *q.version+1 != f.Versions[len(f.Versions)-1].Number {
		return // what is above it was not to be had
	}
	switch why := missing(o); {
	case o.found != nil:
		k.addVersion(f, o.found)
	case why != "":
		k.addMissing(f, *q.version, why)
	case KindOf(o.err) == Misbehaved:
		k.contradicted(f, o.err)
	default:
		k.addMissing(f, *q.version, "the directory's answer was not to be had or does not verify")
	}
}

// addMissing adds a version without a value.
func (k *check) addMissing(f *facts, version uint32, why string) {
	above := f.Versions[len(f.Versions)-1]
	v := roster.Version{Number: version, Missing: why, NotAfter: above.NotAfter, LogEntry: above.LogEntry, Commitment: f.commitments[version]}
	f.Versions = append(f.Versions, v)
	f.accounts = append(f.accounts, readAccount(f.Label, &v))
	f.done = version == 0
	f.Complete = f.done
	if why == missingExpired {
		f.done, f.Complete = true, k.verifier.Configuration().MaximumLifetime != nil
	}
}

const (
	missingExpired = "the directory says that it has passed the maximum lifetime"
	missingErased  = "the directory says that it was erased"
	missingNone    = "the directory says that it has none"
)

// missing returns what the directory says of a version without a value, empty if it
// says nothing of the kind. It is a claim.
func missing(o outcome) string {
	var p *Problem
	errors.As(o.err, &p)
	switch {
	case o.claim == keytrans.AnswerExpired || p != nil && p.Type == ProblemVersionExpired:
		return missingExpired
	case o.claim == keytrans.AnswerErased || p != nil && p.Type == ProblemErased:
		return missingErased
	case o.claim == keytrans.AnswerRefused || o.absence != nil || p != nil && (p.denial() || p.Type == ProblemVersionSkipped):
		return missingNone
	}
	return ""
}

// settleTimes passes the bounds of when versions were created on to their
// neighbours: no version was created before a lower one, nor after a greater one.
func (f *facts) settleTimes() {
	for i := range f.Versions[:max(0, len(f.Versions)-1)] { // to lower ones
		above, v := &f.Versions[i], &f.Versions[i+1]
		if above.NotAfter.Before(v.NotAfter) {
			v.NotAfter, v.LogEntry = above.NotAfter, above.LogEntry
		}
	}
	for i := len(f.Versions) - 2; i >= 0; i-- { // to greater ones
		v, below := &f.Versions[i], &f.Versions[i+1]
		if v.NotBefore.Before(below.NotBefore) {
			v.NotBefore = below.NotBefore
		}
	}
}
