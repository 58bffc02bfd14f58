package vrf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	fatalIfErr(t, err)
	return b
}

// checkRejected checks that Verify fails, with the given error unless it is
// nil, and returns nothing usable.
func checkRejected(t testing.TB, public PublicKey, alpha, proof []byte, want error) {
	t.Helper()
	output, err := public.Verify(alpha, proof)
	if err == nil {
		t.Fatalf("Verify accepted the proof %x", proof)
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("Verify: got error %q, want %q", err, want)
	}
	if output != (Output{}) {
		t.Errorf("Verify returned %x along with an error", output)
	}
}

// suite is what the tests that both suites share need to know.
type suite struct {
	name       string
	pointSize  int
	proofSize  int
	bigEndian  bool
	order      *big.Int
	newPrivate func([]byte) (PrivateKey, error)
	generate   func(io.Reader) (PrivateKey, error)
	parse      func([]byte) (PublicKey, error)
}

func bigHex(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic(s)
	}
	return n
}

var suites = []*suite{{
	name: "Ed25519", pointSize: 32, proofSize: Ed25519ProofSize,
	order:      bigHex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"),
	newPrivate: NewEd25519PrivateKey, generate: GenerateEd25519PrivateKey, parse: ParseEd25519PublicKey,
}, {
	name: "P256", pointSize: 33, proofSize: P256ProofSize, bigEndian: true,
	order:      bigHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
	newPrivate: NewP256PrivateKey, generate: GenerateP256PrivateKey, parse: ParseP256PublicKey,
}}

func forSuites(t *testing.T, f func(*testing.T, *suite)) {
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) { f(t, s) })
	}
}

// keys returns a pair made from a seed, the same in every run.
func (s *suite) keys(t testing.TB, seed byte) (PrivateKey, PublicKey) {
	t.Helper()
	private, err := s.generate(rand.NewChaCha8([32]byte{seed}))
	fatalIfErr(t, err)
	public, err := s.parse(private.Public())
	fatalIfErr(t, err)
	return private, public
}

// scalar encodes n as the suite does.
func (s *suite) scalar(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, scalarSize))
	if !s.bigEndian {
		slices.Reverse(b)
	}
	return b
}

func (s *suite) scalarValue(b []byte) *big.Int {
	b = bytes.Clone(b)
	if !s.bigEndian {
		slices.Reverse(b)
	}
	return new(big.Int).SetBytes(b)
}

func TestAgreement(t *testing.T) {
	forSuites(t, func(t *testing.T, s *suite) {
		random := rand.NewChaCha8([32]byte{1})
		seen := make(map[Output]bool)
		for i := range 120 {
			private, public := s.keys(t, byte(i))
			alpha := make([]byte, i*3) // beyond stackAlpha too
			random.Read(alpha)

			output, proof := private.Prove(alpha)
			if len(proof) != s.proofSize {
				t.Fatalf("a proof of %d bytes", len(proof))
			}
			if got := private.Evaluate(alpha); got != output {
				t.Errorf("Evaluate(%x): got %x, Prove said %x", alpha, got, output)
			}
			got, err := public.Verify(alpha, proof)
			fatalIfErr(t, err)
			if got != output {
				t.Errorf("Verify(%x): got %x, Prove said %x", alpha, got, output)
			}
			again, err := s.newPrivate(private.Bytes())
			fatalIfErr(t, err)
			if _, p := again.Prove(alpha); !bytes.Equal(p, proof) {
				t.Errorf("proofs differ: %x and %x", p, proof)
			}
			if seen[output] {
				t.Errorf("the output %x twice", output)
			}
			seen[output] = true

			_, other := s.keys(t, byte(i+1))
			checkRejected(t, other, alpha, proof, errProof)
			checkRejected(t, public, append(alpha, 0), proof, errProof)
		}
	})
}

