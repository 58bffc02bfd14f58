package account

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"testing"

	"filippo.io/edwards25519"
)

func testStatement(k Kind) Statement {
	return Statement{Kind: k, Label: "alice", Version: 7, Previous: Hash{1}, Body: Hash{2}, Detail: []byte("more")}
}

// TestECDSAEncodings gives one signature in every form in which lenient parsers
// would accept it.
func TestECDSAEncodings(t *testing.T) {
	private := signer(t, P256, "one")
	key, s := keyOf(t, private), testStatement(KindVersion)
	good, err := s.Sign(private)
	fatalIfErr(t, err)
	r, ss, ok := parseECDSA(good)
	if !ok || good[0] != 0x30 || int(good[1]) != len(good)-2 {
		t.Fatalf("signature %x", good)
	}
	n := elliptic.P256().Params().N
	add := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	body := good[2:]
	for name, bad := range map[string][]byte{
		"empty":             {},
		"high s":            encodeECDSA(r, new(big.Int).Sub(n, ss)),
		"s plus n":          encodeECDSA(r, add(ss, n)),
		"r plus n":          encodeECDSA(add(r, n), ss),
		"negative r":        encodeECDSA(new(big.Int).Sub(r, n), ss),
		"negative s":        encodeECDSA(r, new(big.Int).Neg(ss)),
		"zero r":            encodeECDSA(new(big.Int), ss),
		"zero s":            encodeECDSA(r, new(big.Int)),
		"both zero":         encodeECDSA(new(big.Int), new(big.Int)),
		"long form":         append([]byte{0x30, 0x81, byte(len(body))}, body...),
		"indefinite length": append(append([]byte{0x30, 0x80}, body...), 0, 0),
		"trailing byte":     append(bytes.Clone(good), 0),
		"trailing in there": append([]byte{0x30, byte(len(body) + 2)}, append(bytes.Clone(body), 5, 0)...),
		"set":               append([]byte{0x31, byte(len(body))}, body...),
		"raw r and s":       append(r.FillBytes(make([]byte, 32)), ss.FillBytes(make([]byte, 32))...),
		"padded r":          padR(r, ss),
		"exchanged":         encodeECDSA(ss, r),
		"very long":         bytes.Repeat([]byte{0x30}, 255),
	} {
		if err := s.Verify(key, bad); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fatalIfErr(t, s.Verify(key, good))
}

// padR writes r with one zero byte more than DER allows.
func padR(r, s *big.Int) []byte {
	der := encodeECDSA(r, s)
	n := der[3]
	out := []byte{0x30, der[1] + 1, 2, n + 1, 0}
	return append(out, der[4:]...)
}

func TestEd25519Encodings(t *testing.T) {
	private := signer(t, Ed25519, "one")
	key, s := keyOf(t, private), testStatement(KindVersion)
	good, err := s.Sign(private)
	fatalIfErr(t, err)
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	plus := bytes.Clone(good)
	reversed := func(b []byte) []byte {
		c := make([]byte, len(b))
		for i := range b {
			c[len(b)-1-i] = b[i]
		}
		return c
	}
	sum := new(big.Int).Add(new(big.Int).SetBytes(reversed(good[32:])), order)
	copy(plus[32:], reversed(sum.FillBytes(make([]byte, 32))))
	torsion, err := new(edwards25519.Point).SetBytes(unhex(t, smallOrder[4]))
	fatalIfErr(t, err)
	point, err := new(edwards25519.Point).SetBytes(good[:32])
	fatalIfErr(t, err)
	mixed := append(new(edwards25519.Point).Add(point, torsion).Bytes(), good[32:]...)
	for name, bad := range map[string][]byte{
		"empty": {}, "short": good[:63], "long": append(bytes.Clone(good), 0), "s plus the order": plus, "mixed R": mixed,
		"zero": make([]byte, 64),
	} {
		if err := s.Verify(key, bad); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fatalIfErr(t, s.Verify(key, good))
}

// TestOnlyThisStatement changes one thing of a statement at a time.
func TestOnlyThisStatement(t *testing.T) {
	for _, a := range []Algorithm{Ed25519, P256} {
		private := signer(t, a, "one")
		key, s := keyOf(t, private), testStatement(KindVersion)
		signature, err := s.Sign(private)
		fatalIfErr(t, err)
		for name, change := range map[string]func(*Statement){
			"label":          func(s *Statement) { s.Label = "alicf" },
			"label's length": func(s *Statement) { s.Label = "alic" },
			"version":        func(s *Statement) { s.Version++ },
			"previous":       func(s *Statement) { s.Previous[31] ^= 1 },
			"body":           func(s *Statement) { s.Body[0] ^= 1 },
			"detail":         func(s *Statement) { s.Detail = []byte("morf") },
			"no detail":      func(s *Statement) { s.Detail = nil },
		} {
			other := s
			change(&other)
			if err := other.Verify(key, signature); !errors.Is(err, ErrSignature) {
				t.Errorf("%v: another %s: %v", a, name, err)
			}
		}
		for k := range 256 {
			if other := testStatement(Kind(k)); Kind(k) != KindVersion && other.Verify(key, signature) == nil {
				t.Errorf("%v: verifies as kind %d", a, k)
			}
		}
		if err := s.Verify(keyOf(t, signer(t, a, "two")), signature); !errors.Is(err, ErrSignature) {
			t.Errorf("%v: another key: %v", a, err)
		}
		if err := s.Verify(Key{9, "x"}, signature); !errors.Is(err, ErrAlgorithm) {
			t.Errorf("an unknown algorithm: %v", err)
		}
	}
}

func TestStatementsRefused(t *testing.T) {
	for name, s := range map[string]Statement{
		"no kind":     {Label: "a"},
		"no label":    {Kind: KindVersion},
		"long label":  {Kind: KindVersion, Label: string(make([]byte, 256))},
		"long detail": {Kind: KindVersion, Label: "a", Detail: make([]byte, MaxDetailSize+1)},
	} {
		if _, err := s.Sign(signer(t, Ed25519, "one")); !errors.Is(err, errUsage) {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Verify(keyOf(t, signer(t, Ed25519, "one")), make([]byte, 64)); !errors.Is(err, errUsage) {
			t.Errorf("%s, verified: %v", name, err)
		}
	}
}

// element is a secure element: it signs with randomness, with any s, and fails
// if there is no randomness.
type element struct {
	crypto.Signer
	high bool
}

func (e element) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if random == nil || opts.HashFunc() != crypto.SHA256 || len(digest) != 32 {
		return nil, errors.New("no randomness, or not SHA-256")
	}
	signature, err := ecdsa.SignASN1(rand.Reader, e.Signer.(*ecdsa.PrivateKey), digest)
	r, s, _ := parseECDSA(signature)
	if n := elliptic.P256().Params().N; (s.Cmp(halfOrder) > 0) != e.high {
		s.Sub(n, s)
	}
	return encodeECDSA(r, s), err
}

func TestSecureElement(t *testing.T) {
	private := signer(t, P256, "one")
	s := testStatement(KindVersion)
	seen := make(map[string]bool)
	for _, high := range []bool{false, true} {
		signature, err := s.Sign(element{private, high})
		fatalIfErr(t, err)
		fatalIfErr(t, s.Verify(keyOf(t, private), signature))
		seen[string(signature)] = true
	}
	if len(seen) != 2 {
		t.Error("the signatures of a secure element are the same")
	}
}

// TestDeterministic: a signature by a key in memory is the same each time.
func TestDeterministic(t *testing.T) {
	for _, a := range []Algorithm{Ed25519, P256} {
		one, err := testStatement(KindVersion).Sign(signer(t, a, "one"))
		fatalIfErr(t, err)
		two, err := testStatement(KindVersion).Sign(signer(t, a, "one"))
		fatalIfErr(t, err)
		if !bytes.Equal(one, two) {
			t.Errorf("%v: %x, then %x", a, one, two)
		}
	}
}

func TestSignersThatLie(t *testing.T) {
	s := testStatement(KindVersion)
	for _, a := range []Algorithm{Ed25519, P256} {
		other, err := s.Sign(signer(t, a, "two"))
		fatalIfErr(t, err)
		for name, answer := range map[string][]byte{"another key's": other, "nothing": nil, "nonsense": []byte("signature")} {
			if got, err := s.Sign(fixed{signer(t, a, "one").Public(), answer}); !errors.Is(err, errUsage) || got != nil {
				t.Errorf("%v, %s: %x, %v", a, name, got, err)
			}
		}
	}
}
