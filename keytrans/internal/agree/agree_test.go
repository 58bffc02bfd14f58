package agree

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

var (
	responses = flag.Int("responses", 1200, "how many responses both verifiers are given")
	seed      = flag.Uint64("seed", 1, "what the responses follow from")
)

// script answers for the verifier of the TypeScript client. .ci/test compiles it.
const script = "../../../web/client/build/agree/main.js"

// TestAgree gives random responses to both verifiers. What they come to has to be the
// same: what is established, to the last member of what is retained, or that the
// response is refused. A refusal has to be one for the same kind of reason where that
// matters to users, who accuse the log of misbehaviour and of nothing else; the other
// kinds depend on the order of checks (testdata/vectors/README.md).
func TestAgree(t *testing.T) {
	if _, err := os.Stat(script); err != nil {
		t.Fatalf("%v: (cd web && npm ci && npm run compile -w @ghostlight/client)", err)
	}
	workers := min(runtime.GOMAXPROCS(0), 4)
	var group sync.WaitGroup
	counts := make([]map[string]int, workers)
	for i := range workers {
		counts[i] = make(map[string]int)
		group.Go(func() {
			n := *responses / workers
			if i < *responses%workers {
				n++
			}
			if err := compare(*seed*uint64(1000)+uint64(i), n, counts[i]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	total := make(map[string]int)
	for _, c := range counts {
		for kind, n := range c {
			total[kind] += n
		}
	}
	t.Logf("%d responses, by what both came to: %v", *responses, total)
	for _, kind := range []string{accepted, vectors.Malformed, vectors.Proof, vectors.Signature, vectors.Misbehaviour} {
		if total[kind] == 0 {
			t.Errorf("no response was %s", kind)
		}
	}
}

// accepted stands for a response that is not refused.
const accepted = "accepted"

// line is a case as the TypeScript program reads it.
type line struct {
	Operation     string         `json:"operation"`
	Configuration vectors.Hex    `json:"configuration"`
	State         *vectors.State `json:"state"`
	Request       vectors.Hex    `json:"request"`
	Response      vectors.Hex    `json:"response"`
	Clock         uint64         `json:"clock"`
}

// compare gives n responses to both verifiers and counts what they come to.
func compare(seed uint64, n int, counts map[string]int) error {
	p, err := start()
	if err != nil {
		return err
	}
	defer p.stop()
	for c := range random(seed, n) {
		ours, failure := verify(c)
		answer, err := p.ask(c)
		if err != nil {
			return err
		}
		if err := agree(ours, answer); err != nil {
			return fmt.Errorf("%w\n  Go says: %v\n  case: %s", err, failure, must(json.Marshal(c)))
		}
		counts[kindOf(ours)]++
	}
	return nil
}

// program is the TypeScript verifier, which answers for one case after the other.
type program struct {
	node       *exec.Cmd
	cases      io.WriteCloser
	answers    *bufio.Reader
	complaints bytes.Buffer
}

func start() (*program, error) {
	p := &program{node: exec.Command("node", script)}
	p.node.Stderr = &p.complaints
	var err error
	if p.cases, err = p.node.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.node.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.answers = bufio.NewReader(stdout)
	return p, p.node.Start()
}

// ask returns what the program comes to for a case, in JSON.
func (p *program) ask(c *line) ([]byte, error) {
	text := append(must(json.Marshal(c)), '\n')
	_, err := p.cases.Write(text)
	if err == nil {
		text, err = p.answers.ReadBytes('\n')
	}
	if err != nil {
		return nil, fmt.Errorf("the TypeScript program: %w: %s", err, &p.complaints)
	}
	return text, nil
}

func (p *program) stop() {
	p.cases.Close()
	p.node.Wait() // its pipes are closed then
}

func kindOf(e vectors.Expect) string {
	if e.Refusal == "" {
		return accepted
	}
	return e.Refusal
}

func verify(c *line) (vectors.Expect, error) {
	v := vectors.Case{State: c.State, Request: c.Request, Response: c.Response, Clock: c.Clock}
	got, err := v.Verify(c.Operation, c.Configuration)
	if err != nil {
		return vectors.Expect{Refusal: vectors.Refusal(err)}, err
	}
	return got, nil
}

// agree compares what Go comes to with the answer of the TypeScript program.
func agree(ours vectors.Expect, answer []byte) error {
	var theirs struct {
		Expect  *vectors.Expect
		Refusal string
		Message string
	}
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&theirs); err != nil {
		return fmt.Errorf("the TypeScript program fails: %s", answer)
	}
	switch {
	case theirs.Expect == nil && ours.Refusal == "":
		return fmt.Errorf("only TypeScript refuses: %s: %s", theirs.Refusal, theirs.Message)
	case theirs.Expect == nil:
		if accuses(theirs.Refusal) != accuses(ours.Refusal) {
			return fmt.Errorf("one accuses: Go %s, TypeScript %s: %s", ours.Refusal, theirs.Refusal, theirs.Message)
		}
		return nil
	case ours.Refusal != "":
		return fmt.Errorf("only Go refuses: %s", ours.Refusal)
	}
	a, b := must(json.Marshal(ours)), must(json.Marshal(theirs.Expect))
	if !bytes.Equal(a, b) {
		return fmt.Errorf("both accept\n  Go:         %s\n  TypeScript: %s", a, b)
	}
	return nil
}

func accuses(refusal string) bool { return refusal == vectors.Misbehaviour }

// random returns n cases: honest answers of random logs, answers of logs that lie, and
// mutated ones of both.
func random(seed uint64, n int) func(yield func(*line) bool) {
	return func(yield func(*line) bool) {
		source := rand.New(rand.NewPCG(seed, 1))
		for n > 0 {
			w := newWorld(source.Uint64())
			for range min(n, 30) {
				c := w.caseOf()
				if c == nil {
					continue
				}
				n--
				if !yield(c) {
					return
				}
			}
		}
	}
}

// caseOf is one response, nil if the log has none for what was asked.
func (w *world) caseOf() *line {
	operations := vectors.OperationNames()
	least := uint64(1)
	if w.IntN(2) == 0 {
		least = w.honest // a directory that lies, lies
	}
	size := w.size(least, w.log.Size())
	q := w.ask(operations[w.IntN(len(operations))], w.size(0, min(size, w.honest)))
	if q == nil {
		return nil
	}
	response := w.answer(q, size)
	if response == nil {
		return nil
	}
	switch w.IntN(5) {
	case 0, 1:
	case 2: // the answer to another question, or of another log
		if other := w.answer(q, w.size(1, w.log.Size())); other != nil {
			response = w.splice(response, other)
		}
	default:
		response = w.mutate(response)
	}
	clock := w.log.Now(size).UnixMilli()
	if w.IntN(12) == 0 {
		clock += w.Int64N(3*3_600_000) - 3_600_000
	}
	return &line{
		Operation: q.operation, Configuration: must(w.log.Config.Marshal()), State: q.State,
		Request: q.Request, Response: response, Clock: uint64(max(clock, 0)),
	}
}

// answer is the directory's answer when the log had size entries, nil if it has none.
func (w *world) answer(q *question, size uint64) (response []byte) {
	d := w.log.Directory(size)
	d.Prover.Unchecked = true // it answers whatever its log says
	response, err := d.Answer(q.operation, q.Request)
	if err != nil {
		return nil
	}
	return response
}

// splice returns the beginning of one response and the end of another.
func (w *world) splice(a, b []byte) []byte {
	if len(a) == 0 || len(b) == 0 {
		return a
	}
	cut := w.IntN(min(len(a), len(b)))
	return slices.Concat(a[:cut], b[cut:])
}

// TestMutationsDiffer makes sure that what is called mutated mostly is.
func TestMutationsDiffer(t *testing.T) {
	w, data, same := newWorld(7), []byte(strings.Repeat("ghost", 40)), 0
	for range 100 {
		if bytes.Equal(w.mutate(data), data) {
			same++
		}
	}
	if same > 20 {
		t.Errorf("%d of 100 mutations change nothing", same)
	}
}
