package station

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor/audit"
	"github.com/ghostlight-kt/ghostlight/monitor/witness"
)

// The limits of a configuration file.
const (
	maxConfigSize  = 1 << 20 // bytes
	maxDirectories = 100
	maxLabels      = 10_000 // of one directory
	maxPeers       = 100
	maxName        = 100 // bytes, of the monitor's name
	maxRoutes      = 10
	maxInterval    = 30 * 24 * time.Hour
	maxTimeout     = time.Hour // of a program
)

// ReadConfig reads a configuration file and checks all of it, without the network.
// The error says what is wrong, and where.
func ReadConfig(path string) (*Config, error) {
	data, err := durable.ReadFile(path, maxConfigSize)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(data, filepath.Dir(abs))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// parseConfig parses the content of a configuration file.
func parseConfig(data []byte, folder string) (*Config, error) {
	c := &Config{folder: folder}
	if err := decodeYAML(data, c); err != nil {
		return nil, err
	}
	c.setDefaults()
	return c, c.check()
}

// path returns the path of a file that is named in the configuration.
func (c *Config) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.folder, name)
}

// check checks everything that needs no network.
func (c *Config) check() error {
	switch {
	case c.Data == "":
		return errors.New("data: name a folder for the monitor's state")
	case len(c.Directories) == 0 && c.Witness == nil:
		return errors.New("directories: there is none, and no witness: nothing to do")
	case len(c.Directories) > maxDirectories:
		return fmt.Errorf("directories: at most %d", maxDirectories)
	case len(c.Peers) > maxPeers:
		return fmt.Errorf("peers: at most %d", maxPeers)
	case len(c.Name) > maxName || strings.ContainsFunc(c.Name, unicode.IsControl):
		return fmt.Errorf("name: it must be a line of at most %d bytes", maxName)
	case c.Interval < time.Second || c.Interval > maxInterval:
		return fmt.Errorf("interval: %v is not between 1s and %v", c.Interval, maxInterval)
	case c.Health.Unreachable < 0 || c.Health.Overdue < 0:
		return errors.New("health: a time is negative")
	}
	if c.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	names := make(map[string]bool)
	for i := range c.Directories {
		d := &c.Directories[i]
		if err := c.checkDirectory(d); err != nil {
			return fmt.Errorf("directories[%d] %s: %w", i, d.Name, err)
		}
		if names[d.Name] {
			return fmt.Errorf("directories[%d]: there are two called %s", i, d.Name)
		}
		names[d.Name] = true
	}
	for i, p := range c.Peers {
		if err := checkURL(p, "http", "https"); err != nil {
			return fmt.Errorf("peers[%d]: %w", i, err)
		}
	}
	if err := c.checkWitness(); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	return c.Alerts.check()
}

var directoryName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func (c *Config) checkDirectory(d *Directory) error {
	if !directoryName.MatchString(d.Name) {
		return errors.New("name: give one of lower-case letters, digits and hyphens")
	}
	if _, err := client.ParseURL(d.URL, d.InsecureHTTP); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	if err := checkURL(d.Log, "http", "https"); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	if _, err := c.configuration(d); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if _, err := c.policy(d.Policy); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	if len(d.Routes) > maxRoutes {
		return fmt.Errorf("routes: at most %d", maxRoutes)
	}
	for i, r := range d.Routes {
		if err := r.check(d); err != nil {
			return fmt.Errorf("routes[%d]: %w", i, err)
		}
	}
	return joined(d.checkAudit(), d.checkWatch())
}

func (d *Directory) checkAudit() error {
	switch a := d.Audit; {
	case a == nil:
		return nil
	case a.Mode != audit.Mirror && a.Mode != audit.Stateless:
		return fmt.Errorf("audit: mode: %q is neither %s nor %s", a.Mode, audit.Mirror, audit.Stateless)
	case a.Mode == audit.Mirror && d.Policy == "":
		return fmt.Errorf("audit: the mode %s needs a policy, which names the log's key", audit.Mirror)
	case a.Mode == audit.Mirror && a.Key != "":
		return fmt.Errorf("audit: key: heads are signed in the mode %s", audit.Stateless)
	}
	return nil
}

func (d *Directory) checkWatch() error {
	if len(d.Watch) > maxLabels {
		return fmt.Errorf("watch: at most %d labels", maxLabels)
	}
	seen := make(map[string]bool)
	for i := range d.Watch {
		l := &d.Watch[i]
		normal, err := label.Normalize(l.Label)
		switch {
		case err != nil:
			return fmt.Errorf("watch[%d]: label: %w", i, err)
		case l.Role != client.RoleOwner && l.Role != client.RoleContact:
			return fmt.Errorf("watch[%d]: role: %q is neither %s nor %s", i, l.Role, client.RoleOwner, client.RoleContact)
		case seen[normal]:
			return fmt.Errorf("watch[%d]: the label is there twice", i)
		case strings.ContainsFunc(l.Alias, func(r rune) bool { return r < ' ' }) || len(l.Alias) > 100:
			return fmt.Errorf("watch[%d]: alias: it must be a line of at most 100 bytes", i)
		}
		l.Label, seen[normal] = normal, true
		setDefault(&l.Alias, fmt.Sprintf("label %d", i+1))
	}
	return nil
}

