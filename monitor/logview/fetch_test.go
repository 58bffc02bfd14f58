package logview

import (
	"testing"
	"time"
)

// TestForget forgets what is of one of two logs.
func TestForget(t *testing.T) {
	c := NewCache()
	c.put("https://a.example/log/x", make([]byte, 10))
	c.put("https://b.example/log/x", make([]byte, 20))
	c.forget("https://a.example/log/")
	if _, ok := c.get("https://a.example/log/x"); ok {
		t.Error("it was not forgotten")
	}
	if _, ok := c.get("https://b.example/log/x"); !ok || c.bytes != 20 || c.order.Len() != 1 {
		t.Errorf("%d bytes, %d in order", c.bytes, c.order.Len())
	}
}

// TestVisitorLeaves has the visitor leave for whom a newer head is looked for: others are
// shown it all the same.
func TestVisitorLeaves(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	before, err := s.Head(t.Context())
	fatalIfErr(t, err)
	w.dir.Tick(3, time.Minute)
	age(s)
	_, _ = s.Head(ended(t))
	after, err := s.Head(t.Context())
	if err != nil || after.Size != before.Size+3 {
		t.Errorf("%d entries, then %d, %v", before.Size, after.Size, err)
	}
}
