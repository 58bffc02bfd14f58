// Package accountpolicy has a directory, or the operator of a managed log, refuse
// versions that the account key of their label did not sign, and resets of the
// account key that were not announced long enough before. Package client/account
// has the rules, and docs/account.md the reasons. Labels of groups (package
// client/group) stay labels of groups, and others do not become such.
package accountpolicy

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// Policy admits what stands by the rules of account keys. It implements
// directory.Policy and is safe for concurrent use.
type Policy struct {
	// ResetWait is for how long the announcement of another account key has to be
	// in the log before the key can be used.
	ResetWait time.Duration
}

var _ directory.Policy = Policy{}

// Admit implements directory.Policy.
func (p Policy) Admit(v *directory.Proposal) ([]byte, error) {
	if isGroup(v.State) || group.Is(v.Value) {
		return admitGroup(v)
	}
	before, err := stateOf(v)
	if err != nil {
		return nil, err
	}
	now, malformed := read(v)
	state, status := account.Follow(before, now)
	switch {
	case malformed != nil:
		return nil, refuse("the account key or its signature in the key set is not understood: %v", malformed)
	case !status.Stands():
		return nil, refuse("%s", unsigned(before))
	case status == account.Reset && v.Last.Age < p.ResetWait:
		return nil, refuse("the other account key was announced %v ago and can be used after %v: try again in %v",
			v.Last.Age.Round(time.Second), p.ResetWait, (p.ResetWait - v.Last.Age).Round(time.Second))
	}
	return marshal(state)
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", directory.ErrPolicy, fmt.Sprintf(format, args...))
}

// unsigned says what there would have to be instead of a version that does not
// stand.
func unsigned(before *account.State) string {
	switch {
	case before == nil || before.Key == nil:
		return "the account signature does not verify for this version of this label"
	case before.Announced != nil:
		return "the label has an account key, and another one was announced: a version has to be signed by the one, or be the announced reset, signed by the other"
	}
	return "the label has an account key, which did not sign this version: publish with the account key; if it is lost, announce another one"
}

// Follow implements directory.Policy.
func (p Policy) Follow(v *directory.Proposal) ([]byte, error) {
	if isGroup(v.State) || v.State == nil && group.Is(v.Value) {
		return groupState, nil
	}
	before, err := stateOf(v)
	if err != nil {
		return nil, err
	}
	now, _ := read(v)
	state, _ := account.Follow(before, now)
	return marshal(state)
}

// read returns what a version says of the account key. The error says why that is
// not understood.
func read(v *directory.Proposal) (account.Version, error) {
	label, commitment := string(v.Label), account.Hash(v.Commitment)
	if v.Erased {
		return account.Missing(label, v.Version, commitment), nil
	}
	set, err := keyset.Parse(v.Value)
	if err != nil {
		return account.Foreign(label, v.Version, commitment), nil
	}
	return account.Read(label, v.Version, commitment, set)
}

// A state is groupState, of the label of a group; a State as JSON; or noKey and a version, as of most labels, all versions
// of which up to that one are known to have no account key.
const noKey = 0

func marshal(s account.State) ([]byte, error) {
	if s.Key == nil && s.From == 0 && !s.Incomplete {
		return binary.BigEndian.AppendUint32([]byte{noKey}, s.Version), nil
	}
	return json.Marshal(s)
}

// stateOf returns what a version is held against, nil if that is nothing.
func stateOf(v *directory.Proposal) (*account.State, error) {
	switch b := v.State; {
	case b == nil:
		return nil, nil
	case len(b) == 5 && b[0] == noKey:
		s := account.State{Version: binary.BigEndian.Uint32(b[1:])}
		if s.Stood = s.Version; v.Last != nil && s.Version == v.Version-1 {
			s.Commitment = account.Hash(v.Last.Commitment)
		}
		return &s, nil
	}
	var s account.State
	if err := json.Unmarshal(v.State, &s); err != nil {
		return nil, fmt.Errorf("accountpolicy: the state of a label: %w", err)
	}
	return &s, nil
}
