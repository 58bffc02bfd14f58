package roster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// document reads JSON token by token, so that nothing is larger in memory than
// what the schema permits, and an error can say where it is. encoding/json's own
// way into structs would take a member of an object twice, and in any case.
type document struct{ tokens *json.Decoder }

func newDocument(data []byte) *document {
	tokens := json.NewDecoder(bytes.NewReader(data))
	tokens.UseNumber() // a number is never read, so none is too large
	return &document{tokens}
}

// fields are the members that an object may have, and what reads the value of
// each.
type fields map[string]func() error

// object reads an object with these members, in any order.
func (d *document) object(known fields, required ...string) error {
	if err := d.open('{', "an object"); err != nil {
		return err
	}
	seen := make(map[string]bool, len(known))
	for d.tokens.More() {
		name, err := d.string()
		if err != nil {
			return err
		}
		read := known[name]
		switch {
		case read == nil:
			return fmt.Errorf("%.64q is not known here: docs/roster.md has what a roster holds", name)
		case seen[name]:
			return fmt.Errorf("%q is there twice", name)
		}
		seen[name] = true
		if err := read(); err == errNull && slices.Contains(required, name) {
			return fmt.Errorf("%s: null, and it is required", name)
		} else if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := d.close(); err != nil {
		return err
	}
	for _, name := range required {
		if !seen[name] {
			return fmt.Errorf("%q is missing", name)
		}
	}
	return nil
}

// array reads an array of at most most things. The errors of each tell the
// element's number, from 1.
func (d *document) array(most int, things string, each func() error) error {
	if err := d.open('[', "an array"); err != nil {
		return err
	}
	for n := 1; d.tokens.More(); n++ {
		if n > most {
			return fmt.Errorf("more than %d %s", most, things)
		}
		if err := each(); err != nil {
			return fmt.Errorf("number %d %w", n, err)
		}
	}
	return d.close()
}

func (d *document) open(delim json.Delim, what string) error {
	token, err := d.next()
	if err == nil && token != delim {
		err = wrongToken(token, what)
	}
	return err
}

func (d *document) close() error {
	_, err := d.next()
	return err
}

// string reads a string. JSON's escapes can name half a character, which the
// decoder replaces.
func (d *document) string() (string, error) {
	token, err := d.next()
	if err != nil {
		return "", err
	}
	s, ok := token.(string)
	if !ok {
		return "", wrongToken(token, "a string")
	}
	if strings.ContainsRune(s, '\ufffd') {
		return "", errors.New("a string that is not UTF-8")
	}
	return s, nil
}

// ascii reads a string of at most most printable ASCII characters.
func (d *document) ascii(most int) (string, error) {
	s, err := d.string()
	switch {
	case err != nil:
		return "", err
	case len(s) > most:
		return "", fmt.Errorf("over %d characters", most)
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", errors.New("with spaces, line breaks or characters outside ASCII")
	}
	return s, nil
}

func (d *document) next() (json.Token, error) {
	token, err := d.tokens.Token()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("the JSON ends too early")
	case err != nil:
		return nil, fmt.Errorf("not JSON near byte %d: %w", d.tokens.InputOffset(), err)
	}
	return token, nil
}

// end verifies that nothing follows.
func (d *document) end() error {
	if _, err := d.tokens.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows the roster at byte %d", d.tokens.InputOffset())
	}
	return nil
}

// errNull is the error for a value that is null, whatever it should be.
var errNull = errors.New("null: leave out what is not known")

func wrongToken(token json.Token, want string) error {
	if token == nil {
		return errNull
	}
	return fmt.Errorf("%s, and not %s", tokenKind(token), want)
}

func tokenKind(token json.Token) string {
	switch t := token.(type) {
	case json.Delim:
		return map[json.Delim]string{'{': "an object", '[': "an array"}[t]
	case string:
		return "a string"
	case bool:
		return "true or false"
	}
	return "a number"
}

// quoted lists names for people.
func quoted(names []string) string {
	var out []string
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		out = append(out, fmt.Sprintf("%q", name))
	}
	return strings.Join(out, ", ")
}
