package agree

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/adversary"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

var tries = flag.Int("tries", 2, "how often each attack is told to users of each operation that it lies in")

// TestAttacks has a dishonest directory with the real keys try everything that it can
// think of (keytrans/adversary): both verifiers have to see the same of each answer.
func TestAttacks(t *testing.T) {
	p, err := start()
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	counts := make(map[string]int)
	for _, suite := range []keytrans.CipherSuite{keytrans.KT_128_SHA256_Ed25519, keytrans.KT_128_SHA256_P256} {
		for _, mode := range []keytrans.DeploymentMode{
			keytrans.ContactMonitoring, keytrans.ThirdPartyManagement, keytrans.ThirdPartyAuditing,
		} {
			w := adversary.NewWorld(suite, mode)
			for _, a := range adversary.Attacks {
				if a.Operation == adversary.Audit || a.Modes != nil && !slices.Contains(a.Modes, mode) {
					continue
				}
				noticed := 0
				for c := range attempts(w, &a) {
					ours, failure := verify(c)
					answer, err := p.ask(c)
					if err == nil {
						err = agree(ours, answer)
					}
					if err != nil {
						t.Fatalf("%v in mode %d: %s: %v\n  Go says: %v\n  case: %s",
							suite, mode, a.Name, err, failure, must(json.Marshal(c)))
					}
					counts[kindOf(ours)]++
					if kindOf(ours) != accepted {
						noticed++
					}
				}
				if noticed > 0 {
					counts["attacks noticed"]++
				}
			}
		}
	}
	t.Logf("%d attacks, by what both came to: %v", len(adversary.Attacks), counts)
	for _, kind := range []string{accepted, vectors.Proof, vectors.Signature, vectors.Misbehaviour} {
		if counts[kind] == 0 {
			t.Errorf("no answer was %s", kind)
		}
	}
}

// attempts are the answers that users are given under an attack who saw the honest log.
func attempts(w *adversary.World, a *adversary.Attack) func(yield func(*line) bool) {
	return func(yield func(*line) bool) {
		d := a.Make(w)
		honest := &world{Rand: rand.New(rand.NewPCG(*seed, 2)), log: w.Log, honest: adversary.Size}
		operations := vectors.OperationNames()
		if a.Operation != "" {
			operations = []string{a.Operation}
		}
		for _, operation := range operations {
			for range *tries {
				q := honest.ask(operation, honest.size(0, adversary.Size))
				if q == nil {
					continue
				}
				response := lie(d, q)
				if response == nil {
					continue
				}
				c := &line{
					Operation: q.operation, Configuration: must(w.Log.Config.Marshal()), State: q.State,
					Request: q.Request, Response: response, Clock: uint64(w.Now().UnixMilli()),
				}
				if !yield(c) {
					return
				}
			}
		}
	}
}

// lie is what the directory answers, nil if it has no answer, or none to that question: an
// attack is written for the questions of those who notice it.
func lie(d *adversary.Directory, q *question) (response []byte) {
	defer func() {
		if recover() != nil {
			response = nil
		}
	}()
	response, err := d.Answer(q.operation, q.Request)
	if err != nil {
		return nil
	}
	return response
}
