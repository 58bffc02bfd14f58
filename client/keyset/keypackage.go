package keyset

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// A keyPackage is what is validated of a KeyPackage (RFC 9420, Section 10) and
// its leaf node.
type keyPackage struct {
	suite      uint16
	initKey    cryptobyte.String
	leaf       leafNode
	extensions []uint16 // their types
	tbs        []byte   // KeyPackageTBS
	signature  cryptobyte.String
}

// A leafNode is one of source key_package (RFC 9420, Section 7.2).
type leafNode struct {
	encryptionKey, signatureKey cryptobyte.String
	credential                  uint16
	// From its capabilities.
	knownExtensions, knownCredentials []uint16
	notBefore, notAfter               uint64 // seconds since 1970
	extensions                        []uint16
	tbs                               []byte // LeafNodeTBS
	signature                         cryptobyte.String
}

// Values of RFC 9420: ProtocolVersion, LeafNodeSource and CredentialType.
const (
	mls10            = 1
	sourceKeyPackage = 1
	credentialBasic  = 1
	credentialX509   = 2
)

// keyPackageRef is KeyPackageRef of RFC 9420, Section 5.2, in hexadecimal.
func keyPackageRef(data []byte) (string, error) {
	k, err := parseKeyPackage(data)
	if err != nil {
		return "", err
	}
	suite, ok := mlsSuites[k.suite]
	if !ok {
		return "", fmt.Errorf("%w: cipher suite %d", errUnsupported, k.suite)
	}
	h := suite.hash.New()
	h.Write(appendVector(appendVector(nil, []byte("MLS 1.0 KeyPackage Reference")), data))
	return hex.EncodeToString(h.Sum(nil)), nil
}

// inspectKeyPackage does what RFC 9420, Sections 7.3 and 10.1, asks of whoever
// uses a KeyPackage, as far as no group and no clock is needed.
func inspectKeyPackage(data []byte, b *budget) (facts, error) {
	k, err := parseKeyPackage(data)
	if err != nil {
		return facts{}, err
	}
	f := facts{words: []string{suiteName(k.suite)}}
	f.expires = time.Unix(int64(min(k.leaf.notAfter, forever)), 0)
	if err := k.checkLeaf(); err != nil {
		return f, err
	}
	suite, ok := mlsSuites[k.suite]
	if !ok {
		return f, nil
	}
	return f, k.verify(suite, b)
}

// checkLeaf checks what holds for every cipher suite.
func (k *keyPackage) checkLeaf() error {
	switch l := &k.leaf; {
	case l.notBefore > l.notAfter:
		return fmt.Errorf("%w: a lifetime that ends before it begins", errKey)
	// SPEC: Verify that the value of leaf_node.encryption_key is different
	// from the value of the init_key field.
	case bytes.Equal(k.initKey, l.encryptionKey):
		return fmt.Errorf("%w: the init key is the encryption key", errKey)
	case !slices.Contains(l.knownCredentials, l.credential):
		return fmt.Errorf("%w: its own type of credential is not among its capabilities", errKey)
	case repeats(k.extensions) || repeats(l.extensions):
		return fmt.Errorf("%w: an extension twice", errKey)
	}
	known := make(map[uint16]bool)
	for _, e := range k.leaf.knownExtensions {
		known[e] = true
	}
	for _, e := range k.leaf.extensions {
		// Types 1 to 5 are those that everybody knows (RFC 9420, Section 7.2).
		if e > 5 && !known[e] {
			return fmt.Errorf("%w: extension %d is not among its capabilities", errKey, e)
		}
	}
	return nil
}

func repeats(list []uint16) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) != len(list)
}

