package account

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func testAttestation() Attestation {
	return Attestation{
		Label: "alice@example.org", Version: 3, Commitment: Hash{1, 2}, TreeSize: 1 << 33, Root: Hash{3, 4},
		Time: time.Date(2026, 11, 26, 12, 0, 0, 5e6, time.UTC),
	}
}

func TestAttestation(t *testing.T) {
	for _, a := range []Algorithm{Ed25519, P256} {
		private := signer(t, a, "one")
		key, want := keyOf(t, private), testAttestation()
		line, err := Attest(private, want)
		fatalIfErr(t, err)
		if strings.ContainsAny(line, "\r\n ") {
			t.Errorf("more than a line: %q", line)
		}
		got, err := VerifyAttestation(want.Label, key, line)
		if err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := VerifyAttestation("bob@example.org", key, line); !errors.Is(err, ErrSignature) {
			t.Errorf("another label: %v", err)
		}
		if _, err := VerifyAttestation(want.Label, keyOf(t, signer(t, a, "two")), line); !errors.Is(err, ErrSignature) {
			t.Errorf("another key: %v", err)
		}
	}
}

func TestAttestationsRefused(t *testing.T) {
	private := signer(t, Ed25519, "one")
	key := keyOf(t, private)
	good, err := Attest(private, testAttestation())
	fatalIfErr(t, err)
	data, err := base64.StdEncoding.DecodeString(good)
	fatalIfErr(t, err)
	encode := base64.StdEncoding.EncodeToString
	late := append([]byte(nil), data...)
	late[len(late)-65-8] = 0xff // the first byte of the time
	for name, bad := range map[string]string{
		"empty": "", "line break": good + "\n", "truncated": encode(data[:len(data)-1]), "more": encode(append(data[:len(data):len(data)], 0)),
		"version 2": encode(append([]byte{2}, data[1:]...)), "huge": strings.Repeat("A", 4<<20), "raw base64": strings.TrimRight(good, "=") + "=",
		"no label": encode([]byte{1, 0}), "year 292 million": encode(late),
	} {
		if got, err := VerifyAttestation("alice@example.org", key, bad); !errors.Is(err, errMalformed) || got != (Attestation{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	early := testAttestation()
	early.Time = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := Attest(private, early); !errors.Is(err, errUsage) {
		t.Errorf("before 1970: %v", err)
	}
	nobody := testAttestation()
	nobody.Label = ""
	if _, err := Attest(private, nobody); !errors.Is(err, errUsage) {
		t.Errorf("no label: %v", err)
	}
}
