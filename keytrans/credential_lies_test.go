package keytrans_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// The tests in this file give credentials of logs that lie to users of another
// history of the same log.

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const second = 1000 // milliseconds

// grow appends entries, one a second, up to a size.
func grow(l *keytranstest.Log, size uint64, changes map[uint64][]keytranstest.Change) *keytranstest.Log {
	for pos := l.Size(); pos < size; pos++ {
		l.Append(1_700_000_000_000+second*pos, append(changes[pos], keytranstest.Pad(2))...)
	}
	return l
}

// eachLog runs f with a log of 13 entries in every mode and suite. Its
// distinguished entries include 7 and 11, and alice's only version is in 12.
func eachLog(t *testing.T, f func(t *testing.T, l *keytranstest.Log)) {
	for _, suite := range []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256} {
		for _, mode := range []keytrans.DeploymentMode{keytrans.ContactMonitoring, keytrans.ThirdPartyManagement, keytrans.ThirdPartyAuditing} {
			t.Run(fmt.Sprint(suite, "/", mode), func(t *testing.T) {
				l := keytranstest.New(keytranstest.Options{Suite: suite, Mode: mode, Window: 3 * second})
				f(t, grow(l, 13, map[uint64][]keytranstest.Change{12: {keytranstest.Create("alice", "key")}}))
			})
		}
	}
}

// recent returns what a user retains of the log when it had size entries.
func recent(t *testing.T, l *keytranstest.Log, size uint64) (keytrans.Recent, *keytrans.View) {
	t.Helper()
	q := &keytrans.DistinguishedRequest{}
	p, err := l.Prover().Distinguished(l.At(size), q)
	fatalIfErr(t, err)
	r, err := l.Verifier().Distinguished(&keytrans.View{}, q, p, l.Now(size))
	fatalIfErr(t, err)
	return r.Recent, r.View
}

// provisional returns alice's credential out of a log of size entries.
func provisional(t *testing.T, l *keytranstest.Log, pos, size uint64) *keytrans.Credential {
	t.Helper()
	heads, view := recent(t, l, size)
	base := heads.At(pos)
	if base == nil {
		t.Fatalf("entry %d is not distinguished", pos)
	}
	q := &keytrans.SearchRequest{Last: base.Last(), Label: []byte("alice")}
	p, err := l.Prover().Search(l.At(size), l.Label("alice"), q)
	fatalIfErr(t, err)
	c, _, err := l.Verifier().ProvisionalCredential(base, view.AuditorTreeHead, q, p, l.Now(size))
	fatalIfErr(t, err)
	return c
}

func update(t *testing.T, l *keytranstest.Log, p *keytrans.Provisional) *keytrans.CredentialUpdate {
	t.Helper()
	heads, _ := recent(t, l, l.Size())
	q, err := p.UpdateRequest([]byte("alice"), heads)
	fatalIfErr(t, err)
	u, err := l.Prover().CredentialUpdate(l.At(l.Size()), l.Label("alice"), q)
	fatalIfErr(t, err)
	return u
}

func wantMisbehaviour(t *testing.T, err error) {
	t.Helper()
	var m *keytrans.Misbehaviour
	if !errors.As(err, &m) {
		t.Fatalf("got %v, want evidence of misbehaviour", err)
	}
	t.Log(err)
}

func wantRefusal(t *testing.T, err error, want ...error) {
	t.Helper()
	var m *keytrans.Misbehaviour
	for _, w := range want {
		if errors.Is(err, w) && !errors.As(err, &m) {
			return
		}
	}
	t.Fatalf("got %v, want one of %v and no accusation", err, want)
}

// TestCredentialOfForkBefore shows a credential of a log that forked before the
// distinguished entry that it relies on: its head does not follow from there.
func TestCredentialOfForkBefore(t *testing.T) {
	eachLog(t, func(t *testing.T, l *keytranstest.Log) {
		heads, _ := recent(t, l, 13)
		for _, at := range []uint64{1, 5, 11} {
			fork := grow(l.Fork(at), 13, map[uint64][]keytranstest.Change{at: {keytranstest.Pad(3)}, 12: {keytranstest.Create("alice", "another key")}})
			_, err := l.Verifier().Credential(heads, provisional(t, fork, 11, 13))
			wantRefusal(t, err, keytrans.ErrSignature, keytrans.ErrProof)
		}
		fork := grow(l.Fork(3), 13, map[uint64][]keytranstest.Change{3: {keytranstest.Create("alice", "another key")}})
		q := &keytrans.SearchRequest{Label: []byte("alice")}
		p, err := fork.Prover().Search(fork.At(13), fork.Label("alice"), q)
		fatalIfErr(t, err)
		r, err := fork.Verifier().Search(&keytrans.View{}, q, p, fork.Now(13))
		fatalIfErr(t, err)
		c, err := keytrans.NewStandardCredential(q.Label, r, p)
		fatalIfErr(t, err)
		_, err = l.Verifier().Credential(heads, c)
		wantRefusal(t, err, keytrans.ErrProof)
	})
}

