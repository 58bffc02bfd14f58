package operator

import (
	"context"
	"sync"
)

// labels lets one update of a label at a time go on. The zero value is usable.
type labels struct {
	mu   sync.Mutex
	held map[string]*turn
}

// turn is what those wait for who want to update one label.
type turn struct {
	free  chan struct{} // has room for one: whoever puts something in has the turn
	users int           // who has it or waits
}

// lock waits until no other update of the label is under way, and returns what
// ends this one. The error is that of ctx.
func (l *labels) lock(ctx context.Context, label []byte) (unlock func(), err error) {
	name := string(label)
	l.mu.Lock()
	if l.held == nil {
		l.held = make(map[string]*turn)
	}
	t := l.held[name]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		l.held[name] = t
	}
	t.users++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(l.held, name)
		}
	}
	select {
	case t.free <- struct{}{}:
		return func() { <-t.free; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
