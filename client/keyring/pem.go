package keyring

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
)

// maxBlocks is how many PEM blocks of a file, or keys of a JWK Set, are read: one more
// than a set holds, so that too many are noticed.
const maxBlocks = keyset.MaxKeys + 1

// readAll reads what is left of the file, at most MaxTextFile bytes, and refuses it if
// there is a private key in it.
func (s *source) readAll() ([]byte, error) {
	s.in.max = min(s.in.max, MaxTextFile)
	data, err := io.ReadAll(s.r)
	if err != nil {
		return nil, err
	}
	return data, refusePrivate(data)
}

// readPEM reads certificates and public keys in PEM (RFC 7468). Text around them is
// ignored, but for a comment line that is an address: it is the label of the next block.
func (s *source) readPEM() error {
	data, err := s.readAll()
	if err != nil {
		return err
	}
	var certificates []certificate
	above, line := "", 0
	for len(data) > 0 {
		text, rest, _ := bytes.Cut(data, []byte("\n"))
		line++
		if !strings.HasPrefix(strings.TrimSpace(string(text)), armorBegin) {
			if comment, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "#"); ok {
				if label, ok := labels.Address(strings.TrimSpace(comment)); ok {
					above = label
				}
			}
			data = rest
			continue
		}
		block, lines, after := cutBlock(data)
		if block == nil {
			return fmt.Errorf("%w PEM: the block that begins in line %d is damaged, or has no end", errMalformed, line)
		}
		if s.res.Items++; s.res.Items > maxBlocks {
			return fmt.Errorf("%w: more than %d PEM blocks", ErrTooLarge, maxBlocks)
		}
		item := fmt.Sprintf("line %d", line)
		switch c, err := s.readBlock(item, block, above); {
		case err != nil:
			return err
		case c != nil:
			certificates = append(certificates, *c)
		}
		data, line, above = after, line+lines-1, ""
	}
	return s.addCertificates(certificates)
}

// cutBlock cuts the block off that begins here, and counts its lines.
func cutBlock(data []byte) (block *pem.Block, lines int, rest []byte) {
	end := bytes.Index(data, []byte("\n"+armorEnd))
	if end < 0 {
		return nil, 0, nil
	}
	if n := bytes.IndexByte(data[end+1:], '\n'); n >= 0 {
		end += n + 2
	} else {
		end = len(data)
	}
	own := bytes.TrimLeft(data[:end], " \t\r")
	block, left := pem.Decode(own)
	if block == nil || len(left) > 0 || bytes.Count(own, []byte(armorBegin)) > 1 {
		return nil, 0, nil
	}
	return block, bytes.Count(data[:end], []byte("\n")), data[end:]
}

// readBlock adds the public key in a block, or returns the certificate in it.
func (s *source) readBlock(item string, block *pem.Block, above string) (*certificate, error) {
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			s.skip(item, "a certificate that cannot be read")
			return nil, nil
		}
		return &certificate{item, c, above}, nil
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		k, err := publicKey(block.Bytes)
		if err != nil {
			s.skip(item, err.Error())
			return nil, nil
		}
		return nil, s.addKey(item, k, "", above)
	}
	s.skip(item, "a PEM block that is neither a certificate nor a public key")
	return nil, nil
}

// addKey checks a key and adds it under the label that its comment or the line above
// gives it, as labelFor decides. The comment becomes its name if it is not the label. The
// error is that the key is private.
func (s *source) addKey(item string, k keyset.Key, comment, above string) error {
	err := k.Check()
	if errors.Is(err, keyset.ErrPrivateKey) {
		return fmt.Errorf("%s: %w", item, ErrPrivateKey)
	}
	if err == nil && k.Format == keyset.FormatMLSKeyPackage && k.Summary().Status(s.opt.Now) == "expired" && !s.opt.Expired {
		err = errors.New(reasonKeyPackageExpired)
	}
	label := ""
	if err == nil {
		label, err = s.labelFor(comment, above)
	}
	if err != nil {
		s.skip(item, err.Error())
		return nil
	}
	if a, ok := labels.Address(comment); !ok || a != label {
		k.Name = cleanName(comment)
	}
	s.col.add(label, k)
	return nil
}
