package alert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// cursor is the record of how far a sink has come, in the database and in a file
// besides. Sinks deliver in order, so that one number says it all.
type cursor struct {
	Sink      string `json:"sink"`
	Delivered uint64 `json:"delivered"` // the number of the last alert
}

// queue is a sink and where it is.
type queue struct {
	sink  Sink
	filed atomic.Uint64 // the number of the last alert that can be delivered
	done  atomic.Uint64 // the number of the last alert that was
	more  chan struct{} // a token says that filed has grown

	deliver sync.Mutex // serialises deliveries; guards stored
	stored  uint64     // the value of done that is durable
}

func newQueue(s Sink) *queue { return &queue{sink: s, more: make(chan struct{}, 1)} }

func (q *queue) wake() {
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// waiting returns how many alerts the sink has not delivered.
func (q *queue) waiting() uint64 {
	done, filed := q.done.Load(), q.filed.Load()
	return max(filed, done) - done
}

// openQueues reads how far the sinks have come. A sink that is new begins with the
// next alert, one that is gone is forgotten.
func (l *Ledger) openQueues(r *repair) error {
	if err := l.forgetSinks(); err != nil {
		return err
	}
	last, err := l.store.last()
	if err != nil {
		return err
	}
	for _, q := range l.queues {
		at, err := l.openCursor(q.sink.Name(), last, r)
		if err != nil {
			return err
		}
		q.done.Store(at)
		if err := l.storeCursor(q.sink.Name(), at); err != nil {
			return err
		}
		q.stored = at
		l.cfg.Metrics.watch(q)
	}
	return nil
}

// openCursor returns the number of the last alert that a sink has delivered.
func (l *Ledger) openCursor(sink string, last uint64, r *repair) (uint64, error) {
	var stored, kept cursor
	known, err := l.store.getJSON("s"+sink, &stored)
	if err != nil {
		return 0, err
	}
	err = l.folder.readJSON(deliveredName(sink), &kept)
	missing := errors.Is(err, fs.ErrNotExist)
	if err == nil && (kept.Sink != sink || kept.Delivered > last) {
		err = errDamaged
	}
	if err != nil && !missing {
		aside, err := l.folder.aside(deliveredName(sink))
		if err != nil {
			return 0, err
		}
		r.say(aside, fmt.Sprintf("what says how far the sink %q has come was damaged, and was written again", sink), diskHint)
		kept.Delivered = 0
	}
	switch {
	case known, err == nil:
		// The file is written last: if it is ahead, the database has lost something.
		return max(min(stored.Delivered, last), kept.Delivered), nil
	case !r.rebuilt && missing:
		l.cfg.Logger.Info("a new sink gets the alerts that are raised from now on", "sink", sink)
		return last, nil
	}
	// Nobody knows: better twice, by the same IDs, than never.
	return 0, nil
}

// forgetSinks forgets the sinks that the configuration does not name.
func (l *Ledger) forgetSinks() error {
	known := make(map[string]bool)
	for _, q := range l.queues {
		known[q.sink.Name()] = true
	}
	b := l.store.db.NewBatch()
	err := l.store.scan("s", func(sink string, value []byte) error {
		if known[sink] {
			return nil
		}
		l.cfg.Logger.Warn("a sink is not configured any more; what waited for it is dropped", "sink", sink)
		return b.Delete([]byte("s"+sink), nil)
	})
	if err == nil {
		err = l.forgetMarks(known)
	}
	return l.store.commit(b, err)
}

func (l *Ledger) forgetMarks(known map[string]bool) error {
	entries, err := os.ReadDir(l.folder.path(deliveredFolder))
	if err != nil {
		return err
	}
	for _, e := range entries {
		sink, isMark := strings.CutSuffix(e.Name(), jsonSuffix)
		if !isMark || known[sink] || !sinkName.MatchString(sink) {
			continue
		}
		if err := os.Remove(l.folder.path(deliveredName(sink))); err != nil {
			return err
		}
	}
	return l.folder.syncDir(deliveredFolder)
}

// storeCursor makes durable how far a sink has come.
func (l *Ledger) storeCursor(sink string, at uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.store.ready(); err != nil {
		return err
	}
	c := &cursor{sink, at}
	b := l.store.db.NewBatch()
	if err := l.store.commit(b, setJSON(b, "s"+sink, c)); err != nil {
		return err
	}
	if err := l.cfg.fail("cursor"); err != nil {
		return err
	}
	return l.folder.replace(deliveredName(sink), encode(c))
}

// next returns the alert that a sink has to deliver next, nil if there is none.
func (l *Ledger) next(q *queue) (*Alert, error) {
	if q.waiting() == 0 {
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.store.ready(); err != nil {
		return nil, err
	}
	var out *Alert
	from := "a" + string(formatNumber(q.done.Load()+1))
	err := l.store.scanFrom(from, "a", func(_ string, value []byte) (err error) {
		if out, err = Parse(value); err == nil {
			err = errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if out != nil && out.Number > q.filed.Load() {
		out = nil
	}
	return out, err
}

// errEnough ends a scan.
var errEnough = errors.New("enough")

// one delivers one alert. It returns false if there is none.
func (l *Ledger) one(ctx context.Context, q *queue) (bool, error) {
	q.deliver.Lock()
	defer q.deliver.Unlock()
	name := q.sink.Name()
	// What was delivered, and could not be written down, is not delivered again.
	if done := q.done.Load(); done != q.stored {
		if err := l.storeCursor(name, done); err != nil {
			return false, err
		}
		q.stored = done
	}
	a, err := l.next(q)
	if err != nil || a == nil {
		return false, err
	}
	attempt, cancel := context.WithTimeout(ctx, l.cfg.DeliveryTimeout)
	defer cancel()
	err = q.sink.Deliver(attempt, a)
	l.cfg.Metrics.delivered(name, err)
	if err != nil {
		return false, fmt.Errorf("delivering %s: %w", a.ID, err)
	}
	if err := l.cfg.fail("delivered"); err != nil {
		return false, err
	}
	q.done.Store(a.Number)
	if err := l.storeCursor(name, a.Number); err != nil {
		return false, err
	}
	q.stored = a.Number
	l.cfg.Logger.Info("delivered", "id", a.ID, "sink", name)
	return true, nil
}

// Run delivers alerts until the context ends, each sink in its own time: in order,
// and again and again what fails. It returns nil.
func (l *Ledger) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, q := range l.queues {
		all.Go(func() { l.serve(ctx, q) })
	}
	all.Wait()
	return nil
}

func (l *Ledger) serve(ctx context.Context, q *queue) {
	for failures := 0; ctx.Err() == nil; {
		ok, err := l.one(ctx, q)
		switch {
		case ok:
			failures = 0
			continue
		case err == nil:
			select {
			case <-q.more:
			case <-ctx.Done():
			}
			continue
		case ctx.Err() != nil:
			return
		}
		delay := l.backoff(failures)
		failures++
		l.cfg.Logger.Warn("not delivered", "sink", q.sink.Name(), "err", err, "again_in", delay.Round(time.Millisecond), "waiting", q.waiting())
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
	}
}

// backoff returns how long to wait after a number of earlier failures.
func (l *Ledger) backoff(failures int) time.Duration {
	delay := l.cfg.FirstDelay << min(failures, 20)
	if delay <= 0 || delay > l.cfg.MaxDelay {
		delay = l.cfg.MaxDelay
	}
	return delay - rand.N(delay/4+1)
}

// Flush delivers what waits until each sink has nothing or has failed once, and
// returns the errors. What is left is delivered by a later call, or by Run.
func (l *Ledger) Flush(ctx context.Context) error {
	errs := make([]error, len(l.queues))
	var all sync.WaitGroup
	for i, q := range l.queues {
		all.Go(func() {
			for ok := true; ok && errs[i] == nil; {
				ok, errs[i] = l.one(ctx, q)
			}
			if errs[i] != nil {
				errs[i] = fmt.Errorf("sink %s: %w; %d alerts wait", q.sink.Name(), errs[i], q.waiting())
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Waiting returns how many alerts each sink has not delivered yet.
func (l *Ledger) Waiting() map[string]uint64 {
	out := make(map[string]uint64)
	for _, q := range l.queues {
		out[q.sink.Name()] = q.waiting()
	}
	return out
}
