package publisher

import (
	"errors"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// troubleSigning is what the trouble with signing checkpoints is about, the
// replica's included; other trouble is about the witness of that name.
const troubleSigning = "signing checkpoints"

// trouble is something that does not work at present.
type trouble struct {
	err   error
	since time.Time
}

// setTrouble takes note of what is wrong, or no longer wrong if err is nil, and
// logs the change. Trouble of the same kind whose text is another is no change.
func (p *Publisher) setTrouble(about string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, had := p.trouble[about]
	switch {
	case err == nil && had:
		delete(p.trouble, about)
		p.cfg.Logger.Info("checkpoints: works again", "about", about, "after", time.Since(old.since).Round(time.Second))
		return
	case err == nil:
		return
	case had && troubleKind(old.err) == troubleKind(err):
		p.cfg.Logger.Debug("checkpoints: still trouble", "about", about, "err", err)
	default:
		p.cfg.Logger.Warn("checkpoints: trouble", "about", about, "err", err)
	}
	if !had {
		old.since = time.Now()
	}
	p.trouble[about] = trouble{err, old.since}
}

// troubleKind returns the one of a few errors that err wraps; nil stands for all
// others.
func troubleKind(err error) error {
	for _, kind := range []error{ErrHistory, ErrMismatch, errAhead, checkpoint.ErrCosignature} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	if status := statusError(0); errors.As(err, &status) {
		return status
	}
	return nil
}

// Status is how publishing goes.
type Status struct {
	// Origin and VerifierKey identify the log in checkpoints.
	Origin      string
	VerifierKey string

	// Signed is the last checkpoint that was signed, with the cosignatures so
	// far, and Served the one that is served; nil if there is none.
	Signed, Served *checkpoint.Signed

	// Policy is the directory's, Quorum its quorum by name, and QuorumMissingSince when the first
	// checkpoint was signed that is newer than the last one with a quorum; zero if
	// the last one signed has a quorum.
	Quorum             string
	Policy             *checkpoint.Policy
	QuorumMissingSince time.Time

	// SigningErr is why no checkpoints are signed at present, nil if they are.
	SigningErr error

	Witnesses []WitnessStatus

	// ReplicaSize is how many entries the replica has, nil without a replica and
	// as long as it has not said.
	ReplicaSize *uint64

	// History has the last checkpoints that were signed, the newest first: at most 32,
	// and of those before the program started only the last.
	History []Published
}

// maxHistory is how many checkpoints are remembered.
const maxHistory = 32

// Published is a checkpoint, and how it was published.
type Published struct {
	*checkpoint.Signed // with the cosignatures so far
	// SignedAt is when it was signed, zero if that was before the program started, and
	// QuorumAt when it got the quorum, zero if that is not known or it has none.
	SignedAt, QuorumAt time.Time
}

// WitnessStatus is how one witness does.
type WitnessStatus struct {
	// Name is what the policy calls it.
	Name string
	// Size is that of the last checkpoint that it cosigned since the program
	// started, 0 for none, and Time when.
	Size uint64
	Time time.Time
	// Err is what is wrong at present, and Since when that began.
	Err   error
	Since time.Time
}

// Status returns how publishing goes.
func (p *Publisher) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{
		Origin: p.cfg.Signer.Origin(), VerifierKey: p.cfg.Signer.VerifierKey(), Served: p.served.Load(),
		Quorum: p.cfg.Policy.Quorum(), Policy: p.cfg.Policy, QuorumMissingSince: p.missing, SigningErr: p.trouble[troubleSigning].err,
		ReplicaSize: p.replica,
	}
	if p.round != nil {
		s.Signed = p.round.signed
	}
	for _, r := range slices.Backward(p.recent) {
		h := Published{Signed: r.signed, QuorumAt: r.quorumTime}
		if !r.resumed {
			h.SignedAt = r.began
		}
		s.History = append(s.History, h)
	}
	for _, w := range p.witnesses {
		t := p.trouble[w.Name]
		s.Witnesses = append(s.Witnesses, WitnessStatus{Name: w.Name, Size: w.cosigned, Time: w.cosignedTime, Err: t.err, Since: t.since})
	}
	return s
}
