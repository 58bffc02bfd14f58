package keytrans

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// codec is a Parse function together with the Marshal that undoes it.
type codec struct {
	name string
	// recode parses data and returns the encoding of the outcome.
	recode func(data []byte) ([]byte, error)
	// example is an encoding.
	example []byte
	// optional are the offsets of presence octets in example.
	optional []int
}

func recoder[T any](parse func([]byte) (T, error), marshal func(T) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(data []byte) ([]byte, error) {
		v, err := parse(data)
		if err != nil {
			return nil, err
		}
		return marshal(v)
	}
}

// codecConfigurations returns a Configuration for each mode and suite.
func codecConfigurations() []*Configuration {
	var out []*Configuration
	for _, suite := range []CipherSuite{KT_128_SHA256_P256, KT_128_SHA256_Ed25519} {
		for _, mode := range []DeploymentMode{ContactMonitoring, ThirdPartyManagement, ThirdPartyAuditing} {
			c := &Configuration{
				Suite: suite, Mode: mode, SignaturePublicKey: []byte("signature"), VRFPublicKey: []byte("vrf"),
				MaxAhead: 1, MaxBehind: 2, ReasonableMonitoringWindow: 3,
			}
			switch mode {
			case ThirdPartyManagement:
				c.LeafPublicKey = []byte("leaf")
				c.MaximumLifetime = ptr(uint64(4))
			case ThirdPartyAuditing:
				c.MaxAuditorLag, c.AuditorStartPos, c.AuditorPublicKey = 5, 6, []byte("auditor")
			}
			out = append(out, c)
		}
	}
	return out
}

func requestCodecs() []codec {
	last, version := ptr(uint64(7)), ptr(uint32(8))
	entries := []MonitorMapEntry{{1, 2}, {3, 4}}
	label := []byte("label")
	afterLabel := 1 + 8 + 1 + len(label)
	return []codec{
		{"SearchRequest", recoder(ParseSearchRequest, (*SearchRequest).Marshal),
			must((&SearchRequest{last, label, version}).Marshal()), []int{0, afterLabel}},
		{"ContactMonitorRequest", recoder(ParseContactMonitorRequest, (*ContactMonitorRequest).Marshal),
			must((&ContactMonitorRequest{last, label, entries}).Marshal()), []int{0}},
		{"OwnerInitRequest", recoder(ParseOwnerInitRequest, (*OwnerInitRequest).Marshal),
			must((&OwnerInitRequest{last, label, 9}).Marshal()), []int{0}},
		{"OwnerMonitorRequest", recoder(ParseOwnerMonitorRequest, (*OwnerMonitorRequest).Marshal),
			must((&OwnerMonitorRequest{last, label, entries, 9, version}).Marshal()), []int{0, afterLabel + 1 + 24 + 8}},
		{"UpdateRequest", recoder(ParseUpdateRequest, (*UpdateRequest).Marshal),
			must((&UpdateRequest{last, label, version, [][]byte{[]byte("value"), nil}}).Marshal()), []int{0, afterLabel}},
		{"ManagerUpdateRequest", recoder(ParseManagerUpdateRequest, (*ManagerUpdateRequest).Marshal),
			must((&ManagerUpdateRequest{last, label, version, []UpdateValue{{[]byte("value"), []byte("s")}, {}}, 9}).Marshal()), []int{0, afterLabel}},
		{"DistinguishedRequest", recoder(ParseDistinguishedRequest, (*DistinguishedRequest).Marshal),
			must((&DistinguishedRequest{last, last}).Marshal()), []int{0, 9}},
		{"AbsenceRequest", recoder(ParseAbsenceRequest, (*AbsenceRequest).Marshal),
			must((&AbsenceRequest{last, label, version}).Marshal()), []int{0, afterLabel}},
		{"BatchRequest", recoder(ParseBatchRequest, (*BatchRequest).Marshal),
			must((&BatchRequest{last, []BatchQuery{{label, version}, {nil, nil}}}).Marshal()), []int{0, afterLabel + 1}},
	}
}

