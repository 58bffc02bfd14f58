package keytrans_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// managedLog is a log that a third party manages, with an entry a second. Entry 1
// creates version 0 of a label, and entry 2 skips 1 and 2 and creates 3 and 4. With
// the window of 1 ms all entries are distinguished, with that of 1000 s the first
// two are.
func managedLog(suite keytrans.CipherSuite, window uint64) *keytranstest.Log {
	l := keytranstest.New(keytranstest.Options{Suite: suite, Mode: keytrans.ThirdPartyManagement, Window: window, Seed: "managed"})
	l.Append(1_000_000, keytranstest.Pad(2))
	l.Append(1_001_000, keytranstest.Create("alice", "zero"))
	l.Append(1_002_000, keytranstest.Skip("alice", 2), keytranstest.Create("alice", "three", "four"), keytranstest.Create("bob", "b"))
	l.Append(1_003_000, keytranstest.Pad(1))
	return l
}

var windows = map[string]uint64{"distinguished": 1, "not distinguished": 1_000_000}

func eachManaged(t *testing.T, f func(t *testing.T, suite keytrans.CipherSuite, window uint64)) {
	for _, suite := range []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256} {
		for name, window := range windows {
			t.Run(suite.String()+" "+name, func(t *testing.T) { f(t, suite, window) })
		}
	}
}

// managedOwner is an owner of a label since entry 0.
type managedOwner struct {
	log   *keytranstest.Log
	view  *keytrans.View
	owner *keytrans.Owner
}

// newManagedOwner returns an owner who has verified the log's first two entries,
// and version 0.
func newManagedOwner(t *testing.T, l *keytranstest.Log) *managedOwner {
	t.Helper()
	o := &managedOwner{log: l, view: &keytrans.View{}}
	d := l.Directory(1)
	q := &keytrans.OwnerInitRequest{Label: []byte("alice"), Start: 0}
	p, err := d.Prover.OwnerInit(d.State, d.Label("alice"), q)
	fatalIfErr(t, err)
	r, err := l.Verifier().OwnerInit(o.view, q, p, l.Now(1))
	fatalIfErr(t, err)
	o.view, o.owner = r.View, r.Owner
	u, err := o.learn(l.Directory(2), nil)
	fatalIfErr(t, err)
	o.view, o.owner = u.View, u.Owner
	return o
}

// learn asks a directory for what is new, and verifies the first response as edit
// leaves it.
func (o *managedOwner) learn(d *keytranstest.Directory, edit func(*keytrans.UpdateResponse)) (*keytrans.UpdateResult, error) {
	q := &keytrans.UpdateRequest{Last: o.view.Last(), Label: []byte("alice"), GreatestVersion: o.owner.Greatest()}
	list, err := d.Prover.Update(d.State, d.Label("alice"), q, 0)
	if err != nil {
		return nil, err
	}
	if edit != nil {
		edit(list[0])
	}
	size := d.State.Head().TreeSize
	return o.log.Verifier().Update(o.view, o.owner, q, list[0], o.log.Now(size))
}

// confirm returns what owner monitoring finds of versions that are claimed.
func confirm(t *testing.T, l *keytranstest.Log, r *keytrans.UpdateResult) error {
	t.Helper()
	d := l.Directory(r.View.Head.TreeSize)
	p, err := d.Prover.OwnerMonitor(d.State, d.Label("alice"), r.Owner.OwnerMonitorRequest(r.View, []byte("alice")))
	if errors.Is(err, keytrans.ErrRequest) {
		return fmt.Errorf("%w: %w", keytrans.ErrProof, err) // the log has no answer to that
	}
	fatalIfErr(t, err)
	monitored, err := l.Verifier().OwnerMonitor(r.View, r.Owner, p, l.Now(4))
	if err == nil && monitored.Owner.Claims() {
		err = fmt.Errorf("%w: the claim stays one", keytrans.ErrProof)
	}
	return err
}

func TestSkippedVersions(t *testing.T) {
	eachManaged(t, func(t *testing.T, suite keytrans.CipherSuite, window uint64) {
		l := managedLog(suite, window)
		o := newManagedOwner(t, l)
		r, err := o.learn(l.Directory(4), nil)
		fatalIfErr(t, err)
		if r.Owner.Claims() {
			fatalIfErr(t, confirm(t, l, r))
		}
		if r.First != 3 || r.Skipped != 2 || len(r.Values) != 2 || *r.Owner.Greatest() != 4 {
			t.Fatalf("%+v", r)
		}
		for i, v := range r.Values {
			fatalIfErr(t, keytrans.VerifyUpdate(l.Config, []byte("alice"), r.First+uint32(i), v))
		}
	})
}

