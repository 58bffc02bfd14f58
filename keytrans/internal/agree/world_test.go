package agree

import (
	"fmt"
	"math/rand/v2"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// window is the reasonable monitoring window of all logs, in milliseconds.
const window = 100

var labels = []string{"alice", "bob", "carol"}

// world is a random log. Its first entries are honest, and what users retain is of
// them; those after may be of a directory that lies.
type world struct {
	*rand.Rand
	log    *keytranstest.Log
	honest uint64
}

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 0))}
	o := keytranstest.Options{
		Suite: []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256}[w.IntN(2)],
		Mode: []keytrans.DeploymentMode{
			keytrans.ContactMonitoring, keytrans.ThirdPartyManagement, keytrans.ThirdPartyAuditing,
		}[w.IntN(3)],
		Seed: fmt.Sprint(seed), Window: window,
	}
	if w.IntN(3) == 0 {
		lifetime := uint64(window + 1 + w.IntN(500))
		o.Lifetime = &lifetime
	}
	w.log = keytranstest.New(o)
	now := uint64(1_000_000)
	w.log.Append(now, keytranstest.Pad(2))
	for range w.IntN(18) {
		now += uint64(w.IntN(3) * w.IntN(80))
		w.log.Append(now, w.changes()...)
	}
	w.honest = w.log.Size()
	if w.IntN(2) == 0 {
		for range 1 + w.IntN(4) {
			now += uint64(w.IntN(120)) - 20 // sometimes it runs backwards
			w.log.Append(now, keytranstest.Pad(1), w.lie())
		}
	}
	return w
}

// changes are those of an honest entry.
func (w *world) changes() []keytranstest.Change {
	out := []keytranstest.Change{keytranstest.Pad(1)}
	for _, label := range labels {
		if w.IntN(3) > 0 {
			continue
		}
		if n := len(w.log.Label(label).Versions); n < 9 {
			var values []string
			for i := range 1 + w.IntN(2) {
				values = append(values, fmt.Sprintf("value %d of %s", n+i, label))
			}
			out = append(out, keytranstest.Create(label, values...))
		}
	}
	return out
}

// lie is a change that no honest directory makes.
func (w *world) lie() keytranstest.Change {
	label := labels[w.IntN(len(labels))]
	n := len(w.log.Label(label).Versions)
	version := uint32(w.IntN(n + 2))
	switch w.IntN(4) {
	case 0:
		return keytranstest.Put(label, version, merkle.Hash{1})
	case 1:
		return keytranstest.PutValue(label, version, "another value")
	case 2:
		if n > 0 {
			return keytranstest.Remove(label, uint32(w.IntN(n)))
		}
	case 3:
		if n > 0 {
			return keytranstest.Restore(label, uint32(w.IntN(n)))
		}
	}
	return keytranstest.Pad(1)
}

// size is a random one of at most limit entries, at least least.
func (w *world) size(least, limit uint64) uint64 { return least + w.Uint64N(limit-least+1) }

// view is that of a user who saw the log when it had size entries.
func (w *world) view(size uint64) *keytrans.View {
	if size == 0 {
		return &keytrans.View{}
	}
	q := &keytrans.DistinguishedRequest{}
	p := must(w.log.Prover().Distinguished(w.log.At(size), q))
	return must(w.log.Verifier().Distinguished(&keytrans.View{}, q, p, w.log.Now(size))).View
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
