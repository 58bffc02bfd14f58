package keyset

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// maxJWK is the longest JWK that is read: one of RSA with 16,384 bits has less
// than 3,000 bytes.
const maxJWK = 4 << 10

// okp are the curves of RFC 8037 with the check of a key; crv, kty and x are
// the members that RFC 7638 takes.
var okp = map[string]func([]byte) error{
	"Ed25519": checkEd25519, "Ed448": checkEd448, "X25519": checkX25519, "X448": checkX448,
}

// jwkThumbprint is the thumbprint of RFC 7638. Data is required to have the
// members that this is made of, in its order, and nothing else: so it is the
// hash of the data.
func jwkThumbprint(data []byte) (string, error) {
	if err := checkFlatJSON(data); err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// checkFlatJSON checks for one JSON object without white space, escapes and
// nested values, as a canonical JWK is: what costs the JSON decoder nothing.
func checkFlatJSON(data []byte) error {
	if len(data) > maxJWK {
		return fmt.Errorf("%w: a JWK of %d bytes, at most %d", errKey, len(data), maxJWK)
	}
	if len(data) < 2 || data[0] != '{' || data[len(data)-1] != '}' || bytes.ContainsAny(data[1:len(data)-1], "{}[]\\ \t\r\n") {
		return fmt.Errorf("%w: not a flat JSON object without spaces", errKey)
	}
	return nil
}

// inspectJWK checks a public JWK in its canonical form. Key types that are not
// known fail: which of their members are private is not known either.
func inspectJWK(data []byte, _ *budget) (facts, error) {
	if secretMember.Match(data[:min(len(data), maxJWK)]) {
		return facts{}, ErrPrivateKey
	}
	if err := checkFlatJSON(data); err != nil {
		return facts{}, err
	}
	kty := ktyMember.FindSubmatch(data)
	switch {
	case kty == nil:
		return facts{}, fmt.Errorf("%w: a JWK without a key type", errKey)
	case string(kty[1]) == "OKP":
		return inspectOKP(data)
	case string(kty[1]) == "RSA", string(kty[1]) == "EC":
		return inspectJOSE(string(kty[1]), data)
	}
	return facts{}, fmt.Errorf("%w: JWK key type", errUnsupported)
}

var (
	ktyMember = regexp.MustCompile(`[{,]"kty":"([^"]*)"`)
	// secretMember finds the members of RFC 7518, Section 6, and RFC 9964 that
	// must not be published.
	secretMember = regexp.MustCompile(`"(d|p|q|dp|dq|qi|oth|k|priv)"\s*:`)
	// canonicalOKP is an octet key pair (RFC 8037) in canonical form.
	canonicalOKP = regexp.MustCompile(`^\{"crv":"([^"]*)","kty":"OKP","x":"([^"]*)"\}$`)
)

// inspectOKP checks a key of RFC 8037, of which the JOSE library knows one
// curve only.
func inspectOKP(data []byte) (facts, error) {
	m := canonicalOKP.FindSubmatch(data)
	if m == nil {
		return facts{}, fmt.Errorf("%w: %s", errKey, notCanonicalJWK)
	}
	check, known := okp[string(m[1])]
	if !known {
		return facts{}, fmt.Errorf("%w: JWK curve", errUnsupported)
	}
	f := facts{words: []string{string(m[1])}}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(m[2]))
	if err != nil || strings.ContainsAny(string(m[2]), "\r\n") {
		return f, fmt.Errorf("%w: x is not base64url", errKey)
	}
	return f, check(raw)
}

// SPEC: RFC 7638, Section 3: only the required members, in lexicographic
// order, without white space.
const notCanonicalJWK = "not the canonical form of this JWK"

// inspectJOSE checks RSA and elliptic curve keys with the JOSE library. It makes
// the thumbprint from numbers; if it is the hash of data, data is canonical.
func inspectJOSE(kty string, data []byte) (facts, error) {
	var key jose.JSONWebKey
	err := key.UnmarshalJSON(data)
	switch {
	case kty == "EC" && errors.Is(err, jose.ErrUnsupportedKeyType):
		return facts{}, fmt.Errorf("%w: JWK curve", errUnsupported)
	case err != nil:
		return facts{}, fmt.Errorf("%w: %w", errKey, err)
	}
	if !key.IsPublic() {
		return facts{}, ErrPrivateKey
	}
	var f facts
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		f.words = []string{fmt.Sprintf("RSA-%d", k.N.BitLen())}
		f.weak, err = judgeRSA(k)
	case *ecdsa.PublicKey:
		f.words = []string{"EC " + k.Params().Name}
	}
	if err != nil {
		return f, err
	}
	sum := sha256.Sum256(data)
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil || !bytes.Equal(thumbprint, sum[:]) {
		return f, fmt.Errorf("%w: %s", errKey, notCanonicalJWK)
	}
	return f, nil
}
