package keyset

import (
	"crypto/dsa" //lint:ignore SA1019 old keys are read to be called weak
	"crypto/rsa"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp/ecdh"
	"github.com/ProtonMail/go-crypto/openpgp/ed25519"
	"github.com/ProtonMail/go-crypto/openpgp/ed448"
	"github.com/ProtonMail/go-crypto/openpgp/eddsa"
	"github.com/ProtonMail/go-crypto/openpgp/elgamal"
	"github.com/ProtonMail/go-crypto/openpgp/mldsa_eddsa"
	"github.com/ProtonMail/go-crypto/openpgp/mlkem_ecdh"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/x25519"
	"github.com/ProtonMail/go-crypto/openpgp/x448"
)

// judgePGPKey checks the numbers of a primary key or subkey and returns its
// weaknesses. Points of ECDSA keys and ML-KEM keys are checked by the library
// as it parses them.
func judgePGPKey(key *packet.PublicKey, body []byte) ([]string, error) {
	switch k := key.PublicKey.(type) {
	case *rsa.PublicKey:
		return judgeRSA(k)
	case *dsa.PublicKey:
		return []string{"dsa"}, checkDSA(k.P, k.Q, k.G, k.Y)
	case *elgamal.PublicKey:
		return judgeElGamal(k)
	case *eddsa.PublicKey:
		return nil, check25519or448(key, k.X, checkEd25519, checkEd448)
	case *ed25519.PublicKey:
		return nil, checkEd25519(k.Point)
	case *ed448.PublicKey:
		return nil, checkEd448(k.Point)
	case *x25519.PublicKey:
		return nil, checkX25519(k.Point)
	case *x448.PublicKey:
		return nil, checkX448(k.Point)
	case *ecdh.PublicKey:
		if curve, err := key.Curve(); err == nil && (curve == packet.Curve25519 || curve == packet.Curve448) {
			return nil, check25519or448(key, k.Point, checkX25519, checkX448)
		}
		return nil, checkECDH(body)
	case *mlkem_ecdh.PublicKey:
		return nil, check25519or448(key, k.PublicPoint, checkX25519, checkX448)
	case *mldsa_eddsa.PublicKey:
		return nil, check25519or448(key, k.PublicPoint, checkEd25519, checkEd448)
	}
	return nil, nil
}

func check25519or448(key *packet.PublicKey, point []byte, check25519, check448 func([]byte) error) error {
	if len(point) == 32 {
		return check25519(point)
	}
	return check448(point)
}

// pgpAlgorithmAt is where the algorithm stands in the body of a key packet.
const (
	pgpAlgorithmAt = 5
	pgpECDSA       = 19
)

// checkECDH checks that the point of an ECDH key on another curve is on it. The
// library does that for ECDSA keys only; an ECDH key begins as one.
func checkECDH(body []byte) error {
	twin := append([]byte(nil), body...)
	twin[pgpAlgorithmAt] = pgpECDSA
	if key, err := readPGPKey(tagPublicKey, twin); err != nil || key == nil {
		return fmt.Errorf("%w: not a point of its curve", errKey)
	}
	return nil
}

// judgeElGamal checks the ranges of an ElGamal key.
func judgeElGamal(k *elgamal.PublicKey) ([]string, error) {
	bits := k.P.BitLen()
	if bits > maxRSABits || k.P.Bit(0) == 0 || k.G.Cmp(k.P) >= 0 || k.Y.Cmp(k.P) >= 0 || k.G.BitLen() < 2 || k.Y.BitLen() < 2 {
		return nil, fmt.Errorf("%w: ElGamal numbers out of range", errKey)
	}
	if bits < 2048 {
		return []string{fmt.Sprintf("elgamal-%d", bits)}, nil
	}
	return nil, nil
}
