package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// collection is the file of an operation on its way.
type collection struct {
	operation string
	vectors.File[vectors.Case]
	applied map[string]bool // names of what was tampered with
}

func newCollection(operation string, notes []string) *collection {
	return &collection{
		operation: operation, applied: make(map[string]bool),
		File: vectors.File[vectors.Case]{Notes: slices.Concat(notes, caseNotes), Logs: make(map[string]vectors.Hex)},
	}
}

// outcome verifies a case as users do.
func (c *collection) outcome(v *vectors.Case) (vectors.Expect, string) {
	got, err := v.Verify(c.operation, c.Logs[v.Log])
	if err != nil {
		return vectors.Expect{}, vectors.Refusal(err)
	}
	return got, ""
}

// honest adds an honest answer, which is verified and held against the history.
func (c *collection) honest(h *history, a *answer) {
	c.log(a.Log, h)
	got, refusal := c.outcome(&a.Case)
	require(refusal == "", "%s: %s", a.Name, refusal)
	h.check(a, &got)
	a.Expect = got
	c.Cases = append(c.Cases, a.Case)
}

func (c *collection) log(name string, h *history) {
	config := must(h.Config.Marshal())
	old, ok := c.Logs[name]
	require(!ok || bytes.Equal(old, config), "two logs are named %s", name)
	c.Logs[name] = config
}

// check holds what a user makes of an honest answer against what the log and the
// reference have.
func (h *history) check(a *answer, got *vectors.Expect) {
	size := got.View.TreeSize
	require(int(size) <= len(h.Entries()) && *got.View.Root == vectors.Hash(h.Root(size)), "%s: root", a.Name)
	for i, n := range logtree.FullSubtrees(size) {
		head := must(h.At(size).LogNodes([]logtree.Node{n}))
		require(got.View.Subtrees[i] == vectors.Hash(head[0]), "%s: subtree %d", a.Name, i)
	}
	for i, pos := range ibst.Frontier(size) {
		e := h.Entries()[pos]
		require(got.View.Frontier[i] == vectors.Entry{Position: pos, Timestamp: e.Timestamp, PrefixTree: vectors.Hash(e.PrefixTree)},
			"%s: frontier entry %d", a.Name, pos)
	}
	world := h.worldAt(size)
	switch a.operation {
	case "search":
		require(*got.Terminal == *a.trace.Terminal && *got.Monitor == a.trace.MonitoringNeeded, "%s: terminal entry", a.Name)
		require(string(*got.Value) == value(a.label, *got.Version), "%s: value", a.Name)
	case "contact-monitor":
		var entries []naive.MapEntry
		for _, e := range got.Contact.Map {
			entries = append(entries, naive.MapEntry(e))
		}
		require(slices.Equal(entries, a.trace.Map), "%s: map %v, want %v", a.Name, entries, a.trace.Map)
	case "owner-init":
		want := world.GreatestAt(a.label, got.Owner.Start)
		require((want == nil) == (got.Owner.AtStart == nil) && (want == nil || *want == *got.Owner.AtStart), "%s: at_start", a.Name)
	case "owner-monitor":
		require(*got.Complete != a.trace.Stopped, "%s: complete", a.Name)
		if n := len(a.trace.Inspected); n > 0 {
			require(got.Owner.Start == a.trace.Inspected[n-1], "%s: start", a.Name)
		}
	case "update":
		for _, u := range got.Updates {
			require(world.Inserted[a.label][u.First] == u.Position, "%s: position", a.Name)
			for i, v := range u.Values {
				require(string(v) == value(a.label, u.First+uint32(i)), "%s: value %d", a.Name, i)
			}
		}
	case "absence":
		want := world.GreatestAt(a.label, size-1)
		require((want == nil) == (got.Greatest == nil) && (want == nil || *want == *got.Greatest), "%s: greatest", a.Name)
	case "distinguished":
		positions := slices.Clone(got.Positions)
		slices.Reverse(positions)
		require(slices.Equal(positions, a.trace.Recent), "%s: positions %v, want %v", a.Name, positions, a.trace.Recent)
	}
}

