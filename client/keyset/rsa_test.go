package keyset

import (
	"crypto/rsa"
	"errors"
	"math/big"
	"strings"
	"testing"
)

// infineon makes a modulus of two primes as the library of CVE-2017-15361 did:
// k*M + (65537^a mod M), with M the product of the first primes.
func infineon(t *testing.T, bits uint) *big.Int {
	t.Helper()
	m := big.NewInt(2)
	for _, p := range oddPrimes {
		m.Mul(m, big.NewInt(p))
	}
	prime := func(a int64) *big.Int {
		power := new(big.Int).Exp(big.NewInt(65537), big.NewInt(a), m)
		k := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(3), bits-2), m)
		for range 1 << 20 {
			p := new(big.Int).Mul(k, m)
			if p.Add(p, power).ProbablyPrime(20) {
				return p
			}
			k.Add(k, big.NewInt(1))
		}
		t.Fatal("no prime")
		return nil
	}
	p, q := prime(123456789), prime(987654321)
	return p.Mul(p, q)
}

func TestJudgeRSA(t *testing.T) {
	good, err := rsa.GenerateKey(nil, 2048)
	fatalIfErr(t, err)
	times := func(p int64) *big.Int {
		n := new(big.Int).Mul(good.N, big.NewInt(p))
		return n
	}
	for name, tt := range map[string]struct {
		n    *big.Int
		e    int
		weak string
		err  error
	}{
		"good":            {good.N, 65537, "", nil},
		"exponent 3":      {good.N, 3, "", nil},
		"exponent 1":      {good.N, 1, "", errKey},
		"exponent 0":      {good.N, 0, "", errKey},
		"even exponent":   {good.N, 65536, "", errKey},
		"even":            {times(2), 65537, "", errKey},
		"factor 3":        {times(3), 65537, "rsa-small-factor", nil},
		"factor 167":      {times(167), 65537, "rsa-small-factor", nil},
		"Infineon":        {infineon(t, 1024), 65537, "roca", nil},
		"Infineon, short": {infineon(t, 512), 65537, "rsa-1024 roca", nil},
		"tiny":            {big.NewInt(65537), 65537, "", errKey},
		"zero":            {new(big.Int), 65537, "", errKey},
		"huge":            {new(big.Int).Lsh(good.N, maxRSABits), 65537, "", errKey},
	} {
		weak, err := judgeRSA(&rsa.PublicKey{N: tt.n, E: tt.e})
		if !errors.Is(err, tt.err) || strings.Join(weak, " ") != tt.weak {
			t.Errorf("%s: %q, %v", name, weak, err)
		}
	}
}

func testRSAPublic(t testing.TB) *rsa.PublicKey {
	k, err := rsa.GenerateKey(nil, 2048)
	fatalIfErr(t, err)
	return &k.PublicKey
}
