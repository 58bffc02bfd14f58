package main

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// rosterFlags are the flags of kt roster and kt roster digest.
type rosterFlags struct {
	mls     mlsFlags
	window  time.Duration
	history int
	batch   bool
	group   string
}

func (f *rosterFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(&f.window, "window", roster.DefaultWindow, "how close to its use a key's coming is just in time, and how short-lived a key is transient")
	flags.IntVar(&f.history, "history", client.DefaultHistory, "look at the last `N` versions of each label, at most")
	flags.BoolVar(&f.batch, "batch", true, "ask for many labels at once, if the directory permits")
	flags.StringVar(&f.group, "group", "", "the conversation's members agreed on those of this group, a `label`: see kt group")
	f.mls.add(cmd)
}

func (f *rosterFlags) check() error {
	switch {
	case f.window <= 0:
		return usageError("--window: %v is no time", f.window)
	case f.history < 1:
		return usageError("--history: %d is less than one version", f.history)
	}
	return f.mls.check()
}

func (a *app) rosterCommand() *cobra.Command {
	var f rosterFlags
	cmd := &cobra.Command{
		Use:   "roster FILE",
		Short: "Tell who is in a conversation that should not be, with proof",
		Long: `Hold a conversation's roster, the members and device keys that an app sees in its
session, against what the directory proves of their labels: docs/roster.md has the
format and all findings. FILE may be - for standard input.

All labels are proven under one state of the log, older versions as far back as
matters. A label that cannot be checked does not keep others from being checked.

Exit codes: 0 nothing but notes, 3 the directory contradicted itself, 4 nothing worse
than members who are proven not to exist, 5 something could not be checked, 6 findings.`,
		Example: `  kt roster team.json
  app export-roster | kt roster - --json
  kt roster team.json --group '#team@example.org'
  kt roster --mls group-info.bin --me alice@example.org`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.checkRoster(cmd, args[0], &f)
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			if a.json {
				a.printReportJSON(r)
			} else {
				a.printRoster(r)
			}
			a.printLabelEvidence(r.Evidence)
			return nil
		},
	}
	f.add(cmd)
	cmd.AddCommand(a.rosterDigestCommand())
	return cmd
}

// checkRoster reads a roster and has it checked.
func (a *app) checkRoster(cmd *cobra.Command, path string, f *rosterFlags) (*client.RosterResult, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	r, err := a.readRoster(path, f)
	if err != nil {
		return nil, err
	}
	opt := client.RosterOptions{Window: f.window, History: f.history, OneByOne: !f.batch}
	if f.group != "" {
		if opt.Group, err = label(f.group); err != nil {
			return nil, err
		}
		a.warnOfLabel(opt.Group)
	}
	c, err := a.open()
	if err != nil {
		return nil, err
	}
	return c.CheckRoster(cmd.Context(), r, opt)
}

func (a *app) readRoster(path string, f *rosterFlags) (*roster.Roster, error) {
	if f.mls.on {
		return a.mlsRoster(path, f.mls)
	}
	data, err := a.readInput("the roster", path, roster.MaxSize)
	if err != nil {
		return nil, err
	}
	r, err := roster.Parse(data)
	if err != nil {
		return nil, usageError("%w", err)
	}
	return r, nil
}

// printReportJSON prints a result under the schema of the report in it.
func (a *app) printReportJSON(r *client.RosterResult) {
	data, err := json.Marshal(r)
	if err != nil {
		panic("kt: a result has no encoding: " + err.Error())
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		panic("kt: a result has a wrong encoding: " + err.Error())
	}
	a.printf("%s\n", printableJSON(b.Bytes()))
}
