package logview

import (
	"fmt"
	"testing"
)

// TestCache fills a Cache beyond its size, and has it forget one of two logs.
func TestCache(t *testing.T) {
	c := NewCache()
	for i := range 20 {
		c.put(fmt.Sprintf("https://a.example/log/%d", i), make([]byte, 4<<20))
		c.put(fmt.Sprintf("https://b.example/log/%d", i), []byte{byte(i)})
		c.put(fmt.Sprintf("https://b.example/log/%d", i), []byte{99}) // it does not change
	}
	if c.bytes > maxCached || len(c.items) != c.order.Len() {
		t.Errorf("%d bytes, %d items, %d in order", c.bytes, len(c.items), c.order.Len())
	}
	if _, ok := c.get("https://a.example/log/0"); ok {
		t.Error("what was used last was forgotten later than what was not")
	}
	if data, ok := c.get("https://b.example/log/19"); !ok || data[0] != 19 {
		t.Errorf("%v", data)
	}
	c.forget("https://a.example/log/")
	if _, ok := c.get("https://a.example/log/19"); ok {
		t.Error("it was not forgotten")
	}
	if data, ok := c.get("https://b.example/log/19"); !ok || data[0] != 19 {
		t.Error("another log was forgotten")
	}
	c.forget("")
	if c.bytes != 0 || len(c.items) != 0 || c.order.Len() != 0 {
		t.Errorf("%d bytes are left", c.bytes)
	}
}
