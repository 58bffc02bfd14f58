package evidence

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// The responses to monitoring are verified by means of what the user learned of the
// label before. Here that is what an earlier answer proved: the versions up to the
// monitored one are in the log of the earlier answer, so every later entry has to have
// them. The positions that the request names matter only in that all of the entries
// inspected are later ones.

// groundOf returns the earlier answer that proves a version of a label, and all versions
// that a ladder for it looks up below it.
func (l *log) groundOf(label []byte, version uint32, earlier []answer) (*answer, error) {
	if l.cfg.MaximumLifetime != nil {
		return nil, fmt.Errorf("%w: what was monitored may have expired", ErrReport)
	}
	for i := range earlier {
		a := &earlier[i]
		if a.label == string(label) && a.provesLadder(version) {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%w: nothing in the file proves version %d, which was monitored", ErrReport, version)
}

func (a *answer) provesLadder(version uint32) bool {
	for _, v := range append(ladder.Monitoring(version), version) {
		if _, ok := a.commitments[v]; !ok {
			return false
		}
	}
	return true
}

// checkLater verifies that monitoring from pos on inspects no entry of the log of the
// earlier answer.
func (a *answer) checkLater(pos, size uint64) error {
	if pos >= size || size > logtree.MaxSize {
		return fmt.Errorf("position %d is beyond the log of %d entries", pos, size)
	}
	for _, x := range ibst.Path(pos, size) {
		if x > pos && x < a.size {
			return fmt.Errorf("%w: log entry %d is not after the earlier answer", ErrReport, x)
		}
	}
	return nil
}

// ground verifies that the versions of a monitoring map rest on one earlier answer,
// which is returned; it is a itself if that is not nil.
func (l *log) ground(label []byte, entries []keytrans.MonitorMapEntry, size uint64, a *answer, earlier []answer) (*answer, error) {
	for _, e := range entries {
		var err error
		if a == nil {
			if a, err = l.groundOf(label, e.Version, earlier); err != nil {
				return nil, err
			}
		}
		if !a.provesLadder(e.Version) {
			return nil, fmt.Errorf("%w: the earlier answer does not prove version %d", ErrReport, e.Version)
		}
		if err := a.checkLater(e.Position, size); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// sizeOf returns the size of the log in a response to somebody who has the view.
func sizeOf(view *keytrans.View, head *keytrans.FullTreeHead) uint64 {
	if head.TreeHead != nil {
		return head.TreeHead.TreeSize
	}
	return view.Head.TreeSize
}

func (l *log) replayContactMonitor(view *keytrans.View, request, response []byte, earlier []answer) error {
	q, err := keytrans.ParseContactMonitorRequest(request)
	if err != nil {
		return err
	}
	if err := checkLast(view, q.Last); err != nil {
		return err
	}
	p, err := keytrans.ParseContactMonitorResponse(l.cfg, response)
	if err != nil {
		return err
	}
	a, err := l.ground(q.Label, q.Entries, sizeOf(view, &p.FullTreeHead), nil, earlier)
	if err != nil {
		return err
	}
	contact := &keytrans.Contact{Map: q.Entries}
	if a != nil {
		contact.Keys = a.keys
	}
	_, err = l.verifier.ContactMonitor(view, contact, q, p, at)
	return err
}

func (l *log) replayOwnerMonitor(view *keytrans.View, request, response []byte, earlier []answer) error {
	q, err := keytrans.ParseOwnerMonitorRequest(request)
	if err != nil {
		return err
	}
	if err := checkLast(view, q.Last); err != nil {
		return err
	}
	p, err := keytrans.ParseOwnerMonitorResponse(l.cfg, response)
	if err != nil {
		return err
	}
	if q.GreatestVersion == nil {
		return fmt.Errorf("%w: the owner knew of no version", ErrReport)
	}
	a, err := l.groundOf(q.Label, *q.GreatestVersion, earlier)
	if err != nil {
		return err
	}
	if q.Start+1 < a.size {
		return fmt.Errorf("%w: the owner's start, log entry %d, is not after the earlier answer", ErrReport, q.Start)
	}
	if a, err = l.ground(q.Label, q.Entries, sizeOf(view, &p.FullTreeHead), a, earlier); err != nil {
		return err
	}
	owner := &keytrans.Owner{
		Start: q.Start, AtStart: q.GreatestVersion, Keys: a.keys, Contact: keytrans.Contact{Map: q.Entries, Keys: a.keys},
	}
	_, err = l.verifier.OwnerMonitor(view, owner, p, at)
	return err
}
