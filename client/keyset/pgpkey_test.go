package keyset

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// TestPGPAlgorithms checks certificates of all algorithms, and damages each key
// in them.
func TestPGPAlgorithms(t *testing.T) {
	for name, config := range map[string]*packet.Config{
		"P-256":          {Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveNistP256},
		"P-521":          {Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveNistP521},
		"secp256k1":      {Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveSecP256k1},
		"brainpool":      {Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveBrainpoolP384},
		"25519, old":     {Algorithm: packet.PubKeyAlgoEdDSA},
		"448, old":       {Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve448},
		"25519":          {Algorithm: packet.PubKeyAlgoEd25519, V6Keys: true},
		"448":            {Algorithm: packet.PubKeyAlgoEd448, V6Keys: true},
		"RSA":            {Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048},
		"post-quantum":   {Algorithm: packet.PubKeyAlgoMldsa65Ed25519, V6Keys: true},
		"post-quantum 5": {Algorithm: packet.PubKeyAlgoMldsa87Ed448, V6Keys: true},
	} {
		config.Time = func() time.Time { return born }
		k := certificateKey(t, newEntity(t, config))
		if err := k.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := k.Summary(); d.Weak != nil || d.Expires != nil {
			t.Errorf("%s: %+v", name, d)
		}
		tags, bodies := packets(t, k.Data)
		for _, tag := range []byte{tagPublicKey, tagPublicSubkey} {
			at := slices.Index(tags, tag)
			damaged := slices.Clone(bodies)
			if damaged[at] = slices.Clone(bodies[at]); name == "RSA" {
				damaged[at][20] ^= 1 // any other number may be a modulus too
			} else {
				damaged[at] = damaged[at][:len(damaged[at])-1]
			}
			d := assemble(tags, damaged).Summary()
			if d.Weak == nil {
				t.Errorf("%s, packet %d damaged: %+v", name, tag, d)
			}
		}
	}
}

func keyPacket(algorithm byte, material ...[]byte) Key {
	body := append([]byte{4, 0, 0, 0, 0, algorithm}, slices.Concat(material...)...)
	return Key{Format: FormatOpenPGP, Data: framed(tagPublicKey, body)}
}

