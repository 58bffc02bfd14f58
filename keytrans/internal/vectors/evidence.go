package vectors

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// Evidence is an evidence file, and what it proves to a reader.
type Evidence struct {
	Name string `json:"name"`
	// Of names the case whose file Edits are applied to.
	Of    string `json:"of,omitempty"`
	File  string `json:"file,omitempty"`
	Edits []Edit `json:"edits,omitempty"`
	// Configuration and Logs are what the reader expects.
	Configuration *Hex           `json:"expected_configuration,omitempty"`
	Logs          []string       `json:"expected_logs,omitempty"`
	Expect        EvidenceExpect `json:"expect"`
}

// EvidenceExpect is what becomes of an evidence file.
type EvidenceExpect struct {
	Outcome             string `json:"outcome"`
	Kind                string `json:"kind,omitempty"`
	Rule                string `json:"rule,omitempty"`
	ConfigurationSHA256 string `json:"configuration_sha256,omitempty"`
	Log                 string `json:"log,omitempty"`
	Private             *bool  `json:"private,omitempty"`
}

// ResolveEvidence is Resolve for evidence.
func ResolveEvidence(cases []Evidence) ([]Evidence, error) {
	byName := make(map[string]string)
	for i := range cases {
		c := &cases[i]
		if c.Of != "" {
			base, ok := byName[c.Of]
			if !ok {
				return nil, fmt.Errorf("%s: there is no case %s before it", c.Name, c.Of)
			}
			file, err := Apply(c.Edits, []byte(base))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
			c.File = string(file)
		}
		if _, again := byName[c.Name]; again {
			return nil, fmt.Errorf("two cases are named %s", c.Name)
		}
		byName[c.Name] = c.File
	}
	return cases, nil
}

// Verify returns what becomes of the file of a resolved case.
func (c *Evidence) Verify() EvidenceExpect {
	e, err := evidence.Parse([]byte(c.File))
	if err != nil {
		return EvidenceExpect{Outcome: Malformed}
	}
	private := e.Private()
	out := EvidenceExpect{Private: &private}
	expected := evidence.Expected{Logs: c.Logs}
	if c.Configuration != nil {
		expected.Configuration = *c.Configuration
	}
	p, err := e.Verify(expected)
	switch {
	case err == nil:
		out.Outcome, out.Kind, out.Rule = "proven", string(p.Kind), p.Rule
		out.ConfigurationSHA256, out.Log = p.ConfigurationSHA256, p.Log
	case errors.Is(err, evidence.ErrReport):
		out.Outcome = "report"
	case errors.Is(err, evidence.ErrOther):
		out.Outcome = "other"
	case errors.Is(err, evidence.ErrPair):
		out.Outcome = "pair"
	case errors.Is(err, evidence.ErrNotProof):
		out.Outcome = "not-proof"
	default:
		out.Outcome = err.Error()
	}
	return out
}
