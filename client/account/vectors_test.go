package account

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

var update = flag.Bool("update", false, "rewrite testdata/account.json")

const vectorFile = "testdata/account.json"

// vectors is the file of test vectors. Bytes are lower-case hex.
type vectors struct {
	Comment    string            `json:"comment"`
	Keys       []vectorKey       `json:"keys"`
	BadKeys    []vectorKey       `json:"bad_keys"`
	Statements []vectorStatement `json:"statements"`
	Histories  []vectorHistory   `json:"histories"`
	Attested   []vectorAttested  `json:"attestations"`
}

// A vectorKey is an account key: encoded as AccountKey. Private is the seed of
// an Ed25519 key, the scalar of a P-256 key.
type vectorKey struct {
	Name        string `json:"name"`
	Private     string `json:"private,omitempty"`
	Encoded     string `json:"encoded"`
	Text        string `json:"text,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
}

type vectorStatement struct {
	Name      string `json:"name"`
	Key       string `json:"key"` // in text
	Message   string `json:"message"`
	Signature string `json:"signature"`
	Valid     bool   `json:"valid"`
}

type vectorHistory struct {
	Name     string          `json:"name"`
	Label    string          `json:"label"`
	Versions []vectorVersion `json:"versions"`
}

// A vectorVersion without a value is missing; a value that is no key set is foreign.
type vectorVersion struct {
	Number     uint32 `json:"number"`
	Commitment Hash   `json:"commitment"`
	Value      string `json:"value,omitempty"`
	Status     Status `json:"status"`
	// After is what is retained after this version.
	After State `json:"after"`
}

type vectorAttested struct {
	Name       string `json:"name"`
	Label      string `json:"label"`
	Key        string `json:"key"`
	Line       string `json:"line"`
	Valid      bool   `json:"valid"`
	Version    uint32 `json:"version,omitempty"`
	Commitment Hash   `json:"commitment,omitzero"`
	TreeSize   uint64 `json:"tree_size,omitempty"`
	Root       Hash   `json:"root,omitzero"`
	Time       int64  `json:"time_ms,omitempty"`
}

// TestVectorsGenerated holds what this package writes against the file.
func TestVectorsGenerated(t *testing.T) {
	got, err := json.MarshalIndent(generate(t), "", " ")
	fatalIfErr(t, err)
	got = append(got, '\n')
	if *update {
		fatalIfErr(t, os.WriteFile(vectorFile, got, 0o644))
	}
	want, err := os.ReadFile(vectorFile)
	fatalIfErr(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what this package writes; go test -update rewrites it", vectorFile)
	}
}

// TestVectorsRead holds what this package reads against the file, without the
// private keys.
func TestVectorsRead(t *testing.T) {
	data, err := os.ReadFile(vectorFile)
	fatalIfErr(t, err)
	var v vectors
	fatalIfErr(t, json.Unmarshal(data, &v))
	for _, k := range v.Keys {
		got, err := parseKey(unhex(t, k.Encoded))
		if err != nil || got.String() != k.Text || got.Fingerprint() != k.Fingerprint {
			t.Errorf("key %s: %v, %v", k.Name, got, err)
		}
	}
	for _, k := range v.BadKeys {
		if got, err := parseKey(unhex(t, k.Encoded)); err == nil {
			t.Errorf("key %s: read as %v", k.Name, got)
		}
	}
	for _, s := range v.Statements {
		key, err := ParseKey(s.Key)
		fatalIfErr(t, err)
		if err := key.verify(unhex(t, s.Message), unhex(t, s.Signature)); (err == nil) != s.Valid {
			t.Errorf("statement %s: %v", s.Name, err)
		}
	}
	for _, h := range v.Histories {
		h.check(t)
	}
	for _, a := range v.Attested {
		key, err := ParseKey(a.Key)
		fatalIfErr(t, err)
		got, err := VerifyAttestation(a.Label, key, a.Line)
		if (err == nil) != a.Valid || a.Valid && (got.Version != a.Version || got.TreeSize != a.TreeSize ||
			got.Commitment != a.Commitment || got.Root != a.Root || got.Time.UnixMilli() != a.Time) {
			t.Errorf("attestation %s: %+v, %v", a.Name, got, err)
		}
	}
}

func (h vectorHistory) check(t *testing.T) {
	var state *State
	for _, v := range h.Versions {
		next, status := Follow(state, h.version(t, v))
		got, err := json.Marshal(next)
		fatalIfErr(t, err)
		want, err := json.Marshal(v.After)
		fatalIfErr(t, err)
		if status != v.Status || !bytes.Equal(got, want) {
			t.Errorf("%s: version %d is %q, want %q; after it %s, want %s", h.Name, v.Number, status, v.Status, got, want)
		}
		state = &v.After // what was retained comes from a file
	}
}

func (h vectorHistory) version(t testing.TB, v vectorVersion) Version {
	if v.Value == "" {
		return Missing(h.Label, v.Number, v.Commitment)
	}
	set, err := keyset.Parse(unhex(t, v.Value))
	if err != nil {
		return Foreign(h.Label, v.Number, v.Commitment)
	}
	got, _ := Read(h.Label, v.Number, v.Commitment, set)
	return got
}

// recorder makes a history for the file.
type recorder struct {
	chain
	history vectorHistory
}

func record(t *testing.T, name string) *recorder {
	label := "alice@example.org"
	return &recorder{chain{t: t, label: label}, vectorHistory{Name: name, Label: label}}
}

func (r *recorder) set(set keyset.Set) *recorder {
	value, err := set.Marshal()
	fatalIfErr(r.t, err)
	return r.value(value)
}

// value appends a version with this value, or a missing one if it is empty.
func (r *recorder) value(value []byte) *recorder {
	v := vectorVersion{Number: r.next, Commitment: Hash{0xc0, byte(r.next)}, Value: hex.EncodeToString(value)}
	state, status := Follow(r.state, r.history.version(r.t, v))
	v.Status, v.After = status, state
	r.history.Versions = append(r.history.Versions, v)
	r.state, r.last, r.next = &state, v.Commitment, r.next+1
	return r
}

func (r *recorder) by(name string, by, previous crypto.Signer) *recorder {
	return r.set(r.sign(keys(name), by, previous))
}
