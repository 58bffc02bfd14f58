package keytrans_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

var (
	agreeWith  = flag.String("agree", "", "path of the compiled web/client/agree/main.js: compare its verdicts with ours")
	agreeCases = flag.Int("agree.cases", 10_000, "how many responses to compare verdicts on")
	agreeSeed  = flag.Uint64("agree.seed", 1, "seed of the responses to compare verdicts on")
)

// credential is the name of what is not an operation: verifying a credential.
const credential = "credential"

// agreeLine is what the other implementation verifies.
type agreeLine struct {
	Operation     string         `json:"operation"`
	Configuration vectors.Hex    `json:"configuration"`
	Clock         uint64         `json:"clock"`
	State         *vectors.State `json:"state"`
	Request       vectors.Hex    `json:"request"`
	Response      vectors.Hex    `json:"response"`

	// Of a credential, in place of those above but the configuration.
	*vectors.Credential
}

// agreeVerdict is what it makes of that: one of the three, and a message with a
// refusal.
type agreeVerdict struct {
	Expect  json.RawMessage `json:"expect"`
	Refusal string          `json:"refusal"`
	Message string          `json:"message"`
	Error   string          `json:"error"`
}

// TestAgree has another implementation verify random responses, honest and changed
// ones, of logs that tell the truth and that lie, to users who retain what is so and
// what is not. Its verdicts must be ours: what is accepted, with which result, and
// why the rest is refused.
func TestAgree(t *testing.T) {
	if *agreeWith == "" {
		t.Skip("no other implementation: pass -agree")
	}
	program := exec.Command("node", *agreeWith)
	program.Stderr = os.Stderr
	in, err := program.StdinPipe()
	fatalIfErr(t, err)
	out, err := program.StdoutPipe()
	fatalIfErr(t, err)
	fatalIfErr(t, program.Start())
	answers := bufio.NewReaderSize(out, 1<<20)

	rng := rand.New(rand.NewPCG(*agreeSeed, 0))
	pool := newAgreePool(t, rng)
	lines, failed := make(chan agreeLine, 64), make(chan error, 1)
	go func() { failed <- sendLines(in, lines, *agreeCases, pool.next) }()
	count := make(map[string]int)
	for line := range lines {
		count[line.Operation+" "+compareVerdicts(t, line, answers)]++
	}
	fatalIfErr(t, <-failed)
	fatalIfErr(t, program.Wait())
	for _, operation := range append(vectors.OperationNames(), credential) {
		if count[operation+" "] == 0 || count[operation+" "+vectors.Proof] == 0 || count[operation+" "+vectors.Malformed] == 0 {
			t.Errorf("%s: too few kinds of verdicts: %v", operation, count)
		}
	}
	t.Logf("verdicts: %v", count)
}

// sendLines writes n lines to the other implementation, and hands each on.
func sendLines(w io.WriteCloser, lines chan<- agreeLine, n int, next func() agreeLine) error {
	defer close(lines)
	e := json.NewEncoder(w)
	for range n {
		line := next()
		lines <- line
		if err := e.Encode(line); err != nil {
			return err
		}
	}
	return w.Close()
}

// compareVerdicts fails the test if the verdicts on a line differ. It returns ours.
func compareVerdicts(t *testing.T, line agreeLine, answers *bufio.Reader) string {
	t.Helper()
	answer, err := answers.ReadBytes('\n')
	fatalIfErr(t, err)
	var theirs agreeVerdict
	fatalIfErr(t, json.Unmarshal(answer, &theirs))
	expect, kind := line.verdict()
	switch {
	case kind == "" && theirs.Expect != nil:
		if got, want := canonical(t, theirs.Expect), canonical(t, []byte(text(t, expect))); got != want {
			t.Errorf("accepted with another result:\n got %s\nwant %s\n%s", got, want, text(t, line))
		}
	case strings.Contains(theirs.Message, "no such number is possible"):
		// Where we go on with numbers above 2^53-1, another check fails than theirs.
		if kind == "" || kind == vectors.Misbehaviour || kind == vectors.Malformed {
			t.Errorf("got %s, want %s\n%s", answer, kind, text(t, line))
		}
	case strings.Contains(kind, " "): // none of the kinds: the state is damaged
		if theirs.Error == "" {
			t.Errorf("got %s, want an error: %s\n%s", answer, kind, text(t, line))
		}
		return "damaged"
	case kind == "" || theirs.Refusal != kind:
		t.Errorf("got %s, want %q\n%s", answer, kind, text(t, line))
	}
	return kind
}

