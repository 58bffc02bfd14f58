//go:build unix

package sink

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// The test binary is also the monitor that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TEST_MONITOR"); dir != "" {
		if err := runMonitor(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const killedAlerts = 30

// runMonitor records rounds, each with one thing more, while alerts are delivered.
func runMonitor(dir string) error {
	web, err := NewWebhook("web", WebhookConfig{URL: os.Getenv("TEST_URL"), SecretFile: filepath.Join(dir, "secret")})
	if err != nil {
		return err
	}
	post, err := NewMail("mail", MailConfig{Server: os.Getenv("TEST_SMTP"), TLS: NoTLS, From: "m@example.org", To: []string{"o@example.org"}})
	if err != nil {
		return err
	}
	l, found, err := alert.Open(alert.Config{Dir: filepath.Join(dir, "data"), Sinks: []alert.Sink{web, post}, FirstDelay: time.Millisecond})
	if err != nil || len(found) > 0 {
		return fmt.Errorf("opening: %w, %+v", err, found)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	var all []finding.Finding
	for i := range killedAlerts {
		f := finding.Finding{
			Rule: finding.ChangedValue, Class: finding.Report, Severity: finding.Critical, Directory: "example",
			Subject: fmt.Sprint(i), Summary: fmt.Sprintf("the value %d", i),
		}
		if i%3 == 0 {
			f.Rule, f.Class, f.File = "fork", finding.Evidence, filepath.Join(dir, "secret")
		}
		all = append(all, f)
		if err := l.Record(ctx, "example/watch", finding.Round{Findings: all}); err != nil {
			return err
		}
	}
	for w := l.Waiting(); w["web"]+w["mail"] > 0; w = l.Waiting() {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		return err
	}
	return l.Close()
}

// prey is a monitor that is killed at any moment, and above all when a receiver has an
// alert and has not said so.
type prey struct {
	mu    sync.Mutex
	cmd   *exec.Cmd
	kills int
	got   map[string]map[string]string // by receiver and alert: what came
	again int                          // what came twice
	err   error
}

// receives notes an alert, and kills the monitor now and then.
func (p *prey) receives(by, id, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, again := p.got[by][id]
	if again {
		p.again++
	}
	if again && old != text {
		p.err = fmt.Errorf("%s came as %q and as %q", id, old, text)
	}
	p.got[by][id] = text
	if rand.N(6) == 0 {
		p.kill()
	}
}

func (p *prey) kill() {
	if p.cmd != nil && p.cmd.Process.Kill() == nil {
		p.kills++
	}
}

// TestKilled kills real processes with signal 9 until one comes to the end. Each
// receiver then has each alert, and what it had twice it could tell by the ID.
func TestKilled(t *testing.T) {
	p := &prey{got: map[string]map[string]string{"web": {}, "mail": {}}}
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			p.receives("web", r.Header.Get("webhook-id"), string(body))
		}
	}))
	t.Cleanup(web.Close)
	addr := p.mailServer(t)
	dir := t.TempDir()
	fatalIfErr(t, os.WriteFile(filepath.Join(dir, "secret"), []byte(webhookSecret), 0o600))
	env := append(os.Environ(), "TEST_MONITOR="+dir, "TEST_URL="+web.URL, "TEST_SMTP="+addr)
	for p.run(t, env) {
	}
	p.check(t, filepath.Join(dir, "data"))
}

// run runs the monitor once, and reports whether it was killed.
func (p *prey) run(t *testing.T, env []string) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = env
	var output strings.Builder
	cmd.Stderr = &output
	fatalIfErr(t, cmd.Start())
	p.mu.Lock()
	p.cmd = cmd
	p.mu.Unlock()
	timer := time.AfterFunc(rand.N(400*time.Millisecond), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.kills < 60 && p.cmd == cmd {
			p.kill()
		}
	})
	err := cmd.Wait()
	timer.Stop()
	p.mu.Lock()
	p.cmd = nil
	p.mu.Unlock()
	if err != nil && !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the monitor failed: %v\n%s", err, output.String())
	}
	return err != nil
}

func (p *prey) check(t *testing.T, data string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	fatalIfErr(t, p.err)
	files, err := filepath.Glob(filepath.Join(data, "alerts", "*.json"))
	fatalIfErr(t, err)
	for by, got := range p.got {
		if len(got) != killedAlerts || len(files) != killedAlerts {
			t.Errorf("%s has %d alerts, there are %d files, want %d", by, len(got), len(files), killedAlerts)
		}
		for _, file := range files {
			if id := strings.TrimSuffix(filepath.Base(file), ".json"); got[id] == "" {
				t.Errorf("%s has not got %s", by, id)
			}
		}
	}
	if p.kills < 5 || p.again == 0 || p.again > p.kills*len(p.got) {
		t.Errorf("%d kills, %d alerts came again", p.kills, p.again)
	}
	t.Logf("%d kills, %d alerts came again", p.kills, p.again)
}

// mailServer runs a mail server that tells the prey of what it receives.
func (p *prey) mailServer(t *testing.T) string {
	office := &post{hook: func(l letter) error {
		msg, err := mail.ReadMessage(strings.NewReader(l.data))
		if err != nil {
			return err
		}
		id := strings.TrimPrefix(msg.Header.Get("Message-Id"), "<ghostlight-")
		p.receives("mail", strings.TrimSuffix(id, "@example.org>"), l.data)
		return nil
	}}
	return office.serve(t, nil, false)
}
