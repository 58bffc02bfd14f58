package keyset

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// The public-key packet of the sample certificate in RFC 9580, Appendix A.3.
const rfc9580Primary = "c62a0663877fe31b00000020f94da7bb48d60a61e567706a6587d0331999bb9d891a08242ead84543df895a3"

const rfc9580Fingerprint = "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9"

func TestOpenPGPFingerprint(t *testing.T) {
	k := Key{Format: FormatOpenPGP, Data: unhex(t, rfc9580Primary)}
	if got := k.Fingerprint(); got != rfc9580Fingerprint {
		t.Errorf("RFC 9580 sample: %s", got)
	}
	for name, config := range map[string]*packet.Config{
		"v4 EdDSA": {Algorithm: packet.PubKeyAlgoEdDSA},
		"v4 RSA":   {Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048},
		"v6":       {V6Keys: true, Algorithm: packet.PubKeyAlgoEd25519},
	} {
		e, err := openpgp.NewEntity("", "", "a@example.org", config)
		fatalIfErr(t, err)
		var b bytes.Buffer
		fatalIfErr(t, e.Serialize(&b))
		k := Key{Format: FormatOpenPGP, Data: b.Bytes()}
		fatalIfErr(t, k.Check())
		if want := strings.ToUpper(hex.EncodeToString(e.PrimaryKey.Fingerprint)); k.Fingerprint() != want {
			t.Errorf("%s: fingerprint %s, want %s", name, k.Fingerprint(), want)
		}
		if d := k.Describe(); name == "v4 RSA" && !strings.HasPrefix(d, "OpenPGP RSA-2048 20") {
			t.Errorf("described as %q", d)
		}
	}
}

// TestPacketFramings frames the same body in every way RFC 9580 has.
func TestPacketFramings(t *testing.T) {
	body := unhex(t, rfc9580Primary)[2:]
	n := byte(len(body))
	for name, head := range map[string][]byte{
		"new, one octet":   {0xc6, n},
		"new, five octets": {0xc6, 0xff, 0, 0, 0, n},
		"old, one octet":   {0x98, n},
		"old, two octets":  {0x99, 0, n},
		"old, four octets": {0x9a, 0, 0, 0, n},
	} {
		k := Key{Format: FormatOpenPGP, Data: append(head, body...)}
		if got := k.Fingerprint(); got != rfc9580Fingerprint {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, head := range map[string][]byte{
		"partial length":       {0xc6, 0xe0 | 5},
		"indeterminate length": {0x9b},
		"huge length":          {0xc6, 0xff, 0xff, 0xff, 0xff, 0xff},
		"subkey":               {0xce, n},
		"secret key":           {0xc5, n},
		"no packet":            {0x46, n},
	} {
		k := Key{Format: FormatOpenPGP, Data: append(head, body...)}
		want := errKey
		if name == "secret key" {
			want = ErrPrivateKey
		}
		if err := k.Check(); !errors.Is(err, want) {
			t.Errorf("%s: Check: %v", name, err)
		}
		if got := k.Fingerprint(); len(got) != 64 || got != strings.ToLower(got) {
			t.Errorf("%s: fingerprint %s", name, got)
		}
	}
	for _, v := range []byte{2, 3, 5, 7} {
		k := Key{Format: FormatOpenPGP, Data: unhex(t, rfc9580Primary)}
		k.Data[2] = v
		if err := k.Check(); !errors.Is(err, errKey) {
			t.Errorf("version %d: Check: %v", v, err)
		}
	}
}
