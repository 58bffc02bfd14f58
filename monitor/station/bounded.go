package station

import (
	"net"
	"sync"
)

// maxConnections is how many connections the web server has at a time. Each takes some
// 20 KB and a file: whoever opens more must not keep the monitor itself from working.
const maxConnections = 512

// bounded is a listener that closes connections at once of which there are too many.
type bounded struct {
	net.Listener
	slots chan struct{}
}

func newBounded(l net.Listener, connections int) *bounded {
	return &bounded{l, make(chan struct{}, connections)}
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case b.slots <- struct{}{}:
			return &boundedConn{c, sync.OnceFunc(func() { <-b.slots })}, nil
		default:
			_ = c.Close() // whoever asked sees it
		}
	}
}

// boundedConn is a connection that leaves its place when it is closed.
type boundedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
