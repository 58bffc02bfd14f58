package detection

import (
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/adversary"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

const (
	alice = "alice@example.org"
	bob   = "bob@example.org"
	carol = "carol@example.org"
)

// origin is the origin of the directory's public log.
const origin = "keys.example.org/log"

// Log entries are so far apart, and the last one is of some hours ago, which is what
// max_behind permits: so that much can happen without anybody waiting.
const (
	interval  = 5 * time.Minute
	maxAhead  = time.Minute
	maxBehind = 24 * time.Hour
	maxLag    = 12 * time.Hour // of an auditor
	past      = 10 * time.Hour // how long ago the log began
	beginning = 20             // entries that everybody has seen
	perRound  = 4              // entries from round to round
)

// options say what directory a row is about.
type options struct {
	mode   keytrans.DeploymentMode // 0 is ContactMonitoring
	window time.Duration           // 0 is three entries
	// patience is how much longer the last entry of the beginning is fresh enough; 0
	// for as long as maxBehind says.
	patience time.Duration
	// auditor is the public key of an auditor, nil for one that signs whatever it is
	// asked to.
	auditor []byte
}

// directory is the keys of a directory, and everything it has ever signed. It does
// what the rows tell it, and is safe for concurrent use.
type directory struct {
	mu        sync.Mutex
	honest    *history
	histories []*history
	time      time.Time // of the last entry
	signer    *checkpoint.Signer
	auditor   bool // there is an auditor who is not the directory itself
}

// history is one log under the directory's keys, and the public log over it.
type history struct {
	log    *keytranstest.Log
	public publicTree
	still  bool // it does not grow any more
	// audited is the last head of the auditor's, nil if there is none.
	audited *keytrans.AuditorTreeHead
}

func newDirectory(seed string, o options) *directory {
	signer := must(checkpoint.NewSigner(origin, keySeed(seed+" checkpoint")))
	d := &directory{time: time.Now().Add(-past).Truncate(time.Minute), signer: signer, auditor: o.auditor != nil}
	behind := maxBehind
	if o.patience > 0 {
		behind = time.Since(d.time.Add(beginning*interval)) + o.patience
	}
	if o.window == 0 {
		o.window = 3 * interval
	}
	log := keytranstest.New(keytranstest.Options{
		Seed: seed, Mode: o.mode, Window: milliseconds(o.window),
		MaxAhead: milliseconds(maxAhead), MaxBehind: milliseconds(behind), MaxAuditorLag: milliseconds(maxLag),
	})
	if d.auditor {
		log.Keys.Auditor = nil
		log.Config.AuditorPublicKey = o.auditor
	}
	d.honest = &history{log: log}
	d.histories = []*history{d.honest}
	for n := range beginning {
		switch n {
		case 2, 8:
			d.append(d.honest, keytranstest.Create(alice, keyOf(alice, n)))
		case 4:
			d.append(d.honest, keytranstest.Create(bob, keyOf(bob, n)))
		case 6, 12:
			d.append(d.honest, keytranstest.Create(carol, keyOf(carol, n)))
		default:
			d.append(d.honest)
		}
	}
	return d
}

func milliseconds(d time.Duration) uint64 { return uint64(d.Milliseconds()) }

// append adds an entry to one history, at a time when the others get none.
func (d *directory) append(h *history, changes ...keytranstest.Change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.time = d.time.Add(interval)
	d.add(h, changes...)
}

func (d *directory) add(h *history, changes ...keytranstest.Change) {
	h.log.Append(milliseconds(time.Duration(d.time.UnixNano())), append(changes, keytranstest.Pad(2))...)
}

// appendAt adds an entry of a given time.
func (d *directory) appendAt(h *history, at time.Time, changes ...keytranstest.Change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h.log.Append(milliseconds(time.Duration(at.UnixNano())), append(changes, keytranstest.Pad(2))...)
	if at.After(d.time) {
		d.time = at
	}
}

// grow adds entries to all histories that grow, at the same times.
func (d *directory) grow(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range n {
		d.time = d.time.Add(interval)
		for _, h := range d.histories {
			if !h.still {
				d.add(h)
			}
		}
	}
}

// branch makes another history out of the first entries of the honest one.
func (d *directory) branch(size uint64) *history {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.adopt(d.honest.log.Fork(size))
}

// fork is branch with an entry that has the changes.
func (d *directory) fork(size uint64, changes ...keytranstest.Change) *history {
	h := d.branch(size)
	d.append(h, changes...)
	return h
}

// rewrite makes another history out of the honest one, in which something was done
// differently.
func (d *directory) rewrite(edit func(pos uint64, e *keytranstest.Entry)) *history {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.adopt(d.honest.log.Rewrite(edit))
}

func (d *directory) adopt(log *keytranstest.Log) *history {
	// Those of a log of its own are not these if there is an auditor.
	log.Keys, log.Config = d.honest.log.Keys, d.honest.log.Config
	h := &history{log: log, audited: d.honest.audited}
	d.histories = append(d.histories, h)
	return h
}

// size returns the size of the honest log.
func (d *directory) size() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.honest.log.Size()
}

// answers returns what answers requests out of a view. Requires that d.mu is locked.
func (d *directory) answers(v *view) *adversary.Directory {
	w := adversary.World{Log: v.log}
	a := w.ServeAt(v.log, v.shown())
	if d.auditor {
		s := *v.log.At(v.shown())
		s.Auditor = v.audited
		a.State = &s
	}
	for _, lie := range v.lies {
		lie(a)
	}
	return a
}

// view is what somebody is shown.
type view struct {
	*history
	size uint64 // entries that are shown; 0 for all
	lies []func(*adversary.Directory)
	// public is the view whose public log is shown; nil for the same one.
	public *view
	// tell changes what an auditor and mirrors are told of an entry.
	tell func(pos uint64, u *keytrans.AuditorUpdate)
	// signer signs checkpoints, if not the directory's own.
	signer *checkpoint.Signer
	// witnesses are asked for cosignatures.
	witnesses []*witness
}

func (v *view) shown() uint64 {
	if v.size > 0 {
		return min(v.size, v.log.Size())
	}
	return v.log.Size()
}

// copy returns a view of the same history that can be changed without the other.
func (v *view) copy() *view {
	c := *v
	return &c
}

// lying adds lies to the view.
func (v *view) lying(lies ...func(*adversary.Directory)) *view {
	v.lies = append(v.lies, lies...)
	return v
}
