package directory_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// leafKey is the Service Operator's.
func leafKey(t testing.TB) keytrans.SigningKey {
	t.Helper()
	key, err := keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{3}, 32))
	fatalIfErr(t, err)
	return key
}

// managedConfig is testConfig of a Third-Party Manager, who needs no Authorizer.
func managedConfig(t testing.TB, store directory.Store) directory.Config {
	t.Helper()
	cfg := testConfig(t, store)
	cfg.Configuration.Mode = keytrans.ThirdPartyManagement
	cfg.Configuration.LeafPublicKey = leafKey(t).Public()
	cfg.Authorizer = nil
	return cfg
}

func newManaged(t testing.TB) *fixture {
	t.Helper()
	return newFixture(t, func(c *directory.Config) { *c = managedConfig(t, c.Store) })
}

// sign returns the request of an operator that signed the values for the versions
// from version on.
func (f *fixture) sign(t testing.TB, label string, greatest *uint32, version uint32, values ...string) *keytrans.ManagerUpdateRequest {
	t.Helper()
	q := &keytrans.ManagerUpdateRequest{Label: []byte(label), GreatestVersion: greatest, SignedVersion: version}
	for i, value := range values {
		u, err := keytrans.SignUpdate(f.Configuration(), leafKey(t), q.Label, version+uint32(i), []byte(value))
		fatalIfErr(t, err)
		q.Values = append(q.Values, u)
	}
	return q
}

func (f *fixture) manage(q *keytrans.ManagerUpdateRequest) ([]*keytrans.UpdateResponse, error) {
	return f.ManagerUpdate(context.Background(), q)
}

// managedOwner verifies all that an owner is told of one label.
type managedOwner struct {
	t     testing.TB
	f     *fixture
	label string
	view  *keytrans.View
	owner *keytrans.Owner
}

func newManagedOwner(t testing.TB, f *fixture, label string) *managedOwner {
	t.Helper()
	o := &managedOwner{t: t, f: f, label: label, view: &keytrans.View{}}
	dq := &keytrans.DistinguishedRequest{}
	dp, err := f.Distinguished(t.Context(), dq)
	fatalIfErr(t, err)
	dr, err := f.verifier.Distinguished(o.view, dq, dp, time.Now())
	fatalIfErr(t, err)
	o.view = dr.View
	q := &keytrans.OwnerInitRequest{Last: o.view.Last(), Label: []byte(label), Start: dr.Positions[0]}
	p, err := f.OwnerInit(t.Context(), q)
	fatalIfErr(t, err)
	r, err := f.verifier.OwnerInit(o.view, q, p, time.Now())
	fatalIfErr(t, err)
	o.view, o.owner = r.View, r.Owner
	return o
}

// follow verifies responses to a request with values, which may be none.
func (o *managedOwner) follow(responses []*keytrans.UpdateResponse, values ...string) []*keytrans.UpdateResult {
	o.t.Helper()
	q := &keytrans.UpdateRequest{Last: o.view.Last(), Label: []byte(o.label), GreatestVersion: o.owner.Greatest()}
	for _, v := range values {
		q.Values = append(q.Values, []byte(v))
	}
	var out []*keytrans.UpdateResult
	for _, p := range responses {
		r, err := o.f.verifier.Update(o.view, o.owner, q, p, time.Now())
		fatalIfErr(o.t, err)
		q = r.Next(q)
		o.view, o.owner = r.View, r.Owner
		out = append(out, r)
	}
	return out
}

// ask sends a request of the owner's, for which the versions from version on were
// signed, and verifies the answer.
func (o *managedOwner) ask(version uint32, values ...string) []*keytrans.UpdateResult {
	o.t.Helper()
	q := o.f.sign(o.t, o.label, o.owner.Greatest(), version, values...)
	q.Last = o.view.Last()
	responses, err := o.f.manage(q)
	fatalIfErr(o.t, err)
	return o.follow(responses, values...)
}

func TestManagerUpdate(t *testing.T) {
	store := openStore(t, t.TempDir())
	f := open(t, managedConfig(t, store))
	o := newManagedOwner(t, f, "alice")
	for _, step := range []struct {
		version, skipped uint32
		values           []string
	}{
		{0, 0, []string{"zero"}},
		{1, 0, []string{"one", "two"}},
		{6, 3, []string{"six"}},           // 3, 4 and 5 are skipped
		{8, 1, []string{"eight", "nine"}}, // 7 is
	} {
		r := o.ask(step.version, step.values...)
		if len(r) != 1 || r[0].First != step.version || r[0].Skipped != step.skipped || !r[0].Requested {
			t.Fatalf("versions from %d: %+v", step.version, r)
		}
	}
	f.expectValue(t, "alice", 9, "nine")

	// Signatures and skipped versions are there after a restart.
	f.Close()
	f = open(t, managedConfig(t, store))
	defer func() {
		f.Close()
		fatalIfErr(t, store.Close())
	}()
	f.expectValue(t, "alice", 9, "nine")
	for version, want := range []string{"zero", "one", "two", "", "", "", "six", "", "eight", "nine"} {
		r, err := f.search(&keytrans.View{}, "alice", ptr(uint32(version)))
		switch {
		case want == "" && errors.Is(err, directory.ErrSkipped):
		case want == "":
			t.Errorf("version %d: %v, want ErrSkipped", version, err)
		case err != nil:
			t.Errorf("version %d: %v", version, err)
		case string(r.Value.Value) != want || len(r.Value.Signature) == 0:
			t.Errorf("version %d is %+v", version, r.Value)
		}
	}
}

