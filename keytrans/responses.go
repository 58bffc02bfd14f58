package keytrans

import "fmt"

// The responses of KEYTRANS, "User Operations". Their encoding depends on the
// Configuration and on the request, which the decoder therefore needs.

// SearchResponse answers a SearchRequest.
type SearchResponse struct {
	FullTreeHead FullTreeHead
	Version      *uint32 // the greatest version; nil if the request named one
	Opening      Opening
	Value        UpdateValue
	BinaryLadder []BinaryLadderStep // at most 255
	Search       CombinedTreeProof
}

// ContactMonitorResponse answers a ContactMonitorRequest.
type ContactMonitorResponse struct {
	FullTreeHead FullTreeHead
	Monitor      CombinedTreeProof
}

// OwnerInitResponse answers an OwnerInitRequest.
type OwnerInitResponse struct {
	FullTreeHead     FullTreeHead
	GreatestVersions []uint32           // at most 255, never rising
	BinaryLadder     []BinaryLadderStep // at most 65535
	Init             CombinedTreeProof
}

// OwnerMonitorResponse answers an OwnerMonitorRequest.
type OwnerMonitorResponse struct {
	FullTreeHead FullTreeHead
	Monitor      CombinedTreeProof
}

// UpdateInfo says how one new version was committed to. Signature is present
// under ThirdPartyManagement only.
type UpdateInfo struct {
	Opening   Opening
	Signature []byte
}

// UpdateResponse tells of the versions that one log entry created. Values is
// empty if they are the ones that the request asked to create.
type UpdateResponse struct {
	FullTreeHead    FullTreeHead
	Position        uint64
	SkippedVersions uint32 // under ThirdPartyManagement only
	Values          [][]byte
	Info            []UpdateInfo
	BinaryLadder    []BinaryLadderStep
	Update          CombinedTreeProof
}

// DistinguishedResponse answers a DistinguishedRequest.
type DistinguishedResponse struct {
	FullTreeHead  FullTreeHead
	Distinguished CombinedTreeProof
}

// Marshal returns the encoding of p.
func (p *SearchResponse) Marshal(c *Configuration) ([]byte, error) {
	var b builder
	p.add(&b, c)
	return b.Bytes()
}

func (p *SearchResponse) add(b *builder, c *Configuration) {
	p.FullTreeHead.add(b, c)
	if p.Version != nil {
		b.AddUint32(*p.Version)
	}
	b.AddBytes(p.Opening[:])
	p.Value.add(b, c.Mode)
	addLadder8(b, p.BinaryLadder)
	p.Search.add(b)
}

// ParseSearchResponse decodes the response to q. The error wraps ErrMalformed.
func ParseSearchResponse(c *Configuration, q *SearchRequest, data []byte) (*SearchResponse, error) {
	r := reader{s: data}
	return orError(r.searchResponse(c, q), &r)
}

func (r *reader) searchResponse(c *Configuration, q *SearchRequest) *SearchResponse {
	p := &SearchResponse{FullTreeHead: r.fullTreeHead(c)}
	if q.Version == nil {
		v := r.u32("version")
		p.Version = &v
	}
	p.Opening = r.opening()
	p.Value = r.updateValue(c.Mode)
	p.BinaryLadder = r.ladder8(c)
	p.Search = r.combinedTreeProof()
	return p
}

// Marshal returns the encoding of p.
func (p *ContactMonitorResponse) Marshal(c *Configuration) ([]byte, error) {
	return marshalHeadAndProof(c, &p.FullTreeHead, &p.Monitor)
}

// ParseContactMonitorResponse decodes a ContactMonitorResponse. The error wraps
// ErrMalformed.
func ParseContactMonitorResponse(c *Configuration, data []byte) (*ContactMonitorResponse, error) {
	r := reader{s: data}
	return orError(&ContactMonitorResponse{FullTreeHead: r.fullTreeHead(c), Monitor: r.combinedTreeProof()}, &r)
}

// Marshal returns the encoding of p.
func (p *OwnerInitResponse) Marshal(c *Configuration) ([]byte, error) {
	var b builder
	p.FullTreeHead.add(&b, c)
	b.count8(len(p.GreatestVersions))
	for _, v := range p.GreatestVersions {
		b.AddUint32(v)
	}
	b.count16(len(p.BinaryLadder))
	for i := range p.BinaryLadder {
		p.BinaryLadder[i].add(&b)
	}
	p.Init.add(&b)
	return b.Bytes()
}

