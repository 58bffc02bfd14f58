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

// expectedOf returns whom evidence of a monitor's own may accuse: the configuration
// and the logs of the policy, unless these are nil. Of evidence that names both, the
// monitor knew that they belong together when it wrote it.
func expectedOf(e *evidence.Evidence, configuration []byte, policy *checkpoint.Policy) evidence.Expected {
	out := evidence.Expected{Configuration: configuration}
	if configuration == nil {
		out.Configuration = e.Configuration
	}
	if policy == nil {
		if e.Log != "" {
			out.Logs = []string{e.Log}
		}
		return out
	}
	for _, l := range policy.Logs {
		if l.VerifierKey == e.Log {
			out.Logs = []string{e.Log}
			return out
		}
		out.Logs = append(out.Logs, l.VerifierKey)
	}
	return out
}

// writeEvidence stores evidence, which must be proof under the policy, and
// returns the path of its file. Evidence that is there already stays as it is.
func (f *files) writeEvidence(e *evidence.Evidence, policy *checkpoint.Policy) (string, error) {
	if _, err := e.Verify(expectedOf(e, nil, policy)); err != nil {
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
