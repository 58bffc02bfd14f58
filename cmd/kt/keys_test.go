package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// expiredKey is a certificate that was good for a day of the year 2023.
func expiredKey(t *testing.T) keyset.Key {
	t.Helper()
	e, err := openpgp.NewEntity("", "", alice, &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: 86400,
		Time: func() time.Time { return time.Unix(1700000000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return keyset.Key{Format: keyset.FormatOpenPGP, Data: b.Bytes(), Name: "old mail"}
}

// vectorKey is a key of package keyset's test vectors.
func vectorKey(t *testing.T, name string, format keyset.Format) keyset.Key {
	t.Helper()
	text, err := os.ReadFile("../../client/keyset/testdata/keys.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "name: "+name+"\n")
	_, data, _ := strings.Cut(block, "data: ")
	data, _, _ = strings.Cut(data, "\n")
	b, err := hex.DecodeString(data)
	if err != nil || len(b) == 0 {
		t.Fatal(name, err)
	}
	return keyset.Key{Format: format, Data: b, Name: name}
}

// TestKeyMarks has expired, revoked and weak keys be shown as such, and a
// device's new key in one line with the old one.
func TestKeyMarks(t *testing.T) {
	x := newTerminal(t)
	revoked := vectorKey(t, "openpgp-revoked", keyset.FormatOpenPGP)
	weak := vectorKey(t, "ssh-rsa-1024", keyset.FormatSSH)
	phone, newPhone := rawKey(1, "phone"), rawKey(2, "phone")
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keySet(t, phone, expiredKey(t), revoked, weak)}})
	stdout, _ := x.kt(exitOK, "lookup", alice)
	x.contains(stdout, `"old mail" [expired 2023-11-15]`, `"openpgp-revoked" [revoked]`, `"ssh-rsa-1024" [weak: rsa-1024]`, phone.Fingerprint()+` "phone"`+"\n")
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keySet(t, newPhone, weak)}})
	stdout, _ = x.kt(exitAttention, "lookup", alice)
	x.contains(stdout, "~ replaced X25519 "+phone.Fingerprint()+` "phone"`+"\n", `→  X25519 `+newPhone.Fingerprint(),
		"- removed  OpenPGP", "[expired 2023-11-15]", "[revoked]")
	if strings.Contains(stdout, "+ inserted") {
		t.Errorf("an insertion:\n%s", stdout)
	}
	stdout, _ = x.kt(exitOK, "history", alice)
	x.contains(stdout, "~ replaced X25519 "+phone.Fingerprint(), "+ inserted SSH ssh-rsa "+weak.Fingerprint())
	stdout, _ = x.kt(exitOK, "lookup", alice, "--json")
	x.contains(stdout, `"weak": [`, `"rsa-1024"`)
}
