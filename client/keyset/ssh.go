package keyset

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/ssh"
)

// sshDSA is the name of a key type that the SSH library has dropped.
const sshDSA = "ssh-dss"

// sshParsed are the key types that the SSH library parses, and names that it
// knows to be none. Others are carried.
var sshParsed = []string{
	ssh.KeyAlgoRSA, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoED25519, ssh.KeyAlgoSKECDSA256, ssh.KeyAlgoSKED25519,
	ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512,
}

func sshFingerprint(blob []byte) (string, error) {
	if _, err := sshType(blob); err != nil {
		return "", err
	}
	sum := sha256.Sum256(blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]), nil
}

func inspectSSH(blob []byte, _ *budget) (facts, error) {
	name, err := sshType(blob)
	if err != nil {
		return facts{}, err
	}
	f := facts{words: []string{name}}
	switch {
	case strings.Contains(name, "-cert-v"):
		return f, fmt.Errorf("%w: an SSH certificate, not a key", errKey)
	case name == sshDSA:
		f.weak = []string{"dsa"}
		return f, checkSSHDSA(blob)
	case !slices.Contains(sshParsed, name):
		return f, nil
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return f, fmt.Errorf("%w: %w", errKey, err)
	}
	if !bytes.Equal(key.Marshal(), blob) {
		return f, fmt.Errorf("%w: not the one encoding of this SSH key", errKey)
	}
	switch k := key.(ssh.CryptoPublicKey).CryptoPublicKey().(type) {
	case *rsa.PublicKey:
		f.weak, err = judgeRSA(k)
	case ed25519.PublicKey:
		err = checkEd25519(k)
	}
	return f, err
}

// sshType returns the algorithm name at the start of a public key blob.
func sshType(blob []byte) (string, error) {
	s := cryptobyte.String(blob)
	var n uint32
	var name []byte
	if !s.ReadUint32(&n) || n == 0 || n > 64 || !s.ReadBytes(&name, int(n)) || s.Empty() {
		return "", fmt.Errorf("%w: not an SSH public key blob", errKey)
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return "", fmt.Errorf("%w: SSH algorithm name is not printable ASCII", errKey)
		}
	}
	return string(name), nil
}

// checkSSHDSA checks the shape of an ssh-dss key (RFC 4253, Section 6.6): four
// positive numbers in their shortest encoding, of sizes that exist. The SSH
// library does not know such keys any more.
func checkSSHDSA(blob []byte) error {
	var w struct {
		Name       string
		P, Q, G, Y *big.Int
	}
	if err := ssh.Unmarshal(blob, &w); err != nil || !bytes.Equal(ssh.Marshal(&w), blob) {
		return fmt.Errorf("%w: not an ssh-dss key", errKey)
	}
	return checkDSA(w.P, w.Q, w.G, w.Y)
}

// checkDSA checks the ranges of a DSA key, not that its numbers are prime.
func checkDSA(p, q, g, y *big.Int) error {
	one := big.NewInt(1)
	switch {
	case p.BitLen() < 512 || p.BitLen() > 4096 || q.BitLen() < 160 || q.BitLen() > 512 || q.Cmp(p) >= 0:
		return fmt.Errorf("%w: DSA numbers of %d and %d bits", errKey, p.BitLen(), q.BitLen())
	case p.Bit(0) == 0 || q.Bit(0) == 0 || g.Cmp(one) <= 0 || g.Cmp(p) >= 0 || y.Cmp(one) <= 0 || y.Cmp(p) >= 0:
		return fmt.Errorf("%w: DSA numbers out of range", errKey)
	}
	return nil
}
