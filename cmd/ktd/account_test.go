package main

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// accountOwner publishes key sets with an account key at a running directory.
type accountOwner struct {
	t             *testing.T
	url, token    string
	configuration *keytrans.Configuration
	label         string
	greatest      *uint32
	previous      *[32]byte
	set           keyset.Set // of the last version
}

func newAccountOwner(t *testing.T, url, tokenFile string) *accountOwner {
	t.Helper()
	resp, err := http.Get(url + "/v1/configuration")
	fatalIfErr(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	fatalIfErr(t, err)
	c, err := keytrans.ParseConfiguration(data)
	fatalIfErr(t, err)
	return &accountOwner{t: t, url: url, token: strings.TrimSpace(read(t, tokenFile)), configuration: c, label: "alice@example.org"}
}

func (o *accountOwner) link() account.Link {
	l := account.Link{Label: o.label, Previous: o.previous}
	if o.greatest != nil {
		l.Version = *o.greatest + 1
	}
	return l
}

// post sends a request of the protocol.
func (o *accountOwner) post(operation string, body []byte) (status int, answer []byte) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.url+"/v1/"+operation, bytes.NewReader(body))
	fatalIfErr(o.t, err)
	req.Header.Set("Content-Type", "application/octet-stream")
	if operation == "update" {
		req.Header.Set("Authorization", "Bearer "+o.token)
	}
	resp, err := http.DefaultClient.Do(req)
	fatalIfErr(o.t, err)
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	fatalIfErr(o.t, err)
	return resp.StatusCode, answer
}

func (o *accountOwner) update(set keyset.Set, err error) (status int, answer []byte) {
	o.t.Helper()
	fatalIfErr(o.t, err)
	value, err := set.Marshal()
	fatalIfErr(o.t, err)
	body, err := (&keytrans.UpdateRequest{Label: []byte(o.label), GreatestVersion: o.greatest, Values: [][]byte{value}}).Marshal()
	fatalIfErr(o.t, err)
	return o.post("update", body)
}

// publishes requires that a version is created, and learns of its commitment.
func (o *accountOwner) publishes(set keyset.Set, err error) {
	o.t.Helper()
	status, answer := o.update(set, err)
	if status != http.StatusOK {
		o.t.Fatalf("status %d: %s", status, answer)
	}
	list, err := keytrans.ParseUpdateResponses(o.configuration, answer)
	fatalIfErr(o.t, err)
	value, err := set.Marshal()
	fatalIfErr(o.t, err)
	version, info := o.link().Version, list[0].Info[0]
	c, err := keytrans.Commit(o.configuration.Mode, info.Opening, []byte(o.label), version,
		keytrans.UpdateValue{Value: value, Signature: info.Signature})
	fatalIfErr(o.t, err)
	o.greatest, o.previous, o.set = &version, (*[32]byte)(&c), set
}

// refused requires the problem policy with a text.
func (o *accountOwner) refused(text string, set keyset.Set, err error) {
	o.t.Helper()
	status, answer := o.update(set, err)
	var p struct{ Type, Detail string }
	fatalIfErr(o.t, json.Unmarshal(answer, &p))
	if status != http.StatusForbidden || p.Type != "urn:ghostlight:problem:policy" || !strings.Contains(p.Detail, text) {
		o.t.Errorf("status %d: %s; want %q", status, answer, text)
	}
}

func newAccountKey(t *testing.T) crypto.Signer {
	t.Helper()
	s, err := account.NewSigner(account.Ed25519)
	fatalIfErr(t, err)
	return s
}

func deviceKeys(t *testing.T, name string) keyset.Set {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	fatalIfErr(t, err)
	return keyset.Set{Keys: []keyset.Key{{Format: keyset.FormatEd25519, Data: public, Name: name}}}
}

