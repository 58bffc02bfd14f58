package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// TestAnnouncedIsNotSigned has a version be an announcement, with keys that the account
// key did not sign: whoever checks it for the first time has to look back beyond it.
func TestAnnouncedIsNotSigned(t *testing.T) {
	w := newWorld(t)
	one, two := w.signer(), w.signer()
	c := w.chain("bob")
	c.sign("a", one, nil)
	insert(w.dir, alice, keys("m"))
	var err error
	if c.last, err = account.Sign(parsed(keys("x")), c.link(), one, nil); err != nil {
		t.Fatal(err)
	}
	c.announce(two) // without that signature, and with those keys
	w.dir.Tick(60, time.Hour)
	c.sign("x", two, nil)
	w.dir.Tick(60, time.Hour)
	r := w.rosterOf(w.member("bob", "x", 0))
	w.found(w.check(r, client.RosterOptions{}), "bob", "unsigned-change")
	_, err = w.c.Gate(bg, []client.Recipient{w.recipient("bob", "x")}, client.GateOptions{})
	var g *client.GateError
	if !errors.As(err, &g) || g.Refused[0].Code != roster.UnsignedChange {
		t.Errorf("%v", err)
	}
}
