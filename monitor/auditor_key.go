package monitor

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// auditorKeyName is the file with the auditor's key in its folder: a line that says
// what it is, and the secret in hexadecimal.
//
//	ghostlight-auditor-key-v1 KT_128_SHA256_Ed25519 SECRET
//	9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
const auditorKeyName = "auditor.key"

const (
	auditorKeyPrefix = "ghostlight-auditor-key-v1 "
	auditorKeySuffix = " SECRET"
	auditorKeySize   = 32 // of the secret, in bytes
)

// CreateAuditorKey makes the key of an auditor in a folder, which it makes if there
// is none, and returns the public key. It replaces no key.
func CreateAuditorKey(dir string, suite keytrans.CipherSuite) ([]byte, error) {
	secret, err := newAuditorSecret(suite)
	if err != nil {
		return nil, classify("making the auditor's key", err)
	}
	key, err := auditorSigningKey(suite, secret)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		data := fmt.Appendf(nil, "%s%v%s\n%x\n", auditorKeyPrefix, suite, auditorKeySuffix, secret)
		err = durable.Create(filepath.Join(dir, auditorKeyName), data)
	}
	if errors.Is(err, os.ErrExist) {
		return nil, usage("an auditor keeps its key; make another one in another folder", "%s has a key already", dir)
	} else if err != nil {
		return nil, classify("making the auditor's key", err)
	}
	return key.Public(), nil
}

func newAuditorSecret(suite keytrans.CipherSuite) ([]byte, error) {
	switch suite {
	case keytrans.KT_128_SHA256_Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return key.Seed(), nil
	case keytrans.KT_128_SHA256_P256:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		return key.Bytes()
	}
	return nil, fmt.Errorf("%v is not supported", suite)
}

func auditorSigningKey(suite keytrans.CipherSuite, secret []byte) (keytrans.SigningKey, error) {
	if suite == keytrans.KT_128_SHA256_P256 {
		return keytrans.NewP256SigningKey(secret)
	}
	return keytrans.NewEd25519SigningKey(secret)
}

// readAuditorKey reads the key in a folder, which only its owner may access.
func readAuditorKey(dir string) (keytrans.SigningKey, keytrans.CipherSuite, error) {
	path := filepath.Join(dir, auditorKeyName)
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, usage("make a key first: ktmon keygen "+dir, "%s has no %s", dir, auditorKeyName)
	} else if err != nil {
		return nil, 0, err
	}
	const largest = 4096
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 || info.Size() > largest {
		return nil, 0, usage("if no one else has read it: chmod 600 "+path, "%s is not a small file that only its owner can read", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest))
	if err != nil {
		return nil, 0, err
	}
	key, suite, err := parseAuditorKey(string(data))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return key, suite, nil
}

// parseAuditorKey parses a key file. Errors contain nothing of the secret.
func parseAuditorKey(data string) (keytrans.SigningKey, keytrans.CipherSuite, error) {
	header, rest, _ := strings.Cut(data, "\n")
	secret, err := hex.DecodeString(strings.TrimSuffix(rest, "\n"))
	if err != nil || len(secret) != auditorKeySize {
		return nil, 0, fmt.Errorf("the second line is not a secret of %d hexadecimal digits", 2*auditorKeySize)
	}
	for _, suite := range []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256} {
		if header == fmt.Sprint(auditorKeyPrefix, suite, auditorKeySuffix) {
			key, err := auditorSigningKey(suite, secret)
			return key, suite, err
		}
	}
	return nil, 0, errors.New("the first line is not that of an auditor's key")
}
