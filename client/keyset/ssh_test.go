package keyset

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"math/big"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestSSHFingerprint(t *testing.T) {
	for _, priv := range []any{ed25519.NewKeyFromSeed(make([]byte, 32)), testRSA(t)} {
		signer, err := ssh.NewSignerFromKey(priv)
		fatalIfErr(t, err)
		k := Key{Format: FormatSSH, Data: signer.PublicKey().Marshal(), Name: "laptop"}
		fatalIfErr(t, k.Check())
		if want := ssh.FingerprintSHA256(signer.PublicKey()); k.Fingerprint() != want {
			t.Errorf("fingerprint %s, want %s", k.Fingerprint(), want)
		}
		want := "SSH " + signer.PublicKey().Type() + " " + k.Fingerprint() + ` "laptop"`
		if k.Describe() != want {
			t.Errorf("described as %q, want %q", k.Describe(), want)
		}
	}
	for _, bad := range []string{"", "\x00", "\x00\x00\x00\x00x", "\x00\x00\x00\x03a\nb!", "\x00\x00\x00\x03abc", "\xff\xff\xff\xffabc"} {
		if err := (Key{Format: FormatSSH, Data: []byte(bad)}).Check(); !errors.Is(err, errKey) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func testRSA(t *testing.T) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(nil, 2048)
	fatalIfErr(t, err)
	return k
}

// sshBlob is a key blob of strings and numbers.
func sshBlob(fields ...any) []byte {
	var b []byte
	for _, f := range fields {
		var data []byte
		switch v := f.(type) {
		case string:
			data = []byte(v)
		case []byte:
			data = v
		case int:
			data = []byte{byte(v)}
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(data))), data...)
	}
	return b
}

func TestSSHCheck(t *testing.T) {
	point := vectorKey(t, "ed25519").Data
	dsa := func(p, q uint) []byte {
		one := big.NewInt(1)
		number := func(bits uint) *big.Int { return new(big.Int).Add(new(big.Int).Lsh(one, bits-1), one) }
		return ssh.Marshal(struct {
			Name       string
			P, Q, G, Y *big.Int
		}{"ssh-dss", number(p), number(q), big.NewInt(2), big.NewInt(3)})
	}
	even := append([]byte{0}, vectorKey(t, "ssh-rsa-2048").Data[len(vectorKey(t, "ssh-rsa-2048").Data)-256:]...)
	even[256] &^= 1
	large := append([]byte{0x7f}, make([]byte, 2048)...)
	large[2048] = 1
	for name, tt := range map[string]struct {
		blob []byte
		want error
	}{
		"of an unknown type":   {sshBlob("ssh-from-the-future", "key"), nil},
		"security key":         {sshBlob("sk-ssh-ed25519@openssh.com", point, "ssh:"), nil},
		"certificate":          {sshBlob("ssh-ed25519-cert-v01@openssh.com", "nonce", point), errKey},
		"small order":          {sshBlob("ssh-ed25519", append([]byte{1}, make([]byte, 31)...)), errKey},
		"short key":            {sshBlob("ssh-ed25519", point[:31]), errKey},
		"more behind":          {append(sshBlob("ssh-ed25519", point), 0), errKey},
		"curve of another":     {sshBlob("ecdsa-sha2-nistp256", "nistp384", vectorKey(t, "p256").Data), errKey},
		"point off the curve":  {sshBlob("ecdsa-sha2-nistp256", "nistp256", append([]byte{4}, make([]byte, 64)...)), errKey},
		"signature algorithm":  {sshBlob("rsa-sha2-256", 3, even), errKey},
		"even modulus":         {sshBlob("ssh-rsa", 3, even), errKey},
		"even exponent":        {sshBlob("ssh-rsa", 4, even), errKey},
		"16,383 and more bits": {sshBlob("ssh-rsa", 3, large), errKey},
		"exponent not minimal": {sshBlob("ssh-rsa", []byte{0, 3}, vectorKey(t, "ssh-rsa-2048").Data[22:]), errKey},
		"DSA":                  {dsa(1024, 160), nil},
		"DSA, huge":            {dsa(8192, 160), errKey},
		"DSA, long exponent":   {dsa(3072, 2048), errKey},
		"DSA, truncated":       {dsa(1024, 160)[:100], errKey},
		"private key file":     {[]byte("openssh-key-v1\x00\x00\x00"), ErrPrivateKey},
		"private key in PEM":   {[]byte("-----BEGIN OPENSSH PRIVATE KEY-----\n"), ErrPrivateKey},
	} {
		k := Key{Format: FormatSSH, Data: tt.blob}
		if err := k.Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
