package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"filippo.io/mldsa"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// Types of signatures (C2SP signed-note).
const (
	typeEd25519 = 1
	typeCosign  = 4
	typeMLDSA44 = 6
)

// noteKey is the key of a log or witness. It signs anything.
type noteKey struct {
	name   string
	kind   byte
	public []byte
	sign   func(text string, time uint64) []byte
}

// newNoteKey returns a key of which the seed follows from a name.
func newNoteKey(name string, kind byte, seed string) *noteKey {
	if kind == typeMLDSA44 {
		return newMLDSAKey(name, seed)
	}
	key := ed25519.NewKeyFromSeed(sum("key of ", seed))
	k := &noteKey{name: name, kind: kind, public: key.Public().(ed25519.PublicKey)}
	k.sign = func(text string, time uint64) []byte {
		if kind == typeEd25519 {
			return ed25519.Sign(key, []byte(text))
		}
		sig := ed25519.Sign(key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", time, text))
		return append(binary.BigEndian.AppendUint64(nil, time), sig...)
	}
	return k
}

func newMLDSAKey(name, seed string) *noteKey {
	key := must(mldsa.NewPrivateKey(mldsa.MLDSA44(), sum("key of ", seed)))
	k := &noteKey{name: name, kind: typeMLDSA44, public: key.PublicKey().Bytes()}
	k.sign = func(text string, time uint64) []byte {
		c := must(checkpoint.ParseText(text))
		m := append([]byte("subtree/v1\n\x00"), byte(len(name)))
		m = binary.BigEndian.AppendUint64(append(m, name...), time)
		m = append(append(m, byte(len(c.Origin))), c.Origin...)
		m = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(m, 0), c.Size)
		m = append(m, c.Root[:]...)
		return append(binary.BigEndian.AppendUint64(nil, time), must(key.SignDeterministic(m, nil))...)
	}
	return k
}

// id is the key ID that C2SP signed-note recommends.
func (k *noteKey) id() uint32 {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%c%s", k.name, k.kind, k.public)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func (k *noteKey) vkey() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.id(), base64.StdEncoding.EncodeToString(append([]byte{k.kind}, k.public...)))
}

// line is a signature line for a text.
func (k *noteKey) line(text string, time uint64) string {
	return noteLine(k.name, k.id(), k.sign(text, time))
}

func noteLine(name string, id uint32, sig []byte) string {
	return "— " + name + " " + base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, id), sig...)) + "\n"
}

// publicLog is a log, three witnesses, and the policy that two have to cosign.
type publicLog struct {
	key       *noteKey
	witnesses []*noteKey
	policy    string
	leaves    [][]byte
	hashes    [][32]byte
}

const publicOrigin = "log.example/main"

func newPublicLog(kinds ...byte) *publicLog {
	l := &publicLog{key: newNoteKey(publicOrigin, typeEd25519, "log")}
	l.policy = "log " + l.key.vkey() + " https://log.example/main\n"
	for i, kind := range kinds {
		w := newNoteKey(fmt.Sprintf("witness.example/w%d", i), kind, fmt.Sprintf("witness %d", i))
		l.witnesses = append(l.witnesses, w)
		l.policy += fmt.Sprintf("witness w%d %s\n", i, w.vkey())
	}
	l.policy += "group two 2 w0 w1 w2\nquorum two\n"
	for i := range uint64(40) {
		// A LogEntry, as the leaves of the public log are.
		leaf := append(binary.BigEndian.AppendUint64(nil, 1_000_000+1000*i), sum("prefix tree", i)...)
		l.leaves = append(l.leaves, leaf)
		l.hashes = append(l.hashes, naive.RFC6962Leaf(leaf))
	}
	return l
}

// text is the checkpoint's text for the first size leaves.
func (l *publicLog) text(size int) string {
	c := checkpoint.Checkpoint{Origin: l.key.name, Size: uint64(size), Root: merkle.Hash(naive.RFC6962Root(l.hashes[:size]))}
	return c.Text()
}

// signed is the checkpoint with cosignatures by the given witnesses.
func (l *publicLog) signed(size int, witnesses ...int) string {
	return l.sign(l.text(size), witnesses...)
}

func (l *publicLog) sign(text string, witnesses ...int) string {
	out := text + "\n" + l.key.line(text, 0)
	for _, i := range witnesses {
		out += l.witnesses[i].line(text, signedAt(i))
	}
	return out
}

// signedAt is when a witness signs, in seconds.
func signedAt(witness int) uint64 { return 1_700_000_000 + uint64(witness) }

func hashes(in [][32]byte) []vectors.Hash {
	out := make([]vectors.Hash, 0, len(in))
	for _, h := range in {
		out = append(out, vectors.Hash(h))
	}
	return out
}
