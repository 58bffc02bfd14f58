package client_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// recipient returns a recipient with the keys of names.
func (w *world) recipient(label, names string) client.Recipient {
	return client.Recipient{Label: label, Keys: w.member(label, names, 0).Devices}
}

// TestGateMalformedLabels has recipients without a label that a directory could have.
func TestGateMalformedLabels(t *testing.T) {
	w := oldConversation(t)
	for label, want := range map[string]string{"": "1 to 255 bytes", strings.Repeat("x", 256): "1 to 255 bytes", "\xff": "not UTF-8"} {
		var refused *client.GateError
		proven, err := w.c.Gate(bg, []client.Recipient{w.recipient(label, "a"), w.recipient(bob, "b")}, client.GateOptions{})
		if !errors.As(err, &refused) || len(refused.Refused) != 1 || len(proven) != 1 || proven[0].Label != bob {
			t.Fatalf("%q: %+v, %v", label, proven, err)
		}
		if r := refused.Refused[0]; r.Label != label || r.Key != nil || r.Code != roster.CouldNotCheck || !strings.Contains(r.Reason, want) {
			t.Errorf("%q: %+v", label, r)
		}
		proven, err = w.c.Gate(bg, []client.Recipient{w.recipient(label, "a")}, client.GateOptions{})
		if !errors.As(err, &refused) || len(proven) != 0 {
			t.Errorf("%q alone: %+v, %v", label, proven, err)
		}
	}
	// A label in another spelling is another label.
	proven, err := w.c.Gate(bg, []client.Recipient{w.recipient(strings.ToUpper(bob), "b")}, client.GateOptions{})
	var refused *client.GateError
	if !errors.As(err, &refused) || refused.Refused[0].Code != roster.GhostUser || len(proven) != 0 {
		t.Errorf("%+v, %v", proven, err)
	}
}

func TestGate(t *testing.T) {
	w := oldConversation(t)
	proven, err := w.c.Gate(bg, []client.Recipient{w.recipient(alice, "a"), w.recipient(bob, "b")}, client.GateOptions{})
	if err != nil || len(proven) != 2 || proven[0].Label != alice || proven[1].Keys[0].Fingerprint != fingerprint("b") {
		t.Fatalf("%+v, %v", proven, err)
	}

	insert(w.dir, bob, keys("c"))
	chain := w.chain(carol)
	chain.sign("k", w.signer(), nil)
	insert(w.dir, carol, keys("k"))
	lying := w.recipient(alice, "x")
	lying.Keys[0].Fingerprint = fingerprint("a") // the bytes are another key's
	byFingerprint := w.recipient(alice, "a")
	byFingerprint.Keys[0].Data = nil
	proven, err = w.c.Gate(bg, []client.Recipient{
		w.recipient(alice, "ax"), w.recipient(bob, "bc"), w.recipient(carol, "k"), w.recipient(nobody, "n"), lying, byFingerprint,
	}, client.GateOptions{})
	var refused *client.GateError
	if !errors.As(err, &refused) {
		t.Fatalf("%v", err)
	}
	var got []string
	for _, r := range refused.Refused {
		got = append(got, r.Label+" "+string(r.Code))
	}
	want := []string{alice + " ghost-device", bob + " stale-key", carol + " unsigned-change", nobody + " ghost-user", alice + " ghost-device"}
	if !slices.Equal(got, want) {
		t.Errorf("refused %q, want %q", got, want)
	}
	got = nil
	for _, r := range proven {
		for _, k := range r.Keys {
			if string(k.Data) != string(slices.Repeat([]byte(k.Data[:1]), 32)) {
				t.Errorf("a proven key without its bytes: %+v", k)
			}
			got = append(got, r.Label+" "+string(k.Data[:1]))
		}
	}
	if want := []string{alice + " a", bob + " c", alice + " a"}; !slices.Equal(got, want) {
		t.Errorf("let through %q, want %q", got, want)
	}

	// A label with a longer past than is looked at may have had an account key.
	proven, err = w.c.Gate(bg, []client.Recipient{w.recipient(bob, "c")}, client.GateOptions{History: 1})
	if !errors.As(err, &refused) || refused.Refused[0].Code != roster.CouldNotCheck || len(proven) != 0 {
		t.Errorf("%v, %v", proven, err)
	}
	w.server.Close()
	proven, err = w.c.Gate(bg, []client.Recipient{w.recipient(alice, "a")}, client.GateOptions{})
	if !errors.As(err, &refused) || refused.Refused[0].Code != roster.CouldNotCheck || len(proven) != 0 {
		t.Errorf("%v, %v", proven, err)
	}
}
