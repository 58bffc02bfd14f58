package account

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"

	"filippo.io/edwards25519"
	"filippo.io/nistec"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	fatalIfErr(t, err)
	return b
}

// smallOrder are the encodings of the eight points of small order, and those
// that are not canonical of them.
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000", // identity
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"0100000000000000000000000000000000000000000000000000000000000080", // identity with a sign
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = p
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = p + 1
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
}

func TestEd25519KeysRefused(t *testing.T) {
	good := keyOf(t, signer(t, Ed25519, "one")).Public
	point, err := new(edwards25519.Point).SetBytes([]byte(good))
	fatalIfErr(t, err)
	bad := map[string][]byte{
		"empty": {}, "short": []byte(good)[:31], "long": append([]byte(good), 0),
		"not on the curve": append([]byte{2}, make([]byte, 31)...),
		// y = p + 3 is on the curve as 3 is, in one byte more than it needs.
		"not canonical": unhex(t, "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
	}
	for i, s := range smallOrder {
		bad["small order "+s] = unhex(t, s)
		if i > 0 && i < 8 {
			torsion, err := new(edwards25519.Point).SetBytes(unhex(t, s))
			fatalIfErr(t, err)
			bad["mixed order "+s] = new(edwards25519.Point).Add(point, torsion).Bytes()
		}
	}
	for name, public := range bad {
		if err := (Key{Ed25519, string(public)}).Check(); !errors.Is(err, errKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fatalIfErr(t, Key{Ed25519, good}.Check())
}

func TestP256KeysRefused(t *testing.T) {
	good := []byte(keyOf(t, signer(t, P256, "one")).Public)
	private := signer(t, P256, "one").(*ecdsa.PrivateKey)
	whole, err := private.PublicKey.Bytes()
	fatalIfErr(t, err)
	p := elliptic.P256().Params().P
	hybrid := bytes.Clone(whole)
	hybrid[0] = 6 | whole[64]&1
	bad := map[string][]byte{
		"empty": {}, "infinity": {0}, "short": good[:32], "long": append(bytes.Clone(good), 0),
		"uncompressed": whole, "hybrid": hybrid,
		"x is p":           append([]byte{2}, p.Bytes()...),
		"x is p plus 5":    append([]byte{2}, new(big.Int).Add(p, big.NewInt(5)).Bytes()...),
		"all ones":         append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...),
		"not on the curve": append([]byte{3}, append(make([]byte, 31), 1)...),
	}
	for _, head := range []byte{0, 1, 4, 5, 6, 7} {
		b := bytes.Clone(good)
		b[0] = head
		bad["head "+string('0'+head)] = b
	}
	for name, public := range bad {
		if err := (Key{P256, string(public)}).Check(); !errors.Is(err, errKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// x = 5 is on the curve: what is refused above is its other encoding.
	fatalIfErr(t, Key{P256, "\x02" + string(append(make([]byte, 31), 5))}.Check())
	point, err := nistec.NewP256Point().SetBytes(whole)
	fatalIfErr(t, err)
	if !bytes.Equal(good, point.BytesCompressed()) {
		t.Errorf("compressed to %x", good)
	}
}

func TestKeyOfOthers(t *testing.T) {
	r, err := rsa.GenerateKey(nil, 2048)
	fatalIfErr(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), nil)
	fatalIfErr(t, err)
	for name, s := range map[string]crypto.Signer{
		"none": nil, "RSA": r, "P-384": p384, "small order": fixed{ed25519.PublicKey(unhex(t, smallOrder[0])), nil},
	} {
		if _, err := KeyOf(s); !errors.Is(err, errKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fixed is a signer that always answers the same.
type fixed struct {
	public    crypto.PublicKey
	signature []byte
}

func (f fixed) Public() crypto.PublicKey { return f.public }

func (f fixed) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	return f.signature, nil
}

func TestKeyText(t *testing.T) {
	for _, a := range []Algorithm{Ed25519, P256} {
		k := keyOf(t, signer(t, a, "one"))
		got, err := ParseKey(k.String())
		if err != nil || got != k {
			t.Errorf("%v parsed as %v, %v", k, got, err)
		}
		data, err := json.Marshal(struct{ Key *Key }{&k})
		fatalIfErr(t, err)
		var back struct{ Key *Key }
		fatalIfErr(t, json.Unmarshal(data, &back))
		if *back.Key != k || !strings.Contains(string(data), a.String()+":") {
			t.Errorf("%s read as %v", data, back.Key)
		}
		for _, bad := range []string{
			"", ":", a.String(), a.String() + ":", " " + k.String(), k.String() + " ", k.String() + "=", k.String() + "A", k.String()[:20] + "\n" + k.String()[20:],
			strings.ToUpper(a.String()) + k.String()[strings.Index(k.String(), ":"):], strings.Repeat("ed25519:", 100),
		} {
			if got, err := ParseKey(bad); err == nil {
				t.Errorf("%q parsed as %v", bad, got)
			}
		}
	}
	if _, err := ParseKey("ed448:AAAA"); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("unknown algorithm: %v", err)
	}
	// The last of the 43 characters of 32 bytes has two bits that are no data.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	k := keyOf(t, signer(t, Ed25519, "one")).String()
	last := strings.IndexByte(alphabet, k[len(k)-1])
	for i := 1; i < 4; i++ {
		if _, err := ParseKey(k[:len(k)-1] + alphabet[last|i:last|i+1]); !errors.Is(err, errMalformed) {
			t.Errorf("stray bits %d: %v", i, err)
		}
	}
	if _, err := (Key{}).MarshalText(); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("the zero key is written: %v", err)
	}
}

func TestHashText(t *testing.T) {
	h := Hash{0xab, 31: 1}
	text, err := h.MarshalText()
	fatalIfErr(t, err)
	var got Hash
	if err := got.UnmarshalText(text); err != nil || got != h {
		t.Errorf("%s read as %v, %v", text, got, err)
	}
	for _, bad := range []string{"", "ab", strings.ToUpper(string(text)), string(text) + "00", strings.Repeat("g", 64)} {
		if err := got.UnmarshalText([]byte(bad)); !errors.Is(err, errMalformed) || got != h {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}
