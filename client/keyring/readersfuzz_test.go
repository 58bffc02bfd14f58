package keyring

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"testing"
)

// seeds are files of every form.
func seeds(f *testing.F, add func([]byte)) {
	for _, k := range vectors(f) {
		for _, file := range forms(k) {
			add(file)
		}
	}
}

// fuzzReader gives any data to one reader, whatever it would be taken for. What it
// accepts are sound public keys, the same ones when it reads again.
func fuzzReader(f *testing.F, read func(*source) error) {
	seeds(f, func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, data []byte) {
		once := func() []Entry {
			opt := Options{DefaultLabel: "x", Now: now, Workers: 1}.withDefaults()
			in := &countingReader{r: bytes.NewReader(data), max: opt.MaxBytes}
			s := &source{name: "f", opt: opt, in: in, r: bufio.NewReaderSize(in, peekSize), col: NewCollector(opt)}
			if err := read(s); err != nil {
				return nil
			}
			entries, _ := s.col.Entries()
			return entries
		}
		entries := once()
		for _, e := range entries {
			for _, k := range e.Set.Keys {
				if err := k.Check(); err != nil || refusePrivate(k.Data) != nil {
					t.Fatalf("accepted %v: %v, %v", k.Describe(), err, refusePrivate(k.Data))
				}
			}
		}
		if !bytes.Equal(encode(t, entries), encode(t, once())) {
			t.Fatal("two readings differ")
		}
	})
}

func FuzzReadPEM(f *testing.F)   { fuzzReader(f, (*source).readPEM) }
func FuzzReadDER(f *testing.F)   { fuzzReader(f, (*source).readDER) }
func FuzzReadJSON(f *testing.F)  { fuzzReader(f, (*source).readJSON) }
func FuzzReadMLS(f *testing.F)   { fuzzReader(f, (*source).readMLS) }
func FuzzReadLines(f *testing.F) { fuzzReader(f, (*source).readLines) }

// FuzzPrivate checks that a private key stays one when it is wrapped once more, and that
// neither a key set nor raw data takes it in.
func FuzzPrivate(f *testing.F) {
	seeds(f, func(b []byte) { f.Add(b) })
	for _, file := range privateFiles(f) {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if privateIn(data, maxWrappings-1) == "" {
			return
		}
		for name, wrapped := range map[string][]byte{
			"as it is": data, "base64": []byte(base64.StdEncoding.EncodeToString(data)), "hex": []byte(hex.EncodeToString(data)),
		} {
			for _, raw := range []bool{false, true} {
				if value, _, err := Value(wrapped, "f", "x", raw); !errors.Is(err, ErrPrivateKey) || value != nil {
					t.Fatalf("%s, raw %v: %v", name, raw, err)
				}
			}
		}
	})
}
