package group

import (
	"crypto/sha256"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

// Content identifies what a version says and in which place of the history, however
// often that was signed: it is the same for two values that differ in their
// signatures only, as those of a secure element do. Requires what Marshal does.
func (g Group) Content() (account.Hash, error) {
	if err := g.check(); err != nil {
		return account.Hash{}, err
	}
	g.Members = slices.Clone(g.Members)
	for i := range g.Members {
		g.Members[i].Addition = nil
	}
	data, err := g.build(false)
	if err != nil {
		return account.Hash{}, err
	}
	return sha256.Sum256(data), nil
}

// Find returns the member with a label, or nil if there is none.
func (s *State) Find(name string) *Member { return find(s.Members, name) }