func (r *Route) check(d *Directory) error {
	if _, err := client.ParseURL(r.URL, d.InsecureHTTP); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	if err := checkURL(r.Log, "http", "https"); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	if r.Proxy == "" {
		if r.URL == d.URL && r.Log == d.Log {
			return errors.New("it is the same as without it: give another url or a proxy")
		}
		return nil
	}
	if err := checkURL(r.Proxy, "http", "https", "socks5", "socks5h"); err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	return nil
}

func (c *Config) checkWitness() error {
	w := c.Witness
	if w == nil {
		return nil
	}
	if w.Key == "" {
		return errors.New("key: name the file that 'ktmon keygen --witness' made")
	}
	if c.Listen == "" {
		return errors.New("a witness is asked over HTTP: give listen, too")
	}
	logs, err := c.witnessed()
	if err == nil && len(logs) == 0 {
		err = errors.New("logs: name policy files, here or for the directories")
	}
	return err
}

// witnessed returns the policies that name the logs to witness, each once.
func (c *Config) witnessed() (logs []witness.Logs, err error) {
	add := func(directory, file string) error {
		policy, err := c.policy(file)
		if err != nil || policy == nil {
			return err
		}
		logs = append(logs, witness.Logs{Directory: directory, Policy: policy})
		return nil
	}
	for _, f := range c.Witness.Logs {
		if err := add("", f); err != nil {
			return nil, fmt.Errorf("logs: %w", err)
		}
	}
	if len(c.Witness.Logs) > 0 {
		return logs, nil
	}
	for i := range c.Directories {
		if err := add(c.Directories[i].Name, c.Directories[i].Policy); err != nil {
			return nil, err
		}
	}
	return logs, nil
}

func (a *Alerts) check() error {
	if err := a.checkNames(); err != nil {
		return err
	}
	for i, w := range a.Webhooks {
		if err := checkURL(w.URL, "http", "https"); err != nil {
			return fmt.Errorf("alerts: webhooks[%d]: %w", i, err)
		}
		if w.Secret == "" {
			return fmt.Errorf("alerts: webhooks[%d]: secret: name a file", i)
		}
	}
	for i, m := range a.Mail {
		if _, _, err := net.SplitHostPort(m.Server); err != nil || m.From == "" || len(m.To) == 0 {
			return fmt.Errorf("alerts: mail[%d]: give server as HOST:PORT, from, and to", i)
		}
		if !slices.Contains([]string{"starttls", "implicit", "none"}, m.TLS) {
			return fmt.Errorf("alerts: mail[%d]: tls: %q is none of starttls, implicit and none", i, m.TLS)
		}
	}
	for i, e := range a.Exec {
		if len(e.Command) == 0 || e.Timeout < 0 || e.Timeout > maxTimeout {
			return fmt.Errorf("alerts: exec[%d]: give a command, and a timeout of at most %v", i, maxTimeout)
		}
	}
	return nil
}

// checkNames checks that all receivers have names, and different ones.
func (a *Alerts) checkNames() error {
	var names []string
	for _, w := range a.Webhooks {
		names = append(names, w.Name)
	}
	for _, m := range a.Mail {
		names = append(names, m.Name)
	}
	for _, e := range a.Exec {
		names = append(names, e.Name)
	}
	for i, n := range names {
		switch {
		case !directoryName.MatchString(n) || len(n) > 60:
			return fmt.Errorf("alerts: name: %q is not of lower-case letters, digits and hyphens", n)
		case slices.Contains(names[:i], n) || n == stdoutName:
			return fmt.Errorf("alerts: name: there are two called %s", n)
		}
	}
	return nil
}

// stdoutName is the name of standard output as a receiver of alerts.
const stdoutName = "stdout"

// configuration returns the pinned Configuration of a directory, encoded.
func (c *Config) configuration(d *Directory) ([]byte, error) {
	const largest = 64 << 10
	if d.Configuration == "" {
		return nil, errors.New("name a file with it; 'ktmon init --directory URL' gets one")
	}
	data, err := durable.ReadFile(c.path(d.Configuration), largest)
	if err != nil {
		return nil, err
	}
	if decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(data))); err == nil {
		data = decoded
	}
	if _, err := keytrans.ParseConfiguration(data); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Configuration, err)
	}
	return data, nil
}

// policy reads a policy file; the result is nil if none is named.
func (c *Config) policy(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	data, err := durable.ReadFile(c.path(name), checkpoint.MaxPolicySize)
	if err != nil {
		return nil, err
	}
	if _, err := checkpoint.ParsePolicy(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

func checkURL(text string, schemes ...string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		return fmt.Errorf("%q is not a URL that begins with %s://", text, strings.Join(schemes, ":// or "))
	}
	return nil
}
