package evidence_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

const (
	alice  = "alice@example.org"
	second = 1000 // milliseconds
	start  = 1_700_000_000_000
)

var foundAt = time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// changes are those of the log entries that have some beside padding.
type changes map[uint64][]keytranstest.Change

// grow appends entries, one a second, up to a size.
func grow(l *keytranstest.Log, size uint64, c changes) *keytranstest.Log {
	for pos := l.Size(); pos < size; pos++ {
		l.Append(start+second*pos, append(c[pos], keytranstest.Pad(2))...)
	}
	return l
}

// newLog returns a log of 12 entries, in which alice has version 0 from entry 4 and
// version 1 from entry 9 on.
func newLog(o keytranstest.Options) *keytranstest.Log {
	o.Window = 3 * second
	return grow(keytranstest.New(o), 12, changes{4: {keytranstest.Create(alice, "zero")}, 9: {keytranstest.Create(alice, "one")}})
}

// user is somebody who keeps a view of a log.
type user struct {
	testing.TB
	view   *keytrans.View
	proofs evidence.Proofs
}

func newUser(t testing.TB) *user { return &user{TB: t, view: &keytrans.View{}} }

// see brings the view up to date with the log at the given sizes.
func (u *user) see(l *keytranstest.Log, sizes ...uint64) *user {
	u.Helper()
	for _, size := range sizes {
		q := &keytrans.DistinguishedRequest{Last: u.view.Last()}
		p, err := l.Prover().Distinguished(l.At(size), q)
		fatalIfErr(u, err)
		r, err := l.Verifier().Distinguished(u.view, q, p, l.Now(size))
		fatalIfErr(u, err)
		u.proofs = u.proofs.Next(&r.Verified)
		u.view = r.View
	}
	return u
}

// ask returns an exchange with a directory, which may lie.
func (u *user) ask(d *keytranstest.Directory, operation string, q interface{ Marshal() ([]byte, error) }) *evidence.Exchange {
	u.Helper()
	request, err := q.Marshal()
	fatalIfErr(u, err)
	response, err := d.Answer(operation, request)
	fatalIfErr(u, err)
	return &evidence.Exchange{
		RetainedView: evidence.NewView(u.view, u.proofs), Operation: operation, Request: request, Response: response,
	}
}

func (u *user) search(d *keytranstest.Directory, version *uint32) *evidence.Exchange {
	u.Helper()
	return u.ask(d, keytranstest.Search, &keytrans.SearchRequest{Last: u.view.Last(), Label: []byte(alice), Version: version})
}

func (u *user) absence(d *keytranstest.Directory) *evidence.Exchange {
	u.Helper()
	return u.ask(d, keytranstest.Absence, &keytrans.AbsenceRequest{Last: u.view.Last(), Label: []byte(alice)})
}

func (u *user) batch(d *keytranstest.Directory, labels ...string) *evidence.Exchange {
	u.Helper()
	q := &keytrans.BatchRequest{Last: u.view.Last()}
	for _, l := range labels {
		q.Queries = append(q.Queries, keytrans.BatchQuery{Label: []byte(l)})
	}
	return u.ask(d, keytranstest.Batch, q)
}

func (u *user) distinguished(d *keytranstest.Directory) *evidence.Exchange {
	u.Helper()
	return u.ask(d, keytranstest.Distinguished, &keytrans.DistinguishedRequest{Last: u.view.Last()})
}

// newcomer is what a directory shows to somebody without a view.
func newcomer(t testing.TB, d *keytranstest.Directory) *evidence.Newcomer {
	t.Helper()
	x := newUser(t).distinguished(d)
	return &evidence.Newcomer{View: x.RetainedView, Request: x.Request, Response: x.Response}
}

func newEvidence(kind evidence.Kind, l *keytranstest.Log) *evidence.Evidence {
	return &evidence.Evidence{
		Summary: "somebody says so", Schema: evidence.Schema, Class: evidence.ClassEvidence, Kind: kind, FoundAt: foundAt,
		Configuration: must(l.Config.Marshal()),
	}
}

// contradiction makes evidence of an exchange, and of an earlier one, which may be nil.
func contradiction(l *keytranstest.Log, x, earlier *evidence.Exchange) *evidence.Evidence {
	e := newEvidence(evidence.Contradiction, l)
	e.RetainedView, e.Operation, e.Request, e.Response, e.Earlier = x.RetainedView, x.Operation, x.Request, x.Response, earlier
	return e
}

// lyingAt returns a directory that answers though the log contradicts itself.
func lyingAt(l *keytranstest.Log, size uint64) *keytranstest.Directory {
	d := l.Directory(size)
	d.Prover.Unchecked = true
	return d
}

// upto returns a directory that says of alice only what it has up to a version, -1 for
// nothing.
func upto(l *keytranstest.Log, size uint64, version int) *keytranstest.Directory {
	d := lyingAt(l, size)
	d.Label = func(name string) keytrans.Label {
		out := l.Label(name)
		if name == alice {
			out.Versions = out.Versions[:version+1]
		}
		return out
	}
	return d
}

// says returns a directory that says that a version of alice has another value.
func says(l *keytranstest.Log, size uint64, v keytranstest.Version) *keytranstest.Directory {
	d := lyingAt(l, size)
	d.Label = func(name string) keytrans.Label {
		out := l.Label(name)
		out.Versions = append(out.Versions[:v.Number:v.Number], v)
		return out
	}
	return d
}

func ptr[T any](v T) *T { return &v }

// modes are the options of a log in every mode, and with both suites.
func modes() map[string]keytranstest.Options {
	out := make(map[string]keytranstest.Options)
	for _, suite := range []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256} {
		for _, mode := range []keytrans.DeploymentMode{keytrans.ContactMonitoring, keytrans.ThirdPartyManagement, keytrans.ThirdPartyAuditing} {
			out[fmt.Sprint(suite, "/", mode)] = keytranstest.Options{Suite: suite, Mode: mode, Seed: "evidence"}
		}
	}
	return out
}
