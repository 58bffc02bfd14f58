package checkpoint

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// Types of signatures (C2SP signed-note, "Signature types").
const (
	algEd25519       = 0x01
	algEd25519Cosign = 0x04
	algMLDSA44Cosign = 0x06
)

// verifierKey is a parsed vkey.
type verifierKey struct {
	note.Verifier
	algorithm byte
	public    string // the public key's bytes
}

// parseVKey parses a verifier key, <name>+<key ID>+<base64 of type and key>, and
// checks that its key ID is the recommended one for its type.
func parseVKey(vkey string) (verifierKey, error) {
	_, rest, _ := strings.Cut(vkey, "+")
	id, key64, _ := strings.Cut(rest, "+")
	hash, err := strconv.ParseUint(id, 16, 32)
	key, err2 := base64.StdEncoding.DecodeString(key64)
	canonical := strings.ToLower(id) == id && base64.StdEncoding.EncodeToString(key) == key64
	if err != nil || err2 != nil || len(id) != 8 || len(key) == 0 || !canonical {
		return verifierKey{}, errors.New("not a verifier key: it should be NAME+KEYID+KEY")
	}
	k := verifierKey{algorithm: key[0], public: string(key[1:])}
	switch k.algorithm {
	case algEd25519:
		k.Verifier, err = note.NewVerifier(vkey)
	case algEd25519Cosign, algMLDSA44Cosign:
		k.Verifier, err = f_note.NewVerifierForCosignatureV1(vkey)
		// SPEC: opaque cosigner_name<1..2^8-1>
		if err == nil && k.algorithm == algMLDSA44Cosign && len(k.Name()) > 255 {
			err = errors.New("its name has more than 255 bytes")
		}
	default:
		err = fmt.Errorf("signature type %d is not supported", k.algorithm)
	}
	if err != nil {
		return verifierKey{}, fmt.Errorf("the verifier key: %w", err)
	}
	if k.KeyHash() != uint32(hash) {
		return verifierKey{}, errors.New("the verifier key's ID does not fit its name and key: a digit may be wrong")
	}
	return k, nil
}

// parseLogKey parses the key of a log, which signs checkpoints.
func parseLogKey(vkey string) (verifierKey, error) {
	k, err := parseVKey(vkey)
	if err == nil && k.algorithm != algEd25519 {
		err = fmt.Errorf("a log's key must be an Ed25519 key (signature type 1), this one has type %d", k.algorithm)
	}
	return k, err
}

// parseWitnessKey parses the key of a witness, which makes cosignatures.
func parseWitnessKey(vkey string) (verifierKey, error) {
	k, err := parseVKey(vkey)
	if err == nil && k.algorithm == algEd25519 {
		err = errors.New("a witness's key must be for cosignatures (signature type 4 or 6), this one is for plain signatures")
	}
	return k, err
}
