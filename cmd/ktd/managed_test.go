package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// wire is a proxy between an operator and its manager, who does not stay at one
// address: all that networks do to connections.
type wire struct {
	t        *testing.T
	listener net.Listener

	mu     sync.Mutex
	target string
	mode   wireMode
	held   chan struct{} // something was held back, has room for one
	conns  []net.Conn
}

// wireMode is what a wire does.
type wireMode int

const (
	wirePass        wireMode = iota
	wireCut                  // connections are closed at once
	wireHoldAnswers          // requests arrive, answers do not
	wireHold                 // nothing arrives
)

func newWire(t *testing.T) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	w := &wire{t: t, listener: l, held: make(chan struct{}, 1)}
	t.Cleanup(func() { l.Close(); w.set(wireCut) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.serve(c)
		}
	}()
	return w
}

func (w *wire) url() string { return "http://" + w.listener.Addr().String() }

// connect makes a manager's URL the target.
func (w *wire) connect(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.target = strings.TrimPrefix(url, "http://")
}

// set changes what the wire does. Connections break off.
func (w *wire) set(mode wireMode) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mode = mode
	select {
	case <-w.held:
	default:
	}
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}

func (w *wire) serve(c net.Conn) {
	w.mu.Lock()
	mode, target := w.mode, w.target
	w.conns = append(w.conns, c)
	w.mu.Unlock()
	defer c.Close()
	if mode == wireCut {
		return
	}
	if mode == wireHold {
		var update atomic.Bool
		w.hold(io.TeeReader(c, &updateFinder{found: &update}), &update)
		return
	}
	m, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	w.mu.Lock()
	w.conns = append(w.conns, m)
	w.mu.Unlock()
	var update atomic.Bool
	go func() {
		_, _ = io.Copy(m, io.TeeReader(c, &updateFinder{found: &update}))
		m.Close()
	}()
	if mode == wireHoldAnswers {
		w.hold(m, &update)
		return
	}
	_, _ = io.Copy(c, m)
}

// updateFinder finds out whether an update was in what is written to it.
type updateFinder struct {
	found *atomic.Bool
	seen  []byte
}

func (f *updateFinder) Write(b []byte) (int, error) {
	f.seen = append(f.seen, b...)
	if bytes.Contains(f.seen, []byte("/v1/manager-update")) {
		f.found.Store(true)
	}
	return len(b), nil
}

// hold reads what is not to arrive, and says so if it is an update or the answer to
// one.
func (w *wire) hold(from io.Reader, update *atomic.Bool) {
	for buf := make([]byte, 4096); ; {
		if _, err := from.Read(buf); err != nil {
			return
		}
		if update.Load() {
			select {
			case w.held <- struct{}{}:
			default:
			}
		}
	}
}

// wait waits until something was held back.
func (w *wire) wait() {
	w.t.Helper()
	select {
	case <-w.held:
	case <-time.After(20 * time.Second):
		w.t.Fatal("nothing was held back")
	}
}

// managed is an operator and a manager as processes.
type managed struct {
	t                       *testing.T
	operatorDir, managerDir string
	operator, manager       *server
	wire                    *wire
	operatorAddr, ktProgram string
	token                   string
}

// newManaged sets both up as docs/management.md says.
func newManaged(t *testing.T, suite string, operatorFlags ...string) *managed {
	t.Helper()
	m := &managed{t: t, wire: newWire(t)}
	m.operatorDir, m.managerDir = filepath.Join(t.TempDir(), "operator"), filepath.Join(t.TempDir(), "manager")
	ktd(t, append([]string{"init", m.operatorDir, "--role", "operator", "--suite", suite, "--manager", m.wire.url()}, operatorFlags...)...).exits(exitOK)
	ktd(t, "serve", m.operatorDir).exits(exitFailed, "link-token is missing", "ktd help roles")
	ktd(t, "init", m.managerDir, "--role", "manager", "--suite", suite, "--leaf-key", filepath.Join(m.operatorDir, "leaf.pub"),
		"--reasonable-monitoring-window", "1s").exits(exitOK)
	write(t, filepath.Join(m.operatorDir, "link-token"), read(t, filepath.Join(m.managerDir, "link-token")))
	ktd(t, "serve", m.operatorDir).exits(exitFailed, "the manager does not answer", "at the first start")
	m.token = filepath.Join(m.operatorDir, "registration-token")
	m.startManager()
	m.operator = startServer(t, m.operatorDir, "--role", "operator")
	m.operatorAddr = strings.TrimPrefix(m.operator.url, "http://")
	m.ready(http.StatusOK, "")
	return m
}

