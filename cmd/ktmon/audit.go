package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// auditOptions are the flags of audit.
type auditOptions struct {
	configuration       string
	once, json, verbose bool
	verifyOnly          bool
	interval            time.Duration
}

// longestInterval is far longer than any directory lets its auditor lag.
const longestInterval = 30 * 24 * time.Hour

func newAudit() *cobra.Command {
	var opts auditOptions
	cmd := &cobra.Command{
		Use:   "audit URL DIR",
		Short: "Be the third-party auditor of a directory",
		Long: `Verify every change of the directory at URL from its first log entry on, sign what
was verified with the key in DIR, which 'ktmon keygen DIR' makes, and hand it to the
directory, whose users require it. It goes on until SIGINT or SIGTERM, or the
directory's misbehaviour is proven. After an interruption of any kind it goes on where
it was. Nothing is signed that the directory has not signed.

The first time, --configuration gives the Configuration of the directory: a file with
nothing but its encoding, or that in base64, which is what the member "configuration"
of 'ktd init --json' and 'ktd auditor --json' holds. Without it, the directory is
asked. It is kept in DIR. Later only one with other terms of the auditor takes its place.

With --verify-only anybody can do the same without the key, and signs nothing.

DIR must never be put back to an earlier state: the auditor could sign two histories.`,
		Example: `  ktmon keygen audit > auditor.pub
  ktmon audit https://keys.example.org audit`,
		Args: exactArgs(2),
	}
	f := cmd.Flags()
	f.StringVar(&opts.configuration, "configuration", "", "`file` with the directory's Configuration")
	f.BoolVar(&opts.verifyOnly, "verify-only", false, "verify everything and sign nothing; needs no key")
	f.BoolVar(&opts.once, "once", false, "audit up to the present head and end")
	f.DurationVar(&opts.interval, "interval", 10*time.Second, "about how long to wait before looking for new log entries")
	f.BoolVar(&opts.json, "json", false, "print one JSON object on standard output")
	f.BoolVarP(&opts.verbose, "verbose", "v", false, "print what is done, to standard error")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		// The auditor waits up to ten times as long after failures.
		if opts.interval <= 0 || opts.interval > longestInterval {
			return cli.Usage(cmd, "--interval must be positive, and at most %v", longestInterval)
		}
		return runAudit(cmd.Context(), args[0], args[1], opts, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

func runAudit(ctx context.Context, url, dir string, opts auditOptions, stdout, stderr io.Writer) (err error) {
	logger := slog.New(slog.DiscardHandler)
	if opts.verbose {
		logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	cfg := monitor.AuditorConfig{
		Interval: opts.interval, Logger: logger, VerifyOnly: opts.verifyOnly,
		HTTP: monitor.HTTPConfig{UserAgent: "ghostlight-ktmon/" + version(), Logger: logger},
	}
	if opts.configuration != "" {
		if cfg.Configuration, err = readConfiguration(opts.configuration); err != nil {
			return err
		}
	}
	a, err := monitor.OpenAuditor(ctx, dir, url, cfg)
	if err != nil {
		return errors.Join(err, printAudit(stdout, monitor.AuditorStatus{}, err, opts.json))
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if a.FirstUse {
		fmt.Fprintf(stderr, "ktmon: pinned the directory's configuration, SHA-256 %x: compare it with what the operator says elsewhere\n",
			sha256.Sum256(a.Configuration()))
	}
	printDamage(stderr, a.Damage())
	found := follows(ctx, a, opts.once, stderr)
	if found != nil && !opts.json {
		return found
	}
	return errors.Join(found, printAudit(stdout, a.Status(), found, opts.json))
}

// follows audits once, or until ctx ends, and returns what the last round came to.
func follows(ctx context.Context, a *monitor.Auditor, once bool, stderr io.Writer) error {
	if once {
		return a.Update(ctx)
	}
	var last error
	told, signed := "", uint64(0)
	err := a.Run(ctx, func(err error) {
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != told && monitor.KindOf(err) == monitor.Undecided {
			fmt.Fprintf(stderr, "ktmon: %s, and will try again: %s\n", outcomeUnchecked, cli.Printable(text))
		}
		if h := a.Status().Head; h != nil && h.TreeSize != signed {
			fmt.Fprintf(stderr, "ktmon: signed the head of %d entries\n", h.TreeSize)
			signed = h.TreeSize
		}
		last, told = err, text
	})
	if err != nil {
		return err
	}
	return last
}

// readConfiguration reads a file with an encoded Configuration, or its base64.
func readConfiguration(path string) ([]byte, error) {
	const largest = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest))
	if err != nil {
		return nil, err
	}
	if decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(data))); err == nil {
		data = decoded
	}
	if _, err := keytrans.ParseConfiguration(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// auditJSON is what ktmon audit came to, in JSON.
type auditJSON struct {
	SchemaVersion int    `json:"schema_version"`
	Verdict       string `json:"verdict"`
	CheckedBy     string `json:"checked_by"`
	Reason        string `json:"reason,omitempty"`
	Evidence      string `json:"evidence,omitempty"`
	// Size is how many log entries are verified, SignedSize how many of them the
	// head has that the directory took, 0 if it took none since the start, and
	// Waiting how many leaves no distinguished entry has published yet.
	Size       uint64 `json:"size"`
	SignedSize uint64 `json:"signed_size"`
	Waiting    int    `json:"waiting"`
}

func printAudit(w io.Writer, s monitor.AuditorStatus, found error, asJSON bool) error {
	out := auditJSON{
		SchemaVersion: schemaVersion, Verdict: outcomeOf(found), CheckedBy: "this auditor",
		Evidence: evidenceOf(found), Size: s.Size, Waiting: s.Waiting,
	}
	if s.Head != nil {
		out.SignedSize = s.Head.TreeSize
	}
	if !asJSON {
		if found != nil {
			return nil
		}
		signed := ""
		if out.SignedSize > 0 {
			signed = fmt.Sprintf(", signed the head of %d", out.SignedSize)
		}
		_, err := fmt.Fprintf(w, "verified %d entries%s\n", out.Size, signed)
		return err
	}
	if found != nil {
		out.Reason = found.Error()
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
