package keytranstest

import (
	"crypto/sha256"
	"fmt"

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
		sign, evaluate = keytrans.NewP256SigningKey, vrf.NewP256PrivateKey
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
