package operator_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// insert adds versions at a manager, past the operator.
func (w *world) insert(d *directory.Directory, label string, greatest *uint32, version uint32, value string) {
	w.t.Helper()
	u, err := keytrans.SignUpdate(w.config, w.leaf, []byte(label), version, []byte(value))
	fatalIfErr(w.t, err)
	_, err = d.ManagerUpdate(w.t.Context(), &keytrans.ManagerUpdateRequest{
		Label: []byte(label), GreatestVersion: greatest, Values: []keytrans.UpdateValue{u}, SignedVersion: version,
	})
	fatalIfErr(w.t, err)
}

func TestFork(t *testing.T) {
	w := newWorld(t)
	if _, err := w.update(aliceToken, "alice", nil, "zero"); err != nil {
		t.Fatal(err)
	}
	fatalIfErr(t, w.op.Follow(t.Context()))
	other := w.managerOn(vfs.NewMem(), 30*time.Minute)
	w.insert(other, "alice", nil, 0, "other")
	w.serve(other)
	if err := w.op.Follow(t.Context()); err != nil {
		// Of one size, the head is said to be the same and nothing is told.
		t.Logf("with as many entries: %v", err)
	}
	w.insert(other, "bob", nil, 0, "zero")
	if err := w.op.Follow(t.Context()); !errors.Is(err, operator.ErrDistrusted) {
		t.Fatalf("a fork: %v", err)
	}
	if len(w.evidence) != 1 || w.evidence[0].Kind != "fork" || w.evidence[0].Fork == nil {
		t.Fatalf("evidence: %+v", w.evidence)
	}
	data, err := w.evidence[0].Marshal()
	fatalIfErr(t, err)
	found, err := evidence.Parse(data)
	fatalIfErr(t, err)
	configuration, err := w.config.Marshal()
	fatalIfErr(t, err)
	p, err := found.Verify(evidence.Expected{Configuration: configuration})
	fatalIfErr(t, err)
	if p.Kind != evidence.Fork || found.Class != evidence.ClassEvidence || found.Private() {
		t.Errorf("%+v %s", p, data)
	}
	// Nothing is forwarded any more, whatever the manager shows.
	w.serve(w.manager)
	if _, err := w.search("alice", nil); !errors.Is(err, operator.ErrDistrusted) {
		t.Errorf("a search: %v", err)
	}
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "one"); !errors.Is(err, operator.ErrDistrusted) {
		t.Errorf("an update: %v", err)
	}
	if err := w.op.Status().Log; !errors.Is(err, operator.ErrDistrusted) {
		t.Errorf("status: %v", err)
	}
	w.open(func(c *operator.Config) { c.Distrusted = errors.New("evidence") })
	if _, err := w.search("alice", nil); !errors.Is(err, operator.ErrDistrusted) {
		t.Errorf("after a restart: %v", err)
	}
}

// TestForkForOne: the operator is shown one log and a user another, of as many
// entries or of more.
func TestForkForOne(t *testing.T) {
	for more := range uint32(2) {
		w := newWorld(t)
		if _, err := w.update(aliceToken, "alice", nil, "zero"); err != nil {
			t.Fatal(err)
		}
		fatalIfErr(t, w.op.Follow(t.Context()))
		other := w.managerOn(vfs.NewMem(), 30*time.Minute)
		w.insert(other, "alice", nil, 0, "other")
		if more > 0 {
			w.insert(other, "alice", ptr(uint32(0)), 1, "another")
		}
		w.link.set(func(q exchanged, send func() (*http.Response, error)) (*http.Response, error) {
			w.serve(w.manager)
			if q.path == "/v1/search" {
				w.serve(other)
			}
			return send()
		})
		if _, err := w.search("alice", nil); !errors.Is(err, operator.ErrManager) || errors.Is(err, keytrans.ErrSignature) != (more == 0) {
			t.Errorf("a head of another log, %d entries larger: %v", more, err)
		}
		w.link.set(nil)
		w.serve(w.manager)
		w.expect("alice", "zero")
	}
}

