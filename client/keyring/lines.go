package keyring

import (
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
)

// readLines reads SSH public keys (authorized_keys, id_*.pub), age recipients and
// raw keys, one per line, also mixed. A line that is none of these is skipped. The label of a key is, in this order: Options.Label; the
// address in an SSH key's comment; the address that is all of a comment line
// ("# alice@example.org") above, up to the next such line or empty line;
// Options.DefaultLabel.
func (s *source) readLines() error {
	s.in.max = MaxTextFile
	sc := newLineScanner(s.r)
	above := ""
	n := 0
	for sc.Scan() {
		n++
		line := strings.TrimSpace(sc.Text())
		if isPrivate(line) {
			return fmt.Errorf("line %d: %w", n, ErrPrivateKey)
		}
		comment, isComment := strings.CutPrefix(line, "#")
		switch {
		case line == "":
			above = ""
			continue
		case isComment:
			if label, ok := labels.Address(strings.TrimSpace(comment)); ok {
				above = label
			}
			continue
		}
		if err := s.item(); err != nil {
			return err
		}
		item := fmt.Sprintf("line %d", n)
		k, comment, err := parseLine(line)
		if err != nil {
			s.skip(item, err.Error())
			continue
		}
		if err := s.addKey(item, k, comment, above); err != nil {
			return err
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, lineError(err))
	}
	return nil
}

func (s *source) labelFor(comment, above string) (string, error) {
	if s.opt.Label != "" {
		return s.opt.Label, nil
	}
	if label, ok := labels.Address(comment); ok {
		return labels.Normalize(label)
	}
	for _, label := range []string{above, s.opt.DefaultLabel} {
		if label != "" {
			return labels.Normalize(label)
		}
	}
	return "", fmt.Errorf("no label: the file gives this key no e-mail address")
}

// parseLine parses an SSH public key, or an age recipient, with its comment.
// Errors do not quote the line.
func parseLine(line string) (k keyset.Key, comment string, err error) {
	if f, rest, ok := rawLineFormat(line); ok {
		return parseRawLine(f, rest)
	}
	if looksLikeAge(line) {
		k, err = parseAge(line)
		return k, "", err
	}
	pub, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		if strings.HasPrefix(line, "ssh-dss ") {
			return keyset.Key{}, "", fmt.Errorf("a DSA key, which OpenSSH does not accept any more")
		}
		return keyset.Key{}, "", fmt.Errorf("%w: neither an SSH public key, an age recipient nor a raw key", errMalformed)
	}
	if slices.ContainsFunc(options, func(o string) bool { return strings.EqualFold(o, "cert-authority") }) {
		return keyset.Key{}, "", fmt.Errorf("a certificate authority, not a user's key")
	}
	if _, ok := pub.(*ssh.Certificate); ok {
		return keyset.Key{}, "", fmt.Errorf("an SSH certificate, not a key")
	}
	return keyset.Key{Format: keyset.FormatSSH, Data: pub.Marshal()}, strings.TrimSpace(comment), nil
}

// parseAge parses an X25519 or a post-quantum hybrid recipient. Recipients of
// plugins cannot be checked without the plugin.
func parseAge(line string) (keyset.Key, error) {
	var r fmt.Stringer
	var err error
	switch low := strings.ToLower(line); {
	case strings.HasPrefix(low, "age1pq1"):
		r, err = age.ParseHybridRecipient(line)
	case strings.Count(low, "1") > 1: // Bech32 data has no 1
		return keyset.Key{}, fmt.Errorf("an age recipient of a plugin, which cannot be checked")
	default:
		r, err = age.ParseX25519Recipient(line)
	}
	if err != nil {
		return keyset.Key{}, fmt.Errorf("%w age recipient", errMalformed)
	}
	return keyset.Key{Format: keyset.FormatAge, Data: []byte(r.String())}, nil
}
