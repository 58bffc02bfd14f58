package keyset

import "fmt"

// Format says what a key's Data is. The values are a registry: they never
// change, new ones are added. Values from FormatPrivateUse on are for private
// use; 0 is reserved.
type Format uint16

// The registry of formats. Check, Fingerprint and Summary understand all of them;
// formats beyond are carried, named and compared as bytes.
const (
	FormatOpenPGP       Format = 1  // transferable public key, binary (RFC 9580, Section 10.1)
	FormatSSH           Format = 2  // public key blob (RFC 4253, Section 6.6)
	FormatAge           Format = 3  // recipient string, lower case (age-encryption.org/v1)
	FormatX509          Format = 4  // certificate, DER (RFC 5280)
	FormatJWK           Format = 5  // public JWK (RFC 7517), canonical as RFC 7638 has it
	FormatEd25519       Format = 6  // 32 bytes (RFC 8032)
	FormatX25519        Format = 7  // 32 bytes (RFC 7748)
	FormatP256          Format = 8  // 65 bytes, uncompressed point (SEC 1)
	FormatMLKEM768      Format = 9  // encapsulation key, 1,184 bytes (FIPS 203)
	FormatMLKEM1024     Format = 10 // encapsulation key, 1,568 bytes (FIPS 203)
	FormatSignal        Format = 11 // identity key: the octet 5, and 32 bytes of X25519
	FormatMLSSignature  Format = 12 // uint16 cipher suite, then a SignaturePublicKey's bytes (RFC 9420)
	FormatMLSKeyPackage Format = 13 // KeyPackage (RFC 9420, Section 10)

	FormatPrivateUse Format = 0xff00
)

var formatNames = [...]string{
	FormatOpenPGP:       "OpenPGP",
	FormatSSH:           "SSH",
	FormatAge:           "age",
	FormatX509:          "X.509",
	FormatJWK:           "JWK",
	FormatEd25519:       "Ed25519",
	FormatX25519:        "X25519",
	FormatP256:          "P-256",
	FormatMLKEM768:      "ML-KEM-768",
	FormatMLKEM1024:     "ML-KEM-1024",
	FormatSignal:        "Signal",
	FormatMLSSignature:  "MLS-signature",
	FormatMLSKeyPackage: "MLS-KeyPackage",
}

// String returns the format's name, or "format-N" for one it does not know.
func (f Format) String() string {
	if f.Known() {
		return formatNames[f]
	}
	return fmt.Sprintf("format-%d", uint16(f))
}

// Known reports whether f is in the registry as this package knows it.
func (f Format) Known() bool { return 0 < f && int(f) < len(formatNames) }
