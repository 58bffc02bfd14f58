package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// fork is another log of the same name and key, which has other entries from the
// n-th on.
func (w *world) fork(n int) *world {
	f := *w
	f.leaves = slices.Clone(w.leaves)
	for i := n; i < len(f.leaves); i++ {
		f.leaves[i] = leafHash(fmt.Appendf(nil, "fork %d", i))
	}
	return &f
}

// accuse returns what an honest client collects against two logs: the older
// checkpoint of one, and the newer one, root and proof of the other.
func accuse(t testing.TB, a *world, older int, b *world, newer int) *Inconsistency {
	t.Helper()
	return NewInconsistency(a.open(t, a.sign(t, older)), b.open(t, b.sign(t, newer)), rootOf(b.leaves[:older]), consistencyOf(older, b.leaves[:newer]))
}

// pairs calls f for each pair of sizes up to small, and for some larger ones
// around powers of two.
func pairs(small int, f func(older, newer int)) {
	for newer := 1; newer <= small; newer++ {
		for older := 1; older <= newer; older++ {
			f(older, newer)
		}
	}
	for _, newer := range []int{32, 33, 64, 70} {
		for _, older := range []int{1, 16, 31, 32, 33, 64, 70} {
			if older <= newer {
				f(older, newer)
			}
		}
	}
}

// TestInconsistencyForked verifies that each fork can be proven, from every pair of
// heads that contradict each other.
func TestInconsistencyForked(t *testing.T) {
	w := newWorld(t, 70)
	for _, at := range []int{0, 1, 5, 12, 31, 32, 69} {
		f := w.fork(at)
		pairs(10, func(older, newer int) {
			for i, logs := range [][2]*world{{w, f}, {f, w}} {
				evidence := accuse(t, logs[0], older, logs[1], newer)
				if older <= at {
					// The older one is a head of both.
					wantErr(t, evidence.Verify(w.policy), ErrNotProven, "the very root")
					continue
				}
				if err := evidence.Verify(w.policy); err != nil {
					t.Fatalf("%d: fork at %d, %d and %d: %v", i, at, older, newer, err)
				}
				data, err := json.Marshal(evidence)
				fatalIfErr(t, err)
				var again Inconsistency
				fatalIfErr(t, json.Unmarshal(data, &again))
				fatalIfErr(t, again.Verify(w.policy))
			}
		})
	}
}

