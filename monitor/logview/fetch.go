package logview

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor"
)

const (
	maxItem     = 8 << 20  // bytes of one resource
	maxCached   = 64 << 20 // bytes that are remembered
	maxRequests = 16       // at a time, all directories together
	maxOfOne    = 4        // at a time, of one directory
	// rest is how long a directory is not asked that did not answer.
	rest = 5 * time.Second
)

var (
	errTooLarge    = errors.New("more than 8 MiB")
	errNotAnswered = errors.New("the directory did not answer a moment ago")
)

// Cache remembers what never changes of logs, and bounds how many requests there are at a
// time. It is safe for concurrent use.
type Cache struct {
	requests chan struct{}

	mu    sync.Mutex
	items map[string]*list.Element
	order *list.List // of item, the one used last in front
	bytes int
}

type item struct {
	url  string
	data []byte
}

// NewCache returns a Cache of 64 MiB.
func NewCache() *Cache {
	return &Cache{requests: make(chan struct{}, maxRequests), items: make(map[string]*list.Element), order: list.New()}
}

func (c *Cache) get(url string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.items[url]
	if e == nil {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(item).data, true
}

func (c *Cache) put(url string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items[url] != nil {
		return
	}
	c.items[url] = c.order.PushFront(item{url, data})
	for c.bytes += len(data); c.bytes > maxCached; {
		last := c.order.Back()
		old := c.order.Remove(last).(item)
		delete(c.items, old.url)
		c.bytes -= len(old.data)
	}
}

// forget forgets what belongs to the URLs that begin with prefix. What is remembered was
// not verified yet: an answer that was changed on the way must not stay.
func (c *Cache) forget(prefix string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for url, e := range c.items {
		if strings.HasPrefix(url, prefix) {
			c.bytes -= len(c.order.Remove(e).(item).data)
			delete(c.items, url)
		}
	}
}

// fetcher is a public log over HTTP, as a monitor.Source.
type fetcher struct {
	src     monitor.Source
	log     string
	cache   *Cache
	timeout time.Duration
	slots   chan struct{}

	mu      sync.Mutex
	resting time.Time // until then the directory is not asked
}

func newFetcher(cfg Config) (*fetcher, error) {
	src, err := monitor.NewHTTPSource(cfg.Log, monitor.HTTPConfig{
		Client: cfg.HTTP, UserAgent: cfg.UserAgent, Timeout: cfg.Timeout, Retries: -1, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	return &fetcher{src: src, log: cfg.Log, cache: cfg.Cache, timeout: cfg.Timeout, slots: make(chan struct{}, maxOfOne)}, nil
}

// Read implements monitor.Source. What f reads from can be sought in.
func (f *fetcher) Read(ctx context.Context, path string, use func(io.Reader) error) error {
	url := f.log + "/" + path
	forEver := strings.Contains(path, "/") // not so the checkpoint
	data, ok := f.cache.get(url)
	if !ok {
		var err error
		if data, err = f.fetch(ctx, path); err != nil {
			return err
		}
		if forEver {
			f.cache.put(url, data)
		}
	}
	return use(bytes.NewReader(data))
}

// fetch asks the directory, if it is not at rest and there is room.
func (f *fetcher) fetch(ctx context.Context, path string) ([]byte, error) {
	for _, room := range []chan struct{}{f.slots, f.cache.requests} {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if f.atRest() {
		return nil, errNotAnswered
	}
	limited, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	var data []byte
	err := f.src.Read(limited, path, func(r io.Reader) (err error) {
		data, err = io.ReadAll(io.LimitReader(r, maxItem+1))
		if err == nil && len(data) > maxItem {
			err = fmt.Errorf("%s: %w", path, errTooLarge)
		}
		return err
	})
	unanswered := monitor.NotReached(err) && !errors.Is(err, monitor.ErrNotFound) || limited.Err() != nil && ctx.Err() == nil
	if unanswered {
		f.mu.Lock()
		f.resting = time.Now().Add(rest)
		f.mu.Unlock()
		err = fmt.Errorf("%w: %w", errNotAnswered, err)
	}
	return data, err
}

func (f *fetcher) atRest() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Before(f.resting)
}
