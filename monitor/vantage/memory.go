package vantage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

const (
	memoryName   = "state.json"
	olderName    = memoryName + ".old"
	damagedName  = memoryName + ".damaged"
	memorySchema = "ghostlight/vantage/v1"
	// maxMemory bounds the file: a Document, and maxHappened findings.
	maxMemory = 8 << 20
	// maxHappened bounds what is kept of what happened. Each way and peer has two at
	// most, so that only changes of the configuration come near it.
	maxHappened = 256
	// maxText bounds the texts of each, in bytes.
	maxText = 2 << 10
)

// memory is what is kept.
type memory struct {
	// Heads are the newest that were verified on the monitor's own way, in the form of
	// Document.Heads; Checkpoint is the largest that was believed there.
	Heads      json.RawMessage    `json:"heads,omitempty"`
	Checkpoint string             `json:"checkpoint,omitempty"`
	Happened   []finding.Happened `json:"happened,omitempty"`
}

// note keeps a finding, unless the same is kept.
func (m *memory) note(h finding.Happened) {
	h.Detail, h.Hint = cut(h.Detail), cut(h.Hint)
	unstored := unstoredSubject(&h)
	m.Happened = slices.DeleteFunc(m.Happened, func(old finding.Happened) bool { return old.Subject == unstored })
	for i := range m.Happened {
		old := &m.Happened[i]
		if old.Rule == h.Rule && old.Subject == h.Subject {
			if _, err := os.Stat(old.File); h.File != "" && err != nil {
				*old = h // the file was removed, or never stored
			}
			return
		}
	}
	m.Happened = append(m.Happened, h)
	m.Happened = m.Happened[max(0, len(m.Happened)-maxHappened):]
}

// proven reports whether there is a file of what was found at a place by a rule.
func (m *memory) proven(rule finding.Rule, at place) bool {
	for i := range m.Happened {
		if h := &m.Happened[i]; h.Rule == rule && h.Subject == at.id && h.File != "" {
			_, err := os.Stat(h.File)
			return err == nil
		}
	}
	return false
}

// cut cuts off a text that is too long.
func cut(text string) string { return finding.Cut(text, maxText) }

// load reads what is kept. A damaged file is put aside, and the one before is used.
func (v *Vantage) load() error {
	if err := durable.MakeFolder(v.cfg.Dir); err != nil {
		return err
	}
	m, err := v.read(memoryName)
	if err == nil {
		return v.remember(m)
	}
	older, olderErr := v.read(olderName)
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(olderErr, fs.ErrNotExist):
		return v.remember(new(memory))
	case olderErr != nil:
		return fmt.Errorf("what was compared of %s is damaged: %w; restore %s from a backup, or move it and %s away to begin anew, which forgets what was seen before",
			v.cfg.Name, errors.Join(err, olderErr), v.path(memoryName), olderName)
	}
	older.note(finding.Happened{
		Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Warning,
		Subject: finding.Subject("damaged", v.cfg.Now().UTC().String()),
		Summary: "the file of what was compared was damaged; the monitor went back to the one before",
		Detail:  err.Error(), Hint: "look whether this disk is failing or somebody changed the file; it is kept as " + damagedName,
	})
	if err := os.Rename(v.path(memoryName), v.path(damagedName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := v.remember(older); err != nil {
		return err
	}
	return v.write(older)
}

func (v *Vantage) path(name string) string { return filepath.Join(v.cfg.Dir, name) }

func (v *Vantage) read(name string) (*memory, error) {
	data, err := durable.ReadFile(v.path(name), maxMemory)
	if err != nil {
		return nil, err
	}
	m := new(memory)
	if err := durable.Unseal(memorySchema, data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// remember goes on with m.
func (v *Vantage) remember(m *memory) error {
	v.memory, v.believed = m, nil
	if v.policy == nil || m.Checkpoint == "" {
		return nil
	}
	signed, err := v.policy.open([]byte(m.Checkpoint))
	if err != nil {
		return fmt.Errorf("the checkpoint in %s is not of the log in the witness policy of %s: %w; give it the policy that it had, or move the file and %s away to begin anew",
			v.path(memoryName), v.cfg.Name, err, olderName)
	}
	v.believed = signed
	return nil
}

// write stores m. What was stored before stays as the older file; if there was nothing,
// or nothing that can be read, the older one is the same.
func (v *Vantage) write(m *memory) error {
	data, err := durable.Seal(memorySchema, m)
	if err != nil {
		return err
	}
	before, err := durable.ReadFile(v.path(memoryName), maxMemory)
	switch {
	case err == nil && bytes.Equal(before, data):
		return nil
	case err == nil:
		err = durable.Unseal(memorySchema, before, new(memory))
	}
	if err != nil { // there is none, or it was damaged meanwhile
		before = data
	}
	if err := durable.Replace(v.path(olderName), before); err != nil {
		return err
	}
	return durable.Replace(v.path(memoryName), data)
}
