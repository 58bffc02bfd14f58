package station

import (
	"fmt"
	"strings"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/alert/sink"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// sinks returns the receivers of alerts that a configuration names.
func (c *Config) sinks(opts Options) (out []alert.Sink, err error) {
	if c.Alerts.Stdout {
		out = append(out, sink.NewStdout(stdoutName, opts.Stdout))
	}
	for _, w := range c.Alerts.Webhooks {
		s, err := sink.NewWebhook(w.Name, sink.WebhookConfig{URL: w.URL, SecretFile: c.path(w.Secret)})
		if err != nil {
			return nil, fmt.Errorf("alerts: webhook %s: %w", w.Name, err)
		}
		out = append(out, s)
	}
	for _, m := range c.Alerts.Mail {
		cfg := sink.MailConfig{Server: m.Server, TLS: sink.TLS(m.TLS), User: m.User, From: m.From, To: m.To}
		if m.Password != "" {
			cfg.PasswordFile = c.path(m.Password)
		}
		s, err := sink.NewMail(m.Name, cfg)
		if err != nil {
			return nil, fmt.Errorf("alerts: mail %s: %w", m.Name, err)
		}
		out = append(out, s)
	}
	for _, e := range c.Alerts.Exec {
		s, err := sink.NewExec(e.Name, sink.ExecConfig{Argv: c.command(e.Command), Dir: c.Folder(), Timeout: e.Timeout})
		if err != nil {
			return nil, fmt.Errorf("alerts: program %s: %w", e.Name, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// command returns a command whose program, if it is given by a relative path, is that in
// the configuration's folder.
func (c *Config) command(argv []string) []string {
	if !strings.Contains(argv[0], "/") {
		return argv
	}
	return append([]string{c.path(argv[0])}, argv[1:]...)
}

// openLedger opens the ledger, and returns what was damaged of it.
func (s *Station) openLedger(sinks []alert.Sink) (damaged []finding.Finding, err error) {
	cfg := alert.Config{Dir: s.folder(), Sinks: sinks, Now: s.opts.Now, Logger: s.opts.Logger, Metrics: s.alertMetrics}
	cfg.MaxGap = max(defaultGap, 2*s.cfg.Interval)
	for _, e := range s.cfg.Alerts.Exec { // which has a bound of its own
		cfg.DeliveryTimeout = max(cfg.DeliveryTimeout, defaultTimeout, e.Timeout)
	}
	s.ledger, damaged, err = alert.Open(cfg)
	if err != nil {
		return nil, fmt.Errorf("opening the folder %s: %w", s.folder(), err)
	}
	return damaged, nil
}