// otherCodecs are those of structures that are neither requests nor responses.
func otherCodecs() []codec {
	leaves := []prefixtree.Leaf{{Key: prefixtree.Key{1}, Commitment: merkle.Hash{2}}, {Key: prefixtree.Key{3}}}
	update := &AuditorUpdate{Timestamp: 1, Added: leaves, Removed: leaves[:1], Proof: codecProof().PrefixProofs[0]}
	out := []codec{
		{"AuditorUpdate", recoder(ParseAuditorUpdate, (*AuditorUpdate).Marshal), must(update.Marshal()), nil},
		{"AuditorTreeHead", recoder(ParseAuditorTreeHead, (*AuditorTreeHead).Marshal),
			must((&AuditorTreeHead{13, 14, []byte("auditor")}).Marshal()), nil},
		{"AuditRequest", recoder(ParseAuditRequest, (*AuditRequest).Marshal), must((&AuditRequest{1, 2}).Marshal()), nil},
		{"LogEntry", recoder(ParseLogEntry, func(e LogEntry) ([]byte, error) { return e.Marshal(), nil }),
			LogEntry{1, merkle.Hash{2}}.Marshal(), nil},
	}
	for _, c := range codecConfigurations() {
		data := must(c.Marshal())
		presence := len(data) - 1
		if c.MaximumLifetime != nil {
			presence -= 8
		}
		out = append(out, codec{fmt.Sprint("Configuration/", c.Suite, c.Mode),
			recoder(ParseConfiguration, (*Configuration).Marshal), data, []int{presence}})
	}
	return out
}

func codecProof() CombinedTreeProof {
	result := func(typ prefixtree.ResultType) prefixtree.Result { return prefixtree.Result{Type: typ, Depth: 3} }
	leaf := result(prefixtree.NonInclusionLeaf)
	leaf.Leaf = prefixtree.Leaf{Key: prefixtree.Key{4}, Commitment: merkle.Hash{5}}
	return CombinedTreeProof{
		Timestamps: []uint64{1, 2},
		PrefixProofs: []prefixtree.Proof{
			{Results: []prefixtree.Result{result(1), leaf, result(3)}, Elements: []merkle.Hash{{6}, {7}}}, {},
		},
		PrefixRoots: []merkle.Hash{{8}}, Inclusion: []merkle.Hash{{9}, {10}},
	}
}

func responseCodecs() []codec {
	var out []codec
	for _, c := range codecConfigurations() {
		head := FullTreeHead{TreeHead: &TreeHead{11, []byte("signature")}}
		headSize := 1 + 8 + 2 + 9
		value, info := UpdateValue{Value: []byte("value")}, UpdateInfo{Opening: Opening{12}}
		switch c.Mode {
		case ThirdPartyAuditing:
			head.AuditorTreeHead = &AuditorTreeHead{13, 14, []byte("auditor")}
			headSize += 16 + 2 + 7
		case ThirdPartyManagement:
			value.Signature, info.Signature = []byte("s"), []byte("t")
		}
		p := must(c.Suite.params())
		steps := []BinaryLadderStep{{make([]byte, p.proofSize), &merkle.Hash{15}}, {make([]byte, p.proofSize), nil}}
		proof := codecProof()
		add := func(name string, recode func([]byte) ([]byte, error), data []byte, optional ...int) {
			out = append(out, codec{fmt.Sprint(name, "/", c.Suite, "/", c.Mode), recode, data, optional})
		}
		for _, version := range []*uint32{nil, ptr(uint32(3))} {
			q := &SearchRequest{Version: version}
			r := &SearchResponse{head, ptr(uint32(2)), Opening{1}, value, steps, proof}
			at := headSize + 4 + OpeningSize + 4 + 5 + 1 + p.proofSize
			if version != nil {
				r.Version = nil
				at -= 4
			}
			if c.Mode == ThirdPartyManagement {
				at += 3
			}
			add("SearchResponse "+describe(version), recoder(
				func(data []byte) (*SearchResponse, error) { return ParseSearchResponse(c, q, data) },
				func(r *SearchResponse) ([]byte, error) { return r.Marshal(c) }), must(r.Marshal(c)), at)
		}
		add("ContactMonitorResponse", recoder(
			func(data []byte) (*ContactMonitorResponse, error) { return ParseContactMonitorResponse(c, data) },
			func(r *ContactMonitorResponse) ([]byte, error) { return r.Marshal(c) }),
			must((&ContactMonitorResponse{head, proof}).Marshal(c)))
		add("OwnerInitResponse", recoder(
			func(data []byte) (*OwnerInitResponse, error) { return ParseOwnerInitResponse(c, data) },
			func(r *OwnerInitResponse) ([]byte, error) { return r.Marshal(c) }),
			must((&OwnerInitResponse{head, []uint32{2, 1}, steps, proof}).Marshal(c)), headSize+1+8+2+p.proofSize)
		add("OwnerMonitorResponse", recoder(
			func(data []byte) (*OwnerMonitorResponse, error) { return ParseOwnerMonitorResponse(c, data) },
			func(r *OwnerMonitorResponse) ([]byte, error) { return r.Marshal(c) }),
			must((&OwnerMonitorResponse{head, proof}).Marshal(c)))
		update := &UpdateResponse{FullTreeHead: head, Position: 1, Values: [][]byte{[]byte("v"), nil}, Info: []UpdateInfo{info, info}, BinaryLadder: steps, Update: proof}
		one := must(update.Marshal(c))
		add("UpdateResponse", recoder(
			func(data []byte) ([]*UpdateResponse, error) { return ParseUpdateResponses(c, data) },
			func(rs []*UpdateResponse) (data []byte, err error) {
				for _, r := range rs {
					b, err := r.Marshal(c)
					if err != nil {
						return nil, err
					}
					data = append(data, b...)
				}
				return data, nil
			}), append(slices.Clone(one), one...))
		add("DistinguishedResponse", recoder(
			func(data []byte) (*DistinguishedResponse, error) { return ParseDistinguishedResponse(c, data) },
			func(r *DistinguishedResponse) ([]byte, error) { return r.Marshal(c) }),
			must((&DistinguishedResponse{FullTreeHead{}, proof}).Marshal(c)))
		absence := &AbsenceResponse{head, ptr(uint32(2)), steps, proof}
		add("AbsenceResponse", recoder(
			func(data []byte) (*AbsenceResponse, error) { return ParseAbsenceResponse(c, data) },
			func(r *AbsenceResponse) ([]byte, error) { return r.Marshal(c) }),
			must(absence.Marshal(c)), headSize, headSize+5+1+p.proofSize)
		found := &SearchResponse{FullTreeHead{}, ptr(uint32(2)), Opening{1}, value, steps, proof}
		queries := &BatchRequest{Queries: make([]BatchQuery, 5)}
		add("BatchAnswers", recoder(
			func(data []byte) ([]*BatchAnswer, error) { return ParseBatchAnswers(c, queries, data) },
			func(as []*BatchAnswer) ([]byte, error) { return MarshalBatchAnswers(c, as) }),
			must(MarshalBatchAnswers(c, []*BatchAnswer{
				{Kind: AnswerAbsence, Absence: absence}, {Kind: AnswerErased}, {Kind: AnswerSearch, Search: found}, {Kind: AnswerExpired}, {Kind: AnswerRefused},
			})), 1+headSize)
	}
	return out
}

