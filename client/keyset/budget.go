package keyset

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// What may be spent on verifying signatures, in about what one over Ed25519 or
// P-256 takes: some tenth of a millisecond. A certificate as people publish it has
// less than ten signatures by its own key. A key that needs more is not refused,
// and its description says so.
const (
	budgetOfKey = 1000
	budgetOfSet = 10000
)

// budget limits the time that one key may take.
type budget struct {
	left int
	cut  bool // something was not verified
}

// spend reports whether a signature may be verified, and counts it.
func (b *budget) spend(cost int) bool {
	if cost > b.left {
		b.cut = true
		return false
	}
	b.left -= cost
	return true
}

// rsaCost is the cost of verifying with a modulus of so many bits.
func rsaCost(bits int) int { return max(1, bits*bits>>21) }

// Costs of the curves that are not made for speed, in the standard library or at
// all: those of OpenPGP alone are plain big number arithmetic.
const (
	costEd448 = 5
	costP384  = 10
	costP521  = 40
	costPlain = 60 // of 256 bits
	costLarge = 200
	costPQ    = 20
	costDSA   = 20
)

// verifyCost is the cost of a key of the standard library.
func verifyCost(public any) int {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return rsaCost(k.N.BitLen())
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return 1
		case elliptic.P384():
			return costP384
		}
		return costP521
	}
	return 1
}

// pgpCost is the cost of an OpenPGP key.
func pgpCost(k *packet.PublicKey) int {
	switch k.PubKeyAlgo {
	case packet.PubKeyAlgoDSA:
		return costDSA
	case packet.PubKeyAlgoECDSA:
		switch curve, _ := k.Curve(); curve {
		case packet.CurveNistP256:
			return 1
		case packet.CurveNistP384:
			return costP384
		case packet.CurveNistP521:
			return costP521
		case packet.CurveSecP256k1, packet.CurveBrainpoolP256:
			return costPlain
		}
		return costLarge
	case packet.PubKeyAlgoEd448:
		return costEd448
	case packet.PubKeyAlgoMldsa65Ed25519, packet.PubKeyAlgoMldsa87Ed448,
		packet.PubKeyAlgoSlhdsaShake128s, packet.PubKeyAlgoSlhdsaShake128f, packet.PubKeyAlgoSlhdsaShake256s:
		return costPQ
	}
	return verifyCost(k.PublicKey)
}
