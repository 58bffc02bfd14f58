package vrf

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readVectors parses a file of the shared KEYTRANS vectors, which lie next to
// the repository, or skips the test if there are none.
func readVectors(t *testing.T, name string, v any) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "vectors", name)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no shared vectors at %s", path)
	}
	fatalIfErr(t, err)
	fatalIfErr(t, json.Unmarshal(b, v))
}

type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := hex.DecodeString(s)
	*h = v
	return err
}

// vectorInput is the input of a case of vrf.json, and of tampered.json.
type vectorInput struct {
	Kind       string
	Label      hexBytes
	Version    uint32
	PrivateKey hexBytes `json:"private_key"`
	PublicKey  hexBytes `json:"public_key"`
	Proof      hexBytes
}

// alpha encodes a VrfInput, for which the keytrans package has the real code.
func (in *vectorInput) alpha() []byte {
	b := append([]byte{byte(len(in.Label))}, in.Label...)
	return binary.BigEndian.AppendUint32(b, in.Version)
}

func TestSharedVectors(t *testing.T) {
	var file struct {
		CipherSuite int `json:"cipher_suite"`
		Cases       []struct {
			Name   string
			Input  vectorInput
			Expect struct {
				Error    bool
				Output   hexBytes
				Proof    hexBytes
				VRFInput hexBytes `json:"vrf_input"`
			}
		}
	}
	readVectors(t, "vrf.json", &file)
	if file.CipherSuite != 2 || len(file.Cases) == 0 {
		t.Fatalf("%d cases of suite %d", len(file.Cases), file.CipherSuite)
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			public, err := ParseEd25519PublicKey(c.Input.PublicKey)
			fatalIfErr(t, err)
			alpha := c.Input.alpha()
			if c.Expect.Error {
				checkRejected(t, public, alpha, c.Input.Proof, errProof)
				return
			}
			if !bytes.Equal(alpha, c.Expect.VRFInput) {
				t.Fatalf("this test encodes the VrfInput as %x, want %x", alpha, c.Expect.VRFInput)
			}
			key, err := NewEd25519PrivateKey(c.Input.PrivateKey)
			fatalIfErr(t, err)
			if !bytes.Equal(key.Public(), c.Input.PublicKey) {
				t.Errorf("public key %x, want %x", key.Public(), c.Input.PublicKey)
			}
			want := Output(c.Expect.Output)
			if got := key.Evaluate(alpha); got != want {
				t.Errorf("Evaluate: got %x, want %x", got, want)
			}
			got, proof := key.Prove(alpha)
			if got != want || !bytes.Equal(proof, c.Expect.Proof) {
				t.Errorf("Prove: got %x, %x", got, proof)
			}
			got, err = public.Verify(alpha, c.Expect.Proof)
			fatalIfErr(t, err)
			if got != want {
				t.Errorf("Verify: got %x, want %x", got, want)
			}
		})
	}
}

func TestSharedVectorsTampered(t *testing.T) {
	var file struct {
		Cases []struct {
			Name  string
			Input json.RawMessage
		}
	}
	readVectors(t, "tampered.json", &file)
	// A flipped bit of Gamma may or may not leave a point.
	want := map[string]error{
		"vrf-flipped-proof-byte": nil,
		"vrf-flipped-challenge":  errProof,
		"vrf-flipped-scalar":     errProof,
		"vrf-wrong-public-key":   errProof,
	}
	seen := 0
	for _, c := range file.Cases {
		if !strings.HasPrefix(c.Name, "vrf-") {
			continue
		}
		seen++
		t.Run(c.Name, func(t *testing.T) {
			var in vectorInput
			fatalIfErr(t, json.Unmarshal(c.Input, &in))
			public, err := ParseEd25519PublicKey(in.PublicKey)
			fatalIfErr(t, err)
			checkRejected(t, public, in.alpha(), in.Proof, want[c.Name])
		})
	}
	if seen < len(want) {
		t.Errorf("only %d cases", seen)
	}
}
