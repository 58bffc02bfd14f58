// Package importer publishes the keys of keyrings: it reads files, unites the
// keys of each label, and creates a new version of every label whose keys are
// not the published ones.
package importer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/keyring"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/pipeline"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// Config describes an import.
type Config struct {
	// Directory takes the new versions, in the name of Identity.
	Directory *directory.Directory
	Identity  directory.Identity

	// Options say how files are read. Progress is not used.
	Options keyring.Options

	// Batch is the most labels in one call of Insert. Default 10,000.
	Batch int

	// Report, if set, takes every item as soon as it is known.
	Report func(Item)

	// Reading and Publishing, if set, are called as the two phases go on.
	Reading    func(bytes, total int64)
	Publishing func(labels, total int64)
}

// batchBytes bounds the values in a batch: batches are held in memory.
const batchBytes = 64 << 20

// Outcome says what became of something that was read.
type Outcome string

// The outcomes of an import.
const (
	Created   Outcome = "created"   // the label is new
	Updated   Outcome = "updated"   // the label has a new version
	Unchanged Outcome = "unchanged" // its keys are the published ones
	Refused   Outcome = "refused"   // the directory does not take the new version
	Skipped   Outcome = "skipped"   // something in a file was not imported
	Failed    Outcome = "failed"    // a file could not be read
	Weak      Outcome = "weak"      // a key is weak, and imported all the same
)

// Item is one line of the report: a label, something skipped in a file, or a
// file that could not be read.
type Item struct {
	Outcome Outcome `json:"outcome"`
	Label   string  `json:"label,omitempty"`
	Version *uint32 `json:"version,omitempty"`
	Source  string  `json:"source,omitempty"`
	Item    string  `json:"item,omitempty"`
	Reason  string  `json:"reason,omitempty"`
}

// Summary counts what an import did.
type Summary struct {
	Files   int `json:"files"`
	Keys    int `json:"keys"`     // certificates, or lines with a key
	UserIDs int `json:"user_ids"` // of OpenPGP certificates
	Labels  int `json:"labels"`   // with something to publish

	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Refused   int `json:"refused"`
	Skipped   int `json:"skipped"`
	Failed    int `json:"failed"`

	// Reasons counts the reasons of everything not imported, the most frequent
	// first.
	Reasons []Reason `json:"reasons"`
	// Weak counts the weak keys that were imported all the same, by weakness.
	Weak []Reason `json:"weak,omitempty"`
}

// Reason is why things were not imported.
type Reason struct {
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"`
	Count   int     `json:"count"`
}

// Usable says whether the files held anything that is now published.
func (s *Summary) Usable() bool { return s.Created+s.Updated+s.Unchanged > 0 }

// Run imports files. The Summary is of use even with an error: what it counts
// is published, and running the import again goes on from there.
func Run(ctx context.Context, cfg Config, files []string) (*Summary, error) {
	if cfg.Batch == 0 {
		cfg.Batch = 10_000
	}
	im := &run{cfg: cfg, reasons: make(map[Reason]int)}
	entries, err := im.read(ctx, files)
	if err == nil {
		im.entries, im.summary.Labels = entries, len(entries)
		err = pipeline.Insert(ctx, cfg.Directory, im)
	}
	im.countReasons()
	return &im.summary, err
}

// countReasons puts the reasons into the summary.
func (im *run) countReasons() {
	s := &im.summary
	for r, n := range im.reasons {
		r.Count = n
		if r.Outcome == Weak {
			s.Weak = append(s.Weak, r)
		} else {
			s.Reasons = append(s.Reasons, r)
		}
	}
	for _, list := range [][]Reason{s.Reasons, s.Weak} {
		slices.SortFunc(list, func(a, b Reason) int {
			return cmp.Or(b.Count-a.Count, strings.Compare(a.Reason, b.Reason))
		})
	}
}

// run is an import under way. It implements pipeline.Source.
type run struct {
	cfg     Config
	summary Summary
	reasons map[Reason]int // by a Reason without its count

	entries []keyring.Entry // not yet looked at
	settled int64           // labels with an outcome
}

// report counts an item and passes it on.
func (im *run) report(i Item) {
	s := &im.summary
	switch i.Outcome {
	case Created:
		s.Created++
	case Updated:
		s.Updated++
	case Unchanged:
		s.Unchanged++
	case Refused:
		s.Refused++
	case Skipped:
		s.Skipped++
	case Failed:
		s.Failed++
	}
	if i.Reason != "" {
		im.reasons[Reason{Outcome: i.Outcome, Reason: i.Reason}]++
	}
	if im.cfg.Report != nil {
		im.cfg.Report(i)
	}
}

