package scenario

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// The exit codes of kt that stories end with.
const (
	exitVerified     = 0
	exitFailed       = 1
	exitUsage        = 2
	exitMisbehaviour = 3
	exitAbsent       = 4
	exitUndecided    = 5
	exitAttention    = 6
)

// stage is a directory, which a real ktd runs, and the people who use it.
type stage struct {
	*testing.T
	dir, url string
	stop     func() // ends ktd
}

// newStage sets a stage, with flags for ktd init. Stories run at the same time.
func newStage(t *testing.T, flags ...string) *stage {
	t.Helper()
	t.Parallel()
	s := &stage{T: t, dir: filepath.Join(t.TempDir(), "directory")}
	s.ktd(append([]string{"init", s.dir}, flags...)...)
	s.url, s.stop = serve(t, s.dir, "--listen", "127.0.0.1:0")
	return s
}

// ktd runs a command of the operator's.
func (s *stage) ktd(args ...string) ran {
	s.Helper()
	r := execute(s.T, "", "ktd", args...)
	if r.code != exitVerified {
		s.Fatal(r)
	}
	return r
}

// address is where ktd listens.
func (s *stage) address() string { return strings.TrimPrefix(s.url, "http://") }

// token is the file of the token that lets its holder write.
func (s *stage) token() string { return filepath.Join(s.dir, "registration-token") }

// person is somebody with kt and state of their own, and mostly a label.
type person struct {
	*stage
	label, home string
	account     string // the file of the account key, if there is one
}

// enter has somebody trust the directory.
func (s *stage) enter(label string) *person {
	s.Helper()
	p := &person{stage: s, label: label, home: s.TempDir()}
	p.kt("trust", s.url).exits(s.T, exitVerified)
	return p
}

// operator is whoever runs the directory, in possession of all that it takes to write
// under somebody's label, but not of what is on that person's devices.
func (s *stage) operator(label string) *person { return s.enter(label) }

// kt runs kt in somebody's name.
func (p *person) kt(args ...string) ran {
	p.Helper()
	return p.ktWith("", args...)
}

// ktWith runs kt with a standard input.
func (p *person) ktWith(input string, args ...string) ran {
	p.Helper()
	return execute(p.T, input, "kt", append([]string{"--state", p.home, "--directory", p.url}, args...)...)
}

// exits requires an exit code, and texts in what was said.
func (r ran) exits(t *testing.T, code int, texts ...string) ran {
	t.Helper()
	if r.code != code {
		t.Fatalf("want exit code %d: %v", code, r)
	}
	for _, text := range texts {
		if !strings.Contains(r.stdout+r.stderr, text) {
			t.Fatalf("does not say %q: %v", text, r)
		}
	}
	return r
}

// refused requires that the directory, or kt for it, did not do what was asked.
func (r ran) refused(t *testing.T) {
	t.Helper()
	if r.code != exitFailed && r.code != exitUsage {
		t.Fatalf("not refused: %v", r)
	}
}

// writeFlags are what writing in the directory takes.
func (p *person) writeFlags() []string {
	flags := []string{"--token-file", p.token()}
	if p.account != "" {
		flags = append(flags, "--account-key", p.account)
	}
	return flags
}

// newAccount makes an account key for somebody, with which they publish from now on.
func (p *person) newAccount() {
	p.Helper()
	p.account = filepath.Join(p.home, "account.pem")
	p.kt("account", "new", p.account).exits(p.T, exitVerified)
}

// publish publishes the keys of devices as the newest version of somebody's label.
func (p *person) publish(devices ...device) ran {
	p.Helper()
	r := p.tryPublish(devices...)
	return r.exits(p.T, exitVerified)
}

func (p *person) tryPublish(devices ...device) ran {
	p.Helper()
	return p.kt(append([]string{"publish", p.label, p.keyFile(devices...)}, p.writeFlags()...)...)
}

// keyFile writes the keys of devices to a file.
func (p *person) keyFile(devices ...device) string {
	p.Helper()
	var lines strings.Builder
	for _, d := range devices {
		lines.WriteString(d.line())
	}
	file := filepath.Join(p.TempDir(), "keys.pub")
	fatalIfErr(p.T, os.WriteFile(file, []byte(lines.String()), 0o600))
	return file
}

// insert makes a version of a label of the keys of devices, by asking the directory in
// the way that its own program would: kt keeps to rules.
func (p *person) insert(greatest uint32, devices ...device) {
	p.Helper()
	var set keyset.Set
	for _, d := range devices {
		set.Keys = append(set.Keys, keyset.Key{Format: keyset.FormatSSH, Data: d.key().Marshal(), Name: string(d)})
	}
	value, err := set.Marshal()
	fatalIfErr(p.T, err)
	p.insertValue(&greatest, value)
}

