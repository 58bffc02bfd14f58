package keytrans

import (
	"bytes"
	"crypto/elliptic"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

func suiteKeys() map[CipherSuite]SigningKey {
	return map[CipherSuite]SigningKey{
		KT_128_SHA256_Ed25519: must(NewEd25519SigningKey(bytes.Repeat([]byte{1}, 32))),
		KT_128_SHA256_P256:    must(NewP256SigningKey(bytes.Repeat([]byte{1}, 32))),
	}
}

func TestSignatures(t *testing.T) {
	message := []byte("message")
	for suite, key := range suiteKeys() {
		public := key.Public()
		sig, err := key.Sign(message)
		fatalIfErr(t, err)
		fatalIfErr(t, suite.verify(public, message, sig))
		if len(sig) != 64 {
			t.Fatalf("%v: signature of %d bytes", suite, len(sig))
		}
		refuse := func(what string, public, message, sig []byte) {
			t.Helper()
			if err := suite.verify(public, message, sig); !errors.Is(err, ErrSignature) {
				t.Errorf("%v: %s: %v", suite, what, err)
			}
		}
		for i := range sig {
			for _, x := range []byte{1, 0x80, 0xff} {
				bad := bytes.Clone(sig)
				bad[i] ^= x
				refuse("a byte changed", public, message, bad)
			}
			refuse("truncated", public, message, sig[:i])
		}
		refuse("longer", public, message, append(bytes.Clone(sig), 0))
		refuse("zeros", public, message, make([]byte, 64))
		refuse("other message", public, []byte("messagf"), sig)
		refuse("none", public, message, nil)
		for n := range len(public) + 2 {
			if n == len(public) {
				continue
			}
			bad := append(bytes.Clone(public), 0, 0)[:n]
			if err := suite.verify(bad, message, sig); err == nil || errors.Is(err, ErrSignature) {
				t.Errorf("%v: public key of %d bytes: %v", suite, n, err)
			}
		}
	}
}

// TestSignatureScalars adds the group order to a signature's scalars, or takes
// them out of range.
func TestSignatureScalars(t *testing.T) {
	message := []byte("message")
	n := elliptic.P256().Params().N
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	for suite, key := range suiteKeys() {
		sig, err := key.Sign(message)
		fatalIfErr(t, err)
		var bad [][]byte
		with := func(r, s *big.Int) {
			bad = append(bad, append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
		}
		if suite == KT_128_SHA256_P256 {
			r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
			max := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
			for _, v := range []*big.Int{big.NewInt(0), n, max, new(big.Int).Add(n, big.NewInt(1))} {
				with(v, s)
				with(r, v)
			}
			with(s, r)
			for _, v := range []*big.Int{r, s} { // equal modulo n, if they fit
				if w := new(big.Int).Add(v, n); w.BitLen() <= 256 {
					with(w, s)
					with(r, w)
				}
			}
		} else {
			little := bytes.Clone(sig[32:])
			slices.Reverse(little)
			s := new(big.Int).SetBytes(little)
			for k := int64(1); k < 15; k++ { // S + k*L is as good to a careless verifier
				w := new(big.Int).Add(s, new(big.Int).Mul(order, big.NewInt(k)))
				if w.BitLen() > 256 {
					break
				}
				b := w.FillBytes(make([]byte, 32))
				slices.Reverse(b)
				bad = append(bad, append(bytes.Clone(sig[:32]), b...))
			}
			if len(bad) == 0 {
				t.Error("no other representation of S tried")
			}
		}
		for _, b := range bad {
			if err := suite.verify(key.Public(), message, b); !errors.Is(err, ErrSignature) {
				t.Errorf("%v: signature %x: %v", suite, b, err)
			}
		}
	}
}

// TestPublicKeys refuses keys that are no points of the curve, or are encoded in
// another way.
func TestPublicKeys(t *testing.T) {
	key := suiteKeys()[KT_128_SHA256_P256]
	sig, err := key.Sign(nil)
	fatalIfErr(t, err)
	public := key.Public()
	if len(public) != 65 || public[0] != 4 {
		t.Fatalf("public key %x", public)
	}
	x, y := new(big.Int).SetBytes(public[1:33]), new(big.Int).SetBytes(public[33:])
	compressed := elliptic.MarshalCompressed(elliptic.P256(), x, y)
	hybrid := append([]byte{6 + byte(y.Bit(0))}, public[1:]...)
	off := bytes.Clone(public)
	off[64] ^= 1
	for name, bad := range map[string][]byte{
		"compressed": compressed, "hybrid": hybrid, "off the curve": off, "infinity": {0},
		"zero": append([]byte{4}, make([]byte, 64)...), "beyond the field": append([]byte{4}, bytes.Repeat([]byte{0xff}, 64)...),
	} {
		if err := KT_128_SHA256_P256.verify(bad, nil, sig); err == nil || errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSigningKeys(t *testing.T) {
	n := elliptic.P256().Params().N
	for _, size := range []int{0, 31, 33, 64} {
		if _, err := NewEd25519SigningKey(make([]byte, size)); err == nil {
			t.Errorf("an Ed25519 seed of %d bytes", size)
		}
		if _, err := NewP256SigningKey(bytes.Repeat([]byte{1}, size)); err == nil {
			t.Errorf("a P-256 scalar of %d bytes", size)
		}
	}
	for _, scalar := range [][]byte{make([]byte, 32), n.Bytes(), bytes.Repeat([]byte{0xff}, 32)} {
		if _, err := NewP256SigningKey(scalar); err == nil {
			t.Errorf("a P-256 scalar out of range: %x", scalar)
		}
	}
	for suite, key := range suiteKeys() {
		cfg := testConfiguration()
		cfg.Suite, cfg.SignaturePublicKey = suite, key.Public()
		head, err := SignTreeHead(cfg, key, 5, merkle.Hash{1})
		fatalIfErr(t, err)
		fatalIfErr(t, VerifyTreeHead(cfg, head, merkle.Hash{1}))
		for what, err := range map[string]error{
			"root": VerifyTreeHead(cfg, head, merkle.Hash{2}),
			"size": VerifyTreeHead(cfg, &TreeHead{6, head.Signature}, merkle.Hash{1}),
		} {
			if !errors.Is(err, ErrSignature) {
				t.Errorf("%v: other %s: %v", suite, what, err)
			}
		}
		cfg.Mode, cfg.AuditorPublicKey = ThirdPartyAuditing, key.Public()
		auditor, err := SignAuditorTreeHead(cfg, key, 7, 5, merkle.Hash{1})
		fatalIfErr(t, err)
		fatalIfErr(t, VerifyAuditorTreeHead(cfg, auditor, merkle.Hash{1}))
		later := *auditor
		later.Timestamp++
		if err := VerifyAuditorTreeHead(cfg, &later, merkle.Hash{1}); !errors.Is(err, ErrSignature) {
			t.Errorf("%v: auditor's timestamp: %v", suite, err)
		}
		if err := VerifyTreeHead(cfg, &TreeHead{5, auditor.Signature}, merkle.Hash{1}); !errors.Is(err, ErrSignature) {
			t.Errorf("%v: an auditor's head as the log's: %v", suite, err)
		}
	}
	if err := CipherSuite(9).verify(nil, nil, nil); err == nil || !strings.Contains(CipherSuite(9).String(), "0x0009") {
		t.Errorf("%v: %v", CipherSuite(9), err)
	}
}

// TestCommitments checks that a commitment binds everything that it covers.
func TestCommitments(t *testing.T) {
	label, opening, value := []byte("label"), Opening{1}, UpdateValue{Value: []byte("value"), Signature: []byte("signature")}
	for _, mode := range []DeploymentMode{ContactMonitoring, ThirdPartyManagement, ThirdPartyAuditing} {
		c, err := Commit(mode, opening, label, 3, value)
		fatalIfErr(t, err)
		fatalIfErr(t, VerifyCommitment(mode, c, opening, label, 3, value))
		for what, err := range map[string]error{
			"opening":    VerifyCommitment(mode, c, Opening{2}, label, 3, value),
			"label":      VerifyCommitment(mode, c, opening, []byte("labels"), 3, value),
			"version":    VerifyCommitment(mode, c, opening, label, 4, value),
			"value":      VerifyCommitment(mode, c, opening, label, 3, UpdateValue{[]byte("valu"), []byte("signature")}),
			"commitment": VerifyCommitment(mode, merkle.Hash{}, opening, label, 3, value),
		} {
			if !errors.Is(err, ErrCommitment) {
				t.Errorf("mode %d: other %s: %v", mode, what, err)
			}
		}
		err = VerifyCommitment(mode, c, opening, label, 3, UpdateValue{Value: value.Value})
		if errors.Is(err, ErrCommitment) != (mode == ThirdPartyManagement) {
			t.Errorf("mode %d: no signature: %v", mode, err)
		}
		err = VerifyCommitment(mode, c, opening, make([]byte, 256), 3, value)
		if err == nil || errors.Is(err, ErrCommitment) {
			t.Errorf("mode %d: long label: %v", mode, err)
		}
	}
}
