package station

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// write writes a file into the folder of a test.
func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// folder returns a folder with the files that configurations of tests name.
func folder(t testing.TB) string {
	t.Helper()
	d := clienttest.New()
	configuration, err := d.Configuration().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "configuration", base64.StdEncoding.EncodeToString(configuration))
	write(t, dir, "policy", string(d.Policy("any")))
	return dir
}

const everything = `
data: state
listen: 127.0.0.1:0
interval: 10s
directories:
  - name: one
    url: https://keys.example.org
    configuration: configuration
    policy: policy
    audit: {mode: mirror}
    routes:
      - {url: https://keys.example.net}
      - {proxy: "socks5h://127.0.0.1:9050"}
    watch:
      - {label: Alice@Example.org, role: owner, alias: alice}
      - {label: bob@example.org, role: contact}
  - name: two
    url: http://127.0.0.1:8080
    configuration: configuration
    audit: {mode: stateless, key: key}
witness: {key: witness.key}
peers: [https://monitor.example.org]
health: {unreachable: 1h, overdue: 90m}
alerts:
  stdout: true
  webhooks: [{url: https://example.org/hook, secret: secret}]
  mail: [{server: "127.0.0.1:25", tls: none, from: a@example.org, to: [b@example.org]}]
  exec: [{command: [/bin/true], timeout: 5s}]
`

func TestReadConfig(t *testing.T) {
	dir := folder(t)
	c, err := ReadConfig(write(t, dir, "ktmon.yaml", everything))
	if err != nil {
		t.Fatal(err)
	}
	one := c.Directories[0]
	switch {
	case c.Interval != 10*time.Second || c.Health.Overdue != 90*time.Minute || c.Alerts.Exec[0].Timeout != 5*time.Second:
		t.Errorf("times: %+v", c)
	case one.Log != "https://keys.example.org/log" || one.Routes[0].Log != "https://keys.example.net/log" || one.Routes[1].URL != one.URL:
		t.Errorf("URLs: %+v", one)
	case one.Watch[0].Label != "alice@example.org" || one.Watch[1].Alias != "label 2":
		t.Errorf("labels: %+v", one.Watch)
	case c.path("secret") != filepath.Join(dir, "secret"):
		t.Errorf("a relative path is %s", c.path("secret"))
	case c.Alerts.Webhooks[0].Name != "webhook-1" || c.Alerts.Mail[0].Name != "mail-1" || c.Alerts.Exec[0].Name != "exec-1":
		t.Errorf("names: %+v", c.Alerts)
	}
	for _, line := range c.Describe() {
		if strings.Contains(line, "alice") {
			t.Errorf("a label is public: %s", line)
		}
	}
}

// TestSample holds that the file that 'ktmon init' writes is right, also if all that
// is a comment in it is not one.
func TestSample(t *testing.T) {
	dir := folder(t)
	write(t, dir, "example.configuration", read(t, dir, "configuration"))
	if _, err := ReadConfig(write(t, dir, "sample.yaml", string(Sample))); err != nil {
		t.Error(err)
	}
	write(t, dir, "example.policy", read(t, dir, "policy"))
	write(t, dir, "other.policy", read(t, dir, "policy"))
	var lines []string
	for line := range strings.Lines(string(Sample)) {
		bare := strings.TrimLeft(line, " ")
		// Prose begins with a capital letter or has no key or item.
		if text, ok := strings.CutPrefix(bare, "# "); ok && isSetting(text) {
			line = line[:len(line)-len(bare)] + text
		}
		lines = append(lines, line)
	}
	whole := strings.Replace(strings.Join(lines, ""), "mode: mirror\n      key: audit-key", "mode: stateless\n      key: audit-key", 1)
	c, err := ReadConfig(write(t, dir, "whole.yaml", whole))
	if err != nil {
		t.Fatalf("%v\n%s", err, whole)
	}
	d := c.Directories[0]
	if len(d.Routes) != 2 || len(d.Watch) != 2 || d.Audit == nil || c.Witness == nil || len(c.Peers) != 1 ||
		len(c.Alerts.Webhooks) != 1 || len(c.Alerts.Mail) != 1 || len(c.Alerts.Exec) != 1 {
		t.Errorf("not all of it was read: %+v", c)
	}
}

// isSetting reports whether a comment is a setting.
func isSetting(text string) bool {
	text = strings.TrimLeft(text, " ")
	if strings.HasPrefix(text, "- ") {
		return true
	}
	key, _, ok := strings.Cut(text, ":")
	return ok && strings.ToLower(key) == key && !strings.ContainsAny(key, " ,'")
}

