package keyring

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

func TestValue(t *testing.T) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE8UpJPhMXao/ssIYDJ1kHDjvBE05rxrVQGXOn9KNoM6 alice\n"
	const label = "alice@example.org"
	value, skipped, err := Value([]byte(key), "id.pub", label, false)
	if err != nil || len(skipped) != 0 {
		t.Fatal(err, skipped)
	}
	if set, err := keyset.Parse(value); err != nil || len(set.Keys) != 1 {
		t.Errorf("%v %v", set, err)
	}
	again, _, err := Value([]byte(key), "other", label, false)
	if err != nil || !bytes.Equal(value, again) {
		t.Error("another value", err)
	}
	if raw, _, err := Value([]byte(key), "id.pub", label, true); err != nil || string(raw) != key {
		t.Error(err)
	}
	private := []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAA=\n-----END OPENSSH PRIVATE KEY-----\n")
	for _, raw := range []bool{false, true} {
		if _, _, err := Value(private, "id", label, raw); !errors.Is(err, ErrPrivateKey) {
			t.Errorf("raw %v: %v", raw, err)
		}
	}
	if _, _, err := Value([]byte("hello"), "f", label, false); !errors.Is(err, ErrUnrecognized) {
		t.Error(err)
	}
	for what, many := range map[string]string{"packets": "\x99\x00\x00", "lines": "age1x\n"} {
		_, skipped, err := Value([]byte(strings.Repeat(many, maxInValue+1)), "f", label, false)
		if !errors.Is(err, ErrTooLarge) || len(skipped) > 0 {
			t.Errorf("%s: %v, %d skipped", what, err, len(skipped))
		}
		if _, skipped, err = Value([]byte(strings.Repeat(many, maxInValue)), "f", label, false); err == nil || errors.Is(err, ErrTooLarge) || len(skipped) != maxInValue {
			t.Errorf("%s: %v, %d skipped", what, err, len(skipped))
		}
	}
	if value, _, err := Value([]byte("hello"), "f", label, true); err != nil || string(value) != "hello" {
		t.Error(err)
	}
}
