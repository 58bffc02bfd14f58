package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

func (a *app) watchCommand() *cobra.Command {
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Check all labels that you own or looked up",
		Long: `Do one round of monitoring: bring the view of the log up to date, look for versions
of your own labels that you did not publish, and go on with the checks that
lookups made necessary. With a witness policy, see whether the witnesses have seen
what the directory showed you. The exit code is that of the worst finding.

With --every, rounds follow each other until kt is interrupted. Then a label is
printed when its verdict changes, and in every round that finds something wrong.`,
		Example: "  kt watch --every 10m",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("every") && every < time.Second {
				return usageError("--every must be at least a second")
			}
			c, err := a.open()
			if err != nil {
				return err
			}
			if every > 0 {
				return a.watchForever(cmd.Context(), c, every)
			}
			r, err := c.Watch(cmd.Context())
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			if a.json {
				a.printJSON(r, true)
				return nil
			}
			a.printWatch(r, nil)
			a.printHead(r.Head)
			return nil
		},
	}
	cmd.Flags().DurationVar(&every, "every", 0, "repeat after this `time`, until interrupted")
	return cmd
}

// watchForever repeats rounds until the context ends. A round that fails is told
// of; the next one may not.
func (a *app) watchForever(ctx context.Context, c *client.Client, every time.Duration) error {
	printed := make(map[string]client.Verdict)
	for {
		r, err := c.Watch(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			a.printRoundError(err)
		case a.json:
			a.printJSON(r, false)
		default:
			a.printWatch(r, printed)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

func (a *app) printRoundError(err error) {
	if a.json {
		a.printJSON(map[string]any{"verdict": client.VerdictOf(err)}, false)
	}
	verbose := *a
	verbose.json = false
	fmt.Fprintf(a.stderr, "kt: %s\n", time.Now().UTC().Format(time.RFC3339))
	verbose.printError(err)
}

// printWatch prints the reports of a round. If printed is not nil, verdicts that
// are as they were printed before are left out unless something is wrong.
func (a *app) printWatch(r *client.WatchResult, printed map[string]client.Verdict) {
	if r.Log != nil {
		a.printLog(r, printed)
	}
	for i := range r.Credentials {
		a.printCredentialReport(r, &r.Credentials[i], printed)
	}
	if len(r.Reports) == 0 && printed == nil {
		fmt.Fprintln(a.stderr, "kt: nothing to watch yet: look up a label, or own one")
	}
	for i := range r.Reports {
		report := &r.Reports[i]
		key := report.Role + " " + report.Label
		if printed != nil && report.Kind() == 0 && printed[key].Outcome == report.Verdict.Outcome {
			continue
		}
		if printed != nil {
			printed[key] = report.Verdict
			a.printf("%s ", r.At.Format(time.RFC3339))
		}
		a.printReport(report)
	}
}

// printLog prints the report on the log itself, as printWatch does those on labels.
func (a *app) printLog(r *client.WatchResult, printed map[string]client.Verdict) {
	const key = "log"
	if printed != nil && r.Log.Kind() == 0 && printed[key].Outcome == r.Log.Verdict.Outcome {
		return
	}
	if printed != nil {
		printed[key] = r.Log.Verdict
		a.printf("%s ", r.At.Format(time.RFC3339))
	}
	a.printf("the log: ")
	a.printVerdict(r.Log.Verdict)
	a.printWitnessed(r.Log.Witness)
	a.printEvidence(r.Log.Evidence, r.Log.Err)
}

// printCredentialReport prints the report on a credential, as printWatch does those
// on labels.
func (a *app) printCredentialReport(w *client.WatchResult, r *client.CredentialReport, printed map[string]client.Verdict) {
	key := "credential " + r.SHA256
	if printed != nil && r.Kind() == 0 && printed[key].Outcome == r.Verdict.Outcome {
		return
	}
	if printed != nil {
		printed[key] = r.Verdict
		a.printf("%s ", w.At.Format(time.RFC3339))
	}
	a.printf("credential of %s, version %d: ", cli.Printable(r.Label), r.Version)
	a.printVerdict(r.Verdict)
	a.printEvidence(r.Evidence, r.Err)
}

func (a *app) printReport(r *client.Report) {
	a.printf("%s (%s): ", cli.Printable(r.Label), r.Role)
	a.printVerdict(r.Verdict)
	a.printUnexpected(r.Label, r.Unexpected)
	a.printEvidence(r.Evidence, r.Err)
}
