package detection

import (
	"errors"
	"os"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// kindOf returns the kind of an evidence file.
func (s *scene) kindOf(path string) string {
	s.Helper()
	return string(s.parse(path).Kind)
}

func (s *scene) parse(path string) *evidence.Evidence {
	s.Helper()
	data, err := os.ReadFile(path)
	fatalIfErr(s.T, err)
	e, err := evidence.Parse(data)
	fatalIfErr(s.T, err)
	return e
}

// verify verifies an evidence file as a stranger does who knows the directory's
// Configuration and the key of its log, and reports whether it proves anything.
// What does not has to say so.
func (s *scene) verify(path string) bool {
	s.Helper()
	e := s.parse(path)
	proof, err := e.Verify(evidence.Expected{
		Configuration: must(s.d.honest.log.Config.Marshal()), Logs: []string{s.d.signer.VerifierKey()},
	})
	switch {
	case err == nil && proof == nil, err == nil && e.Class == evidence.ClassReport:
		s.Errorf("%s: proven, and called a report", path)
	case errors.Is(err, evidence.ErrReport):
		return false
	case err != nil:
		s.Errorf("%s: %v", path, err)
	}
	return err == nil
}
