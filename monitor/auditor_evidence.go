package monitor

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// EvidenceHeads is two heads of one size, both signed by a directory, over two
// roots.
const EvidenceHeads = "tree-heads"

// headsEvidence proves that a directory has misbehaved, to everybody who has its
// Configuration. In JSON, byte strings are in base64, roots in hexadecimal.
type headsEvidence struct {
	Schema        string       `json:"schema"`
	Kind          string       `json:"kind"`
	Summary       string       `json:"summary"`
	FoundAt       time.Time    `json:"found_at"`
	Configuration []byte       `json:"configuration"`
	Heads         []signedHead `json:"heads"`
}

// verify returns nil if e is proof under its Configuration, which readers compare
// with the one that they know.
func (e *headsEvidence) verify() error {
	cfg, err := keytrans.ParseConfiguration(e.Configuration)
	if err != nil {
		return err
	}
	if len(e.Heads) != 2 || e.Heads[0].TreeSize != e.Heads[1].TreeSize || e.Heads[0].Root == e.Heads[1].Root {
		return fmt.Errorf("%w: it has no two roots of one size", errEvidence)
	}
	return errors.Join(e.Heads[0].verify(cfg), e.Heads[1].verify(cfg))
}

// accuse stores two heads as evidence, and returns the error that names it.
func (a *Auditor) accuse(first, second *signedHead) error {
	return accuseHeads(a.files.dir, a.keep, &headsEvidence{
		FoundAt: a.cfg.Now().UTC(), Configuration: a.configuration, Heads: []signedHead{*first, *second},
	})
}

// accuseHeads stores evidence in a folder, and returns the error that names it.
func accuseHeads(dir string, keep func(name string, data []byte) error, e *headsEvidence) error {
	size, second := e.Heads[0].TreeSize, e.Heads[1].Root
	finding := fmt.Errorf("the directory has signed two roots for its log of %d entries", size)
	e.Schema, e.Kind, e.Summary = EvidenceSchema, EvidenceHeads, finding.Error()
	out := &Error{Kind: Misbehaved, Err: finding, Hint: "keep this file and show it to others: everybody who has the directory's configuration can check it"}
	err := e.verify()
	var data []byte
	if err == nil {
		data, err = json.MarshalIndent(e, "", "  ")
	}
	sum := sha256.Sum256(second[:])
	name := fmt.Sprintf("%s/%s-%d-%x.json", evidenceName, EvidenceHeads, size, sum[:8])
	if err == nil {
		err = keep(name, append(data, '\n'))
	}
	if err != nil {
		out.Err = fmt.Errorf("%w (the evidence could not be stored: %w)", finding, err)
		return out
	}
	out.Evidence = filepath.Join(dir, filepath.FromSlash(name))
	return out
}
