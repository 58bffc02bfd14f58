package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/mldsa"
	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// Types of keys (C2SP signed-note, "Signature types").
const (
	algEd25519       = 0x01
	algEd25519Cosign = 0x04
	algMLDSA44Cosign = 0x06
)

// Key is the key of a witness: one key pair, or several, with each of which it makes
// a cosignature. It is safe for concurrent use.
//
// Its file has a line for each, in the format of signer keys of
// golang.org/x/mod/sumdb/note:
//
//	PRIVATE+KEY+NAME+KEYID+base64(type || secret)
//
// Type 4 is an Ed25519 key for cosignatures, of which the secret is the seed of 32
// bytes; type 1, which note.GenerateKey makes, is taken for the same. Type 6 is an
// ML-DSA-44 key, with a seed of 32 bytes too.
type Key struct{ cosigners []cosigner }

// cosigner makes cosignatures (C2SP tlog-cosignature).
type cosigner struct {
	note.Verifier
	vkey string
	// sign returns a timestamped_signature.
	sign func(at uint64, c checkpoint.Checkpoint, text string) ([]byte, error)
}

// CreateKey makes the key of a witness, an Ed25519 and an ML-DSA-44 key of the same
// name, in a new file that only its owner can read. It returns the verifier key of
// the first, which policies name; ReadKey tells the other one. The name should be a
// URL without its scheme, such as witness.example.org/w1. The error wraps os.ErrExist
// if there is a file.
func CreateKey(path, name string) (vkey string, err error) {
	if err := checkpoint.CheckOrigin(name); err != nil {
		return "", fmt.Errorf("the witness's name: %w", err)
	}
	public, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	plain, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return "", err
	}
	if vkey, err = f_note.VKeyToCosignatureV1(plain); err != nil {
		return "", err
	}
	first := "PRIVATE+KEY+" + name + "+" + keyID(vkey) + "+" + base64.StdEncoding.EncodeToString(append([]byte{algEd25519Cosign}, secret.Seed()...))
	second, _, err := f_note.GenerateMLDSAKey(name)
	if err != nil {
		return "", err
	}
	return vkey, durable.Create(path, []byte(first+"\n"+second+"\n"))
}

// ReadKey reads a key file, which only its owner may access. Errors contain nothing
// of the secrets.
func ReadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	const largest = 16 << 10
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 || info.Size() > largest {
		return nil, fmt.Errorf("%s is not a small file that only its owner can read; if no one else has read it: chmod 600 %s", path, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest))
	if err != nil {
		return nil, err
	}
	key, err := parseKey(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// parseKey parses a key file.
func parseKey(text string) (*Key, error) {
	k := new(Key)
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		c, err := parseSigner(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		for _, other := range k.cosigners {
			if other.Name() == c.Name() && other.KeyHash() == c.KeyHash() {
				return nil, fmt.Errorf("line %d: this key is there already", i+1)
			}
		}
		k.cosigners = append(k.cosigners, c)
	}
	return k, nil
}

var errSigner = errors.New("not a witness's key: it should be PRIVATE+KEY+NAME+KEYID+KEY")

func parseSigner(line string) (cosigner, error) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(line, "PRIVATE+KEY+"), "+")
	id, key64, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(key64)
	if !strings.HasPrefix(line, "PRIVATE+KEY+") || err != nil || len(key) != 33 || checkpoint.CheckOrigin(name) != nil {
		return cosigner{}, errSigner
	}
	var c cosigner
	switch key[0] {
	case algEd25519, algEd25519Cosign:
		c, err = ed25519Cosigner(name, key)
	case algMLDSA44Cosign:
		c, err = mldsaCosigner(name, key)
	default:
		err = fmt.Errorf("keys of type %d are not supported", key[0])
	}
	if err != nil {
		return cosigner{}, err
	}
	want := keyID(c.vkey)
	if key[0] == algEd25519 {
		want = ed25519KeyID(name, key)
	}
	if id != want {
		return cosigner{}, errors.New("the key's ID does not fit its name and key")
	}
	return c, nil
}

// ed25519KeyID returns the ID of a key for plain signatures.
func ed25519KeyID(name string, key []byte) string {
	vkey, err := note.NewEd25519VerifierKey(name, ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return ""
	}
	return keyID(vkey)
}

// keyID returns the key ID in a verifier key.
func keyID(vkey string) string {
	_, rest, _ := strings.Cut(vkey, "+")
	id, _, _ := strings.Cut(rest, "+")
	return id
}

func ed25519Cosigner(name string, key []byte) (cosigner, error) {
	secret := ed25519.NewKeyFromSeed(key[1:])
	plain, err := note.NewEd25519VerifierKey(name, secret.Public().(ed25519.PublicKey))
	if err != nil {
		return cosigner{}, err
	}
	vkey, err := f_note.VKeyToCosignatureV1(plain)
	if err != nil {
		return cosigner{}, err
	}
	verifier, err := f_note.NewVerifierForCosignatureV1(vkey)
	return cosigner{verifier, vkey, func(at uint64, _ checkpoint.Checkpoint, text string) ([]byte, error) {
		// SPEC: The signed message MUST be two newline terminated lines (one header
		// line and one timestamp line) followed by the whole note body.
		message := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
		return append(binary.BigEndian.AppendUint64(nil, at), ed25519.Sign(secret, message)...), nil
	}}, err
}

func mldsaCosigner(name string, key []byte) (cosigner, error) {
	secret, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), key[1:])
	if err != nil {
		return cosigner{}, err
	}
	line := "PRIVATE+KEY+" + name + "+00000000+" + base64.StdEncoding.EncodeToString(key)
	signer, err := f_note.NewMLDSASigner(line)
	if err != nil {
		return cosigner{}, errSigner
	}
	public := append([]byte{algMLDSA44Cosign}, secret.PublicKey().Bytes()...)
	vkey := fmt.Sprintf("%s+%08x+%s", name, signer.KeyHash(), base64.StdEncoding.EncodeToString(public))
	verifier, err := f_note.NewVerifierForCosignatureV1(vkey)
	return cosigner{verifier, vkey, func(at uint64, c checkpoint.Checkpoint, _ string) ([]byte, error) {
		// SPEC: start MUST be zero and end MUST be the checkpoint size.
		return signer.SignSubtree(at, c.Origin, 0, c.Size, c.Root[:])
	}}, err
}

// VerifierKeys returns the public keys, vkeys of C2SP signed-note, in the order of
// the file.
func (k *Key) VerifierKeys() []string {
	var out []string
	for i := range k.cosigners {
		out = append(out, k.cosigners[i].vkey)
	}
	return out
}

// verifiers returns what verifies the cosignatures.
func (k *Key) verifiers() []note.Verifier {
	var out []note.Verifier
	for i := range k.cosigners {
		out = append(out, k.cosigners[i].Verifier)
	}
	return out
}

// signers returns what makes the cosignatures on a checkpoint, of the second at.
// Requires at > 0.
func (k *Key) signers(at int64, c checkpoint.Checkpoint) []note.Signer {
	var out []note.Signer
	for i := range k.cosigners {
		out = append(out, timedSigner{&k.cosigners[i], uint64(at), c})
	}
	return out
}

// timedSigner implements note.Signer.
type timedSigner struct {
	*cosigner
	at uint64
	c  checkpoint.Checkpoint
}

// Sign implements note.Signer.
func (s timedSigner) Sign(text []byte) ([]byte, error) { return s.sign(s.at, s.c, string(text)) }
