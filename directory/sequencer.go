package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// change is a set of new versions of one label, ready to be sequenced: search
// keys and commitments are computed.
type change struct {
	label    []byte
	identity Identity
	first    uint32 // the lowest new version
	records  []versionRecord
	policy   *policyRecord // what is stored for the policy with the change

	// err is the outcome, set by the sequencer before the submission is
	// answered.
	err error
}

func (c *change) last() uint32 { return c.first + uint32(len(c.records)) - 1 }

// size is about how many bytes the change takes in a batch.
func (c *change) size() int {
	size := 0
	for i := range c.records {
		size += len(c.label) + len(c.records[i].value) + versionRecordFixed
	}
	return size
}

// submission is a list of changes whose caller waits for all of them.
type submission struct {
	changes []*change
	done    chan struct{} // closed when every change has its outcome
}

// measure returns how many changes a submission has and about how many bytes
// they take.
func (s *submission) measure() (count, size int) {
	for _, c := range s.changes {
		size += c.size()
	}
	return len(s.changes), size
}

// maxEpochBytes bounds what an epoch gathers: stores have a limit for a batch,
// and all of it is in memory. With one more submission of that size an epoch has
// less than tile.MaxLeaves versions, each of which takes more than 72 bytes.
const maxEpochBytes = 64 << 20

// sequence makes epochs until the directory stops.
func (d *Directory) sequence() {
	defer close(d.done)
	for {
		batch, task := d.gather()
		stopped := context.Cause(d.stopping)
		if task != nil {
			task.run(stopped)
		}
		if stopped != nil {
			answer(batch, stopped)
			d.drain(stopped)
			return
		}
		// However many tasks there are, heartbeats are made.
		if task == nil || d.untilHeartbeat() == 0 {
			d.makeEpoch(batch)
		}
	}
}

// gather waits for a submission, a task, or until a heartbeat is due, and takes
// what else is submitted up to the size of an epoch.
func (d *Directory) gather() ([]*submission, *task) {
	var batch []*submission
	timer := time.NewTimer(d.untilHeartbeat())
	defer timer.Stop()
	select {
	case <-d.stopping.Done():
		return nil, nil
	case <-timer.C:
		return nil, nil
	case t := <-d.tasks:
		return nil, t
	case s := <-d.submissions:
		batch = append(batch, s)
	}
	for count, size := batch[0].measure(); count < d.cfg.MaxEpoch && size < maxEpochBytes; {
		select {
		case s := <-d.submissions:
			batch = append(batch, s)
			c, n := s.measure()
			count, size = count+c, size+n
		default:
			return batch, nil
		}
	}
	return batch, nil
}

func (d *Directory) untilHeartbeat() time.Duration {
	last := time.UnixMilli(int64(d.current.last.Timestamp))
	// A clock that was set back must not stop the heartbeats.
	return min(max(last.Add(d.cfg.Heartbeat).Sub(d.cfg.Now()), 0), d.cfg.Heartbeat)
}

// makeEpoch commits what can be committed of a batch of submissions, or a
// heartbeat if the batch is empty, and answers the callers.
func (d *Directory) makeEpoch(batch []*submission) {
	var changes []*change
	seen := make(map[string]bool)
	for _, s := range batch {
		for _, c := range s.changes {
			// Of two changes to one label the second no longer follows the
			// greatest version.
			if seen[string(c.label)] {
				c.err = ErrGreatestVersion
			} else if c.err = d.check(c); c.err == nil {
				seen[string(c.label)] = true
				changes = append(changes, c)
			}
		}
	}
	if len(batch) == 0 {
		if err := d.tryEpoch(&epoch{padding: 1}); err != nil && d.Err() == nil {
			// Do not spin on a heartbeat that fails.
			time.Sleep(settleDelay)
		}
	}
	for _, part := range d.parts(changes) {
		err := d.Err() // of the part before
		if err == nil {
			err = d.tryEpoch(&epoch{changes: part})
		}
		for _, c := range part {
			c.err = err
		}
	}
	answer(batch, nil)
}

