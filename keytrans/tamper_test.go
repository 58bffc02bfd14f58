package keytrans

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// The tests of tamper*_test.go put a man in the middle between a log and its
// users. The log is honest unless a test says otherwise, and its VRF is real.

// tamperSizes are the sizes of the log that tampered responses come from, and
// that their users had seen before.
const tamperSize, tamperLast = 14, 9

// tamperWorld is a log of both expired and unexpired, distinguished and other
// entries.
func tamperWorld(suite CipherSuite) *world {
	n := naive.World{RMW: 3000, Inserted: map[string][]uint64{
		"alice": {1, 1, 4, 7, 7, 8, 8, 10}, // seen through all of her history
		"bob":   {12, 13, 13},              // after the last distinguished entry
		"carol": {6, 9, 9, 9, 13},          // an owner who updates
	}}
	for i := range tamperSize {
		n.Timestamps = append(n.Timestamps, 1_000_000+1000*uint64(i))
	}
	lifetime := uint64(9000)
	n.MaximumLifetime = &lifetime
	return suiteWorld(n, suite)
}

// suiteWorld is newWorld with the real VRF and signatures of a cipher suite.
func suiteWorld(n naive.World, suite CipherSuite) *world {
	if suite == KT_128_SHA256_Ed25519 {
		return newWorld(n, testVRFKey)
	}
	key := must(vrf.NewP256PrivateKey(bytes.Repeat([]byte{5}, 32)))
	w := newWorld(n, key)
	w.key = must(NewP256SigningKey(bytes.Repeat([]byte{3}, 32)))
	w.cfg.Suite = suite
	w.cfg.VRFPublicKey, w.cfg.SignaturePublicKey = key.Public(), w.key.Public()
	return w
}

// rememberingVRF verifies every pair of input and proof once.
type rememberingVRF struct {
	vrf.PublicKey
	seen map[string]rememberedVRF
}

type rememberedVRF struct {
	output vrf.Output
	err    error
}

func (m *rememberingVRF) Verify(alpha, proof []byte) (vrf.Output, error) {
	id := string(alpha) + string(proof) // proofs have one length
	r, ok := m.seen[id]
	if !ok {
		r.output, r.err = m.PublicKey.Verify(alpha, proof)
		m.seen[id] = r
	}
	return r.output, r.err
}

func rememberingVerifier(w *world) *Verifier {
	v := w.verifier()
	v.vrf = &rememberingVRF{v.vrf, make(map[string]rememberedVRF)}
	return v
}

// documented are the errors that a user has to expect of an answer.
var documented = []error{
	ErrMalformed, ErrProof, ErrSignature, ErrTime, ErrStart, ErrNoVersion, ErrVersionExpired, ErrUnexpectedVersion,
	ErrAuditor,
}

// tamperCase is an honest answer together with the state of the user who asked
// for it.
type tamperCase struct {
	name string
	// response is a pointer to the answer's structure.
	response any
	marshal  func() ([]byte, error)
	// verify is what a user does with an answer: it returns everything that may
	// be used or retained.
	verify func(data []byte) (any, error)
	// partial reports whether an accepted result differs only in that it stops
	// early, for answers that are allowed to; nil for others.
	partial func(got, honest any) bool
	// limited tells that the answer is such a one.
	limited bool

	honest any
	tried  int
	cut    int // accepted, but stopped early
}

// prepare verifies the honest answer and returns its encoding.
func (c *tamperCase) prepare(t testing.TB) []byte {
	t.Helper()
	data, err := c.marshal()
	fatalIfErr(t, err)
	if c.honest, err = c.verify(data); err != nil {
		t.Fatalf("%s: the honest answer: %v", c.name, err)
	}
	return data
}

// try has the user verify an answer that was tampered with: it has to be
// refused, or to mean the same.
func (c *tamperCase) try(t testing.TB, how string, data []byte) {
	t.Helper()
	c.tried++
	got, err := c.verify(data)
	if err != nil {
		c.checkError(t, how, err)
		return
	}
	if reflect.DeepEqual(got, c.honest) {
		return
	}
	if c.partial != nil && c.partial(got, c.honest) {
		c.cut++
		return
	}
	t.Errorf("%s: %s: accepted with another result:\n got %+v\nwant %+v", c.name, how, got, c.honest)
}

// checkError checks that a refusal is of a documented kind and does not accuse
// the log, which did nothing wrong.
func (c *tamperCase) checkError(t testing.TB, how string, err error) {
	t.Helper()
	var framed *Misbehaviour
	if errors.As(err, &framed) {
		t.Errorf("%s: %s: FRAMES an honest log: %v", c.name, how, err)
		return
	}
	for _, want := range documented {
		if errors.Is(err, want) {
			return
		}
	}
	t.Errorf("%s: %s: undocumented error: %v", c.name, how, err)
}

// provenKeys drops commitments that are claims: VersionKey.Proven.
func provenKeys(keys map[uint32]VersionKey) map[uint32]VersionKey {
	out := maps.Clone(keys)
	for v, k := range out {
		if !k.Proven {
			k.Commitment = nil
			out[v] = k
		}
	}
	return out
}

func provenContact(c *Contact) *Contact { return &Contact{Map: c.Map, Keys: provenKeys(c.Keys)} }

