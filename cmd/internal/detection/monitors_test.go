package detection

import (
	"bufio"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// A part is what a monitor does for a directory: lines of its configuration. Peers,
// which are for all directories, come last.
type part struct {
	does      string
	directory func(p *person) string
}

// monitor is somebody who runs ktmon with some parts.
func monitor(name string, parts ...part) observer {
	var does []string
	for _, x := range parts {
		does = append(does, x.does)
	}
	return observer{
		name: name, does: "`ktmon run --once`, " + strings.Join(does, ", "), policy: true,
		prepare: func(p *person) { p.write(parts); p.begin() },
		look:    func(p *person) []ran { return []ran{p.runMonitor()} },
	}
}

// stranger is a monitor for everybody's sake.
func stranger() observer { return monitor("monitor", audits()) }

// ownersMonitor watches a label for its owner.
func ownersMonitor(label string) observer { return monitor("owner's monitor", watches(label, "owner")) }

// theAuditor is the directory's auditor.
func theAuditor() observer {
	o := monitor("auditor", signs())
	o.prepare = func(p *person) {
		p.write([]part{signs()})
		p.runMonitor() // nobody accepts the directory before the auditor has signed
		p.begin()
	}
	return o
}

// audits verifies every change of the public log.
func audits() part {
	return part{does: "which verifies every change of the log", directory: func(*person) string { return "    audit: {mode: mirror}\n" }}
}

// signs is the directory's auditor.
func signs() part {
	return part{does: "which verifies every change of the log, and signs", directory: func(p *person) string {
		return fmt.Sprintf("    audit: {mode: stateless, key: %q}\n", p.auditorDir())
	}}
}

// watches watches a label, for its owner or a contact.
func watches(label, role string) part {
	return part{does: fmt.Sprintf("which watches %s for its %s", label, role), directory: func(*person) string {
		return fmt.Sprintf("    watch: [{label: %s, role: %s, alias: label}]\n", label, role)
	}}
}

// onRoute compares with what somebody else's door shows.
func onRoute(other string) part {
	return part{does: "which has a second route to the directory, the " + other + "'s", directory: func(p *person) string {
		return fmt.Sprintf("    routes: [{url: %s}]\n", p.people[other].door.url)
	}}
}

// withPeer compares with a monitor of somebody else's.
func withPeer(other string) part {
	return part{does: "which compares with the " + other, directory: func(p *person) string {
		return fmt.Sprintf("peers: [%q]\n", "http://"+p.people[other].resident.address)
	}}
}

// running is a monitor that goes on, and is looked at from time to time.
func running(name, role string, parts ...part) observer {
	o := monitor(name, parts...)
	o.does = strings.Replace(o.does, " --once", "", 1)
	o.prepare = func(p *person) {
		p.resident = &resident{dir: p.dir, address: freeAddress(p.scene), role: role}
		p.resident.start(p.scene, p.directories(parts))
	}
	o.look = func(p *person) []ran { return []ran{p.resident.look(p.scene)} }
	return o
}

// write writes the monitor's configuration.
func (p *person) write(parts []part) {
	p.Helper()
	writeFile(p.T, p.station(), []byte("data: data\n"+p.directories(parts)+"alerts: {stdout: true}\n"))
	p.must(execute(p.T, "ktmon", "check", p.station()))
}

// begin runs the first round of a monitor, in which nothing is wrong.
func (p *person) begin() {
	p.Helper()
	p.readAlerts(p.must(p.runMonitor()), new(sighting))
}

// directories is the part of the configuration about the directory.
func (p *person) directories(parts []part) string {
	configuration := writeFile(p.T, filepath.Join(p.dir, "configuration"), must(p.d.honest.log.Config.Marshal()))
	text := fmt.Sprintf("directories:\n  - name: example\n    url: %s\n    configuration: %q\n    policy: %q\n", p.door.url, configuration, p.policy)
	for _, x := range parts {
		text += x.directory(p)
	}
	return text
}

func (p *person) station() string { return filepath.Join(p.dir, "ktmon.yaml") }

// runMonitor runs one round of a monitor.
func (p *person) runMonitor() ran { return execute(p.T, "ktmon", "run", p.station(), "--once") }

// told is what ktmon run says of a role's round on standard error.
var told = regexp.MustCompile(`(?m)^ktmon:   .* \((evidence|report): ([a-z-]+)\)$`)

// readAlerts reads what a round of a monitor told. Reports that only inform are left
// out.
func (p *person) readAlerts(r ran, out *sighting) {
	p.Helper()
	for lines := bufio.NewScanner(strings.NewReader(r.stdout)); lines.Scan(); {
		var a alert.Alert
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil || a.Schema != alert.Schema {
			p.Errorf("not an alert: %s (%v)", lines.Text(), err)
			continue
		}
		p.readAlert(&a, out)
	}
	p.verify(out)
	for _, m := range told.FindAllStringSubmatch(r.stderr, -1) {
		switch {
		case m[1] == string(finding.Evidence) && !slices.Contains(out.proofs, m[2]):
			p.Errorf("no alert has the evidence of kind %s: %v", m[2], r)
		case m[1] == string(finding.Report) && !slices.Contains(p.info, m[2]):
			out.reports = appendNew(out.reports, m[2])
		}
	}
	slices.Sort(out.reports)
}

func (p *person) readAlert(a *alert.Alert, out *sighting) {
	p.Helper()
	switch {
	case a.Severity == finding.Info:
		p.info = append(p.info, string(a.Rule))
		return
	case (a.Class == finding.Evidence) != (a.Evidence != ""):
		p.Errorf("an alert of class %s with the evidence %q", a.Class, a.Evidence)
	case a.Evidence != "":
		out.evidence = append(out.evidence, filepath.Join(p.dir, "data", a.Evidence))
	}
	out.alerted = true
}
