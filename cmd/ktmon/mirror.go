package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// mirrorOptions are the flags of mirror.
type mirrorOptions struct {
	policy                          string
	configuration                   string
	once, verifyOnly, json, verbose bool
	interval                        time.Duration
}

func newMirror() *cobra.Command {
	var opts mirrorOptions
	cmd := &cobra.Command{
		Use:   "mirror URL DIR",
		Short: "Follow a log, verify all of it, and keep a copy",
		Long: `Follow the public log at URL, verify every tile, every log entry and the prefix
tree of each by replaying its changes, and keep a copy in DIR, which any web server
can serve as a log. It goes on until SIGINT or SIGTERM, or the log's misbehaviour is
proven. After an interruption of any kind it goes on where it was.

The first time, --policy names the log's key, and the witnesses that must have seen
what is mirrored (C2SP tlog-policy); it is kept in DIR and from then on decides.

With --configuration FILE, the directory's Configuration as at /v1/configuration, it is
misbehaviour, too, that a leaf of the prefix tree is removed or replaced. Mirroring
goes on after that.

With --verify-only DIR nothing is read from the network: everything in DIR is
verified again, with the policy in DIR unless --policy gives another.`,
		Example: `  ktmon mirror https://keys.example.org/log mirror --policy policy.txt
  ktmon mirror https://keys.example.org/log mirror --once --json
  ktmon mirror --verify-only mirror`,
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error { return opts.check(cmd, args) }
	f := cmd.Flags()
	f.StringVar(&opts.policy, "policy", "", "`file` that names the log and its witnesses; needed the first time")
	f.StringVar(&opts.configuration, "configuration", "", "`file` with the directory's Configuration")
	f.BoolVar(&opts.once, "once", false, "mirror up to the present checkpoint and end")
	f.BoolVar(&opts.verifyOnly, "verify-only", false, "verify what is in DIR and end")
	f.DurationVar(&opts.interval, "interval", 10*time.Second, "about how long to wait before looking for a new checkpoint")
	f.BoolVar(&opts.json, "json", false, "print one JSON object on standard output")
	f.BoolVarP(&opts.verbose, "verbose", "v", false, "print what is done, to standard error")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return runMirror(cmd.Context(), args, opts, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// check checks the command line.
func (o *mirrorOptions) check(cmd *cobra.Command, args []string) error {
	least := 2
	if o.verifyOnly {
		least = 1 // the URL may be there and is not used
	}
	switch {
	case len(args) < least:
		return cli.Usage(cmd, "%s: an argument is missing", cmd.CommandPath())
	case len(args) > 2:
		return cli.Usage(cmd, "%s: %q is one argument too many", cmd.CommandPath(), args[2])
	case o.once && o.verifyOnly:
		return cli.Usage(cmd, "--once and --verify-only exclude each other")
	case o.interval <= 0:
		return cli.Usage(cmd, "--interval must be positive")
	}
	return nil
}

// gcPercent keeps the heap small. Most of it is the prefix tree, which has
// nothing for the garbage collector to follow, so that collecting often costs
// little.
const gcPercent = 25

func runMirror(ctx context.Context, args []string, opts mirrorOptions, stdout, stderr io.Writer) error {
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	}
	logger := slog.New(slog.DiscardHandler)
	if opts.verbose {
		logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	report := newReporter(stderr)
	cfg := monitor.MirrorConfig{Logger: logger, Progress: report.progress}
	if opts.policy != "" {
		var err error
		if cfg.Policy, err = readPolicy(opts.policy); err != nil {
			return err
		}
	}
	if opts.configuration != "" {
		var err error
		if cfg.Configuration, err = readConfiguration(opts.configuration); err != nil {
			return err
		}
	}
	dir := args[len(args)-1]
	var status monitor.Status
	var found error
	if opts.verifyOnly {
		status, found = monitor.VerifyMirror(ctx, dir, cfg)
	} else {
		source, err := monitor.NewHTTPSource(args[0], monitor.HTTPConfig{UserAgent: "ghostlight-ktmon/" + version(), Logger: logger})
		if err != nil {
			return err
		}
		status, found = follow(ctx, dir, source, cfg, opts, report)
	}
	report.clear()
	if found != nil && !opts.json {
		return found
	}
	return errors.Join(found, printResult(stdout, status, found, opts.json))
}

func readPolicy(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, checkpoint.MaxPolicySize+1))
}

// follow mirrors a log once, or until ctx ends, and returns what is in the mirror
// then.
func follow(ctx context.Context, dir string, source monitor.Source, cfg monitor.MirrorConfig, opts mirrorOptions, report *reporter) (status monitor.Status, err error) {
	m, err := monitor.OpenMirror(ctx, dir, source, cfg)
	if err != nil {
		return monitor.Status{}, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	printDamage(report.w, m.Damage())
	if opts.once {
		err := m.Update(ctx)
		return m.Status(), foundBy(ctx, m, err)
	}
	var last error
	err = m.Follow(ctx, opts.interval, func(err error) {
		last = foundBy(ctx, m, err)
		report.round(m.Status(), last)
	})
	status = m.Status()
	switch {
	case err != nil:
		return status, err
	case last != nil: // what the last round came to, not that it was asked to end
		return status, last
	case status.Checkpoint == nil:
		return status, errors.New("interrupted before the mirror was complete up to a checkpoint; run it again to go on")
	}
	return status, nil
}

// foundBy returns the error of a round or, if that proves nothing, what the mirror has
// found out about leaves.
func foundBy(ctx context.Context, m *monitor.Mirror, err error) error {
	leaves := m.Leaves(ctx)
	if leaves == nil || monitor.KindOf(err) == monitor.Misbehaved {
		return err
	}
	return leaves
}

// evidenceOf returns the path of the evidence file that an error names.
func evidenceOf(err error) string {
	var e *monitor.Error
	if errors.As(err, &e) {
		return e.Evidence
	}
	return ""
}
