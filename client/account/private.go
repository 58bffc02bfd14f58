package account

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// maxPrivateFile is the size in bytes of the longest private key file.
const maxPrivateFile = 16 << 10

const pemType = "PRIVATE KEY"

// NewSigner generates an account key in memory.
func NewSigner(a Algorithm) (crypto.Signer, error) {
	switch a {
	case Ed25519:
		_, private, err := ed25519.GenerateKey(nil)
		return private, err
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), nil)
	}
	return nil, fmt.Errorf("%w: %v", ErrAlgorithm, a)
}

// MarshalPrivate returns the content of an account key's private file: PKCS #8
// (RFC 5958) in PEM, not encrypted. The file must be readable by its owner only.
func MarshalPrivate(signer crypto.Signer) ([]byte, error) {
	if _, err := KeyOf(signer); err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, fmt.Errorf("%w: the private key of a %T cannot be written to a file", errKey, signer)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// ParsePrivate reads a private file: one PEM block of PKCS #8, as MarshalPrivate
// writes it, or openssl genpkey. No error quotes the file.
func ParsePrivate(file []byte) (crypto.Signer, error) {
	if len(file) > maxPrivateFile {
		return nil, fmt.Errorf("%w: a private key file of %d bytes, at most %d", errMalformed, len(file), maxPrivateFile)
	}
	file = bytes.TrimSpace(file)
	block, rest := pem.Decode(file)
	switch {
	case block == nil || !bytes.HasPrefix(file, []byte("-----BEGIN ")):
		return nil, fmt.Errorf("%w: not a PEM file, or a damaged one; kt account new writes them", errMalformed)
	case block.Type == "ENCRYPTED PRIVATE KEY" || len(block.Headers) > 0:
		return nil, fmt.Errorf("%w: the private key is encrypted; decrypt it with openssl pkcs8", errMalformed)
	case block.Type == "PUBLIC KEY" || block.Type == "CERTIFICATE":
		return nil, fmt.Errorf("%w: the public part of a key; the private one signs", errMalformed)
	case block.Type == "OPENSSH PRIVATE KEY":
		return nil, fmt.Errorf("%w: an SSH key; an account key is a key of its own, for nothing else: kt account new makes one", errMalformed)
	case block.Type != pemType:
		return nil, fmt.Errorf("%w: a PEM file with another block than PRIVATE KEY; openssl pkcs8 -topk8 -nocrypt converts keys", errMalformed)
	case len(rest) > 0:
		return nil, fmt.Errorf("%w: a private key file with something after the key", errMalformed)
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: the private key is not PKCS #8", errMalformed)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: a key that does not sign; Ed25519 and ECDSA on P-256 are", errKey)
	}
	if _, err := KeyOf(signer); err != nil {
		return nil, err
	}
	return signer, nil
}