// TestRollback: the manager was restored from an old copy.
func TestRollback(t *testing.T) {
	w := newWorld(t)
	if _, err := w.update(aliceToken, "alice", nil, "zero"); err != nil {
		t.Fatal(err)
	}
	old := w.disk.CrashClone(vfs.CrashCloneCfg{})
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "one"); err != nil {
		t.Fatal(err)
	}
	fatalIfErr(t, w.op.Follow(t.Context()))
	w.serve(w.managerOn(old, 30*time.Minute))
	if err := w.op.Follow(t.Context()); err == nil || errors.Is(err, operator.ErrDistrusted) {
		t.Errorf("a log that lost an entry: %v", err)
	}
	if st := w.op.Status(); st.Log == nil || st.Manager != nil || strings.Count(w.log.String(), "not accepted") != 1 {
		t.Errorf("status %+v, log:\n%s", st, w.log.String())
	}
	if _, err := w.search("alice", nil); !errors.Is(err, operator.ErrManager) {
		t.Errorf("a search in a log that lost an entry: %v", err)
	}
	w.link.cut(false)
	if err := w.op.Follow(t.Context()); !errors.Is(err, operator.ErrManager) || w.op.Status().Manager == nil {
		t.Errorf("a manager that is away: %v, status %+v", err, w.op.Status())
	}
	w.link.set(nil)
	w.serve(w.manager)
	fatalIfErr(t, w.op.Follow(t.Context()))
	if st := w.op.Status(); st.Log != nil || st.Manager != nil {
		t.Errorf("status after that: %+v", st)
	}
	w.expect("alice", "zero", "one")
}

// TestStale: the manager stands still.
func TestStale(t *testing.T) {
	w := newWorld(t)
	if _, err := w.update(aliceToken, "alice", nil, "zero"); err != nil {
		t.Fatal(err)
	}
	// Without heartbeats.
	w.serve(w.managerOn(w.disk.CrashClone(vfs.CrashCloneCfg{}), 24*time.Hour))
	w.expect("alice", "zero")
	w.clock.Add((2 * time.Hour).Milliseconds())
	if _, err := w.search("alice", nil); !errors.Is(err, operator.ErrManager) || !errors.Is(err, keytrans.ErrTime) {
		t.Errorf("a search under an old head: %v", err)
	}
	if err := w.op.Status().Log; !errors.Is(err, keytrans.ErrTime) {
		t.Errorf("status: %v", err)
	}
}

// TestReplayed: an earlier answer to the same request arrives, once or always, to
// somebody who has seen nothing and to somebody for whom the head was the same.
func TestReplayed(t *testing.T) {
	w := newWorld(t)
	if _, err := w.update(aliceToken, "alice", nil, "zero"); err != nil {
		t.Fatal(err)
	}
	head, err := w.manager.Head()
	fatalIfErr(t, err)
	newcomer := &keytrans.SearchRequest{Label: []byte("alice")}
	regular := &keytrans.SearchRequest{Label: []byte("alice"), Last: &head.TreeSize}
	recorded := make(map[string][]byte) // by the request's body
	w.link.set(func(q exchanged, send func() (*http.Response, error)) (*http.Response, error) {
		r, err := send()
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(r.Body)
		recorded[string(q.body)] = body
		r.Body = io.NopCloser(bytes.NewReader(body))
		return r, err
	})
	for _, q := range []*keytrans.SearchRequest{newcomer, regular} {
		_, err := w.ask(q)
		fatalIfErr(t, err)
	}
	w.link.set(nil)
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "one"); err != nil {
		t.Fatal(err)
	}
	fatalIfErr(t, w.op.Follow(t.Context()))
	replays := 0
	w.link.set(func(q exchanged, send func() (*http.Response, error)) (*http.Response, error) {
		r, err := send()
		if body := recorded[string(q.body)]; err == nil && body != nil && replays > 0 {
			replays--
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		return r, err
	})
	for _, q := range []*keytrans.SearchRequest{newcomer, regular} {
		replays = 1
		p, err := w.ask(q)
		if err != nil || *p.Version != 1 || replays != 0 {
			t.Errorf("after one replay: %+v, %v, %d replays left", p, err, replays)
		}
		replays = 1000
		if _, err := w.ask(q); !errors.Is(err, operator.ErrManager) {
			t.Errorf("with nothing but replays: %v", err)
		}
	}
	w.link.set(nil)
	w.expect("alice", "zero", "one")
}

// TestConfigurationChanged: the manager has made a new log.
func TestConfigurationChanged(t *testing.T) {
	w := newWorld(t)
	changed := *w.config
	changed.MaxAhead++
	w.open(func(c *operator.Config) { c.Configuration = &changed })
	if err := w.op.Follow(t.Context()); !errors.Is(err, operator.ErrManager) || !strings.Contains(err.Error(), "another configuration") {
		t.Errorf("another configuration: %v", err)
	}
	if err := operator.CheckConfiguration(w.config, w.leaf); err != nil {
		t.Error(err)
	}
	plain := changed
	plain.Mode = keytrans.ContactMonitoring
	if err := operator.CheckConfiguration(&plain, w.leaf); err == nil {
		t.Error("a log that nobody manages was accepted")
	}
	foreign := changed
	foreign.LeafPublicKey = w.config.SignaturePublicKey
	if err := operator.CheckConfiguration(&foreign, w.leaf); err == nil {
		t.Error("another operator's log was accepted")
	}
}

