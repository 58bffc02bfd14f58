package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

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

func ptr[T any](v T) *T { return &v }

// admitAll admits every credential whose token is not empty.
type admitAll struct{}

func (admitAll) Authorize(_ context.Context, c directory.Credential, _ *directory.NewVersions) (directory.Identity, error) {
	if c.Token == "" {
		return directory.Identity{}, directory.ErrUnauthenticated
	}
	return directory.TokenIdentity(c.Token), nil
}

var alice = directory.Credential{Token: "alice's"}

// testConfig returns the configuration of a directory with fixed keys.
func testConfig(t testing.TB, store directory.Store) directory.Config {
	t.Helper()
	signing, err := keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{1}, 32))
	fatalIfErr(t, err)
	key, err := vrf.NewEd25519PrivateKey(bytes.Repeat([]byte{2}, 32))
	fatalIfErr(t, err)
	return directory.Config{
		Configuration: &keytrans.Configuration{
			Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring,
			SignaturePublicKey: signing.Public(), VRFPublicKey: key.Public(),
			MaxAhead: 10_000, MaxBehind: 3_600_000, ReasonableMonitoringWindow: 50,
		},
		SigningKey: signing, VRFKey: key, Store: store, Authorizer: admitAll{}, Create: true,
	}
}

func openStore(t testing.TB, dir string) *pebblestore.Store {
	t.Helper()
	store, err := pebblestore.Open(dir, pebblestore.Options{})
	fatalIfErr(t, err)
	return store
}

// fixture is a directory with a client that verifies all its answers.
type fixture struct {
	*directory.Directory
	verifier *keytrans.Verifier
}

func open(t testing.TB, cfg directory.Config) *fixture {
	t.Helper()
	d, err := directory.Open(cfg)
	fatalIfErr(t, err)
	v, err := keytrans.NewVerifier(cfg.Configuration)
	fatalIfErr(t, err)
	return &fixture{d, v}
}

// newFixture returns a directory in a store of its own, closed with the test.
func newFixture(t testing.TB, change func(*directory.Config)) *fixture {
	t.Helper()
	store := openStore(t, t.TempDir())
	cfg := testConfig(t, store)
	if change != nil {
		change(&cfg)
	}
	f := open(t, cfg)
	t.Cleanup(func() {
		f.Close()
		fatalIfErr(t, store.Close())
	})
	return f
}

func (f *fixture) update(label, value string, greatest *uint32) error {
	_, err := f.Update(context.Background(), alice, &keytrans.UpdateRequest{
		Label: []byte(label), GreatestVersion: greatest, Values: [][]byte{[]byte(value)},
	})
	return err
}

func (f *fixture) search(view *keytrans.View, label string, version *uint32) (*keytrans.SearchResult, error) {
	q := &keytrans.SearchRequest{Last: view.Last(), Label: []byte(label), Version: version}
	p, err := f.Search(context.Background(), q)
	if err != nil {
		return nil, err
	}
	return f.verifier.Search(view, q, p, time.Now())
}

func (f *fixture) expectValue(t testing.TB, label string, version uint32, value string) {
	t.Helper()
	r, err := f.search(&keytrans.View{}, label, nil)
	fatalIfErr(t, err)
	if r.Version != version || string(r.Value.Value) != value {
		t.Fatalf("%s is %q at version %d, want %q at %d", label, r.Value.Value, r.Version, value, version)
	}
}

func TestUpdateAndSearch(t *testing.T) {
	f := newFixture(t, nil)
	if _, err := f.search(&keytrans.View{}, "alice", nil); !errors.Is(err, directory.ErrUnknownLabel) {
		t.Fatal(err)
	}
	fatalIfErr(t, f.update("alice", "one", nil))
	fatalIfErr(t, f.update("bob", "uno", nil))
	fatalIfErr(t, f.update("alice", "two", ptr(uint32(0))))
	f.expectValue(t, "alice", 1, "two")
	f.expectValue(t, "bob", 0, "uno")
	r, err := f.search(&keytrans.View{}, "alice", ptr(uint32(0)))
	fatalIfErr(t, err)
	if string(r.Value.Value) != "one" {
		t.Fatalf("version 0 is %q", r.Value.Value)
	}
}

