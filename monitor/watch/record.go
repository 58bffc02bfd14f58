package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// MaxHappened is how many findings of things that happened are kept for each label, and
// for the directory.
const MaxHappened = 32

const (
	recordName     = "watched.json"
	recordSchema   = "ghostlight/watched/v1"
	maxRecordBytes = 1 << 30
)

// record is what the watcher keeps of what it has told.
type record struct {
	// Labels are those that are watched, in order.
	Labels []*watched `json:"labels"`
	// Happened is about the directory as a whole.
	Happened []finding.Happened `json:"happened,omitempty"`

	labels map[watchedKey]*watched
}

type watchedKey struct{ role, label string }

// watched is what is kept of one label.
type watched struct {
	Label string `json:"label"`
	Role  string `json:"role"`
	// Told is what the label had last, of which there is a finding. Of an owned label
	// the value may not be known.
	Told     told               `json:"told"`
	Happened []finding.Happened `json:"happened,omitempty"`
}

// told is a version that was told of.
type told struct {
	// Version is nil if the label had none.
	Version *uint32 `json:"version"`
	// Value is nil if it was not to be had.
	Value *client.Value `json:"value,omitempty"`
}

// note adds what happened to a list, in the place of the same if it has that. What was
// proven stays so. If there is too much, the oldest that is no evidence goes.
func note(list []finding.Happened, h finding.Happened) []finding.Happened {
	i := slices.IndexFunc(list, func(o finding.Happened) bool { return o.Rule == h.Rule && o.Subject == h.Subject })
	switch {
	case i >= 0 && list[i].Class == finding.Evidence && h.Class != finding.Evidence:
		return list
	case i >= 0:
		list[i] = h
		return list
	case len(list) >= MaxHappened:
		oldest := slices.IndexFunc(list, func(o finding.Happened) bool { return o.Class != finding.Evidence })
		list = slices.Delete(list, max(oldest, 0), max(oldest, 0)+1)
	}
	return append(list, h)
}

func newRecord() *record { return &record{labels: make(map[watchedKey]*watched)} }

// of returns what is kept of a label, nil if nothing.
func (r *record) of(role, label string) *watched { return r.labels[watchedKey{role, label}] }

// begin keeps a new label.
func (r *record) begin(role, label string, t told) *watched {
	w := &watched{Label: label, Role: role, Told: t}
	r.labels[watchedKey{role, label}] = w
	return w
}

// loadRecord reads the record in a folder. A damaged one is put aside, and damage says
// so, with the path.
func loadRecord(dir string) (r *record, damage, err error) {
	path := filepath.Join(dir, recordName)
	data, err := durable.ReadFile(path, maxRecordBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return newRecord(), nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	r = newRecord()
	if err := durable.Unseal(recordSchema, data, r); err != nil {
		aside := path + ".damaged"
		damage = fmt.Errorf("%s, SHA-256 %s, now %s.damaged: %w", path, durable.Hash(data)[:16], recordName, err)
		return newRecord(), damage, errors.Join(os.Rename(path, aside), durable.SyncFolder(dir))
	}
	for _, w := range r.Labels {
		if w != nil {
			r.labels[watchedKey{w.Role, w.Label}] = w
		}
	}
	return r, nil, nil
}

// save stores the record.
func (r *record) save(dir string) error {
	r.Labels = slices.SortedFunc(maps.Values(r.labels), func(a, b *watched) int {
		if a.Label != b.Label {
			return strings.Compare(a.Label, b.Label)
		}
		return strings.Compare(a.Role, b.Role)
	})
	data, err := durable.Seal(recordSchema, r)
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(dir, recordName), data)
}
