package accountpolicy

import (
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// groupState is the state of a label whose first version is one of a group. The list of
// members is not kept: it can be longer than a state, and it is the clients who hold
// versions against it.
var groupState = []byte("group")

func isGroup(state []byte) bool { return slices.Equal(state, groupState) }

// admitGroup decides on a version of a group, or of a label that is one. It admits what
// is signed by itself, for this place; whether by a member, clients decide.
func admitGroup(v *directory.Proposal) ([]byte, error) {
	switch {
	case !group.Is(v.Value):
		return nil, refuse("the label is that of a group, and this is no version of one")
	case v.State != nil && !isGroup(v.State):
		return nil, refuse("the label has versions that are not those of a group: found the group under a label of its own")
	}
	g, err := group.Parse(v.Value)
	if err != nil {
		return nil, refuse("the version of the group is not understood: %v", err)
	}
	if v.Last != nil && v.Last.Commitment != [32]byte{} && g.Previous != account.Hash(v.Last.Commitment) {
		return nil, refuse("this version of the group is signed for another place: make it anew, after the version that is there")
	}
	if _, err := group.Begin(group.Version{Label: string(v.Label), Number: v.Version, Commitment: account.Hash(v.Commitment), Group: &g}); err != nil {
		return nil, refuse("the version of the group is not signed as it has to be: %v", err)
	}
	return groupState, nil
}