func TestUpdateRefused(t *testing.T) {
	f := newFixture(t, func(c *directory.Config) { c.MaxValueSize = 100 })
	fatalIfErr(t, f.update("alice", "one", nil))
	fatalIfErr(t, f.update("alice", "two", ptr(uint32(0))))
	size := f.size(t)
	long := bytes.Repeat([]byte{'x'}, 256)
	for name, c := range map[string]struct {
		credential directory.Credential
		q          keytrans.UpdateRequest
		want       error
	}{
		"no credential":      {directory.Credential{}, keytrans.UpdateRequest{Label: []byte("alice"), GreatestVersion: ptr(uint32(1))}, directory.ErrUnauthenticated},
		"new, no credential": {directory.Credential{}, keytrans.UpdateRequest{Label: []byte("new")}, directory.ErrUnauthenticated},
		"someone else":       {directory.Credential{Token: "mallory's"}, keytrans.UpdateRequest{Label: []byte("alice"), GreatestVersion: ptr(uint32(1))}, directory.ErrForbidden},
		"beyond greatest":    {alice, keytrans.UpdateRequest{Label: []byte("alice"), GreatestVersion: ptr(uint32(2))}, directory.ErrGreatestVersion},
		"of no label":        {alice, keytrans.UpdateRequest{Label: []byte("new"), GreatestVersion: ptr(uint32(0))}, directory.ErrGreatestVersion},
		"last version":       {alice, keytrans.UpdateRequest{Label: []byte("alice"), GreatestVersion: ptr(uint32(1<<32 - 1))}, keytrans.ErrRequest},
		"empty label":        {alice, keytrans.UpdateRequest{Label: []byte{}}, keytrans.ErrRequest},
		"long label":         {alice, keytrans.UpdateRequest{Label: long}, keytrans.ErrRequest},
		"large value":        {alice, keytrans.UpdateRequest{Label: []byte("new"), Values: [][]byte{long[:101]}}, directory.ErrTooLarge},
		"last beyond":        {alice, keytrans.UpdateRequest{Last: ptr(uint64(99)), Label: []byte("new")}, keytrans.ErrLast},
	} {
		if c.q.Values == nil {
			c.q.Values = [][]byte{[]byte("v")}
		}
		if _, err := f.Update(context.Background(), c.credential, &c.q); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if f.size(t) != size {
		t.Error("a refused update made an epoch")
	}
	f.expectValue(t, "alice", 1, "two")
}

func (f *fixture) size(t testing.TB) uint64 {
	t.Helper()
	head, err := f.Head()
	fatalIfErr(t, err)
	return head.TreeSize
}

// TestUpdateRace lets many writers create the same version: one wins, the
// others are told of the winner's version.
func TestUpdateRace(t *testing.T) {
	f := newFixture(t, nil)
	const writers = 20
	var wg sync.WaitGroup
	won := make(chan int, writers)
	for i := range writers {
		wg.Go(func() {
			q := &keytrans.UpdateRequest{Label: []byte("hot"), Values: [][]byte{fmt.Append(nil, i)}}
			ps, err := f.Update(context.Background(), alice, q)
			if err != nil {
				t.Error(err)
				return
			}
			if len(ps) != 1 || ps[0].Position == 0 {
				t.Errorf("%d responses", len(ps))
			}
			if len(ps[0].Values) == 0 {
				won <- i
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d writers created version 0", len(won))
	}
	f.expectValue(t, "hot", 0, fmt.Sprint(<-won))
}

func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	store := openStore(t, dir)
	f := open(t, testConfig(t, store))
	fatalIfErr(t, f.update("alice", "one", nil))
	first, err := f.search(&keytrans.View{}, "alice", nil)
	fatalIfErr(t, err)
	f.Close()
	if err := f.update("alice", "two", ptr(uint32(0))); !errors.Is(err, directory.ErrClosed) {
		t.Fatalf("update after Close: %v", err)
	}
	fatalIfErr(t, store.Close())

	store = openStore(t, dir)
	cfg := testConfig(t, store)
	wrong := cfg
	wrong.SigningKey, err = keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{3}, 32))
	fatalIfErr(t, err)
	wrong.Configuration = ptr(*cfg.Configuration)
	wrong.Configuration.SignaturePublicKey = wrong.SigningKey.Public()
	if _, err := directory.Open(wrong); !errors.Is(err, keytrans.ErrSignature) {
		t.Fatalf("opened with another key: %v", err)
	}
	f = open(t, cfg)
	fatalIfErr(t, f.update("alice", "two", ptr(uint32(0))))
	r, err := f.search(first.View, "alice", nil)
	fatalIfErr(t, err)
	if r.Version != 1 {
		t.Fatalf("version %d after the restart", r.Version)
	}
	f.Close()
	fatalIfErr(t, store.Close())
}

// TestHeartbeat checks that an idle directory appends entries, and that its
// time does not run backwards with the clock.
func TestHeartbeat(t *testing.T) {
	var mu sync.Mutex
	offset := time.Duration(0)
	f := newFixture(t, func(c *directory.Config) {
		c.Heartbeat = 5 * time.Millisecond
		c.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(offset)
		}
	})
	waitFor(t, func() bool { return f.size(t) > 3 })
	mu.Lock()
	offset = -time.Hour
	mu.Unlock()
	size := f.size(t)
	waitFor(t, func() bool { return f.size(t) > size+3 })
	size = f.size(t)
	entries, err := f.Entries(context.Background(), 0, size)
	fatalIfErr(t, err)
	for i := 1; i < len(entries); i++ {
		if entries[i].Timestamp < entries[i-1].Timestamp {
			t.Fatalf("entry %d is earlier than the one before", i)
		}
		if entries[i].PrefixTree == entries[i-1].PrefixTree {
			t.Fatalf("entry %d changes nothing", i)
		}
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestManyVersions creates as many versions at once as the directory takes.
func TestManyVersions(t *testing.T) {
	f := newFixture(t, nil)
	values := func(n int) (out [][]byte) {
		for i := range n {
			out = append(out, fmt.Append(nil, i))
		}
		return out
	}
	head, err := f.Head()
	fatalIfErr(t, err)
	init := &keytrans.OwnerInitRequest{Label: []byte("alice"), Start: *head.Distinguished}
	p, err := f.OwnerInit(context.Background(), init)
	fatalIfErr(t, err)
	r, err := f.verifier.OwnerInit(&keytrans.View{}, init, p, time.Now())
	fatalIfErr(t, err)
	view, owner := r.View, r.Owner
	for range 3 {
		q := &keytrans.UpdateRequest{
			Last: view.Last(), Label: []byte("alice"), GreatestVersion: owner.Greatest(), Values: values(keytrans.MaxNewVersions),
		}
		ps, err := f.Update(context.Background(), alice, q)
		fatalIfErr(t, err)
		encoded, err := ps[0].Marshal(f.Configuration())
		fatalIfErr(t, err)
		parsed, err := keytrans.ParseUpdateResponses(f.Configuration(), encoded)
		fatalIfErr(t, err)
		u, err := f.verifier.Update(view, owner, q, parsed[0], time.Now())
		fatalIfErr(t, err)
		view, owner = u.View, u.Owner
	}
	q := &keytrans.UpdateRequest{Label: []byte("alice"), GreatestVersion: owner.Greatest(), Values: values(keytrans.MaxNewVersions + 1)}
	if _, err := f.Update(context.Background(), alice, q); !errors.Is(err, keytrans.ErrRequest) {
		t.Fatalf("too many versions: %v", err)
	}
}

// TestInsertPortions inserts more labels, and more bytes, than fit an epoch.
func TestInsertPortions(t *testing.T) {
	f := newFixture(t, func(c *directory.Config) {
		c.MaxEpoch = 40
		c.MaxValueSize = 8 << 20
	})
	insert := func(n, size int, prefix string) uint64 {
		before := f.size(t)
		var updates []directory.NewVersions
		for i := range n {
			updates = append(updates, directory.NewVersions{
				Label: fmt.Append(nil, prefix, i), Values: [][]byte{bytes.Repeat([]byte{byte(i)}, size)},
				Identity: directory.TokenIdentity(alice.Token),
			})
		}
		outcomes, err := f.Insert(context.Background(), updates)
		fatalIfErr(t, errors.Join(append(outcomes, err)...))
		for _, i := range []int{0, n / 2, n - 1} {
			f.expectValue(t, fmt.Sprint(prefix, i), 0, string(updates[i].Values[0]))
		}
		return f.size(t) - before
	}
	if epochs := insert(100, 10, "small"); epochs != 3 {
		t.Errorf("100 labels in %d epochs", epochs)
	}
	if epochs := insert(20, 8<<20, "large"); epochs != 3 {
		t.Errorf("160 MiB in %d epochs", epochs)
	}
}
