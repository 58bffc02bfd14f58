package operator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

func TestUpdate(t *testing.T) {
	w := newWorld(t)
	if list, err := w.update(aliceToken, "alice", nil, "zero"); err != nil || len(list) != 1 || len(list[0].Values) != 0 {
		t.Fatalf("%v %v", list, err)
	}
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "one", "two"); err != nil {
		t.Fatal(err)
	}
	w.expect("alice", "zero", "one", "two")
	// What the manager has already is told, and not signed again.
	list, err := w.update(aliceToken, "alice", nil, "other")
	if err != nil || len(list) != 2 || string(list[0].Values[0]) != "zero" {
		t.Fatalf("%v %v", list, err)
	}
	if list, err := w.update("", "alice", ptr(uint32(0))); err != nil || len(list[0].Values) != 2 {
		t.Fatalf("without a token: %v %v", list, err)
	}
	for _, m := range w.link.updates(t)[2:] {
		if len(m.Values) != 0 {
			t.Error("a value was signed that the manager would have disregarded")
		}
	}
}

func TestUpdateRefused(t *testing.T) {
	w := newWorld(t)
	w.open(func(c *operator.Config) { c.MaxValueSize = 100 })
	if _, err := w.update(aliceToken, "alice", nil, "zero"); err != nil {
		t.Fatal(err)
	}
	sent := len(w.link.updates(t))
	for _, test := range []struct {
		name, token, label string
		greatest           *uint32
		values             []string
		want               error
	}{
		{"no token", "", "alice", ptr(uint32(0)), []string{"x"}, directory.ErrUnauthenticated},
		{"another token", "x", "bob", nil, []string{"x"}, directory.ErrUnauthenticated},
		{"somebody else's", bobToken, "alice", ptr(uint32(0)), []string{"x"}, directory.ErrForbidden},
		{"somebody else's, long known", bobToken, "alice", nil, []string{"x"}, directory.ErrForbidden},
		{"beyond what was signed", aliceToken, "alice", ptr(uint32(1)), []string{"x"}, directory.ErrGreatestVersion},
		{"far beyond", aliceToken, "alice", ptr(uint32(1<<32 - 1)), []string{"x"}, directory.ErrGreatestVersion},
		{"beyond nothing", aliceToken, "bob", ptr(uint32(0)), []string{"x"}, directory.ErrGreatestVersion},
		{"no label", aliceToken, "", nil, []string{"x"}, keytrans.ErrRequest},
		{"a long label", aliceToken, strings.Repeat("x", 256), nil, []string{"x"}, keytrans.ErrRequest},
		{"a large value", aliceToken, "bob", nil, []string{strings.Repeat("x", 101)}, directory.ErrTooLarge},
		{"many values", aliceToken, "bob", nil, slices.Repeat([]string{"x"}, 129), keytrans.ErrRequest},
	} {
		if _, err := w.update(test.token, test.label, test.greatest, test.values...); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if got := len(w.link.updates(t)); got != sent {
		t.Errorf("%d updates that are refused reached the manager", got-sent)
	}
}

// TestRefusedAtOnce: whoever may not write learns that while somebody else's update
// of the label is under way.
func TestRefusedAtOnce(t *testing.T) {
	w := newWorld(t)
	arrived, answer, done := make(chan struct{}), make(chan struct{}), make(chan error)
	w.link.set(func(q exchanged, send func() (*http.Response, error)) (*http.Response, error) {
		if q.path == "/v1/manager-update" {
			close(arrived)
			<-answer
		}
		return send()
	})
	go func() {
		_, err := w.update(aliceToken, "alice", nil, "zero")
		done <- err
	}()
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := w.op.Update(ctx, directory.Credential{}, updateOf("alice", nil, "x"))
	if !errors.Is(err, directory.ErrUnauthenticated) {
		t.Errorf("%v, want %v", err, directory.ErrUnauthenticated)
	}
	close(answer)
	fatalIfErr(t, <-done)
}

// TestManagerAbsent: what was signed while the manager was away is sent again with
// the same signature, and other values get versions of their own, also after a
// restart.
func TestManagerAbsent(t *testing.T) {
	w := newWorld(t)
	absent := func(value string) *keytrans.ManagerUpdateRequest {
		t.Helper()
		w.link.cut(false)
		if _, err := w.update(aliceToken, "alice", nil, value); !errors.Is(err, operator.ErrManager) {
			t.Fatalf("without a manager: %v", err)
		}
		sent := w.link.updates(t)
		return sent[len(sent)-1]
	}
	first := absent("zero")
	w.open(nil)
	again := absent("zero")
	if first.SignedVersion != 0 || again.SignedVersion != 0 || !bytes.Equal(first.Values[0].Signature, again.Values[0].Signature) {
		t.Fatalf("the same value was signed again: %+v, %+v", first, again)
	}
	if m := absent("one"); m.SignedVersion != 1 {
		t.Fatalf("another value was signed for version %d", m.SignedVersion)
	}
	w.open(nil)
	// The value before is not the last one any more, and gets a version of its own.
	if m := absent("zero"); m.SignedVersion != 2 {
		t.Fatalf("signed for version %d", m.SignedVersion)
	}
	w.link.set(nil)
	list, err := w.update(aliceToken, "alice", nil, "three")
	if err != nil || list[0].SkippedVersions != 3 || len(list[0].Values) != 0 {
		t.Fatalf("%+v %v", list, err)
	}
	w.expect("alice", "", "", "", "three")
	if _, err := w.update(aliceToken, "alice", ptr(uint32(3)), "four"); err != nil {
		t.Fatal(err)
	}
	w.expect("alice", "", "", "", "three", "four")
	w.signedOnce()
}

// signedOnce verifies that no version of a label was ever sent with two values.
func (w *world) signedOnce() {
	w.t.Helper()
	seen := make(map[string]string)
	for _, m := range w.link.updates(w.t) {
		for i, v := range m.Values {
			key, value := fmt.Sprint(string(m.Label), " ", m.SignedVersion+uint32(i)), string(v.Value)
			if before, ok := seen[key]; ok && before != value {
				w.t.Errorf("version %s was signed for %q and %q", key, before, value)
			}
			seen[key] = value
		}
	}
}

// TestAnswerLost: the manager has the version, and nobody knows.
func TestAnswerLost(t *testing.T) {
	w := newWorld(t)
	w.link.cut(true)
	if _, err := w.update(aliceToken, "alice", nil, "zero"); !errors.Is(err, operator.ErrManager) {
		t.Fatal(err)
	}
	w.link.set(nil)
	head, err := w.manager.Head()
	fatalIfErr(t, err)
	if head.Versions != 1 {
		t.Fatalf("%d versions", head.Versions)
	}
	// Again, and another value.
	list, err := w.update(aliceToken, "alice", nil, "zero")
	if err != nil || string(list[0].Values[0]) != "zero" {
		t.Fatalf("%+v %v", list, err)
	}
	w.link.cut(true)
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "one"); !errors.Is(err, operator.ErrManager) {
		t.Fatal(err)
	}
	w.link.set(nil)
	list, err = w.update(aliceToken, "alice", ptr(uint32(0)), "two")
	if err != nil || string(list[0].Values[0]) != "one" {
		t.Fatalf("%+v %v", list, err)
	}
	// The value that was signed for version 2 and disregarded is made that now.
	if _, err := w.update(aliceToken, "alice", ptr(uint32(1)), "two"); err != nil {
		t.Fatal(err)
	}
	w.expect("alice", "zero", "one", "two")
	w.signedOnce()
}

