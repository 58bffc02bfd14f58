package client_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// TestTrustWithPolicy stores a policy with the first contact.
func TestTrustWithPolicy(t *testing.T) {
	w := newWorld(t)
	w.root = t.TempDir()
	policy := w.dir.Policy("any")
	r := w.trustPolicy(policy)
	w.c = w.with(func(*client.Config) {})
	if r.AlreadyTrusted || !r.PolicyStored || r.PolicyReplaced || r.Kind() != 0 {
		t.Errorf("%+v", r)
	}
	p := r.Policy
	if p.Origin != clienttest.Origin || p.VerifierKey != w.dir.LogKey() || p.URL != w.server.URL+"/log" || !slices.Equal(p.Witnesses, both) || p.Quorum != "both-any" {
		t.Errorf("%+v", p)
	}
	w.witnessed(r.Witness, w.dir.Size(), both)
	w.outcome(r.Verdict, client.OutcomeVerified)
	if !bytes.Equal(w.stored().Policy, policy) {
		t.Errorf("%s", w.stored().Policy)
	}
	if r = w.trustPolicy(policy); !r.AlreadyTrusted || r.PolicyStored || r.PolicyReplaced {
		t.Errorf("the same again: %+v", r)
	}
	// Trusting without a policy leaves the stored one.
	again, err := client.Trust(bg, w.root, w.server.URL, "", w.config())
	if err != nil || again.Policy == nil || again.PolicyStored || !bytes.Equal(w.stored().Policy, policy) {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestTrustThoughOverdue stores a policy of which the witnesses stand still, and
// says so.
func TestTrustThoughOverdue(t *testing.T) {
	w := newWorld(t)
	w.dir.Clock.Add(time.Hour)
	w.dir.ShowLog(0)
	r := w.trustPolicy(w.dir.Policy("any"))
	if r.Kind() != client.Undecided || w.stored() == nil {
		t.Errorf("%+v", r)
	}
	w.outcome(r.Verdict, client.OutcomeUnchecked)
}

// TestPolicyNotStored has a directory whose head does not verify.
func TestPolicyNotStored(t *testing.T) {
	w := freshWorld(t)
	before := w.readState()
	w.dir.Clock.Add(25 * time.Hour)
	for _, root := range []string{w.root, t.TempDir()} {
		cfg := w.config()
		cfg.Policy = w.dir.Policy("all")
		_, err := client.Trust(bg, root, w.server.URL, "", cfg)
		wantKind(t, err, client.Undecided, "behind this clock")
		if _, err := client.Open(root, "", w.config()); root != w.root && client.KindOf(err) != client.Usage {
			t.Errorf("it is trusted: %v", err)
		}
	}
	if w.readState() != before {
		t.Error("the state changed")
	}
}

// TestReplacedPolicy replaces the stored policy.
func TestReplacedPolicy(t *testing.T) {
	w := witnessedWorld(t, "any")
	w.lookup(alice)
	w.dir.Sleep(both[1:]...)
	w.insert("ab")
	w.lookup(alice) // under a checkpoint of w1 alone
	retained := w.stored().Checkpoint

	// One that the retained checkpoint satisfies: it survives, and the frontier is
	// looked at again.
	w.dir.ShowLog(5)
	r := w.trustPolicy(w.dir.Policy(clienttest.Witness1))
	if !r.AlreadyTrusted || !r.PolicyStored || !r.PolicyReplaced {
		t.Errorf("%+v", r)
	}
	w.witnessed(r.Witness, w.dir.Size(), both[:1])
	if !bytes.Equal(w.stored().Checkpoint, retained) {
		t.Error("the retained checkpoint did not survive")
	}
	// One that it does not: what the client knows is unsettled again.
	w.dir.ShowWholeLog()
	r = w.trustPolicy(w.dir.Policy("all"))
	if r.Witness.CheckpointSize != 0 || r.Kind() != client.Undecided || w.stored().Checkpoint != nil {
		t.Errorf("%+v", r.Witness)
	}
	for _, pos := range []uint64{15, 17, 18} { // the frontier
		if !slices.Contains(w.stored().positions(), pos) {
			t.Errorf("log entry %d is not pending", pos)
		}
	}
	_, err := w.c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Undecided, "no state of the log with the quorum is known")
	w.dir.Sleep()
	w.witnessed(w.lookup(alice).Witness, w.dir.Size(), both)
}

// TestPendingSurvivesPolicy replaces the policy while an entry waits that is not
// on the frontier any more.
func TestPendingSurvivesPolicy(t *testing.T) {
	w := freshWorld(t)
	w.dir.ShowLog(4)
	pos := w.insert("ab") // 4, which leaves the frontier
	w.lookup(alice)
	w.dir.Tick(4, time.Second)
	w.watch()
	w.dir.ChangeLeaf(pos)
	cfg := w.config()
	cfg.Policy = w.dir.Policy("all")
	if got := w.trustPolicy(cfg.Policy); !slices.Contains(got.Witness.Pending, pos) {
		t.Errorf("%+v", got.Witness)
	}
	w.dir.ShowWholeLog()
	_, err := w.c.Lookup(bg, alice, nil)
	w.checkEntry(wantKind(t, err, client.Misbehaved, "").Evidence, pos)
}

// TestAdHocPolicy uses a policy without storing it.
func TestAdHocPolicy(t *testing.T) {
	w := newWorld(t)
	w.insert("a")
	w.lookup(alice)
	adHoc := w.with(func(cfg *client.Config) { cfg.Policy = w.dir.Policy("all") })
	r, err := adHoc.Lookup(bg, alice, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.witnessed(r.Witness, w.dir.Size(), both)
	if s := w.stored(); s == nil || !s.Once {
		t.Fatalf("the policy is stored as %+v", s)
	}
	// What was seen under it is held against the next checkpoint.
	w.dir.ChangeLeaf(1)
	_, err = adHoc.Lookup(bg, alice, nil)
	wantKind(t, err, client.Misbehaved, "two states of 2 entries differ")
	if r := w.lookup(alice); r.Witness != nil {
		t.Errorf("%+v", r.Witness)
	}

	// Beside a stored one, both are kept, and only the stored one is stored.
	w = freshWorld(t)
	w.dir.Sleep(both[1:]...)
	stored := w.stored()
	adHoc = w.with(func(cfg *client.Config) { cfg.Policy = w.dir.Policy("all") })
	pos := w.insert("ab")
	if r, err = adHoc.Lookup(bg, alice, nil); err != nil {
		t.Fatal(err)
	}
	if r.Witness.Quorum != "both-all" || r.Witness.CheckpointSize != 4 || !slices.Contains(r.Witness.Pending, pos) {
		t.Errorf("%+v", r.Witness)
	}
	now := w.stored()
	if !bytes.Equal(now.Policy, stored.Policy) || !bytes.Equal(now.Checkpoint, stored.Checkpoint) || !slices.Contains(now.positions(), pos) {
		t.Errorf("%+v", now)
	}
	w.witnessed(w.lookup(alice).Witness, w.dir.Size(), both[:1])
	// The stored one, given once more, is itself.
	same := w.with(func(cfg *client.Config) { cfg.Policy = w.dir.Policy("any") })
	w.insert("abc")
	if _, err := same.Lookup(bg, alice, nil); err != nil || len(w.stored().Pending) != 0 {
		t.Errorf("%v, %+v", err, w.stored())
	}
}

// TestBadPolicies are refused before anything is asked of the directory.
func TestBadPolicies(t *testing.T) {
	w := newWorld(t)
	line := "log " + w.dir.LogKey()
	before := w.readState()
	w.dir.Before = func(string, []byte) *clienttest.Answer { t.Error("a request was made"); return nil }
	for name, c := range map[string]struct{ policy, text string }{
		"empty":              {"", "no quorum"},
		"no log":             {"quorum none\n", "names no log"},
		"no policy":          {"-----BEGIN PGP PUBLIC KEY BLOCK-----", "line 1"},
		"bad key":            {line[:len(line)-2] + "\nquorum none\n", "line 1"},
		"http":               {line + " http://log.example\nquorum none\n", "the URL of log keys.example.org/log"},
		"of another network": {line + " https://log.example/?x\nquorum none\n", "line 1"},
		"two logs":           {line + "\n" + "log " + clienttest.NewLogKey("other.example/log") + "\nquorum none\n", "names 2 logs, and 0 of them"},
	} {
		cfg := w.config()
		cfg.Policy = []byte(c.policy)
		_, err := client.Trust(bg, w.root, w.server.URL, "", cfg)
		wantKind(t, err, client.Usage, c.text)
		_, err = client.Trust(bg, t.TempDir(), w.server.URL, "", cfg)
		wantKind(t, err, client.Usage, c.text)
		adHoc := w.with(func(cfg *client.Config) { cfg.Policy = []byte(c.policy) })
		_, err = adHoc.Lookup(bg, alice, nil)
		wantKind(t, err, client.Usage, "the witness policy: ")
		if w.readState() != before {
			t.Errorf("%s: the state changed", name)
		}
	}
}

// TestLogElsewhere reads the log where the policy says.
func TestLogElsewhere(t *testing.T) {
	w := newWorld(t)
	w.insert("a")
	requests := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		requests++
		if strings.Contains(r.URL.String(), "alice") || r.Method != http.MethodGet || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		r.URL.Path = strings.Replace(r.URL.Path, "/mirror/", "/log/", 1)
		w.dir.ServeHTTP(rw, r)
	}))
	defer elsewhere.Close()
	w.onLog("", func() *clienttest.Answer { return nil })
	policy := bytes.Replace(w.dir.Policy("any"), []byte(w.dir.LogKey()), fmt.Appendf(nil, "%s %s/mirror/", w.dir.LogKey(), elsewhere.URL), 1)
	r := w.trustPolicy(policy)
	if r.Policy.URL != elsewhere.URL+"/mirror" || requests == 0 {
		t.Errorf("%+v, %d requests", r.Policy, requests)
	}
	w.witnessed(r.Witness, w.dir.Size(), both)
	w.witnessed(w.lookup(alice).Witness, w.dir.Size(), both)

	// The name of another machine, over http, needs the flag at every use.
	insecure := bytes.Replace(policy, []byte(elsewhere.URL), []byte("http://log.example"), 1)
	cfg := w.config()
	cfg.Policy, cfg.InsecureHTTP, cfg.Retries = insecure, true, -1
	cfg.HTTP = &http.Client{Transport: redirectTo(elsewhere)}
	if _, err := client.Trust(bg, w.root, w.server.URL, "", cfg); err != nil {
		t.Fatal(err)
	}
	_, err := w.c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Usage, "http to \"log.example\"")
	lax := w.with(func(cfg *client.Config) {
		cfg.InsecureHTTP, cfg.HTTP = true, &http.Client{Transport: redirectTo(elsewhere)}
	})
	if _, err := lax.Lookup(bg, alice, nil); err != nil {
		t.Error(err)
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// redirectTo connects to a server in the place of log.example.
func redirectTo(s *httptest.Server) http.RoundTripper {
	return transportFunc(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "log.example" {
			r = r.Clone(r.Context())
			r.URL.Host = strings.TrimPrefix(s.URL, "http://")
		}
		return http.DefaultTransport.RoundTrip(r)
	})
}