func (m *managed) startManager() {
	m.t.Helper()
	m.manager = startServer(m.t, m.managerDir, "--role", "manager")
	m.wire.connect(m.manager.url)
}

// restartOperator starts the operator at the address that it had.
func (m *managed) restartOperator() {
	m.t.Helper()
	m.operator = startServer(m.t, m.operatorDir, "--listen", m.operatorAddr)
}

func (s *server) kill() {
	s.t.Helper()
	fatalIfErr(s.t, s.cmd.Process.Kill())
	<-s.eof
	_ = s.cmd.Wait()
}

func (m *managed) user(name string) *user {
	return &user{m.t, m.ktProgram, "http://" + m.operatorAddr, filepath.Join(m.t.TempDir(), name)}
}

// ready waits until the operator's /readyz has a status and a text.
func (m *managed) ready(status int, text string) {
	m.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get("http://" + m.operatorAddr + "/readyz")
		fatalIfErr(m.t, err)
		body, err := io.ReadAll(resp.Body)
		fatalIfErr(m.t, err)
		resp.Body.Close()
		if resp.StatusCode == status && strings.Contains(string(body), text) {
			return
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("/readyz is %d: %s", resp.StatusCode, body)
		}
	}
}

// inBackground runs kt and returns what waits for its end.
func (u *user) inBackground(args ...string) (wait func() int) {
	u.t.Helper()
	cmd := exec.Command(u.program, append([]string{"--state", u.home, "--directory", u.url}, args...)...)
	fatalIfErr(u.t, cmd.Start())
	return func() int {
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
}

// TestManaged runs operator, manager and users as processes, and kills or
// separates the first two at the worst moments.
func TestManaged(t *testing.T) {
	const alice = "alice@example.org"
	program := buildKT(t)
	for _, suite := range []string{"ed25519", "p256"} {
		t.Run(suite, func(t *testing.T) {
			// Without account keys, versions of unknown fate can be skipped.
			m := newManaged(t, suite, "--account-keys", "off")
			m.ktProgram = program
			owner, contact := m.user("owner"), m.user("contact")
			owner.kt(ktVerified, []string{"managed by a third party", "for an operator"}, "trust", owner.url)
			contact.kt(ktVerified, nil, "trust", contact.url)

			zero, zeroPrint := newKeyFile(t, alice)
			owner.kt(ktFailed, []string{"credential"}, "publish", alice, zero)
			owner.kt(ktVerified, []string{"version 0"}, "publish", alice, zero, "--token-file", m.token)
			contact.kt(ktVerified, []string{zeroPrint, "version 0"}, "lookup", alice)

			// The manager is killed when it has the update, and nobody has the answer.
			one, onePrint := newKeyFile(t, alice)
			m.wire.set(wireHoldAnswers)
			end := owner.inBackground("publish", alice, one, "--token-file", m.token)
			m.wire.wait()
			m.manager.kill()
			m.wire.set(wireCut)
			if code := end(); code != ktUndecided {
				t.Fatalf("without an answer: exit code %d", code)
			}
			m.ready(http.StatusServiceUnavailable, "manager-unreachable")
			m.operator.configuration(http.DefaultClient) // the pinned one
			if suite == "ed25519" {                      // kt asks again as often as it is told to
				contact.kt(ktUndecided, []string{"does not answer"}, "lookup", alice)
			}
			m.wire.set(wirePass)
			m.startManager()
			m.ready(http.StatusOK, "")
			owner.kt(ktVerified, []string{"version 1"}, "publish", alice, one, "--token-file", m.token)
			contact.kt(ktAttention, []string{onePrint, "version 1"}, "lookup", alice)

			// The operator is killed when it has signed, and the manager has nothing.
			lost, _ := newKeyFile(t, alice)
			m.wire.set(wireHold)
			end = owner.inBackground("publish", alice, lost, "--token-file", m.token)
			m.wire.wait()
			m.operator.kill()
			m.wire.set(wirePass)
			if code := end(); code != ktUndecided {
				t.Fatalf("without an operator: exit code %d", code)
			}
			m.restartOperator()
			three, threePrint := newKeyFile(t, alice)
			owner.kt(ktVerified, []string{"version 3"}, "publish", alice, three, "--token-file", m.token)
			contact.kt(ktAttention, []string{threePrint, "version 3"}, "lookup", alice)
			contact.kt(ktUndecided, []string{"skipped"}, "lookup", alice, "--version", "2")
			for _, u := range []*user{owner, contact} {
				u.kt(ktUndecided, []string{"version 3", "version 2: SKIPPED, says the directory", "version 1", "version 0"}, "history", alice)
				u.kt(ktVerified, nil, "watch")
			}
			owner.kt(ktVerified, nil, "own", alice)

			// Both start again; what was verified goes on.
			m.manager.stop(syscall.SIGTERM)
			m.startManager()
			m.operator.stop(syscall.SIGTERM)
			m.restartOperator()
			four, _ := newKeyFile(t, alice)
			owner.kt(ktVerified, []string{"version 4"}, "publish", alice, four, "--token-file", m.token)
			contact.kt(ktAttention, []string{"version 4"}, "lookup", alice)
			contact.kt(ktVerified, nil, "watch")
			owner.kt(ktVerified, nil, "watch")
		})
	}
}

// TestManagerAlone: without the link token, a manager serves nothing of labels.
func TestManagerAlone(t *testing.T) {
	m := newManaged(t, "ed25519")
	get := func(method, path, token string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, m.manager.url+path, strings.NewReader(""))
		fatalIfErr(t, err)
		req.Header.Set("Content-Type", "application/octet-stream")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(req)
		fatalIfErr(t, err)
		return errOr(resp.Body.Close(), resp.StatusCode)
	}
	link := strings.TrimSpace(read(t, filepath.Join(m.managerDir, "link-token")))
	registration := strings.TrimSpace(read(t, m.token))
	for _, operation := range []string{"search", "contact-monitor", "owner-init", "owner-monitor", "distinguished", "manager-update"} {
		for _, token := range []string{"", registration} {
			if status := get(http.MethodPost, "/v1/"+operation, token); status != http.StatusUnauthorized {
				t.Errorf("%s without the link token: %d", operation, status)
			}
		}
		if status := get(http.MethodPost, "/v1/"+operation, link); status != http.StatusBadRequest {
			t.Errorf("an empty %s with the link token: %d", operation, status)
		}
	}
	for path, want := range map[string]int{
		"/v1/configuration": http.StatusUnauthorized, "/api/v1/log": http.StatusUnauthorized, "/api/v1/stats": http.StatusUnauthorized,
		"/livez": http.StatusOK, "/readyz": http.StatusOK, "/log/checkpoint": http.StatusOK, "/log/tile/entries/000.p/1": http.StatusOK,
	} {
		if status := get(http.MethodGet, path, ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if status := get(http.MethodPost, "/v1/update", link); status != http.StatusNotFound {
		t.Errorf("a plain update: %d", status)
	}
}

// TestRoles: every command that makes no sense for a role says so.
func TestRoles(t *testing.T) {
	operator, manager := filepath.Join(t.TempDir(), "operator"), filepath.Join(t.TempDir(), "manager")
	var out struct {
		LeafPublicKey     string `json:"leaf_public_key"`
		LeafPublicKeyFile string `json:"leaf_public_key_file"`
		LinkTokenFile     string `json:"link_token_file"`
	}
	ktd(t, "init", operator, "--role", "operator", "--json").exits(exitOK).json(&out)
	if out.LeafPublicKey == "" || strings.TrimSpace(read(t, out.LeafPublicKeyFile)) != out.LeafPublicKey {
		t.Errorf("%+v", out)
	}
	ktd(t, "init", manager, "--role", "manager", "--leaf-key", out.LeafPublicKeyFile, "--json").exits(exitOK).json(&out)
	if out.LinkTokenFile != filepath.Join(manager, "link-token") {
		t.Errorf("%+v", out)
	}
	plain := newDir(t)
	key, _ := newKeyFile(t, "alice@example.org")
	other := t.TempDir()
	for _, test := range []struct {
		code int
		text string
		args []string
	}{
		{exitFailed, "the folder of an operator", []string{"import", operator, key}},
		{exitFailed, "the folder of a manager", []string{"import", manager, key}},
		{exitFailed, "the folder of an operator", []string{"export-log", operator, filepath.Join(other, "x")}},
		{exitFailed, "bench.json", []string{"bench", "lookup", "--dir", operator}},
		{exitFailed, "has the role operator, not manager", []string{"serve", operator, "--role", "manager"}},
		{exitFailed, "has the role manager, not operator", []string{"serve", manager, "--role", "operator"}},
		{exitFailed, "has the role directory, not manager", []string{"serve", plain, "--role", "manager"}},
		{exitUsage, "not directory, manager or operator", []string{"serve", plain, "--role", "king"}},
		{exitUsage, "the log is the manager's", []string{"serve", operator, "--trillian", "h:1", "--tree", "1"}},
		{exitUsage, "--leaf-key", []string{"init", filepath.Join(other, "a"), "--role", "manager"}},
		{exitUsage, "--leaf-key", []string{"init", filepath.Join(other, "a"), "--leaf-key", key}},
		{exitUsage, "--manager", []string{"init", filepath.Join(other, "a"), "--manager", "http://h"}},
		{exitUsage, "--max-ahead is not for", []string{"init", filepath.Join(other, "a"), "--role", "operator", "--max-ahead", "1h"}},
		{exitUsage, "--reset-wait are not for --role manager", []string{"init", filepath.Join(other, "a"), "--role", "manager", "--leaf-key", key, "--reset-wait", "1h"}},
		{exitFailed, "public key", []string{"init", filepath.Join(other, "a"), "--role", "manager", "--leaf-key", key}},
		{exitFailed, "leaf public key", []string{"init", filepath.Join(other, "a"), "--role", "manager", "--suite", "p256", "--leaf-key", out.LeafPublicKeyFile}},
	} {
		ktd(t, test.args...).exits(test.code, test.text)
	}
	if _, err := os.Stat(filepath.Join(other, "a")); err == nil {
		t.Error("an init that is refused made a folder")
	}
	// Tokens are those of users for one, and those of the link for the other.
	ktd(t, "token", operator, "bob").exits(exitOK)
	ktd(t, "token", manager, "next").exits(exitOK)

	// What was signed must not be lost unnoticed.
	write(t, filepath.Join(operator, "link-token"), "token")
	write(t, filepath.Join(operator, "config.json"), strings.Replace(read(t, filepath.Join(operator, "config.json")), `"manager": ""`, `"manager": "ftp://h"`, 1))
	ktd(t, "serve", operator).exits(exitFailed, "manager: the manager's URL")
}

// TestManagerReplaced: what an operator does with a manager who has another log, and
// with evidence of misbehaviour.
func TestManagerReplaced(t *testing.T) {
	m := newManaged(t, "ed25519")
	m.operator.stop(syscall.SIGTERM)
	m.manager.stop(syscall.SIGTERM)
	old := m.managerDir
	m.managerDir = filepath.Join(t.TempDir(), "other")
	ktd(t, "init", m.managerDir, "--role", "manager", "--leaf-key", filepath.Join(m.operatorDir, "leaf.pub")).exits(exitOK)
	write(t, filepath.Join(m.operatorDir, "link-token"), read(t, filepath.Join(m.managerDir, "link-token")))
	m.startManager()
	m.restartOperator()
	m.ready(http.StatusServiceUnavailable, "manager-log-refused")
	m.operator.says("it has another configuration now")
	m.manager.stop(syscall.SIGTERM)
	m.operator.stop(syscall.SIGTERM)

	m.managerDir = old
	write(t, filepath.Join(m.operatorDir, "link-token"), read(t, filepath.Join(m.managerDir, "link-token")))
	fatalIfErr(t, os.Mkdir(filepath.Join(m.operatorDir, "evidence"), 0o700))
	evidence := filepath.Join(m.operatorDir, "evidence", "x.json")
	write(t, evidence, "{}")
	m.startManager()
	m.restartOperator()
	m.ready(http.StatusServiceUnavailable, "manager-misbehaved")
	m.operator.stop(syscall.SIGTERM)
	fatalIfErr(t, os.Remove(evidence))
	m.restartOperator()
	m.ready(http.StatusOK, "")

	// Nor does it start without what it has signed.
	m.operator.stop(syscall.SIGTERM)
	fatalIfErr(t, os.RemoveAll(filepath.Join(m.operatorDir, "db")))
	ktd(t, "serve", m.operatorDir).exits(exitFailed, "the store of what was signed is gone")
}
