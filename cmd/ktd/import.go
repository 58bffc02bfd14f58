package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client/keyring"
	"github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/importer"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/progress"
)

// importOptions are the flags of import.
type importOptions struct {
	tokenFile, report   string
	label, defaultLabel string
	expired, verbose    bool
	json                *bool
}

func newImport() *cobra.Command {
	var opts importOptions
	cmd := &cobra.Command{
		Use:   "import DIR FILE...",
		Short: "Publish the keys of keyrings",
		Long: `Publish the keys in OpenPGP keyrings (binary or armored), OpenSSH authorized_keys,
age recipients files, X.509 certificates and public keys (PEM or DER), JWK Sets, and
CSV files with lines of label,key-file. What a file is shows in its content. A file
with a private key in it is refused; weak keys are imported, and named.

A label is a lower-cased e-mail address. The keys of one label in all FILEs become
one key set. If it is what the label has already, nothing happens; otherwise it
becomes a new version, in place of the keys before. New labels belong to the
holder of the registration token, or of --token-file; labels that belong to
somebody else are left alone.

No 'ktd serve' may have DIR open meanwhile. An import that was interrupted goes on
when it is run again. The exit code is 0 if the files held anything usable.`,
		Example: "  ktd import /var/lib/ghostlight /usr/share/keyrings/debian-keyring.gpg",
		Args:    arguments(2, -1),
	}
	f := cmd.Flags()
	f.StringVar(&opts.tokenFile, "token-file", "", "the token whose holder new labels belong to (default DIR/registration-token)")
	f.StringVar(&opts.label, "label", "", "the label of every key, whatever the files say")
	f.StringVar(&opts.defaultLabel, "default-label", "", "the label of SSH and age keys without one")
	f.BoolVar(&opts.expired, "expired", false, "import expired OpenPGP certificates too")
	f.BoolVarP(&opts.verbose, "verbose", "v", false, "print every label and everything that was skipped on standard error")
	f.StringVar(&opts.report, "report", "", "write every label and everything that was skipped to this file, as JSON lines")
	opts.json = addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, given := range []*string{&opts.label, &opts.defaultLabel} {
			if *given == "" {
				continue
			}
			var err error
			if *given, err = label.Normalize(*given); err != nil {
				return cli.UsageError{Cmd: cmd, Err: err}
			}
		}
		return runImport(cmd.Context(), args[0], args[1:], opts, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// errNothing says that an import found nothing.
var errNothing = errors.New("nothing in these files could be imported")

// offlineHeartbeat keeps an instance that nobody is served from quiet.
const offlineHeartbeat = 30 * 24 * time.Hour

func runImport(ctx context.Context, dir string, files []string, opts importOptions, stdout, stderr io.Writer) (err error) {
	began := time.Now()
	inst, err := instance.Open(dir, instance.Options{Heartbeat: offlineHeartbeat})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inst.Close()) }()
	if inst.Config.Mode == instance.ModeThirdPartyManagement {
		return fmt.Errorf("%s: %w", dir, instance.ErrManager)
	}
	tuneMemory(inst.Config)
	identity, err := inst.Identity(ctx, opts.tokenFile)
	if err != nil {
		return err
	}
	report, closeReport, err := openReport(opts, stderr)
	if err != nil {
		return err
	}
	shown := &phases{w: stderr}
	summary, err := importer.Run(ctx, importer.Config{
		Directory: inst.Directory,
		Identity:  identity,
		Options: keyring.Options{
			Label: opts.label, DefaultLabel: opts.defaultLabel, Expired: opts.expired,
			MaxSetBytes: importer.MaxSetBytes(inst.Config.MaxValueBytes),
		},
		Batch:      min(inst.Config.MaxEpoch, 10_000),
		Report:     shown.around(report),
		Reading:    shown.reading,
		Publishing: shown.publishing,
	}, files)
	shown.clear()
	err = errors.Join(err, closeReport())
	printSummary(stderr, summary, opts)
	if *opts.json {
		err = errors.Join(err, printImportJSON(stdout, inst, summary, time.Since(began)))
	}
	if err == nil && !summary.Usable() {
		err = errNothing
	}
	return err
}

