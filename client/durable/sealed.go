package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// sealed is a JSON file that says whether it is damaged.
type sealed struct {
	Schema string `json:"schema"`
	// SHA256 is the hash of Content, without space between its parts.
	SHA256  string          `json:"sha256"`
	Content json.RawMessage `json:"content"`
}

// Seal returns v as a JSON file that Unseal reads: with a schema, and a checksum, which
// tells damage, but not those who mean to change it.
func Seal(schema string, v any) ([]byte, error) {
	content, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(sealed{schema, Hash(content), content})
	return append(data, '\n'), err
}

// Unseal reads into v what Seal wrote. The error says that it is something else, or
// damaged; what is in v then is of no use.
func Unseal(schema string, data []byte, v any) error {
	var s sealed
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	var content bytes.Buffer
	if err := json.Compact(&content, s.Content); err != nil {
		return err
	}
	switch {
	case s.Schema != schema:
		return fmt.Errorf("its schema is %.40q, not %q", s.Schema, schema)
	case s.SHA256 != Hash(content.Bytes()):
		return errors.New("its checksum does not match: it is damaged")
	}
	return json.Unmarshal(content.Bytes(), v)
}

// Hash returns the SHA-256 of data in lower-case hexadecimal.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
