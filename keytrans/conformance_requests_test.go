package keytrans

import (
	"reflect"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// vectorRequest is the input of every case of requests.json.
type vectorRequest struct {
	Kind            string
	Label           hexBytes
	Last            *uint64
	Version         *uint32
	Position, Start uint64
	Entries         []MonitorMapEntry
	GreatestVersion *uint32 `json:"greatest_version"`
	Value           hexBytes
	Values          []hexBytes
	Commitment      *hexHash
	Proof           hexBytes
	Opening         hexBytes
	Mode            DeploymentMode
	Configuration   hexBytes
}

// values and entries are nil rather than empty, as when they were decoded.
func (q *vectorRequest) values() (out [][]byte) {
	for _, v := range q.Values {
		out = append(out, v)
	}
	return out
}

func (q *vectorRequest) entries() []MonitorMapEntry {
	return append([]MonitorMapEntry(nil), q.Entries...)
}

func runRequest(t *testing.T, c *vectorCase) outcome {
	var in vectorRequest
	var want struct{ Encoding hexBytes }
	c.decode(t, &in, &want)
	enc := []byte(want.Encoding)
	switch in.Kind {
	case "search-request":
		bothWays(t, &SearchRequest{Last: in.Last, Label: in.Label, Version: in.Version}, ParseSearchRequest, enc)
	case "contact-monitor-request":
		bothWays(t, &ContactMonitorRequest{Last: in.Last, Label: in.Label, Entries: in.entries()}, ParseContactMonitorRequest, enc)
	case "owner-init-request":
		bothWays(t, &OwnerInitRequest{Last: in.Last, Label: in.Label, Start: in.Start}, ParseOwnerInitRequest, enc)
	case "owner-monitor-request":
		bothWays(t, &OwnerMonitorRequest{
			Last: in.Last, Label: in.Label, Entries: in.entries(), Start: in.Start, GreatestVersion: in.GreatestVersion,
		}, ParseOwnerMonitorRequest, enc)
	case "update-request":
		bothWays(t, &UpdateRequest{
			Last: in.Last, Label: in.Label, GreatestVersion: in.GreatestVersion, Values: in.values(),
		}, ParseUpdateRequest, enc)
	case "update-tbs":
		cfg, err := ParseConfiguration(in.Configuration)
		fatalIfErr(t, err)
		tbs, err := UpdateTBS(cfg, in.Label, *in.Version, in.Value)
		fatalIfErr(t, err)
		sameBytes(t, in.Kind, tbs, enc)
		c.note("An UpdateTBS is signed and never sent: there is nothing to decode")
	default:
		runBuildingBlock(t, &in, enc)
	}
	return agreed
}

// bothWays checks that v is encoded as want, and that want is decoded as v.
func bothWays[T interface{ Marshal() ([]byte, error) }](t *testing.T, v T, parse func([]byte) (T, error), want []byte) {
	t.Helper()
	got, err := v.Marshal()
	fatalIfErr(t, err)
	sameBytes(t, "encoding", got, want)
	parsed, err := parse(want)
	fatalIfErr(t, err)
	if !reflect.DeepEqual(parsed, v) {
		t.Errorf("decoded: got %+v, want %+v", parsed, v)
	}
}

// runBuildingBlock is for structures that only occur in others, whose encoding
// is written around theirs.
func runBuildingBlock(t *testing.T, in *vectorRequest, enc []byte) {
	t.Helper()
	cfg := testConfiguration()
	label := []byte{1, 'x'}
	absent := []byte{0}
	switch in.Kind {
	case "binary-ladder-step":
		step := BinaryLadderStep{Proof: in.Proof, Commitment: (*merkle.Hash)(in.Commitment)}
		var b builder
		step.add(&b)
		sameBytes(t, in.Kind, b.BytesOrPanic(), enc)
		r := reader{s: enc}
		read, _ := r.ladderStep(cfg)
		got := read()
		fatalIfErr(t, r.end())
		if !reflect.DeepEqual(got, step) {
			t.Errorf("decoded: got %+v, want %+v", got, step)
		}
	case "monitor-map-entry":
		q := &ContactMonitorRequest{Label: label[1:], Entries: []MonitorMapEntry{{in.Position, *in.Version}}}
		bothWays(t, q, ParseContactMonitorRequest, slices.Concat(absent, label, []byte{1}, enc))
	case "label-value":
		q := &UpdateRequest{Label: label[1:], Values: [][]byte{in.Value}}
		parse := ParseUpdateRequest
		if len(in.Value) == 0 {
			q.Values[0] = nil
		}
		bothWays(t, q, parse, slices.Concat(absent, label, absent, []byte{1}, enc))
	case "update-info":
		cfg.Mode = in.Mode
		p := &UpdateResponse{Info: []UpdateInfo{{Opening: Opening(in.Opening)}}}
		// The same head, the position, no values, one info, no ladder, an empty proof.
		wire := slices.Concat([]byte{headSame}, make([]byte, 8+1), []byte{1}, enc, make([]byte, 1+5))
		got, err := p.Marshal(cfg)
		fatalIfErr(t, err)
		sameBytes(t, in.Kind, got, wire)
		parsed, err := ParseUpdateResponses(cfg, wire)
		fatalIfErr(t, err)
		if !reflect.DeepEqual(parsed, []*UpdateResponse{p}) {
			t.Errorf("decoded: got %+v", parsed)
		}
	default:
		t.Fatalf("kind %q", in.Kind)
	}
}
