package directory

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// tokenSize is the size in bytes of the random part of a token.
const tokenSize = 32

// tokenPrefix makes tokens recognizable, to people and to scanners for leaked
// secrets.
const tokenPrefix = "ghostlight_"

// NewToken returns a new random bearer token.
func NewToken() string {
	b := make([]byte, tokenSize)
	rand.Read(b)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// hashToken returns the hash under which a token is stored. Tokens are random
// and long, so that it need not be slow.
func hashToken(token string) [sha256.Size]byte {
	return sha256.Sum256([]byte("ghostlight token v1\x00" + token))
}

// TokenIdentity returns the identity of a token's holder.
func TokenIdentity(token string) Identity { return identityOf(hashToken(token)) }

func identityOf(hash [sha256.Size]byte) Identity { return Identity(hash[:len(Identity{})]) }

// TokenLine returns the line that admits a token to a token file: its hash in
// hexadecimal and a name for people, which must not contain white space.
func TokenLine(token, name string) (string, error) {
	if name == "" || strings.ContainsAny(name, " \t\r\n#") {
		return "", fmt.Errorf("token name %q: give one word without #", name)
	}
	hash := hashToken(token)
	return hex.EncodeToString(hash[:]) + " " + name + "\n", nil
}

// TokenFile is an Authorizer that admits the bearer tokens whose hashes a file
// lists, one TokenLine each; empty lines and those that begin with # do not
// count. It reads the file again when it has changed, at most once a second.
type TokenFile struct {
	path string
	now  func() time.Time

	mu      sync.Mutex
	checked time.Time
	stamp   string // of the file that hashes were read from
	hashes  [][sha256.Size]byte
}

// OpenTokenFile reads a token file. The error names the line that is wrong.
func OpenTokenFile(path string) (*TokenFile, error) {
	f := &TokenFile{path: path, now: time.Now}
	if err := f.reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Authorize implements Authorizer: who holds a token may update any label.
func (f *TokenFile) Authorize(_ context.Context, credential Credential, _ *NewVersions) (Identity, error) {
	return f.Identify(credential)
}

// Identify returns the identity of a credential's holder. The error is
// ErrUnauthenticated if the file does not list the token.
func (f *TokenFile) Identify(credential Credential) (Identity, error) {
	if credential.Token == "" {
		return Identity{}, ErrUnauthenticated
	}
	hashes, err := f.current()
	if err != nil {
		return Identity{}, err
	}
	hash := hashToken(credential.Token)
	found := 0
	for i := range hashes {
		found |= subtle.ConstantTimeCompare(hashes[i][:], hash[:])
	}
	if found != 1 {
		return Identity{}, ErrUnauthenticated
	}
	return identityOf(hash), nil
}

// current returns the hashes, read again if the file has changed. A file that
// has become unreadable admits nobody.
func (f *TokenFile) current() ([][sha256.Size]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.checked) >= time.Second {
		if err := f.reload(); err != nil {
			return nil, err
		}
		f.checked = now
	}
	return f.hashes, nil
}

func (f *TokenFile) reload() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return fmt.Errorf("token file: %w", err)
	}
	stamp := fmt.Sprint(info.ModTime().UnixNano(), info.Size())
	if stamp == f.stamp {
		return nil
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return fmt.Errorf("token file: %w", err)
	}
	hashes, err := parseTokens(data)
	if err != nil {
		return fmt.Errorf("token file %s: %w", f.path, err)
	}
	f.stamp, f.hashes = stamp, hashes
	return nil
}

func parseTokens(data []byte) ([][sha256.Size]byte, error) {
	var out [][sha256.Size]byte
	scanner := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; scanner.Scan(); n++ {
		fields := strings.Fields(scanner.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		hash, err := hex.DecodeString(fields[0])
		if err != nil || len(hash) != sha256.Size || len(fields) != 2 {
			return nil, fmt.Errorf("line %d is not a hash and a name", n)
		}
		out = append(out, [sha256.Size]byte(hash))
	}
	return out, scanner.Err()
}
