package roster

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/label"
)

// ErrMalformed is wrapped by the errors of Parse.
var ErrMalformed = errors.New("malformed roster")

// Parse reads a roster. It is strict: docs/roster.md has the schema, and what
// is not in it is refused, as are two members with one label. Errors name the
// member that they are about, and wrap ErrMalformed. A device whose key is not
// valid in its format is kept: no directory can have it, and Check says so.
func Parse(data []byte) (*Roster, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%w: over %d bytes: check the conversation in parts", ErrMalformed, MaxSize)
	}
	switch {
	case !utf8.Valid(data):
		return nil, fmt.Errorf("%w: it is not UTF-8", ErrMalformed)
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return nil, fmt.Errorf("%w: it begins with a byte order mark, which JSON has not: write it in UTF-8 without", ErrMalformed)
	}
	p := &parser{document: newDocument(data)}
	err := p.roster()
	if err == nil {
		err = p.end()
	}
	if err == nil {
		err = p.whole()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return &p.r, nil
}

type parser struct {
	*document
	r Roster
}

func (p *parser) roster() error {
	var schema string
	return p.object(fields{
		"schema": func() error {
			if err := p.text(&schema)(); err != nil {
				return err
			}
			if schema != Schema {
				return fmt.Errorf("%q is not known here, only %q", schema, Schema)
			}
			return nil
		},
		"conversation": p.text(&p.r.Conversation),
		"me":           p.label(&p.r.Me),
		"started":      p.time(&p.r.Started),
		"members":      func() error { return p.array(MaxMembers, "members", p.member) },
		"agreed":       p.agreed,
	}, "schema", "conversation", "me", "members")
}

// whole checks what no single part shows.
func (p *parser) whole() error {
	first := make(map[string]int, len(p.r.Members))
	for i, m := range p.r.Members {
		if at, twice := first[m.Label]; twice {
			return fmt.Errorf("members %d and %d have the same label %q: list each member once, with all devices", at+1, i+1, m.Label)
		}
		first[m.Label] = i
	}
	clear(first)
	for i, l := range p.r.Agreed {
		if at, twice := first[l]; twice {
			return fmt.Errorf("numbers %d and %d of \"agreed\" are the same label %q: list it once", at+1, i+1, l)
		}
		first[l] = i
	}
	return nil
}

func (p *parser) agreed() error {
	err := p.array(MaxMembers, "labels", func() error {
		var l string
		if err := p.label(&l)(); err != nil {
			return err
		}
		p.r.Agreed = append(p.r.Agreed, l)
		return nil
	})
	if err == nil && p.r.Agreed == nil {
		err = errors.New("empty: leave it out if the members agreed on no list")
	}
	return err
}

func (p *parser) member() error {
	var m Member
	err := p.object(fields{
		"label":       p.label(&m.Label),
		"first_seen":  p.time(&m.FirstSeen),
		"verified_at": p.time(&m.VerifiedAt),
		"devices": func() error {
			return p.array(MaxDevices, "devices", func() error {
				d, err := p.device()
				m.Devices = append(m.Devices, d)
				return err
			})
		},
		"attestation": func() (err error) {
			m.Attestation, err = p.ascii(maxAttestation)
			return err
		},
	}, "label", "first_seen", "devices")
	if err != nil && m.Label != "" {
		return fmt.Errorf("(%q): %w", m.Label, err)
	}
	p.r.Members = append(p.r.Members, m)
	return err
}

// maxAttestation is more characters than any attestation has.
const maxAttestation = 4096

// label reads a label and normalises it.
func (p *parser) label(into *string) func() error {
	return func() error {
		var given string
		err := p.text(&given)()
		if err == nil {
			*into, err = label.Normalize(given)
		}
		return err
	}
}

// time reads a time as RFC 3339 has it. One of long ago or far ahead is a
// mistake of whoever wrote the document: an unset time, or other units.
func (p *parser) time(into *time.Time) func() error {
	return func() error {
		var given string
		if err := p.text(&given)(); err != nil {
			return err
		}
		t, err := time.Parse(time.RFC3339, given)
		if err != nil {
			return fmt.Errorf("%q is not a time: RFC 3339 has them as 2026-01-31T12:00:00Z", given)
		}
		if year := t.UTC().Year(); year < 1990 || year > 9998 {
			return fmt.Errorf("%q is no plausible time: leave it out if it is not known", given)
		}
		*into = t.UTC()
		return nil
	}
}

// text reads a string that people may be shown.
func (p *parser) text(into *string) func() error {
	return func() error {
		s, err := p.string()
		switch {
		case err != nil:
		case len(s) > keyset.MaxNameSize:
			err = fmt.Errorf("%d bytes, at most %d", len(s), keyset.MaxNameSize)
		case keyset.CheckName(s) != nil:
			err = errors.New("with control characters, or with some that turn text around")
		}
		*into = s
		return err
	}
}
