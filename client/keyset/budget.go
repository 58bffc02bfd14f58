package keyset

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// What may be spent on verifying signatures, in about what one over Ed25519,
// P-256 or with RSA of 4,096 bits takes. A certificate as people publish it
// has less than ten by its own key. A key that needs more is not refused, and
// its description says so.
const (
	budgetOfKey = 64
	budgetOfSet = 512
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
func rsaCost(bits int) int { return max(1, bits*bits>>24) }

// ecdsaCost is the cost of a curve: those other than P-256 are not made for
// speed, in this library or at all.
func ecdsaCost(curve elliptic.Curve) int {
	if curve == elliptic.P256() {
		return 1
	}
	return 4
}

// verifyCost is the cost of a key of a certificate.
func verifyCost(public any) int {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return rsaCost(k.N.BitLen())
	case *ecdsa.PublicKey:
		return ecdsaCost(k.Curve)
	}
	return 1
}

// pgpCost is the cost of an OpenPGP key.
func pgpCost(k *packet.PublicKey) int {
	switch k.PubKeyAlgo {
	case packet.PubKeyAlgoECDSA:
		if curve, err := k.Curve(); err != nil || curve != packet.CurveNistP256 {
			return 8 // brainpool and secp256k1 are plain big number arithmetic
		}
	case packet.PubKeyAlgoDSA, packet.PubKeyAlgoMldsa65Ed25519, packet.PubKeyAlgoMldsa87Ed448,
		packet.PubKeyAlgoSlhdsaShake128s, packet.PubKeyAlgoSlhdsaShake128f, packet.PubKeyAlgoSlhdsaShake256s:
		return 4
	}
	return verifyCost(k.PublicKey)
}
