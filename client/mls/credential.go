package mls

// CredentialType is a value of the registry of RFC 9420, Section 17.5.
type CredentialType uint16

// The credential types of RFC 9420.
const (
	CredentialBasic CredentialType = 1
	CredentialX509  CredentialType = 2
)

// A Credential is what a leaf says of who it is (RFC 9420, Section 5.3). Nothing
// in it is verified by this package: a basic credential is a bare assertion, and
// anyone can issue a certificate to themselves. That the identity belongs to the
// signature key is what the directory says, or does not.
type Credential struct {
	Type         CredentialType
	Identity     []byte   // of a basic credential
	Certificates [][]byte // of an X.509 credential: DER, the end entity's first
	// Content is that of any other type. RFC 9420 does not say how a receiver
	// finds the end of a credential whose type it does not know; this package
	// takes it to be one opaque <V>, as both types of the RFC are.
	Content []byte
}

func readCredential(r *reader) Credential {
	c := Credential{Type: CredentialType(r.uint16("credential_type"))}
	switch c.Type {
	case CredentialBasic:
		c.Identity = r.vector("identity")
	case CredentialX509:
		list := r.sub("certificates")
		for len(list.rest) > 0 {
			if len(c.Certificates) == MaxCertificates {
				list.fail(errLimit, "certificates of a credential")
				break
			}
			c.Certificates = append(c.Certificates, list.vector("cert_data"))
		}
		r.done(list)
	default:
		c.Content = r.vector("credential of an unknown type")
	}
	return c
}
