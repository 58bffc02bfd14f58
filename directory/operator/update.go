package operator

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// maxValues is how many values one update has at most. If maxAhead signed versions
// of a label, or more, are ones that the manager is not known to have, no more are
// signed. The manager can thus always skip what it did not get: that and one more
// update fit one log entry.
const (
	maxValues = 128
	maxAhead  = keytrans.MaxNewVersions - maxValues + 1
)

// Update authorises the update q, signs its values and forwards them. It returns
// the manager's answer. The error is as that of directory.Directory.Update, a
// *Refusal, or wraps ErrManager, ErrDistrusted or ErrAhead. If it wraps
// directory.ErrPolicy, nothing was signed. After ErrManager it
// is not known whether there are new versions: the same update can be sent again.
func (o *Operator) Update(ctx context.Context, credential directory.Credential, q *keytrans.UpdateRequest) ([]byte, error) {
	if err := o.log.trusted(); err != nil {
		return nil, err
	}
	m := &keytrans.ManagerUpdateRequest{Last: q.Last, Label: q.Label, GreatestVersion: q.GreatestVersion}
	if len(q.Values) == 0 {
		response, _, err := o.forwardUpdate(ctx, m)
		return response, err
	}
	if err := o.checkSizes(q); err != nil {
		return nil, err
	}
	// Whoever may not write does not wait for those who may.
	id, err := o.cfg.Authorizer.Authorize(ctx, credential, &directory.NewVersions{Label: q.Label, Greatest: q.GreatestVersion, Values: q.Values})
	if err != nil {
		return nil, err
	}
	unlock, err := o.labels.lock(ctx, q.Label)
	if err != nil {
		return nil, err
	}
	defer unlock()
	record, err := o.recordFor(id, q)
	if err != nil {
		return nil, err
	}
	if err := o.catchUp(ctx, q, record); err != nil {
		return nil, err
	}
	if err := o.admit(ctx, q, record); err != nil {
		return nil, err
	}
	if m, err = o.sign(q, record); err != nil {
		return nil, err
	}
	response, told, err := o.forwardUpdate(ctx, m)
	if err == nil {
		o.confirm(q.Label, record, told)
	}
	return response, err
}

// checkSizes verifies that a label and values can be signed. Errors wrap
// keytrans.ErrRequest and name the field.
func (o *Operator) checkSizes(q *keytrans.UpdateRequest) error {
	if len(q.Label) == 0 || len(q.Label) > keytrans.MaxLabelSize {
		return fmt.Errorf("%w: label: it must have 1 to %d bytes", keytrans.ErrRequest, keytrans.MaxLabelSize)
	}
	if len(q.Values) > maxValues {
		return fmt.Errorf("%w: values: there must be at most %d", keytrans.ErrRequest, maxValues)
	}
	total := 0
	for _, v := range q.Values {
		if total += len(v); len(v) > o.cfg.MaxValueSize {
			return fmt.Errorf("%w: %w: values: %d bytes are more than %d", keytrans.ErrRequest, directory.ErrTooLarge, len(v), o.cfg.MaxValueSize)
		}
	}
	if limit := max(directory.MaxUpdateBytes, o.cfg.MaxValueSize); total > limit {
		return fmt.Errorf("%w: %w: values: %d bytes together are more than %d", keytrans.ErrRequest, directory.ErrTooLarge, total, limit)
	}
	return nil
}

// recordFor returns what was signed for the label of an update that id may make,
// and of which the greatest version can be true.
func (o *Operator) recordFor(id directory.Identity, q *keytrans.UpdateRequest) (*labelRecord, error) {
	record, err := o.read(q.Label)
	switch {
	case err != nil:
		return nil, err
	case record == nil:
		record = &labelRecord{identity: id}
	case record.identity != id:
		return nil, directory.ErrForbidden
	}
	if nextOf(q.GreatestVersion) > record.next {
		return nil, directory.ErrGreatestVersion
	}
	return record, nil
}

func (o *Operator) read(label []byte) (*labelRecord, error) {
	snap, err := o.cfg.Store.Snapshot()
	if err != nil {
		return nil, err
	}
	record, err := readLabel(snap, label)
	return record, errors.Join(err, snap.Close())
}

// store makes a label's record durable.
func (o *Operator) store(label []byte, r *labelRecord) error {
	var b directory.Batch
	if err := r.add(&b, label); err != nil {
		return err
	}
	return o.cfg.Store.Commit(&b)
}

// catchUp sends the last update of a label again, if so much was signed for it
// that nothing more can be before it is known what the manager has. For a policy,
// that is anything: but what the manager refuses for good can be skipped.
func (o *Operator) catchUp(ctx context.Context, q *keytrans.UpdateRequest, record *labelRecord) error {
	limit := uint64(maxAhead)
	if o.cfg.Policy != nil {
		limit = 1
	}
	for record.ahead() >= limit && !record.repeats(q) {
		m := *record.update
		m.GreatestVersion = nil
		if record.known > 0 {
			greatest := uint32(record.known - 1)
			m.GreatestVersion = &greatest
		}
		_, told, err := o.forwardUpdate(ctx, &m)
		if err == nil && told.next <= record.known {
			err = errors.New("the manager tells of nothing new")
		}
		if refusal := (*Refusal)(nil); errors.As(err, &refusal) && !refusal.temporary() && record.ahead() < maxAhead {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %d: %w", ErrAhead, record.ahead(), err)
		}
		o.confirm(q.Label, record, told)
	}
	return nil
}