func provenOwner(o *Owner) *Owner {
	out := *o
	out.Contact, out.Keys = *provenContact(&o.Contact), provenKeys(o.Keys)
	return &out
}

var byteChanges = []func(byte) byte{
	func(b byte) byte { return b ^ 1 },
	func(b byte) byte { return b ^ 0x80 },
	func(b byte) byte { return ^b },
	func(byte) byte { return 0 },
	func(b byte) byte { return b + 1 },
}

// tamperChanges gives the changes to make to byte i: all of them with
// -exhaustive, otherwise one, by turns.
func tamperChanges(i int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for j := range byteChanges {
			if (*exhaustive || j == i%len(byteChanges)) && !yield(j) {
				return
			}
		}
	}
}

var exhaustive = flag.Bool("exhaustive", false, "make every change to every byte: minutes")

// TestTamperBytes changes every byte of answers in several ways, cuts them off
// after every byte and extends them.
func TestTamperBytes(t *testing.T) {
	eachTamperCase(t, func(t *testing.T, c *tamperCase) {
		data := c.prepare(t)
		step := 1
		if raceEnabled || testing.Short() {
			step = 9
		}
		for i := 0; i < len(data); i += step {
			for j := range tamperChanges(i) {
				tampered := bytes.Clone(data)
				tampered[i] = byteChanges[j](data[i])
				if tampered[i] != data[i] {
					c.try(t, fmt.Sprintf("byte %d of %d: change %d", i, len(data), j), tampered)
				}
			}
			c.try(t, fmt.Sprintf("cut after %d of %d bytes", i, len(data)), data[:i])
		}
		for _, b := range []byte{0, 1, 2, 0xff} {
			c.try(t, "a byte too many", append(bytes.Clone(data), b))
		}
		c.try(t, "twice", append(bytes.Clone(data), data...))
	})
}

// TestTamperElements drops, repeats, swaps and adds elements of every vector in
// answers, and toggles every optional value.
func TestTamperElements(t *testing.T) {
	eachTamperCase(t, func(t *testing.T, c *tamperCase) {
		c.prepare(t)
		(&elementTamperer{t, c}).visit("response", reflect.ValueOf(c.response).Elem())
	})
}

// elementTamperer visits the vectors and optional values of a response.
type elementTamperer struct {
	t *testing.T
	c *tamperCase
}

func (x *elementTamperer) visit(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			x.visit(path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Pointer:
		other := reflect.New(v.Type().Elem())
		if !v.IsNil() {
			x.visit(path, v.Elem())
			other = reflect.Zero(v.Type())
		}
		if v.Type() != reflect.TypeFor[*UpdateResponse]() && v.Type() != reflect.TypeFor[*BatchAnswer]() { // not an optional value
			x.with(path+" toggled", v, other)
		}
	case reflect.Slice:
		x.vector(path, v)
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				x.visit(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			}
		}
	}
}

func (x *elementTamperer) vector(path string, v reflect.Value) {
	for i := range v.Len() {
		at := fmt.Sprintf("%s[%d] of %d ", path, i, v.Len())
		if octets := v.Type().Elem().Kind() == reflect.Uint8; octets && 0 < i && i < v.Len()-1 {
			continue // a string: its ends will do
		}
		before, after := v.Slice(0, i), v.Slice(i+1, v.Len())
		x.with(at+"dropped", v, concat(before, after))
		x.with(at+"doubled", v, concat(before, v.Slice(i, i+1), v.Slice(i, v.Len())))
		x.with(at+"moved to the end", v, concat(before, after, v.Slice(i, i+1)))
		if i+1 < v.Len() {
			x.with(at+"swapped", v, concat(before, v.Slice(i+1, i+2), v.Slice(i, i+1), v.Slice(i+2, v.Len())))
		}
		zero := reflect.Zero(v.Type().Elem())
		if zero.Kind() != reflect.Pointer {
			x.with(at+"after a zero", v, concat(before, single(v, zero), v.Slice(i, v.Len())))
		}
	}
	extra := reflect.New(v.Type().Elem()).Elem()
	if extra.Kind() == reflect.Pointer {
		return
	}
	x.with(path+" with a zero", v, concat(v, single(v, extra)))
	switch e := extra.Addr().Interface().(type) {
	case *merkle.Hash:
		*e = merkle.Hash{1, 2, 3}
	case *uint64:
		*e = 1_003_000
	case *uint32:
		*e = 1
	case *BinaryLadderStep:
		e.Proof = make([]byte, 80)
	case *[]byte:
		*e = []byte("another value")
	}
	x.with(path+" with one more", v, concat(v, single(v, extra)))
	x.with(path+" emptied", v, reflect.Zero(v.Type()))
}

// concat returns a new slice.
func concat(parts ...reflect.Value) reflect.Value {
	out := reflect.Zero(parts[0].Type())
	for _, p := range parts {
		out = reflect.AppendSlice(out, p)
	}
	return out
}

func single(like, v reflect.Value) reflect.Value {
	return reflect.Append(reflect.Zero(like.Type()), v)
}

// with tries the response with one of its values replaced.
func (x *elementTamperer) with(how string, v, replacement reflect.Value) {
	x.t.Helper()
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	v.Set(replacement)
	data, err := x.c.marshal()
	v.Set(old)
	if err == nil {
		x.c.try(x.t, how, data)
	}
}
