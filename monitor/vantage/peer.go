package vantage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// peer is another monitor.
type peer struct {
	place
	source *monitor.HTTPSource
}

func openPeer(number int, base string, cfg *Config) (*peer, error) {
	once := cfg.HTTP
	once.Retries = -1 // it is asked again in the next round
	source, err := monitor.NewHTTPSource(base, once)
	if err != nil {
		return nil, err
	}
	return &peer{place{name: fmt.Sprintf("peer %d", number), id: finding.Subject("peer", base), detail: base}, source}, nil
}

// atATime is how many peers are asked at a time: their answers are in memory together.
const atATime = 4

// errPeer is wrapped by the errors of what a peer sent.
var errPeer = errors.New("what the peer answered is of no use")

// answer is what a peer answered. Both are nil if it does not monitor the directory.
type answer struct {
	document *Document
	err      error
}

// ask asks some peers for a Document of one directory.
func ask(ctx context.Context, peers []*peer, configuration string) []answer {
	answers := make([]answer, len(peers))
	var all sync.WaitGroup
	for i, p := range peers {
		all.Go(func() { answers[i].document, answers[i].err = p.ask(ctx, configuration) })
	}
	all.Wait()
	return answers
}

func (p *peer) ask(ctx context.Context, configuration string) (*Document, error) {
	var data []byte
	err := p.source.Read(ctx, GossipPath[1:]+configuration, func(r io.Reader) (err error) {
		data, err = io.ReadAll(io.LimitReader(r, MaxDocumentSize+1))
		return err
	})
	switch {
	case errors.Is(err, monitor.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	d, err := ParseDocument(data)
	if err == nil && d.ConfigurationSHA256 != configuration {
		err = errors.New("it is of another directory than was asked for")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPeer, err)
	}
	return d, nil
}