func TestLinkToken(t *testing.T) {
	w := newWorld(t)
	l, err := operator.NewLink(operator.LinkConfig{Manager: w.url, Token: "another"})
	fatalIfErr(t, err)
	w.open(func(c *operator.Config) { c.Link = l })
	if _, err := w.search("alice", nil); !errors.Is(err, operator.ErrManager) || !strings.Contains(err.Error(), "link token") {
		t.Errorf("with another token: %v", err)
	}
	for _, cfg := range []operator.LinkConfig{
		{}, {Manager: "127.0.0.1:80", Token: "x"}, {Manager: "ftp://h", Token: "x"}, {Manager: "http://u@h", Token: "x"},
		{Manager: "http://h?q", Token: "x"}, {Manager: "http://h"},
	} {
		if _, err := operator.NewLink(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

// TestUnsigned: the manager publishes a value that the operator has not signed.
// Nobody is told of it by way of the operator, and who is told otherwise has proof.
func TestUnsigned(t *testing.T) {
	w := newWorld(t)
	outcomes, err := w.manager.Insert(t.Context(), []directory.NewVersions{{
		Label: []byte("alice"), Values: [][]byte{[]byte("slipped in")}, Signed: &directory.Signed{Signatures: [][]byte{{1}}},
	}})
	if err != nil || outcomes[0] != nil {
		t.Fatal(err, outcomes)
	}
	if _, err := w.search("alice", nil); !errors.Is(err, operator.ErrManager) || !errors.Is(err, keytrans.ErrSignature) {
		t.Errorf("a search: %v", err)
	}
	if _, err := w.update("", "alice", nil); !errors.Is(err, operator.ErrManager) || !errors.Is(err, keytrans.ErrSignature) {
		t.Errorf("what is new: %v", err)
	}
	q := &keytrans.SearchRequest{Label: []byte("alice")}
	p, err := w.manager.Search(t.Context(), q)
	fatalIfErr(t, err)
	v, err := keytrans.NewVerifier(w.config)
	fatalIfErr(t, err)
	var m *keytrans.Misbehaviour
	if _, err := v.Search(&keytrans.View{}, q, p, w.now()); !errors.As(err, &m) {
		t.Errorf("past the operator: %v", err)
	}
}

// TestRootsBetween: heads between two that the operator has seen are verified, too.
func TestRootsBetween(t *testing.T) {
	w := newWorld(t)
	w.insert(w.manager, "alice", nil, 0, "zero")
	// While the answer is on its way, and before the operator looks, the log grows.
	grown := false
	w.link.set(func(q exchanged, send func() (*http.Response, error)) (*http.Response, error) {
		r, err := send()
		if q.path == "/v1/search" && !grown {
			grown = true
			for i := range 5 {
				w.insert(w.manager, "alice", ptr(uint32(i)), uint32(i)+1, "more")
			}
		}
		return r, err
	})
	r, err := w.search("alice", nil)
	if err != nil || r.Version != 0 {
		t.Fatalf("%+v %v", r, err)
	}
}

// TestBusy: under heads that change all the time, every answer is forwarded, and
// verifies.
func TestBusy(t *testing.T) {
	w := newWorld(t)
	const writers, versions = 4, 25
	if _, err := w.update(aliceToken, "label 0", nil, "0"); err != nil {
		t.Fatal(err)
	}
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for i := range writers {
		writing.Go(func() {
			label := fmt.Sprint("label ", i)
			for v := range uint32(versions) {
				var greatest *uint32
				if v > 0 {
					greatest = ptr(v - 1)
				}
				if i == 0 && v == 0 {
					continue
				}
				if _, err := w.update(aliceToken, label, greatest, fmt.Sprint(v)); err != nil {
					t.Errorf("%s, version %d: %v", label, v, err)
				}
			}
		})
	}
	for range writers {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := w.search("label 0", nil); err != nil {
					t.Errorf("a search: %v", err)
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	for i := range writers {
		r, err := w.search(fmt.Sprint("label ", i), nil)
		if err != nil || r.Version != versions-1 {
			t.Errorf("label %d: %+v %v", i, r, err)
		}
	}
	if strings.Contains(w.log.String(), "not of its log") {
		t.Errorf("a good head was not recognised:\n%s", w.log.String())
	}
}
