package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// server is a process that serves.
type server struct {
	t   *testing.T
	cmd *exec.Cmd
	url string

	mu  sync.Mutex
	log bytes.Buffer
	eof chan struct{}
}

// startServer starts a process and waits until it tells its URL.
func startServer(t *testing.T, dir string, flags ...string) *server {
	t.Helper()
	s := &server{t: t, eof: make(chan struct{})}
	s.cmd = exec.Command(os.Args[0], append([]string{"serve", dir, "--listen", "127.0.0.1:0"}, flags...)...)
	s.cmd.Env = append(os.Environ(), asProgram+"=1")
	stderr, err := s.cmd.StderrPipe()
	fatalIfErr(t, err)
	fatalIfErr(t, s.cmd.Start())
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	url := make(chan string, 1)
	go func() {
		defer close(s.eof)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.mu.Lock()
			fmt.Fprintln(&s.log, lines.Text())
			s.mu.Unlock()
			if u, ok := strings.CutPrefix(lines.Text(), "ktd: serving on "); ok {
				url <- u
			}
		}
	}()
	select {
	case s.url = <-url:
	case <-s.eof:
		t.Fatalf("the server ended: %s", s.stderr())
	case <-time.After(30 * time.Second):
		t.Fatalf("the server does not tell its URL: %s", s.stderr())
	}
	return s
}

func (s *server) stderr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// stop sends a signal and requires a clean exit.
func (s *server) stop(sig syscall.Signal) {
	s.t.Helper()
	fatalIfErr(s.t, s.cmd.Process.Signal(sig))
	timer := time.AfterFunc(30*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	<-s.eof
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("after the signal: %v\n%s", err, s.stderr())
	}
	if !strings.Contains(s.stderr(), "ktd: stopped") {
		s.t.Errorf("no word of the end:\n%s", s.stderr())
	}
}

func (s *server) configuration(client *http.Client) []byte {
	s.t.Helper()
	resp, err := client.Get(s.url + "/v1/configuration")
	fatalIfErr(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fatalIfErr(s.t, err)
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s", resp.Status, body)
	}
	if _, err := keytrans.ParseConfiguration(body); err != nil {
		s.t.Fatal(err)
	}
	return body
}

// update sends the first value of a label and returns the status.
func (s *server) update(label, token string) int {
	s.t.Helper()
	q, err := (&keytrans.UpdateRequest{Label: []byte(label), Values: [][]byte{[]byte("value")}}).Marshal()
	fatalIfErr(s.t, err)
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/v1/update", bytes.NewReader(q))
	fatalIfErr(s.t, err)
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	fatalIfErr(s.t, err)
	return errOr(resp.Body.Close(), resp.StatusCode)
}

func errOr(err error, status int) int {
	if err != nil {
		return -1
	}
	return status
}

func TestServe(t *testing.T) {
	dir := newDir(t)
	s := startServer(t, dir)
	first := s.configuration(http.DefaultClient)
	if strings.Contains(s.stderr(), "warning") {
		t.Errorf("a warning about loopback:\n%s", s.stderr())
	}

	// One process at a time has the directory.
	ktd(t, "serve", dir, "--listen", "127.0.0.1:0").exits(exitFailed, "another process has this directory open")
	ktd(t, "import", dir, os.Args[0]).exits(exitFailed, "another process has this directory open")

	// A new token is good within a second, without a restart.
	registration := strings.TrimSpace(read(t, filepath.Join(dir, "registration-token")))
	if status := s.update("alice@example.org", registration); status != http.StatusOK {
		t.Errorf("update with the registration token: status %d", status)
	}
	token := strings.TrimSpace(ktd(t, "token", dir, "bob").exits(exitOK).stdout)
	deadline := time.Now().Add(10 * time.Second)
	for s.update("bob@example.org", token) != http.StatusOK {
		if time.Now().After(deadline) {
			t.Fatal("the new token is not admitted")
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.stop(syscall.SIGTERM)
	if strings.Contains(s.stderr(), "example.org") || strings.Contains(s.stderr(), token) {
		t.Errorf("labels or tokens are in the log:\n%s", s.stderr())
	}

	s = startServer(t, dir, "--log-format", "json", "--log-level", "debug")
	if !bytes.Equal(first, s.configuration(http.DefaultClient)) {
		t.Error("another configuration after a restart")
	}
	s.stop(syscall.SIGINT)
}

func TestServeTLS(t *testing.T) {
	dir, files := newDir(t), t.TempDir()
	cert, key := filepath.Join(files, "cert.pem"), filepath.Join(files, "key.pem")
	pool := selfSigned(t, cert, key)
	s := startServer(t, dir, "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(s.url, "https://") {
		t.Errorf("URL %s", s.url)
	}
	s.configuration(&http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true,
	}})
	s.stop(syscall.SIGTERM)
	ktd(t, "serve", dir, "--tls-cert", cert).exits(exitUsage, "tls-key")
	ktd(t, "serve", dir, "--tls-cert", key, "--tls-key", key).exits(exitFailed, "TLS certificate")
}

// selfSigned writes a certificate for 127.0.0.1.
func selfSigned(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatalIfErr(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	fatalIfErr(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	fatalIfErr(t, err)
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(read(t, certFile))) {
		t.Fatal("the certificate does not parse")
	}
	return pool
}

func TestServeAddress(t *testing.T) {
	dir := newDir(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	defer taken.Close()
	ktd(t, "serve", dir, "--listen", taken.Addr().String()).exits(exitFailed, "address already in use")
	ktd(t, "serve", dir, "--listen", "nonsense").exits(exitFailed, "nonsense")

	// All addresses, in plain text: there is a warning. It ends at once.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	if code := run(ctx, []string{"serve", dir, "--listen", ":0"}, nil, io.Discard, &stderr); code != exitOK {
		t.Errorf("exit code %d\n%s", code, stderr.String())
	}
	if !strings.Contains(stderr.String(), "warning: tokens and labels travel unencrypted") {
		t.Errorf("no warning:\n%s", stderr.String())
	}
}

// says waits until the server has said something on standard error.
func (s *server) says(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(s.stderr(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("no word of %q:\n%s", text, s.stderr())
		}
	}
}
