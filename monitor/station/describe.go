package station

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// Sample is a configuration file with comments on everything.
//
//go:embed sample.yaml
var Sample []byte

// What Sample calls the file with the Configuration of its directory, and the URL of that.
const (
	sampleConfiguration = "example.configuration"
	sampleURL           = "https://keys.example.org"
)

// SampleFor returns Sample for the directory at a URL, whose Configuration is in a file
// of a name.
func SampleFor(base, configuration string) []byte {
	out := bytes.ReplaceAll(Sample, []byte(sampleURL), []byte(base))
	return bytes.ReplaceAll(out, []byte(sampleConfiguration), []byte(configuration))
}

// Describe says what a monitor with this configuration does, in lines for people.
// Labels are not in it.
func (c *Config) Describe() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for i := range c.Directories {
		d := &c.Directories[i]
		say("directory %s at %s:", d.Name, d.URL)
		if d.Audit != nil && d.Audit.Key != "" {
			say("  audit (%s), signing heads with the key in %s", d.Audit.Mode, d.Audit.Key)
		} else if d.Audit != nil {
			say("  audit (%s)", d.Audit.Mode)
		}
		if n := len(d.Watch); n > 0 {
			say("  watch %s", count(n, "label"))
		}
		say("  compare its heads with those before, on %s and of %s", count(len(d.Routes), "other route"), count(len(c.Peers), "peer"))
	}
	if c.Witness != nil {
		say("witness with the key in %s", c.Witness.Key)
	}
	if c.Listen != "" {
		say("status page at %s", c.URL)
	}
	if c.hasViews() && len(c.Directories) > 0 {
		say("audit view of each directory at %s/view/NAME/", strings.TrimRight(c.URL, "/"))
	}
	a := c.Alerts
	told := []string{}
	if a.Stdout {
		told = append(told, "standard output")
	}
	for _, w := range a.Webhooks {
		told = append(told, "webhook "+w.Name)
	}
	for _, m := range a.Mail {
		told = append(told, "mail by "+m.Name)
	}
	for _, e := range a.Exec {
		told = append(told, "program "+e.Name)
	}
	if len(told) == 0 {
		told = append(told, "nobody, but the folder "+c.Data)
	}
	say("alerts go to: %s", strings.Join(told, ", "))
	return out
}

// count returns a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Watchers returns the names of the directories in which a label is watched. The
// label is normalised.
func (c *Config) Watchers(label string) (names []string) {
	for i := range c.Directories {
		d := &c.Directories[i]
		if slices.ContainsFunc(d.Watch, func(l Label) bool { return l.Label == label }) {
			names = append(names, d.Name)
		}
	}
	return names
}
