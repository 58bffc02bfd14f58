package scenario

import (
	"bytes"
	"context"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/web"
)

// everybody admits all writers.
type everybody struct{}

func (everybody) Authorize(context.Context, directory.Credential, *directory.NewVersions) (directory.Identity, error) {
	return directory.Identity{1}, nil
}

// replayWorld is a real directory whose clock the test sets, which no process lets
// it, and a contact of everybody in it.
type replayWorld struct {
	*testing.T
	clock    atomic.Int64 // ms since the Unix epoch
	dir      *directory.Directory
	contact  *client.Client
	greatest map[string]*uint32
}

func (w *replayWorld) now() time.Time { return time.UnixMilli(w.clock.Load()) }

func newReplayWorld(t *testing.T, begin time.Time) *replayWorld {
	t.Helper()
	w := &replayWorld{T: t, greatest: make(map[string]*uint32)}
	w.clock.Store(begin.UnixMilli())
	store, err := pebblestore.Open("store", pebblestore.Options{FS: vfs.NewMem()})
	fatalIfErr(t, err)
	signing, err := keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{3}, 32))
	fatalIfErr(t, err)
	vrfKey, err := vrf.NewEd25519PrivateKey(bytes.Repeat([]byte{5}, 32))
	fatalIfErr(t, err)
	w.dir, err = directory.Open(directory.Config{
		Configuration: &keytrans.Configuration{
			Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring,
			SignaturePublicKey: signing.Public(), VRFPublicKey: vrfKey.Public(),
			MaxAhead: 10_000, MaxBehind: uint64((24 * time.Hour).Milliseconds()),
			ReasonableMonitoringWindow: uint64((24 * time.Hour).Milliseconds()),
		},
		SigningKey: signing, VRFKey: vrfKey, Store: store, Authorizer: everybody{}, Create: true,
		Heartbeat: 12 * time.Hour, Now: w.now,
	})
	fatalIfErr(t, err)
	t.Cleanup(func() {
		w.dir.Close()
		fatalIfErr(t, store.Close())
	})
	handler, err := web.New(web.Config{Directory: w.dir, Now: w.now})
	fatalIfErr(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	root, cfg := t.TempDir(), client.Config{Now: w.now}
	_, err = client.Trust(t.Context(), root, server.URL, "", cfg)
	fatalIfErr(t, err)
	w.contact, err = client.Open(root, server.URL, cfg)
	fatalIfErr(t, err)
	return w
}

// publish makes new versions of labels, in one log entry.
func (w *replayWorld) publish(certificates map[string][]byte) {
	w.Helper()
	var updates []directory.NewVersions
	for _, label := range sortedKeys(certificates) {
		var set keyset.Set
		if c := certificates[label]; c != nil {
			set.Keys = []keyset.Key{{Format: keyset.FormatOpenPGP, Data: c}}
		}
		value, err := set.Marshal()
		fatalIfErr(w.T, err)
		updates = append(updates, directory.NewVersions{
			Label: []byte(label), Greatest: w.greatest[label], Values: [][]byte{value}, Identity: directory.Identity{1},
		})
		next := uint32(0)
		if g := w.greatest[label]; g != nil {
			next = *g + 1
		}
		w.greatest[label] = &next
	}
	outcomes, err := w.dir.Insert(w.Context(), updates)
	fatalIfErr(w.T, err)
	for _, err := range outcomes {
		fatalIfErr(w.T, err)
	}
}