// verdict returns what we make of a line: what it establishes, or a kind of refusal.
func (l *agreeLine) verdict() (expect any, kind string) {
	if l.Credential != nil {
		expect, err := l.Credential.Verify(l.Configuration)
		if err != nil {
			return nil, vectors.CredentialRefusal(err)
		}
		return expect, ""
	}
	c := vectors.Case{State: l.State, Request: l.Request, Response: l.Response, Clock: l.Clock}
	expect, err := c.Verify(l.Operation, l.Configuration)
	if err != nil {
		return nil, vectors.Refusal(err)
	}
	return expect, ""
}

// canonical returns JSON with its members in order.
func canonical(t *testing.T, data []byte) string {
	t.Helper()
	var v any
	fatalIfErr(t, json.Unmarshal(data, &v))
	return text(t, v)
}

// agreePool makes lines out of the cases of the project's test vectors.
type agreePool struct {
	rng   *rand.Rand
	cases map[string][]vectors.Case
	logs  map[string]map[string]vectors.Hex // by operation

	credentials []vectors.Credential
}

func newAgreePool(t *testing.T, rng *rand.Rand) *agreePool {
	p := &agreePool{rng: rng, cases: make(map[string][]vectors.Case), logs: make(map[string]map[string]vectors.Hex)}
	for _, operation := range vectors.OperationNames() {
		f := readVectors[vectors.Case](t, operation)
		cases, err := vectors.Resolve(f.Cases)
		fatalIfErr(t, err)
		p.cases[operation], p.logs[operation] = cases, f.Logs
	}
	f := readVectors[vectors.Credential](t, credential)
	var err error
	p.credentials, err = vectors.ResolveCredentials(f.Cases)
	fatalIfErr(t, err)
	p.logs[credential] = f.Logs
	return p
}

// next returns a response, perhaps changed, or one to somebody else, and a user.
func (p *agreePool) next() agreeLine {
	names := append(vectors.OperationNames(), credential)
	operation := names[p.rng.IntN(len(names))]
	if operation == credential {
		return p.credential()
	}
	c := p.pick(operation)
	line := agreeLine{
		Operation: operation, Configuration: p.logs[operation][c.Log], Clock: c.Clock, State: c.State,
		Request: c.Request, Response: c.Response,
	}
	for range p.rng.IntN(3) {
		p.change(&line, c)
	}
	if p.rng.IntN(3) == 0 {
		p.lie(&line)
	}
	return line
}

// credential returns a credential, perhaps changed, or one to somebody else.
func (p *agreePool) credential() agreeLine {
	c := p.credentials[p.rng.IntN(len(p.credentials))]
	for c.Expect.Refusal != "" && p.rng.IntN(8) > 0 {
		c = p.credentials[p.rng.IntN(len(p.credentials))]
	}
	other := p.credentials[p.rng.IntN(len(p.credentials))]
	for range p.rng.IntN(3) {
		switch p.rng.IntN(6) {
		case 0:
			c.Recent = p.changeViews(other.Recent)
		case 1:
			c.Recent = p.changeViews(c.Recent)
		case 2:
			c.Later = p.changeViews(c.Later)
		case 3:
			c.Update = p.changeBytes(c.Update, other.Update)
		default:
			c.Credential = p.changeBytes(c.Credential, other.Credential)
		}
	}
	return agreeLine{Operation: credential, Configuration: p.logs[credential][c.Log], Credential: &c}
}

// changeViews returns views of which one may be gone and one another.
func (p *agreePool) changeViews(views []*vectors.View) (out []*vectors.View) {
	for _, v := range views {
		switch p.rng.IntN(2 * len(views)) {
		case 0:
		case 1:
			out = append(out, p.changeState(&vectors.State{View: v}).View)
		default:
			out = append(out, v)
		}
	}
	return out
}

// pick returns a case, one that is accepted more often than not.
func (p *agreePool) pick(operation string) vectors.Case {
	cases := p.cases[operation]
	accepted := p.rng.IntN(4) > 0
	for {
		if c := cases[p.rng.IntN(len(cases))]; !accepted || c.Expect.Refusal == "" {
			return c
		}
	}
}