// parts divides changes into those of one epoch each: it is one epoch, unless
// auditors have to be able to follow.
func (d *Directory) parts(changes []*change) [][]*change {
	limit := math.MaxInt
	if d.audited() {
		limit = keytrans.MaxChanges
	}
	var out [][]*change
	for first, n, i := 0, 0, 0; i < len(changes); i++ {
		if n += len(changes[i].records); i+1 == len(changes) || n+len(changes[i+1].records) > limit {
			out = append(out, changes[first:i+1])
			first, n = i+1, 0
		}
	}
	return out
}

// tryEpoch commits an epoch, and stops the directory after an error that no other
// epoch may follow.
func (d *Directory) tryEpoch(e *epoch) error {
	err := d.commitEpoch(e)
	if err != nil {
		d.cfg.Logger.Error("epoch failed", "err", err)
	}
	if errors.Is(err, ErrFailed) || errors.Is(err, ErrCorrupt) {
		d.stop(err)
	}
	return err
}

// check verifies a change against the state that it will follow.
func (d *Directory) check(c *change) error {
	record, err := d.current.check(c)
	if err == nil && record != nil && c.policy == nil {
		// There is no policy now. What one knew is of use if there is one again.
		c.policy = record.policy
	}
	return err
}

// check verifies that a change may follow a state, and returns the record that the
// state has of its label.
func (s *state) check(c *change) (*labelRecord, error) {
	record, err := s.label(c.label)
	switch {
	case err != nil:
		return nil, err
	case record == nil && c.first != 0, record != nil && uint64(c.first) != uint64(record.greatest)+1:
		return nil, ErrGreatestVersion
	case record != nil && record.identity != c.identity:
		return nil, ErrForbidden
	}
	return record, nil
}

// answer wakes the callers. An error becomes the outcome of every change.
func answer(batch []*submission, err error) {
	for _, s := range batch {
		for _, c := range s.changes {
			if err != nil {
				c.err = err
			}
		}
		close(s.done)
	}
}

// drain answers what was submitted while the directory stopped.
func (d *Directory) drain(err error) {
	for {
		select {
		case s := <-d.submissions:
			answer([]*submission{s}, err)
		default:
			return
		}
	}
}

// submit hands changes to the sequencer and waits for their outcome. Once they
// are handed over, ctx no longer counts: the caller learns what happened.
func (d *Directory) submit(ctx context.Context, changes []*change) error {
	s := &submission{changes: changes, done: make(chan struct{})}
	select {
	case d.submissions <- s:
	case <-d.stopping.Done():
		return context.Cause(d.stopping)
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.done:
		return nil
	case <-d.done:
	}
	// The sequencer has ended; it may have answered just before.
	select {
	case <-s.done:
		return nil
	default:
		return context.Cause(d.stopping)
	}
}

// NewVersions is a request to add versions to a label, following Greatest (nil
// if the label must not exist yet), in the name of Identity.
type NewVersions struct {
	Label    []byte
	Greatest *uint32
	Values   [][]byte
	Identity Identity
	// Signed is what the Service Operator signed, under ThirdPartyManagement
	// only, where it is required. It has been verified.
	Signed *Signed
}

// Insert adds new versions of many labels at once and returns the outcome for
// each of the updates once all are durable: nil, or ErrGreatestVersion,
// ErrSignedVersion, ErrForbidden, ErrManaged, one that wraps ErrPolicy, or an error that says why a label or
// value cannot be stored. It computes search keys on all cores, and makes as many epochs as it takes. The
// caller has authenticated the identities. The second result is an error after
// which the outcomes are not known; what was inserted before it stays.
//
// All new versions of a label belong into one update: of two updates of one label in
// one call, the second is refused, with ErrGreatestVersion or ErrPolicy, even if it
// follows the first, unless they happen to come into different epochs.
func (d *Directory) Insert(ctx context.Context, updates []NewVersions) ([]error, error) {
	outcomes := make([]error, len(updates))
	changes := make([]*change, len(updates))
	s, err := d.acquire()
	if err != nil {
		return nil, err
	}
	parallel(len(updates), func(i int) { changes[i], outcomes[i] = d.plan(s, &updates[i]) })
	s.release()
	var ready []*change
	for _, c := range changes {
		if c != nil {
			ready = append(ready, c)
		}
	}
	for len(ready) > 0 {
		n := d.portion(ready)
		if err := d.submit(ctx, ready[:n]); err != nil {
			return nil, err
		}
		ready = ready[n:]
	}
	for i, c := range changes {
		if c != nil {
			outcomes[i] = c.err
		}
	}
	return outcomes, nil
}

