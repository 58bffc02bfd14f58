package client

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// People exchange credentials in files, each of which is one JSON object with the
// structure of KEYTRANS in base64: text goes through mail and messengers. What
// stands beside the structure says which directory to verify it against; nothing
// vouches for that but the verification.
const (
	credentialFormat       = "ghostlight-credential"
	credentialUpdateFormat = "ghostlight-credential-update"
	credentialVersion      = 1
)

// MaxCredentialSize is the size in bytes of the largest file of a credential, or
// of an update of one, that is read.
const MaxCredentialSize = 4 << 20

type credentialJSON struct {
	Format    string `json:"format"`
	Version   int    `json:"version"`
	Directory string `json:"directory"`
	// ConfigurationSHA256 is that of the directory's Configuration.
	ConfigurationSHA256 string `json:"configuration_sha256"`
	// CredentialSHA256 is that of the credential which an update is about.
	CredentialSHA256 string `json:"credential_sha256,omitempty"`

	Credential []byte `json:"credential,omitempty"`
	Update     []byte `json:"update,omitempty"`
}

// encode returns the file of a credential or an update.
func (j *credentialJSON) encode(s *session) ([]byte, error) {
	j.Version, j.Directory, j.ConfigurationSHA256 = credentialVersion, s.state.directory, hashHex(s.state.configuration)
	out, err := json.MarshalIndent(j, "", "  ")
	return append(out, '\n'), err
}

var errCredentialFile = errors.New("this is neither a credential nor an update of one")

// decodeCredentialFile reads the file of a credential or an update.
func decodeCredentialFile(data []byte) (*credentialJSON, error) {
	var j credentialJSON
	if len(data) > MaxCredentialSize {
		return nil, fmt.Errorf("%w: it is larger than %d bytes", errCredentialFile, MaxCredentialSize)
	}
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, fmt.Errorf("%w: %w", errCredentialFile, err)
	}
	if j.Format != credentialFormat && j.Format != credentialUpdateFormat {
		return nil, errCredentialFile
	}
	if j.Version != credentialVersion {
		return nil, fmt.Errorf("it has version %d of its format, which this program does not know", j.Version)
	}
	if err := strictJSON(data, &j); err != nil {
		return nil, fmt.Errorf("%w: %w", errCredentialFile, err)
	}
	if j.isUpdate() != (len(j.Update) > 0) || j.isUpdate() == (len(j.Credential) > 0) || j.isUpdate() != (j.CredentialSHA256 != "") {
		return nil, errCredentialFile
	}
	return &j, nil
}

func (j *credentialJSON) isUpdate() bool { return j.Format == credentialUpdateFormat }

// IsCredentialUpdate reports whether a file is an update of a credential. The
// error, of kind Undecided, says that it is not a credential either.
func IsCredentialUpdate(file []byte) (bool, error) {
	j, err := decodeCredentialFile(file)
	if err != nil {
		return false, fail(Undecided, readingCredential, err)
	}
	return j.isUpdate(), nil
}

const readingCredential = "reading the credential"

// readCredentialFile reads a file that is to be one of a credential, or of an
// update, of this session's directory.
func (s *session) readCredentialFile(file []byte, update bool) (*credentialJSON, error) {
	j, err := decodeCredentialFile(file)
	switch {
	case err != nil:
		return nil, fail(Undecided, readingCredential, err)
	case j.isUpdate() && !update:
		return nil, usage("the file is an update of a credential, not a credential")
	case !j.isUpdate() && update:
		return nil, usage("the file is a credential, not an update of one")
	case j.ConfigurationSHA256 != hashHex(s.state.configuration):
		e := usage("the file is of another directory, which is at %s, or of another configuration of this one", j.Directory)
		e.Hint = "if you trust that directory, name it with --directory"
		return nil, e
	}
	return j, nil
}

// parseCredential reads the credential in a file.
func (s *session) parseCredential(file []byte) (*keytrans.Credential, []byte, error) {
	j, err := s.readCredentialFile(file, false)
	if err != nil {
		return nil, nil, err
	}
	c, err := keytrans.ParseCredential(s.verifier.Configuration(), j.Credential)
	if err != nil {
		return nil, nil, fail(Undecided, readingCredential, err)
	}
	if err := checkLabel(string(c.Label)); err != nil {
		return nil, nil, fail(Undecided, readingCredential, err)
	}
	return c, j.Credential, nil
}
