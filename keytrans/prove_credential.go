package keytrans

import "fmt"

// pastLog is a log as it was when it had size entries. It has no signed head.
type pastLog struct {
	Log
	size uint64
}

// Head returns the size only.
func (l pastLog) Head() TreeHead { return TreeHead{TreeSize: l.size} }

// AuditorHead returns nil.
func (l pastLog) AuditorHead() *AuditorTreeHead { return nil }

// CredentialUpdate answers q: it proves, about the log that ends with the
// distinguished entry that q names, that it continues the log of a credential,
// and under ContactMonitoring that the credential's version is still there. The
// error wraps ErrRequest if q does not describe a credential of this log.
func (p *Prover) CredentialUpdate(log Log, label Label, q *CredentialUpdateRequest) (*CredentialUpdate, error) {
	if err := p.checkCredentialUpdate(log, q); err != nil {
		return nil, err
	}
	size := q.Distinguished + 1
	o := p.start(pastLog{log, size}, label, size)
	if err := o.resume(q.TreeSize); err != nil {
		return nil, err
	}
	if p.Config.Mode == ContactMonitoring {
		if err := o.monitorTerminal(label, q.Terminal); err != nil {
			return nil, err
		}
	}
	proof, err := o.close()
	return &CredentialUpdate{Monitor: proof}, err
}

func (p *Prover) checkCredentialUpdate(log Log, q *CredentialUpdateRequest) error {
	present := log.Head().TreeSize
	switch {
	case q.Distinguished >= present:
		return fmt.Errorf("%w: distinguished: position %d is beyond the log of %d entries", ErrRequest, q.Distinguished, present)
	case q.TreeSize == 0 || q.TreeSize > q.Distinguished+1:
		return fmt.Errorf("%w: tree_size: the log that ends with entry %d does not continue one of %d entries", ErrRequest, q.Distinguished, q.TreeSize)
	case q.Terminal.Position >= q.TreeSize:
		return fmt.Errorf("%w: terminal: position %d is beyond the log of %d entries", ErrRequest, q.Terminal.Position, q.TreeSize)
	}
	// Nothing of this walk enters the answer.
	distinguished, err := p.start(log, nil, present).isDistinguished(q.Distinguished)
	if err == nil && !distinguished {
		err = fmt.Errorf("%w: distinguished: entry %d is not distinguished", ErrRequest, q.Distinguished)
	}
	return err
}

// monitorTerminal monitors a credential's version from its search's terminal
// entry on. A distinguished one can be any entry of the frontier that has the
// version, and is not monitored.
func (o *production) monitorTerminal(label Label, e MonitorMapEntry) error {
	distinguished, err := o.isDistinguished(e.Position)
	if err != nil {
		return err
	}
	entries := []MonitorMapEntry{e}
	if !distinguished {
		err = o.checkMap(label, entries)
	} else if greatest, failure := label.Greatest(e.Position); failure != nil {
		err = failure
	} else if greatest == nil || *greatest < e.Version {
		err = fmt.Errorf("%w: entry %d does not have the version", ErrRequest, e.Position)
	}
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	_, err = o.contactMonitor(entries, nil)
	return err
}
