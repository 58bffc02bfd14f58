package watch

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/client/keyring"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// MaxExpectations bounds the files in a folder of expectations.
const MaxExpectations = 10_000

const (
	expectationSchema   = "ghostlight/expectation/v1"
	maxExpectationBytes = 64 << 10
	maxNoteBytes        = 1 << 10
	maxKeyFile          = 16 << 20
)

// Expectation says that the next version of a label has a value. It excuses one version:
// the first one after it was given, and only if that has the value. If another one
// comes first, the expectation lapses.
type Expectation struct {
	Directory string `json:"directory"` // the name in the monitor's configuration
	Label     string `json:"label"`
	// ValueSHA256 is the hash of the value, in hexadecimal.
	ValueSHA256 string    `json:"value_sha256"`
	Note        string    `json:"note,omitempty"` // for people
	At          time.Time `json:"at"`             // to the second
	// Version is the version that is being accepted, nil if none came yet: no other
	// one is excused from then on, whenever the program ends.
	Version *uint32 `json:"version,omitempty"`

	// File is the path of the expectation. Removing it withdraws the expectation.
	File string `json:"-"`
}

// Expect announces the next version of a label. dir is the monitor's folder of
// expectations, directory the name that its configuration gives the directory, and now
// the time. If the same is expected already, that is what is returned.
func Expect(dir, directory, label string, value []byte, note string, now time.Time) (Expectation, error) {
	label, err := labels.Normalize(label)
	if err != nil {
		return Expectation{}, fmt.Errorf("the label: %w", err)
	}
	if directory == "" || len(note) > maxNoteBytes {
		return Expectation{}, fmt.Errorf("an expectation takes the name of a directory, and a note of at most %d bytes", maxNoteBytes)
	}
	e := Expectation{Directory: directory, Label: label, ValueSHA256: durable.Hash(value), Note: note, At: now.UTC().Truncate(time.Second)}
	if err := durable.MakeFolder(dir); err != nil {
		return Expectation{}, err
	}
	list, err := Expectations(dir)
	var damaged *DamagedError
	if err != nil && !errors.As(err, &damaged) {
		return Expectation{}, err
	}
	e.File = filepath.Join(dir, e.name())
	for _, other := range list {
		switch {
		case other.File != e.File:
		case other.Version != nil:
			return Expectation{}, fmt.Errorf("version %d is being accepted with this value: expect the next one after the monitor's next round", *other.Version)
		default:
			return other, nil
		}
	}
	n := len(list)
	if damaged != nil {
		n += len(damaged.Files)
	}
	if n >= MaxExpectations {
		return Expectation{}, fmt.Errorf("there are %d expectations in %s already: remove those that nobody waits for", n, dir)
	}
	return e, e.write()
}

// name is the file's name. It tells neither the label nor the value.
func (e *Expectation) name() string {
	id := finding.Subject("ghostlight expectation", e.Directory, e.Label, e.ValueSHA256)
	return durable.Hash([]byte(id))[:32] + ".json"
}

func (e *Expectation) write() error {
	data, err := durable.Seal(expectationSchema, e)
	if err != nil {
		return err
	}
	return durable.Replace(e.File, data)
}

// String describes the expectation in a line, with the label.
func (e *Expectation) String() string {
	s := fmt.Sprintf("%s in %s: value %s, expected since %s", e.Label, e.Directory, e.ValueSHA256, e.At.Format(time.RFC3339))
	if e.Note != "" {
		s += " (" + e.Note + ")"
	}
	return s
}

// DamagedError tells of files that look like expectations and cannot be read. They
// excuse nothing.
type DamagedError struct {
	Files []string // paths, in order
	err   error
}

// Error names the first file and what is wrong with it.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%d expectations cannot be read: %v", len(e.Files), e.err)
}

// Unwrap returns what is wrong with the first file.
func (e *DamagedError) Unwrap() error { return e.err }

// Expectations returns what is expected and has not come, from old to new. Files of
// other names are passed over. The error is a *DamagedError if some files cannot be
// read; the others are returned nevertheless.
func Expectations(dir string) ([]Expectation, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []Expectation
	var damaged DamagedError
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), ".json")
		if !ok || len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
			continue
		}
		path := filepath.Join(dir, f.Name())
		e, err := readExpectation(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // used meanwhile
		}
		if err != nil {
			damaged.Files = append(damaged.Files, path)
			damaged.err = cmp.Or(damaged.err, fmt.Errorf("%s: %w", path, err))
			continue
		}
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b Expectation) int { return a.At.Compare(b.At) })
	if damaged.err != nil {
		return out, &damaged
	}
	return out, nil
}

func readExpectation(path string) (Expectation, error) {
	data, err := durable.ReadFile(path, maxExpectationBytes)
	if err != nil {
		return Expectation{}, err
	}
	e := Expectation{File: path}
	if err := durable.Unseal(expectationSchema, data, &e); err != nil {
		return Expectation{}, err
	}
	if e.name() != filepath.Base(path) {
		return Expectation{}, errors.New("its name is that of another expectation")
	}
	return e, nil
}

// ValueOfFile returns the value that kt publish makes of a file for a label, and what of
// the file it leaves out: see keyring.Value.
func ValueOfFile(path, label string, raw bool) (value []byte, skipped []keyring.Skipped, err error) {
	f, err := os.Open(path) // it may be a pipe
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	switch {
	case err != nil:
		return nil, nil, err
	case len(data) > maxKeyFile:
		return nil, nil, fmt.Errorf("%s is larger than %d bytes", path, maxKeyFile)
	}
	return keyring.Value(data, path, label, raw)
}