// portion returns how many of the changes, at least one, fit an epoch.
func (d *Directory) portion(changes []*change) int {
	size := 0
	for i, c := range changes {
		size += c.size()
		if i > 0 && (i == d.cfg.MaxEpoch || size > maxEpochBytes) {
			return i
		}
	}
	return len(changes)
}

// plan returns the change that an update asks for, if the policy admits it after
// the state s.
func (d *Directory) plan(s *state, u *NewVersions) (*change, error) {
	c, err := d.newChange(u)
	if err == nil && d.cfg.Policy != nil {
		err = d.decide(s, c)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// newChange computes search keys and commitments.
func (d *Directory) newChange(u *NewVersions) (*change, error) {
	if err := d.checkSizes(u); err != nil {
		return nil, err
	}
	c := &change{label: bytes.Clone(u.Label), identity: u.Identity, first: uint32(u.next())}
	for range u.skipped() {
		r := versionRecord{signed: true, commitment: keytrans.SkippedCommitment}
		if err := d.addRecord(c, r); err != nil {
			return nil, err
		}
	}
	for i, value := range u.Values {
		r := versionRecord{value: value}
		if u.Signed != nil {
			r.signed, r.signature = true, u.Signed.Signatures[i]
		}
		if err := fill(d.cfg.Rand, r.opening[:]); err != nil {
			return nil, err
		}
		var err error
		r.commitment, err = keytrans.Commit(d.cfg.Configuration.Mode, r.opening, u.Label, c.first+uint32(len(c.records)),
			keytrans.UpdateValue{Value: value, Signature: r.signature})
		if err != nil {
			return nil, err
		}
		if err := d.addRecord(c, r); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// addRecord appends the record of the next version to a change, with its search
// key.
func (d *Directory) addRecord(c *change, r versionRecord) (err error) {
	r.searchKey, err = d.keys.searchKey(c.label, c.first+uint32(len(c.records)))
	c.records = append(c.records, r)
	return err
}

// checkSizes verifies that a label and values can be stored. Errors wrap
// keytrans.ErrRequest and name the field.
func (d *Directory) checkSizes(u *NewVersions) error {
	if len(u.Label) == 0 || len(u.Label) > keytrans.MaxLabelSize {
		return fmt.Errorf("%w: label: it must have 1 to %d bytes", keytrans.ErrRequest, keytrans.MaxLabelSize)
	}
	if len(u.Values) == 0 || len(u.Values) > keytrans.MaxNewVersions {
		return fmt.Errorf("%w: values: there must be 1 to %d", keytrans.ErrRequest, keytrans.MaxNewVersions)
	}
	total := 0
	for _, v := range u.Values {
		if total += len(v); len(v) > d.cfg.MaxValueSize {
			return fmt.Errorf("%w: %w: values: %d bytes are more than %d", keytrans.ErrRequest, ErrTooLarge, len(v), d.cfg.MaxValueSize)
		}
	}
	if limit := max(MaxUpdateBytes, d.cfg.MaxValueSize); total > limit {
		return fmt.Errorf("%w: %w: values: %d bytes together are more than %d", keytrans.ErrRequest, ErrTooLarge, total, limit)
	}
	if u.next()+uint64(len(u.Values)) > 1<<32 {
		return fmt.Errorf("%w: greatest_version: no version can follow", keytrans.ErrRequest)
	}
	return d.checkSigned(u)
}

// MaxUpdateBytes bounds the values of one update together, in bytes, because
// whoever asks for one of them gets them all.
const MaxUpdateBytes = 2 << 20

// ErrTooLarge says that a value is larger than the directory stores.
var ErrTooLarge = errors.New("too large")

// parallel calls f for each of n indices on all cores and waits.
func parallel(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}
