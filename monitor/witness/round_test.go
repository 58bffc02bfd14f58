package witness

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

const inconsistency = finding.Rule(evidence.Inconsistency)

// proven requires that a finding's file is evidence for everybody who has the log's
// key.
func (w *world) proven(f finding.Finding) {
	w.t.Helper()
	data, err := os.ReadFile(f.File)
	fatalIfErr(w.t, err)
	e, err := evidence.Parse(data)
	fatalIfErr(w.t, err)
	policy, err := checkpoint.ParsePolicy(w.log.Policy())
	fatalIfErr(w.t, err)
	_, err = e.Verify(evidence.Expected{Logs: []string{policy.Logs[0].VerifierKey}})
	fatalIfErr(w.t, err)
	if f.Class != finding.Evidence || f.Severity != finding.Critical || f.Directory != "example" || f.Condition {
		w.t.Errorf("%+v", f)
	}
}

// TestPoll follows a log that nobody submits.
func TestPoll(t *testing.T) {
	w := newWorld(t, 30)
	w.round()
	before := w.latest()
	w.round()
	if w.size() != 30 || w.latest() != before {
		t.Errorf("size %d, or cosigned again without need", w.size())
	}
	w.log.Grow(t, 300, 1)
	w.round()
	w.log.Serve(w.log.SignAt(t, 100)) // it may publish later
	w.round()
	if w.size() != 330 {
		t.Errorf("size %d", w.size())
	}
	w.now.Add(int64(2 * time.Hour / time.Second))
	if f := w.round(finding.RolledBack)[0]; !f.Condition || f.After != 24*time.Hour || f.Class != finding.Report {
		t.Errorf("%+v", f)
	}
	w.log.Publish(t)
	w.round()
	w.cosigns(w.request(w.log, 330, 330))
}

// TestPollFork shows the poller another history.
func TestPollFork(t *testing.T) {
	for name, size := range map[string]int{"larger": 400, "the same size": 300, "smaller": 200} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 300)
			w.round()
			before := w.latest()
			w.served.Store(w.fork(100, size))
			if size < 300 { // the tiles of the larger one are elsewhere
				w.round(finding.Refused)
				return
			}
			w.proven(w.round(inconsistency)[0])
			w.proven(w.round(inconsistency)[0]) // the same again
			w.restart(func() {})
			w.served.Store(w.log)
			w.proven(w.round(inconsistency)[0])
			if w.latest() != before {
				t.Error("it was cosigned")
			}
		})
	}
}

// TestPollTrouble has logs that do not answer, or not with a checkpoint.
func TestPollTrouble(t *testing.T) {
	w := newWorld(t, 300)
	w.round()
	w.log.Grow(t, 10, 1)
	answer := func(prefix string, f func(rw http.ResponseWriter, data []byte)) {
		w.log.Intercept(func(rw http.ResponseWriter, _ *http.Request, path string, data []byte) bool {
			if !strings.HasPrefix(path, prefix) {
				return false
			}
			f(rw, data)
			return true
		})
	}
	answer("", func(rw http.ResponseWriter, _ []byte) { rw.WriteHeader(500) })
	if f := w.round(finding.Unreachable)[0]; f.After != 24*time.Hour || !f.Condition {
		t.Errorf("%+v", f)
	}
	answer("checkpoint", func(rw http.ResponseWriter, data []byte) { _, _ = rw.Write(flipSignature(t, data)) })
	w.round(finding.Refused)
	answer("checkpoint", func(rw http.ResponseWriter, data []byte) { _, _ = rw.Write(bytes.Repeat(data, 9000)) })
	w.round(finding.Refused)
	answer("tile", func(rw http.ResponseWriter, _ []byte) { rw.WriteHeader(404) })
	w.round(finding.Refused)
	answer("tile", func(rw http.ResponseWriter, data []byte) { data[0] ^= 1; _, _ = rw.Write(data) })
	w.round(finding.Refused)
	if w.size() != 300 {
		t.Errorf("cosigned what was not proven: %d", w.size())
	}
	w.log.Intercept(nil)
	w.round()
	if w.size() != 310 {
		t.Errorf("size %d", w.size())
	}
	w = newWorld(t, 30)
	w.log.Serve(w.log.Sign(t, 0, merkle.Hash{1}))
	w.round(finding.Refused)
	w.log.Serve(w.log.Sign(t, 0, emptyRoot))
	w.round()
	if w.latest() == "" {
		t.Error("the empty log was not cosigned")
	}
}

