package monitor

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// accuse stores two heads as evidence, and returns the error that names it.
func (a *Auditor) accuse(first, second *evidence.Head) error {
	return accuseHeads(a.files.dir, a.keep, &evidence.Evidence{
		Directory: strings.TrimSuffix(a.source.base, "/"), Configuration: a.configuration, Heads: []evidence.Head{*first, *second},
	}, a.cfg.Now())
}

// accuseHeads stores evidence of two heads in a folder, and returns the error that
// names it.
func accuseHeads(dir string, keep func(name string, data []byte) error, e *evidence.Evidence, at time.Time) error {
	size, second := e.Heads[0].TreeSize, e.Heads[1].Root
	finding := fmt.Errorf("the directory has signed two roots for its log of %d entries", size)
	e.Kind = evidence.TreeHeads
	newEvidence(e, finding, at)
	out := &Error{Kind: Misbehaved, Err: finding, Hint: "keep this file and show it to others: everybody who has the directory's configuration can check it"}
	_, err := e.Verify(evidence.Expected{})
	var data []byte
	if err == nil {
		data, err = e.Marshal()
	}
	sum := sha256.Sum256(second[:])
	name := fmt.Sprintf("%s/%s-%d-%x.json", evidenceName, e.Kind, size, sum[:8])
	if err == nil {
		err = keep(name, data)
	}
	if err != nil {
		out.Err = fmt.Errorf("%w (the evidence could not be stored: %w)", finding, err)
		return out
	}
	out.Evidence = filepath.Join(dir, filepath.FromSlash(name))
	return out
}