// TestSeveralLogs has a policy of more logs than the directory's.
func TestSeveralLogs(t *testing.T) {
	w := newWorld(t)
	w.insert("a")
	other := clienttest.NewLogKey("other.example/log")
	policy := append(fmt.Appendf(nil, "log %s https://other.example/log\n", other),
		bytes.Replace(w.dir.Policy("any"), []byte(w.dir.LogKey()), fmt.Appendf(nil, "%s %s/log/", w.dir.LogKey(), w.server.URL), 1)...)
	r := w.trustPolicy(policy)
	w.witnessed(r.Witness, w.dir.Size(), both)
	if r.Policy.Origin != clienttest.Origin {
		t.Errorf("%+v", r.Policy)
	}
	// The checkpoint of another log of the policy is not the directory's.
	w.insert("ab")
	foreign := clienttest.New()
	foreign.Tick(30, time.Second)
	policy = fmt.Appendf(nil, "log %s\nlog %s %s/log\nquorum none\n", foreign.LogKey(), w.dir.LogKey(), w.server.URL)
	w.trustPolicy(policy)
	w.insert("abc")
	w.onLog("checkpoint", func() *clienttest.Answer {
		return &clienttest.Answer{Status: http.StatusOK, Body: foreign.Checkpoint()}
	})
	w.dir.Clock.Add(time.Hour)
	_, err := w.c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Undecided, "no log of the policy has signed the checkpoint")
}