// repeats reports whether q asks for what the last signed update does, which the
// manager is not known to have.
func (r *labelRecord) repeats(q *keytrans.UpdateRequest) bool {
	if r.update == nil || len(r.update.Values) != len(q.Values) || nextOf(q.GreatestVersion) > uint64(r.update.SignedVersion) {
		return false
	}
	for i, v := range r.update.Values {
		if !bytes.Equal(v.Value, q.Values[i]) {
			return false
		}
	}
	return true
}

// sign returns the update to forward for q, and makes durable before that what
// was signed for it.
func (o *Operator) sign(q *keytrans.UpdateRequest, record *labelRecord) (*keytrans.ManagerUpdateRequest, error) {
	m := &keytrans.ManagerUpdateRequest{Last: q.Last, Label: q.Label, GreatestVersion: q.GreatestVersion}
	switch {
	case nextOf(q.GreatestVersion) < record.known:
		// The manager has a greater version, and would disregard the values: they
		// are not signed.
		return m, nil
	case record.repeats(q):
		m.Values, m.SignedVersion = record.update.Values, record.update.SignedVersion
		return m, nil
	case record.next+uint64(len(q.Values)) > 1<<32:
		return nil, fmt.Errorf("%w: greatest_version: no version can follow", keytrans.ErrRequest)
	}
	m.SignedVersion = uint32(record.next)
	for i, value := range q.Values {
		signed, err := keytrans.SignUpdate(o.cfg.Configuration, o.cfg.LeafKey, q.Label, m.SignedVersion+uint32(i), value)
		if err != nil {
			return nil, err
		}
		m.Values = append(m.Values, signed)
	}
	record.next += uint64(len(q.Values))
	// What this user has seen of the log is nothing for somebody else's answer.
	record.update = &keytrans.ManagerUpdateRequest{
		Label: q.Label, GreatestVersion: q.GreatestVersion, Values: m.Values, SignedVersion: m.SignedVersion,
	}
	if err := o.store(q.Label, record); err != nil {
		return nil, fmt.Errorf("storing what was signed: %w", err)
	}
	return m, nil
}

// confirm remembers that the manager has all versions of a label that it tells of.
// That this cannot be stored does no harm.
func (o *Operator) confirm(label []byte, record *labelRecord, t told) {
	if err := o.follow(label, record, t); err != nil {
		o.cfg.Logger.Error("following what the manager has", "err", err)
	}
	next := t.next
	if next > record.next {
		o.cfg.Logger.Error("the manager has values with this operator's signature for versions that it does not know to have signed; " +
			"was its store replaced by an older copy?")
		record.next = next
	}
	if next <= record.known {
		return
	}
	record.known = next
	if u := record.update; u != nil && uint64(u.SignedVersion)+uint64(len(u.Values)) <= next {
		record.update = nil
	}
	if err := o.store(label, record); err != nil {
		o.cfg.Logger.Error("storing what the manager has", "err", err)
	}
}

// told is what the manager tells of versions: their number, from some one on, and
// the version after the last of them.
type told struct {
	versions []toldVersion
	next     uint64
}

// toldVersion is a version of which the manager tells.
type toldVersion struct {
	number  uint32
	skipped bool
	value   keytrans.UpdateValue
	opening keytrans.Opening
}

// forwardUpdate sends an update to the manager and returns the answer, and what it
// tells of.
func (o *Operator) forwardUpdate(ctx context.Context, m *keytrans.ManagerUpdateRequest) (response []byte, t told, err error) {
	body, err := m.Marshal()
	if err != nil {
		return nil, told{}, err
	}
	response, err = o.exchange(ctx, "manager-update", body, func(ctx context.Context, floor uint64, data []byte) error {
		list, err := keytrans.ParseUpdateResponses(o.cfg.Configuration, data)
		if err != nil {
			return err
		}
		var heads []*keytrans.FullTreeHead
		for _, p := range list {
			heads = append(heads, &p.FullTreeHead)
		}
		if err := o.checkHeads(ctx, heads, m.Last, floor); err != nil {
			return err
		}
		t, err = o.checkSignatures(m, list)
		return err
	})
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Field == "signed_version" {
		o.cfg.Logger.Error("the manager refuses a signed update", "err", err)
	}
	return response, t, err
}

// checkSignatures verifies that the operator has signed what the responses to m
// tell of, and returns that.
func (o *Operator) checkSignatures(m *keytrans.ManagerUpdateRequest, list []*keytrans.UpdateResponse) (told, error) {
	t := told{next: nextOf(m.GreatestVersion)}
	asked := m.Values // until a response says that they were created
	for _, p := range list {
		values := p.Values
		if len(values) == 0 {
			for _, v := range asked {
				values = append(values, v.Value)
			}
			asked = nil
		}
		created := uint64(p.SkippedVersions) + uint64(len(values))
		if len(values) == 0 || len(values) != len(p.Info) || created > keytrans.MaxNewVersions || t.next+created > 1<<32 {
			return told{}, errors.New("an update response does not fit the request")
		}
		for range p.SkippedVersions {
			t.versions = append(t.versions, toldVersion{number: uint32(t.next), skipped: true})
			t.next++
		}
		for i, value := range values {
			u := keytrans.UpdateValue{Value: value, Signature: p.Info[i].Signature}
			if err := keytrans.VerifyUpdate(o.cfg.Configuration, m.Label, uint32(t.next), u); err != nil {
				return told{}, err
			}
			t.versions = append(t.versions, toldVersion{number: uint32(t.next), value: u, opening: p.Info[i].Opening})
			t.next++
		}
	}
	return t, nil
}

// nextOf returns the version after a greatest version.
func nextOf(greatest *uint32) uint64 {
	if greatest == nil {
		return 0
	}
	return uint64(*greatest) + 1
}
