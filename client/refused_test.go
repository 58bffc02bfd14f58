package client_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// TestRefusedUpdate: after a refusal that a directory decides upon before it writes,
// it is known that there is no version, and the next value is sent at once. After
// any other, the client finds out first.
func TestRefusedUpdate(t *testing.T) {
	for _, test := range []struct {
		status  int
		problem string
		settled bool
		hint    string
	}{
		{http.StatusForbidden, "policy", true, ""}, // the problem says what is missing
		{http.StatusForbidden, "forbidden", true, "another credential"},
		{http.StatusRequestEntityTooLarge, "too-large", true, "publish fewer keys"},
		{http.StatusForbidden, "of-a-proxy", false, "not known whether"},
		{http.StatusServiceUnavailable, "unavailable", false, "not known whether"},
	} {
		t.Run(test.problem, func(t *testing.T) {
			w := newWorld(t)
			w.own(alice)
			refusing := true
			w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
				if op == "update" && refusing {
					return clienttest.Problem(test.status, test.problem, "values", "the account key did not sign it")
				}
				return nil
			}
			_, err := w.c.Publish(bg, alice, keys("a"), client.PublishOptions{})
			kind := client.Undecided
			if test.status == http.StatusForbidden || test.status == http.StatusRequestEntityTooLarge {
				kind = client.Operational
			}
			e := wantKind(t, err, kind, "the account key did not sign it")
			if test.hint == "" && e.Hint != "" || !strings.Contains(e.Hint, test.hint) {
				t.Errorf("hint %q", e.Hint)
			}
			refusing = false
			before := w.dir.Requests("update")
			p := w.publish(alice, keys("b"))
			if !p.Published || *p.Version != 0 {
				t.Errorf("%+v", p)
			}
			if asked := w.dir.Requests("update")-before > 1; asked == test.settled {
				t.Errorf("%d updates to publish", w.dir.Requests("update")-before)
			}
		})
	}
}
