package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
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

// events tells listeners of news. The Source is asked as long as somebody listens, by
// one goroutine for all.
type events struct {
	view *View

	mu        sync.Mutex
	listeners map[chan string]bool
	stop      context.CancelFunc // of the goroutine that asks; nil if there is none
	last      map[string]string  // the newest of each event, as sent
	ended     bool
	done      chan struct{} // closed with ended
}

func newEvents(v *View) *events {
	return &events{view: v, listeners: make(map[chan string]bool), done: make(chan struct{})}
}

func (e *events) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.ended = true
	close(e.done)
	if e.stop != nil {
		e.stop()
	}
}

// listen returns a channel with the events to come, beginning with the present state;
// nil if no more may listen.
func (e *events) listen() chan string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended || len(e.listeners) >= e.view.cfg.MaxStreams {
		return nil
	}
	ch := make(chan string, 8)
	e.listeners[ch] = true
	if e.stop == nil {
		ctx, cancel := context.WithCancel(context.Background())
		e.stop, e.last = cancel, make(map[string]string)
		go e.watch(ctx)
	}
	for _, event := range e.last {
		ch <- event
	}
	return ch
}

func (e *events) leave(ch chan string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, ch)
	if len(e.listeners) == 0 && e.stop != nil {
		e.stop()
		e.stop = nil
	}
}

// watch asks the Source until ctx ends.
func (e *events) watch(ctx context.Context) {
	tick := time.NewTicker(e.view.cfg.Poll)
	defer tick.Stop()
	for {
		e.ask(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// ask tells what has changed. What cannot be had is asked for again.
func (e *events) ask(ctx context.Context) {
	source := e.view.cfg.Source
	if head, err := source.Head(ctx); err == nil {
		e.tell("head", headEvent{head.Size, head.Time, head.PublicRoot.String()})
	}
	p, err := source.Publication(ctx)
	if err != nil || p == nil || p.Served == nil {
		return
	}
	event := checkpointEvent{TreeSize: p.Served.Size, QuorumMet: p.Served.Witnessed() == nil, CosignedBy: []string{}}
	for _, c := range p.Served.Cosignatures {
		event.CosignedBy = append(event.CosignedBy, c.Witness)
	}
	e.tell("checkpoint", event)
}

// tell sends an event to all, unless it is the last one once more. A listener that does
// not keep up misses it.
func (e *events) tell(name string, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		panic("audit: an event has no encoding: " + err.Error())
	}
	text := fmt.Sprintf("event: %s\ndata: %s\n\n", name, encoded)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last[name] == text {
		return
	}
	e.last[name] = text
	for ch := range e.listeners {
		select {
		case ch <- text:
		default:
		}
	}
}

// keepAlive is how often something is sent, so that nothing on the way takes a stream
// for dead; and writeTime how long a listener may take to receive it.
const (
	keepAlive = 15 * time.Second
	writeTime = 10 * time.Second
)

func (v *View) serveEvents(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead {
		return errNoPage
	}
	ch := v.events.listen()
	if ch == nil {
		return errBusy
	}
	defer v.events.leave(ch)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Time{}) // not every ResponseWriter has deadlines
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	text := "retry: 5000\n\n"
	for {
		_ = conn.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := w.Write([]byte(text)); err != nil {
			return nil
		}
		if err := conn.Flush(); err != nil {
			return nil
		}
		select {
		case text = <-ch:
		case <-tick.C:
			text = ": still here\n\n"
		case <-v.events.done:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}