// TestWitnessStateRefused damages what is retained for the witnesses, with a
// checksum that fits.
func TestWitnessStateRefused(t *testing.T) {
	w := freshWorld(t)
	w.lookup(alice)
	w.dir.ShowLog(w.dir.Size())
	w.insert("ab")
	w.lookup(alice)
	good := w.readState()
	w.removePrevious()
	other := clienttest.New()
	for name, c := range map[string]struct {
		change func(s string) string
		text   string
	}{
		"policy of another log": {func(s string) string {
			return strings.Replace(s, base64Of(w.dir.Policy("any")), base64Of(other.Policy("any")), 1)
		}, "does not have the quorum"},
		"no policy": {func(s string) string { return strings.Replace(s, base64Of(w.dir.Policy("any")), "", 1) }, "no quorum line"},
		"checkpoint without signatures": {func(s string) string {
			return strings.Replace(s, base64Of(w.dir.Checkpoint()), base64Of(withoutLogSignature(w.dir.Checkpoint())), 1)
		}, "does not have the quorum"},
		"nothing pending": {func(s string) string { return cut(s, `"pending":[{"position":4`, `}]}}`, `"pending":[]}}`) }, "newer than the checkpoint, and not pending"},
		"another position": {func(s string) string {
			return strings.Replace(s, `"pending":[{"position":4`, `"pending":[{"position":3`, 1)
		}, "pending entry 3"},
		"a far position": {func(s string) string {
			return strings.Replace(s, `"pending":[{"position":4`, `"pending":[{"position":9`, 1)
		}, "out of place"},
		"another timestamp": {func(s string) string { return editPending(s, `"timestamp":1`, `"timestamp":2`) }, "pending entry 4"},
		"another head":      {func(s string) string { return editPending(s, `"tree_size":5`, `"tree_size":4`) }, "the proof of pending entry 4"},
		"an empty head":     {func(s string) string { return editPending(s, `"tree_size":5`, `"tree_size":0`) }, "of an empty log"},
		"a greater head":    {func(s string) string { return editPending(s, `"tree_size":5`, `"tree_size":6`) }, "out of place"},
		"another path":      {func(s string) string { return editPending(s, `"path":["`, `"path":["`+strings.Repeat("0", 64)+`","`) }, "the proof of pending entry 4"},
		"an old version":    {func(s string) string { return s }, "a part that its version does not have"},
	} {
		bad := c.change(good)
		if bad == good && name != "an old version" {
			t.Fatalf("%s: nothing was replaced", name)
		}
		version := 5
		if name == "an old version" {
			version = 1
		}
		if err := os.WriteFile(w.stateFile(), reseal(t, bad, version), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := w.c.Lookup(bg, alice, nil)
		wantKind(t, err, client.Operational, c.text)
	}
}

// TestFirstStateVersion reads the state of a program that knew no witnesses.
func TestFirstStateVersion(t *testing.T) {
	w := fullState(t)
	if err := os.WriteFile(w.stateFile(), reseal(t, withoutRecent(w.readState()), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	w.watch()
	if got := w.readState(); !strings.Contains(got, `"version":5`) || !strings.Contains(got, `"recent_distinguished":[`) || w.stored() != nil {
		t.Errorf("%.100s", got)
	}
	w.trustPolicy(w.dir.Policy("any"))
	w.outcome(w.watch().Log.Verdict, client.OutcomeVerified)
}

// TestWitnessStateRoundTrip reads and writes it without a change.
func TestWitnessStateRoundTrip(t *testing.T) {
	w := newWorld(t)
	w.insert("a")
	w.dir.Tick(2, time.Second)
	w.lookup(alice)
	w.dir.ShowLog(2)
	w.trustPolicy(w.dir.Policy("any")) // an entry without a proof
	w.insert("ab")
	w.lookup(alice) // one with
	before := w.readState()
	for _, part := range []string{`"witness":{"policy":"`, `"checkpoint":"`, `"pending":[{`, `"proof":{"tree_size":`, `"path":["`} {
		if !strings.Contains(before, part) {
			t.Errorf("the state has no %s", part)
		}
	}
	if s := w.stored(); s.Pending[0].Proof != nil || s.Pending[len(s.Pending)-1].Proof == nil {
		t.Errorf("%+v", s)
	}
	again, err := client.RecodeState([]byte(before))
	if err != nil || string(again) != before {
		t.Errorf("%v\n%s\n%s", err, before, again)
	}
}

// TestTrustOtherLog refuses a policy with another log's key at once, and keeps the
// one that was stored.
func TestTrustOtherLog(t *testing.T) {
	w := freshWorld(t)
	before := w.stored()
	cfg := w.config()
	cfg.Policy = clienttest.New().Policy("any")
	_, err := client.Trust(bg, w.root, w.server.URL, "", cfg)
	wantKind(t, err, client.Undecided, "no log of the policy has signed the checkpoint")
	if after := w.stored(); !bytes.Equal(after.Policy, before.Policy) {
		t.Errorf("the policy is another: %s", after.Policy)
	}
	// That the log cannot be read is another matter.
	w.onLog("checkpoint", func() *clienttest.Answer { return &clienttest.Answer{Status: http.StatusNotFound} })
	if _, err := client.Trust(bg, w.root, w.server.URL, "", cfg); err != nil {
		t.Errorf("with an unreadable log: %v", err)
	}
}
