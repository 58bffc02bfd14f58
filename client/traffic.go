package client

import "sync/atomic"

// Stats is what an operation cost: the requests to the directory, repeated ones
// too, and the bytes of their bodies. What HTTP and TLS add, and what is read of the
// public log, is not in it.
type Stats struct {
	Requests      int64 `json:"requests"`
	BytesSent     int64 `json:"bytes_sent"`
	BytesReceived int64 `json:"bytes_received"`
}

// traffic counts what goes through a transport.
type traffic struct {
	requests, bytesSent, bytesReceived atomic.Int64
}

func (t *traffic) sent(body int) {
	t.requests.Add(1)
	t.bytesSent.Add(int64(body))
}

func (t *traffic) received(body int) { t.bytesReceived.Add(int64(body)) }

func (t *traffic) stats() Stats {
	return Stats{t.requests.Load(), t.bytesSent.Load(), t.bytesReceived.Load()}
}
