package roster

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/mls"
	"golang.org/x/crypto/cryptobyte"
)

// identities tell which keys are one key, although their formats or
// fingerprints differ: a ghost must not pass for somebody new because it is
// written down in another way, nor a renewed certificate for a ghost. It maps
// a format and fingerprint to what identifies the key.
type identities map[string]string

// identify returns what identifies the key of a format and fingerprint, as far
// as its bytes were learned anywhere.
func (ids identities) identify(format, fingerprint string) string {
	name := format + " " + fingerprint
	if id, known := ids[name]; known {
		return id
	}
	return name
}

func (ids identities) of(d keyset.Description) string { return ids.identify(d.Format, d.Fingerprint) }

func (ids identities) device(d *Device) string {
	return ids.identify(d.Format.String(), d.Fingerprint)
}

// learn remembers what identifies a key.
func (ids identities) learn(k keyset.Key, fingerprint string) {
	if len(k.Data) == 0 {
		return
	}
	// The leaf of a KeyPackage that is not valid could name anybody's signature key.
	if k.Format != keyset.FormatMLSKeyPackage || k.Check() == nil {
		ids.put(k, fingerprint)
	}
}

// put remembers what identifies a key that is valid.
func (ids identities) put(k keyset.Key, fingerprint string) {
	if id := material(k); id != "" {
		ids[k.Format.String()+" "+fingerprint] = id
	}
}

// learnAll remembers the keys of a roster and of what was proven.
func (ids identities) learnAll(r *Roster, proven map[string]*History) {
	for i := range r.Members {
		for _, d := range r.Members[i].Devices {
			ids.learn(d.Key(), d.Fingerprint)
		}
	}
	for _, h := range proven {
		if h == nil {
			continue
		}
		for i := range h.Versions {
			ids.learnVersion(&h.Versions[i])
		}
	}
}

func (ids identities) learnVersion(v *Version) {
	for i, k := range v.Set.Keys {
		if i >= len(v.Keys) {
			return
		}
		// The summary has checked the key, in a time that is bounded for the set.
		if w := v.Keys[i].Weak; !slices.Contains(w, "malformed") && !slices.Contains(w, "unchecked") {
			ids.put(k, v.Keys[i].Fingerprint)
		}
	}
}

// material identifies a key by its public key itself, for the formats that can
// hold the same one: who has the private key to one has that to the other.
// Empty: the format and fingerprint identify it.
func material(k keyset.Key) string {
	data := k.Data
	switch k.Format {
	case keyset.FormatEd25519:
		return raw("ed25519", data, 32)
	case keyset.FormatX25519:
		return raw("x25519", data, 32)
	case keyset.FormatP256:
		return raw("p256", data, 65)
	case keyset.FormatSignal: // a type octet and an X25519 key
		if len(data) == 33 && data[0] == 5 {
			return raw("x25519", data[1:], 32)
		}
	case keyset.FormatSSH:
		return sshMaterial(data)
	case keyset.FormatJWK:
		return jwkMaterial(data)
	case keyset.FormatX509: // a renewed certificate has the same key
		if cert, err := x509.ParseCertificate(data); err == nil {
			sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
			return "x509 " + hex.EncodeToString(sum[:])
		}
	case keyset.FormatMLSSignature:
		if len(data) > 2 {
			return suiteMaterial(mls.CipherSuite(binary.BigEndian.Uint16(data)), data[2:])
		}
	case keyset.FormatMLSKeyPackage:
		return keyPackageMaterial(data)
	}
	return ""
}

func raw(kind string, data []byte, size int) string {
	if len(data) != size {
		return ""
	}
	return kind + " " + hex.EncodeToString(data)
}

// sshMaterial reads a blob of RFC 8709 or RFC 5656.
func sshMaterial(blob []byte) string {
	s := cryptobyte.String(blob)
	kind, curve, key := sshString(&s), []byte(nil), []byte(nil)
	switch string(kind) {
	case "ssh-ed25519":
		key = sshString(&s)
		if s.Empty() {
			return raw("ed25519", key, 32)
		}
	case "ecdsa-sha2-nistp256":
		curve, key = sshString(&s), sshString(&s)
		if s.Empty() && string(curve) == "nistp256" {
			return raw("p256", key, 65)
		}
	}
	return ""
}

func sshString(s *cryptobyte.String) []byte {
	var n uint32
	var out []byte
	if !s.ReadUint32(&n) || int64(n) > int64(len(*s)) || !s.ReadBytes(&out, int(n)) {
		return nil
	}
	return out
}

var (
	jwkOKP = regexp.MustCompile(`^\{"crv":"(Ed25519|X25519)","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\}$`)
	jwkEC  = regexp.MustCompile(`^\{"crv":"P-256","kty":"EC","x":"([A-Za-z0-9_-]{43})","y":"([A-Za-z0-9_-]{43})"\}$`)
)

func jwkMaterial(data []byte) string {
	if m := jwkOKP.FindSubmatch(data); m != nil {
		key, _ := base64.RawURLEncoding.DecodeString(string(m[2]))
		return raw(strings.ToLower(string(m[1])), key, 32)
	}
	if m := jwkEC.FindSubmatch(data); m != nil {
		x, _ := base64.RawURLEncoding.DecodeString(string(m[1]))
		y, _ := base64.RawURLEncoding.DecodeString(string(m[2]))
		return raw("p256", append(append([]byte{4}, x...), y...), 65)
	}
	return ""
}

// suiteMaterial identifies a signature key of MLS.
func suiteMaterial(suite mls.CipherSuite, key []byte) string {
	kind, size, known := suite.SignatureKey()
	if !known {
		return fmt.Sprintf("mls-%d %x", uint16(suite), key)
	}
	return raw(strings.ToLower(strings.ReplaceAll(kind, "-", "")), key, size)
}

// keyPackageMaterial identifies a KeyPackage (RFC 9420, Section 10) by the
// signature key of its leaf: KeyPackages come and go, the device stays.
func keyPackageMaterial(data []byte) string {
	k, err := mls.ParseKeyPackage(data)
	if err != nil {
		return ""
	}
	return suiteMaterial(k.CipherSuite, k.Leaf.SignatureKey)
}
