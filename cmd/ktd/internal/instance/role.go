package instance

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Role says what runs in a folder.
type Role string

// The roles. A directory whose log a third party manages is two: the operator,
// whom users talk to, and the manager, who keeps the log.
const (
	RoleDirectory Role = "directory"
	RoleManager   Role = "manager"
	RoleOperator  Role = "operator"
)

// Files that only these roles have.
const (
	LeafKeyFile       = "leaf.key"
	LeafPublicKeyFile = "leaf.pub"
	LinkTokenFile     = "link-token"
	PinnedFile        = "configuration"
)

// kindLeaf is the kind of key file that an operator signs with.
const kindLeaf = "leaf-key"

// ModeThirdPartyManagement is the deployment mode of a manager.
const ModeThirdPartyManagement = "third-party-management"

// LinkTokenName is the name of the first token in a manager's token file.
const LinkTokenName = "operator"

var (
	// ErrOperator says that a folder is an operator's, who has no log.
	ErrOperator = errors.New("this is the folder of an operator; the log is the manager's")

	// ErrManager says that a folder is a manager's, who makes no versions.
	ErrManager = errors.New("this is the folder of a manager; new versions come from the operator, who signs them")
)

// RoleOf returns the role of a folder. The error wraps ErrNotInstance if it has
// none.
func RoleOf(dir string) (Role, error) {
	data, err := readConfigFile(dir)
	if err != nil {
		return "", err
	}
	return roleOf(data), nil
}

// roleOf returns the role that a configuration is of. What is no configuration is
// found to be that when it is read.
func roleOf(data []byte) Role {
	var c struct {
		Role Role   `json:"role"`
		Mode string `json:"mode"`
	}
	_ = json.Unmarshal(data, &c)
	switch {
	case c.Role == RoleOperator:
		return RoleOperator
	case c.Mode == ModeThirdPartyManagement:
		return RoleManager
	}
	return RoleDirectory
}

func readConfigFile(dir string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, ConfigFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNotInstance)
	}
	return data, err
}

// validateManagement verifies that the leaf key is there where it has to be.
func (c *Config) validateManagement() error {
	if managed := c.Mode == ModeThirdPartyManagement; managed != (len(c.LeafPublicKey) > 0) {
		return fmt.Errorf("leaf_public_key: the mode %q needs it, and no other has it", ModeThirdPartyManagement)
	}
	return nil
}

// firstToken returns the file and the name of the first token that an instance
// admits: that with which labels are created, or that of a manager's operator.
func (c *Config) firstToken() (file, name string) {
	if c.Mode == ModeThirdPartyManagement {
		return LinkTokenFile, LinkTokenName
	}
	return TokenFile, RegistrationTokenName
}

// ReadLeafKey reads a file with an operator's public key, as 'ktd init' of an
// operator writes it: one line of base64.
func ReadLeafKey(path string) ([]byte, error) {
	return readPublicKey(path, "as an operator's "+LeafPublicKeyFile+" does")
}

// readPublicKey reads somebody else's public key from a file. like says where such
// a file comes from.
func readPublicKey(path, like string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("%s does not hold a public key in base64, %s", path, like)
	}
	return key, nil
}