// TestManagerUpdateFirstSkipped: the first versions of a label can be skipped.
func TestManagerUpdateFirstSkipped(t *testing.T) {
	f := newManaged(t)
	o := newManagedOwner(t, f, "alice")
	if r := o.ask(2, "two"); r[0].First != 2 || r[0].Skipped != 2 {
		t.Fatalf("%+v", r[0])
	}
	f.expectValue(t, "alice", 2, "two")
}

// TestManagerUpdateReplayed: the same request, sent again, makes nothing new and
// is answered with what exists, whatever has come in between.
func TestManagerUpdateReplayed(t *testing.T) {
	f := newManaged(t)
	o := newManagedOwner(t, f, "alice")
	first := f.sign(t, "alice", nil, 0, "zero")
	if _, err := f.manage(first); err != nil {
		t.Fatal(err)
	}
	if _, err := f.manage(f.sign(t, "alice", ptr(uint32(0)), 3, "three")); err != nil {
		t.Fatal(err)
	}
	size := f.size(t)
	first.Last = o.view.Last()
	responses, err := f.manage(first)
	fatalIfErr(t, err)
	r := o.follow(responses, "zero")
	if len(r) != 2 || r[0].Requested || string(r[0].Values[0].Value) != "zero" || r[1].Skipped != 2 || r[1].First != 3 {
		t.Fatalf("%+v", r)
	}
	// So is another value for the same greatest version, which is disregarded.
	if _, err := f.manage(f.sign(t, "alice", nil, 7, "seven")); err != nil {
		t.Fatal(err)
	}
	if f.size(t) != size {
		t.Error("a replay added a log entry")
	}
	f.expectValue(t, "alice", 3, "three")
}

