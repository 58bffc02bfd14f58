package keyset

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	_ "crypto/sha256" // the hashes of the suites
	_ "crypto/sha512"
	"fmt"

	"github.com/cloudflare/circl/sign/ed448"
	"golang.org/x/crypto/cryptobyte"
)

// An mlsSuite is what validation needs of a cipher suite of MLS (RFC 9420,
// Section 17.1).
type mlsSuite struct {
	signature string // its name, for people
	hash      crypto.Hash
	checkKEM  func([]byte) error // an HPKEPublicKey
	checkSig  func([]byte) error // a SignaturePublicKey
	verify    func(public, content, signature []byte) bool
	cost      int // of verify, see budget
}

var mlsSuites = map[uint16]mlsSuite{
	1: {"Ed25519", crypto.SHA256, checkX25519, checkEd25519, verifyEd25519, 1},
	2: {"P-256", crypto.SHA256, checkP256, checkP256, verifyECDSA(elliptic.P256(), crypto.SHA256), 1},
	3: {"Ed25519", crypto.SHA256, checkX25519, checkEd25519, verifyEd25519, 1},
	4: {"Ed448", crypto.SHA512, checkX448, checkEd448, verifyEd448, 4},
	5: {"P-521", crypto.SHA512, checkP521, checkP521, verifyECDSA(elliptic.P521(), crypto.SHA512), 4},
	6: {"Ed448", crypto.SHA512, checkX448, checkEd448, verifyEd448, 4},
	7: {"P-384", crypto.SHA384, checkP384, checkP384, verifyECDSA(elliptic.P384(), crypto.SHA384), 4},
}

func checkP384(b []byte) error { return checkPoint(ecdh.P384(), b, 97) }
func checkP521(b []byte) error { return checkPoint(ecdh.P521(), b, 133) }

func verifyEd25519(public, content, signature []byte) bool {
	return ed25519.Verify(public, content, signature)
}

func verifyEd448(public, content, signature []byte) bool {
	return ed448.Verify(public, content, signature, "")
}

func verifyECDSA(curve elliptic.Curve, hash crypto.Hash) func(public, content, signature []byte) bool {
	return func(public, content, signature []byte) bool {
		key, err := ecdsa.ParseUncompressedPublicKey(curve, public)
		if err != nil {
			return false
		}
		h := hash.New()
		h.Write(content)
		return ecdsa.VerifyASN1(key, h.Sum(nil), signature)
	}
}

// inspectMLSSignature checks a cipher suite and a SignaturePublicKey of it, its
// bytes without a length.
func inspectMLSSignature(data []byte, _ *budget) (facts, error) {
	s := cryptobyte.String(data)
	var id uint16
	if !s.ReadUint16(&id) || s.Empty() {
		return facts{}, fmt.Errorf("%w: not a cipher suite and a key", errKey)
	}
	f := facts{words: []string{suiteName(id)}}
	if suite, ok := mlsSuites[id]; ok {
		return f, suite.checkSig(s)
	}
	return f, nil
}

func suiteName(id uint16) string {
	if suite, ok := mlsSuites[id]; ok {
		return fmt.Sprintf("suite-%d %s", id, suite.signature)
	}
	return fmt.Sprintf("suite-%d", id)
}

// readVector reads a vector<V>: RFC 9420, Section 2.1.2.
func readVector(s *cryptobyte.String, out *cryptobyte.String) bool {
	var first uint8
	if !s.ReadUint8(&first) {
		return false
	}
	n := uint32(first & 0x3f)
	width := 1 << (first >> 6)
	if width > 4 {
		return false
	}
	for range width - 1 {
		var next uint8
		if !s.ReadUint8(&next) {
			return false
		}
		n = n<<8 | uint32(next)
	}
	// SPEC: the length MUST be encoded in the smallest number of bytes.
	if width == 2 && n < 1<<6 || width == 4 && n < 1<<14 {
		return false
	}
	return uint64(n) <= uint64(len(*s)) && s.ReadBytes((*[]byte)(out), int(n))
}

// appendVector is the reverse of readVector.
func appendVector(b, data []byte) []byte {
	switch n := len(data); {
	case n < 1<<6:
		b = append(b, byte(n))
	case n < 1<<14:
		b = append(b, byte(n>>8)|0x40, byte(n))
	default:
		b = append(b, byte(n>>24)|0x80, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, data...)
}

// signContent is what a signature with a label is over (RFC 9420, Section
// 5.1.2).
func signContent(label string, content []byte) []byte {
	return appendVector(appendVector(nil, []byte("MLS 1.0 "+label)), content)
}
