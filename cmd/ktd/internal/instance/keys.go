package instance

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
)

// keyRing has the secrets of a log.
type keyRing struct {
	signing    keytrans.SigningKey
	vrf        vrf.PrivateKey
	checkpoint []byte // seed of the Ed25519 key that signs checkpoints
}

// secretSize is the size in bytes of all secrets.
const secretSize = 32

// The kinds of key files.
const (
	kindSigning    = "signing-key"
	kindVRF        = "vrf-key"
	kindCheckpoint = "checkpoint-key"
)

// checkpointAlgorithm is what a checkpoint key is for, whatever the suite.
const checkpointAlgorithm = "Ed25519"

// formatKey returns the content of a key file: a line that names what it is,
// and the secret in hexadecimal.
//
//	ghostlight-vrf-key-v1 KT_128_SHA256_Ed25519 SECRET
//	9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
func formatKey(kind, algorithm string, secret []byte) []byte {
	return fmt.Appendf(nil, "%s\n%x\n", keyHeader(kind, algorithm), secret)
}

func keyHeader(kind, algorithm string) string {
	return fmt.Sprintf("ghostlight-%s-v1 %s SECRET", kind, algorithm)
}

// parseKey returns the secret of a key file. Errors contain nothing of it.
func parseKey(kind, algorithm string, data []byte) ([]byte, error) {
	header, rest, _ := strings.Cut(string(data), "\n")
	if want := keyHeader(kind, algorithm); header != want {
		if !strings.HasPrefix(header, "ghostlight-") || len(header) > 100 {
			header = "something else"
		}
		return nil, fmt.Errorf("the first line is not %q, but %q", want, header)
	}
	secret, err := hex.DecodeString(strings.TrimSuffix(rest, "\n"))
	if err != nil || len(secret) != secretSize {
		return nil, fmt.Errorf("the second line is not a secret of %d hexadecimal digits", 2*secretSize)
	}
	return secret, nil
}

func readKey(dir, file, kind, algorithm string) ([]byte, error) {
	path := filepath.Join(dir, file)
	data, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	secret, err := parseKey(kind, algorithm, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return secret, nil
}

// maxSecretFile bounds what is read of a file with a secret.
const maxSecretFile = 4096

// readSecret reads a small file that only its owner may access.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSecretFile {
		return nil, fmt.Errorf("%s is not a small regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, &PermissionError{Path: path, Mode: mode}
	}
	return os.ReadFile(path)
}

// PermissionError says that others than its owner can access a secret.
type PermissionError struct {
	Path string
	Mode os.FileMode
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("%s can be accessed by others (mode %04o)", e.Path, uint32(e.Mode))
}

// secrets are the secrets of a log, secretSize bytes each.
type secrets struct{ signing, vrf, checkpoint []byte }

// keyFile is a file with a secret.
type keyFile struct {
	file, kind, algorithm string
	secret                *[]byte
}

// files returns the files of the secrets.
func (s *secrets) files(suite Suite) []keyFile {
	name := keytrans.CipherSuite(suite).String()
	return []keyFile{
		{SigningKeyFile, kindSigning, name, &s.signing},
		{VRFKeyFile, kindVRF, name, &s.vrf},
		{CheckpointKeyFile, kindCheckpoint, checkpointAlgorithm, &s.checkpoint},
	}
}

// ErrNoCheckpointKey says that an instance was made by a ktd that did not publish
// the log.
var ErrNoCheckpointKey = errors.New("it has no " + CheckpointKeyFile + ": a ktd from before logs were public made it")

func readKeys(dir string, suite Suite) (*keyRing, error) {
	var s secrets
	for _, k := range s.files(suite) {
		var err error
		*k.secret, err = readKey(dir, k.file, k.kind, k.algorithm)
		if k.secret == &s.checkpoint && errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", dir, ErrNoCheckpointKey)
		}
		if err != nil {
			return nil, err
		}
	}
	return makeKeys(suite, s)
}

func makeKeys(suite Suite, s secrets) (*keyRing, error) {
	k := keyRing{checkpoint: s.checkpoint}
	var err1, err2 error
	k.signing, err1 = newSigningKey(suite, s.signing)
	switch keytrans.CipherSuite(suite) {
	case keytrans.KT_128_SHA256_Ed25519:
		k.vrf, err2 = vrf.NewEd25519PrivateKey(s.vrf)
	case keytrans.KT_128_SHA256_P256:
		k.vrf, err2 = vrf.NewP256PrivateKey(s.vrf)
	}
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &k, nil
}

// newSigningKey returns the key that signs with a secret.
func newSigningKey(suite Suite, secret []byte) (keytrans.SigningKey, error) {
	switch keytrans.CipherSuite(suite) {
	case keytrans.KT_128_SHA256_Ed25519:
		return keytrans.NewEd25519SigningKey(secret)
	case keytrans.KT_128_SHA256_P256:
		return keytrans.NewP256SigningKey(secret)
	}
	return nil, fmt.Errorf("suite: %v is not supported", suite)
}

// generateSecrets returns new secrets.
func generateSecrets(suite Suite) (s secrets, err error) {
	if s.signing, s.vrf, err = generateSuite(suite); err != nil {
		return secrets{}, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return secrets{}, err
	}
	s.checkpoint = key.Seed()
	return s, nil
}

// generateSuite returns new secrets for signing and for the VRF.
func generateSuite(suite Suite) (signing, secret []byte, err error) {
	if keytrans.CipherSuite(suite) == keytrans.KT_128_SHA256_P256 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		if signing, err = key.Bytes(); err != nil {
			return nil, nil, err
		}
		vrfKey, err := vrf.GenerateP256PrivateKey(rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		return signing, vrfKey.Bytes(), nil
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	vrfKey, err := vrf.GenerateEd25519PrivateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	return key.Seed(), vrfKey.Bytes(), nil
}
