package accountpolicy_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/accountpolicy"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	wait  = 72 * time.Hour
	label = "alice@example.org"
)

// world is a directory that enforces account keys, and a clock that is set.
type world struct {
	*directory.Directory
	t     testing.TB
	cfg   directory.Config
	clock atomic.Int64

	// What the owner knows.
	greatest *uint32
	previous *[32]byte
	set      keyset.Set // of the last version
}

func newWorld(t testing.TB, policy directory.Policy) *world {
	t.Helper()
	store, err := pebblestore.Open(t.TempDir(), pebblestore.Options{})
	fatalIfErr(t, err)
	signing, err := keytrans.NewEd25519SigningKey(slices.Repeat([]byte{1}, 32))
	fatalIfErr(t, err)
	key, err := vrf.NewEd25519PrivateKey(slices.Repeat([]byte{2}, 32))
	fatalIfErr(t, err)
	w := &world{t: t}
	w.clock.Store(1_800_000_000_000)
	w.cfg = directory.Config{
		Configuration: &keytrans.Configuration{
			Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring,
			SignaturePublicKey: signing.Public(), VRFPublicKey: key.Public(),
			MaxAhead: 10_000, MaxBehind: 3_600_000, ReasonableMonitoringWindow: 50,
		},
		SigningKey: signing, VRFKey: key, Store: store, Authorizer: everybody{}, Create: true, Policy: policy,
		Now: func() time.Time { return time.UnixMilli(w.clock.Load()) }, Heartbeat: time.Hour,
	}
	w.open()
	t.Cleanup(func() {
		w.Close()
		fatalIfErr(t, store.Close())
	})
	return w
}

func (w *world) open() {
	w.t.Helper()
	d, err := directory.Open(w.cfg)
	fatalIfErr(w.t, err)
	w.Directory = d
}

// reopen goes on with another policy.
func (w *world) reopen(policy directory.Policy) {
	w.t.Helper()
	w.Close()
	w.cfg.Policy = policy
	w.open()
}

type everybody struct{}

func (everybody) Authorize(context.Context, directory.Credential, *directory.NewVersions) (directory.Identity, error) {
	return directory.Identity{1}, nil
}

func (w *world) pass(d time.Duration) { w.clock.Add(d.Milliseconds()) }

// link is the place of the next version.
func (w *world) link() account.Link {
	l := account.Link{Label: label, Previous: w.previous}
	if w.greatest != nil {
		l.Version = *w.greatest + 1
	}
	return l
}

// send publishes values, and learns of them if they are versions now.
func (w *world) send(values ...[]byte) error {
	w.t.Helper()
	outcomes, err := w.Insert(w.t.Context(), []directory.NewVersions{
		{Label: []byte(label), Greatest: w.greatest, Values: values, Identity: directory.Identity{1}},
	})
	fatalIfErr(w.t, err)
	if outcomes[0] == nil {
		w.learn()
	}
	return outcomes[0]
}

// learn finds out what the greatest version is.
func (w *world) learn() {
	w.t.Helper()
	verifier, err := keytrans.NewVerifier(w.cfg.Configuration)
	fatalIfErr(w.t, err)
	q := &keytrans.SearchRequest{Label: []byte(label)}
	p, err := w.Search(w.t.Context(), q)
	fatalIfErr(w.t, err)
	r, err := verifier.Search(&keytrans.View{}, q, p, w.cfg.Now())
	fatalIfErr(w.t, err)
	c, err := keytrans.Commit(w.cfg.Configuration.Mode, p.Opening, q.Label, r.Version, r.Value)
	fatalIfErr(w.t, err)
	w.greatest, w.previous = &r.Version, (*[32]byte)(&c)
	if set, err := keyset.Parse(r.Value.Value); err == nil {
		w.set = set
	}
}

func (w *world) marshal(s keyset.Set, err error) []byte {
	w.t.Helper()
	fatalIfErr(w.t, err)
	value, err := s.Marshal()
	fatalIfErr(w.t, err)
	return value
}

func (w *world) signed(s keyset.Set, by, previous crypto.Signer) []byte {
	w.t.Helper()
	return w.marshal(account.Sign(s, w.link(), by, previous))
}

func (w *world) announced(by crypto.Signer) []byte {
	w.t.Helper()
	return w.marshal(account.Announce(w.set, w.link(), by))
}

func (w *world) publish(value []byte) {
	w.t.Helper()
	fatalIfErr(w.t, w.send(value))
}

// refused verifies that values are refused, with words that have want in them.
func (w *world) refused(want string, values ...[]byte) {
	w.t.Helper()
	err := w.send(values...)
	if !errors.Is(err, directory.ErrPolicy) || !strings.Contains(err.Error(), want) {
		w.t.Errorf("%v, want a refusal with %q", err, want)
	}
	if err != nil && strings.Contains(err.Error(), "alice") {
		w.t.Errorf("the label is in %q", err)
	}
}