// ParseOwnerInitResponse decodes an OwnerInitResponse. The error wraps
// ErrMalformed.
func ParseOwnerInitResponse(c *Configuration, data []byte) (*OwnerInitResponse, error) {
	r := reader{s: data}
	p := &OwnerInitResponse{FullTreeHead: r.fullTreeHead(c)}
	p.GreatestVersions = vector8(&r, 4, "greatest_versions", func() uint32 { return r.u32("greatest_versions") })
	read, size := r.ladderStep(c)
	p.BinaryLadder = vector16(&r, size, "binary_ladder", read)
	p.Init = r.combinedTreeProof()
	return orError(p, &r)
}

// Marshal returns the encoding of p.
func (p *OwnerMonitorResponse) Marshal(c *Configuration) ([]byte, error) {
	return marshalHeadAndProof(c, &p.FullTreeHead, &p.Monitor)
}

// ParseOwnerMonitorResponse decodes an OwnerMonitorResponse. The error wraps
// ErrMalformed.
func ParseOwnerMonitorResponse(c *Configuration, data []byte) (*OwnerMonitorResponse, error) {
	r := reader{s: data}
	return orError(&OwnerMonitorResponse{FullTreeHead: r.fullTreeHead(c), Monitor: r.combinedTreeProof()}, &r)
}

// Marshal returns the encoding of p.
func (p *UpdateResponse) Marshal(c *Configuration) ([]byte, error) {
	var b builder
	p.FullTreeHead.add(&b, c)
	b.AddUint64(p.Position)
	if c.Mode == ThirdPartyManagement {
		b.AddUint32(p.SkippedVersions)
	}
	addLabelValues(&b, p.Values)
	b.count8(len(p.Info))
	for i := range p.Info {
		p.Info[i].add(&b, c.Mode)
	}
	addLadder8(&b, p.BinaryLadder)
	p.Update.add(&b)
	return b.Bytes()
}

func (i *UpdateInfo) add(b *builder, mode DeploymentMode) {
	b.AddBytes(i.Opening[:])
	if mode == ThirdPartyManagement {
		b.opaque16(i.Signature)
	}
}

// maxUpdateResponses bounds how many UpdateResponse structures one answer may
// hold.
const maxUpdateResponses = 1 << 10

// ParseUpdateResponses decodes the one or more UpdateResponse structures that
// answer an UpdateRequest, back to back. The error wraps ErrMalformed.
func ParseUpdateResponses(c *Configuration, data []byte) ([]*UpdateResponse, error) {
	r := reader{s: data}
	var out []*UpdateResponse
	for {
		out = append(out, r.updateResponse(c))
		if r.err != nil || r.s.Empty() {
			break
		}
		if len(out) == maxUpdateResponses {
			return nil, fmt.Errorf("%w: more than %d update responses", ErrMalformed, maxUpdateResponses)
		}
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return out, nil
}

func (r *reader) updateResponse(c *Configuration) *UpdateResponse {
	p := &UpdateResponse{FullTreeHead: r.fullTreeHead(c), Position: r.u64("position")}
	minInfo := OpeningSize
	if c.Mode == ThirdPartyManagement {
		p.SkippedVersions = r.u32("skipped_versions")
		minInfo += 2
	}
	p.Values = r.labelValues()
	p.Info = vector8(r, minInfo, "info", func() UpdateInfo {
		info := UpdateInfo{Opening: r.opening()}
		if c.Mode == ThirdPartyManagement {
			info.Signature = r.opaque16("value signature")
		}
		return info
	})
	p.BinaryLadder = r.ladder8(c)
	p.Update = r.combinedTreeProof()
	return p
}

// Marshal returns the encoding of p.
func (p *DistinguishedResponse) Marshal(c *Configuration) ([]byte, error) {
	return marshalHeadAndProof(c, &p.FullTreeHead, &p.Distinguished)
}

// ParseDistinguishedResponse decodes a DistinguishedResponse. The error wraps
// ErrMalformed.
func ParseDistinguishedResponse(c *Configuration, data []byte) (*DistinguishedResponse, error) {
	r := reader{s: data}
	return orError(&DistinguishedResponse{FullTreeHead: r.fullTreeHead(c), Distinguished: r.combinedTreeProof()}, &r)
}

func marshalHeadAndProof(c *Configuration, h *FullTreeHead, p *CombinedTreeProof) ([]byte, error) {
	var b builder
	h.add(&b, c)
	p.add(&b)
	return b.Bytes()
}

func (r *reader) opening() Opening {
	var o Opening
	copy(o[:], r.bytes(OpeningSize, "opening"))
	return o
}
