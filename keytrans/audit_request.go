package keytrans

// AuditRequest asks for the AuditorUpdates of Count log entries from Start on. The
// draft has no such structure: it belongs to this project's HTTP binding.
//
//	struct {
//	  uint64 start;
//	  uint16 count;
//	} AuditRequest;
type AuditRequest struct {
	Start uint64
	Count uint16
}

// Marshal returns the encoding of q.
func (q *AuditRequest) Marshal() ([]byte, error) {
	var b builder
	b.AddUint64(q.Start)
	b.AddUint16(q.Count)
	return b.Bytes()
}

// ParseAuditRequest decodes an AuditRequest. The error wraps ErrMalformed.
func ParseAuditRequest(data []byte) (*AuditRequest, error) {
	r := reader{s: data}
	q := &AuditRequest{Start: r.u64("start"), Count: r.u16("count")}
	return orError(q, &r)
}
