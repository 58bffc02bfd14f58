package keytrans_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

// vectorsDir has the project's test vectors.
const vectorsDir = "../testdata/vectors"

func readVectors[C any](t *testing.T, name string) *vectors.File[C] {
	t.Helper()
	f, err := vectors.Read[C](filepath.Join(vectorsDir, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Notes) == 0 || len(f.Cases) == 0 {
		t.Fatalf("%s: %d notes, %d cases", name, len(f.Notes), len(f.Cases))
	}
	return f
}

// TestVectors does with every response in the project's test vectors what a user
// does, and holds what that establishes, or why it is refused, against the vector.
func TestVectors(t *testing.T) {
	for _, operation := range vectors.OperationNames() {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			f := readVectors[vectors.Case](t, operation)
			cases, err := vectors.Resolve(f.Cases)
			if err != nil {
				t.Fatal(err)
			}
			count := make(map[string]int)
			for i := range cases {
				checkVector(t, operation, &cases[i], f.Logs)
				count[cases[i].Expect.Refusal]++
			}
			if count[""] == 0 || count[vectors.Malformed] == 0 || count[vectors.Proof] == 0 || count[vectors.Signature] == 0 {
				t.Errorf("the cases by refusal: %v", count)
			}
			t.Logf("%d cases, by refusal: %v", len(cases), count)
		})
	}
}

func checkVector(t *testing.T, operation string, c *vectors.Case, logs map[string]vectors.Hex) {
	t.Helper()
	before := text(t, c.State)
	got, err := c.Verify(operation, logs[c.Log])
	if err != nil {
		got = vectors.Expect{Refusal: vectors.Refusal(err)}
	}
	if text(t, got) != text(t, c.Expect) {
		t.Errorf("%s: %v\n got %s\nwant %s", c.Name, err, text(t, got), text(t, c.Expect))
	}
	if text(t, c.State) != before {
		t.Errorf("%s: the retained state changed", c.Name)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
