package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// Draft is the text that the vectors follow.
const Draft = "draft-ietf-keytrans-protocol, commit 526cc8a"

// File is one file of vectors with cases of type C. All its integers are below
// 2^53.
type File[C any] struct {
	// Notes explain the file and each of its fields.
	Notes []string
	// Logs are the encoded Configurations of the logs that cases name.
	Logs  map[string]Hex
	Cases []C
}

// Marshal returns the file's JSON text: one note or case on a line.
func (f *File[C]) Marshal() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("{\n")
	fmt.Fprintf(&b, "  \"draft\": %q,\n", Draft)
	if err := writeList(&b, "notes", f.Notes); err != nil {
		return nil, err
	}
	b.WriteString(",\n")
	if len(f.Logs) > 0 {
		if err := writeLogs(&b, f.Logs); err != nil {
			return nil, err
		}
	}
	if err := writeList(&b, "cases", f.Cases); err != nil {
		return nil, err
	}
	b.WriteString("\n}\n")
	return b.Bytes(), nil
}

func writeList[T any](b *bytes.Buffer, name string, list []T) error {
	fmt.Fprintf(b, "  %q: [", name)
	for i, v := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		line, err := encode(v)
		if err != nil {
			return fmt.Errorf("%s %d: %w", name, i, err)
		}
		fmt.Fprintf(b, "\n    %s", line)
	}
	b.WriteString("\n  ]")
	return nil
}

func writeLogs(b *bytes.Buffer, logs map[string]Hex) error {
	var names []string
	for name := range logs {
		names = append(names, name)
	}
	slices.Sort(names)
	b.WriteString("  \"logs\": {")
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		line, err := encode(logs[name])
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "\n    %q: %s", name, line)
	}
	b.WriteString("\n  },\n")
	return nil
}

// encode is json.Marshal with <, > and & as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// Read reads a file of vectors. A member that the types of this package lack is an
// error.
func Read[C any](path string) (*File[C], error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f struct {
		Draft string         `json:"draft"`
		Notes []string       `json:"notes"`
		Logs  map[string]Hex `json:"logs"`
		Cases []C            `json:"cases"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &File[C]{f.Notes, f.Logs, f.Cases}, nil
}
