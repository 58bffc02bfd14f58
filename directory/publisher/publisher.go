// Package publisher publishes the head of a directory's public log: it signs
// checkpoints, has witnesses cosign them, and knows which one to serve.
//
// A checkpoint is signed when the log has grown, at most once every
// Config.Interval, and at once if the last one is older than that. Before it
// leaves, it is durable in the directory's store, and none is signed that
// contradicts the one before: a log that signs two histories is dishonest,
// whatever the reason.
//
// Witnesses are asked in parallel. The next checkpoint waits until the quorum of
// the policy has cosigned the present one, or for Config.QuorumWait: if each
// witness had cosigned another one, none would ever have the quorum. The
// checkpoint served is the newest with a quorum; only a log that never had one
// serves the newest without.
//
// If there is a Replica, a checkpoint is signed only for a root that the replica
// has too. Once the two differ nothing is signed any more.
package publisher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// Config describes a Publisher. Fields without a default are required.
type Config struct {
	// Directory is the directory whose log is published.
	Directory *directory.Directory

	// Signer signs the checkpoints.
	Signer *checkpoint.Signer

	// Policy names the witnesses to ask, those with a URL, and the quorum. It
	// must know the log of Signer: see ParsePolicy. Default: no witnesses.
	Policy *checkpoint.Policy

	// Replica is another log that has to have the same entries. Default: none.
	Replica Replica

	// Interval is the least time between two checkpoints. Default 1 s.
	Interval time.Duration

	// QuorumWait is how long the next checkpoint waits for the quorum of the
	// last one. Default 10 s.
	QuorumWait time.Duration

	// Backoff is how long a witness is left alone after a failure, or signing is;
	// it doubles with each one that follows, up to MaxBackoff for a witness and
	// 30 s for signing. Default 1 s and 5 min.
	Backoff, MaxBackoff time.Duration

	// HTTP is the client that witnesses are asked with; its CheckRedirect is not
	// used. Default: one with a timeout of 10 s.
	HTTP *http.Client

	// OnMismatch is called when the replica is found to hold another log, before
	// signing stops for good. Default: nothing; it is logged in any case.
	OnMismatch func(Mismatch)

	// Logger tells of trouble when it begins and when it ends, and of checkpoints
	// and how trouble goes on at the level Debug. nil discards.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if c.Directory == nil || c.Signer == nil {
		return c, errors.New("publisher: Directory and Signer are required")
	}
	if c.Policy == nil {
		var err error
		if c.Policy, err = ParsePolicy([]byte("quorum "+checkpoint.QuorumNone+"\n"), c.Signer); err != nil {
			return c, err
		}
	}
	c.Interval = cmp.Or(c.Interval, time.Second)
	c.QuorumWait = cmp.Or(c.QuorumWait, 10*time.Second)
	c.Backoff = cmp.Or(c.Backoff, time.Second)
	c.MaxBackoff = max(cmp.Or(c.MaxBackoff, 5*time.Minute), c.Backoff)
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	client := *c.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.HTTP = &client
	if c.OnMismatch == nil {
		c.OnMismatch = func(Mismatch) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// ParsePolicy parses the policy file of a directory. It need not name the
// directory's own log; if it names logs, that must be one of them.
func ParsePolicy(data []byte, signer *checkpoint.Signer) (*checkpoint.Policy, error) {
	policy, err := checkpoint.ParsePolicy(data)
	if err != nil {
		return nil, err
	}
	if len(policy.Logs) == 0 {
		return checkpoint.ParsePolicy(fmt.Appendf(nil, "%s\nlog %s\n", data, signer.VerifierKey()))
	}
	for i := range policy.Logs {
		if policy.Logs[i].VerifierKey == signer.VerifierKey() {
			return policy, nil
		}
	}
	return nil, fmt.Errorf("the policy names logs, but not this one, log %s", signer.VerifierKey())
}

// Publisher publishes the head of one log. Its methods are safe for concurrent
// use, but Run runs once.
type Publisher struct {
	cfg       Config
	witnesses []*witness

	served atomic.Pointer[checkpoint.Signed] // nil if there is none

	storing sync.Mutex // held while a checkpoint is stored, before mu if both are

	mu      sync.Mutex         // never held during I/O
	round   *round             // of the last checkpoint that was signed, nil if there is none
	recent  []*round           // the last ones, at most maxHistory, the newest last
	changed chan struct{}      // closed when round changes, and replaced
	trouble map[string]trouble // what is wrong at present, by what it is about
	replica *uint64            // how many entries the replica has, nil if that is not known
	// missing is when a checkpoint was signed since which none had a quorum, zero
	// if the last one has.
	missing time.Time
	// silent are the witnesses that have not been asked since the start, and asked
	// is closed when there are none.
	silent map[*witness]bool
	asked  chan struct{}
}

// round is the work on one checkpoint.
type round struct {
	checkpoint checkpoint.Checkpoint
	note       []byte // as it was signed
	began      time.Time
	quorate    chan struct{} // closed when the quorum has cosigned
	resumed    bool          // it was signed before the program started

	// With the cosignatures so far, and when it got the quorum, zero if it has not, or
	// had it before the program started; guarded by Publisher.mu.
	signed     *checkpoint.Signed
	quorumTime time.Time
}

// ErrHistory says that the log contradicts a checkpoint that was signed for it.
var ErrHistory = errors.New("the log does not continue what was signed before")

// Open returns the publisher of a log, as it was left. The error wraps ErrHistory
// if the log, which may have been restored from a backup, contradicts a
// checkpoint that is stored with it, and tells if that is of another origin or
// key. It says if the quorum of the policy cannot be reached because witnesses
// have no URL.
func Open(cfg Config) (*Publisher, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Publisher{
		cfg: cfg, changed: make(chan struct{}), trouble: make(map[string]trouble),
		silent: make(map[*witness]bool), asked: make(chan struct{}),
	}
	var names []string
	for i := range cfg.Policy.Witnesses {
		if w := &cfg.Policy.Witnesses[i]; w.URL != nil {
			p.witnesses, names = append(p.witnesses, newWitness(p, w)), append(names, w.Name)
		}
	}
	for _, w := range p.witnesses {
		p.silent[w] = true
	}
	if !cfg.Policy.IsQuorum(names) {
		return nil, fmt.Errorf("the quorum %q needs witnesses that have no URL in the policy: nobody would ask them", cfg.Policy.Quorum())
	}
	if err := p.resume(); err != nil {
		return nil, err
	}
	return p, nil
}

// resume goes on with the checkpoints that are stored.
func (p *Publisher) resume() error {
	signed, err := p.load(directory.CheckpointSigned)
	if err != nil || signed == nil {
		return err
	}
	served, err := p.load(directory.CheckpointServed)
	if err != nil {
		return err
	}
	cosigned := signed
	if served != nil && served.Size == signed.Size {
		cosigned = served
	}
	p.begin(signed.Note, cosigned)
	p.round.resumed = true // nobody else has p yet
	p.served.Store(better(served, signed))
	return nil
}

// load returns a stored checkpoint, which must be one of the log.
func (p *Publisher) load(name directory.CheckpointName) (*checkpoint.Signed, error) {
	stored, err := p.cfg.Directory.Checkpoint(name)
	if err != nil || stored == nil {
		return nil, err
	}
	signed, err := p.cfg.Policy.Open(stored)
	if err != nil {
		return nil, fmt.Errorf("the stored checkpoint: %w; is this the origin and the checkpoint key of this log?", err)
	}
	return signed, p.checkHistory(signed.Checkpoint)
}

// checkHistory verifies that the log continues a checkpoint.
func (p *Publisher) checkHistory(c checkpoint.Checkpoint) error {
	root, err := p.cfg.Directory.PublicRoot(c.Size)
	if errors.Is(err, directory.ErrNotInLog) {
		return fmt.Errorf("%w: a checkpoint of %d entries was signed, and now there are fewer", ErrHistory, c.Size)
	}
	if err == nil && root != c.Root {
		err = fmt.Errorf("%w: a checkpoint of %d entries was signed with another root", ErrHistory, c.Size)
	}
	return err
}

// Run publishes until ctx ends, and returns then.
func (p *Publisher) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, w := range p.witnesses {
		wg.Go(func() { w.run(ctx) })
	}
	defer wg.Wait()
	p.waitForWitnesses(ctx)
	pause := p.cfg.Backoff
	for p.waitForGrowth(ctx) {
		err := p.sign(ctx)
		if ctx.Err() != nil {
			return
		}
		p.setTrouble(troubleSigning, err)
		switch {
		case err == nil:
			pause = p.cfg.Backoff
		case errors.Is(err, ErrHistory), errors.Is(err, ErrMismatch):
			<-ctx.Done() // for good: to sign would make it worse
			return
		default:
			sleep(ctx, pause)
			pause = min(2*pause, maxPause)
		}
	}
}