// change changes one thing about a line.
func (p *agreePool) change(line *agreeLine, c vectors.Case) {
	other := p.pick(line.Operation)
	for range 20 { // often one of the same log
		if other.Log == c.Log {
			break
		}
		other = p.pick(line.Operation)
	}
	switch p.rng.IntN(9) {
	case 0:
		line.Response = other.Response
	case 1:
		line.State = other.State
	case 2:
		line.Clock += uint64(p.rng.IntN(20_000))
	case 3:
		line.Clock -= uint64(p.rng.IntN(20_000))
	case 4:
		line.State = p.changeState(line.State)
	default:
		line.Response = p.changeBytes(line.Response, other.Response)
	}
}

func (p *agreePool) changeBytes(data, other []byte) []byte {
	if len(data) == 0 || len(other) == 0 {
		return other
	}
	at, n := p.rng.IntN(len(data)), 1+p.rng.IntN(40)
	end := min(at+n, len(data))
	out := append([]byte(nil), data[:at]...)
	switch p.rng.IntN(6) {
	case 0:
		return append(append(out, data[at]^1<<p.rng.IntN(8)), data[at+1:]...)
	case 1:
		return append(append(out, data[at]+1), data[at+1:]...)
	case 2:
		return append(append(out, data[at]-1), data[at+1:]...)
	case 3:
		return append(out, data[end:]...)
	case 4: // some bytes again
		return append(append(out, data[at:end]...), data[at:]...)
	}
	from := p.rng.IntN(len(other))
	return append(append(out, other[from:min(from+n, len(other))]...), data[end:]...)
}

// changeState returns a user who retains something else.
func (p *agreePool) changeState(s *vectors.State) *vectors.State {
	var out vectors.State
	b, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(fmt.Sprintf("a state of the vectors: %v", err))
	}
	var keys []vectors.Key
	switch c, o := out.Contact, out.Owner; {
	case c != nil:
		keys = c.Keys
		if len(c.Map) > 0 {
			p.changeMap(c.Map)
		}
	case o != nil:
		keys = o.Keys
		if p.rng.IntN(2) == 0 {
			keys = o.Contact.Keys
		}
		p.changeOwner(o)
	}
	if len(keys) > 0 {
		k := &keys[p.rng.IntN(len(keys))]
		switch p.rng.IntN(4) {
		case 0:
			k.SearchKey[3] ^= 1
		case 1:
			k.Proven = k.Commitment != nil && !k.Proven
		case 2:
			k.Commitment = &vectors.Hash{1}
			k.Proven = p.rng.IntN(2) == 0
		}
	}
	if v := out.View; v != nil && p.rng.IntN(3) == 0 && len(v.Subtrees) > 0 {
		v.Subtrees[p.rng.IntN(len(v.Subtrees))][0] ^= 1
	} else if v != nil && p.rng.IntN(3) == 0 && len(v.Frontier) > 0 {
		e := &v.Frontier[p.rng.IntN(len(v.Frontier))]
		e.Timestamp += uint64(p.rng.IntN(2000))
		e.PrefixTree[0] ^= byte(p.rng.IntN(2))
	}
	return &out
}

func (p *agreePool) changeMap(m []vectors.MapEntry) {
	e := &m[p.rng.IntN(len(m))]
	switch p.rng.IntN(4) {
	case 0:
		e.Position++
	case 1:
		e.Version++
	}
}

func (p *agreePool) changeOwner(o *vectors.Owner) {
	switch p.rng.IntN(8) {
	case 0:
		o.Start++
	case 1:
		o.Start -= min(o.Start, 4)
	case 2:
		o.AtStart = nil
	case 3:
		v := uint32(p.rng.IntN(8))
		o.AtStart = &v
	case 4:
		p.changeMap(append(o.Contact.Map, vectors.MapEntry{}))
	case 5:
		if n := len(o.Created); n > 0 {
			o.Created[n-1].Claimed = !o.Created[n-1].Claimed
		}
	case 6:
		if n := len(o.Created); n > 0 {
			o.Created[n-1].Version++
		}
	case 7:
		if n := len(o.Created); n > 0 {
			o.Created = o.Created[:n-1]
		}
	}
}