// TestReordered: a request arrives after the one that was sent after it, or before
// it though it was thought lost.
func TestReordered(t *testing.T) {
	w := newWorld(t)
	var late func() (*http.Response, error)
	hold := func(q exchanged, send func() (*http.Response, error)) (*http.Response, error) {
		if q.path == "/v1/manager-update" {
			late = send
			return nil, errLost
		}
		return send()
	}
	arrive := func() {
		t.Helper()
		r, err := late()
		fatalIfErr(t, err)
		fatalIfErr(t, r.Body.Close())
		if r.StatusCode != http.StatusOK {
			t.Errorf("the late request: %s", r.Status)
		}
	}
	w.link.set(hold)
	if _, err := w.update(aliceToken, "alice", nil, "zero"); !errors.Is(err, operator.ErrManager) {
		t.Fatal(err)
	}
	w.link.set(nil)
	if _, err := w.update(aliceToken, "alice", nil, "one"); err != nil {
		t.Fatal(err)
	}
	arrive()
	w.expect("alice", "", "one")

	w.link.set(hold)
	if _, err := w.update(aliceToken, "alice", ptr(uint32(1)), "two"); !errors.Is(err, operator.ErrManager) {
		t.Fatal(err)
	}
	w.link.set(nil)
	arrive()
	if list, err := w.update(aliceToken, "alice", ptr(uint32(1)), "three"); err != nil || string(list[0].Values[0]) != "two" {
		t.Fatalf("%+v %v", list, err)
	}
	w.expect("alice", "", "one", "two")
	w.signedOnce()
}

