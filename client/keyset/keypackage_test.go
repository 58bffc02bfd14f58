package keyset

import (
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
)

// A testPackage is a KeyPackage of suite 1 to be made, right or wrong.
type testPackage struct {
	version, suite      uint16
	initKey, encryption []byte
	credential          uint16
	credentials         []uint16 // of the capabilities
	known               []uint16 // extensions of the capabilities
	source              byte
	notBefore, notAfter uint64
	leafExtensions      []uint16
	extensions          []uint16
	signer              ed25519.PrivateKey
	leafLabel           string
}

func goodPackage(t testing.TB) *testPackage {
	return &testPackage{
		version: 1, suite: 1, credential: 1, source: 1, credentials: []uint16{1, 2},
		initKey: vectorKey(t, "x25519").Data, encryption: append([]byte{9}, make([]byte, 31)...),
		notBefore: 1e9, notAfter: 2e9, signer: ed25519.NewKeyFromSeed(count(0, 32)), leafLabel: "LeafNodeTBS",
	}
}

func uint16s(list []uint16) []byte {
	var b []byte
	for _, v := range list {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// emptyExtensions encodes extensions without data.
func emptyExtensions(types []uint16) []byte {
	var b []byte
	for _, t := range types {
		b = append(binary.BigEndian.AppendUint16(b, t), 0)
	}
	return mlstest.Vector(b)
}

func (p *testPackage) encode() Key {
	leaf := mlstest.Vector(p.encryption)
	leaf = append(leaf, mlstest.Vector(p.signer.Public().(ed25519.PublicKey))...)
	leaf = binary.BigEndian.AppendUint16(leaf, p.credential)
	if content := mlstest.Vector([]byte("alice")); p.credential == 2 { // a chain of certificates
		leaf = append(leaf, mlstest.Vector(content)...)
	} else {
		leaf = append(leaf, content...)
	}
	for _, list := range [][]uint16{{1}, {1}, p.known, nil, p.credentials} {
		leaf = append(leaf, mlstest.Vector(uint16s(list))...)
	}
	leaf = append(leaf, p.source)
	leaf = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(leaf, p.notBefore), p.notAfter)
	leaf = append(leaf, emptyExtensions(p.leafExtensions)...)
	leaf = append(leaf, mlstest.Vector(ed25519.Sign(p.signer, signContent(p.leafLabel, leaf)))...)
	b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, p.version), p.suite)
	b = mlstest.Cat(b, mlstest.Vector(p.initKey), leaf, emptyExtensions(p.extensions))
	b = append(b, mlstest.Vector(ed25519.Sign(p.signer, signContent("KeyPackageTBS", b)))...)
	return Key{Format: FormatMLSKeyPackage, Data: b}
}

// signContent is what a signature with a label is over (RFC 9420, Section 5.1.2).
func signContent(label string, content []byte) []byte {
	return mlstest.Cat(mlstest.Vector([]byte("MLS 1.0 "+label)), mlstest.Vector(content))
}

func TestKeyPackageCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*testPackage)
		want   error
	}{
		"good":                        {func(*testPackage) {}, nil},
		"X.509 credential":            {func(p *testPackage) { p.credential = 2 }, nil},
		"known extensions":            {func(p *testPackage) { p.leafExtensions, p.known = []uint16{1, 0xf00d}, []uint16{0xf00d} }, nil},
		"extensions of its own":       {func(p *testPackage) { p.extensions = []uint16{9, 8} }, nil},
		"unknown suite":               {func(p *testPackage) { p.suite = 0x3a3a }, nil},
		"another version":             {func(p *testPackage) { p.version = 2 }, errUnsupported},
		"unknown credential":          {func(p *testPackage) { p.credential = 9 }, errUnsupported},
		"credential not known to it":  {func(p *testPackage) { p.credentials = []uint16{2} }, errKey},
		"extension not known to it":   {func(p *testPackage) { p.leafExtensions = []uint16{0xf00d} }, errKey},
		"leaf extension twice":        {func(p *testPackage) { p.leafExtensions = []uint16{1, 1} }, errKey},
		"extension twice":             {func(p *testPackage) { p.extensions = []uint16{8, 9, 8} }, errKey},
		"one key twice":               {func(p *testPackage) { p.encryption = p.initKey }, errKey},
		"lifetime backwards":          {func(p *testPackage) { p.notBefore = p.notAfter + 1 }, errKey},
		"leaf of an update":           {func(p *testPackage) { p.source = 2 }, errKey},
		"keys of another suite":       {func(p *testPackage) { p.suite = 2 }, errKey},
		"init key of small order":     {func(p *testPackage) { p.initKey = make([]byte, 32) }, errKey},
		"encryption key short":        {func(p *testPackage) { p.encryption = p.encryption[:31] }, errKey},
		"leaf signed for another end": {func(p *testPackage) { p.leafLabel = "KeyPackageTBS" }, errKey},
	} {
		p := goodPackage(t)
		tt.change(p)
		if err := p.encode().Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeyPackageTampered flips a bit of every byte of KeyPackages: all of it is
// signed.
func TestKeyPackageTampered(t *testing.T) {
	for _, name := range []string{"mls-key-package-suite-1", "mls-key-package-suite-2", "mls-key-package-suite-4", "mls-key-package-suite-7"} {
		good := vectorKey(t, name)
		for at := range good.Data {
			bad := Key{Format: good.Format, Data: slices.Clone(good.Data)}
			bad.Data[at] ^= 1 << (at % 8)
			if _, known := mlsSuites[mls.CipherSuite(binary.BigEndian.Uint16(bad.Data[2:]))]; bad.Check() == nil && known {
				t.Errorf("%s, byte %d: accepted", name, at)
			}
		}
		for at := range good.Data {
			if err := (Key{Format: good.Format, Data: good.Data[:at]}).Check(); err == nil {
				t.Errorf("%s, cut at %d: accepted", name, at)
			}
		}
		if err := (Key{Format: good.Format, Data: append(slices.Clone(good.Data), 0)}).Check(); !errors.Is(err, errKey) {
			t.Errorf("%s, and one byte: %v", name, err)
		}
	}
}

func TestKeyPackageLifetime(t *testing.T) {
	for notAfter, want := range map[uint64]string{
		2e9:           "2033-05-18T03:33:20Z",
		1<<64 - 1:     "",
		1 << 63:       "",
		253402300799:  "", // 9999-12-31
		0:             "1970-01-01T00:00:00Z",
		1<<37 + 1<<36: "8502-11-25T22:36:48Z",
	} {
		p := goodPackage(t)
		p.notBefore, p.notAfter = 0, notAfter
		d := p.encode().Summary()
		got := ""
		if d.Expires != nil {
			got = d.Expires.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%d: %s, want %s", notAfter, got, want)
		}
		if _, err := json.Marshal(d); err != nil {
			t.Errorf("%d: %v", notAfter, err)
		}
	}
}
