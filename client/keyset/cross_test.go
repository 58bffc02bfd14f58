package keyset

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"
	"time"
)

const crossFile = "testdata/descriptions.json"

// crossVectors is a file of what this package says of keys, sets and changes, that
// another implementation can be held to. The keys, sets and lists are those of this
// package's tests, and stay in the file: -update writes anew what is said of them.
type crossVectors struct {
	Comment string      `json:"comment"`
	Keys    []crossKey  `json:"keys"`
	Sets    []crossSet  `json:"sets"`
	Diffs   []crossDiff `json:"diffs"`
}

type crossKey struct {
	writtenKey
	Check       string      `json:"check"` // see checkWord
	Description Description `json:"description"`
	At          []crossLine `json:"at"`
}

// A crossLine is what a key is and how it is shown at a time.
type crossLine struct {
	Time   int64  `json:"time_ms"`
	Status string `json:"status"`
	Line   string `json:"line"`
}

// writtenKey is a key in JSON. Bytes are lower-case hex.
type writtenKey struct {
	Format     Format             `json:"format"`
	Data       string             `json:"data"`
	Name       string             `json:"name"`
	Attributes []writtenExtension `json:"attributes"`
}

type writtenExtension struct {
	Type uint16 `json:"type"`
	Data string `json:"data"`
}

// A crossSet is an encoding. Flipped has a letter for every byte of it, if that has
// another bit: what bit i%8 of byte i makes of it.
type crossSet struct {
	Value   string `json:"value"`
	Result  string `json:"result"` // see parseWord
	Flipped string `json:"flipped"`
}

// A crossDiff has keys of both lists by their sha256.
type crossDiff struct {
	Old       []Description `json:"old"`
	New       []Description `json:"new"`
	Added     []string      `json:"added"`
	Removed   []string      `json:"removed"`
	Replaced  [][2]string   `json:"replaced"`
	Updated   [][2]string   `json:"updated"`
	Unchanged []string      `json:"unchanged"`
}

func writeKey(k Key) writtenKey {
	d := writtenKey{Format: k.Format, Data: hex.EncodeToString(k.Data), Name: k.Name, Attributes: []writtenExtension{}}
	for _, a := range k.Attributes {
		d.Attributes = append(d.Attributes, writtenExtension{a.Type, hex.EncodeToString(a.Data)})
	}
	return d
}

func (w writtenKey) read(t testing.TB) Key {
	k := Key{Format: w.Format, Data: unhex(t, w.Data), Name: w.Name}
	for _, a := range w.Attributes {
		k.Attributes = append(k.Attributes, Extension{a.Type, unhex(t, a.Data)})
	}
	return k
}

// checkWord is what Check says of a key, in a word: the weakness, or "unsupported".
func checkWord(k Key) string {
	switch err := k.Check(); {
	case err == nil:
		return ""
	case errors.Is(err, ErrPrivateKey):
		return "private-key"
	case errors.Is(err, errUnsupported):
		return "unsupported"
	default:
		return "malformed"
	}
}

// parseWord is what Parse says: "good", "newer" or "malformed".
func parseWord(data []byte) string {
	switch _, err := Parse(data); {
	case err == nil:
		return "good"
	case errors.Is(err, ErrVersion):
		return "newer"
	default:
		return "malformed"
	}
}

// TestCrossVectors holds what this package says against the file.
func TestCrossVectors(t *testing.T) {
	data, err := os.ReadFile(crossFile)
	fatalIfErr(t, err)
	var v crossVectors
	fatalIfErr(t, json.Unmarshal(data, &v))
	v.Comment = "What client/keyset says of keys, sets and changes: docs/keyset.md. Written by go test ./client/keyset -update."
	seen := make(map[Format]bool)
	for i := range v.Keys {
		v.Keys[i].describe(t)
		seen[v.Keys[i].Format] = true
	}
	for i := range v.Sets {
		v.Sets[i].parse(t)
	}
	for i := range v.Diffs {
		v.Diffs[i].compare()
	}
	var again bytes.Buffer
	e := json.NewEncoder(&again)
	e.SetIndent("", " ")
	fatalIfErr(t, e.Encode(v))
	if *update {
		fatalIfErr(t, os.WriteFile(crossFile, again.Bytes(), 0o644))
	} else if !bytes.Equal(again.Bytes(), data) {
		t.Errorf("%s is not what this package says; go test -update rewrites it", crossFile)
	}
	for f := Format(1); f.Known(); f++ {
		if !seen[f] {
			t.Errorf("no key of format %v", f)
		}
	}
	if len(v.Sets) < 25 || len(v.Diffs) < 30 {
		t.Errorf("only %d sets and %d diffs", len(v.Sets), len(v.Diffs))
	}
}

func (c *crossKey) describe(t testing.TB) {
	k := c.read(t)
	d := k.Summary()
	c.Check, c.Description, c.At = checkWord(k), d, []crossLine{}
	times := []time.Time{time.UnixMilli(0)}
	if d.Expires != nil {
		times = []time.Time{*d.Expires, d.Expires.Add(time.Millisecond)}
	}
	for _, at := range times {
		c.At = append(c.At, crossLine{at.UnixMilli(), d.Status(at), d.Line(at)})
	}
}

func (c *crossSet) parse(t testing.TB) {
	value := unhex(t, c.Value)
	c.Result, c.Flipped = parseWord(value), ""
	if c.Result != "good" {
		return
	}
	for i := range value {
		value[i] ^= 1 << (i % 8)
		c.Flipped += parseWord(value)[:1]
		value[i] ^= 1 << (i % 8)
	}
}

func (c *crossDiff) compare() {
	d := Diff(c.Old, c.New)
	c.Added, c.Removed, c.Unchanged = hashes(d.Added), hashes(d.Removed), hashes(d.Unchanged)
	c.Replaced, c.Updated = changeHashes(d.Replaced), changeHashes(d.Updated)
}

func hashes(list []Description) []string {
	s := []string{}
	for _, d := range list {
		s = append(s, d.SHA256)
	}
	return s
}

func changeHashes(list []Change) [][2]string {
	s := [][2]string{}
	for _, c := range list {
		s = append(s, [2]string{c.Old.SHA256, c.New.SHA256})
	}
	return s
}

// TestWrittenKey has keys survive the file.
func TestWrittenKey(t *testing.T) {
	for _, k := range example().Keys {
		if again := writeKey(k).read(t); !reflect.DeepEqual(again, k) {
			t.Errorf("%+v, not %+v", again, k)
		}
	}
}
