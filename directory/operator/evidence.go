package operator

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// EvidenceSchema is the schema of evidence, which is that of what clients keep.
const EvidenceSchema = "ghostlight/evidence/v1"

// The kinds of evidence.
const (
	kindContradiction = "contradiction" // a signed response contradicts itself or what was verified before
	kindFork          = "fork"          // two signed heads, of which neither continues the other
)

// Evidence is what proves the manager's misbehaviour to anybody who has the log's
// Configuration. Byte strings are in base64, hashes in hexadecimal.
type Evidence struct {
	Schema        string    `json:"schema"`
	Summary       string    `json:"summary"`
	Kind          string    `json:"kind"`
	Directory     string    `json:"directory"` // the manager's URL
	FoundAt       time.Time `json:"found_at"`
	Configuration []byte    `json:"configuration"`
	// RetainedView is what had been verified when the request was sent.
	RetainedView *viewJSON `json:"retained_view"`
	Operation    string    `json:"operation,omitempty"`
	Request      []byte    `json:"request,omitempty"`
	Response     []byte    `json:"response,omitempty"`
	// Fork is what somebody without a view was shown.
	Fork *forkJSON `json:"fork,omitempty"`
}

type forkJSON struct {
	View     *viewJSON `json:"view"`
	Request  []byte    `json:"request"`
	Response []byte    `json:"response"`
}

func (o *Operator) newEvidence(kind string, cause error, x *inquiry) *Evidence {
	configuration, err := o.cfg.Configuration.Marshal()
	if err != nil {
		panic("operator: the configuration has no encoding any more: " + err.Error())
	}
	return &Evidence{
		Schema: EvidenceSchema, Summary: cause.Error(), Kind: kind, Directory: o.cfg.Link.base,
		FoundAt: o.cfg.Now().UTC().Truncate(time.Millisecond), Configuration: configuration,
		RetainedView: viewToJSON(x.view), Operation: operationDistinguished, Request: x.request, Response: x.response,
	}
}

// accuse keeps evidence and stops all forwarding. The error wraps ErrDistrusted.
func (o *Operator) accuse(e *Evidence) error {
	err := fmt.Errorf("%w: %s", ErrDistrusted, e.Summary)
	o.log.refuse(err)
	o.cfg.Logger.Error("misbehaviour of the manager is proven; nothing is forwarded any more", "reason", e.Summary)
	if o.cfg.KeepEvidence != nil {
		if err := o.cfg.KeepEvidence(e); err != nil {
			o.cfg.Logger.Error("keeping the evidence", "err", err)
		}
	}
	return err
}

// checkFork is called for an answer that does not continue the view, for which
// failed is the error. It asks for the head that is shown to somebody without a
// view. If that verifies, and cannot be of a log that continues the view, there
// are two signed heads of two logs. It returns failed if nothing is proven: an
// answer may have been broken on the way, and a smaller log may be an old copy.
func (o *Operator) checkFork(ctx context.Context, x *inquiry, failed error) error {
	if x.view.Head.TreeSize == 0 {
		return failed
	}
	y := &inquiry{view: &keytrans.View{}, anyTime: true}
	r, err := o.askHead(ctx, y)
	if err != nil {
		return failed
	}
	what := x.view.Contradicts(r.View)
	if what == nil {
		return failed
	}
	e := o.newEvidence(kindFork, fmt.Errorf("two heads were both signed, and %w", what), x)
	e.Fork = &forkJSON{viewToJSON(r.View), y.request, y.response}
	return o.accuse(e)
}

// viewJSON is a view as it is stored and put into evidence.
type viewJSON struct {
	TreeSize  uint64      `json:"tree_size"`
	Signature []byte      `json:"signature"`
	Subtrees  []hexHash   `json:"full_subtrees"`
	Frontier  []entryJSON `json:"frontier"`
}

type entryJSON struct {
	Position   uint64  `json:"position"`
	Timestamp  uint64  `json:"timestamp"`
	PrefixTree hexHash `json:"prefix_tree"`
}

// hexHash is a hash whose JSON is hexadecimal.
type hexHash merkle.Hash

// MarshalText implements encoding.TextMarshaler.
func (h hexHash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hexHash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(h) {
		return fmt.Errorf("not a hash of %d bytes in hexadecimal", len(h))
	}
	copy(h[:], b)
	return nil
}

func viewToJSON(v *keytrans.View) *viewJSON {
	j := &viewJSON{TreeSize: v.Head.TreeSize, Signature: v.Head.Signature, Subtrees: []hexHash{}, Frontier: []entryJSON{}}
	for _, h := range v.Subtrees {
		j.Subtrees = append(j.Subtrees, hexHash(h))
	}
	for _, e := range v.Frontier {
		j.Frontier = append(j.Frontier, entryJSON{e.Position, e.Timestamp, hexHash(e.PrefixTree)})
	}
	return j
}

func (j *viewJSON) view() *keytrans.View {
	v := &keytrans.View{Head: keytrans.TreeHead{TreeSize: j.TreeSize, Signature: j.Signature}}
	for _, h := range j.Subtrees {
		v.Subtrees = append(v.Subtrees, merkle.Hash(h))
	}
	for _, e := range j.Frontier {
		v.Frontier = append(v.Frontier, keytrans.Entry{Position: e.Position,
			LogEntry: keytrans.LogEntry{Timestamp: e.Timestamp, PrefixTree: merkle.Hash(e.PrefixTree)}})
	}
	return v
}
