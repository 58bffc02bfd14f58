package keyset

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/cloudflare/circl/kem/mlkem/mlkem1024"
	"github.com/cloudflare/circl/kem/mlkem/mlkem768"
)

func TestRawKeys(t *testing.T) {
	for _, f := range []Format{FormatEd25519, FormatX25519} {
		k := Key{Format: f, Data: count(0, 32)}
		fatalIfErr(t, k.Check())
		if k.Fingerprint() != "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd" {
			t.Errorf("fingerprint %s", k.Fingerprint())
		}
		k.Data = k.Data[:31]
		if err := k.Check(); !errors.Is(err, errKey) {
			t.Errorf("31 bytes: %v", err)
		}
	}
	k := Key{Format: 999, Data: count(0, 32)}
	fatalIfErr(t, k.Check())
	if d := k.Describe(); !strings.HasPrefix(d, "format-999 630dcd29") {
		t.Errorf("described as %q", d)
	}
}

// lowOrder25519 are the points of small order in their canonical encodings, as
// coordinates of X25519: 0, 1, p-1, and the two of order 8.
var lowOrder25519 = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
}

// lowOrderEd25519 are the eight points of small order of Ed25519.
var lowOrderEd25519 = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}

func TestRawCheck(t *testing.T) {
	type bad struct {
		format Format
		hex    string
	}
	refused := map[string]bad{
		"Ed25519, not reduced":       {FormatEd25519, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		"Ed25519, not on the curve":  {FormatEd25519, "0200000000000000000000000000000000000000000000000000000000000000"},
		"Ed25519, minus zero":        {FormatEd25519, "0100000000000000000000000000000000000000000000000000000000000080"},
		"X25519, p":                  {FormatX25519, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		"X25519, p+9":                {FormatX25519, "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		"X25519, highest bit":        {FormatX25519, "09000000000000000000000000000000000000000000000000000000000000" + "0080"},
		"X25519, 33 bytes":           {FormatX25519, strings.Repeat("09", 33)},
		"P-256, compressed":          {FormatP256, "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"},
		"P-256, infinity":            {FormatP256, "00"},
		"P-256, off the curve":       {FormatP256, "04" + strings.Repeat("01", 64)},
		"P-256, hybrid form":         {FormatP256, "06" + strings.Repeat("01", 64)},
		"ML-KEM-768, not reduced":    {FormatMLKEM768, "010d" + strings.Repeat("00", 1182)},
		"ML-KEM-768, short":          {FormatMLKEM768, strings.Repeat("00", 1183)},
		"ML-KEM-768 of another size": {FormatMLKEM768, strings.Repeat("00", 1568)},
		"ML-KEM-1024, not reduced":   {FormatMLKEM1024, strings.Repeat("ff", 1568)},
		"ML-KEM-1024, long":          {FormatMLKEM1024, strings.Repeat("00", 1569)},
		"Signal, other type":         {FormatSignal, "06" + strings.Repeat("09", 32)},
		"Signal, no type":            {FormatSignal, strings.Repeat("09", 32)},
		"Signal, not reduced":        {FormatSignal, "05" + strings.Repeat("ff", 32)},
		"MLS, nothing":               {FormatMLSSignature, "0001"},
		"MLS, other curve's":         {FormatMLSSignature, "0002" + strings.Repeat("09", 32)},
		"MLS, X448 as Ed448":         {FormatMLSSignature, "0004" + strings.Repeat("09", 56)},
		"MLS, Ed448 off the curve":   {FormatMLSSignature, "0006" + strings.Repeat("03", 57)},
		"MLS, Ed448 identity":        {FormatMLSSignature, "000401" + strings.Repeat("00", 56)},
		"MLS, P-384 off the curve":   {FormatMLSSignature, "000704" + strings.Repeat("01", 96)},
		"MLS, P-521 off the curve":   {FormatMLSSignature, "000504" + strings.Repeat("01", 132)},
	}
	for _, p := range lowOrder25519 {
		refused["X25519, small order "+p] = bad{FormatX25519, p}
		refused["Signal, small order "+p] = bad{FormatSignal, "05" + p}
	}
	for _, p := range lowOrderEd25519 {
		refused["Ed25519, small order "+p] = bad{FormatEd25519, p}
		refused["MLS, small order "+p] = bad{FormatMLSSignature, "0003" + p}
	}
	for name, b := range refused {
		k := Key{Format: b.format, Data: unhex(t, b.hex)}
		if err := k.Check(); !errors.Is(err, errKey) {
			t.Errorf("%s: %v", name, err)
		}
		if weak := strings.Join(k.Summary().Weak, " "); weak != "malformed" {
			t.Errorf("%s: weak %q", name, weak)
		}
	}
	for name, k := range map[string]Key{
		"MLS, unknown suite": {Format: FormatMLSSignature, Data: []byte{0xf0, 0, 1}},
		"largest coordinate": {Format: FormatX25519, Data: unhex(t, "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
	} {
		if err := k.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMLKEMTwin has another implementation make the keys of the vectors.
func TestMLKEMTwin(t *testing.T) {
	seed := count(0, 64)
	key768, _ := mlkem768.NewKeyFromSeed(seed)
	var b768 [mlkem768.PublicKeySize]byte
	key768.Pack(b768[:])
	key1024, _ := mlkem1024.NewKeyFromSeed(seed)
	var b1024 [mlkem1024.PublicKeySize]byte
	key1024.Pack(b1024[:])
	if !bytes.Equal(b768[:], vectorKey(t, "ml-kem-768").Data) || !bytes.Equal(b1024[:], vectorKey(t, "ml-kem-1024").Data) {
		t.Error("another key from the same seed")
	}
}

func TestPrivateKeys(t *testing.T) {
	private := ed25519.NewKeyFromSeed(count(1, 32))
	for name, k := range map[string]Key{
		"Ed25519":        {Format: FormatEd25519, Data: private},
		"unknown format": {Format: 999, Data: []byte("-----BEGIN PRIVATE KEY-----")},
		"OpenPGP armor":  {Format: FormatOpenPGP, Data: []byte("-----BEGIN PGP PRIVATE KEY BLOCK-----")},
		"PuTTY":          {Format: FormatSSH, Data: []byte("PuTTY-User-Key-File-3: ssh-ed25519")},
		"age":            {Format: FormatAge, Data: []byte("AGE-SECRET-KEY-1QQQ")},
		"age, a file":    {Format: FormatX25519, Data: []byte("# created: today\n# public key: age1qqq\nAGE-SECRET-KEY-1QQQ")},
		"JWK":            {Format: FormatJWK, Data: []byte(`{"kty":"OKP","crv":"Ed25519","x":"","d" : ""}`)},
		"JWK, symmetric": {Format: FormatJWK, Data: []byte(`{"k":"AAAA","kty":"oct"}`)},
	} {
		if err := k.Check(); !errors.Is(err, ErrPrivateKey) {
			t.Errorf("%s: %v", name, err)
		}
		if weak := k.Summary().Weak; len(weak) != 1 || weak[0] != "private-key" {
			t.Errorf("%s: weak %q", name, weak)
		}
	}
	private[63] ^= 1
	if err := (Key{Format: FormatEd25519, Data: private}).Check(); !errors.Is(err, errKey) || errors.Is(err, ErrPrivateKey) {
		t.Errorf("64 bytes that are no private key: %v", err)
	}
}

// TestCheckPurposes has a malformed attribute be reported, for any format.
func TestCheckPurposes(t *testing.T) {
	for _, f := range []Format{FormatX25519, 999} {
		k := Key{Format: f, Data: vectorKey(t, "x25519").Data, Attributes: []Extension{PurposeAttribute(PurposeEncryption)}}
		fatalIfErr(t, k.Check())
		k.Attributes[0].Data = []byte{2, 1}
		if err := k.Check(); !errors.Is(err, errKey) {
			t.Errorf("%v: %v", f, err)
		}
	}
}
