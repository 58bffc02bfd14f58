package keytrans

// ProveCredentialUpdate is Prover.CredentialUpdate for a log that lies: it proves
// whatever is in the log, also if that refutes what it should prove.
func ProveCredentialUpdate(p *Prover, log Log, label Label, q *CredentialUpdateRequest) (*CredentialUpdate, error) {
	size := q.Distinguished + 1
	o := p.start(pastLog{log, size}, label, size)
	if err := o.resume(q.TreeSize); err != nil {
		return nil, err
	}
	if err := o.monitorTerminal(label, q.Terminal); err != nil {
		return nil, err
	}
	o.contradiction, o.rejection = nil, nil
	proof, err := o.close()
	return &CredentialUpdate{Monitor: proof}, err
}
