package prefixtree

import (
	"container/list"
	"sync"
)

// A view is a page or bucket as of the log entry that last changed it.
type view interface {
	size() int // bytes of memory
}

// A viewKey names a view. What a committed log entry made of a page or bucket
// never changes again, so a view can be wrong for no reader and there is
// nothing to invalidate: a later change is a view of another name, and a reader
// learns the name that it needs from the page above, in its own snapshot.
type viewKey struct {
	path  path
	entry uint64
}

// viewOverhead is what a view costs besides its own size, in bytes: the list
// element, the cached struct, and the map entry at a typical load.
const viewOverhead = 56 + 80 + 144

const cacheShards = 16

// A Cache keeps decoded pages and buckets of one Tree in memory, the least
// recently used going first. It is safe for concurrent use. A nil Cache keeps
// nothing. Correctness does not depend on it.
type Cache struct {
	shards [cacheShards]cacheShard
}

type cacheShard struct {
	mu    sync.Mutex
	limit int
	used  int
	views map[viewKey]*list.Element
	order list.List // most recently used first
}

type cached struct {
	key  viewKey
	view view
	size int
}

// NewCache returns a Cache that holds at most the given number of bytes. The
// count includes the overhead of the cache's own structures, but not what the
// garbage collector leaves unused: the heap may be up to twice as large with
// the default GOGC.
func NewCache(bytes int) *Cache {
	c := new(Cache)
	for i := range c.shards {
		c.shards[i].limit = bytes / cacheShards
		c.shards[i].views = make(map[viewKey]*list.Element)
	}
	return c
}

// Bytes returns the number of bytes in use.
func (c *Cache) Bytes() int {
	if c == nil {
		return 0
	}
	n := 0
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		n += s.used
		s.mu.Unlock()
	}
	return n
}

func (c *Cache) shard(k *viewKey) *cacheShard {
	h := uint64(k.path.n) + k.entry
	for _, b := range k.path.bits[:4] {
		h = h*31 + uint64(b)
	}
	return &c.shards[h*0x9e3779b97f4a7c15>>32%cacheShards]
}

// get returns the view of the page or bucket at p that the entry made, nil if
// it is not in the cache.
func (c *Cache) get(p path, entry uint64) view {
	if c == nil {
		return nil
	}
	k := viewKey{p, entry}
	s := c.shard(&k)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.views[k]
	if !ok {
		return nil
	}
	s.order.MoveToFront(e)
	return e.Value.(*cached).view
}

// put adds a view of committed records.
func (c *Cache) put(p path, entry uint64, v view) {
	if c == nil {
		return
	}
	k := viewKey{p, entry}
	s := c.shard(&k)
	n := v.size() + viewOverhead
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.views[k]; ok || n > s.limit {
		return
	}
	s.views[k] = s.order.PushFront(&cached{k, v, n})
	for s.used += n; s.used > s.limit; {
		s.evict(s.order.Back())
	}
}

// evict removes a view, if e is not nil.
func (s *cacheShard) evict(e *list.Element) {
	if e == nil {
		return
	}
	c := s.order.Remove(e).(*cached)
	delete(s.views, c.key)
	s.used -= c.size
}

// age makes a view, which a later log entry has replaced, the next to go.
func (c *Cache) age(p path, entry uint64) {
	if c == nil {
		return
	}
	k := viewKey{p, entry}
	s := c.shard(&k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.views[k]; ok {
		s.order.MoveToBack(e)
	}
}