// TestShownFork is asked to cosign another history of the size that it has: that is
// evidence, whatever was wrong first.
func TestShownFork(t *testing.T) {
	w := newWorld(t, 300)
	w.round()
	for i := range 20 {
		fork := w.fork(100+i, 300)
		w.refuses(w.request(fork, 300, 300), http.StatusUnprocessableEntity)
		w.refuses(w.request(fork, 300, 300), http.StatusUnprocessableEntity)
		w.refuses(checkpoint.AddCheckpoint{Note: fork.SignAt(t, 300)}, http.StatusConflict)
	}
	rules := make([]finding.Rule, maxEvidence)
	for i := range rules {
		rules[i] = inconsistency
	}
	for _, f := range w.round(rules...) {
		w.proven(f)
	}
}

// TestShownUnproven is asked to cosign a larger fork, of which nobody has the tiles:
// a report, until the log has come so far.
func TestShownUnproven(t *testing.T) {
	w := newWorld(t, 300)
	w.round()
	fork := w.fork(100, 400)
	w.refuses(w.request(fork, 300, 400), http.StatusUnprocessableEntity)
	w.refuses(w.request(fork, 300, 400), http.StatusUnprocessableEntity)
	if f := w.round(finding.Refused)[0]; f.Class != finding.Report || !f.Condition || f.Directory != "example" {
		t.Errorf("%+v", f)
	}
	w.restart(func() {})
	w.round(finding.Refused)
	for size := uint64(301); size < 320; size++ { // bounded
		w.refuses(w.request(fork, 300, size), http.StatusUnprocessableEntity)
	}
	if names, err := list(w.w.path(w.w.order[0], refusedName)); err != nil || len(names) != maxRefused {
		t.Errorf("kept %q, %v", names, err)
	}
	w.log.Grow(t, 200, 1)
	w.round(inconsistency, inconsistency, inconsistency, inconsistency)
	if names, _ := list(w.w.path(w.w.order[0], refusedName)); len(names) != 0 {
		t.Errorf("kept %q", names)
	}
}

// TestShownBadProof is sent the log's own checkpoint with a proof that is wrong, which
// anybody can do.
func TestShownBadProof(t *testing.T) {
	w := newWorld(t, 300)
	w.cosigns(w.request(w.log, 0, 100))
	r := w.request(w.log, 100, 300)
	r.Proof = nil
	w.refuses(r, http.StatusUnprocessableEntity)
	r = w.request(w.log, 100, 100)
	r.Proof = []merkle.Hash{{}}
	w.refuses(r, http.StatusUnprocessableEntity)
	w.round()
	if names, _ := list(w.w.path(w.w.order[0], refusedName)); len(names) != 0 || w.size() != 300 {
		t.Errorf("kept %q, size %d", names, w.size())
	}
}

// TestShownTwoKeys has a contradiction that no one key has signed.
func TestShownTwoKeys(t *testing.T) {
	w := newWorld(t, 300)
	next, err := checkpoint.NewSigner(monitortest.Origin, bytes.Repeat([]byte{9}, 32))
	fatalIfErr(t, err)
	w.restart(func() { w.cfg.Logs[0].Policy = w.policy(w.log.Signer, next) })
	w.round()
	fork := w.fork(100, 400)
	signed, err := next.Sign(checkpoint.Checkpoint{Origin: monitortest.Origin, Size: 400, Root: fork.RootAt(t, 400)})
	fatalIfErr(t, err)
	fork.Serve(signed)
	w.served.Store(fork)
	if f := w.round(finding.HeadsDiffer)[0]; f.Class != finding.Report || f.Severity != finding.Critical {
		t.Errorf("%+v", f)
	}
	if w.size() != 300 {
		t.Errorf("size %d", w.size())
	}
}

// TestEvidenceDamaged tells that an evidence file is no evidence any more.
func TestEvidenceDamaged(t *testing.T) {
	w := newWorld(t, 300)
	w.round()
	w.refuses(w.request(w.fork(100, 300), 300, 300), http.StatusUnprocessableEntity)
	f := w.round(inconsistency)[0]
	data, err := os.ReadFile(f.File)
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(f.File, data[:len(data)/2], 0o600))
	w.round(finding.StateDamaged)
}
