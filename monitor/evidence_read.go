package monitor

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// FoundEvidence is an evidence file that a monitor has written and that verifies.
type FoundEvidence struct {
	File     string // its path
	Evidence *evidence.Evidence
}

// ReadEvidence returns the evidence in the folder of a mirror or an auditor. Files
// that prove nothing against the log with the Configuration or the policy, either of
// which may be nil, are in the other list with the reason. The error is one of
// listing the folder.
func ReadEvidence(dir string, configuration, policy []byte) (found []FoundEvidence, useless map[string]error, err error) {
	names, err := os.ReadDir(filepath.Join(dir, evidenceName))
	if os.IsNotExist(err) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	useless = make(map[string]error)
	for _, entry := range names {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		path := filepath.Join(dir, evidenceName, entry.Name())
		e, err := readEvidenceFile(path, configuration, policy)
		if err != nil {
			useless[path] = err
			continue
		}
		found = append(found, *e)
	}
	return found, useless, nil
}

func readEvidenceFile(path string, configuration, policy []byte) (*FoundEvidence, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, evidence.MaxSize+1))
	if err != nil {
		return nil, err
	}
	e, err := evidence.Parse(data)
	if err != nil {
		return nil, err
	}
	var parsed *checkpoint.Policy
	if policy != nil {
		if parsed, err = parsePolicy(policy); err != nil {
			return nil, err
		}
	}
	expected := expectedOf(e, configuration, parsed)
	if _, err := e.Verify(expected); err != nil {
		return nil, err
	}
	return &FoundEvidence{path, e}, nil
}
