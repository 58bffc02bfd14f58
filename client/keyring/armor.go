package keyring

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	armorBegin  = "-----BEGIN "
	armorEnd    = "-----END "
	armorDashes = "-----"
	armorPublic = "PGP PUBLIC KEY BLOCK"
)

// readArmor reads every public key block of an armored file (RFC 9580, Section
// 6). Text between blocks is ignored, blocks of other types are skipped.
func (s *source) readArmor() error {
	a := &armorReader{sc: newLineScanner(s.r)}
	for n := 1; ; n++ {
		typ, err := a.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if typ != armorPublic {
			s.skip(fmt.Sprintf("line %d", a.line), "armor that is not a public key")
			_, err = io.Copy(io.Discard, a)
		} else {
			s.r = bufio.NewReader(a)
			err = s.readOpenPGP()
		}
		if err != nil {
			return fmt.Errorf("armor block %d: %w", n, err)
		}
	}
}

// An armorReader finds the blocks of an armored file and reads their bytes.
// The checksum is not checked: RFC 9580, Section 6.1: "An implementation MUST
// NOT reject an OpenPGP object when the CRC24 footer is present, missing,
// malformed, or disagrees with the computed CRC24 sum."
type armorReader struct {
	sc      *bufio.Scanner
	line    int
	pending []byte // base64 characters, fewer than 4
	out     []byte // decoded, not yet read
	padded  bool   // there was padding: no more data may follow
	done    bool   // the block's END line was read
}

func (a *armorReader) scan() (string, error) {
	if !a.sc.Scan() {
		if err := a.sc.Err(); err != nil {
			return "", fmt.Errorf("line %d: %w", a.line+1, lineError(err))
		}
		return "", io.EOF
	}
	a.line++
	line := strings.TrimSpace(a.sc.Text())
	if isPrivate(line) {
		return "", fmt.Errorf("line %d: %w", a.line, ErrPrivateKey)
	}
	return line, nil
}

// next goes to the next block, past its headers, and returns its type.
func (a *armorReader) next() (string, error) {
	for {
		line, err := a.scan()
		if err != nil {
			return "", err
		}
		typ, ok := strings.CutPrefix(line, armorBegin)
		if !ok || !strings.HasSuffix(typ, armorDashes) {
			continue
		}
		a.pending, a.padded, a.done = nil, false, false
		for { // headers, ended by an empty line
			line, err := a.scan()
			if errors.Is(err, io.EOF) || strings.HasPrefix(line, armorEnd) {
				return "", a.malformed("armor without data")
			}
			if err != nil {
				return "", err
			}
			if line == "" {
				return strings.TrimSuffix(typ, armorDashes), nil
			}
			if !strings.Contains(line, ":") {
				return "", a.malformed("armor without an empty line before its data")
			}
		}
	}
}

// Read reads the current block's bytes; io.EOF at its END line.
func (a *armorReader) Read(p []byte) (int, error) {
	for len(a.out) == 0 {
		if a.done {
			return 0, io.EOF
		}
		line, err := a.scan()
		if errors.Is(err, io.EOF) {
			return 0, a.malformed("armor without an END line")
		}
		if err != nil {
			return 0, err
		}
		if err := a.decode(line); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.out)
	a.out = a.out[n:]
	return n, nil
}

func (a *armorReader) decode(line string) error {
	switch {
	case strings.HasPrefix(line, armorEnd):
		if len(a.pending) > 0 {
			return a.malformed("base64 cut short")
		}
		a.done = true
		return nil
	case strings.HasPrefix(line, "="), line == "": // checksum
		return nil
	case a.padded:
		return a.malformed("data after base64 padding")
	}
	a.pending = append(a.pending, line...)
	whole := len(a.pending) / 4 * 4
	out := make([]byte, base64.StdEncoding.DecodedLen(whole))
	n, err := base64.StdEncoding.Decode(out, a.pending[:whole])
	if err != nil {
		return a.malformed("not base64")
	}
	a.out = out[:n]
	a.padded = n < whole/4*3
	a.pending = append(a.pending[:0], a.pending[whole:]...)
	return nil
}

func (a *armorReader) malformed(what string) error {
	return fmt.Errorf("%w: line %d: %s", errMalformed, a.line, what)
}

func newLineScanner(r io.Reader) *bufio.Scanner {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, MaxLine)
	return sc
}

func lineError(err error) error {
	if errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%w: a line of more than %d bytes", ErrTooLarge, MaxLine)
	}
	return err
}
