package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// deployment is a cipher suite in a deployment mode.
type deployment struct {
	name  string
	suite keytrans.CipherSuite
	mode  keytrans.DeploymentMode
}

var deployments = []deployment{
	{"ed25519-contact-monitoring", keytrans.KT_128_SHA256_Ed25519, keytrans.ContactMonitoring},
	{"ed25519-third-party-management", keytrans.KT_128_SHA256_Ed25519, keytrans.ThirdPartyManagement},
	{"ed25519-third-party-auditing", keytrans.KT_128_SHA256_Ed25519, keytrans.ThirdPartyAuditing},
	{"p256-contact-monitoring", keytrans.KT_128_SHA256_P256, keytrans.ContactMonitoring},
	{"p256-third-party-management", keytrans.KT_128_SHA256_P256, keytrans.ThirdPartyManagement},
	{"p256-third-party-auditing", keytrans.KT_128_SHA256_P256, keytrans.ThirdPartyAuditing},
}

// history is a log and what the reference knows of it.
type history struct {
	*keytranstest.Log
	world naive.World
	views map[uint64]*keytrans.View
}

// plan is how to make a history.
type plan struct {
	deployment
	timestamps []uint64
	window     uint64
	lifetime   *uint64
	// inserted says for each label which entry created which version; skipped, which
	// of the versions a Third-Party Manager skipped.
	inserted map[string][]uint64
	skipped  map[string][]uint32
	// lies are what an entry changes that no honest log changes.
	lies map[uint64][]keytranstest.Change
}

// everySecond returns n timestamps a second apart.
func everySecond(n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = 1_000_000 + 1000*uint64(i)
	}
	return out
}

// ordinary is a history with expired and other entries, distinguished and others.
func ordinary(d deployment) *history {
	return plan{
		deployment: d, timestamps: everySecond(14), window: 3000, lifetime: ptr(uint64(9000)),
		inserted: map[string][]uint64{
			"alice": {1, 1, 4, 7, 7, 8, 8, 10}, // from before the oldest entry that is not expired
			"bob":   {12, 13, 13},              // after the last distinguished entry
			"carol": {6, 9, 9, 9, 13},          // from either side of a distinguished entry
		},
		skipped: map[string][]uint32{"alice": {3}, "carol": {1}},
	}.make()
}

// sparse is a plan in which few entries are distinguished and none expires.
func sparse(d deployment, size int) plan {
	return plan{
		deployment: d, timestamps: everySecond(size), window: 6000,
		inserted: map[string][]uint64{"alice": {1, 2, 3, 4, 6}, "bob": {8, 9, 13}, "dave": {5, 6, 10}, "fred": {5, 8, 12}},
		lies:     make(map[uint64][]keytranstest.Change),
	}
}

func (p plan) make() *history {
	h := &history{
		Log: keytranstest.New(keytranstest.Options{
			Suite: p.suite, Mode: p.mode, Seed: "vectors", Window: p.window, Lifetime: p.lifetime,
			MaxAhead: 2000, MaxBehind: 60_000, MaxAuditorLag: 5000, AuditorStart: auditorStart,
		}),
		world: naive.World{Timestamps: p.timestamps, RMW: p.window, MaximumLifetime: p.lifetime, Inserted: p.inserted},
		views: make(map[uint64]*keytrans.View),
	}
	for pos, ts := range p.timestamps {
		changes := []keytranstest.Change{keytranstest.Pad(2)}
		for _, label := range slices.Sorted(maps.Keys(p.inserted)) {
			changes = append(changes, p.creations(label, uint64(pos))...)
		}
		h.Append(ts, append(changes, p.lies[uint64(pos)]...)...)
	}
	return h
}

// creations returns the changes that create the versions of a label that an entry
// creates.
func (p *plan) creations(label string, pos uint64) (out []keytranstest.Change) {
	for v, at := range p.inserted[label] {
		switch version := uint32(v); {
		case at != pos:
		case p.mode == keytrans.ThirdPartyManagement && slices.Contains(p.skipped[label], version):
			out = append(out, keytranstest.Skip(label, 1))
		default:
			out = append(out, keytranstest.Create(label, value(label, version)))
		}
	}
	return out
}

func value(label string, version uint32) string { return fmt.Sprintf("value %d of %s", version, label) }

// auditorStart is where the auditor of a history began.
const auditorStart = 2

// audited is the size of what the auditor has processed of a log of size entries.
func audited(size uint64) uint64 { return max(1, size-size%3) }

// state is the log with size entries, and a head of an auditor who is some entries
// behind.
func (h *history) state(size uint64) *keytranstest.State {
	s := *h.At(size)
	if s.Auditor != nil {
		s.Auditor = h.auditorHead(audited(size))
	}
	return &s
}

func (h *history) auditorHead(size uint64) *keytrans.AuditorTreeHead {
	return h.SignAuditorHead(h.Entries()[size-1].Timestamp, size)
}

// worldAt is the reference's log with size entries.
func (h *history) worldAt(size uint64) *naive.World {
	w := h.world
	w.Timestamps, w.Inserted = w.Timestamps[:size], make(map[string][]uint64)
	for label, inserted := range h.world.Inserted {
		n, _ := slices.BinarySearch(inserted, size)
		w.Inserted[label] = inserted[:n]
	}
	if h.Config.Mode == keytrans.ThirdPartyAuditing {
		w.Audited = audited(size)
	}
	return &w
}

// view is that of a user who has just seen the log with size entries; 0 for one
// who has seen nothing.
func (h *history) view(size uint64) *keytrans.View {
	if size == 0 {
		return &keytrans.View{}
	}
	if h.views[size] == nil {
		q := &keytrans.DistinguishedRequest{}
		p := must(h.Prover().Distinguished(h.state(size), q))
		h.views[size] = must(h.Verifier().Distinguished(&keytrans.View{}, q, p, h.Now(size))).View
	}
	return h.views[size]
}
