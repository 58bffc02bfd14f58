package keytrans

// The requests of KEYTRANS, "User Operations". Last is the tree size of the
// last tree head that the user verified, nil for a user without one. Labels
// have at most MaxLabelSize bytes.

// SearchRequest asks for a label's value: at Version, or the greatest version
// if that is nil.
type SearchRequest struct {
	Last    *uint64
	Label   []byte
	Version *uint32
}

// MonitorMapEntry says that Version is the greatest version of a label proven
// to exist at the log entry Position.
type MonitorMapEntry struct {
	Position uint64
	Version  uint32
}

// ContactMonitorRequest asks for proof that versions seen before are still
// there. Entries ascend by position and version; at most 255.
type ContactMonitorRequest struct {
	Last    *uint64
	Label   []byte
	Entries []MonitorMapEntry
}

// OwnerInitRequest asks for the state of a label at Start, an unexpired
// distinguished log entry from which the user owns it.
type OwnerInitRequest struct {
	Last  *uint64
	Label []byte
	Start uint64
}

// OwnerMonitorRequest asks for proof that no versions exist beyond
// GreatestVersion. Start is the rightmost distinguished entry verified so far.
type OwnerMonitorRequest struct {
	Last            *uint64
	Label           []byte
	Entries         []MonitorMapEntry // at most 255
	Start           uint64
	GreatestVersion *uint32
}

// UpdateRequest asks to create the versions after GreatestVersion with the
// given Values, or, if there are none, to be told of versions that exist.
type UpdateRequest struct {
	Last            *uint64
	Label           []byte
	GreatestVersion *uint32
	Values          [][]byte // at most 255
}

// DistinguishedRequest asks for the recent distinguished log entries to the
// right of Stop.
type DistinguishedRequest struct {
	Last *uint64
	Stop *uint64
}

// Marshal returns the encoding of q.
func (q *SearchRequest) Marshal() ([]byte, error) {
	var b builder
	b.optional64(q.Last)
	b.opaque8(q.Label)
	b.optional32(q.Version)
	return b.Bytes()
}

// ParseSearchRequest decodes a SearchRequest. The error wraps ErrMalformed.
func ParseSearchRequest(data []byte) (*SearchRequest, error) {
	r := reader{s: data}
	q := &SearchRequest{
		Last:    r.optional64("last"),
		Label:   r.opaque8("label"),
		Version: r.optional32("version"),
	}
	return orError(q, &r)
}

// Marshal returns the encoding of q.
func (q *ContactMonitorRequest) Marshal() ([]byte, error) {
	var b builder
	b.optional64(q.Last)
	b.opaque8(q.Label)
	addMapEntries(&b, q.Entries)
	return b.Bytes()
}

// ParseContactMonitorRequest decodes a ContactMonitorRequest. The error wraps
// ErrMalformed.
func ParseContactMonitorRequest(data []byte) (*ContactMonitorRequest, error) {
	r := reader{s: data}
	q := &ContactMonitorRequest{
		Last:    r.optional64("last"),
		Label:   r.opaque8("label"),
		Entries: r.mapEntries(),
	}
	return orError(q, &r)
}

// Marshal returns the encoding of q.
func (q *OwnerInitRequest) Marshal() ([]byte, error) {
	var b builder
	b.optional64(q.Last)
	b.opaque8(q.Label)
	b.AddUint64(q.Start)
	return b.Bytes()
}

// ParseOwnerInitRequest decodes an OwnerInitRequest. The error wraps
// ErrMalformed.
func ParseOwnerInitRequest(data []byte) (*OwnerInitRequest, error) {
	r := reader{s: data}
	q := &OwnerInitRequest{
		Last:  r.optional64("last"),
		Label: r.opaque8("label"),
		Start: r.u64("start"),
	}
	return orError(q, &r)
}

// Marshal returns the encoding of q.
func (q *OwnerMonitorRequest) Marshal() ([]byte, error) {
	var b builder
	b.optional64(q.Last)
	b.opaque8(q.Label)
	addMapEntries(&b, q.Entries)
	b.AddUint64(q.Start)
	b.optional32(q.GreatestVersion)
	return b.Bytes()
}

// ParseOwnerMonitorRequest decodes an OwnerMonitorRequest. The error wraps
// ErrMalformed.
func ParseOwnerMonitorRequest(data []byte) (*OwnerMonitorRequest, error) {
	r := reader{s: data}
	q := &OwnerMonitorRequest{
		Last:            r.optional64("last"),
		Label:           r.opaque8("label"),
		Entries:         r.mapEntries(),
		Start:           r.u64("start"),
		GreatestVersion: r.optional32("greatest_version"),
	}
	return orError(q, &r)
}

// Marshal returns the encoding of q.
func (q *UpdateRequest) Marshal() ([]byte, error) {
	var b builder
	b.optional64(q.Last)
	b.opaque8(q.Label)
	b.optional32(q.GreatestVersion)
	addLabelValues(&b, q.Values)
	return b.Bytes()
}

// ParseUpdateRequest decodes an UpdateRequest. The error wraps ErrMalformed.
func ParseUpdateRequest(data []byte) (*UpdateRequest, error) {
	r := reader{s: data}
	q := &UpdateRequest{
		Last:            r.optional64("last"),
		Label:           r.opaque8("label"),
		GreatestVersion: r.optional32("greatest_version"),
		Values:          r.labelValues(),
	}
	return orError(q, &r)
}

// Marshal returns the encoding of q.
func (q *DistinguishedRequest) Marshal() ([]byte, error) {
	var b builder
	b.optional64(q.Last)
	b.optional64(q.Stop)
	return b.Bytes()
}

// ParseDistinguishedRequest decodes a DistinguishedRequest. The error wraps
// ErrMalformed.
func ParseDistinguishedRequest(data []byte) (*DistinguishedRequest, error) {
	r := reader{s: data}
	q := &DistinguishedRequest{Last: r.optional64("last"), Stop: r.optional64("stop")}
	return orError(q, &r)
}

// orError returns v only if the whole encoding was read without a failure.
func orError[T any](v *T, r *reader) (*T, error) {
	if err := r.end(); err != nil {
		return nil, err
	}
	return v, nil
}

func addMapEntries(b *builder, entries []MonitorMapEntry) {
	b.count8(len(entries))
	for _, e := range entries {
		b.AddUint64(e.Position)
		b.AddUint32(e.Version)
	}
}

func (r *reader) mapEntries() []MonitorMapEntry {
	const size = 12
	return vector8(r, size, "entries", func() MonitorMapEntry {
		return MonitorMapEntry{Position: r.u64("entries"), Version: r.u32("entries")}
	})
}

func addLabelValues(b *builder, values [][]byte) {
	b.count8(len(values))
	for _, v := range values {
		b.opaque32(v)
	}
}

func (r *reader) labelValues() [][]byte {
	const minSize = 4 // the length of an empty value
	return vector8(r, minSize, "values", func() []byte { return r.opaque32("values") })
}