func allCodecs() []codec {
	return slices.Concat(requestCodecs(), responseCodecs(), otherCodecs(), credentialCodecs())
}

// TestCodecs checks round trips, and that no truncation, trailing byte or
// presence octet other than 0 and 1 is accepted.
func TestCodecs(t *testing.T) {
	refused := 0
	for _, c := range allCodecs() {
		if again, err := c.recode(c.example); err != nil || !bytes.Equal(again, c.example) {
			t.Errorf("%s: %v; re-encodes to %x, want %x", c.name, err, again, c.example)
		}
		refuse := func(how string, data []byte) {
			refused++
			if again, err := c.recode(data); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %s: %v, %x", c.name, how, err, again)
			}
		}
		for n := range c.example {
			if c.name[:8] == "UpdateRe" && 2*n == len(c.example) {
				continue // the first of two responses
			}
			if c.name[:8] == "BatchAns" && slices.Contains(batchAnswerEnds(c.example), n) {
				continue // the first answers
			}
			refuse(fmt.Sprint("cut after ", n), c.example[:n])
		}
		for _, b := range []byte{0, 1, 0xff} {
			refuse("trailing byte", append(slices.Clone(c.example), b))
		}
		for _, i := range c.optional {
			if c.example[i] > 1 {
				t.Fatalf("%s: no presence octet at %d", c.name, i)
			}
			for b := 2; b < 256; b++ {
				data := slices.Clone(c.example)
				data[i] = byte(b)
				refuse(fmt.Sprint("presence octet ", b), data)
			}
		}
	}
	t.Logf("%d codecs, %d malformed inputs", len(allCodecs()), refused)
}

// batchAnswerEnds returns where answers end in the example of BatchAnswers: the
// last two are of one byte, and so is the second.
func batchAnswerEnds(example []byte) []int {
	n := len(example)
	first := bytes.Index(example, []byte{byte(AnswerErased), byte(AnswerSearch), headSame})
	return []int{first, first + 1, n - 2, n - 1}
}

