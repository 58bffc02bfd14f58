package client

import (
	"fmt"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// Step is one step of a verification, for people.
type Step struct {
	// Name is stable: request, search-keys, commitment, search, lookups,
	// result, log-root, signature, time, monitoring or witness.
	Name string `json:"name"`
	Text string `json:"text"`
	// LogEntry and Time are the entry that the step is about, if it is about
	// one.
	LogEntry *uint64   `json:"log_entry,omitempty"`
	Time     time.Time `json:"log_entry_time,omitzero"`
}

// explain tells how a search was verified. It repeats the walk over a proof that
// was verified, and decides nothing.
func (s *session) explain(f *found) []Step {
	e := s.explanation(f)
	e.keys()
	if f.greatest {
		e.greatestSearch()
	} else {
		e.fixedSearch()
	}
	e.conclusion()
	e.monitoring()
	return e.steps
}

func (s *session) explanation(f *found) *explanation {
	e := &explanation{
		cfg: s.verifier.Configuration(), f: f, size: f.View.Head.TreeSize,
		times: make(map[uint64]uint64), included: make(map[uint32]uint64), absent: make(map[uint32]uint64),
		proofs: f.response.Search.PrefixProofs,
	}
	for _, list := range [][]keytrans.Entry{f.before.Frontier, f.Entries, f.View.Frontier} {
		for _, entry := range list {
			e.times[entry.Position] = entry.Timestamp
		}
	}
	return e
}

type explanation struct {
	cfg    *keytrans.Configuration
	f      *found
	size   uint64
	times  map[uint64]uint64
	proofs []prefixtree.Proof // not explained yet

	included, absent map[uint32]uint64
	steps            []Step
}

func (e *explanation) say(name, format string, args ...any) {
	e.steps = append(e.steps, Step{Name: name, Text: fmt.Sprintf(format, args...)})
}

func (e *explanation) sayAt(pos uint64, name, format string, args ...any) {
	e.say(name, format, args...)
	last := &e.steps[len(e.steps)-1]
	last.LogEntry = &pos
	if ts, ok := e.times[pos]; ok {
		last.Time = entryTime(ts)
	}
}

func (e *explanation) keys() {
	what := fmt.Sprintf("version %d", e.f.Version)
	if e.f.greatest {
		what = "the greatest version"
	}
	e.say("request", "Asked for %s of the label, telling the directory that this client has verified %s.", what, treeSize(e.f.before.Head.TreeSize))
	e.say("search-keys", "The directory's answer: version %d. Its %d VRF proofs (RFC 9381) verify under the pinned VRF key. They give the places in the prefix tree where versions %s of exactly this label must be; the directory cannot choose others.",
		e.f.Version, len(e.f.response.BinaryLadder), list(ladder.Base(e.f.Version)))
	if c, err := e.f.commitment(); err == nil {
		e.say("commitment", "The value (%s) and its opening hash to the commitment %s. Any other value would have another commitment.",
			count.Of(len(e.f.Value.Value), "byte", "bytes"), c)
	}
}

// greatestSearch follows KEYTRANS, "Greatest-Version Search".
func (e *explanation) greatestSearch() {
	if e.frontier() {
		e.sayAt(e.f.Terminal, "result", "No later version exists in the last entry, and entry %d is the first of these to hold version %d.", e.f.Terminal, e.f.Version)
	}
}

// frontier explains the ladders of a greatest-version search. It reports whether
// it could.
func (e *explanation) frontier() bool {
	start, ok, err := ibst.RightmostDistinguished(e.size, e.cfg.ReasonableMonitoringWindow, e.timestamp)
	if err != nil {
		return false
	}
	if ok {
		e.sayAt(start, "search", "Owners who monitor check every distinguished log entry. The rightmost one is entry %d, so the search begins there and follows the right edge of the log to its last entry, %d.", start, e.size-1)
	} else {
		start = ibst.Root(e.size)
		e.sayAt(start, "search", "No log entry is distinguished yet, so the search begins at the root, entry %d, and follows the right edge of the log to its last entry, %d.", start, e.size-1)
	}
	for _, pos := range ibst.FrontierFrom(start, e.size) {
		if _, ok := e.lookups(pos, e.f.Version); !ok {
			return false
		}
	}
	return true
}

// fixedSearch follows KEYTRANS, "Fixed-Version Search".
func (e *explanation) fixedSearch() {
	rightmost, err := e.timestamp(e.size - 1)
	if err != nil {
		return
	}
	e.say("search", "A binary search over the log's %s for the first that holds version %d.", count.Of(e.size, "entry", "entries"), e.f.Version)
	span := ibst.RootSpan(e.size, rightmost)
	for ok := true; ok; {
		ts, err := e.timestamp(span.Pos)
		if err != nil {
			return
		}
		if l := e.cfg.MaximumLifetime; l != nil && ts <= rightmost && rightmost-ts >= *l {
			e.sayAt(span.Pos, "lookups", "Entry %d has passed the maximum lifetime: on to its right.", span.Pos)
			span, ok = span.RightChild(ts, e.size)
			continue
		}
		order, fine := e.lookups(span.Pos, e.f.Version)
		if !fine {
			return
		}
		switch order {
		case ladder.Less:
			span, ok = span.RightChild(ts, e.size)
		case ladder.Greater:
			span, ok = span.LeftChild(ts)
		default:
			ok = false
		}
	}
	if len(e.proofs) == 1 {
		e.sayAt(e.f.Terminal, "lookups", "Entry %d: version %d is there.", e.f.Terminal, e.f.Version)
	}
	e.sayAt(e.f.Terminal, "result", "The search ends at entry %d, which holds version %d.", e.f.Terminal, e.f.Version)
}

// lookups explains one search ladder.
func (e *explanation) lookups(pos uint64, target uint32) (order ladder.Order, ok bool) {
	if len(e.proofs) == 0 {
		return 0, false
	}
	proof := e.proofs[0]
	e.proofs = e.proofs[1:]
	var there, missing []uint32
	results := proof.Results
	for _, v := range ladder.Base(target) {
		if at, seen := e.included[v]; seen && at < pos {
			continue
		}
		if at, seen := e.absent[v]; seen && at > pos {
			continue
		}
		if len(results) == 0 {
			break
		}
		included := results[0].Type == prefixtree.Inclusion
		results = results[1:]
		if included {
			there = append(there, v)
			if at, seen := e.included[v]; !seen || pos < at {
				e.included[v] = pos
			}
		} else {
			missing = append(missing, v)
			if at, seen := e.absent[v]; !seen || pos > at {
				e.absent[v] = pos
			}
		}
		if o, done := ladder.Step(target, v, included); done {
			order = o
			break
		}
	}
	e.sayAt(pos, "lookups", "Entry %d%s: %s. %s", pos, e.when(pos), lookupText(there, missing), orderText(order, target))
	return order, true
}

func lookupText(there, missing []uint32) string {
	var parts []string
	if len(there) > 0 {
		parts = append(parts, "present: "+list(there))
	}
	if len(missing) > 0 {
		parts = append(parts, "absent: "+list(missing))
	}
	if len(parts) == 0 {
		return "nothing to look up that was not settled before"
	}
	return strings.Join(parts, "; ")
}

func orderText(order ladder.Order, target uint32) string {
	switch order {
	case ladder.Less:
		return fmt.Sprintf("Version %d did not exist yet.", target)
	case ladder.Greater:
		return fmt.Sprintf("A version beyond %d existed already.", target)
	}
	return fmt.Sprintf("The greatest version there is %d.", target)
}

// conclusion explains what holds all of it together.
func (e *explanation) conclusion() {
	head := headOf(e.f.View)
	proof := &e.f.response.Search
	e.say("log-root", "The %s in the proof (time and prefix tree root), %s and the %d retained ones lead to the root %s of a log of %s, of which everything verified earlier is a part.",
		count.Of(len(e.f.Entries), "log entry", "log entries"), count.Of(len(proof.Inclusion), "more hash", "more hashes"), len(e.f.before.Subtrees), head.Root, count.Of(head.TreeSize, "entry", "entries"))
	if e.f.response.FullTreeHead.TreeHead == nil {
		e.say("signature", "That is the root whose signature was verified before: nothing has been added since.")
	} else {
		e.say("signature", "The directory's signature over that root and size verifies under the pinned key (%v).", e.cfg.Suite)
	}
	e.say("time", "The last log entry is of %s, %s; %v behind and %v ahead are allowed.",
		head.Time.Format(time.RFC3339), ago(e.f.at.Sub(head.Time)), milliseconds(e.cfg.MaxBehind), milliseconds(e.cfg.MaxAhead))
}

func (e *explanation) monitoring() {
	if e.f.Monitor {
		e.say("monitoring", "Entry %d is newer than every distinguished one, so this client must come back and check that the version stayed: kt watch does.", e.f.Terminal)
	} else {
		e.say("monitoring", "A distinguished entry holds the version: if its owner monitors the label, the owner sees it there. Nothing remains for this client to monitor.")
	}
}

func (e *explanation) timestamp(pos uint64) (uint64, error) {
	ts, ok := e.times[pos]
	if !ok {
		return 0, fmt.Errorf("the timestamp of entry %d is not known", pos)
	}
	return ts, nil
}

func (e *explanation) when(pos uint64) string {
	ts, ok := e.times[pos]
	if !ok {
		return ""
	}
	return " (" + entryTime(ts).Format(time.RFC3339) + ")"
}

func treeSize(n uint64) string {
	if n == 0 {
		return "nothing yet"
	}
	return "its first " + count.Of(n, "log entry", "log entries")
}

func list(versions []uint32) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(versions), " ", ", "), "[]")
}

func milliseconds(ms uint64) time.Duration {
	const longest = 9e12 // what a Duration holds
	return time.Duration(min(ms, longest)) * time.Millisecond
}

func ago(d time.Duration) string {
	if d < 0 {
		return fmt.Sprintf("%v ahead of this clock", (-d).Round(time.Second))
	}
	return fmt.Sprintf("%v ago", d.Round(time.Second))
}
