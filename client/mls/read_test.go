package mls

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The examples of RFC 9420, Section 2.1.2, and the limits of each form.
func TestLength(t *testing.T) {
	for _, tt := range []struct {
		encoded string
		want    int
	}{
		{"9d7f3e7d", 494878333}, {"7bbd", 15293}, {"25", 37},
		{"00", 0}, {"3f", 63}, {"4040", 64}, {"7fff", 16383}, {"80004000", 16384}, {"bfffffff", 1<<30 - 1},
	} {
		r := &reader{rest: unhex(t, tt.encoded)}
		if got := r.length("x"); r.err != nil || got != tt.want || len(r.rest) != 0 {
			t.Errorf("%s: %d, %v; want %d", tt.encoded, got, r.err, tt.want)
		}
	}
	for _, bad := range []string{
		"", "40", "4000", "403f", "80", "800000", "80000000", "80003fff", "80000040", "c0", "ff", "c000000000000000", "c000000040000000",
	} {
		r := &reader{rest: unhex(t, bad)}
		if got := r.length("x"); !errors.Is(r.err, errMalformed) {
			t.Errorf("%q: %d, %v", bad, got, r.err)
		}
	}
}

func TestVectorRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 16383, 16384, 100000} {
		v := bytes.Repeat([]byte{1}, n)
		r := &reader{rest: appendVector(nil, v)}
		if got := r.vector("x"); r.end() != nil || !bytes.Equal(got, v) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), r.err)
		}
	}
	// A vector that claims more than there is allocates nothing.
	r := &reader{rest: unhex(t, "bfffffff00")}
	if got := r.vector("x"); got != nil || !errors.Is(r.err, errMalformed) {
		t.Errorf("got %d bytes, %v", len(got), r.err)
	}
}

func TestReaderStopsAtFirstError(t *testing.T) {
	r := &reader{rest: []byte{2, 1, 2, 3, 4}}
	r.present("first")
	if r.uint8("second") != 0 || r.uint16("third") != 0 || r.vector("fourth") != nil {
		t.Error("read on after an error")
	}
	if want := "mls: malformed: first has a presence octet other than 0 and 1"; r.end().Error() != want {
		t.Errorf("got %q", r.end())
	}
}