// openReport returns what takes the items of the report; nil if nobody wants
// them.
func openReport(opts importOptions, stderr io.Writer) (report func(importer.Item), done func() error, err error) {
	if opts.report == "" {
		if !opts.verbose {
			return nil, func() error { return nil }, nil
		}
		return func(i importer.Item) { printItem(stderr, i) }, func() error { return nil }, nil
	}
	f, err := os.Create(opts.report)
	if err != nil {
		return nil, nil, err
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	var failed error
	report = func(i importer.Item) {
		if opts.verbose {
			printItem(stderr, i)
		}
		failed = cmp.Or(failed, enc.Encode(i))
	}
	return report, func() error { return errors.Join(failed, w.Flush(), f.Close()) }, nil
}

func printItem(w io.Writer, i importer.Item) {
	switch {
	case i.Label == "" && i.Item == "":
		fmt.Fprintf(w, "%s %s: %s\n", i.Outcome, i.Source, i.Reason)
	case i.Label == "":
		fmt.Fprintf(w, "%s %s: %s: %s\n", i.Outcome, i.Source, i.Item, i.Reason)
	case i.Outcome == importer.Weak:
		fmt.Fprintf(w, "%s %s: %s: %s\n", i.Outcome, i.Label, i.Item, i.Reason)
	case i.Version == nil:
		fmt.Fprintf(w, "%s %s: %s\n", i.Outcome, i.Label, i.Reason)
	default:
		fmt.Fprintf(w, "%s %s version %d\n", i.Outcome, i.Label, *i.Version)
	}
}

// phases shows the progress of the two phases of an import.
type phases struct {
	w             io.Writer
	read, publish *progress.Bar
	began         [2]bool
}

func (p *phases) reading(n, total int64) {
	if !p.began[0] {
		p.began[0], p.read = true, progress.New(p.w, "reading", total, progress.Bytes)
	}
	p.read.Set(n)
}

func (p *phases) publishing(n, total int64) {
	if !p.began[1] {
		p.began[1], p.publish = true, progress.New(p.w, "publishing", total, progress.Count)
	}
	p.publish.Set(n)
}

func (p *phases) clear() {
	p.read.Clear()
	p.publish.Clear()
}

// around returns report with the bars out of its way.
func (p *phases) around(report func(importer.Item)) func(importer.Item) {
	if report == nil {
		return nil
	}
	return func(i importer.Item) {
		p.clear()
		report(i)
	}
}

// maxReasons is how many reasons the summary lists.
const maxReasons = 20

func printSummary(w io.Writer, s *importer.Summary, opts importOptions) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "files\t%d\tof which %d could not be read\n", s.Files, s.Failed)
	fmt.Fprintf(t, "keys\t%d\twith %d OpenPGP user ids\n", s.Keys, s.UserIDs)
	fmt.Fprintf(t, "labels\t%d\t\n", s.Labels)
	fmt.Fprintf(t, "  created\t%d\t\n", s.Created)
	fmt.Fprintf(t, "  updated\t%d\ta new version\n", s.Updated)
	fmt.Fprintf(t, "  unchanged\t%d\t\n", s.Unchanged)
	fmt.Fprintf(t, "  refused\t%d\t\n", s.Refused)
	fmt.Fprintf(t, "skipped\t%d\tin the files\n", s.Skipped)
	_ = t.Flush() // to standard error, as the rest
	if len(s.Reasons)+len(s.Weak) == 0 {
		return
	}
	printReasons(w, "not imported, because:", s.Reasons)
	printReasons(w, "imported, although weak:", s.Weak)
	if !opts.verbose && opts.report == "" {
		fmt.Fprintln(w, "(--verbose or --report FILE tells which)")
	}
}

func printReasons(w io.Writer, heading string, reasons []importer.Reason) {
	if len(reasons) == 0 {
		return
	}
	fmt.Fprintln(w, heading)
	for i, r := range reasons {
		if i == maxReasons {
			fmt.Fprintf(w, "  and %d other reasons\n", len(reasons)-i)
			break
		}
		fmt.Fprintf(w, "  %5d %s: %s\n", r.Count, r.Outcome, r.Reason)
	}
}

// importOutput is what import --json prints.
type importOutput struct {
	SchemaVersion int `json:"schema_version"`
	*importer.Summary
	TreeSize uint64  `json:"tree_size"`
	Seconds  float64 `json:"seconds"`
}

func printImportJSON(w io.Writer, inst *instance.Instance, s *importer.Summary, took time.Duration) error {
	head, err := inst.Directory.Head()
	if err != nil {
		return err
	}
	return printJSON(w, importOutput{schemaVersion, s, head.TreeSize, took.Seconds()})
}