// TestHeadType checks that a head is of one of the two types, and each is what
// the mode says.
func TestHeadType(t *testing.T) {
	for _, c := range codecConfigurations() {
		data := must((&DistinguishedResponse{}).Marshal(c))
		for b := range 256 {
			data[0] = byte(b)
			if _, err := ParseDistinguishedResponse(c, data); (err == nil) != (b == headSame) {
				t.Errorf("%v %v: head type %d: %v", c.Suite, c.Mode, b, err)
			}
		}
		_, err := (&DistinguishedResponse{FullTreeHead: FullTreeHead{TreeHead: &TreeHead{}}}).Marshal(c)
		if (err != nil) != (c.Mode == ThirdPartyAuditing) {
			t.Errorf("mode %v without an auditor's head: %v", c.Mode, err)
		}
	}
}

// TestOversize checks that vectors beyond their maximum are not encoded, and
// those at their maximum are.
func TestOversize(t *testing.T) {
	c := codecConfigurations()[0]
	step := BinaryLadderStep{Proof: make([]byte, 81)}
	hashes, steps := make([]merkle.Hash, 1<<16), slices.Repeat([]BinaryLadderStep{step}, 1<<16)
	leaves := make([]prefixtree.Leaf, 1<<16)
	proofs := func(n int) *ContactMonitorResponse {
		return &ContactMonitorResponse{Monitor: CombinedTreeProof{PrefixProofs: make([]prefixtree.Proof, n)}}
	}
	inner := func(p prefixtree.Proof) *ContactMonitorResponse {
		return &ContactMonitorResponse{Monitor: CombinedTreeProof{PrefixProofs: []prefixtree.Proof{p}}}
	}
	head := func(n int) FullTreeHead { return FullTreeHead{TreeHead: &TreeHead{1, make([]byte, n)}} }
	for name, v := range map[string]struct {
		max     int
		marshal func(n int) ([]byte, error)
	}{
		"label": {255, func(n int) ([]byte, error) { return (&SearchRequest{Label: make([]byte, n)}).Marshal() }},
		"entries": {255, func(n int) ([]byte, error) {
			return (&ContactMonitorRequest{Entries: make([]MonitorMapEntry, n)}).Marshal()
		}},
		"owner's entries": {255, func(n int) ([]byte, error) {
			return (&OwnerMonitorRequest{Entries: make([]MonitorMapEntry, n)}).Marshal()
		}},
		"values":        {255, func(n int) ([]byte, error) { return (&UpdateRequest{Values: make([][]byte, n)}).Marshal() }},
		"search ladder": {255, func(n int) ([]byte, error) { return (&SearchResponse{BinaryLadder: steps[:n]}).Marshal(c) }},
		"update ladder": {255, func(n int) ([]byte, error) { return (&UpdateResponse{BinaryLadder: steps[:n]}).Marshal(c) }},
		"init ladder":   {65535, func(n int) ([]byte, error) { return (&OwnerInitResponse{BinaryLadder: steps[:n]}).Marshal(c) }},
		"greatest versions": {255, func(n int) ([]byte, error) {
			return (&OwnerInitResponse{GreatestVersions: make([]uint32, n)}).Marshal(c)
		}},
		"info":            {255, func(n int) ([]byte, error) { return (&UpdateResponse{Info: make([]UpdateInfo, n)}).Marshal(c) }},
		"response values": {255, func(n int) ([]byte, error) { return (&UpdateResponse{Values: make([][]byte, n)}).Marshal(c) }},
		"prefix proofs":   {255, func(n int) ([]byte, error) { return proofs(n).Marshal(c) }},
		"results": {255, func(n int) ([]byte, error) {
			return inner(prefixtree.Proof{Results: slices.Repeat([]prefixtree.Result{{Type: 1}}, n)}).Marshal(c)
		}},
		"elements": {65535, func(n int) ([]byte, error) { return inner(prefixtree.Proof{Elements: hashes[:n]}).Marshal(c) }},
		"timestamps": {255, func(n int) ([]byte, error) {
			return (&ContactMonitorResponse{Monitor: CombinedTreeProof{Timestamps: make([]uint64, n)}}).Marshal(c)
		}},
		"prefix roots": {255, func(n int) ([]byte, error) {
			return (&ContactMonitorResponse{Monitor: CombinedTreeProof{PrefixRoots: hashes[:n]}}).Marshal(c)
		}},
		"inclusion": {65535, func(n int) ([]byte, error) {
			return (&ContactMonitorResponse{Monitor: CombinedTreeProof{Inclusion: hashes[:n]}}).Marshal(c)
		}},
		"signature": {65535, func(n int) ([]byte, error) { return (&DistinguishedResponse{FullTreeHead: head(n)}).Marshal(c) }},
		"added":     {65535, func(n int) ([]byte, error) { return (&AuditorUpdate{Added: leaves[:n]}).Marshal() }},
		"removed":   {65535, func(n int) ([]byte, error) { return (&AuditorUpdate{Removed: leaves[:n]}).Marshal() }},
		"public key": {65535, func(n int) ([]byte, error) {
			return (&Configuration{Suite: c.Suite, Mode: c.Mode, VRFPublicKey: make([]byte, n)}).Marshal()
		}},
		"committed label": {255, func(n int) ([]byte, error) { return VRFInput(make([]byte, n), 0) }},
	} {
		if _, err := v.marshal(v.max); err != nil {
			t.Errorf("%s: %d: %v", name, v.max, err)
		}
		if data, err := v.marshal(v.max + 1); err == nil || data != nil {
			t.Errorf("%s: %d were encoded: %v", name, v.max+1, err)
		}
	}
	if _, err := Commit(ContactMonitoring, Opening{}, make([]byte, 256), 0, UpdateValue{}); err == nil {
		t.Error("a commitment for a label of 256 bytes")
	}
}