// TestInconsistencyHonest tries to accuse an honest log, with whatever of it.
func TestInconsistencyHonest(t *testing.T) {
	w := newWorld(t, 70)
	rng := rand.New(rand.NewPCG(13, 14))
	signed := make([][]byte, 71)
	for size := range signed {
		signed[size] = w.sign(t, size)
	}
	pairs(8, func(older, newer int) {
		good := bytesOf(consistencyOf(older, w.leaves[:newer]))
		root := func(size int) []byte {
			h := rootOf(w.leaves[:size])
			return h[:]
		}
		random := make([]byte, 32)
		for i := range random {
			random[i] = byte(rng.Uint32())
		}
		try := func(name string, rootAtOlder []byte, hashes [][]byte) {
			t.Helper()
			i := &Inconsistency{Older: signed[older], Newer: signed[newer], RootAtOlder: rootAtOlder, Proof: hashes}
			if err := i.Verify(w.policy); !errors.Is(err, ErrNotProven) {
				t.Fatalf("%d and %d: %s: %v", older, newer, name, err)
			}
			if name != "the right root, the right proof" {
				return
			}
			i.Older, i.Newer = i.Newer, i.Older
			if err := i.Verify(w.policy); !errors.Is(err, ErrNotProven) {
				t.Fatalf("%d and %d, swapped: %s: %v", older, newer, name, err)
			}
		}
		roots := map[string][]byte{
			"the right root":  root(older),
			"the newer root":  root(newer),
			"the root before": root(older - 1),
			"the root after":  root(older%70 + 1),
			"a flipped root":  append([]byte{root(older)[0] ^ 1}, root(older)[1:]...),
			"a random root":   random,
			"zeros":           make([]byte, 32),
			"no root":         nil,
			"a root's begin":  root(older)[:31],
			"a longer root":   append(root(older), 0),
			"a longer one":    append(root(newer), 0),
			"the last leaf":   w.leaves[older-1][:],
		}
		proofs := map[string][][]byte{
			"the right proof": good,
			"no proof":        nil,
			"a hash more":     append(slices.Clone(good), random),
			"a hash before":   append([][]byte{random}, good...),
			"empty hashes":    make([][]byte, len(good)),
			"an empty one":    append(slices.Clone(good), nil),
			"the root":        {root(newer)},
			"both roots":      {root(older), root(newer)},
			"leaves":          bytesOf(w.leaves[:len(good)]),
			"an older proof":  bytesOf(consistencyOf(max(older-1, 1), w.leaves[:newer])),
			"the next proof":  bytesOf(consistencyOf(min(older+1, newer), w.leaves[:newer])),
			"another newer":   bytesOf(consistencyOf(older, w.leaves[:min(newer+1, 70)])),
			"an inclusion":    bytesOf(pathOf(older-1, w.leaves[:newer])),
			"one flipped":     nil,
			"in reverse":      slices.Clone(good),
			"shuffled":        slices.Clone(good),
			"rotated":         nil,
		}
		slices.Reverse(proofs["in reverse"])
		rng.Shuffle(len(good), func(i, j int) { s := proofs["shuffled"]; s[i], s[j] = s[j], s[i] })
		if len(good) > 0 {
			proofs["a hash less"] = good[1:]
			proofs["the last less"] = good[:len(good)-1]
			proofs["rotated"] = append(slices.Clone(good[1:]), good[0])
			proofs["the first doubled"] = append([][]byte{good[0]}, good...)
			at := rng.IntN(len(good))
			flipped := bytes.Clone(good[at])
			flipped[rng.IntN(32)] ^= 0x80
			proofs["one flipped"] = slices.Replace(slices.Clone(good), at, at+1, flipped)
			proofs["a short hash"] = slices.Replace(slices.Clone(good), at, at+1, good[at][:31])
			proofs["in one"] = [][]byte{slices.Concat(good...)}
		}
		for rootName, r := range roots {
			for proofName, p := range proofs {
				try(rootName+", "+proofName, r, p)
			}
		}
	})
}

func bytesOf(hashes []merkle.Hash) [][]byte {
	var out [][]byte
	for i := range hashes {
		out = append(out, hashes[i][:])
	}
	return out
}

// TestInconsistencyRecut moves bytes between the root and the first hash of a
// proof, or between two hashes, so that the same bytes are hashed to the newer
// root. That would accuse an honest log if hashes could have any length.
func TestInconsistencyRecut(t *testing.T) {
	w := newWorld(t, 70)
	forged := 0
	pairs(10, func(older, newer int) {
		if older&(older-1) != 0 || older == newer {
			return // the root is not a node of the newer tree
		}
		root := rootOf(w.leaves[:older])
		good := bytesOf(consistencyOf(older, w.leaves[:newer]))
		all := slices.Concat(root[:], good[0])
		newerRoot := rootOf(w.leaves[:newer])
		signedOlder, signedNewer := w.sign(t, older), w.sign(t, newer)
		for cut := range len(all) + 1 {
			if cut == 32 {
				continue
			}
			i := &Inconsistency{Older: signedOlder, Newer: signedNewer, RootAtOlder: all[:cut], Proof: append([][]byte{all[cut:]}, good[1:]...)}
			if proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(older), uint64(newer), i.Proof, i.RootAtOlder, newerRoot[:]) == nil {
				forged++
			}
			wantErr(t, i.Verify(w.policy), ErrNotProven, fmt.Sprintf("a hash has %d bytes", cut))
		}
	})
	if forged == 0 {
		t.Error("no attempt would have succeeded without the check")
	}
}

