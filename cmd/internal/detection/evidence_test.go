package detection

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// verify verifies the evidence of a sighting by kt evidence verify, as a stranger does
// who knows the directory's Configuration and the key of its log.
func (s *scene) verify(x *sighting) {
	s.Helper()
	for _, path := range x.evidence {
		kind, proves := s.verifyFile(path)
		if proves {
			x.proofs = appendNew(x.proofs, kind)
		} else {
			x.reports = appendNew(x.reports, kind)
		}
	}
	slices.Sort(x.proofs)
}

// verifyFile returns the kind of an evidence file and whether it proves anything.
// One that does not has to say so.
func (s *scene) verifyFile(path string) (kind string, proves bool) {
	s.Helper()
	data, err := os.ReadFile(path)
	fatalIfErr(s.T, err)
	e, err := evidence.Parse(data)
	fatalIfErr(s.T, err)
	dir := s.TempDir()
	configuration := writeFile(s.T, filepath.Join(dir, "configuration"), must(s.d.honest.log.Config.Marshal()))
	policy := writeFile(s.T, filepath.Join(dir, "policy"), s.d.policy())
	r := execute(s.T, "kt", "--state", dir, "evidence", "verify", path, "--configuration", configuration, "--policy", policy)
	want := exitMisbehaviour
	if e.Class == evidence.ClassReport {
		want = exitUndecided
	}
	if r.code != want {
		s.Errorf("of class %s: %v", e.Class, r)
	}
	return string(e.Kind), r.code == exitMisbehaviour
}
