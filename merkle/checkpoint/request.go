package checkpoint

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// MaxProofLines is how many hashes an AddCheckpoint has at most.
//
// SPEC: The client MUST NOT send more than 63 consistency proof lines.
const MaxProofLines = 63

// ParseAddCheckpoint is the inverse of AddCheckpoint.Marshal: whatever it accepts
// has this one encoding. It takes the note as it is. The error wraps ErrMalformed.
func ParseAddCheckpoint(body []byte) (*AddCheckpoint, error) {
	line, rest, ok := bytes.Cut(body, []byte("\n"))
	digits, isOld := strings.CutPrefix(string(line), "old ")
	old, err := strconv.ParseUint(digits, 10, 64)
	// SPEC: encoded as an ASCII decimal with no leading zeroes.
	if !ok || !isOld || err != nil || strconv.FormatUint(old, 10) != digits {
		return nil, fmt.Errorf("%w request: the first line is not 'old' and a size", ErrMalformed)
	}
	a := &AddCheckpoint{Old: old}
	for {
		if line, rest, ok = bytes.Cut(rest, []byte("\n")); !ok {
			return nil, fmt.Errorf("%w request: no empty line ends the proof", ErrMalformed)
		}
		if len(line) == 0 {
			a.Note = rest
			return a, nil
		}
		if len(a.Proof) == MaxProofLines {
			return nil, fmt.Errorf("%w request: the proof has more than %d lines", ErrMalformed, MaxProofLines)
		}
		h, err := base64.StdEncoding.DecodeString(string(line))
		if err != nil || len(h) != merkle.HashSize || base64.StdEncoding.EncodeToString(h) != string(line) {
			return nil, fmt.Errorf("%w request: line %d of the proof is not a hash in base64", ErrMalformed, len(a.Proof)+1)
		}
		a.Proof = append(a.Proof, merkle.Hash(h))
	}
}

// VerifyConsistency verifies that a proof leads from the older checkpoint's root
// to the newer one's, as RFC 6962 has it. The trees of no entries have to have the
// root of the empty tree, and the proof from them must be empty. The error says
// what is wrong; it is no evidence of anything, because anybody can make a wrong
// proof.
func VerifyConsistency(older, newer Checkpoint, hashes []merkle.Hash) error {
	if older.Size > newer.Size {
		return fmt.Errorf("there is no proof from %d entries to %d", older.Size, newer.Size)
	}
	hasher := rfc6962.DefaultHasher
	for _, c := range []Checkpoint{older, newer} {
		if c.Size == 0 && !bytes.Equal(c.Root[:], hasher.EmptyRoot()) {
			return fmt.Errorf("the root of no entries is not %v", c.Root)
		}
	}
	if older.Size == 0 && len(hashes) != 0 {
		return fmt.Errorf("the proof from no entries has %d hashes", len(hashes))
	}
	raw := make([][]byte, len(hashes))
	for i := range hashes {
		raw[i] = hashes[i][:]
	}
	if older.Size == 0 {
		return nil
	}
	return readable(proof.VerifyConsistency(hasher, older.Size, newer.Size, raw, older.Root[:], newer.Root[:]))
}