// waitForWitnesses waits until every witness was asked about the checkpoint that
// was signed last, or Config.QuorumWait: they may know that it was not the last.
func (p *Publisher) waitForWitnesses(ctx context.Context) {
	if r, _ := p.current(); r == nil || len(p.witnesses) == 0 {
		return
	}
	timer := time.NewTimer(p.cfg.QuorumWait)
	defer timer.Stop()
	select {
	case <-p.asked:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// answered takes note that a witness was asked, and whether it says that it has
// seen a longer log.
func (p *Publisher) answered(w *witness, ahead bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.ahead = ahead
	if p.silent[w] {
		if delete(p.silent, w); len(p.silent) == 0 {
			close(p.asked)
		}
	}
}

// checkWitnesses returns an error that wraps ErrHistory if a quorum of witnesses
// says that it has seen a longer log than was signed here.
func (p *Publisher) checkWitnesses() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ahead []string
	for _, w := range p.witnesses {
		if w.ahead {
			ahead = append(ahead, w.Name)
		}
	}
	if len(ahead) == 0 || !p.cfg.Policy.IsQuorum(ahead) {
		return nil
	}
	return fmt.Errorf("%w: witnesses that are a quorum (%s) say that they have seen a longer log", ErrHistory, strings.Join(ahead, ", "))
}

// maxPause is the longest time between two attempts to sign.
const maxPause = 30 * time.Second

// waitForGrowth waits until the log has grown beyond the last checkpoint and the
// next one may be signed. It returns false if that will not happen.
func (p *Publisher) waitForGrowth(ctx context.Context) bool {
	r, _ := p.current()
	if r == nil {
		return ctx.Err() == nil
	}
	if _, err := p.cfg.Directory.WaitTreeSize(ctx, r.checkpoint.Size); err != nil {
		return false
	}
	timer := time.NewTimer(p.cfg.QuorumWait - time.Since(r.began))
	defer timer.Stop()
	select {
	case <-r.quorate:
	case <-timer.C:
	case <-ctx.Done():
	}
	return sleep(ctx, p.cfg.Interval-time.Since(r.began))
}

// sleep waits, and returns false if ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// sign signs a checkpoint of the log as it is, and begins a round with it.
func (p *Publisher) sign(ctx context.Context) error {
	if err := p.checkWitnesses(); err != nil {
		return err
	}
	signedSize := uint64(0)
	if last, _ := p.current(); last != nil {
		// SPEC: A log MUST not sign any checkpoint which is inconsistent with any
		// checkpoint it previously signed.
		if err := p.checkHistory(last.checkpoint); err != nil {
			return err
		}
		signedSize = last.checkpoint.Size
	}
	size, err := p.signableSize(ctx, signedSize)
	if err != nil {
		return err
	}
	root, err := p.cfg.Directory.PublicRoot(size)
	if err != nil {
		return err
	}
	note, err := p.cfg.Signer.Sign(checkpoint.Checkpoint{Origin: p.cfg.Signer.Origin(), Size: size, Root: root})
	if err != nil {
		return err
	}
	signed, err := p.cfg.Policy.Open(note)
	if err != nil {
		return err
	}
	if err := p.store(ctx, directory.CheckpointSigned, note); err != nil {
		return err
	}
	p.cfg.Logger.Debug("checkpoint", "tree_size", size)
	p.begin(note, signed)
	return p.serve(ctx, signed)
}

// signableSize returns how many entries the next checkpoint can have: more than
// the last one, which has signed.
func (p *Publisher) signableSize(ctx context.Context, signed uint64) (uint64, error) {
	size, err := p.cfg.Directory.TreeSize()
	if err == nil && p.cfg.Replica != nil {
		size, err = p.confirm(ctx, signed, size)
	}
	return size, err
}

// store stores a checkpoint durably.
func (p *Publisher) store(ctx context.Context, name directory.CheckpointName, note []byte) error {
	p.storing.Lock()
	defer p.storing.Unlock()
	if err := p.cfg.Directory.SetCheckpoint(ctx, name, note); err != nil {
		return fmt.Errorf("storing the checkpoint: %w", err)
	}
	return nil
}

// begin makes a checkpoint, which was signed as note and may have cosignatures by
// now, the one that witnesses are asked for.
func (p *Publisher) begin(note []byte, signed *checkpoint.Signed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.round = &round{
		checkpoint: signed.Checkpoint, note: note, signed: signed,
		began: time.Now(), quorate: make(chan struct{}),
	}
	p.recent = append(p.recent[max(0, len(p.recent)+1-maxHistory):], p.round)
	if signed.Witnessed() == nil {
		close(p.round.quorate)
		p.missing = time.Time{}
	} else if p.missing.IsZero() {
		p.missing = p.round.began
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// current returns the round, nil if there is none, and a channel that is closed
// when another begins.
func (p *Publisher) current() (*round, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.round, p.changed
}
