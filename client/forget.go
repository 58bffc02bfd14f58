package client

import "context"

// Forget gives up what is retained of labels in a role, RoleOwner or RoleContact: they
// are no longer monitored. What was verified of the log stays. Labels of which nothing
// is retained are passed over. It contacts nobody.
//
// For an owner that includes the ledger, unexpected versions and values of which it is
// not known whether they were published. Owning the label again takes it over anew.
func (c *Client) Forget(ctx context.Context, role string, labels ...string) error {
	if role != RoleOwner && role != RoleContact {
		return usage("there is no role %q", role)
	}
	s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	next := s.state.clone()
	for _, label := range labels {
		if role == RoleOwner {
			delete(next.owners, label)
		} else {
			delete(next.contacts, label)
		}
	}
	return s.store(next)
}