// TestDuplicated: a request is late, is sent again, and arrives twice.
func TestDuplicated(t *testing.T) {
	w := newWorld(t)
	var late []func() (*http.Response, error)
	w.link.set(func(q exchanged, send func() (*http.Response, error)) (*http.Response, error) {
		if q.path == "/v1/manager-update" && len(late) < 2 {
			late = append(late, send)
			return nil, errLost
		}
		return send()
	})
	if list, err := w.update(aliceToken, "alice", nil, "zero"); err != nil || len(list[0].Values) != 0 {
		t.Fatalf("%+v %v", list, err)
	}
	for _, arrive := range late {
		r, err := arrive()
		fatalIfErr(t, err)
		fatalIfErr(t, r.Body.Close())
		if r.StatusCode != http.StatusOK {
			t.Errorf("a late request: %s", r.Status)
		}
	}
	w.expect("alice", "zero")
	w.signedOnce()
}

// TestAhead: with much signed that the manager does not have, nothing more is
// signed until it answers; then all goes on.
func TestAhead(t *testing.T) {
	w := newWorld(t)
	w.open(func(c *operator.Config) { c.Retries = -1 })
	if _, err := w.update(aliceToken, "alice", nil, "known"); err != nil {
		t.Fatal(err)
	}
	w.link.cut(false)
	for i := range 64 {
		if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), fmt.Sprint("lost ", i)); !errors.Is(err, operator.ErrManager) || errors.Is(err, operator.ErrAhead) {
			t.Fatalf("value %d: %v", i, err)
		}
	}
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "one more"); !errors.Is(err, operator.ErrAhead) {
		t.Fatalf("one more: %v", err)
	}
	// The last one may still be sent.
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "lost 63"); errors.Is(err, operator.ErrAhead) {
		t.Fatal(err)
	}
	w.link.set(nil)
	list, err := w.update(aliceToken, "alice", ptr(uint32(0)), "one more")
	if err != nil || list[0].SkippedVersions != 63 || string(list[0].Values[0]) != "lost 63" {
		t.Fatalf("%+v %v", list, err)
	}
	if _, err := w.update(aliceToken, "alice", ptr(uint32(64)), "one more"); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat([]string{"known"}, slices.Repeat([]string{""}, 63), []string{"lost 63", "one more"})
	w.expect("alice", want...)
	w.signedOnce()
}

// TestAheadAtMost: the most that can be signed ahead still fits one log entry.
func TestAheadAtMost(t *testing.T) {
	w := newWorld(t)
	w.open(func(c *operator.Config) { c.Retries = -1 })
	w.link.cut(false)
	for i := range 63 {
		_, _ = w.update(aliceToken, "alice", nil, fmt.Sprint("lost ", i))
	}
	many := slices.Repeat([]string{"x"}, 128)
	if _, err := w.update(aliceToken, "alice", nil, many...); !errors.Is(err, operator.ErrManager) || errors.Is(err, operator.ErrAhead) {
		t.Fatal(err)
	}
	w.link.set(nil)
	if list, err := w.update(aliceToken, "alice", nil, "after"); err != nil || list[0].SkippedVersions != 63 || len(list[0].Values) != 128 {
		t.Fatalf("%+v %v", list, err)
	}
	w.signedOnce()
}

// TestConcurrent: of many updates at the same time, one makes the version, and
// nothing is signed for the others.
func TestConcurrent(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := w.update(aliceToken, "alice", nil, fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r, err := w.search("alice", nil)
	fatalIfErr(t, err)
	if r.Version != 0 {
		t.Errorf("version %d", r.Version)
	}
	w.signedOnce()
}
