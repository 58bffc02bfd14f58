package keyset

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// typescript is a program that describes keys with the other implementation, which
// .ci/test compiles.
const typescript = "../../web/client/build/test/describe.main.js"

// debianStep is how far apart the certificates are that are compared.
const debianStep = 5

// compareTypeScript holds this package against the other implementation.
func compareTypeScript(t *testing.T, keys []Key) {
	t.Helper()
	if _, err := os.Stat(typescript); errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the TypeScript client is not compiled: (cd web && npm ci && npm run compile -w @ghostlight/client)")
	}
	var in bytes.Buffer
	e := json.NewEncoder(&in)
	for _, k := range keys {
		fatalIfErr(t, e.Encode(writeKey(k)))
	}
	cmd := exec.Command("node", typescript)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	fatalIfErr(t, err)
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	n := 0
	for ; lines.Scan() && n < len(keys); n++ {
		var got struct {
			Check       string
			Description Description
		}
		fatalIfErr(t, json.Unmarshal(lines.Bytes(), &got))
		k := keys[n]
		if want := k.Summary(); got.Check != checkWord(k) || !reflect.DeepEqual(got.Description, want) {
			t.Errorf("key %d, %v, data %x:\n%s,\nwant %q and %+v", n, k.Format, k.Data, lines.Bytes(), checkWord(k), want)
		}
	}
	if n != len(keys) {
		t.Errorf("%d keys are described, not %d", n, len(keys))
	}
}

// mutated returns a key with bytes that were changed, removed, inserted or cut off.
func mutated(rnd *rand.Rand, k Key) Key {
	data := slices.Clone(k.Data)
	for range 1 + rnd.IntN(2) {
		if len(data) == 0 {
			break
		}
		at := rnd.IntN(len(data))
		switch rnd.IntN(6) {
		case 0:
			data[at] = byte(rnd.IntN(256))
		case 1, 2:
			data[at] ^= 1 << rnd.IntN(8)
		case 3:
			data = slices.Delete(data, at, min(len(data), at+1+rnd.IntN(3)))
		case 4:
			data = slices.Insert(data, at, byte(rnd.IntN(256)))
		case 5:
			data = data[:at]
		}
	}
	k.Data = data
	return k
}

// TestTypeScript holds descriptions of all vectors, and of vectors that were damaged,
// against the other implementation.
func TestTypeScript(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var keys []Key
	for _, v := range readVectors(t) {
		k := keyOf(t, v)
		keys = append(keys, k)
		for range 25 {
			keys = append(keys, mutated(rnd, k))
		}
	}
	compareTypeScript(t, keys)
}

// TestTypeScriptAlgorithms does that with new certificates of version 6, of algorithms of
// which there is no vector.
func TestTypeScriptAlgorithms(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var keys []Key
	for _, a := range []packet.PublicKeyAlgorithm{packet.PubKeyAlgoEd448, packet.PubKeyAlgoMldsa65Ed25519, packet.PubKeyAlgoMldsa87Ed448} {
		config := at(born)
		config.Algorithm, config.V6Keys = a, true
		e := newEntity(t, config)
		fatalIfErr(t, e.AddSigningSubkey(config))
		k := certificateKey(t, e)
		keys = append(keys, k)
		for range 20 {
			keys = append(keys, mutated(rnd, k))
		}
	}
	compareTypeScript(t, keys)
}

// TestTypeScriptDebian does that with some of the certificates of Debian's developers,
// which the package manager put where they are.
func TestTypeScriptDebian(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: verifies some 2,000 signatures twice; not with -short")
	}
	data, err := os.ReadFile("/usr/share/keyrings/debian-keyring.gpg")
	if err != nil {
		t.Skipf("SKIPPED: %v (apt-get install debian-keyring)", err)
	}
	var keys []Key
	for rest := data; len(rest) > 0; {
		tag, _, after, err := cutPacket(rest)
		fatalIfErr(t, err)
		if tag == tagPublicKey {
			keys = append(keys, Key{Format: FormatOpenPGP})
		}
		last := &keys[len(keys)-1]
		last.Data, rest = append(last.Data, rest[:len(rest)-len(after)]...), after
	}
	var some []Key
	for i := 0; i < len(keys); i += debianStep {
		some = append(some, keys[i])
	}
	t.Logf("%d of %d certificates", len(some), len(keys))
	compareTypeScript(t, some)
}