func TestInconsistencyRefused(t *testing.T) {
	w := newWorld(t, 12)
	f := w.fork(3)
	other := &world{Signer: newSigner(t, "log.example/other"), leaves: f.leaves}
	both := mustParse(t, "log "+w.VerifierKey()+"\nlog "+other.VerifierKey()+"\nquorum none")
	other.policy = both
	good := accuse(t, w, 5, f, 9)
	fatalIfErr(t, good.Verify(w.policy))
	fatalIfErr(t, good.Verify(both))
	for _, equal := range []int{4, 12} {
		fatalIfErr(t, accuse(t, w, equal, f, equal).Verify(both))
	}

	stranger, err := NewSigner(testOrigin, seedOf("stranger"))
	fatalIfErr(t, err)
	byStranger, err := stranger.Sign(f.head(9))
	fatalIfErr(t, err)
	badCosignature := append(bytes.Clone(good.Newer), line(w.witnesses[0].name, w.witnesses[0].id, make([]byte, 72))...)
	for name, test := range map[string]struct {
		change func(i *Inconsistency)
		kind   error
		want   string
	}{
		"two logs":             {func(i *Inconsistency) { i.Newer = other.sign(t, 9) }, ErrNotProven, "of two logs"},
		"two logs, older":      {func(i *Inconsistency) { i.Older = other.sign(t, 5) }, ErrNotProven, "of two logs"},
		"swapped":              {func(i *Inconsistency) { i.Older, i.Newer = i.Newer, i.Older }, ErrNotProven, "is not the older one"},
		"twice the older one":  {func(i *Inconsistency) { i.Newer = i.Older }, ErrNotProven, ""},
		"twice the newer one":  {func(i *Inconsistency) { i.Older = i.Newer }, ErrNotProven, ""},
		"an empty older one":   {func(i *Inconsistency) { i.Older = w.sign(t, 0) }, ErrNotProven, "is not the older one"},
		"an empty newer one":   {func(i *Inconsistency) { i.Newer = w.sign(t, 0) }, ErrNotProven, "is not the older one"},
		"another older one":    {func(i *Inconsistency) { i.Older = w.sign(t, 4) }, ErrNotProven, ""},
		"another newer one":    {func(i *Inconsistency) { i.Newer = f.sign(t, 10) }, ErrNotProven, ""},
		"the log that matches": {func(i *Inconsistency) { i.Newer = w.sign(t, 9) }, ErrNotProven, ""},
		"the older root":       {func(i *Inconsistency) { h := w.head(5).Root; i.RootAtOlder = h[:] }, ErrNotProven, "the very root"},
		"no root":              {func(i *Inconsistency) { i.RootAtOlder = nil }, ErrNotProven, "a hash has 0 bytes"},
		"a long root":          {func(i *Inconsistency) { i.RootAtOlder = append(i.RootAtOlder, 0) }, ErrNotProven, "a hash has 33 bytes"},
		"no proof":             {func(i *Inconsistency) { i.Proof = nil }, ErrNotProven, "empty proof"},
		"a proof of zeros":     {func(i *Inconsistency) { i.Proof = bytesOf(make([]merkle.Hash, len(i.Proof))) }, ErrNotProven, ""},
		"a huge proof":         {func(i *Inconsistency) { i.Proof = bytesOf(make([]merkle.Hash, 100_000)) }, ErrNotProven, "wrong proof size"},
		"no older one":         {func(i *Inconsistency) { i.Older = nil }, ErrMalformed, "the older checkpoint: "},
		"no newer one":         {func(i *Inconsistency) { i.Newer = nil }, ErrMalformed, "the newer checkpoint: "},
		"an older text":        {func(i *Inconsistency) { i.Older = []byte(w.head(5).Text()) }, ErrMalformed, "the older checkpoint: "},
		"a stranger's":         {func(i *Inconsistency) { i.Newer = byStranger }, ErrNotSigned, "the newer checkpoint: "},
		"only cosigned": {func(i *Inconsistency) {
			text := f.head(9).Text()
			i.Newer = []byte(text + "\n" + w.witnesses[0].cosign(text, 1) + w.witnesses[1].cosign(text, 1))
		}, ErrNotSigned, "the newer checkpoint: "},
	} {
		i := *good
		test.change(&i)
		err := i.Verify(both)
		if name == "only cosigned" {
			err = i.Verify(w.policy)
		}
		if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want one that is %q and mentions %q", name, err, test.kind, test.want)
		}
	}
	for at := range good.Newer {
		i := *good
		i.Newer = bytes.Clone(i.Newer)
		i.Newer[at] ^= 1
		if err := i.Verify(w.policy); err == nil && !sameSignatures(t, i.Newer, good.Newer) {
			t.Errorf("byte %d of the newer checkpoint is another", at)
		}
	}
	// A policy without the log.
	err = good.Verify(mustParse(t, "quorum none"))
	wantErr(t, err, ErrNotSigned, "the older checkpoint: ")
	// A cosignature that is bad, to those who know the witness, can be left out.
	i := *good
	i.Newer = badCosignature
	wantInvalid(t, i.Verify(w.policy), w.witnesses[0].name)
	fatalIfErr(t, i.Verify(both))
	// Signatures of others do not matter.
	n, err := note.Sign(&note.Note{Text: f.head(9).Text()}, other.Signer.key, f.Signer.key)
	fatalIfErr(t, err)
	i.Newer = n
	fatalIfErr(t, i.Verify(both))
	fatalIfErr(t, i.Verify(w.policy))
}

