package keytrans_test

import (
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

// TestVectorsCredential does with every credential in the project's test vectors
// what its receiver does.
func TestVectorsCredential(t *testing.T) {
	f := readVectors[vectors.Credential](t, "credential")
	cases, err := vectors.ResolveCredentials(f.Cases)
	fatalIfErr(t, err)
	count := make(map[string]int)
	for _, c := range cases {
		got, err := c.Verify(f.Logs[c.Log])
		if err != nil {
			got = vectors.CredentialExpect{Refusal: vectors.CredentialRefusal(err)}
		}
		if text(t, got) != text(t, c.Expect) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.Name, err, text(t, got), text(t, c.Expect))
		}
		count[c.Expect.Refusal]++
	}
	for _, kind := range []string{"", vectors.Malformed, vectors.Proof, vectors.Signature, vectors.NotRecent} {
		if count[kind] == 0 {
			t.Errorf("no case is refused as %q", kind)
		}
	}
}
