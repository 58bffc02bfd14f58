package client_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// TestConditions tells apart why nothing was found out.
func TestConditions(t *testing.T) {
	answer := func(a *clienttest.Answer) func(w *world) {
		return func(w *world) {
			w.dir.Before = func(string, []byte) *clienttest.Answer { return a }
		}
	}
	for name, c := range map[string]struct {
		spoil     func(w *world)
		want      error
		unreached bool
	}{
		"closed":        {func(w *world) { w.server.Close() }, nil, true},
		"proxy":         {answer(&clienttest.Answer{Status: http.StatusBadGateway, Type: "text/html", Body: []byte("<html>")}), nil, true},
		"login page":    {answer(&clienttest.Answer{Status: http.StatusOK, Type: "text/html", Body: []byte("<html>")}), nil, true},
		"refusal":       {answer(clienttest.Problem(http.StatusNotFound, "unknown-label", "", "")), nil, false},
		"garbage":       {answer(&clienttest.Answer{Status: http.StatusOK, Type: "application/octet-stream", Body: []byte("garbage")}), nil, false},
		"rolled back":   {answer(clienttest.Problem(http.StatusConflict, "conflict", "last", "too large")), client.ErrRolledBack, false},
		"frozen":        {func(w *world) { w.dir.Clock.Add(48 * time.Hour) }, keytrans.ErrBehind, false},
		"of the future": {func(w *world) { w.dir.Clock.Add(time.Hour); w.dir.Insert(); w.dir.Clock.Add(-time.Hour) }, keytrans.ErrTime, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.spoil(w)
			_, err := w.c.Watch(bg)
			wantKind(t, err, client.Undecided, "")
			if got := client.Unreached(err); got != c.unreached {
				t.Errorf("Unreached is %v: %v", got, err)
			}
			for _, e := range []error{client.ErrRolledBack, keytrans.ErrBehind, keytrans.ErrTime, client.ErrOverdue} {
				want := e == c.want || e == keytrans.ErrTime && c.want == keytrans.ErrBehind
				if errors.Is(err, e) != want {
					t.Errorf("errors.Is(%v, %v) is %v", err, e, !want)
				}
			}
		})
	}
}

// TestConditionOverdue has witnesses that sleep.
func TestConditionOverdue(t *testing.T) {
	w := newWorld(t)
	w.trustPolicy(w.dir.Policy("any"))
	w.own(alice)
	w.dir.Sleep(clienttest.Witness1, clienttest.Witness2)
	w.dir.Insert()
	w.watch()
	w.dir.Clock.Add(time.Hour)
	r := w.watch()
	if err := r.Log.Witness.Err(); !errors.Is(err, client.ErrOverdue) || client.KindOf(err) != client.Undecided {
		t.Errorf("%v", err)
	}
	if err := r.Reports[0].Err; !errors.Is(err, client.ErrLog) {
		t.Errorf("%v", err)
	}
	_, err := w.c.OwnMany(bg, []string{alice})
	if err != nil {
		t.Error(err)
	}
}
