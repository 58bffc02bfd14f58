package client

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// What is retained of provisional credentials is kept apart from all other state,
// in a folder beside it, with one file for each credential: they must not have an
// effect on anything else, nor on each other.
const (
	credentialsName         = "credentials"
	credentialStateFormat   = "ghostlight-credential-state"
	credentialStateVersion  = 1
	maxCredentials          = 4096 // in the folder
	maxQueuedUpdates        = 8
	maxCredentialStateBytes = 64 << 20
)

// heldCredential is a provisional credential that was received or made.
type heldCredential struct {
	encoded []byte
	// configuration is what was pinned then: a directory's auditor may change.
	configuration []byte
	// base is the recent distinguished head that it was verified against. It may
	// not be recent any more.
	base *keytrans.View
	at   time.Time // of the initial verification
	made bool      // by this client
	// final is when it was verified finally, zero if it has not been.
	final time.Time
	// queue has encoded updates that came before they could be verified.
	queue [][]byte

	// These follow from the others.
	credential  *keytrans.Credential
	provisional *keytrans.Provisional
}

type heldCredentialJSON struct {
	Credential    []byte         `json:"credential"`
	Configuration []byte         `json:"configuration"`
	Base          *evidence.View `json:"base"`
	At            time.Time      `json:"at"`
	Made          bool           `json:"made,omitempty"`
	Final         time.Time      `json:"final,omitzero"`
	Queue         [][]byte       `json:"queue,omitempty"`
}

// newHeld returns what is to be retained of a credential that relies on the log of
// base, but for what follows from its verification.
func (s *session) newHeld(c *keytrans.Credential, encoded []byte, base *keytrans.View) *heldCredential {
	return &heldCredential{encoded: encoded, configuration: s.state.configuration, base: base, at: stamp(s.cfg.Now()), credential: c}
}

func (h *heldCredential) id() string { return hashHex(h.encoded) }

func (s *session) credentialPath(id string) string {
	return filepath.Join(s.dir, credentialsName, id+".json")
}

// hold stores what is retained of a credential.
func (s *session) hold(h *heldCredential) error {
	const step = "storing the credential"
	data, err := seal(credentialStateFormat, credentialStateVersion, heldCredentialJSON{
		h.encoded, h.configuration, evidence.NewView(h.base, nil), h.at, h.made, h.final, h.queue,
	})
	if err != nil {
		return fail(Operational, step, err)
	}
	folder, path := filepath.Join(s.dir, credentialsName), s.credentialPath(h.id())
	if err := durable.MakeFolder(folder); err != nil {
		return fail(Operational, step, err)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if ids, err := s.heldIDs(); err == nil && len(ids) >= maxCredentials {
			return fail(Operational, step, fmt.Errorf("there are %d credentials in %s already: remove old ones", len(ids), folder))
		}
	}
	temporary := path + ".new"
	err = durable.Write(temporary, data, os.O_TRUNC)
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err == nil {
		err = durable.SyncFolder(folder)
	}
	if err != nil {
		return fail(Operational, step, err)
	}
	return nil
}

// held returns what is retained of a credential, nil if nothing. It is verified
// anew, against the head that it was verified against initially.
func (s *session) held(id string) (*heldCredential, error) {
	const step = "reading what is retained of the credential"
	if b, err := hex.DecodeString(id); err != nil || len(b) != 32 {
		return nil, nil // it comes from a file: no path is made of it
	}
	data, err := durable.ReadFile(s.credentialPath(id), maxCredentialStateBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var h *heldCredential
	if err == nil {
		h, err = s.decodeHeld(data)
	}
	if err == nil && h.id() != id {
		err = errors.New("it is of another credential")
	}
	if err != nil {
		e := fail(Operational, step, fmt.Errorf("%s: %w", s.credentialPath(id), err))
		e.Hint = "remove the file, and verify the credential anew"
		return nil, e
	}
	return h, nil
}

func (s *session) decodeHeld(data []byte) (*heldCredential, error) {
	var j heldCredentialJSON
	if _, err := unseal(data, credentialStateFormat, credentialStateVersion, credentialStateVersion, &j); err != nil {
		return nil, err
	}
	if j.Base == nil || len(j.Queue) > maxQueuedUpdates {
		return nil, errors.New("a part of it is missing, or too much")
	}
	h := &heldCredential{
		encoded: j.Credential, configuration: j.Configuration, base: j.Base.Keytrans(),
		at: j.At, made: j.Made, final: j.Final, queue: j.Queue,
	}
	cfg, err := keytrans.ParseConfiguration(h.configuration)
	if err != nil {
		return nil, err
	}
	verifier, err := keytrans.NewVerifier(cfg)
	if err != nil {
		return nil, err
	}
	if h.credential, err = keytrans.ParseCredential(cfg, h.encoded); err != nil {
		return nil, err
	}
	r, err := verifier.Credential(keytrans.Recent{h.base}, h.credential)
	if err != nil {
		return nil, err
	}
	if h.provisional = r.Provisional; h.provisional == nil {
		return nil, errors.New("it is not a provisional credential")
	}
	return h, nil
}

// heldIDs returns the names of the credentials that something is retained of.
func (s *session) heldIDs() ([]string, error) {
	files, err := os.ReadDir(filepath.Join(s.dir, credentialsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ids []string
	for _, f := range files {
		if id, ok := strings.CutSuffix(f.Name(), ".json"); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, err
}
