package client

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// ResetWait is the time between the announcement and the reset of an account key in
// directories that do not say otherwise. Which one a directory has is its own matter: it
// tells whoever tries too early.
const ResetWait = 72 * time.Hour

// RotateAccount publishes a label's key set as it is with another account key, signed
// by the old one, which opt.PreviousAccount has, and the new one, which opt.Account has.
// Otherwise it does what Publish does.
func (c *Client) RotateAccount(ctx context.Context, label string, opt PublishOptions) (*PublishResult, error) {
	s, err := c.beginAccount(ctx, label)
	if err != nil {
		return nil, err
	}
	defer s.end()
	value, err := s.stoodValue(ctx, label)
	if err != nil {
		return nil, err
	}
	return s.publish(ctx, label, value, opt, signing{by: opt.Account, previous: opt.PreviousAccount})
}

// ResetResult is the outcome of ResetAccount.
type ResetResult struct {
	*PublishResult
	// Completed tells that the label has the new account key now. Otherwise that is
	// announced, by version Announced, which was in the log by AnnouncedAt.
	Completed   bool      `json:"completed"`
	Announced   uint32    `json:"announced_version"`
	AnnouncedAt time.Time `json:"announced_log_entry_time,omitzero"`
	// Earliest is when the reset can be completed in a directory that waits for
	// ResetWait.
	Earliest time.Time `json:"earliest,omitzero"`
	// Superseded is the account key that was announced before, if that was another
	// one: its announcement is void, and the directory waits from the beginning.
	Superseded *account.Key `json:"superseded,omitempty"`
}

// ResetAccount gives a label another account key without the signature of the one that
// it has, for owners who have lost that: at first it announces the new one, opt.Account,
// with the label's keys as they are; if it is announced already, it completes the reset.
// A directory that enforces account keys refuses that for a while. Contacts are told of
// both, in words that they will not like.
func (c *Client) ResetAccount(ctx context.Context, label string, opt PublishOptions) (*ResetResult, error) {
	key, err := account.KeyOf(opt.Account)
	if err != nil {
		return nil, usage("the new account key: %w", err)
	}
	s, err := c.beginAccount(ctx, label)
	if err != nil {
		return nil, err
	}
	defer s.end()
	if _, err := s.learn(ctx, label); err != nil {
		return nil, err
	}
	has := s.state.owners[label].account
	switch {
	case *has.Key == key && has.Status == account.Reset:
		return nil, usage("the reset is complete: version %d has this account key", has.Since)
	case *has.Key == key:
		return nil, usage("this is the label's account key already")
	}
	value, err := s.stoodValue(ctx, label)
	if err != nil {
		return nil, err
	}
	if has.Announced != nil && *has.Announced == key {
		return s.completeReset(ctx, label, value, opt)
	}
	r, err := s.publish(ctx, label, value, opt, signing{announce: opt.Account})
	if err != nil {
		return nil, err
	}
	out := &ResetResult{PublishResult: r}
	if r.Published {
		out.Superseded = has.Announced
		err = s.dateAnnouncement(ctx, label, out)
	}
	return out, err
}

// completeReset publishes the reset that the greatest version announces.
func (s *session) completeReset(ctx context.Context, label string, value []byte, opt PublishOptions) (*ResetResult, error) {
	out := new(ResetResult)
	if err := s.dateAnnouncement(ctx, label, out); err != nil {
		return nil, err
	}
	r, err := s.publish(ctx, label, value, opt, signing{by: opt.Account})
	var p *Problem
	var e *Error
	switch {
	case errors.As(err, &p) && p.Type == ProblemPolicy && errors.As(err, &e):
		e.Hint = fmt.Sprintf("the new account key was announced in version %d, in the log by %s", out.Announced, out.AnnouncedAt.Format(time.RFC3339))
		if p.Detail != "" {
			e.Hint += "; run the same command when the directory says that the reset can be completed"
		} else {
			e.Hint += fmt.Sprintf(". A directory that waits %d hours, as they do unless their operator decides otherwise, lets the reset be completed from %s on: run the same command then",
				int(ResetWait.Hours()), out.Earliest.Format(time.RFC3339))
		}
		return nil, err
	case err != nil:
		return nil, err
	}
	out.PublishResult, out.Completed = r, r.Published
	return out, nil
}

// dateAnnouncement notes when the greatest version, an announcement, was made.
func (s *session) dateAnnouncement(ctx context.Context, label string, r *ResetResult) error {
	r.Announced = s.state.owners[label].account.Version
	p, err := s.pastVersion(ctx, label, r.Announced)
	if err != nil {
		return err
	}
	if r.AnnouncedAt = p.time; !p.time.IsZero() {
		r.Earliest = p.time.Add(ResetWait)
	}
	return nil
}