// insertValue does so with any value. greatest is nil for the first version.
func (p *person) insertValue(greatest *uint32, value []byte) {
	p.Helper()
	request, err := (&keytrans.UpdateRequest{Label: []byte(p.label), GreatestVersion: greatest, Values: [][]byte{value}}).Marshal()
	fatalIfErr(p.T, err)
	q, err := http.NewRequestWithContext(p.Context(), http.MethodPost, p.url+"/v1/update", bytes.NewReader(request))
	fatalIfErr(p.T, err)
	token, err := os.ReadFile(p.token())
	fatalIfErr(p.T, err)
	q.Header.Set("Content-Type", "application/octet-stream")
	q.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	answer, err := http.DefaultClient.Do(q)
	fatalIfErr(p.T, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		p.Fatalf("inserting a version: %s", answer.Status)
	}
}

// device is something with a key: an SSH key, as it is the one whose tool everybody
// has.
type device string

func (d device) key() ssh.PublicKey {
	seed := sha256.Sum256([]byte(d))
	key, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(seed[:]).Public())
	if err != nil {
		panic(err)
	}
	return key
}

// line is the device's line of authorized_keys.
func (d device) line() string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(d.key()))) + " " + string(d) + "\n"
}

// rosterFile is what somebody's app sees in a conversation: docs/roster.md.
type rosterFile struct {
	Schema       string   `json:"schema"`
	Conversation string   `json:"conversation"`
	Me           string   `json:"me"`
	Members      []member `json:"members"`
	Agreed       []string `json:"agreed,omitempty"`
}

type member struct {
	Label       string          `json:"label"`
	FirstSeen   *time.Time      `json:"first_seen,omitempty"`
	VerifiedAt  *time.Time      `json:"verified_at,omitempty"`
	Devices     []sessionDevice `json:"devices"`
	Attestation string          `json:"attestation,omitempty"`
}

type sessionDevice struct {
	Format string `json:"format"`
	Key    []byte `json:"key"`
	Name   string `json:"name,omitempty"`
}

// conversation returns the roster of one that somebody's app has had since now.
func (p *person) conversation(members ...member) rosterFile {
	return rosterFile{Schema: "ghostlight/roster/v1", Conversation: "conversation 1", Me: p.label, Members: members}
}

// with returns a member who has been in the conversation for longer than the story
// lasts.
func with(label string, devices ...device) member {
	seen := time.Now().UTC().Add(-48 * time.Hour)
	m := member{Label: label, FirstSeen: &seen, Devices: []sessionDevice{}}
	for _, d := range devices {
		m.Devices = append(m.Devices, sessionDevice{"SSH", d.key().Marshal(), string(d)})
	}
	return m
}

// as returns the person as a member.
func (p *person) as(devices ...device) member { return with(p.label, devices...) }

// checked is what kt roster found.
type checked struct {
	ran
	Findings []struct {
		Code, Severity, Label string
		Proof                 json.RawMessage
	} `json:"findings"`
}

// check has somebody check a roster.
func (p *person) check(r rosterFile, flags ...string) checked {
	p.Helper()
	text, err := json.Marshal(r)
	fatalIfErr(p.T, err)
	out := checked{ran: p.ktWith(string(text), append([]string{"--json", "roster", "-"}, flags...)...)}
	if err := json.Unmarshal([]byte(out.stdout), &out); err != nil {
		p.Fatalf("%v: %v", err, out.ran)
	}
	return out
}

// finds requires an exit code, and exactly these findings, notes aside: "code label".
// Any other one is a false alarm.
func (c checked) finds(t *testing.T, code int, want ...string) {
	t.Helper()
	got := make(map[string]bool)
	for _, f := range c.Findings {
		if f.Severity != "note" {
			got[f.Code+" "+f.Label] = true
			if len(f.Proof) == 0 {
				t.Errorf("%s %s has no proof", f.Code, f.Label)
			}
		}
	}
	slices.Sort(want)
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) || c.code != code {
		t.Fatalf("found %q, exit code %d; want %q, %d\n%v", names, c.code, want, code, c.ran)
	}
}

// notes requires that a note was found.
func (c checked) notes(t *testing.T, code, label string) {
	t.Helper()
	for _, f := range c.Findings {
		if f.Code == code && f.Label == label && f.Severity == "note" {
			return
		}
	}
	t.Fatalf("no note %s of %s\n%v", code, label, c.ran)
}

// clean requires that nothing was found, notes aside.
func (c checked) clean(t *testing.T) {
	t.Helper()
	c.finds(t, exitVerified)
}

// shortWindow is the window of stories in which something is older than it.
const shortWindow = time.Second

// later waits for so long that what was published before lies outside of the window.
// There is no way to set a process's clock.
func later() { time.Sleep(3 * shortWindow) }

// window is the flag for it.
func window() string { return fmt.Sprintf("--window=%v", shortWindow) }

// since returns the member, first seen now.
func (m member) since() member {
	now := time.Now().UTC()
	m.FirstSeen = &now
	return m
}

// verified returns the member, whose keys were compared in person before the story
// began, and so long ago that no clock is that wrong.
func (m member) verified() member {
	then := time.Now().UTC().Add(-2 * roster.Skew)
	m.VerifiedAt = &then
	return m
}