func TestFlippedBits(t *testing.T) {
	forSuites(t, func(t *testing.T, s *suite) {
		private, public := s.keys(t, 1)
		alpha := []byte("alpha")
		_, proof := private.Prove(alpha)
		errs := make(map[error]int)
		for i := range proof {
			for bit := range 8 {
				bad := bytes.Clone(proof)
				bad[i] ^= 1 << bit
				var want error
				switch {
				case i >= s.pointSize && i < s.pointSize+challengeSize:
					want = errProof
				case i >= s.pointSize && s.scalarValue(bad[len(bad)-scalarSize:]).Cmp(s.order) >= 0:
					want = errProofScalar
				case i >= s.pointSize:
					want = errProof
				}
				checkRejected(t, public, alpha, bad, want)
				_, err := public.Verify(alpha, bad)
				errs[err]++
			}
			bad := bytes.Clone(proof)
			bad[i] ^= 0xff
			checkRejected(t, public, alpha, bad, nil)
		}
		// No bit takes a P-256 scalar past the order, which has 32 leading ones.
		if errs[errProof] == 0 || errs[errProofGamma] == 0 || (errs[errProofScalar] == 0) != (s.name == "P256") {
			t.Errorf("errors: %v", errs)
		}
	})
}

func TestNonCanonicalScalar(t *testing.T) {
	forSuites(t, func(t *testing.T, s *suite) {
		private, public := s.keys(t, 1)
		tried := 0
		for i := range 200 {
			alpha := []byte{byte(i)}
			_, proof := private.Prove(alpha)
			at := len(proof) - scalarSize
			sum := s.scalarValue(proof[at:])
			// s, s+q, ... as far as 32 bytes reach; for P-256 s+q rarely fits.
			for sum.Add(sum, s.order); sum.BitLen() <= 256; sum.Add(sum, s.order) {
				tried++
				copy(proof[at:], s.scalar(sum))
				checkRejected(t, public, alpha, proof, errProofScalar)
			}
		}
		if tried == 0 && s.name != "P256" {
			t.Error("no case")
		}
		alpha := []byte("alpha")
		_, proof := private.Prove(alpha)
		at := len(proof) - scalarSize
		for _, c := range []struct {
			s    *big.Int
			want error
		}{
			{new(big.Int), errProof},
			{new(big.Int).Sub(s.order, big.NewInt(1)), errProof},
			{s.order, errProofScalar},
			{new(big.Int).Add(s.order, big.NewInt(1)), errProofScalar},
			{new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)), errProofScalar},
		} {
			copy(proof[at:], s.scalar(c.s))
			checkRejected(t, public, alpha, proof, c.want)
		}
	})
}

// A proof's Gamma and s may be such that U or V is the point at infinity,
// whose encoding is shorter in P-256: c = 0, s = 0.
func TestInfinity(t *testing.T) {
	forSuites(t, func(t *testing.T, s *suite) {
		private, public := s.keys(t, 1)
		_, proof := private.Prove(nil)
		clear(proof[s.pointSize:])
		checkRejected(t, public, nil, proof, errProof)
	})
}

func TestSizes(t *testing.T) {
	forSuites(t, func(t *testing.T, s *suite) {
		private, public := s.keys(t, 1)
		_, proof := private.Prove(nil)
		for n := range 2 * s.proofSize {
			if n != s.proofSize {
				checkRejected(t, public, nil, append(proof, proof...)[:n], errProofSize)
			}
			if n != s.pointSize {
				b := append(private.Public(), make([]byte, 2*s.proofSize)...)[:n]
				if key, err := s.parse(b); !errors.Is(err, errPublicKeySize) || key != nil {
					t.Errorf("parsing %d bytes: got %v, error %v", n, key, err)
				}
			}
			if n != privateKeySize {
				b := bytes.Repeat([]byte{1}, n)
				if key, err := s.newPrivate(b); !errors.Is(err, errPrivateKeySize) || key != nil {
					t.Errorf("a private key of %d bytes: got %v, error %v", n, key, err)
				}
			}
		}
	})
}

