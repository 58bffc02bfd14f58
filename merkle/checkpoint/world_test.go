package checkpoint

import (
	"crypto/ed25519"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr fails the test unless err is of the kind want and mentions text.
func wantErr(t testing.TB, err, want error, text string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Fatalf("error %v, want one that is %q and mentions %q", err, want, text)
	}
}

// wantInvalid fails the test unless err tells of a bad signature by a known key.
func wantInvalid(t testing.TB, err error, name string) {
	t.Helper()
	var invalid *note.InvalidSignatureError
	if !errors.As(err, &invalid) || invalid.Name != name {
		t.Fatalf("error %v, want that of a bad signature by %s", err, name)
	}
}

// seedOf is a key's seed, which is different for each name.
func seedOf(name string) []byte {
	h := sha256.Sum256([]byte("seed of " + name))
	return h[:]
}

// keyID is the one that C2SP signed-note recommends.
func keyID(name string, algorithm byte, public []byte) uint32 {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%c%s", name, algorithm, public)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// publicOf is the Ed25519 key of the seed.
func publicOf(name string) []byte {
	return ed25519.NewKeyFromSeed(seedOf(name)).Public().(ed25519.PublicKey)
}

func vkeyOf(name string, algorithm byte, public []byte) string {
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, algorithm, public), base64.StdEncoding.EncodeToString(append([]byte{algorithm}, public...)))
}

func newSigner(t testing.TB, origin string) *Signer {
	t.Helper()
	s, err := NewSigner(origin, seedOf(origin))
	fatalIfErr(t, err)
	return s
}

// line is a signature line of C2SP signed-note.
func line(name string, id uint32, sig []byte) string {
	return "— " + name + " " + base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, id), sig...)) + "\n"
}

// cosigner is a witness's key. It signs anything.
type cosigner struct {
	name string
	vkey string
	id   uint32
	sign func(text string, time uint64) []byte
}

// cosign returns the signature line for a text.
func (c *cosigner) cosign(text string, time uint64) string {
	return line(c.name, c.id, append(binary.BigEndian.AppendUint64(nil, time), c.sign(text, time)...))
}

// newCosigner returns a witness with an Ed25519 key, which signs what C2SP
// tlog-cosignature spells out.
func newCosigner(name string) *cosigner { return newCosignerOf(name, name) }

// newCosignerOf has the key of which the seed is that of another name.
func newCosignerOf(name, seed string) *cosigner {
	key, public := ed25519.NewKeyFromSeed(seedOf(seed)), publicOf(seed)
	return &cosigner{
		name: name,
		vkey: vkeyOf(name, 4, public),
		id:   keyID(name, 4, public),
		sign: func(text string, time uint64) []byte {
			return ed25519.Sign(key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", time, text))
		},
	}
}

//go:embed testdata/mldsa44.txt
var mldsaKeys string

// mldsaVKeys are the verifier keys in testdata.
func mldsaVKeys() (secret, public []string) {
	for s := range strings.Lines(mldsaKeys) {
		switch s = strings.TrimSuffix(s, "\n"); {
		case strings.HasPrefix(s, "#"):
		case strings.HasPrefix(s, "PRIVATE+KEY+"):
			secret = append(secret, s)
		default:
			public = append(public, s)
		}
	}
	return secret, public
}

// newMLDSACosigner returns the n-th witness in testdata, which has an ML-DSA-44
// key.
func newMLDSACosigner(t testing.TB, n int) *cosigner {
	t.Helper()
	secret, public := mldsaVKeys()
	s, err := f_note.NewMLDSASigner(secret[n])
	fatalIfErr(t, err)
	return &cosigner{
		name: s.Name(),
		vkey: public[n],
		id:   s.KeyHash(),
		sign: func(text string, time uint64) []byte {
			c, err := ParseText(text)
			fatalIfErr(t, err)
			sig, err := s.SignSubtree(time, c.Origin, 0, c.Size, c.Root[:])
			fatalIfErr(t, err)
			return sig[8:]
		},
	}
}

func mustParse(t testing.TB, policy string) *Policy {
	t.Helper()
	p, err := ParsePolicy([]byte(policy))
	fatalIfErr(t, err)
	return p
}

const testOrigin = "log.example/main"

// world is a log of some leaves, three witnesses, and the policy that two of them
// have to cosign.
type world struct {
	*Signer
	leaves    []merkle.Hash
	witnesses []*cosigner
	policy    *Policy
}

func newWorld(t testing.TB, size int) *world {
	t.Helper()
	w := &world{Signer: newSigner(t, testOrigin)}
	for i := range size {
		w.leaves = append(w.leaves, leafHash(entryOf(i)))
	}
	w.witnesses = []*cosigner{newCosigner("witness.example/a"), newCosigner("witness.example/b"), newMLDSACosigner(t, 0)}
	text := "log " + w.VerifierKey() + "\n"
	for i, c := range w.witnesses {
		text += fmt.Sprintf("witness w%d %s\n", i, c.vkey)
	}
	w.policy = mustParse(t, text+"group two 2 w0 w1 w2\nquorum two\n")
	return w
}

func entryOf(i int) []byte { return fmt.Appendf(nil, "entry %d", i) }

// head is the checkpoint of the first size leaves.
func (w *world) head(size int) Checkpoint {
	return Checkpoint{Origin: w.Origin(), Size: uint64(size), Root: rootOf(w.leaves[:size])}
}

// sign returns the checkpoint of the first size leaves with cosignatures by the
// given witnesses, at 1000 seconds and up.
func (w *world) sign(t testing.TB, size int, witnesses ...int) []byte {
	t.Helper()
	signed, err := w.Sign(w.head(size))
	fatalIfErr(t, err)
	for _, i := range witnesses {
		signed = append(signed, w.witnesses[i].cosign(w.head(size).Text(), uint64(1000+i))...)
	}
	return signed
}

// open opens what has to be good.
func (w *world) open(t testing.TB, signed []byte) *Signed {
	t.Helper()
	s, err := w.policy.Open(signed)
	fatalIfErr(t, err)
	return s
}

// What follows are the definitions of RFC 6962, Section 2.1, over leaf hashes.

func leafHash(entry []byte) merkle.Hash {
	return sha256.Sum256(append([]byte{0}, entry...))
}

func nodeHash(l, r merkle.Hash) merkle.Hash {
	return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
}

// split is the largest power of two smaller than n.
func split(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}

// rootOf is MTH.
func rootOf(d []merkle.Hash) merkle.Hash {
	switch len(d) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return d[0]
	}
	k := split(len(d))
	return nodeHash(rootOf(d[:k]), rootOf(d[k:]))
}

// pathOf is PATH.
func pathOf(m int, d []merkle.Hash) []merkle.Hash {
	if len(d) == 1 {
		return nil
	}
	k := split(len(d))
	if m < k {
		return append(pathOf(m, d[:k]), rootOf(d[k:]))
	}
	return append(pathOf(m-k, d[k:]), rootOf(d[:k]))
}

// consistencyOf is PROOF, of the first m leaves.
func consistencyOf(m int, d []merkle.Hash) []merkle.Hash { return subProof(m, d, true) }

func subProof(m int, d []merkle.Hash, whole bool) []merkle.Hash {
	if m == len(d) {
		if whole {
			return nil
		}
		return []merkle.Hash{rootOf(d)}
	}
	k := split(len(d))
	if m <= k {
		return append(subProof(m, d[:k], whole), rootOf(d[k:]))
	}
	return append(subProof(m-k, d[k:], false), rootOf(d[:k]))
}
