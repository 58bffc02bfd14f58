package keyring

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	labels "github.com/ghostlight-kt/ghostlight/client/label"
)

// readCSV reads lines of label,key-file (RFC 4180; lines beginning with # are
// comments, a first line "label,key-file" is a heading). All keys of a file go
// to the line's label. A line that is wrong in itself, a private key and a
// damaged key file are errors for the whole CSV; a key file that is not there
// or not of a known kind is skipped.
func (s *source) readCSV() error {
	s.in.max = MaxTextFile
	r := csv.NewReader(s.r)
	r.Comment = '#'
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	r.ReuseRecord = true
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			return fmt.Errorf("%w CSV: line %d: %w", errMalformed, syntax.Line, syntax.Err)
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		if isPrivate(row[0]) {
			return fmt.Errorf("line %d: %w", line, ErrPrivateKey)
		}
		if len(row) != 2 {
			return fmt.Errorf("%w CSV: line %d: %d fields, not label,key-file", errMalformed, line, len(row))
		}
		if first && row[0] == "label" && row[1] == "key-file" {
			continue
		}
		if err := s.readRow(line, row[0], row[1]); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		s.opt.Progress(0, s.res.Items)
	}
}

func (s *source) readRow(line int, label, file string) error {
	label, err := labels.Normalize(label)
	if err != nil {
		return err
	}
	file = strings.TrimSpace(file)
	if file == "" {
		return fmt.Errorf("%w CSV: no key file", errMalformed)
	}
	path := file
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.opt.Dir, path)
	}
	res, err := s.readKeyFile(path, label)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.skip(fmt.Sprintf("line %d", line), "the key file does not exist")
		return nil
	case errors.Is(err, ErrUnrecognized):
		s.skip(fmt.Sprintf("line %d", line), err.Error())
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", file, err)
	}
	s.res.Items += res.Items
	s.res.UserIDs += res.UserIDs
	s.res.Revoked = append(s.res.Revoked, res.Revoked...)
	s.col.Add(res)
	for _, k := range res.Skipped {
		s.skip(fmt.Sprintf("line %d, %s", line, k.Item), k.Reason)
	}
	return nil
}

// readKeyFile reads a file named in a CSV, which must not itself be one.
func (s *source) readKeyFile(path, label string) (Result, error) {
	f, err := openRegular(path)
	if err != nil {
		return Result{}, err
	}
	defer f.Close()
	opt := s.opt
	opt.Label, opt.Progress = label, func(int64, int) {}
	return read(f, path, opt, false)
}
