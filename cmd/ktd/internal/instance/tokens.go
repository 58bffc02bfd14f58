package instance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/durable"
	"github.com/ghostlight-kt/ghostlight/directory"
)

const tokensHeader = "# Who may write: the SHA-256 hash of a token and its name. 'ktd token' adds a line;\n" +
	"# deleting one takes effect within a second, also in a running server.\n"

// ErrTokenName says that a token cannot have the given name.
var ErrTokenName = errors.New("token name")

// maxTokenName bounds the length of a name.
const maxTokenName = 64

// AddToken creates a token, admits it in the instance's token file and returns
// it. deliver gets the token before it is admitted: if it fails nothing
// changes. The error wraps ErrTokenName if the name is not acceptable or taken.
func AddToken(dir, name string, deliver func(token string) error) error {
	if _, err := RoleOf(dir); err != nil {
		return err
	}
	if err := checkTokenName(name); err != nil {
		return err
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(addToken(filepath.Join(dir, TokensFile), name, deliver), unlock())
}

func checkTokenName(name string) error {
	if name == "" || len(name) > maxTokenName {
		return fmt.Errorf("%w: it has 1 to %d characters", ErrTokenName, maxTokenName)
	}
	ok := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.@+", r)
	}
	for _, r := range name {
		if !ok(r) {
			return fmt.Errorf("%w: %q has %q; use letters, digits and - _ . @ +", ErrTokenName, name, r)
		}
	}
	return nil
}

func addToken(path, name string, deliver func(token string) error) error {
	// What is there must be sound, or the line would be of no use.
	if _, err := directory.OpenTokenFile(path); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) == 2 && f[1] == name && !strings.HasPrefix(f[0], "#") {
			return fmt.Errorf("%w: %q is taken", ErrTokenName, name)
		}
	}
	token := directory.NewToken()
	line, err := directory.TokenLine(token, name)
	if err != nil {
		return err
	}
	if err := deliver(token); err != nil {
		return err
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(data, '\n')
	}
	return durable.Replace(path, 0o600, durable.Bytes(append(data, line...)))
}

// WriteToken writes a token to a new file that only its owner can read.
func WriteToken(path, token string) error {
	if err := durable.Create(path, []byte(token+"\n"), 0o600); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// ReadToken reads a file with a token.
func ReadToken(path string) (string, error) {
	data, err := readSecret(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("%s does not hold a token", path)
	}
	return token, nil
}

// Identity returns the identity of the token in a file, the registration token
// if path is empty. The error wraps directory.ErrUnauthenticated if the
// instance does not admit the token.
func (i *Instance) Identity(ctx context.Context, path string) (directory.Identity, error) {
	if path == "" {
		path = filepath.Join(i.Dir, TokenFile)
	}
	token, err := ReadToken(path)
	if err != nil {
		return directory.Identity{}, err
	}
	id, err := i.tokens.Identify(directory.Credential{Token: token})
	if err != nil {
		return directory.Identity{}, fmt.Errorf("the token in %s is not in %s: %w", path, filepath.Join(i.Dir, TokensFile), err)
	}
	return id, nil
}
