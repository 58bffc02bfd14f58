package sink

import (
	"context"
	"io"
	"sync"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
)

// Stdout writes each alert as one line of JSON, private form.
type Stdout struct {
	name string
	mu   sync.Mutex
	w    io.Writer
}

// NewStdout returns a sink that writes to w.
func NewStdout(name string, w io.Writer) *Stdout { return &Stdout{name: name, w: w} }

// Name implements alert.Sink.
func (s *Stdout) Name() string { return s.name }

// Deliver implements alert.Sink. It takes as long as the writer does.
func (s *Stdout) Deliver(_ context.Context, a *alert.Alert) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.w.Write(append(a.Line(), '\n'))
	return err
}
