package monitor

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// accuse stores two heads as evidence, and returns the error that names it.
func (a *Auditor) accuse(first, second *evidence.Head) error {
	finding := fmt.Errorf("the directory has signed two roots for its log of %d entries", first.TreeSize)
	e := newEvidence(&evidence.Evidence{
		Kind: evidence.TreeHeads, Directory: strings.TrimSuffix(a.source.base, "/"), Configuration: a.configuration, Heads: []evidence.Head{*first, *second},
	}, finding, a.cfg.Now())
	out := &Error{Kind: Misbehaved, Err: finding, Hint: "keep this file and show it to others: everybody who has the directory's configuration can check it"}
	_, err := e.Verify(evidence.Expected{})
	var data []byte
	if err == nil {
		data, err = e.Marshal()
	}
	sum := sha256.Sum256(second.Root[:])
	name := fmt.Sprintf("%s/%s-%d-%x.json", evidenceName, e.Kind, first.TreeSize, sum[:8])
	if err == nil {
		err = a.keep(name, data)
	}
	if err != nil {
		out.Err = fmt.Errorf("%w (the evidence could not be stored: %w)", finding, err)
		return out
	}
	out.Evidence = filepath.Join(a.files.dir, filepath.FromSlash(name))
	return out
}