func signer(name string) crypto.Signer {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func keys(name string) keyset.Set {
	public := signer(name).Public().(ed25519.PublicKey)
	return keyset.Set{Keys: []keyset.Key{{Format: keyset.FormatEd25519, Data: public, Name: name}}}
}

const (
	notSigned = "did not sign this version"
	tooEarly  = "try again in"
)

func TestSigned(t *testing.T) {
	w := newWorld(t, accountpolicy.Policy{ResetWait: wait})
	a, b, mallory := signer("a"), signer("b"), signer("mallory")
	w.refused("does not verify", w.marshal(account.Sign(keys("phone"), account.Link{Label: "bob", Version: 0}, a, nil)))
	w.publish(w.signed(keys("phone"), a, nil))
	w.publish(w.signed(keys("laptop"), a, nil))
	plain := w.marshal(keys("ghost"), nil)
	w.refused(notSigned, plain)
	w.refused(notSigned, []byte("not a key set"))
	w.refused(notSigned, w.signed(keys("ghost"), mallory, nil))
	w.refused(notSigned, w.signed(keys("ghost"), mallory, signer("another")))
	w.refused(notSigned, w.marshal(w.set, nil)) // the present set with its signature, once more
	before := *w.greatest
	stale := w.signed(keys("phone"), a, nil)
	w.publish(w.signed(keys("tablet"), a, nil))
	w.refused(notSigned, stale)
	// A signature for the right version after another one than is there.
	wrong := w.link()
	wrong.Previous = &[32]byte{1}
	w.refused(notSigned, w.marshal(account.Sign(keys("phone"), wrong, a, nil)))
	w.publish(w.signed(keys("tablet"), b, a)) // rotated
	w.refused(notSigned, w.signed(keys("phone"), a, nil))
	w.publish(w.signed(keys("phone"), b, nil))
	if *w.greatest != before+3 {
		t.Errorf("version %d after %d", *w.greatest, before)
	}
	broken := keys("phone")
	broken.Extensions = []keyset.Extension{{Type: keyset.ExtensionAccountKey, Data: []byte{77, 1, 1}}}
	w.refused("not understood", w.marshal(broken, nil))
}

// TestWithout: a label without an account key is free, until it has one.
func TestWithout(t *testing.T) {
	w := newWorld(t, accountpolicy.Policy{ResetWait: wait})
	w.publish([]byte("anything"))
	w.publish(w.marshal(keys("phone"), nil))
	w.publish(w.signed(keys("phone"), signer("a"), nil))
	w.refused(notSigned, []byte("anything"))
}

// TestReset holds the time between announcement and reset against the clock.
func TestReset(t *testing.T) {
	w := newWorld(t, accountpolicy.Policy{ResetWait: wait})
	a, b, c := signer("a"), signer("b"), signer("c")
	w.publish(w.signed(keys("phone"), a, nil))
	w.refused(notSigned, w.signed(keys("new phone"), b, nil)) // not announced
	w.publish(w.announced(b))
	w.refused(tooEarly, w.signed(keys("new phone"), b, nil))
	w.pass(wait - time.Millisecond)
	w.refused(tooEarly, w.signed(keys("new phone"), b, nil))
	w.refused("the announced reset", w.signed(keys("new phone"), c, nil))
	w.refused("the announced reset", w.marshal(keys("new phone"), nil))
	// The owner is there after all: the announcement is void.
	w.publish(w.signed(keys("phone"), a, nil))
	w.pass(2 * wait)
	w.refused(notSigned, w.signed(keys("new phone"), b, nil))
	// Once more, with a clock that is set back: the time is not shorter for that.
	w.publish(w.announced(b))
	w.pass(-24 * time.Hour)
	w.refused(tooEarly, w.signed(keys("new phone"), b, nil))
	w.pass(wait)
	w.refused(tooEarly, w.signed(keys("new phone"), b, nil))
	w.pass(24*time.Hour - time.Millisecond)
	w.refused(tooEarly, w.signed(keys("new phone"), b, nil))
	w.pass(time.Millisecond)
	// The time was for this key, not for another.
	w.publish(w.announced(c))
	w.refused("the announced reset", w.signed(keys("new phone"), b, nil))
	w.refused(tooEarly, w.signed(keys("new phone"), c, nil))
	w.pass(wait)
	w.publish(w.signed(keys("new phone"), c, nil))
	w.refused(notSigned, w.signed(keys("phone"), a, nil))
	w.publish(w.signed(keys("newer phone"), c, nil))
}

// TestAnnouncementKeepsKeys: an announcement that changes the keys is none.
func TestAnnouncementKeepsKeys(t *testing.T) {
	w := newWorld(t, accountpolicy.Policy{ResetWait: wait})
	w.publish(w.signed(keys("phone"), signer("a"), nil))
	ghost := keys("ghost")
	ghost.Extensions = w.set.Extensions
	w.refused(notSigned, w.marshal(account.Announce(ghost, w.link(), signer("b"))))
}

// TestTogether: values of one update are held against each other, and a reset in the
// update that announces it has not waited.
func TestTogether(t *testing.T) {
	w := newWorld(t, accountpolicy.Policy{ResetWait: time.Millisecond})
	a := signer("a")
	w.publish(w.signed(keys("phone"), a, nil))
	first := w.signed(keys("laptop"), a, nil)
	link := w.link()
	link.Version++ // the commitment of the version before cannot be known
	second := w.marshal(account.Sign(keys("tablet"), link, a, nil))
	w.refused(notSigned, first, second)
	w.refused(notSigned, first, w.marshal(keys("ghost"), nil))
	w.pass(time.Hour)
	w.refused("the announced reset", w.announced(signer("b")), w.marshal(account.Sign(keys("new"), link, signer("b"), nil)))
}

// TestErased: that all values were erased is no way around the account key.
func TestErased(t *testing.T) {
	w := newWorld(t, accountpolicy.Policy{ResetWait: wait})
	a, b := signer("a"), signer("b")
	w.publish(w.signed(keys("phone"), a, nil))
	w.publish(w.announced(b))
	_, err := w.Erase(t.Context(), []byte(label), nil)
	fatalIfErr(t, err)
	w.refused("the announced reset", w.marshal(keys("ghost"), nil))
	w.refused("the announced reset", w.signed(keys("ghost"), signer("mallory"), nil))
	w.pass(wait)
	w.publish(w.signed(keys("new phone"), b, nil))
	_, err = w.Erase(t.Context(), []byte(label), nil)
	fatalIfErr(t, err)
	w.publish(w.signed(keys("newer phone"), b, nil))
}

// TestOff: what was published while nothing was enforced is followed, as clients
// follow it.
func TestOff(t *testing.T) {
	policy := accountpolicy.Policy{ResetWait: wait}
	w := newWorld(t, nil)
	a, b, mallory := signer("a"), signer("b"), signer("mallory")
	w.publish(w.marshal(keys("phone"), nil))
	w.publish(w.signed(keys("phone"), a, nil))
	w.publish(w.signed(keys("phone"), b, a))
	w.publish(w.signed(keys("ghost"), mallory, nil))
	w.reopen(policy)
	w.refused(notSigned, w.signed(keys("ghost"), mallory, nil))
	w.refused(notSigned, w.signed(keys("phone"), a, nil))
	w.publish(w.signed(keys("laptop"), b, nil))
	stood := w.set
	w.reopen(nil)
	w.publish(w.marshal(keys("ghost"), nil))
	w.set = stood
	w.publish(w.announced(mallory))
	_, err := w.Erase(t.Context(), []byte(label), nil)
	fatalIfErr(t, err)
	w.reopen(policy)
	w.pass(2 * wait)
	// It is not known what the erased versions said, which is no way in.
	w.refused(notSigned, w.signed(keys("ghost"), mallory, nil))
	w.publish(w.signed(keys("laptop"), b, nil))
	w.refused(notSigned, w.signed(keys("ghost"), mallory, nil))
}

// TestForgotten: an account key that no version tells of any more is not known to a
// directory that never enforced it.
func TestForgotten(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(w.signed(keys("phone"), signer("a"), nil))
	_, err := w.Erase(t.Context(), []byte(label), nil)
	fatalIfErr(t, err)
	w.reopen(accountpolicy.Policy{ResetWait: wait})
	b := signer("b")
	w.publish(w.signed(keys("phone"), b, nil))
	w.refused(notSigned, w.signed(keys("phone"), signer("a"), nil))
	w.publish(w.signed(keys("phone"), b, nil))
}

// TestDamagedState: what is not a state is the directory's trouble, and no reason to
// let anything in.
func TestDamagedState(t *testing.T) {
	p := &directory.Proposal{Label: []byte(label), Version: 1, Value: []byte("x"), Last: &directory.LastVersion{}}
	for _, state := range []string{"x", "{", "\x00", "\x01\x00\x00\x00\x00", "", `{"key":"rsa:AA"}`} {
		p.State = []byte(state)
		for _, f := range []func(*directory.Proposal) ([]byte, error){accountpolicy.Policy{}.Admit, accountpolicy.Policy{}.Follow} {
			if _, err := f(p); err == nil || errors.Is(err, directory.ErrPolicy) {
				t.Errorf("%q: %v", state, err)
			}
		}
	}
}
