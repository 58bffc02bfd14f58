package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/station"
)

// runOptions are the flags of run.
type runOptions struct {
	once, json, verbose bool
}

func newRun() *cobra.Command {
	var opts runOptions
	cmd := &cobra.Command{
		Use:   "run CONFIG",
		Short: "Audit, witness and watch, and tell people what is found",
		Long: `Do everything that the configuration in the file CONFIG asks for, until SIGINT or
SIGTERM: audit directories, watch labels, compare heads on several routes and with
other monitors, be a witness, and send alerts. 'ktmon init' writes a configuration
with comments. After an interruption of any kind it goes on where it was.

With --once, every role does one round and the alerts that are due are sent; the exit
code is then that of the worst verdict: 0 verified, 3 misbehaviour proven, 5 could not
check, 6 keys or a configuration changed that nobody announced.`,
		Example: `  ktmon init ktmon.yaml
  ktmon run ktmon.yaml`,
		Args: exactArgs(1),
	}
	f := cmd.Flags()
	f.BoolVar(&opts.once, "once", false, "do one round of everything and end")
	f.BoolVar(&opts.json, "json", false, "with --once: print the status as one JSON object on standard output, after the alerts")
	f.BoolVarP(&opts.verbose, "verbose", "v", false, "print what is done, to standard error")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if opts.json && !opts.once {
			return cli.Usage(cmd, "--json is for --once; otherwise there is status.json on the status page")
		}
		cfg, err := readConfig(args[0])
		if err != nil {
			return err
		}
		return runStation(cmd.Context(), cfg, opts, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

func runStation(ctx context.Context, cfg *station.Config, opts runOptions, stdout, stderr io.Writer) (err error) {
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	}
	level := slog.LevelInfo
	if opts.verbose {
		level = slog.LevelDebug
	}
	s, err := station.Open(ctx, cfg, station.Options{
		Version: version(), Stdout: stdout,
		Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if !opts.once {
		return s.Run(ctx)
	}
	if err := s.Once(ctx); err != nil {
		return err
	}
	status := s.Status()
	if opts.json {
		if err := json.NewEncoder(stdout).Encode(status); err != nil {
			return err
		}
	}
	for _, r := range status.Roles {
		fmt.Fprintf(stderr, "ktmon: %s %s: %s\n", r.Directory, r.Role, r.Verdict)
		for _, reason := range r.Reasons {
			fmt.Fprintf(stderr, "ktmon:   %s (%s: %s)\n", cli.Printable(reason.Summary), reason.Class, reason.Rule)
		}
	}
	if status.Verdict != finding.Verified {
		return verdictError(status.Verdict)
	}
	return nil
}

// verdictError ends the program with the exit code of a verdict, of which everything
// has been said.
type verdictError finding.Verdict

func (v verdictError) Error() string { return string(v) }

// code returns the exit code.
func (v verdictError) code() int {
	switch finding.Verdict(v) {
	case finding.Misbehaviour:
		return exitMisbehaviour
	case finding.Changed:
		return exitAttention
	}
	return exitUndecided
}
