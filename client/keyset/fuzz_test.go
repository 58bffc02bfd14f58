package keyset

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// fuzzFormats fuzzes the parsers of some formats with their vectors as seeds.
func fuzzFormats(f *testing.F, formats ...Format) {
	for _, v := range readVectors(f) {
		if k := keyOf(f, v); slices.Contains(formats, k.Format) {
			f.Add(uint16(slices.Index(formats, k.Format)), k.Data)
		}
	}
	f.Fuzz(func(t *testing.T, which uint16, data []byte) {
		k := Key{Format: formats[int(which)%len(formats)], Data: data}
		err := k.Check()
		d := k.Summary()
		if !reflect.DeepEqual(d, k.Summary()) {
			t.Fatal("two descriptions of one key")
		}
		refused := err != nil && !errors.Is(err, errUnsupported)
		if refused != (slices.Contains(d.Weak, "malformed") || slices.Contains(d.Weak, "private-key")) {
			t.Fatalf("%v, but weak %q", err, d.Weak)
		}
		if !slices.IsSorted(d.Weak) || len(slices.Compact(slices.Clone(d.Weak))) != len(d.Weak) {
			t.Fatalf("weak %q", d.Weak)
		}
		if d.Fingerprint != k.Fingerprint() || d.Description != k.Describe() || d.Fingerprint == "" {
			t.Fatal("Summary is not what Fingerprint and Describe say")
		}
		if strings.ContainsFunc(d.Line(time.Unix(2e9, 0)), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%q", d.Line(time.Unix(2e9, 0)))
		}
		text, jsonErr := json.Marshal(d)
		fatalIfErr(t, jsonErr)
		var again Description
		fatalIfErr(t, json.Unmarshal(text, &again))
		if !reflect.DeepEqual(again, d) {
			t.Fatalf("%s is read as %+v", text, again)
		}
	})
}

func FuzzOpenPGP(f *testing.F)    { fuzzFormats(f, FormatOpenPGP) }
func FuzzSSH(f *testing.F)        { fuzzFormats(f, FormatSSH) }
func FuzzAge(f *testing.F)        { fuzzFormats(f, FormatAge) }
func FuzzX509(f *testing.F)       { fuzzFormats(f, FormatX509) }
func FuzzJWK(f *testing.F)        { fuzzFormats(f, FormatJWK) }
func FuzzKeyPackage(f *testing.F) { fuzzFormats(f, FormatMLSKeyPackage) }

func FuzzRawKeys(f *testing.F) {
	fuzzFormats(f, FormatEd25519, FormatX25519, FormatP256, FormatMLKEM768, FormatMLKEM1024, FormatSignal, FormatMLSSignature)
}

// FuzzDiff has every key be in exactly one list, and nothing be guessed.
func FuzzDiff(f *testing.F) {
	f.Add("SSH:a/pc SSH:b", "SSH:c/pc SSH:b")
	f.Add("OpenPGP:a", "OpenPGP:a'2 X25519:c")
	f.Fuzz(func(t *testing.T, before, after string) {
		old, now := tellAll(t, before), tellAll(t, after)
		d := Diff(old, now)
		pairs := len(d.Replaced) + len(d.Updated) + len(d.Unchanged)
		if len(old) != len(d.Removed)+pairs || len(now) != len(d.Added)+pairs {
			t.Fatalf("%d and %d keys make %+v", len(old), len(now), d)
		}
		for _, r := range d.Replaced {
			if r.Old.Name != r.New.Name || family(r.Old.Format) != family(r.New.Format) {
				t.Fatalf("%+v", r)
			}
		}
		if back := Diff(now, old); len(back.Added) != len(d.Removed) || len(back.Replaced) != len(d.Replaced) {
			t.Fatal("backwards, other keys are replaced")
		}
	})
}