// refused adds a case that has to be refused as one of the kinds.
func (c *collection) refused(v vectors.Case, kinds ...string) {
	resolved := v
	if v.Of != "" {
		all := must(vectors.Resolve(append(slices.Clone(c.Cases), v)))
		resolved = all[len(all)-1]
	}
	got, refusal := c.outcome(&resolved)
	require(slices.Contains(kinds, refusal), "%s: refused as %q, want one of %q", v.Name, refusal, kinds)
	v.Expect = vectors.Expect{Refusal: refusal}
	if refusal == stopsEarly {
		require(!*got.Complete, "%s: accepted", v.Name)
		v.Expect = got
	}
	c.Cases = append(c.Cases, v)
}

// stopsEarly stands for an answer that is accepted, but as one that is not complete.
const stopsEarly = ""

// tampered adds a case for each of the ways in which the answer, which has been
// added, can be tampered with.
func (c *collection) tampered(h *history, a *answer) {
	add := func(name string, change vectors.Case, kinds []string) {
		change.Name, change.Of = fmt.Sprintf("%s: %s", a.Name, name), a.Name
		c.refused(change, kinds...)
		c.applied[name] = true
	}
	for _, t := range tamperings {
		p := must(a.parse(a.Response))
		if !t.change(partsOf(h, a, p)) {
			continue
		}
		data := must(p.Marshal(h.Config))
		require(!bytes.Equal(data, a.Response), "%s: %s changes nothing", a.Name, t.name)
		if slices.Contains(claims, t.name) && claimed(a) {
			continue
		}
		kinds := t.kinds
		if slices.Contains(kinds, vectors.Proof) {
			kinds = append(kinds, failures[a.operation]...)
		}
		add(t.name, vectors.Case{Edits: vectors.Diff(a.Response, data)}, kinds)
	}
	for name, data := range misencoded(h, a) {
		add(name, vectors.Case{Edits: vectors.Diff(a.Response, data)}, []string{vectors.Malformed})
	}
	ts := h.Entries()[a.Expect.View.TreeSize-1].Timestamp
	add("read too late", vectors.Case{Clock: ts + h.Config.MaxBehind + 1}, []string{vectors.Time})
	add("read too early", vectors.Case{Clock: ts - h.Config.MaxAhead - 1}, []string{vectors.Time})
	if a.State.View.TreeSize > 0 && a.Expect.View.TreeSize > a.State.View.TreeSize {
		fork := *a.State
		fork.View = forked(a.State.View)
		add("to a user who has seen another log", vectors.Case{State: &fork}, []string{vectors.Proof, vectors.Signature})
	}
}

// claimed reports whether the first structure of an update's answer claims values
// that the draft leaves to be proven by owner monitoring: of an entry that is
// distinguished. They could be made up.
func claimed(a *answer) bool {
	return a.operation == "update" && slices.ContainsFunc(a.Expect.Owner.Created, func(c vectors.Created) bool {
		return c.Claimed && c.Position == a.Expect.Updates[0].Position
	})
}

// failures are how an operation's algorithm may end, with a proof that has been
// tampered with, before all of the proof has been looked at.
var failures = map[string][]string{
	"search":     {vectors.NoVersion, vectors.Expired},
	"batch":      {vectors.NoVersion, vectors.Expired},
	"owner-init": {vectors.Start},
	// A log may end the proof early, and need not be asked why.
	"owner-monitor": {stopsEarly},
}

// forked is a view of a log with another first subtree.
func forked(v *vectors.View) *vectors.View {
	out := *v
	out.Subtrees = slices.Clone(v.Subtrees)
	out.Subtrees[0][0] ^= 1
	kv := out.Keytrans()
	root := vectors.Hash(must(kv.Root()))
	out.Root = &root
	return &out
}