func TestManagerUpdateRefused(t *testing.T) {
	f := newManaged(t)
	if _, err := f.manage(f.sign(t, "alice", nil, 0, "zero", "one")); err != nil {
		t.Fatal(err)
	}
	size := f.size(t)
	edit := func(q *keytrans.ManagerUpdateRequest, edit func(q *keytrans.ManagerUpdateRequest)) *keytrans.ManagerUpdateRequest {
		edit(q)
		return q
	}
	good := func() *keytrans.ManagerUpdateRequest { return f.sign(t, "alice", ptr(uint32(1)), 2, "two", "three") }
	otherLog := *f.Configuration()
	otherLog.MaxAhead++
	foreign, err := keytrans.SignUpdate(&otherLog, leafKey(t), []byte("alice"), 2, []byte("two"))
	fatalIfErr(t, err)
	for _, test := range []struct {
		name string
		q    *keytrans.ManagerUpdateRequest
		want error
		text string
	}{
		{"signed below the greatest version", f.sign(t, "alice", ptr(uint32(1)), 1, "other"), directory.ErrSignedVersion, ""},
		{"signed for version 0 again", f.sign(t, "alice", ptr(uint32(1)), 0, "a", "b", "c"), directory.ErrSignedVersion, ""},
		{"signed far above", f.sign(t, "alice", ptr(uint32(1)), 2+keytrans.MaxNewVersions, "far"), keytrans.ErrRequest, "would be skipped"},
		{"signed for the last version", f.sign(t, "alice", ptr(uint32(1)), 1<<32-1, "far"), keytrans.ErrRequest, "would be skipped"},
		{"beyond the last version", edit(good(), func(q *keytrans.ManagerUpdateRequest) { q.SignedVersion = 1<<32 - 1 }),
			keytrans.ErrRequest, "greatest possible"},
		{"greatest version in the future", f.sign(t, "alice", ptr(uint32(5)), 6, "six"), directory.ErrGreatestVersion, ""},
		{"unknown label with a greatest version", f.sign(t, "bob", ptr(uint32(0)), 1, "one"), directory.ErrGreatestVersion, ""},
		{"another label", edit(good(), func(q *keytrans.ManagerUpdateRequest) { q.Label = []byte("bob") }), directory.ErrUnsigned, ""},
		{"another version", edit(good(), func(q *keytrans.ManagerUpdateRequest) { q.SignedVersion++ }), directory.ErrUnsigned, ""},
		{"another value", edit(good(), func(q *keytrans.ManagerUpdateRequest) { q.Values[1].Value = []byte("x") }), directory.ErrUnsigned, ""},
		{"another configuration", edit(good(), func(q *keytrans.ManagerUpdateRequest) { q.Values[0] = foreign }), directory.ErrUnsigned, ""},
		{"swapped values", edit(good(), func(q *keytrans.ManagerUpdateRequest) { q.Values[0], q.Values[1] = q.Values[1], q.Values[0] }),
			directory.ErrUnsigned, ""},
		{"no signature", edit(good(), func(q *keytrans.ManagerUpdateRequest) { q.Values[1].Signature = nil }), directory.ErrUnsigned, ""},
		{"an unsigned value that would be disregarded", edit(f.sign(t, "alice", nil, 0, "zero"),
			func(q *keytrans.ManagerUpdateRequest) { q.Values[0].Value = []byte("x") }), directory.ErrUnsigned, ""},
		{"last in the future", edit(good(), func(q *keytrans.ManagerUpdateRequest) { q.Last = ptr(size + 1) }), keytrans.ErrLast, ""},
		{"nothing new", f.sign(t, "alice", ptr(uint32(1)), 0), directory.ErrGreatestVersion, ""},
		{"nothing of an unknown label", f.sign(t, "bob", nil, 0), directory.ErrUnknownLabel, ""},
		{"no label", f.sign(t, "", nil, 0, "x"), keytrans.ErrRequest, "label"},
	} {
		_, err := f.manage(test.q)
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if f.size(t) != size {
		t.Error("what was refused added a log entry")
	}
	if _, err := f.manage(good()); err != nil {
		t.Errorf("the unchanged request: %v", err)
	}
}

// TestManagedOnly: nothing gets into a managed log without signatures, and no
// signed request into another.
func TestManagedOnly(t *testing.T) {
	f := newManaged(t)
	if err := f.update("alice", "zero", nil); !errors.Is(err, directory.ErrManaged) {
		t.Errorf("an update: %v", err)
	}
	insert := func(f *fixture, signed *directory.Signed) error {
		outcomes, err := f.Insert(t.Context(), []directory.NewVersions{{Label: []byte("alice"), Values: [][]byte{nil}, Signed: signed}})
		fatalIfErr(t, err)
		return outcomes[0]
	}
	if err := insert(f, nil); !errors.Is(err, directory.ErrManaged) {
		t.Errorf("an insertion: %v", err)
	}
	if err := insert(f, &directory.Signed{}); !errors.Is(err, keytrans.ErrRequest) {
		t.Errorf("an insertion without a signature: %v", err)
	}
	plain := newFixture(t, nil)
	if _, err := plain.manage(f.sign(t, "alice", nil, 0, "zero")); !errors.Is(err, directory.ErrManaged) {
		t.Errorf("a signed update of another log: %v", err)
	}
	if err := insert(plain, &directory.Signed{Signatures: [][]byte{{1}}}); !errors.Is(err, directory.ErrManaged) {
		t.Errorf("a signed insertion into another log: %v", err)
	}
}

// TestManagedRecords: of a version that was signed, and then deleted, another thing
// is said than of one that was skipped, and a damaged one is none of both.
func TestManagedRecords(t *testing.T) {
	store := openStore(t, t.TempDir())
	f := open(t, managedConfig(t, store))
	if _, err := f.manage(f.sign(t, "alice", nil, 1, "one", "two")); err != nil {
		t.Fatal(err)
	}
	size := f.size(t)
	f.Close()
	key := append([]byte("v\x05alice"), 0, 0, 0, 1)
	snap, err := store.Snapshot()
	fatalIfErr(t, err)
	record, err := snap.Get(key)
	fatalIfErr(t, err)
	fatalIfErr(t, snap.Close())
	for _, test := range []struct {
		record []byte
		want   error
	}{
		{record, nil},
		{record[:72], directory.ErrErased},
		{record[:72+16], directory.ErrCorrupt},      // without the length of the signature
		{record[:72+16+2+63], directory.ErrCorrupt}, // with a part of it
		{record[:71], directory.ErrCorrupt},
	} {
		batch := &directory.Batch{Base: size, Size: size}
		_ = batch.Set(bytes.Clone(key), bytes.Clone(test.record))
		fatalIfErr(t, store.Commit(batch))
		f := open(t, managedConfig(t, store))
		if _, err := f.search(&keytrans.View{}, "alice", ptr(uint32(1))); !errors.Is(err, test.want) {
			t.Errorf("a record of %d bytes: %v, want %v", len(test.record), err, test.want)
		}
		// The search for a version comes by the next one.
		want := directory.ErrSkipped
		if errors.Is(test.want, directory.ErrCorrupt) {
			want = test.want
		}
		if _, err := f.search(&keytrans.View{}, "alice", ptr(uint32(0))); !errors.Is(err, want) {
			t.Errorf("version 0 beside a record of %d bytes: %v, want %v", len(test.record), err, want)
		}
		f.Close()
	}
	fatalIfErr(t, store.Close())
}
