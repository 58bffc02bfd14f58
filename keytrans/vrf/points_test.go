package vrf

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"filippo.io/edwards25519"
	"filippo.io/nistec"
)

// The points of order 1, 2, 4 and 8, in canonical encoding.
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}

func TestSmallOrderEd25519(t *testing.T) {
	private, public := suites[0].keys(t, 1)
	_, proof := private.Prove(nil)
	for _, s := range smallOrder {
		b := unhex(t, s)
		if key, err := ParseEd25519PublicKey(b); !errors.Is(err, errPublicKeyOrder) || key != nil {
			t.Errorf("%s: got %v, error %v", s, key, err)
		}
		copy(proof, b)
		checkRejected(t, public, nil, proof, errProof)
	}
	// A key with a component of small order is not a small-order point. RFC
	// 9381 accepts it, and it has no honest owner.
	torsion, ok := ed25519Decode(unhex(t, smallOrder[4]))
	y, ok2 := ed25519Decode(private.Public())
	if !ok || !ok2 {
		t.Fatal("the points do not decode")
	}
	_, err := ParseEd25519PublicKey(y.Add(y, torsion).Bytes())
	fatalIfErr(t, err)
}

// ed25519Cases returns encodings next to every boundary of canonicity.
func ed25519Cases() [][32]byte {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	var cases [][32]byte
	add := func(y *big.Int) {
		for _, sign := range []byte{0x00, 0x80} {
			b := [32]byte(suites[0].scalar(y))
			b[31] |= sign
			cases = append(cases, b)
		}
	}
	for i := range int64(300) {
		add(big.NewInt(i))
	}
	for i := int64(-300); i < 19; i++ {
		add(new(big.Int).Add(p, big.NewInt(i)))
	}
	// One byte off, where only the middle of the encoding tells.
	for i := 1; i < 31; i++ {
		for _, first := range []byte{0x00, 0x01, 0xec, 0xed, 0xff} {
			var low, high [32]byte
			for j := range high {
				high[j] = 0xff
			}
			low[0], low[i] = first, 0x01
			high[0], high[i] = first, 0xfe
			for _, b := range [][32]byte{low, high} {
				b[31] &= 0x7f
				cases = append(cases, b)
				b[31] |= 0x80
				cases = append(cases, b)
			}
		}
	}
	random := rand.NewChaCha8([32]byte{})
	for range 2000 {
		var b [32]byte
		random.Read(b[:])
		cases = append(cases, b)
	}
	return cases
}

// TestCanonicalEd25519 compares ed25519Decode with decoding and encoding again.
func TestCanonicalEd25519(t *testing.T) {
	private, public := suites[0].keys(t, 1)
	_, proof := private.Prove(nil)
	accepted, nonCanonical := 0, 0
	for _, b := range ed25519Cases() {
		p, err := new(edwards25519.Point).SetBytes(b[:])
		canonical := err == nil && bytes.Equal(p.Bytes(), b[:])
		got, ok := ed25519Decode(b[:])
		if ok != canonical {
			t.Errorf("%x: accepted %v, want %v", b, ok, canonical)
		}
		if ok {
			accepted++
			if got.Equal(p) != 1 {
				t.Errorf("%x: decoded as %x", b, got.Bytes())
			}
		}
		if err == nil && !canonical {
			nonCanonical++
			if _, err := ParseEd25519PublicKey(b[:]); !errors.Is(err, errPublicKeyEncoding) {
				t.Errorf("public key %x: error %v", b, err)
			}
			copy(proof, b[:])
			checkRejected(t, public, nil, proof, errProofGamma)
		}
	}
	// y = 1 and y = -1 with a sign, and the encodings of y = 0 ... 18 as y + p
	// that are of points, each with both signs.
	if nonCanonical < 20 || accepted < 1000 {
		t.Errorf("%d accepted, %d decodable but not canonical", accepted, nonCanonical)
	}
}

// TestGammaTorsion adds points of small order to Gamma. RFC 9381 has no check
// against it but the challenge, which covers Gamma.
func TestGammaTorsion(t *testing.T) {
	private, public := suites[0].keys(t, 1)
	_, proof := private.Prove(nil)
	gamma, _ := ed25519Decode(proof[:32])
	for _, s := range smallOrder[1:] {
		torsion, _ := ed25519Decode(unhex(t, s))
		bad := append(new(edwards25519.Point).Add(gamma, torsion).Bytes(), proof[32:]...)
		checkRejected(t, public, nil, bad, errProof)
	}
}

func TestEncodeEd25519(t *testing.T) {
	private, _ := suites[0].keys(t, 1)
	var points []*edwards25519.Point
	p, _ := ed25519Decode(private.Public())
	for n := range 5 {
		var out [4][32]byte
		ed25519Encode(out[:], points...)
		for i, p := range points {
			if !bytes.Equal(out[i][:], p.Bytes()) {
				t.Errorf("point %d of %d: got %x, want %x", i, n, out[i], p.Bytes())
			}
		}
		points = append(points, new(edwards25519.Point).Set(p))
		if n == 2 {
			p.Set(edwards25519.NewIdentityPoint())
		} else {
			p.ScalarMult(edwards25519.NewScalar(), p).Add(p, edwards25519.NewGeneratorPoint())
		}
	}
}

func TestInvalidP256(t *testing.T) {
	private, public := suites[1].keys(t, 1)
	_, proof := private.Prove(nil)
	order := suites[1].order
	for _, n := range []*big.Int{
		new(big.Int), order, new(big.Int).Add(order, big.NewInt(1)),
		new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)),
	} {
		if key, err := NewP256PrivateKey(suites[1].scalar(n)); !errors.Is(err, errPrivateKeyScalar) || key != nil {
			t.Errorf("private key %x: got %v, error %v", n, key, err)
		}
	}
	for _, n := range []*big.Int{big.NewInt(1), new(big.Int).Sub(order, big.NewInt(1))} {
		_, err := NewP256PrivateKey(suites[1].scalar(n))
		fatalIfErr(t, err)
	}
	for _, zero := range []byte{0x00, 0xff} {
		source := bytes.NewReader(bytes.Repeat([]byte{zero}, 1<<10))
		if key, err := GenerateP256PrivateKey(source); err == nil || key != nil {
			t.Errorf("a key from a broken source: %v", key)
		}
	}

	check := func(b []byte) {
		t.Helper()
		if key, err := ParseP256PublicKey(b); !errors.Is(err, errPublicKeyEncoding) || key != nil {
			t.Errorf("public key %x: got %v, error %v", b, key, err)
		}
		checkRejected(t, public, nil, append(bytes.Clone(b), proof[33:]...), errProofGamma)
	}
	for tag := range 256 { // 0x00 is infinity, 0x04 uncompressed, 0x06 hybrid
		if tag != 0x02 && tag != 0x03 {
			b := private.Public()
			b[0] = byte(tag)
			check(b)
		}
	}
	// x + p for small x that belong to points, and x that do not.
	p := bigHex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
	points := 0
	for x := range int64(50) {
		for _, tag := range []byte{0x02, 0x03} {
			reduced := append([]byte{tag}, suites[1].scalar(big.NewInt(x))...)
			if _, err := nistec.NewP256Point().SetBytes(reduced); err != nil {
				check(reduced)
			} else {
				points++
			}
			check(append([]byte{tag}, suites[1].scalar(new(big.Int).Add(p, big.NewInt(x)))...))
		}
	}
	if points < 20 {
		t.Errorf("only %d points", points)
	}
}