// read reads the files and returns the united keys by label.
func (im *run) read(ctx context.Context, files []string) ([]keyring.Entry, error) {
	sizes, total := fileSizes(files)
	collector := keyring.NewCollector(im.cfg.Options)
	before := int64(0)
	for i, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		im.summary.Files++
		opt := im.cfg.Options
		if im.cfg.Reading != nil {
			opt.Progress = func(bytes int64, _ int) { im.cfg.Reading(before+bytes, total) }
		}
		result, err := keyring.ReadFile(file, opt)
		before += sizes[i]
		if err != nil {
			im.report(Item{Outcome: Failed, Source: file, Reason: err.Error()})
			continue
		}
		im.summary.Keys += result.Items
		im.summary.UserIDs += result.UserIDs
		im.skip(result.Skipped)
		collector.Add(result)
	}
	entries, skipped := collector.Entries()
	im.skip(skipped)
	im.reportWeak(entries)
	return entries, nil
}

func (im *run) skip(skipped []keyring.Skipped) {
	for _, s := range skipped {
		im.report(Item{Outcome: Skipped, Source: s.Source, Item: s.Item, Reason: s.Reason})
	}
}

// fileSizes returns the files' sizes, 0 for what cannot be looked at.
func fileSizes(files []string) (sizes []int64, total int64) {
	sizes = make([]int64, len(files))
	for i, file := range files {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			sizes[i] = info.Size()
			total += sizes[i]
		}
	}
	return sizes, total
}

// Next implements pipeline.Source.
func (im *run) Next() ([]directory.NewVersions, error) {
	var batch []directory.NewVersions
	size := 0
	for len(im.entries) > 0 && len(batch) < im.cfg.Batch && size < batchBytes {
		entry := im.entries[0]
		im.entries = im.entries[1:]
		update, err := im.plan(entry)
		if err != nil {
			return nil, fmt.Errorf("label %s: %w", entry.Label, err)
		}
		if update != nil {
			batch = append(batch, *update)
			size += len(update.Values[0])
		}
	}
	return batch, nil
}

// plan returns the new version that an entry needs, nil if none.
func (im *run) plan(e keyring.Entry) (*directory.NewVersions, error) {
	value, err := e.Set.Marshal()
	if err != nil {
		return nil, err
	}
	u := &directory.NewVersions{Label: []byte(e.Label), Values: [][]byte{value}, Identity: im.cfg.Identity}
	version, current, err := im.cfg.Directory.Greatest(context.Background(), u.Label)
	switch {
	case errors.Is(err, directory.ErrUnknownLabel):
		return u, nil
	case errors.Is(err, directory.ErrErased):
		// It was erased on purpose; to publish it again takes more than a file
		// that still has it.
		im.settle(Item{Outcome: Refused, Label: e.Label, Reason: "the label's value was erased"})
		return nil, nil
	case err != nil:
		return nil, err
	case bytes.Equal(current, value):
		im.settle(Item{Outcome: Unchanged, Label: e.Label, Version: &version})
		return nil, nil
	}
	u.Greatest = &version
	return u, nil
}

// settle reports the outcome of a label.
func (im *run) settle(i Item) {
	im.report(i)
	im.settled++
	if im.cfg.Publishing != nil {
		im.cfg.Publishing(im.settled, int64(im.summary.Labels))
	}
}

// Done implements pipeline.Source. What is wrong with one label does not stop
// the others; trouble of the directory does.
func (im *run) Done(batch []directory.NewVersions, outcomes []error) error {
	var trouble error
	for i, u := range batch {
		item := Item{Outcome: Created, Label: string(u.Label), Version: new(uint32)}
		if u.Greatest != nil {
			item.Outcome = Updated
			*item.Version = *u.Greatest + 1
		}
		if err := outcomes[i]; err != nil {
			if !errors.Is(err, directory.ErrForbidden) && !errors.Is(err, directory.ErrPolicy) && !errors.Is(err, keytrans.ErrRequest) {
				trouble = err
				continue
			}
			item.Outcome, item.Version, item.Reason = Refused, nil, err.Error()
		}
		im.settle(item)
	}
	return trouble
}

// MaxSetBytes returns the size of the largest key set that fits a value.
func MaxSetBytes(maxValue int) int { return min(maxValue, keyset.MaxSize) }
