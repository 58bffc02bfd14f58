package monitor

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// newEvidence completes evidence that was found at the given time.
func newEvidence(e *evidence.Evidence, finding error, at time.Time) *evidence.Evidence {
	e.Schema, e.Summary, e.FoundAt = evidence.Schema, finding.Error(), at.UTC()
	e.Classify()
	return e
}

// writeEvidence stores evidence, which must be proof under the policy, and
// returns the path of its file. Evidence that is there already stays as it is.
func (f *files) writeEvidence(e *evidence.Evidence, policy *checkpoint.Policy) (string, error) {
	var expected evidence.Expected
	for _, l := range policy.Logs {
		expected.Logs = append(expected.Logs, l.VerifierKey)
	}
	if _, err := e.Verify(expected); err != nil {
		return "", err
	}
	undated := *e
	undated.FoundAt = time.Time{}
	id, err := json.Marshal(undated)
	if err != nil {
		return "", err
	}
	data, err := e.Marshal()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(id)
	name := fmt.Sprintf("%s/%s-%x.json", evidenceName, e.Kind, sum[:8])
	if _, err := os.Stat(f.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(f.dir, name), err
	}
	if err := f.write(name, data); err != nil {
		return "", err
	}
	return filepath.Join(f.dir, name), f.sync()
}
