package station

import (
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/audit"
)

// Config is the content of a configuration file, in YAML. Sample has one with
// comments. Relative paths are relative to the file's folder.
type Config struct {
	// Data is the folder of the monitor's state, evidence and reports. One process
	// uses it at a time.
	Data string `yaml:"data"`
	// Listen is the address of the status page, such as 127.0.0.1:8490. Without it
	// there is none.
	Listen string `yaml:"listen"`
	// URL is where others reach what listens there, for the links in feeds. The
	// default is http:// and Listen.
	URL string `yaml:"url"`
	// Name is what the monitor is called on its pages. The default is the host of URL.
	Name string `yaml:"name"`
	// View says whether there is an audit view of each directory beside the status page,
	// at view/NAME/. The default is that there is.
	View *bool `yaml:"view"`
	// Interval is about how long the roles wait between two rounds. The default is
	// a minute.
	Interval time.Duration `yaml:"interval"`
	// Directories are those to monitor.
	Directories []Directory `yaml:"directories"`
	// Witness makes the monitor a witness, if it is not nil.
	Witness *Witness `yaml:"witness"`
	// Peers are the URLs of other monitors, with whom heads are compared.
	Peers []string `yaml:"peers"`
	// Health says how long a condition lasts before anybody is told of it.
	Health Health `yaml:"health"`
	// Alerts says who is told.
	Alerts Alerts `yaml:"alerts"`

	folder string // that relative paths are relative to
}

// Directory is a directory to monitor.
type Directory struct {
	// Name is what it is called here: lower-case letters, digits and hyphens.
	Name string `yaml:"name"`
	// URL is its base URL, and Log the prefix of its public log, by default the
	// same with /log.
	URL string `yaml:"url"`
	Log string `yaml:"log"`
	// Configuration is a file with its encoded Configuration, or that in base64: what
	// it signs is believed.
	Configuration string `yaml:"configuration"`
	// Policy is a file with the key of its log and its witnesses (C2SP
	// tlog-policy).
	Policy string `yaml:"policy"`
	// InsecureHTTP permits http to other machines, where everybody on the way sees
	// the labels that are watched.
	InsecureHTTP bool `yaml:"insecure_http"`
	// Audit verifies every change of the log, if it is not nil.
	Audit *Audit `yaml:"audit"`
	// Routes are other ways to the directory, on which it is compared.
	Routes []Route `yaml:"routes"`
	// Watch are the labels that are watched.
	Watch []Label `yaml:"watch"`
}

// Audit is how a directory is audited.
type Audit struct {
	// Mode is "mirror", which is the default, or "stateless".
	Mode audit.Mode `yaml:"mode"`
	// Key is the folder with the auditor's key, as 'ktmon keygen' makes it, if the
	// directory's Configuration names that one as its auditor. Heads are signed
	// then, in the mode stateless.
	Key string `yaml:"key"`
}

// Route is another way to a directory.
type Route struct {
	// URL and Log are those of the directory by default.
	URL string `yaml:"url"`
	Log string `yaml:"log"`
	// Proxy is the URL of an HTTP or SOCKS proxy, such as
	// socks5h://127.0.0.1:9050 of Tor.
	Proxy string `yaml:"proxy"`
}

// Label is a label that is watched.
type Label struct {
	Label string `yaml:"label"`
	// Role is "owner" or "contact".
	Role string `yaml:"role"`
	// Alias stands for the label where everybody can read it. The default is a
	// number.
	Alias string `yaml:"alias"`
}

// Witness is the monitor as a witness (C2SP tlog-witness).
type Witness struct {
	// Key is the witness's key file, as 'ktmon keygen --witness' makes it.
	Key string `yaml:"key"`
	// Logs are policy files that name the logs to witness. The default is those of
	// the directories.
	Logs []string `yaml:"logs"`
}

// Health says how long a condition has to last before it is an alert. The defaults
// are a day.
type Health struct {
	// Unreachable is for a directory, a route or a peer that does not answer.
	Unreachable time.Duration `yaml:"unreachable"`
	// Overdue is for this monitor, a quorum of witnesses, and an auditor, if they are
	// behind the log.
	Overdue time.Duration `yaml:"overdue"`
}

// Alerts says who is told of what is found.
type Alerts struct {
	// Stdout prints one line of JSON for each alert.
	Stdout   bool      `yaml:"stdout"`
	Webhooks []Webhook `yaml:"webhooks"`
	Mail     []Mail    `yaml:"mail"`
	Exec     []Exec    `yaml:"exec"`
}

// Webhook is a URL that alerts are posted to (Standard Webhooks).
type Webhook struct {
	// Name is what it is called in logs and metrics: lower-case letters, digits and
	// hyphens. Under another name it is another receiver, who gets later alerts only.
	Name string `yaml:"name"`
	URL  string `yaml:"url"`
	// Secret is a file with the secret that signs them, whsec_ and base64.
	Secret string `yaml:"secret"`
}

// Mail is a way to send alerts by e-mail.
type Mail struct {
	Name string `yaml:"name"` // see Webhook
	// Server is HOST:PORT.
	Server string `yaml:"server"`
	// TLS is "starttls" (the default), "implicit", or "none" for a server on this
	// machine.
	TLS  string   `yaml:"tls"`
	User string   `yaml:"user"`
	From string   `yaml:"from"`
	To   []string `yaml:"to"`
	// Password is a file.
	Password string `yaml:"password"`
}

// Exec is a program that is run for each alert.
type Exec struct {
	Name string `yaml:"name"` // see Webhook
	// Command is the program and its arguments; no shell is involved. Without a slash
	// in it, the program is looked for in PATH.
	Command []string      `yaml:"command"`
	Timeout time.Duration `yaml:"timeout"`
}

// The defaults.
const (
	defaultInterval = time.Minute
	defaultHealth   = 24 * time.Hour
	defaultTimeout  = time.Minute
	// defaultGap is the longest time between two rounds in which a condition is held
	// to have lasted, unless rounds are further apart.
	defaultGap = time.Hour
)

// setDefaults fills in what was left out.
func (c *Config) setDefaults() {
	setDefault(&c.Interval, defaultInterval)
	setDefault(&c.Health.Unreachable, defaultHealth)
	setDefault(&c.Health.Overdue, defaultHealth)
	if c.Listen != "" {
		setDefault(&c.URL, "http://"+c.Listen)
	}
	for i := range c.Directories {
		c.Directories[i].setDefaults()
	}
	c.Alerts.setDefaults()
}

func (a *Alerts) setDefaults() {
	for i := range a.Webhooks {
		setDefault(&a.Webhooks[i].Name, fmt.Sprintf("webhook-%d", i+1))
	}
	for i := range a.Mail {
		setDefault(&a.Mail[i].Name, fmt.Sprintf("mail-%d", i+1))
		setDefault(&a.Mail[i].TLS, "starttls")
	}
	for i := range a.Exec {
		setDefault(&a.Exec[i].Name, fmt.Sprintf("exec-%d", i+1))
		setDefault(&a.Exec[i].Timeout, defaultTimeout)
	}
}

func (d *Directory) setDefaults() {
	setDefault(&d.Log, d.URL+"/log")
	if d.Audit != nil {
		setDefault(&d.Audit.Mode, audit.Mirror)
	}
	for i := range d.Routes {
		r := &d.Routes[i]
		if r.URL != "" {
			setDefault(&r.Log, r.URL+"/log")
		}
		setDefault(&r.URL, d.URL)
		setDefault(&r.Log, d.Log)
	}
}

func setDefault[T comparable](v *T, value T) {
	if *v == *new(T) {
		*v = value
	}
}
