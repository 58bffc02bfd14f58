package keytranstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
)

// Keys are the private keys of a deployment. Leaf, the Service Operator's, is
// nil unless a third party manages the log, and Auditor unless one audits it.
type Keys struct {
	Signer, Leaf, Auditor keytrans.SigningKey
	VRF                   vrf.PrivateKey
}

// NewKeys returns the keys that follow from a seed.
func NewKeys(suite keytrans.CipherSuite, mode keytrans.DeploymentMode, seed string) *Keys {
	secret := func(name string) []byte { return derive(seed, "key", name) }
	sign, evaluate := keytrans.NewEd25519SigningKey, vrf.NewEd25519PrivateKey
	if suite == keytrans.KT_128_SHA256_P256 {
		sign, evaluate = newP256Key, vrf.NewP256PrivateKey
	}
	k := &Keys{Signer: must(sign(secret("signer"))), VRF: must(evaluate(secret("vrf")))}
	switch mode {
	case keytrans.ThirdPartyManagement:
		k.Leaf = must(sign(secret("leaf")))
	case keytrans.ThirdPartyAuditing:
		k.Auditor = must(sign(secret("auditor")))
	}
	return k
}

// p256Key is a keytrans signing key whose signatures follow from the message, as
// RFC 6979 has it, so that what they are in can be made again.
type p256Key struct {
	keytrans.SigningKey
	priv *ecdsa.PrivateKey
}

func newP256Key(scalar []byte) (keytrans.SigningKey, error) {
	key, err := keytrans.NewP256SigningKey(scalar)
	if err != nil {
		return nil, err
	}
	return &p256Key{key, must(ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar))}, nil
}

func (k *p256Key) Sign(message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	der, err := k.priv.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	r, s := new(big.Int), new(big.Int)
	input, inner := cryptobyte.String(der), cryptobyte.String(nil)
	if !input.ReadASN1(&inner, asn1.SEQUENCE) || !inner.ReadASN1Integer(r) || !inner.ReadASN1Integer(s) {
		return nil, fmt.Errorf("an ECDSA signature is not encoded as expected: %x", der)
	}
	const size = 32 // in bytes of r and of s
	sig := make([]byte, 2*size)
	r.FillBytes(sig[:size])
	s.FillBytes(sig[size:])
	return sig, nil
}

// derive returns 32 bytes that follow from the arguments.
func derive(args ...any) []byte {
	h := sha256.New()
	for _, a := range args {
		s := fmt.Sprint(a)
		fmt.Fprint(h, len(s), ":", s)
	}
	return h.Sum(nil)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("keytranstest: %v", err))
	}
	return v
}