// TestCredentialOfForkAfter shows a credential of a log that forks after the
// distinguished entry: it verifies initially, and never finally.
func TestCredentialOfForkAfter(t *testing.T) {
	eachLog(t, func(t *testing.T, l *keytranstest.Log) {
		fork := grow(l.Fork(12), 13, map[uint64][]keytranstest.Change{12: {keytranstest.Create("alice", "another key")}})
		heads, view := recent(t, l, 13)
		c := provisional(t, fork, 11, 13)
		r, err := l.Verifier().Credential(heads, c)
		fatalIfErr(t, err)
		final, err := r.Provisional.Final(heads)
		if final || err != nil {
			t.Fatalf("final %v, %v, before there is anything to compare", final, err)
		}
		if err := r.Provisional.Contradicts(view); err == nil {
			t.Error("no contradiction to a view of the same size with another root")
		}
		grow(l, 20, nil)
		grow(fork, 20, nil)
		heads, _ = recent(t, l, 20)
		for _, u := range []*keytrans.CredentialUpdate{update(t, fork, r.Provisional), update(t, l, r.Provisional), {}} {
			_, err = l.Verifier().CredentialUpdate(r.Provisional, heads, u)
			wantRefusal(t, err, keytrans.ErrProof)
		}
		// The same where the terminal entry becomes distinguished.
		c = provisional(t, grow(l.Fork(12), 14, map[uint64][]keytranstest.Change{12: {keytranstest.Pad(1)}, 13: {keytranstest.Create("alice", "another key")}}), 11, 14)
		r, err = l.Verifier().Credential(heads, c)
		fatalIfErr(t, err)
		_, err = r.Provisional.Final(heads)
		wantMisbehaviour(t, err)
	})
}

// TestFinalCredential has an honest log.
func TestFinalCredential(t *testing.T) {
	eachLog(t, func(t *testing.T, l *keytranstest.Log) {
		heads, _ := recent(t, l, 13)
		c := provisional(t, l, 11, 13)
		r, err := l.Verifier().Credential(heads, c)
		fatalIfErr(t, err)
		grow(l, 20, nil)
		later, view := recent(t, l, 20)
		if err := r.Provisional.Contradicts(view); err != nil {
			t.Error(err)
		}
		u := update(t, l, r.Provisional)
		_, err = l.Verifier().CredentialUpdate(r.Provisional, heads, u)
		wantRefusal(t, err, keytrans.ErrNotRecent)
		at, err := l.Verifier().CredentialUpdate(r.Provisional, later, u)
		if at != 13 || err != nil {
			t.Errorf("leads to %d, %v", at, err)
		}
	})
}

// TestCredentialOfHiddenVersion has a log that shows a version to the receiver of
// a credential, and hides it from its owner. Where there is a third party, it is
// for that one to see.
func TestCredentialOfHiddenVersion(t *testing.T) {
	eachLog(t, func(t *testing.T, l *keytranstest.Log) {
		heads, _ := recent(t, l, 13)
		r, err := l.Verifier().Credential(heads, provisional(t, l, 11, 13))
		fatalIfErr(t, err)
		l.Append(1_700_000_000_000+second*13, keytranstest.Remove("alice", 0), keytranstest.Pad(1))
		grow(l, 20, nil)
		later, _ := recent(t, l, 20)
		q, err := r.Provisional.UpdateRequest([]byte("alice"), later)
		fatalIfErr(t, err)
		honest := &keytrans.Prover{Config: l.Config}
		u, err := honest.CredentialUpdate(l.At(20), l.Label("alice"), q)
		if l.Config.Mode != keytrans.ContactMonitoring {
			fatalIfErr(t, err)
			_, err = l.Verifier().CredentialUpdate(r.Provisional, later, u)
			fatalIfErr(t, err)
			return
		}
		// An honest prover does not answer; a lying one refutes itself.
		if err == nil {
			t.Fatal("the prover proved that a version is there which is not")
		}
		lying := &keytrans.Prover{Config: l.Config, Unchecked: true}
		u, err = lying.CredentialUpdate(l.At(20), l.Label("alice"), q)
		fatalIfErr(t, err)
		_, err = l.Verifier().CredentialUpdate(r.Provisional, later, u)
		wantMisbehaviour(t, err)
	})
}
