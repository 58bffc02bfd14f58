package vantage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// place is where something was shown: on the monitor's own way, if it is zero, by a
// route, or by a peer.
type place struct {
	name   string // such as "route 1"
	by     string // how it is said that something was seen there; empty: "by " and name
	id     string // tells it from others, across restarts
	detail string // its URL
}

// seen returns what a summary says after "seen". Summaries are public.
func (p place) seen() string {
	switch {
	case p.id == "":
		return "by this monitor"
	case p.by != "":
		return p.by
	}
	return "by " + p.name
}

// condition is a condition and where it was found.
type condition struct {
	finding.Finding
	at string
	// over tells, if it is not nil, that what the monitor's own way shows has ended it,
	// whether the place was reached or not.
	over func(r *round) bool
}

// round is one round of monitoring.
type round struct {
	*Vantage
	configuration string // its SHA-256
	head          client.Head
	down          bool // the directory gave no head on the monitor's own way
	export        []byte
	fresh         *checkpoint.Signed // the checkpoint on the monitor's own way
	conditions    []condition
	// reached are the places, by id, at which something was compared, or of which
	// somebody is told at once that it was not.
	reached map[string]bool

	headsByRoute, headsByPeer, checkpointsByRoute, checkpointsByPeer int
}

// run contacts everybody.
func (r *round) run(ctx context.Context) {
	r.ownHeads(ctx)
	r.ownCheckpoint(ctx)
	for _, w := range r.routes {
		r.route(ctx, w)
	}
	for peers := r.peers; len(peers) > 0; {
		some := peers[:min(len(peers), atATime)]
		peers = peers[len(some):]
		for i, a := range ask(ctx, some, r.configuration) {
			r.peer(ctx, some[i], a)
		}
	}
}

// route compares what is shown by another way.
func (r *round) route(ctx context.Context, w *openRoute) {
	if !r.memory.proven(ruleFork, w.place) {
		result, err := r.cfg.Client.CompareRoute(ctx, client.Route{URL: w.url, HTTP: w.http})
		if r.compare(w.place, result, err) {
			r.headsByRoute++
		}
	}
	if r.policy == nil || r.memory.proven(ruleInconsistency, w.place) {
		return
	}
	signed, err := r.readCheckpoint(ctx, w.log)
	if err != nil {
		r.trouble(w.place, err)
		return
	}
	if r.compareCheckpoint(ctx, w.place, signed, w.log) {
		r.checkpointsByRoute++
	}
}

// peer compares what a peer answered.
func (r *round) peer(ctx context.Context, p *peer, a answer) {
	switch {
	case a.err != nil:
		r.trouble(p.place, a.err)
		return
	case a.document == nil:
		r.reached[p.id] = true // it does not monitor this directory
		return
	}
	if !r.memory.proven(ruleFork, p.place) {
		result, err := r.cfg.Client.CompareLog(ctx, a.document.Heads)
		if kind := client.KindOf(err); (kind == client.Undecided || kind == client.Usage) && !aboutOwnWay(err) {
			err = fmt.Errorf("%w: %w", errPeer, err)
		}
		if r.compare(p.place, result, err) {
			r.headsByPeer++
		}
	}
	if r.policy == nil || a.document.Checkpoint == "" || r.memory.proven(ruleInconsistency, p.place) {
		return
	}
	signed, err := r.policy.open([]byte(a.document.Checkpoint))
	if err != nil {
		r.trouble(p.place, fmt.Errorf("%w: its checkpoint: %w", errPeer, err))
		return
	}
	if r.compareCheckpoint(ctx, p.place, signed, r.own) {
		r.checkpointsByPeer++
	}
}

// end stores what is kept, and returns what the round came to.
func (r *round) end(ctx context.Context) finding.Round {
	if r.export != nil {
		document := &Document{
			Schema: DocumentSchema, ConfigurationSHA256: r.configuration, Heads: r.export,
			Checkpoint: r.memory.Checkpoint, ObservedAt: r.cfg.Now().UTC(),
		}
		if err := r.publish(document); err != nil {
			r.trouble(place{}, err)
		} else {
			r.memory.Heads = r.export
		}
	}
	if err := r.write(r.memory); err != nil {
		r.trouble(place{}, fmt.Errorf("storing what was compared: %w", err))
	}
	r.keepUnseen()
	if errors.Is(ctx.Err(), context.Canceled) {
		r.conditions = r.last
	}
	r.last = r.conditions
	out := finding.Round{Checked: r.checked(), Size: r.head.TreeSize, Total: r.head.TreeSize}
	for i := range r.conditions {
		out.Findings = append(out.Findings, r.conditions[i].Finding)
	}
	for i := range r.memory.Happened {
		out.Findings = append(out.Findings, r.memory.Happened[i].Finding(r.cfg.Name))
	}
	return out
}

// keepUnseen keeps the conditions of places that were not reached: nobody looked
// whether they are over. So it does on the monitor's own way: a directory could give
// another reason in each round, and none would last as long as it takes to be told of.
func (r *round) keepUnseen() {
	for _, c := range r.last {
		unseen := !r.reached[c.at] && (c.over == nil || !c.over(r))
		if unseen && (c.at != "" || r.down && c.After > 0) {
			r.add(c)
		}
	}
	slices.SortFunc(r.conditions, func(a, b condition) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject))
	})
}

// add adds a condition, unless the same is there.
func (r *round) add(c condition) {
	key := c.Key()
	if !slices.ContainsFunc(r.conditions, func(other condition) bool { return other.Key() == key }) {
		r.conditions = append(r.conditions, c)
	}
}

func (r *round) checked() string {
	parts := []string{fmt.Sprintf("the head of %d log entries on this monitor's own way", r.head.TreeSize)}
	if r.policy != nil && r.believed != nil {
		parts = append(parts, fmt.Sprintf("the checkpoint of %d", r.believed.Size))
	}
	parts = append(parts, fmt.Sprintf("heads by %d of %d routes and of %d of %d peers", r.headsByRoute, len(r.routes), r.headsByPeer, len(r.peers)))
	if r.policy != nil {
		parts = append(parts, fmt.Sprintf("checkpoints by %d and of %d of them", r.checkpointsByRoute, r.checkpointsByPeer))
	}
	if n := r.known(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d of them are not compared any more, because what they show is proven to be another log", n))
	}
	return strings.Join(parts, "; ")
}

// known returns how many places were proven to show another log.
func (r *round) known() int {
	n := 0
	for _, w := range r.routes {
		if r.memory.proven(ruleFork, w.place) || r.memory.proven(ruleInconsistency, w.place) {
			n++
		}
	}
	for _, p := range r.peers {
		if r.memory.proven(ruleFork, p.place) || r.memory.proven(ruleInconsistency, p.place) {
			n++
		}
	}
	return n
}
