package keyset

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/plugin"
)

func TestAgeFingerprint(t *testing.T) {
	classic, err := age.GenerateX25519Identity()
	fatalIfErr(t, err)
	k := Key{Format: FormatAge, Data: []byte(classic.Recipient().String())}
	fatalIfErr(t, k.Check())
	if k.Fingerprint() != classic.Recipient().String() {
		t.Errorf("fingerprint %s", k.Fingerprint())
	}
	pq, err := age.GenerateHybridIdentity()
	fatalIfErr(t, err)
	k = Key{Format: FormatAge, Data: []byte(pq.Recipient().String())}
	fatalIfErr(t, k.Check())
	if len(k.Fingerprint()) != 64 {
		t.Errorf("fingerprint of a post-quantum recipient: %s", k.Fingerprint())
	}
	if err := (Key{Format: FormatAge, Data: []byte(classic.String())}).Check(); !errors.Is(err, ErrPrivateKey) {
		t.Errorf("an identity: %v", err)
	}
	for _, bad := range []string{"age1", "AGE1CY0SU9FWF3GF9MW868G5YUT", "age1aaaaaaaaaaaaaaaaaaaaaa\n"} {
		if err := (Key{Format: FormatAge, Data: []byte(bad)}).Check(); !errors.Is(err, errKey) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestAgeChecksum puts another character in every place of a recipient.
func TestAgeChecksum(t *testing.T) {
	good := vectorKey(t, "age-x25519")
	for at := len("age1"); at < len(good.Data); at++ {
		for _, c := range []byte(bech32Digits) {
			bad := Key{Format: FormatAge, Data: slices.Clone(good.Data)}
			bad.Data[at] = c
			if err := bad.Check(); c != good.Data[at] && !errors.Is(err, errKey) {
				t.Fatalf("%s: %v", bad.Data, err)
			}
		}
	}
}

func TestAgeCheck(t *testing.T) {
	encode := func(name string, data []byte) string { return plugin.EncodeRecipient(name, data) }
	good := string(vectorKey(t, "age-x25519").Data)
	pq := string(vectorKey(t, "age-post-quantum").Data)
	_, hybrid, err := decodeBech32(pq)
	fatalIfErr(t, err)
	lowOrder := slices.Clone(hybrid)
	clear(lowOrder[len(lowOrder)-32:])
	notReduced := slices.Clone(hybrid)
	notReduced[0], notReduced[1] = 0xff, 0xff
	for name, tt := range map[string]struct {
		recipient string
		want      error
	}{
		"of a plugin":              {encode("yubikey", count(0, 33)), nil},
		"of a plugin, damaged":     {strings.Replace(encode("yubikey", count(0, 33)), "q", "p", 1), errKey},
		"upper case":               {strings.ToUpper(good), errKey},
		"cut":                      {good[:len(good)-1], errKey},
		"longer":                   {good + "q", errKey},
		"only the prefix":          {"age1qqqqqqqqqqqqqqqqqqqqqqqqq", errKey},
		"post-quantum, cut":        {encode("pq", hybrid[:len(hybrid)-1]), errKey},
		"post-quantum, longer":     {encode("pq", append(slices.Clone(hybrid), 0)), errKey},
		"post-quantum, low order":  {encode("pq", lowOrder), errKey},
		"post-quantum, no modulus": {encode("pq", notReduced), errKey},
		"huge":                     {"age1" + strings.Repeat("q", maxAge), errKey},
	} {
		if err := (Key{Format: FormatAge, Data: []byte(tt.recipient)}).Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d := (Key{Format: FormatAge, Data: []byte(encode("yubikey", count(0, 33)))}).Describe(); !strings.HasPrefix(d, "age yubikey age1yubikey1") {
		t.Error(d)
	}
}
