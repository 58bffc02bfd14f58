package keyset

import (
	"crypto/rsa"
	"fmt"
	"math/big"
)

// maxRSABits is the largest RSA modulus that is accepted: the largest that
// ssh-keygen and GnuPG make. What is done with a key takes time that grows with
// the third power of it.
const maxRSABits = 16384

// judgeRSA returns the weaknesses of an RSA key. It fails for numbers that are
// no RSA key at all.
func judgeRSA(k *rsa.PublicKey) ([]string, error) {
	bits := k.N.BitLen()
	switch {
	case bits > maxRSABits:
		return nil, fmt.Errorf("%w: an RSA modulus of %d bits, at most %d", errKey, bits, maxRSABits)
	case bits < 256 || k.N.Sign() <= 0 || k.N.Bit(0) == 0:
		return nil, fmt.Errorf("%w: not an RSA modulus", errKey)
	case k.E < 3 || k.E&1 == 0:
		return nil, fmt.Errorf("%w: not an RSA exponent", errKey)
	}
	var weak []string
	if bits < 2048 {
		weak = append(weak, fmt.Sprintf("rsa-%d", bits))
	}
	small, roca := smallFactors(k.N)
	if small {
		weak = append(weak, "rsa-small-factor")
	}
	if roca {
		weak = append(weak, "roca")
	}
	return weak, nil
}

// smallFactors reports whether n has a factor up to 167, and whether it looks
// like made by the Infineon library of CVE-2017-15361: modulo each of the
// primes up to 167, it is then a power of 65537. (Nemec and others, "The Return
// of Coppersmith's Attack", CCS 2017.) Of other moduli, one in 2^27 does.
func smallFactors(n *big.Int) (small, roca bool) {
	roca = true
	var rest big.Int
	for _, p := range oddPrimes {
		r := rest.Mod(n, big.NewInt(p)).Int64()
		small = small || r == 0
		roca = roca && isPower(65537, r, p)
	}
	return small, roca
}

var oddPrimes = [...]int64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79,
	83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
}

// isPower reports whether r is a power of base modulo the prime p.
func isPower(base, r, p int64) bool {
	power := int64(1)
	for range p - 1 {
		if power == r {
			return true
		}
		power = power * base % p
	}
	return false
}