// TestSkippedVersionsTampered: what a response says was skipped, and what not, is
// a claim that has to fit the log.
func TestSkippedVersionsTampered(t *testing.T) {
	foreign := func(l *keytranstest.Log, label string, version uint32) []byte {
		return l.NewVersion(label, version, 2, "three").Value.Signature
	}
	cases := map[string]func(l *keytranstest.Log, p *keytrans.UpdateResponse){
		"one skipped version less": func(_ *keytranstest.Log, p *keytrans.UpdateResponse) { p.SkippedVersions-- },
		"one skipped version more": func(_ *keytranstest.Log, p *keytrans.UpdateResponse) { p.SkippedVersions++ },
		"none skipped":             func(_ *keytranstest.Log, p *keytrans.UpdateResponse) { p.SkippedVersions = 0 },
		"as many as a byte counts": func(_ *keytranstest.Log, p *keytrans.UpdateResponse) { p.SkippedVersions = 255 },
		"2^32-1 skipped versions":  func(_ *keytranstest.Log, p *keytrans.UpdateResponse) { p.SkippedVersions = 1<<32 - 1 },
		"2^32-5 skipped versions":  func(_ *keytranstest.Log, p *keytrans.UpdateResponse) { p.SkippedVersions = 1<<32 - 5 },
		"a skipped version as value": func(_ *keytranstest.Log, p *keytrans.UpdateResponse) {
			p.SkippedVersions--
			p.Values = slices.Insert(p.Values, 0, []byte(nil))
			p.Info = slices.Insert(p.Info, 0, keytrans.UpdateInfo{})
		},
		"a skipped version with a signed value": func(l *keytranstest.Log, p *keytrans.UpdateResponse) {
			v := l.NewVersion("alice", 2, 2, "two")
			p.SkippedVersions--
			p.Values = slices.Insert(p.Values, 0, v.Value.Value)
			p.Info = slices.Insert(p.Info, 0, keytrans.UpdateInfo{Opening: v.Opening, Signature: v.Value.Signature})
		},
		"a version with a value as skipped": func(_ *keytranstest.Log, p *keytrans.UpdateResponse) {
			p.SkippedVersions++
			p.Values, p.Info = p.Values[1:], p.Info[1:]
		},
		"the last one left out": func(_ *keytranstest.Log, p *keytrans.UpdateResponse) {
			p.Values, p.Info = p.Values[:1], p.Info[:1]
		},
		"all skipped": func(_ *keytranstest.Log, p *keytrans.UpdateResponse) {
			p.SkippedVersions, p.Values, p.Info = 4, nil, nil
		},
		"values swapped": func(_ *keytranstest.Log, p *keytrans.UpdateResponse) {
			p.Values[0], p.Values[1] = p.Values[1], p.Values[0]
			p.Info[0], p.Info[1] = p.Info[1], p.Info[0]
		},
		"signatures swapped": func(_ *keytranstest.Log, p *keytrans.UpdateResponse) {
			p.Info[0].Signature, p.Info[1].Signature = p.Info[1].Signature, p.Info[0].Signature
		},
		"no signature":                   func(_ *keytranstest.Log, p *keytrans.UpdateResponse) { p.Info[0].Signature = nil },
		"a signature of another label":   func(l *keytranstest.Log, p *keytrans.UpdateResponse) { p.Info[0].Signature = foreign(l, "bob", 3) },
		"a signature of another version": func(l *keytranstest.Log, p *keytrans.UpdateResponse) { p.Info[0].Signature = foreign(l, "alice", 2) },
	}
	eachManaged(t, func(t *testing.T, suite keytrans.CipherSuite, window uint64) {
		l := managedLog(suite, window)
		o := newManagedOwner(t, l)
		for name, edit := range cases {
			r, err := o.learn(l.Directory(4), func(p *keytrans.UpdateResponse) { edit(l, p) })
			if err == nil && r.Owner.Claims() {
				err = confirm(t, l, r)
			}
			var m *keytrans.Misbehaviour
			if errors.As(err, &m) || !errors.Is(err, keytrans.ErrProof) && !errors.Is(err, keytrans.ErrSignature) && !errors.Is(err, keytrans.ErrUnexpectedVersion) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// unsigned are signatures that are none of the operator's for version 1 of alice's
// label and the value.
func unsigned(t *testing.T, l *keytranstest.Log) map[string][]byte {
	t.Helper()
	sign := func(c *keytrans.Configuration, key keytrans.SigningKey, label string, version uint32, value string) []byte {
		u, err := keytrans.SignUpdate(c, key, []byte(label), version, []byte(value))
		fatalIfErr(t, err)
		return u.Signature
	}
	other := *l.Config
	other.MaxBehind++
	return map[string][]byte{
		"no signature":          nil,
		"of another version":    sign(l.Config, l.Keys.Leaf, "alice", 2, "value"),
		"of another label":      sign(l.Config, l.Keys.Leaf, "bob", 1, "value"),
		"of another value":      sign(l.Config, l.Keys.Leaf, "alice", 1, "other"),
		"of another log":        sign(&other, l.Keys.Leaf, "alice", 1, "value"),
		"of the manager's key":  sign(l.Config, l.Keys.Signer, "alice", 1, "value"),
		"of the operator, good": sign(l.Config, l.Keys.Leaf, "alice", 1, "value"),
	}
}

// TestUnsignedValue: a manager puts a value into its log that the operator has not
// signed for that. Who finds it has proof; who is only told of it has not.
func TestUnsignedValue(t *testing.T) {
	eachManaged(t, func(t *testing.T, suite keytrans.CipherSuite, window uint64) {
		for name, signature := range unsigned(t, managedLog(suite, window)) {
			l := keytranstest.New(keytranstest.Options{Suite: suite, Mode: keytrans.ThirdPartyManagement, Window: window, Seed: "managed"})
			l.Append(1_000_000, keytranstest.Pad(2))
			l.Append(1_001_000, keytranstest.Create("alice", "zero"))
			v := l.NewVersion("alice", 1, 2, "value")
			v.Value.Signature = signature
			var err error
			v.Commitment, err = keytrans.Commit(l.Config.Mode, v.Opening, []byte("alice"), 1, v.Value)
			fatalIfErr(t, err)
			l.Append(1_002_000, keytranstest.Put("alice", 1, v.Commitment))
			d := l.Directory(3)
			d.Label = func(string) keytrans.Label {
				label := l.Label("alice")
				label.Versions = append(label.Versions, v)
				return label
			}
			good := name == "of the operator, good"
			for _, version := range []*uint32{nil, &v.Number} {
				q := &keytrans.SearchRequest{Label: []byte("alice"), Version: version}
				p, err := d.Prover.Search(d.State, d.Label("alice"), q)
				fatalIfErr(t, err)
				_, err = l.Verifier().Search(&keytrans.View{}, q, p, l.Now(3))
				var m *keytrans.Misbehaviour
				if errors.As(err, &m) == good || good && err != nil || !good && !errors.Is(err, keytrans.ErrSignature) {
					t.Errorf("a search, signature %s: %v", name, err)
				}
			}
			_, err = newManagedOwner(t, l).learn(d, nil)
			var m *keytrans.Misbehaviour
			switch proven := window > 1; { // in a distinguished entry nothing is looked up
			case good:
				fatalIfErr(t, err)
			case !errors.Is(err, keytrans.ErrSignature) || errors.As(err, &m) != proven:
				t.Errorf("an update, signature %s: %v", name, err)
			}
		}
	})
}

// TestUnsignedClaim: a response shows a value with a signature that the log does not
// commit to. That is nobody's proof of anything.
func TestUnsignedClaim(t *testing.T) {
	eachManaged(t, func(t *testing.T, suite keytrans.CipherSuite, window uint64) {
		l := managedLog(suite, window)
		d := l.Directory(4)
		for name, signature := range unsigned(t, l) {
			q := &keytrans.SearchRequest{Label: []byte("alice")}
			p, err := d.Prover.Search(d.State, d.Label("alice"), q)
			fatalIfErr(t, err)
			p.Value.Signature = signature
			_, err = l.Verifier().Search(&keytrans.View{}, q, p, l.Now(4))
			var m *keytrans.Misbehaviour
			if errors.As(err, &m) || !errors.Is(err, keytrans.ErrProof) && !errors.Is(err, keytrans.ErrSignature) {
				t.Errorf("signature %s: %v", name, err)
			}
		}
	})
}
