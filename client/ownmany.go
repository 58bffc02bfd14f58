package client

import "context"

// OwnManyResult is what OwnMany found out about one label.
type OwnManyResult struct {
	Label string
	// Own is the state of the owned label, nil if Err is not.
	Own *OwnResult
	// Err is why there is none: an *Error.
	Err error
}

// Kind returns what the result asks of the user.
func (r *OwnManyResult) Kind() Kind {
	if r.Err != nil {
		return KindOf(r.Err)
	}
	return r.Own.Kind()
}

// OwnMany does for labels what Own does one by one. A label that cannot be taken over
// does not keep others from it: there is a result for each label, in order. The error
// is what concerns them all.
func (c *Client) OwnMany(ctx context.Context, labels []string) ([]OwnManyResult, error) {
	s, err := c.beginMany(ctx, labels)
	if err != nil {
		return nil, err
	}
	defer s.end()
	taken := make(map[string]bool)
	out := make([]OwnManyResult, len(labels))
	var broken error // the directory is not reached any more
	for i, label := range labels {
		o := s.state.owners[label]
		taken[label] = o == nil || !o.ready
		out[i] = OwnManyResult{Label: label, Err: broken}
		if broken == nil {
			out[i].Err = s.watchOwner(ctx, label)
			broken = lost(out[i].Err)
		}
	}
	w, err := s.conclude(ctx, s.saveDeferred())
	for i := range out {
		r := &out[i]
		switch {
		case err != nil && KindOf(r.Err) != Misbehaved:
			r.Err = err
		case r.Err == nil:
			r.Own = s.ownResult(r.Label, w)
			r.Own.TakenOver = taken[r.Label]
		}
	}
	return out, nil
}
