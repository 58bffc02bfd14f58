package client_test

import (
	"os"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

func readEvidence(t testing.TB, path string) *evidence.Evidence {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	e, err := evidence.Parse(data)
	must(t, err)
	return e
}

// checkProof verifies evidence as somebody would who knows nothing but the directory's
// Configuration.
func checkProof(t testing.TB, path string, configuration []byte) *evidence.Proof {
	t.Helper()
	e := readEvidence(t, path)
	p, err := e.Verify(evidence.Expected{Configuration: configuration})
	must(t, err)
	if e.Class != evidence.ClassEvidence || e.Rule != p.Rule || p.Found == "" {
		t.Errorf("class %q, rule %q, proof %+v", e.Class, e.Rule, p)
	}
	return p
}