// verify checks the keys and both signatures.
func (k *keyPackage) verify(suite mlsSuite, b *budget) error {
	l := &k.leaf
	if err := suite.checkKEM(k.initKey); err != nil {
		return fmt.Errorf("init key: %w", err)
	}
	if err := suite.checkKEM(l.encryptionKey); err != nil {
		return fmt.Errorf("encryption key: %w", err)
	}
	if err := suite.checkSig(l.signatureKey); err != nil {
		return fmt.Errorf("signature key: %w", err)
	}
	if !b.spend(2 * suite.cost) {
		return nil
	}
	if !suite.verify(l.signatureKey, signContent("LeafNodeTBS", l.tbs), l.signature) {
		return fmt.Errorf("%w: the signature of the leaf node is false", errKey)
	}
	if !suite.verify(l.signatureKey, signContent("KeyPackageTBS", k.tbs), k.signature) {
		return fmt.Errorf("%w: the signature of the KeyPackage is false", errKey)
	}
	return nil
}

func parseKeyPackage(data []byte) (*keyPackage, error) {
	s := cryptobyte.String(data)
	var k keyPackage
	var version uint16
	if !s.ReadUint16(&version) || !s.ReadUint16(&k.suite) || !readVector(&s, &k.initKey) {
		return nil, fmt.Errorf("%w: KeyPackage truncated", errKey)
	}
	if version != mls10 {
		return nil, fmt.Errorf("%w: MLS version %d", errUnsupported, version)
	}
	if err := k.leaf.parse(&s); err != nil {
		return nil, err
	}
	ok := readExtensionTypes(&s, &k.extensions)
	k.tbs = data[:len(data)-len(s)]
	if !ok || !readVector(&s, &k.signature) || !s.Empty() {
		return nil, fmt.Errorf("%w: KeyPackage truncated, or followed by more", errKey)
	}
	return &k, nil
}

func (l *leafNode) parse(s *cryptobyte.String) error {
	begin := *s
	var source uint8
	if !readVector(s, &l.encryptionKey) || !readVector(s, &l.signatureKey) || !s.ReadUint16(&l.credential) {
		return fmt.Errorf("%w: leaf node truncated", errKey)
	}
	if l.credential != credentialBasic && l.credential != credentialX509 {
		return fmt.Errorf("%w: MLS credential of type %d", errUnsupported, l.credential)
	}
	var content cryptobyte.String // of the credential: an identity, or certificates
	if !readVector(s, &content) || !l.parseCapabilities(s) || !s.ReadUint8(&source) {
		return fmt.Errorf("%w: leaf node truncated", errKey)
	}
	if source != sourceKeyPackage {
		return fmt.Errorf("%w: a leaf node of source %d in a KeyPackage", errKey, source)
	}
	ok := s.ReadUint64(&l.notBefore) && s.ReadUint64(&l.notAfter) && readExtensionTypes(s, &l.extensions)
	l.tbs = begin[:len(begin)-len(*s)]
	if !ok || !readVector(s, &l.signature) {
		return fmt.Errorf("%w: leaf node truncated", errKey)
	}
	return nil
}

// parseCapabilities reads versions, cipher suites, extensions, proposals and
// credentials: five lists of uint16.
func (l *leafNode) parseCapabilities(s *cryptobyte.String) bool {
	var other []uint16
	for _, list := range []*[]uint16{&other, &other, &l.knownExtensions, &other, &l.knownCredentials} {
		if !readTypes(s, list) {
			return false
		}
	}
	return true
}

func readTypes(s *cryptobyte.String, out *[]uint16) bool {
	var list cryptobyte.String
	if !readVector(s, &list) {
		return false
	}
	*out = nil
	for !list.Empty() {
		var t uint16
		if !list.ReadUint16(&t) {
			return false
		}
		*out = append(*out, t)
	}
	return true
}

// readExtensionTypes reads extensions<V> and keeps their types.
func readExtensionTypes(s *cryptobyte.String, out *[]uint16) bool {
	var list, data cryptobyte.String
	if !readVector(s, &list) {
		return false
	}
	for !list.Empty() {
		var t uint16
		if !list.ReadUint16(&t) || !readVector(&list, &data) {
			return false
		}
		*out = append(*out, t)
	}
	return true
}
