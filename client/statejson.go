package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// The state file is one JSON object: format, version, the SHA-256 of the
// compact encoding of state, and state. Encoding what was decoded gives the same
// bytes. Whatever changes in here in an incompatible way counts up the version.
//
// Version 1 had no witness, version 2 no recent distinguished heads, version 3 no
// proofs of the view's frontier, and version 4 nothing of account keys and groups.
const (
	stateFormat       = "ghostlight-state"
	stateVersion      = 5
	firstStateVersion = 1
)

type fileJSON struct {
	Format  string          `json:"format"`
	Version int             `json:"version"`
	SHA256  evidence.Hash   `json:"sha256"`
	State   json.RawMessage `json:"state"`
}

type stateJSON struct {
	Directory     string           `json:"directory"`
	Configuration []byte           `json:"configuration"`
	TrustedAt     time.Time        `json:"trusted_at"`
	View          *evidence.View   `json:"view"`
	Contacts      []contactJSON    `json:"contacts"`
	Owners        []ownerJSON      `json:"owners"`
	Recent        []*evidence.View `json:"recent_distinguished,omitempty"`
	Witness       *witnessJSON     `json:"witness,omitempty"`
}

type monitorJSON struct {
	Map  []mapEntryJSON `json:"map"`
	Keys []keyJSON      `json:"keys"`
}

type mapEntryJSON struct {
	Position uint64 `json:"position"`
	Version  uint32 `json:"version"`
}

type createdJSON struct {
	Position uint64 `json:"position"`
	Version  uint32 `json:"version"`
	Claimed  bool   `json:"claimed,omitempty"`
}

type keyJSON struct {
	Version    uint32         `json:"version"`
	SearchKey  evidence.Hash  `json:"search_key"`
	Commitment *evidence.Hash `json:"commitment,omitempty"`
	Proven     bool           `json:"proven"`
}

type contactJSON struct {
	Label   string      `json:"label"`
	Monitor monitorJSON `json:"monitor"`
	Seen    *seenJSON   `json:"seen,omitempty"`
	Account *standing   `json:"account,omitempty"`
}

type seenJSON struct {
	Version    uint32        `json:"version"`
	Commitment evidence.Hash `json:"commitment"`
	Value      Value         `json:"value"`
	At         time.Time     `json:"at"`
}

type ownerJSON struct {
	Label      string        `json:"label"`
	Start      uint64        `json:"start"`
	AtStart    *uint32       `json:"at_start"`
	Created    []createdJSON `json:"created"`
	Monitor    monitorJSON   `json:"monitor"`
	Keys       []keyJSON     `json:"keys"`
	Ready      bool          `json:"ready"`
	Since      *uint32       `json:"since"`
	Ledger     []ledgerJSON  `json:"ledger"`
	Pending    []Pending     `json:"pending"`
	Unexpected []Unexpected  `json:"unexpected"`
	Last       *seenJSON     `json:"last,omitempty"`
	Account    *standing     `json:"account,omitempty"`
	Group      *group.State  `json:"group,omitempty"`
}

type ledgerJSON struct {
	Version uint32 `json:"version"`
	Entry
}

// encodeState returns the bytes of the state file.
func encodeState(s *state) ([]byte, error) {
	j := stateJSON{
		Directory: s.directory, Configuration: s.configuration, TrustedAt: s.trustedAt,
		View: evidence.NewView(s.view, s.proofs), Contacts: []contactJSON{}, Owners: []ownerJSON{}, Witness: witnessToJSON(s.witness),
	}
	for _, label := range slices.Sorted(maps.Keys(s.contacts)) {
		j.Contacts = append(j.Contacts, contactToJSON(label, s.contacts[label]))
	}
	for _, label := range slices.Sorted(maps.Keys(s.owners)) {
		j.Owners = append(j.Owners, ownerToJSON(label, s.owners[label]))
	}
	for _, v := range s.recent {
		j.Recent = append(j.Recent, evidence.NewView(v, nil))
	}
	return seal(stateFormat, stateVersion, j)
}

// seal returns the bytes of a file that says whether it is damaged.
func seal(format string, version int, v any) ([]byte, error) {
	inner, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	out, err := json.Marshal(fileJSON{Format: format, Version: version, SHA256: evidence.Hash(sha256.Sum256(inner)), State: inner})
	return append(out, '\n'), err
}

// errStateVersion says that another version of this program wrote the state.
var errStateVersion = errors.New("the state file has a version that this program does not know")

// decodeState reads what encodeState wrote. It refuses anything else.
func decodeState(data []byte) (*state, error) {
	var j stateJSON
	version, err := unseal(data, stateFormat, firstStateVersion, stateVersion, &j)
	if err != nil {
		return nil, err
	}
	if j.Witness != nil && version < 2 || j.Recent != nil && version < 3 {
		return nil, errors.New("it has a part that its version does not have")
	}
	if version < 5 && j.hasAccounts() {
		return nil, errors.New("it has a part that its version does not have")
	}
	return j.state()
}

// hasAccounts reports whether there is anything of account keys, or of groups.
func (j *stateJSON) hasAccounts() bool {
	return slices.ContainsFunc(j.Contacts, func(c contactJSON) bool { return c.Account != nil }) ||
		slices.ContainsFunc(j.Owners, func(o ownerJSON) bool { return o.Account != nil || o.Group != nil })
}

// unseal reads into v what seal wrote, if its version is one of those from first
// to last, and returns the version.
func unseal(data []byte, format string, first, last int, v any) (version int, err error) {
	var f fileJSON
	// Fields that a later version adds beside the state do not matter before
	// the version is known.
	if err := json.Unmarshal(data, &f); err != nil {
		return 0, err
	}
	if f.Format != format {
		return 0, errors.New("not a state file")
	}
	if f.Version < first || f.Version > last {
		return 0, fmt.Errorf("%w: %d, not %d", errStateVersion, f.Version, last)
	}
	if err := strictJSON(data, &f); err != nil {
		return 0, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, f.State); err != nil {
		return 0, err
	}
	if sha256.Sum256(compact.Bytes()) != f.SHA256 {
		return 0, errors.New("its checksum does not match: it is damaged")
	}
	return f.Version, strictJSON(f.State, v)
}

// strictJSON decodes one JSON value without unknown fields or trailing data.
func strictJSON(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the end")
	}
	return nil
}

func (j *stateJSON) state() (*state, error) {
	if j.View == nil {
		return nil, errors.New("it has no view")
	}
	s := &state{
		directory: j.Directory, configuration: j.Configuration, trustedAt: j.TrustedAt,
		view: j.View.Keytrans(), proofs: j.View.Proofs(), contacts: make(map[string]*contact), owners: make(map[string]*owner),
	}
	var err error
	if s.witness, err = j.Witness.witness(j.Directory); err != nil {
		return nil, err
	}
	for _, v := range j.Recent {
		if v == nil {
			return nil, errors.New("it has an empty distinguished head")
		}
		s.recent = append(s.recent, v.Keytrans())
	}
	for _, c := range j.Contacts {
		if s.contacts[c.Label] != nil {
			return nil, errors.New("it has a contact twice")
		}
		s.contacts[c.Label] = &contact{monitor: c.Monitor.contact(), seen: c.Seen.seen(), account: c.Account}
	}
	for i := range j.Owners {
		if s.owners[j.Owners[i].Label] != nil {
			return nil, errors.New("it has an owned label twice")
		}
		s.owners[j.Owners[i].Label] = j.Owners[i].owner()
	}
	return s, nil
}
