package keyring

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// secretMembers are those of a JWK that must not be published (RFC 7518, Section 6; RFC
// 8037; RFC 9964).
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// secretMember finds them in text that is not JSON, or only part of it is.
var secretMember = regexp.MustCompile(`(?s)"kty"\s*:.*"(?:d|dp|dq|qi|oth|k|priv)"\s*:|"(?:d|dp|dq|qi|oth|k|priv)"\s*:.*"kty"\s*:|"kty"\s*:\s*"oct"`)

// privateInJSON looks for private and symmetric JWKs.
func privateInJSON(text []byte) string {
	const what = "a JWK"
	d := json.NewDecoder(bytes.NewReader(text))
	var open []*jsonLevel
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && len(open) == 0:
			return ""
		case err != nil || len(open) > maxJSONDepth:
			if bytes.Contains(text, []byte(`"kty"`)) && secretMember.Match(text) {
				return what
			}
			return ""
		}
		if open = step(open, token); len(open) > 0 && open[len(open)-1].private() {
			return what
		}
	}
}

// maxJSONDepth is how deep in JSON private keys are looked for.
const maxJSONDepth = 64

// A jsonLevel is an object or array that is being read, with what was met in it.
type jsonLevel struct {
	object, wantsValue bool
	kty, secret, oct   bool
	name               string
}

func (l *jsonLevel) private() bool { return l.oct || l.kty && l.secret }

// step takes one token. Names are compared without regard to case, as some decoders do.
func step(open []*jsonLevel, token json.Token) []*jsonLevel {
	if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
		return open[:len(open)-1]
	}
	if len(open) > 0 {
		if l := open[len(open)-1]; l.object && !l.wantsValue {
			l.name, l.wantsValue = strings.ToLower(token.(string)), true
			l.kty = l.kty || l.name == "kty"
			l.secret = l.secret || slices.Contains(secretMembers, l.name)
			return open
		} else if l.object {
			l.wantsValue = false
			l.oct = l.oct || l.name == "kty" && token == "oct"
		}
	}
	if delim, ok := token.(json.Delim); ok {
		return append(open, &jsonLevel{object: delim == '{'})
	}
	return open
}

// A jwkFile is what is read of a JWK or of a JWK Set (RFC 7517). Other members, such as
// certificates, are not imported.
type jwkFile struct {
	Kty    string   `json:"kty"`
	Crv    string   `json:"crv"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
	N      string   `json:"n"`
	E      string   `json:"e"`
	Kid    string   `json:"kid"`
	Use    string   `json:"use"`
	KeyOps []string `json:"key_ops"`
}

// readJSON reads a JWK or a JWK Set. A key that is not understood is skipped, one that is
// private ends it all.
func (s *source) readJSON() error {
	data, err := s.readAll()
	if err != nil {
		return err
	}
	var set struct {
		Kty  *string           `json:"kty"`
		Keys []json.RawMessage `json:"keys"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&set); err != nil {
		return fmt.Errorf("%w: JSON that is no JWK: it is damaged, or of another shape", ErrUnrecognized)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w JWK: something follows it", errMalformed)
	}
	switch {
	case set.Kty != nil:
		set.Keys = []json.RawMessage{data}
	case set.Keys == nil:
		return fmt.Errorf("%w: JSON that is neither a JWK nor a JWK Set", ErrUnrecognized)
	case len(set.Keys) > maxBlocks:
		return fmt.Errorf("%w: more than %d keys", ErrTooLarge, maxBlocks)
	}
	for i, raw := range set.Keys {
		s.res.Items++
		item := fmt.Sprintf("key %d", i+1)
		var j jwkFile
		if err := json.Unmarshal(raw, &j); err != nil {
			s.skip(item, "not a JWK: a member has another type than it should")
			continue
		}
		k, err := j.key()
		if err != nil {
			s.skip(item, err.Error())
			continue
		}
		if err := s.addKey(item, k, j.Kid, ""); err != nil {
			return err
		}
	}
	return nil
}

// key returns the key in the canonical form of RFC 7638.
func (j *jwkFile) key() (keyset.Key, error) {
	names := map[string][]string{"OKP": {"crv", "kty", "x"}, "EC": {"crv", "kty", "x", "y"}, "RSA": {"e", "kty", "n"}}[j.Kty]
	if names == nil {
		return keyset.Key{}, errors.New("a JWK of a key type that is not known")
	}
	values := map[string]string{"crv": j.Crv, "kty": j.Kty, "x": j.X, "y": j.Y, "n": j.N, "e": j.E}
	var members []string
	for _, name := range names {
		value := values[name]
		if name != "crv" && name != "kty" {
			raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
			if err != nil || len(raw) == 0 {
				return keyset.Key{}, fmt.Errorf("%w JWK: %q is missing, or not base64url", errMalformed, name)
			}
			value = b64(raw)
		} else if !shortName.MatchString(value) {
			return keyset.Key{}, fmt.Errorf("%w JWK: %q is missing, or not a name", errMalformed, name)
		}
		members = append(members, `"`+name+`":"`+value+`"`)
	}
	k := jwk("{" + strings.Join(members, ",") + "}")
	if p := j.purposes(); len(p) > 0 {
		k.Attributes = []keyset.Extension{keyset.PurposeAttribute(p...)}
	}
	return k, nil
}

var shortName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)

// purposes are what "use" and "key_ops" say (RFC 7517, Sections 4.2 and 4.3).
func (j *jwkFile) purposes() []keyset.Purpose {
	var p []keyset.Purpose
	if j.Use == "sig" || slices.Contains(j.KeyOps, "verify") {
		p = append(p, keyset.PurposeSigning)
	}
	for _, op := range []string{"encrypt", "wrapKey", "deriveKey", "deriveBits"} {
		if j.Use == "enc" || slices.Contains(j.KeyOps, op) {
			return append(p, keyset.PurposeEncryption)
		}
	}
	return p
}