func read(t testing.TB, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestReadConfigRefused(t *testing.T) {
	const directory = "data: d\ndirectories: [{name: a, url: https://a.example, configuration: configuration"
	for _, c := range []struct{ name, config, want string }{
		{"empty", "", "data: name a folder"},
		{"no directories", "data: d", "nothing to do"},
		{"unknown key", "data: d\ndirectorys: []", "unknown field"},
		{"unknown key inside", directory + ", audits: {}}]", "unknown field"},
		{"key twice", "data: d\ndata: e", "already defined"},
		{"not YAML", "data: [", "sequence end"},
		{"list for a text", "data: [d]", "line 1: a text is expected here"},
		{"no name", "data: d\ndirectories: [{url: https://a.example}]", "name: give one"},
		{"name that is a path", "data: d\ndirectories: [{name: ../a, url: https://a.example}]", "name: give one"},
		{"name twice", directory + "}, {name: a, url: https://b.example, configuration: configuration}]", "two called a"},
		{"http elsewhere", "data: d\ndirectories: [{name: a, url: http://a.example}]", "use https"},
		{"no URL", "data: d\ndirectories: [{name: a}]", "url"},
		{"no such file", "data: d\ndirectories: [{name: a, url: https://a.example, configuration: missing}]", "missing"},
		{"no configuration", "data: d\ndirectories: [{name: a, url: https://a.example}]", "ktmon init"},
		{"policy that is none", directory + ", policy: configuration}]", "policy"},
		{"configuration that is none", "data: d\ndirectories: [{name: a, url: https://a.example, configuration: policy}]", "configuration"},
		{"mode", directory + ", audit: {mode: fast}}]", "neither mirror nor stateless"},
		{"mirror without policy", directory + ", audit: {}}]", "needs a policy"},
		{"mirror with key", directory + ", policy: policy, audit: {key: k}}]", "signed in the mode stateless"},
		{"role", directory + ", watch: [{label: a@example.org, role: spy}]}]", "neither owner nor contact"},
		{"label twice", directory + ", watch: [{label: a@example.org, role: owner}, {label: A@example.org, role: contact}]}]", "there twice"},
		{"label that is none", directory + ", watch: [{label: \"a\\nb\", role: owner}]}]", "label"},
		{"alias", directory + ", watch: [{label: a@example.org, role: owner, alias: \"a\\nb\"}]}]", "alias"},
		{"route to the same", directory + ", routes: [{}]}]", "same as without it"},
		{"proxy", directory + ", routes: [{proxy: ftp://a}]}]", "proxy"},
		{"interval", directory + "}]\ninterval: 1ms", "interval"},
		{"interval that is none", directory + "}]\ninterval: often", "invalid duration \"often\": a time is such as 90s"},
		{"interval without unit", directory + "}]\ninterval: 60", "line 3: a time such as 90s"},
		{"neither true nor false", directory + "}]\nalerts: {stdout: maybe}", "line 3: true or false is expected here"},
		{"text for a group", directory + "}]\nhealth: 24h", "line 3"},
		{"two errors", directory + ", audit: {mode: fast}, watch: [{label: a@example.org, role: spy}]}]", "nor stateless; watch[0]: role"},
		{"negative time", directory + "}]\nhealth: {overdue: -1h}", "negative"},
		{"listen", directory + "}]\nlisten: here", "listen"},
		{"peer", directory + "}]\npeers: [monitor]", "peers[0]"},
		{"witness without key", directory + "}]\nlisten: 127.0.0.1:0\nwitness: {}", "key: name the file"},
		{"witness without listen", directory + ", policy: policy}]\nwitness: {key: k}", "give listen"},
		{"witness without logs", directory + "}]\nlisten: 127.0.0.1:0\nwitness: {key: k}", "name policy files"},
		{"webhook", directory + "}]\nalerts: {webhooks: [{url: ftp://a}]}", "webhooks[0]"},
		{"webhook without secret", directory + "}]\nalerts: {webhooks: [{url: https://a}]}", "secret"},
		{"mail", directory + "}]\nalerts: {mail: [{server: a}]}", "mail[0]"},
		{"mail with other TLS", directory + "}]\nalerts: {mail: [{server: 'a:1', from: a, to: [b], tls: maybe}]}", "none of starttls"},
		{"name of a receiver", directory + "}]\nalerts: {exec: [{name: A, command: [a]}]}", "is not of lower-case"},
		{"receivers of one name", directory + "}]\nalerts: {exec: [{name: a, command: [a]}, {name: a, command: [b]}]}", "two called a"},
		{"program", directory + "}]\nalerts: {exec: [{}]}", "give a command"},
		{"a tag for a list", "directories: ! 00", "exclamation mark"},
		{"too large", strings.Repeat("#\n", maxConfigSize), "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t)
			_, err := ReadConfig(write(t, dir, "ktmon.yaml", c.config))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
		})
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(everything))
	f.Add(Sample)
	f.Add([]byte("directories: ! 00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := parseConfig(data, t.TempDir()); err == nil {
			c.Describe()
		}
	})
}
