package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// way is another way to the world's directory.
func (w *world) way() (*httptest.Server, client.Route) {
	w.Helper()
	s := httptest.NewServer(w.dir)
	w.Cleanup(s.Close)
	return s, client.Route{URL: s.URL}
}

func TestCompareRoute(t *testing.T) {
	w := newWorld(t)
	w.settle()
	second, route := w.way()
	compare := func(name string, size, other uint64) {
		t.Helper()
		r, err := w.c.CompareRoute(bg, route)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w.outcome(r.Verdict, client.OutcomeVerified)
		if !r.Continued || r.Kind() != 0 || r.Head.TreeSize != size || r.OtherHead == nil || r.OtherHead.TreeSize != other || !r.Signed {
			t.Errorf("%s: %+v", name, r)
		}
	}
	n := w.dir.Size()
	compare("the same", n, n)
	old := w.dir.Fork()
	w.dir.Tick(2, clienttest.Window)
	compare("newer than the view", n+2, n+2)
	second.Config.Handler = old
	before := w.readState()
	compare("older, continued by the own way", n+2, n)
	if w.readState() != before {
		t.Error("the comparison changed the state")
	}
	w.become(old)
	second.Config.Handler = w.dir
	w.dir.Tick(1, time.Minute)
	// The own way leads to an older log: the other one continues what is retained.
	compare("newer than the own way", n+2, n+3)
	w.server.Close()
	compare("the own way is down", n+2, n+3)
}

// TestCompareLog has a list so old that no head is the same: that the log continues it
// is proven all the same.
func TestCompareLog(t *testing.T) {
	w := newWorld(t)
	w.settle()
	signed, unsigned := w.export(true).File, w.export(false).File
	n := w.dir.Size()
	w.dir.Tick(40, clienttest.Window)
	w.watch()
	r, err := w.c.CompareLog(bg, signed)
	if err != nil || r.Result != client.HeadsDisjoint || !r.Continued || r.Kind() != 0 || r.Hint != "" || r.OtherHead.TreeSize != n {
		t.Errorf("%+v, %v", r, err)
	}
	w.outcome(r.Verdict, client.OutcomeVerified)
	r, err = w.c.CompareLog(bg, unsigned)
	if err != nil || r.Kind() != client.Undecided || r.Continued || r.OtherHead != nil {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = w.c.CompareLog(bg, []byte("{}"))
	wantKind(t, err, client.Undecided, "not a list")
	// What the directory says that it has pruned cannot be compared any more.
	w.dir.Before = func(op string, body []byte) *clienttest.Answer {
		return clienttest.Problem(http.StatusGone, "pruned", "last", "")
	}
	r, err = w.c.CompareLog(bg, signed)
	if err != nil || r.Kind() != client.Undecided || r.Continued {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestNotContinued has logs that fork after everything that two views have in common:
// that is no evidence.
func TestNotContinued(t *testing.T) {
	for name, c := range map[string]struct{ own, other int }{"the other is longer": {1, 2}, "the other is shorter": {2, 1}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for w.dir.Size() != 14 {
				w.dir.Insert()
			}
			w.watch()
			second, route := w.way()
			other := w.dir.Fork()
			second.Config.Handler = other
			for range c.own {
				w.dir.Insert()
			}
			for range c.other {
				other.Insert()
			}
			_, err := w.c.CompareRoute(bg, route)
			e := wantKind(t, err, client.Undecided, "not proven")
			if !errors.Is(err, client.ErrNotContinued) || e.Evidence != "" {
				t.Errorf("%v, evidence %q", err, e.Evidence)
			}
		})
	}
}

// TestSmallerThanShown has the own way deny that the log is as long as it showed.
func TestSmallerThanShown(t *testing.T) {
	w := newWorld(t)
	w.settle()
	signed := w.export(true).File
	w.dir.Tick(2, time.Minute)
	w.watch()
	w.dir.Before = func(op string, body []byte) *clienttest.Answer {
		return clienttest.Problem(http.StatusConflict, "conflict", "last", "too large")
	}
	_, err := w.c.CompareLog(bg, signed)
	wantKind(t, err, client.Undecided, "smaller than it is")
	if !errors.Is(err, client.ErrNotContinued) {
		t.Error(err)
	}
}

func TestOwnWayIsDown(t *testing.T) {
	w := newWorld(t)
	w.settle()
	o := w.another()
	w.dir.Tick(2, time.Minute)
	signed := o.export(true).File
	w.server.Close()
	_, err := w.c.CompareLog(bg, signed)
	wantKind(t, err, client.Undecided, "own way")
	if !errors.Is(err, client.ErrOwnWay) || !client.Unreached(err) {
		t.Error(err)
	}
}

func TestRouteOfFork(t *testing.T) {
	w, o := forkedWorld(t)
	e := wantKind(t, second(w.c.CompareRoute(bg, client.Route{URL: o.server.URL})), client.Misbehaved, "two logs")
	if e.Evidence == "" || e.Report {
		t.Errorf("%+v", e)
	}
	// A view that is retained is held against it though its directory is gone.
	w.watch()
	w.server.Close()
	wantKind(t, second(w.c.CompareRoute(bg, client.Route{URL: o.server.URL})), client.Misbehaved, "two logs")
}

func second(_ *client.HeadsComparison, err error) error { return err }

func TestRouteRefused(t *testing.T) {
	w := newWorld(t)
	for route, text := range map[client.Route]string{
		{URL: "http://keys.example.org"}: "use https",
		{URL: "http://onion"}:            "use https",
		{URL: "keys"}:                    "no host",
		{URL: "ftp://abc.onion"}:         "must begin with https",
		{URL: "https://keys.example.org/?label=" + alice, HTTP: &http.Client{Transport: never{t}}}: "end with its path",
	} {
		wantKind(t, second(w.c.CompareRoute(bg, route)), client.Usage, text)
	}
	// An onion service has no certificate, and needs none.
	direct := &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != "abc.onion" {
			t.Errorf("asked %s", r.URL.Host)
		}
		answer := httptest.NewRecorder()
		w.dir.ServeHTTP(answer, r)
		return answer.Result(), nil
	})}
	r, err := w.c.CompareRoute(bg, client.Route{URL: "http://abc.onion", HTTP: direct})
	if err != nil || !r.Continued {
		t.Errorf("%+v, %v", r, err)
	}
}

type never struct{ *testing.T }

func (n never) RoundTrip(*http.Request) (*http.Response, error) {
	n.Error("asked")
	return nil, errors.New("never")
}

// TestRouteHangs has others use the state while another way does not answer.
func TestRouteHangs(t *testing.T) {
	w := newWorld(t)
	w.settle()
	asked, answer := make(chan bool), make(chan bool)
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked <- true
		<-answer
		w.dir.ServeHTTP(rw, r)
	}))
	defer slow.Close()
	done := make(chan error)
	go func() { done <- second(w.c.CompareRoute(bg, client.Route{URL: slow.URL})) }()
	<-asked
	if _, err := w.c.Heads(bg, false); err != nil {
		t.Error(err)
	}
	close(answer)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