// resetStory lives the life of an account key until the old one is lost. restart
// starts the directory anew with another waiting time.
func resetStory(t *testing.T, o *accountOwner, restart func(wait string)) {
	t.Helper()
	phone, laptop, ghost := deviceKeys(t, "phone"), deviceKeys(t, "laptop"), deviceKeys(t, "ghost")
	a, b := newAccountKey(t), newAccountKey(t)
	signed := func(set keyset.Set, by, previous crypto.Signer) (keyset.Set, error) {
		return account.Sign(set, o.link(), by, previous)
	}
	o.publishes(signed(phone, a, nil))
	o.publishes(signed(laptop, a, nil))
	o.refused("did not sign this version", ghost, nil)
	s, err := signed(ghost, b, nil)
	o.refused("did not sign this version", s, err)
	restart("1h")
	o.refused("did not sign this version", ghost, nil)
	o.publishes(account.Announce(o.set, o.link(), b))
	s, err = signed(phone, b, nil)
	o.refused("after 1h0m0s: try again in", s, err)
	restart("1ms")
	time.Sleep(2 * time.Millisecond)
	s, err = signed(phone, newAccountKey(t), nil)
	o.refused("the announced reset", s, err)
	o.publishes(signed(phone, b, nil))
	s, err = signed(laptop, a, nil)
	o.refused("did not sign this version", s, err)
	o.publishes(signed(laptop, b, nil))
}

// setResetWait changes a configuration file.
func setResetWait(t *testing.T, dir, from, to string) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	before := read(t, path)
	after := strings.Replace(before, `"reset_wait": "`+from+`"`, `"reset_wait": "`+to+`"`, 1)
	if before == after {
		t.Fatalf("reset_wait is not %s:\n%s", from, before)
	}
	write(t, path, after)
}

// TestAccountKeys runs a directory as a process.
func TestAccountKeys(t *testing.T) {
	dir := newDir(t, "--reset-wait", "48h")
	s := startServer(t, dir)
	o := newAccountOwner(t, s.url, filepath.Join(dir, "registration-token"))
	wait := "48h"
	resetStory(t, o, func(to string) {
		s.stop(syscall.SIGTERM)
		setResetWait(t, dir, wait, to)
		wait = to
		s = startServer(t, dir)
		o.url = s.url
	})
	if text := s.stderr(); strings.Contains(text, o.label) {
		t.Errorf("the label is in the log:\n%s", text)
	}
}

// TestAccountKeysOff: everything is admitted.
func TestAccountKeysOff(t *testing.T) {
	dir := newDir(t, "--account-keys", "off")
	o := newAccountOwner(t, startServer(t, dir).url, filepath.Join(dir, "registration-token"))
	o.publishes(account.Sign(deviceKeys(t, "phone"), o.link(), newAccountKey(t), nil))
	o.publishes(deviceKeys(t, "ghost"), nil)
}

// TestManagedAccountKeys runs an operator and a manager as processes.
func TestManagedAccountKeys(t *testing.T) {
	m := newManaged(t, "p256")
	wait := "72h"
	resetStory(t, newAccountOwner(t, "http://"+m.operatorAddr, m.token), func(to string) {
		m.operator.stop(syscall.SIGTERM)
		setResetWait(t, m.operatorDir, wait, to)
		wait = to
		m.restartOperator()
		m.ready(http.StatusOK, "")
	})
}

// TestAccountKeysImport: an import is refused what everybody is.
func TestAccountKeysImport(t *testing.T) {
	dir := newDir(t)
	s := startServer(t, dir)
	o := newAccountOwner(t, s.url, filepath.Join(dir, "registration-token"))
	o.publishes(account.Sign(deviceKeys(t, "phone"), o.link(), newAccountKey(t), nil))
	s.stop(syscall.SIGTERM)
	file, _ := newKeyFile(t, o.label)
	out, r := imports(t, exitFailed, dir, file)
	if out.Refused != 1 || out.Created+out.Updated != 0 || !strings.Contains(r.stderr, "did not sign this version") {
		t.Errorf("%+v\n%s", out, r.stderr)
	}
}