// AcceptAccount begins anew with the account key of a version that was refused as
// ErrUnconnected: from now on it is that key which counts. The error is of kind Usage
// if that is not the version refused last. It contacts nobody: the next lookup does.
func (c *Client) AcceptAccount(ctx context.Context, label string, version uint32) error {
	s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	next := s.state.clone()
	contact := next.contactOf(label)
	if a := contact.account; a == nil || a.Version != version || a.Offered == nil {
		return usage("version %d is not one that waits for its account key to be accepted", version)
	}
	// Nothing is known of what was before it. The key that the user accepts is retained, and
	// not looked up again: the directory could withhold that version now.
	contact.account = &standing{State: *contact.account.Offered, Status: account.Unchecked}
	next.contacts[label] = contact
	return s.store(next)
}

// publishSigned is the command for hints that publishes keys signed.
const publishSigned = "kt publish LABEL FILE --account-key FILE (and --token-file TOKEN, where the directory asks for one)"

// beginAccount begins an operation on the account key of a label, and makes the client
// its owner if it is not yet. The error is of kind Usage if the label has none.
func (c *Client) beginAccount(ctx context.Context, label string) (*session, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	if o := s.state.owners[label]; o == nil || !o.ready {
		err = s.takeOver(ctx, label)
	}
	if err == nil && s.state.owners[label].account.key() == nil {
		e := usage("the label has no account key")
		e.Hint = "it gets one with: " + publishSigned
		err = e
	}
	if err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// stoodValue returns the value of the newest version of an owned label that stands.
func (s *session) stoodValue(ctx context.Context, label string) ([]byte, error) {
	version := s.state.owners[label].account.Stood
	f, err := s.search(ctx, label, &version, func(*state, *found) error { return nil })
	if err != nil {
		return nil, err
	}
	return f.Value.Value, nil
}

// Attested is an attestation: see account.Attestation.
type Attested struct {
	Label    string    `json:"label"`
	Version  uint32    `json:"version"`
	TreeSize uint64    `json:"tree_size"`
	Time     time.Time `json:"time"`
	// Line is what contacts are given.
	Line string `json:"attestation"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
}

// Attest monitors an owned label up to the log's present state, as Own does, and if
// nothing is amiss signs that with the label's account key. The error is of kind
// Attention if something is.
func (c *Client) Attest(ctx context.Context, label string, key crypto.Signer) (*Attested, error) {
	s, err := c.beginAccount(ctx, label)
	if err != nil {
		return nil, err
	}
	defer s.end()
	w, err := s.conclude(ctx, s.watchOwner(ctx, label))
	if err != nil {
		return nil, err
	}
	if w.Kind() != 0 {
		return nil, w.err
	}
	return s.attest(label, key, w)
}

func (s *session) attest(label string, key crypto.Signer, w *Witnessed) (*Attested, error) {
	const step = "attesting"
	o := s.state.owners[label]
	is, err := account.KeyOf(key)
	if err != nil {
		return nil, usage("the account key: %w", err)
	}
	greatest := o.monitor.Greatest()
	commitment := o.commitment(*greatest)
	switch {
	case len(o.unexpected) > 0:
		e := fail(Attention, step, fmt.Errorf("there are versions that you did not publish: %s", o.verdict().Reason))
		e.Hint = "kt watch names them"
		return nil, e
	case is != *o.account.Key:
		e := usage("the label's account key is %v, and this is %v", o.account.Key, is)
		e.Hint = "name the file with that key; kt account show FILE tells which is in a file"
		return nil, e
	case !o.account.Status.Stands():
		e := fail(Attention, step, fmt.Errorf("version %d is %w", *greatest, ErrUnsigned))
		e.Hint = "publish your keys again, signed: " + publishSigned
		return nil, e
	case commitment == merkle.Hash{}:
		return nil, fail(Undecided, step, fmt.Errorf("the commitment to version %d is not known", *greatest))
	}
	root, err := s.state.view.Root()
	if err != nil {
		return nil, fail(Operational, step, err)
	}
	a := account.Attestation{
		Label: label, Version: *greatest, Commitment: account.Hash(commitment),
		TreeSize: s.state.view.Head.TreeSize, Root: account.Hash(root), Time: s.cfg.Now().UTC(),
	}
	line, err := account.Attest(key, a)
	if err != nil {
		return nil, fail(Operational, step, err)
	}
	return &Attested{Label: label, Version: a.Version, TreeSize: a.TreeSize, Time: a.Time, Line: line, Witness: w}, nil
}
