package publisher

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// cosigned adds a witness's cosignature, out of its answer about the checkpoint of
// a round, which need not be the current one.
func (p *Publisher) cosigned(ctx context.Context, w *witness, r *round, lines []byte) error {
	signed, err := p.addCosignature(w, r, lines)
	if err != nil {
		return err
	}
	return p.serve(ctx, signed)
}

func (p *Publisher) addCosignature(w *witness, r *round, lines []byte) (*checkpoint.Signed, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	note, err := w.AddCosignature(r.signed.Note, lines)
	if err != nil {
		return nil, err
	}
	signed, err := p.cfg.Policy.Open(note)
	if err != nil {
		return nil, err
	}
	if r.signed.Witnessed() != nil && signed.Witnessed() == nil {
		close(r.quorate)
		r.quorumTime = time.Now()
		p.missing = time.Time{}
		if p.round.signed.Witnessed() != nil && p.round != r {
			p.missing = p.round.began // the quorum came late
		}
	}
	r.signed = signed
	w.cosigned, w.cosignedTime = r.checkpoint.Size, time.Now()
	return signed, nil
}

// serve makes a checkpoint the served one, durably, if it is better.
func (p *Publisher) serve(ctx context.Context, signed *checkpoint.Signed) error {
	p.storing.Lock()
	defer p.storing.Unlock()
	if better(p.served.Load(), signed) != signed {
		return nil
	}
	if len(signed.Cosignatures) > 0 { // otherwise it is stored as the signed one
		if err := p.cfg.Directory.SetCheckpoint(ctx, directory.CheckpointServed, signed.Note); err != nil {
			return fmt.Errorf("storing the cosigned checkpoint: %w", err)
		}
	}
	p.served.Store(signed)
	return nil
}

// better returns the one of two checkpoints to serve, a if they are equally good;
// either may be nil. One with a quorum comes before one without, then the newer
// one, then the one with more cosignatures.
func better(a, b *checkpoint.Signed) *checkpoint.Signed {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	c := cmp.Or(
		compareBool(a.Witnessed() == nil, b.Witnessed() == nil),
		cmp.Compare(a.Size, b.Size),
		cmp.Compare(len(a.Cosignatures), len(b.Cosignatures)),
	)
	if c < 0 {
		return b
	}
	return a
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Checkpoint returns the signed checkpoint to serve, nil if there is none yet.
func (p *Publisher) Checkpoint() []byte {
	if s := p.served.Load(); s != nil {
		return s.Note
	}
	return nil
}
