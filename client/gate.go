package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// Recipient is a person whom an app is about to encrypt to, and with which keys.
type Recipient struct {
	Label string
	Keys  []roster.Device
}

// GateOptions say how to decide. The zero GateOptions is usable.
type GateOptions struct {
	// History is how many versions of each label are looked at, at most, to see
	// whether its account key signed what it is now. Default: DefaultHistory.
	History int
	// OneByOne is that of RosterOptions.
	OneByOne bool
}

// GateError names the keys that Gate does not let through, in the order of the
// recipients. It names their labels, too: an app should not log it.
type GateError struct {
	Refused []Refusal
}

// Refusal is a key, or a recipient as a whole, that must not be encrypted to.
type Refusal struct {
	Label string
	// Key is the one that is refused, nil if the recipient is, whatever the keys.
	Key  *roster.Device
	Code roster.Code
	// Reason is one sentence, without the labels of other recipients.
	Reason string
	// Evidence is the path of the evidence file, for code misbehaviour.
	Evidence string
}

// Error names the recipients by their labels, and why each is refused.
func (e *GateError) Error() string {
	var lines []string
	for _, r := range e.Refused {
		lines = append(lines, r.String())
	}
	return fmt.Sprintf("%s not proven: %s", count.Of(len(e.Refused), "key or recipient is", "keys or recipients are"), strings.Join(lines, "; "))
}

// String names the recipient, the key, and why it is refused.
func (r Refusal) String() string {
	what := r.Label
	if r.Key != nil {
		what += ", key " + r.Key.Fingerprint
	}
	return fmt.Sprintf("%s (%s): %s", what, r.Code, r.Reason)
}

// Gate decides which keys an app may encrypt to: those in the newest version of the
// recipient's label, proven to be in the log, and neither revoked nor expired. If the
// label has an account key, that must have signed the version. If that does not follow
// from version 0, because more versions came since than are looked at or a value is kept
// back, the recipient is refused until the user has looked the label up (Lookup); and
// again if no account key is known, and a value is kept back that came since then.
//
// proven has the recipients with those of their keys that are, in order, and with the
// format and bytes that the directory proves, which are what to encrypt to: a
// fingerprint need not cover all of a key. What is one key is decided as CheckRoster
// does, in whatever format it is written down. A recipient without a proven key is not
// among them; one for whom the app has no keys is missing without being refused. If
// anything was refused, the error is a *GateError that names it, and proven is what is
// left: whether to send to that, the app decides. Any other error concerns all
// recipients, and nothing is proven then.
//
// Gate retains nothing but what there is to monitor, as CheckRoster does. It does not
// tell that the keys are other ones than last time: Lookup does.
//
// Labels are taken as they are, as by all of Client, and returned as they were given,
// by which the app finds its recipients again. One that is not normalised is another
// label, which the directory most likely does not have: its recipient is refused. See
// label.Normalize. One that is empty, too long or not UTF-8 is refused likewise, with the
// code could-not-check, and keeps no other recipient from being decided.
func (c *Client) Gate(ctx context.Context, recipients []Recipient, opt GateOptions) (proven []Recipient, err error) {
	if opt.History < 0 {
		return nil, usage("the number of versions must not be negative")
	}
	k := newCheck(RosterOptions{History: opt.History, OneByOne: opt.OneByOne})
	for _, r := range recipients {
		if checkLabel(r.Label) == nil { // sift refuses the others
			k.add(r.Label, time.Time{})
		}
	}
	s, err := c.beginMany(ctx, k.labels)
	if err != nil {
		return nil, err
	}
	defer s.end()
	k.begin(s)
	err = k.fetch(ctx)
	if saveErr := s.saveDeferred(); err == nil {
		err = saveErr
	}
	w, err := s.concludeWaiting(ctx, err)
	switch {
	case err != nil:
		return nil, err
	case w.Kind() != 0:
		return nil, w.err
	}
	return k.sift(recipients)
}

// sift returns the recipients with their proven keys. The error is a *GateError with
// the others.
func (k *check) sift(recipients []Recipient) (proven []Recipient, err error) {
	refused := &GateError{}
	for _, r := range recipients {
		if why := k.refusal(r.Label); why != nil {
			refused.Refused = append(refused.Refused, *why)
			continue
		}
		through := Recipient{Label: r.Label}
		for _, device := range r.Keys {
			key, why := k.provenKey(r.Label, device)
			if why != nil {
				refused.Refused = append(refused.Refused, *why)
				continue
			}
			through.Keys = append(through.Keys, key)
		}
		if len(through.Keys) > 0 {
			proven = append(proven, through)
		}
	}
	if len(refused.Refused) > 0 {
		return proven, refused
	}
	return proven, nil
}

// refusal returns why nothing of a label lets through, nil if its newest version has
// keys to rely on.
func (k *check) refusal(label string) *Refusal {
	if err := checkLabel(label); err != nil {
		return &Refusal{Label: label, Code: roster.CouldNotCheck, Reason: err.Error()}
	}
	f := k.facts[label]
	refuse := func(code roster.Code, format string, args ...any) *Refusal {
		return &Refusal{Label: label, Code: code, Reason: fmt.Sprintf(format, args...), Evidence: k.evidence[label]}
	}
	switch {
	case f.Misbehaviour:
		return refuse(roster.Misbehaviour, "the directory signed a contradiction about the label")
	case f.Err != nil:
		return refuse(roster.CouldNotCheck, "%v", f.Err)
	case f.Absent:
		return refuse(roster.GhostUser, "the directory has proven that there is no such label")
	}
	newest := f.newest()
	switch {
	case !newest.Account.Stands():
		return refuse(roster.UnsignedChange, "version %d is not signed by the label's account key", newest.Number)
	case !newest.KeySet:
		return refuse(roster.CouldNotCheck, "the value of version %d is no key set", newest.Number)
	case f.unfollowed():
		return refuse(roster.CouldNotCheck, "whether an account key of the label signed version %d could not be found out, because not all earlier versions were looked at or are to be had: look the label up once to trust it", newest.Number)
	}
	return nil
}

// provenKey returns a key as the newest version of the label has it, or why that does
// not let it through.
func (k *check) provenKey(label string, device roster.Device) (roster.Device, *Refusal) {
	f := k.facts[label]
	if device.Data != nil {
		device.Fingerprint = device.Key().Fingerprint() // whatever the app took it for
	}
	refuse := func(code roster.Code, format string, args ...any) (roster.Device, *Refusal) {
		return roster.Device{}, &Refusal{Label: label, Key: &device, Code: code, Reason: fmt.Sprintf(format, args...)}
	}
	newest := f.newest()
	if i := f.indexOf(0, device); i >= 0 {
		if status := newest.Keys[i].Status(k.cfg.Now()); status != "" {
			return refuse(roster.StaleKey, "the key is %s", status)
		}
		listed := newest.Set.Keys[i]
		device.Format, device.Data, device.Fingerprint = listed.Format, listed.Data, newest.Keys[i].Fingerprint
		return device, nil
	}
	for i := range f.Versions[1:] {
		if f.indexOf(i+1, device) >= 0 {
			return refuse(roster.StaleKey, "version %d had the key, and version %d, the greatest, has not", f.Versions[i+1].Number, newest.Number)
		}
	}
	return refuse(roster.GhostDevice, "no proven version of the label has the key")
}

// indexOf returns where one of the versions has a key, -1 if it has not.
func (f *facts) indexOf(i int, d roster.Device) int {
	for len(f.indexes) <= i {
		f.indexes = append(f.indexes, f.Versions[len(f.indexes)].Index())
	}
	return f.indexes[i].Of(d)
}
