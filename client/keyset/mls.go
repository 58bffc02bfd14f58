package keyset

import (
	"crypto/ecdh"
	"encoding/binary"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client/mls"
)

// An mlsSuite is what validation of keys needs of a cipher suite of MLS (RFC 9420,
// Section 17.1), beside what package mls does.
type mlsSuite struct {
	checkKEM func([]byte) error // an HPKEPublicKey
	checkSig func([]byte) error // a SignaturePublicKey
	cost     int                // of verifying a signature, see budget
}

var mlsSuites = map[mls.CipherSuite]mlsSuite{
	1: {checkX25519, checkEd25519, 1},
	2: {checkP256, checkP256, 1},
	3: {checkX25519, checkEd25519, 1},
	4: {checkX448, checkEd448, costEd448},
	5: {checkP521, checkP521, costP521},
	6: {checkX448, checkEd448, costEd448},
	7: {checkP384, checkP384, costP384},
}

func checkP384(b []byte) error { return checkPoint(ecdh.P384(), b, 97) }
func checkP521(b []byte) error { return checkPoint(ecdh.P521(), b, 133) }

// inspectMLSSignature checks a cipher suite and a SignaturePublicKey of it, its
// bytes without a length.
func inspectMLSSignature(data []byte, _ *budget) (facts, error) {
	if len(data) <= 2 {
		return facts{}, fmt.Errorf("%w: not a cipher suite and a key", errKey)
	}
	id := mls.CipherSuite(binary.BigEndian.Uint16(data))
	f := facts{words: []string{suiteName(id)}}
	if suite, ok := mlsSuites[id]; ok {
		return f, suite.checkSig(data[2:])
	}
	return f, nil
}

func suiteName(id mls.CipherSuite) string {
	name := fmt.Sprintf("suite-%d", uint16(id))
	if algorithm, _, known := id.SignatureKey(); known {
		name += " " + algorithm
	}
	return name
}