// TestNoAllocationForClaims parses short inputs that declare very much.
func TestNoAllocationForClaims(t *testing.T) {
	const rounds, limit = 200, 2048 // bytes for each input
	for _, c := range allCodecs() {
		var inputs [][]byte
		for n := range min(len(c.example), 200) {
			// The honest beginning, and then the greatest counts.
			inputs = append(inputs, append(slices.Clone(c.example[:n]), bytes.Repeat([]byte{0xff}, 20)...))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds / 10 {
			for _, data := range inputs {
				_, _ = c.recode(data) // some are honest all the same
			}
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / uint64(rounds/10*len(inputs)); each > limit {
			t.Errorf("%s: %d bytes are allocated for an input of at most %d", c.name, each, 220)
		}
	}
}

// TestTooManyUpdateResponses checks the bound on structures in one answer.
func TestTooManyUpdateResponses(t *testing.T) {
	c := testConfiguration()
	one := must((&UpdateResponse{}).Marshal(c))
	for count, want := range map[int]error{0: ErrMalformed, 1: nil, maxUpdateResponses: nil, maxUpdateResponses + 1: ErrMalformed} {
		got, err := ParseUpdateResponses(c, bytes.Repeat(one, count))
		if !errors.Is(err, want) || err == nil && len(got) != count {
			t.Errorf("%d responses: %v", count, err)
		}
	}
}

func TestConfigurationValidity(t *testing.T) {
	good := codecConfigurations()[1]
	for name, v := range map[string]struct {
		change func(c *Configuration)
		ok     bool
	}{
		"unchanged":            {func(c *Configuration) {}, true},
		"no lifetime":          {func(c *Configuration) { c.MaximumLifetime = nil }, true},
		"lifetime above":       {func(c *Configuration) { c.MaximumLifetime = ptr(c.ReasonableMonitoringWindow + 1) }, true},
		"lifetime as window":   {func(c *Configuration) { c.MaximumLifetime = ptr(c.ReasonableMonitoringWindow) }, false},
		"lifetime below":       {func(c *Configuration) { c.MaximumLifetime = ptr(c.ReasonableMonitoringWindow - 1) }, false},
		"no window":            {func(c *Configuration) { c.ReasonableMonitoringWindow = 0 }, true},
		"lifetime of zero":     {func(c *Configuration) { c.ReasonableMonitoringWindow, c.MaximumLifetime = 0, ptr(uint64(0)) }, false},
		"suite 0":              {func(c *Configuration) { c.Suite = 0 }, false},
		"suite 3":              {func(c *Configuration) { c.Suite = 3 }, false},
		"private suite 0xf000": {func(c *Configuration) { c.Suite = 0xf000 }, false},
		"mode 0":               {func(c *Configuration) { c.Mode = 0 }, false},
		"mode 4":               {func(c *Configuration) { c.Mode = 4 }, false},
	} {
		c := *good
		v.change(&c)
		if _, err := c.Marshal(); (err == nil) != v.ok {
			t.Errorf("%s: marshal: %v", name, err)
		}
		var b builder
		c.add(&b)
		if _, err := ParseConfiguration(b.BytesOrPanic()); (err == nil) != v.ok {
			t.Errorf("%s: parse: %v", name, err)
		}
		if _, err := NewVerifier(&c); err == nil {
			t.Errorf("%s: a verifier for a mode or keys that cannot be used", name)
		}
	}
}