// TestInconsistencyEqual has two heads of the same size: the newer root and no
// proof are all it takes.
func TestInconsistencyEqual(t *testing.T) {
	w := newWorld(t, 33)
	f := w.fork(0)
	for size := 1; size <= 33; size++ {
		i := accuse(t, w, size, f, size)
		fatalIfErr(t, i.Verify(w.policy))
		if root := f.head(size).Root; len(i.Proof) != 0 || !bytes.Equal(i.RootAtOlder, root[:]) {
			t.Fatalf("%+v", i)
		}
		for _, p := range [][][]byte{{nil}, {make([]byte, 32)}, {i.RootAtOlder}, bytesOf(f.leaves[:2])} {
			bad := *i
			bad.Proof = p
			wantErr(t, bad.Verify(w.policy), ErrNotProven, "")
		}
		bad := *i
		bad.RootAtOlder = make([]byte, 32)
		wantErr(t, bad.Verify(w.policy), ErrNotProven, "")
	}
}

// TestInconsistencyJSON spells out the encoding.
func TestInconsistencyJSON(t *testing.T) {
	i := NewInconsistency(&Signed{Note: []byte("older")}, &Signed{Note: []byte("newer")}, merkle.Hash{1}, nil)
	const want = `{"older":"b2xkZXI=","newer":"bmV3ZXI=","root_at_older":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","proof":[]}`
	if got, err := json.Marshal(i); err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	hashes := []merkle.Hash{{1}, {2}}
	i = NewInconsistency(&Signed{}, &Signed{}, merkle.Hash{}, hashes)
	hashes[0], hashes[1] = merkle.Hash{3}, merkle.Hash{4}
	if i.Proof[0][0] != 1 || i.Proof[1][0] != 2 {
		t.Error("the evidence shares memory with the proof")
	}
}

// FuzzInconsistency tries to accuse an honest log.
func FuzzInconsistency(f *testing.F) {
	w := newWorld(f, 70)
	for _, p := range [][2]int{{4, 9}, {9, 9}, {32, 70}, {31, 64}} {
		f.Add(uint8(p[0]), uint8(p[1]), []byte(nil), bytes.Join(bytesOf(consistencyOf(p[0], w.leaves[:p[1]])), nil), uint8(32))
	}
	f.Fuzz(func(t *testing.T, older, newer uint8, root, hashes []byte, length uint8) {
		if older > 70 || newer > 70 || length == 0 {
			return
		}
		i := &Inconsistency{Older: w.sign(t, int(older)), Newer: w.sign(t, int(newer)), RootAtOlder: root}
		for p := range slices.Chunk(hashes, int(length)) {
			i.Proof = append(i.Proof, p)
		}
		if err := i.Verify(w.policy); !errors.Is(err, ErrNotProven) {
			t.Fatalf("%d and %d: %v", older, newer, err)
		}
	})
}