func TestPGPNumbers(t *testing.T) {
	odd := func(bits uint) *big.Int { return new(big.Int).SetBit(big.NewInt(1), int(bits)-1, 1) }
	oidP256, kdf := []byte("\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), []byte{3, 1, 8, 7}
	oid25519, oidX25519 := []byte("\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01"), []byte("\x0a\x2b\x06\x01\x04\x01\x97\x55\x01\x05\x01")
	point := new(big.Int).SetBytes(vectorKey(t, "p256").Data)
	prefixed := func(b []byte) []byte { return mpis(new(big.Int).SetBytes(append([]byte{0x40}, b...))) }
	two, three := big.NewInt(2), big.NewInt(3)
	for name, tt := range map[string]struct {
		key  Key
		weak string
	}{
		"RSA":                         {keyPacket(1, mpis(odd(2048), big.NewInt(65537))), "rsa-small-factor unbound"},
		"RSA, exponent 1":             {keyPacket(1, mpis(odd(2048), big.NewInt(1))), "malformed"},
		"RSA, more behind":            {keyPacket(1, mpis(odd(2048), big.NewInt(65537)), []byte{0}), "malformed"},
		"RSA, bits counted wrong":     {keyPacket(1, append([]byte{8, 8}, mpis(odd(2048), big.NewInt(65537))[2:]...)), "malformed"},
		"DSA":                         {keyPacket(17, mpis(odd(1024), odd(160), two, three)), "dsa unbound"},
		"DSA, generator 1":            {keyPacket(17, mpis(odd(1024), odd(160), big.NewInt(1), three)), "dsa malformed"},
		"DSA, long exponent":          {keyPacket(17, mpis(odd(1024), odd(1000), two, three)), "dsa malformed"},
		"ElGamal":                     {keyPacket(16, mpis(odd(1024), two, three)), "elgamal-1024 unbound"},
		"ElGamal, 1":                  {keyPacket(16, mpis(odd(2048), two, big.NewInt(1))), "malformed"},
		"ElGamal, not below":          {keyPacket(16, mpis(odd(2048), two, odd(2048))), "malformed"},
		"ECDH":                        {keyPacket(18, oidP256, mpis(point), kdf), "unbound"},
		"ECDH off the curve":          {keyPacket(18, oidP256, mpis(new(big.Int).Add(point, two)), kdf), "malformed"},
		"ECDSA off the curve":         {keyPacket(19, oidP256, mpis(new(big.Int).Add(point, two))), "malformed"},
		"EdDSA":                       {keyPacket(22, oid25519, prefixed(vectorKey(t, "ed25519").Data)), "unbound"},
		"EdDSA of small order":        {keyPacket(22, oid25519, prefixed(unhex(t, lowOrderEd25519[0]))), "malformed"},
		"ECDH over Curve25519":        {keyPacket(18, oidX25519, prefixed(vectorKey(t, "x25519").Data), kdf), "unbound"},
		"the same, of small order":    {keyPacket(18, oidX25519, prefixed(unhex(t, lowOrder25519[3])), kdf), "malformed"},
		"X25519 of small order":       {keyPacket(25, unhex(t, lowOrder25519[1])), "malformed"},
		"Ed25519 of small order":      {keyPacket(27, unhex(t, lowOrderEd25519[4])), "malformed"},
		"X448 of small order":         {keyPacket(26, make([]byte, 56)), "malformed"},
		"Ed448 off the curve":         {keyPacket(28, bytes.Repeat([]byte{3}, 57)), "malformed"},
		"ML-KEM with X25519 of small": {keyPacket(35, make([]byte, 32+1184)), "malformed"},
		"an algorithm not known":      {keyPacket(99, []byte("later")), ""},
		"a curve not known":           {keyPacket(19, []byte{2, 1, 2}, mpis(point)), ""},
	} {
		d := tt.key.Summary()
		if weak := strings.Join(d.Weak, " "); weak != tt.weak {
			t.Errorf("%s: weak %q, want %q (%v)", name, weak, tt.weak, tt.key.Check())
		}
		if err := tt.key.Check(); (err != nil) != strings.Contains(tt.weak, "malformed") || err != nil && !errors.Is(err, errKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSigningSubkey has a signing subkey count only with its own signature.
func TestSigningSubkey(t *testing.T) {
	e := newEntity(t, at(born))
	fatalIfErr(t, e.AddSigningSubkey(at(born)))
	if d := certificateKey(t, e).Summary(); d.Weak != nil {
		t.Errorf("%+v", d)
	}
	own := e.Subkeys[len(e.Subkeys)-1].Bindings[0].Packet.EmbeddedSignature.EdDSASigR.Bytes()
	k := certificateKey(t, e)
	k.Data[bytes.LastIndex(k.Data, own)] ^= 1
	if d := k.Summary(); strings.Join(d.Weak, " ") != "unbound-subkey" {
		t.Errorf("without its own: %+v", d)
	}
}

// TestUserIDsExpire has the user id that is marked as primary say when the key
// expires, else the one certified last.
func TestUserIDsExpire(t *testing.T) {
	e := newEntity(t, at(born))
	for i, days := range []uint32{10, 20} {
		config := at(born.Add(time.Duration(i+1) * time.Hour))
		config.KeyLifetimeSecs = days * 86400
		fatalIfErr(t, e.AddUserId("", "", string('b'+rune(i))+"@example.org", config))
	}
	check := func(days time.Duration) {
		t.Helper()
		d := certificateKey(t, e).Summary()
		if want := born.Add(days * 24 * time.Hour); d.Expires == nil || !d.Expires.Equal(want) {
			t.Errorf("expires %v, want %v", d.Expires, want)
		}
	}
	resign := func(id string, when time.Duration, primary bool) {
		t.Helper()
		i := e.Identities[id]
		sig := i.SelfCertifications[0].Packet
		sig.CreationTime, sig.IsPrimaryId = born.Add(when), &primary
		fatalIfErr(t, sig.SignUserId(id, e.PrimaryKey, e.PrivateKey, at(born.Add(when))))
	}
	var ids []string
	for id := range e.Identities {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i, id := range ids {
		resign(id, time.Duration(i)*time.Hour, false)
	}
	check(20)
	resign(ids[1], time.Minute, true)
	check(10)
}
