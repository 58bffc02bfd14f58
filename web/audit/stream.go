package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Stream sends server-sent events to everybody who listens. It is safe for concurrent
// use.
type Stream struct {
	most      int
	watch     func(context.Context) // runs as long as somebody listens; may be nil
	keepAlive time.Duration

	mu        sync.Mutex
	listeners map[chan string]bool
	stop      context.CancelFunc // of watch; nil if it does not run
	last      map[string]string  // the newest of each event and subject, as sent
	ended     bool
	done      chan struct{} // closed with ended
}

// NewStream returns a Stream for at most so many listeners.
func NewStream(listeners int) *Stream {
	return &Stream{most: listeners, keepAlive: keepAlive, listeners: make(map[chan string]bool), last: make(map[string]string), done: make(chan struct{})}
}

// End ends all streams, and refuses new ones. It is for servers that shut down:
// http.Server.Shutdown waits for streams.
func (e *Stream) End() {
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
func (e *Stream) listen() chan string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended || len(e.listeners) >= e.most {
		return nil
	}
	if e.watch != nil && e.stop == nil {
		ctx, cancel := context.WithCancel(context.Background())
		e.stop, e.last = cancel, make(map[string]string)
		go e.watch(ctx)
	}
	ch := make(chan string, len(e.last)+8)
	e.listeners[ch] = true
	for _, event := range e.last {
		ch <- event
	}
	return ch
}

func (e *Stream) leave(ch chan string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, ch)
	if len(e.listeners) == 0 && e.stop != nil {
		e.stop()
		e.stop = nil
	}
}

// Tell sends what the state of a subject is now, unless it is what was told last. Whoever
// begins to listen is told the last state of each subject. The data is encoded as JSON.
func (e *Stream) Tell(name, subject string, data any) {
	e.tell(context.Background(), name, subject, data)
}

// tell is Tell for a watch, which must not tell anything after it was stopped: another one
// may have told what is newer.
func (e *Stream) tell(ctx context.Context, name, subject string, data any) {
	text, key := encodeEvent(name, data), name+"\n"+subject
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() != nil || e.last[key] == text {
		return
	}
	e.last[key] = text
	e.send(text)
}

// Send sends news, to those who listen now.
func (e *Stream) Send(name string, data any) {
	text := encodeEvent(name, data)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.send(text)
}

// send sends an event to all. A listener that does not keep up misses it.
func (e *Stream) send(text string) {
	for ch := range e.listeners {
		select {
		case ch <- text:
		default:
		}
	}
}

func encodeEvent(name string, data any) string {
	encoded, err := json.Marshal(data)
	if err != nil {
		panic("audit: an event has no encoding: " + err.Error())
	}
	return fmt.Sprintf("event: %s\ndata: %s\n\n", name, encoded)
}

// keepAlive is how often something is sent, so that nothing on the way takes a stream
// for dead; and writeTime how long a listener may take to receive it.
const (
	keepAlive = 15 * time.Second
	writeTime = 10 * time.Second
)

// ServeHTTP implements http.Handler. If too many listen it answers 503.
func (e *Stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.serve(w, r) {
		return
	}
	w.Header().Set("Retry-After", "5")
	http.Error(w, "too many listen to events at this moment", http.StatusServiceUnavailable)
}

// serve sends events until the listener leaves. It returns false if no more may listen.
func (e *Stream) serve(w http.ResponseWriter, r *http.Request) bool {
	ch := e.listen()
	if ch == nil {
		return false
	}
	defer e.leave(ch)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Time{}) // not every ResponseWriter has deadlines
	tick := time.NewTicker(e.keepAlive)
	defer tick.Stop()
	text := "retry: 5000\n\n"
	for {
		_ = conn.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := w.Write([]byte(text)); err != nil {
			return true
		}
		if err := conn.Flush(); err != nil {
			return true
		}
		select {
		case text = <-ch:
		case <-tick.C:
			text = ": still here\n\n"
		case <-e.done:
			return true
		case <-r.Context().Done():
			return true
		}
	}
}