func TestReturnedSlicesAreCopies(t *testing.T) {
	forSuites(t, func(t *testing.T, s *suite) {
		private, public := s.keys(t, 1)
		_, before := private.Prove(nil)
		for _, b := range [][]byte{private.Bytes(), private.Public(), public.Bytes()} {
			clear(b)
		}
		_, after := private.Prove(nil)
		if !bytes.Equal(before, after) {
			t.Error("the key changed")
		}
		_, err := public.Verify(nil, before)
		fatalIfErr(t, err)
	})
}

func TestGenerate(t *testing.T) {
	forSuites(t, func(t *testing.T, s *suite) {
		for _, short := range []io.Reader{bytes.NewReader(make([]byte, 31)), iotest.ErrReader(io.ErrUnexpectedEOF)} {
			if key, err := s.generate(short); !errors.Is(err, io.ErrUnexpectedEOF) || key != nil {
				t.Errorf("got %v, error %v", key, err)
			}
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	forSuites(t, func(t *testing.T, s *suite) {
		private, public := s.keys(t, 1)
		want, proof := private.Prove([]byte("alpha"))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 10 {
					output, p := private.Prove([]byte("alpha"))
					verified, err := public.Verify([]byte("alpha"), proof)
					if output != want || private.Evaluate([]byte("alpha")) != want ||
						verified != want || err != nil || !bytes.Equal(p, proof) {
						t.Error("results differ")
					}
				}
			})
		}
		wg.Wait()
	})
}

// FuzzVerify checks that Verify never panics and that there is one output for
// an input: proofs may differ, outputs may not.
func FuzzVerify(f *testing.F) {
	for _, s := range suites {
		private, _ := s.keys(f, 1)
		_, proof := private.Prove([]byte("alpha"))
		f.Add([]byte("alpha"), proof, private.Public())
		clear(proof[s.pointSize:])
		f.Add([]byte("alpha"), proof, private.Public())
	}
	f.Add([]byte{}, make([]byte, Ed25519ProofSize), make([]byte, Ed25519PublicKeySize))
	f.Fuzz(func(t *testing.T, alpha, proof, key []byte) {
		for _, s := range suites {
			private, public := s.keys(t, 1)
			if output, err := public.Verify(alpha, proof); err == nil && output != private.Evaluate(alpha) {
				t.Errorf("%s: Verify gave %x, Evaluate %x", s.name, output, private.Evaluate(alpha))
			}
			parsed, err := s.parse(key)
			if err != nil {
				continue
			}
			if !bytes.Equal(parsed.Bytes(), key) {
				t.Errorf("%s: the key %x became %x", s.name, key, parsed.Bytes())
			}
			parsed.Verify(alpha, proof)
		}
	})
}

func benchmark(b *testing.B, f func(private PrivateKey, public PublicKey, alpha, proof []byte)) {
	for _, s := range suites {
		b.Run(s.name, func(b *testing.B) {
			private, public := s.keys(b, 1)
			// Many inputs, because the number of tries depends on them.
			var alphas, proofs [256][]byte
			for i := range alphas {
				alphas[i] = append([]byte("\x11alice@example.com\x00\x00\x00"), byte(i))
				_, proofs[i] = private.Prove(alphas[i])
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				f(private, public, alphas[i%256], proofs[i%256])
				i++
			}
		})
	}
}

func BenchmarkEvaluate(b *testing.B) {
	benchmark(b, func(private PrivateKey, _ PublicKey, alpha, _ []byte) { private.Evaluate(alpha) })
}

func BenchmarkProve(b *testing.B) {
	benchmark(b, func(private PrivateKey, _ PublicKey, alpha, _ []byte) { private.Prove(alpha) })
}

func BenchmarkVerify(b *testing.B) {
	benchmark(b, func(_ PrivateKey, public PublicKey, alpha, proof []byte) {
		if _, err := public.Verify(alpha, proof); err != nil {
			b.Fatal(err)
		}
	})
}
