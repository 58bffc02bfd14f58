package audit

import (
	"context"
	"net/http"
	"time"
)

// headEvent is the data of the event "head".
type headEvent struct {
	TreeSize    uint64 `json:"tree_size"`
	TimestampMS uint64 `json:"timestamp_ms"`
	Root        string `json:"root"` // of the RFC 6962 tree, in hexadecimal
}

// checkpointEvent is the data of the event "checkpoint", of the one that is served.
type checkpointEvent struct {
	TreeSize   uint64   `json:"tree_size"`
	QuorumMet  bool     `json:"quorum_met"`
	CosignedBy []string `json:"cosigned_by"`
}

// newEvents returns the stream of a view. The Source is asked as long as somebody
// listens, by one goroutine for all.
func newEvents(v *View) *Stream {
	events := NewStream(v.cfg.MaxStreams)
	events.watch = v.watchSource
	return events
}

// watchSource asks the Source until ctx ends.
func (v *View) watchSource(ctx context.Context) {
	tick := time.NewTicker(v.cfg.Poll)
	defer tick.Stop()
	for {
		v.askSource(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// askSource tells what has changed. What cannot be had is asked for again.
func (v *View) askSource(ctx context.Context) {
	if head, err := v.cfg.Source.Head(ctx); err == nil {
		v.events.tell(ctx, "head", "", headEvent{head.Size, head.Time, head.PublicRoot.String()})
	}
	p, err := v.cfg.Source.Publication(ctx)
	if err != nil || p == nil || p.Served == nil {
		return
	}
	event := checkpointEvent{TreeSize: p.Served.Size, QuorumMet: p.Served.Witnessed() == nil, CosignedBy: []string{}}
	for _, c := range p.Served.Cosignatures {
		event.CosignedBy = append(event.CosignedBy, c.Witness)
	}
	v.events.tell(ctx, "checkpoint", "", event)
}

func (v *View) serveEvents(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead {
		return errNoPage
	}
	if !v.events.serve(w, r) {
		return errBusy
	}
	return nil
}
