// Package mlsroster makes rosters of MLS groups (RFC 9420): of what package mls
// reads, the members that package roster judges.
//
// A leaf's label is the identity in its credential, and its key the signature key
// in its leaf node, with the cipher suite in front of it, as key sets have them
// (format 12, docs/keyset.md). Leaves of one label are one member's devices.
// docs/mls.md states the rules, and what a roster made so can and cannot show.
//
// The package does no I/O and reads no clock.
package mlsroster

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// maxGroupID is the size of the longest group id that a roster is made of.
const maxGroupID = 255

var (
	// ErrNoLabel is wrapped by the error for a group with a leaf whose credential
	// names nobody that a directory could be asked about.
	ErrNoLabel = errors.New("mlsroster: a leaf without a label")
	// ErrTooLarge is wrapped by the error for a group over the limits of a roster.
	ErrTooLarge = errors.New("mlsroster: over the limits of a roster")
)

// Options say what a group does not.
type Options struct {
	// Me is the user's own label. Empty if it does not matter.
	Me string
	// Seen is when the members were seen in the group: the present, unless the
	// caller knows better. MLS does not say when a leaf was added. Required.
	Seen time.Time
}

// OfGroupInfo verifies a GroupInfo with its tree and returns its members. The
// errors of Verify are passed on; others wrap ErrNoLabel or ErrTooLarge. Nobody is
// left out: if one leaf cannot be given a label, there is no roster.
func OfGroupInfo(g *mls.GroupInfo, opt Options) (*roster.Roster, error) {
	if err := g.Verify(); err != nil {
		return nil, err
	}
	return build(g.Tree, g.Context.CipherSuite, g.Context.GroupID, opt)
}

// OfTree is OfGroupInfo for a ratchet tree without a GroupInfo. The leaves'
// signatures are verified, but not that there are no others: whoever hands out the
// tree can leave some out.
func OfTree(t *mls.RatchetTree, suite mls.CipherSuite, groupID []byte, opt Options) (*roster.Roster, error) {
	if err := t.Verify(suite, groupID); err != nil {
		return nil, err
	}
	return build(t, suite, groupID, opt)
}

// build makes the roster of a tree that verified.
func build(t *mls.RatchetTree, suite mls.CipherSuite, groupID []byte, opt Options) (*roster.Roster, error) {
	if len(groupID) > maxGroupID {
		return nil, fmt.Errorf("%w: a group id of %d bytes", ErrTooLarge, len(groupID))
	}
	r := &roster.Roster{Conversation: hex.EncodeToString(groupID)}
	if opt.Me != "" {
		var err error
		if r.Me, err = label.Normalize(opt.Me); err != nil {
			return nil, err
		}
	}
	at := map[string]int{}
	var nameless []string
	for _, leaf := range t.Members() {
		name, err := labelOf(leaf.Leaf)
		if err != nil {
			nameless = append(nameless, fmt.Sprintf("leaf %d: %v", leaf.Index, err))
			continue
		}
		i, ok := at[name]
		if !ok {
			i = len(r.Members)
			at[name] = i
			r.Members = append(r.Members, roster.Member{Label: name, FirstSeen: opt.Seen})
		}
		r.Members[i].Devices = append(r.Members[i].Devices, device(suite, leaf, opt.Seen))
	}
	if len(nameless) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoLabel, few(nameless))
	}
	if err := checkLimits(r); err != nil {
		return nil, err
	}
	return r, nil
}

func checkLimits(r *roster.Roster) error {
	if n := len(r.Members); n > roster.MaxMembers {
		return fmt.Errorf("%w: %d members, at most %d", ErrTooLarge, n, roster.MaxMembers)
	}
	for _, m := range r.Members {
		if n := len(m.Devices); n > roster.MaxDevices {
			return fmt.Errorf("%w: %d leaves of one member, at most %d", ErrTooLarge, n, roster.MaxDevices)
		}
	}
	return nil
}

// few names at most five problems.
func few(problems []string) string {
	const most = 5
	if n := len(problems); n > most {
		return fmt.Sprintf("%s, and %d more", strings.Join(problems[:most], "; "), n-most)
	}
	return strings.Join(problems, "; ")
}

// device is a leaf's signature key. Its name tells which leaf to remove.
func device(suite mls.CipherSuite, leaf mls.Member, seen time.Time) roster.Device {
	d := roster.Device{
		Format:    keyset.FormatMLSSignature,
		Data:      append(binary.BigEndian.AppendUint16(nil, uint16(suite)), leaf.Leaf.SignatureKey...),
		Name:      fmt.Sprintf("leaf %d", leaf.Index),
		FirstSeen: seen,
	}
	d.Fingerprint = d.Key().Fingerprint()
	return d
}
