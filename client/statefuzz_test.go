package client_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
)

// FuzzState reads a state file with any state in it, under a checksum that fits.
// What is accepted is written as what is read again as the same.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"directory":"https://kt.example","configuration":"","trusted_at":"2026-01-02T03:04:05Z",` +
		`"view":{"tree_size":0,"signature":"","full_subtrees":[],"frontier":[]},"contacts":[],"owners":[]}`))
	f.Fuzz(func(t *testing.T, state []byte) {
		var compact bytes.Buffer
		if json.Compact(&compact, state) != nil {
			return // no checksum can fit
		}
		state = compact.Bytes()
		for version := range 5 {
			file := fmt.Appendf(nil, `{"format":"ghostlight-state","version":%d,"sha256":"%x","state":%s}`, version, sha256.Sum256(state), state)
			once, err := client.RecodeState(file)
			if err != nil {
				continue
			}
			if twice, err := client.RecodeState(once); err != nil || !bytes.Equal(twice, once) {
				t.Errorf("%s is written as %s, which is read as %s, %v", file, once, twice, err)
			}
		}
	})
}
