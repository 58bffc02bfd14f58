package clienttest

import "github.com/ghostlight-kt/ghostlight/keytrans"

// extension answers the operations of docs/extensions.md.
func (d *Directory) extension(p *keytrans.Prover, log *snapshot, operation string, body []byte) ([]byte, error) {
	switch operation {
	case "absence":
		q, err := keytrans.ParseAbsenceRequest(body)
		if err != nil {
			return nil, err
		}
		return marshal(d, func() (marshaler, error) { return p.Absence(log, d.label(q.Label), q) })
	case "batch":
		q, err := keytrans.ParseBatchRequest(body)
		if err != nil {
			return nil, err
		}
		answers, err := p.Batch(log, func(name []byte) (keytrans.Label, error) { return d.label(name), nil }, q)
		if err != nil {
			return nil, err
		}
		return keytrans.MarshalBatchAnswers(d.config, answers)
	}
	return nil, errNotFound
}
