package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeFile replaces a private file. After an error the old one is there, or the new
// one, whole; after success the new one, even if the machine loses power.
func writeFile(path string, data []byte) error {
	temporary := path + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// removeFile removes a file, if it is there, and makes that durable.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// makeFolder makes a private folder.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(dir))
}

// readFile reads a file of limit bytes at most.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, err
}

// sealed is a JSON file that says whether it is damaged.
type sealed struct {
	Schema string `json:"schema"`
	// SHA256 is the hash of Content as it is in the file.
	SHA256  string          `json:"sha256"`
	Content json.RawMessage `json:"content"`
}

func seal(schema string, v any) ([]byte, error) {
	content, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(sealed{schema, hashOf(content), content})
	return append(data, '\n'), err
}

// unseal reads into v what seal wrote.
func unseal(schema string, data []byte, v any) error {
	var s sealed
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	switch {
	case s.Schema != schema:
		return fmt.Errorf("its schema is not %s", schema)
	case s.SHA256 != hashOf(s.Content):
		return errors.New("its checksum does not match: it is damaged")
	}
	return json.Unmarshal(s.Content, v)
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// idOf hashes strings so that different lists have different hashes.
func idOf(parts ...string) string {
	data, err := json.Marshal(parts)
	if err != nil {
		panic("watch: strings have no encoding: " + err.Error())
	}
	return hashOf(data)[:32]
}

// subject tells findings about different things apart.
func subject(parts ...string) string {
	data, err := json.Marshal(parts)
	if err != nil {
		panic("watch: strings have no encoding: " + err.Error())
	}
	return string(data)
}
