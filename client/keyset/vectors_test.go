package keyset

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// readVectors reads testdata/keys.txt.
func readVectors(t testing.TB) []map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/keys.txt")
	fatalIfErr(t, err)
	var list []map[string]string
	for block := range strings.SplitSeq(string(text), "\n\n") {
		v := make(map[string]string)
		for line := range strings.Lines(block) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(line, "#") {
				v[name] = value
			}
		}
		if len(v) > 0 {
			list = append(list, v)
		}
	}
	return list
}

// vectorKey returns the key of a vector of testdata/keys.txt.
func vectorKey(t testing.TB, name string) Key {
	t.Helper()
	for _, v := range readVectors(t) {
		if v["name"] == name {
			return keyOf(t, v)
		}
	}
	t.Fatalf("no vector %s", name)
	return Key{}
}

func keyOf(t testing.TB, v map[string]string) Key {
	t.Helper()
	format := slices.Index(formatNames[:], v["format"])
	if format < 1 {
		t.Fatalf("%s: format %q", v["name"], v["format"])
	}
	return Key{Format: Format(format), Data: unhex(t, v["data"])}
}

func TestVectors(t *testing.T) {
	seen := make(map[Format]bool)
	for _, v := range readVectors(t) {
		t.Run(v["name"], func(t *testing.T) {
			k := keyOf(t, v)
			seen[k.Format] = true
			if err := k.Check(); err != nil {
				t.Fatal(err)
			}
			d := k.Summary()
			if d.Fingerprint != v["fingerprint"] || k.Fingerprint() != v["fingerprint"] {
				t.Errorf("fingerprint %s", d.Fingerprint)
			}
			if want := v["format"] + " " + v["description"] + " "; v["description"] != "" && !strings.HasPrefix(d.Description, want) {
				t.Errorf("described as %q", d.Description)
			}
			expires := ""
			if d.Expires != nil {
				expires = strconv.FormatInt(d.Expires.Unix(), 10)
			}
			if expires != v["expires"] {
				t.Errorf("expires at %q", expires)
			}
			if d.Revoked != (v["revoked"] == "yes") {
				t.Errorf("revoked: %v", d.Revoked)
			}
			if weak := strings.Join(d.Weak, " "); weak != v["weak"] {
				t.Errorf("weak: %q", weak)
			}
		})
	}
	for f := Format(1); f.Known(); f++ {
		if !seen[f] {
			t.Errorf("no vector of format %v", f)
		}
	}
}

// TestVectorsTampered flips bits of each vector. No tampered key passes for the
// one it was.
func TestVectorsTampered(t *testing.T) {
	for _, v := range readVectors(t) {
		k := keyOf(t, v)
		hash := k.hash()
		step := max(1, len(k.Data)/97)
		for at := 0; at < len(k.Data); at += step {
			bad := Key{Format: k.Format, Data: slices.Clone(k.Data)}
			bad.Data[at] ^= 1 << (at % 8)
			d := bad.Summary()
			if d.SHA256 == hash {
				t.Errorf("%s, byte %d: the same hash", v["name"], at)
			}
			if d.Fingerprint == v["fingerprint"] && k.Format != FormatOpenPGP {
				t.Errorf("%s, byte %d: the same fingerprint", v["name"], at)
			}
		}
	}
}
