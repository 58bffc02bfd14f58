package detection

import (
	"errors"
	"os"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// verify verifies the evidence of a sighting as a stranger does, who knows the
// directory's Configuration and the key of its log.
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
	_, err = e.Verify(evidence.Expected{
		Configuration: must(s.d.honest.log.Config.Marshal()), Logs: []string{s.d.signer.VerifierKey()},
	})
	switch report := e.Class == evidence.ClassReport; {
	case err == nil && report:
		s.Errorf("%s: proven, and called a report", path)
	case err != nil && !(report && errors.Is(err, evidence.ErrReport)):
		s.Errorf("%s: %v", path, err)
	}
	return string(e.Kind), err == nil
}
