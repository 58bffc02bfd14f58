// Command kt is the client of a key directory: it looks up, publishes and
// watches keys, and verifies every answer.
//
// It exits with 0 if all is well, 1 after an operational error, 2 if it was
// called wrongly, 3 if the directory's misbehaviour is proven, 4 if it is proven that
// what was asked for does not exist, 5 if it could not decide and 6 if something
// needs the user's attention.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ghostlight-kt/ghostlight/client"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

func main() { cli.Main(run) }

// The exit codes.
const (
	exitOK           = 0
	exitOperational  = 1
	exitUsage        = 2
	exitMisbehaviour = 3
	exitAbsent       = 4
	exitUndecided    = 5
	exitAttention    = 6
)

// exitCode maps a finding to an exit code.
func exitCode(kind client.Kind) int {
	switch kind {
	case 0:
		return exitOK
	case client.Usage:
		return exitUsage
	case client.Absent:
		return exitAbsent
	case client.Undecided:
		return exitUndecided
	case client.Attention:
		return exitAttention
	case client.Misbehaved:
		return exitMisbehaviour
	}
	return exitOperational
}

// app is one run of the command.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	directory, state      string
	policy                string // a file
	delay                 time.Duration
	json, verbose, inHTTP bool
	finding               client.Kind // of a command that succeeded
	command               string      // its name, for JSON
	started               bool        // arguments and flags were good
	config                client.Config
	colour                bool
	stdinIs               string // what was read from standard input
	interrupted           <-chan struct{}
	folder                string // with the state of the directory, if that is known
}

// run runs kt with the given arguments and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, colour: wantsColour(stdout)}
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	a.interrupted = ctx.Done()
	out := &output{w: a.stdout}
	a.stdout = out
	root := a.rootCommand()
	root.SetArgs(args)
	called, err := root.ExecuteContextC(ctx)
	a.warnOfDamage()
	if err == nil && out.err != nil {
		err = operationalError("writing the result", out.err)
	}
	if err == nil {
		return exitCode(a.finding)
	}
	if e := (*client.Error)(nil); !a.started && !errors.As(err, &e) {
		err = &client.Error{Kind: client.Usage, Err: err, Hint: usageHint(called)}
	}
	a.printError(err)
	return exitCode(client.KindOf(err))
}

// usageHint tells how a command is called.
func usageHint(cmd *cobra.Command) string {
	if !strings.Contains(cmd.Use, " ") && cmd.HasSubCommands() {
		return cmd.CommandPath() + " --help tells what there is"
	}
	return fmt.Sprintf("usage: %s; %s --help tells more", cmd.UseLine(), cmd.CommandPath())
}

// output remembers that something could not be written.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "kt",
		Short: "Look up, publish and watch keys in a key transparency directory",
		Long: `kt is the client of a key transparency directory. It verifies every answer
against the configuration that was pinned with kt trust, and against all that it
verified before. Data goes to standard output, everything else to standard error.

With a witness policy, stored by kt trust URL --policy FILE or given with --policy,
an answer is verified only if the witnesses have seen every log entry that its
proof relies on, so that others are shown the same log. Entries newer than what
they have seen are pending, for --witness-delay at most; kt checks them at its next
contact. A policy with quorum none requires no witness: entries are checked against
what the log itself signs, and others may be shown another log.

Store the policy. Without a stored one, kt keeps what is pending under that of
--policy for the next command that has a policy, but commands without one do not ask
the witnesses.

Whoever serves the log, which the policy can place elsewhere, learns the numbers of
the log entries that you are interested in, and nothing of labels.

Exit codes: 0 verified, 1 operational error, 2 usage, 3 misbehaviour proven (the
evidence file is named), 4 proven absent, 5 could not decide, 6 needs your attention.`,
		Example: `  kt trust https://keys.example.org
  kt lookup alice@example.org
  kt publish me@example.org mykey.asc --token-file token
  kt watch`,
		SilenceErrors: true, SilenceUsage: true,
		Version: version(),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.started, a.command = true, commandName(cmd)
			if err := noEmptyFlags(cmd); err != nil {
				return err
			}
			if a.verbose {
				a.config.Logger = slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			a.config.InsecureHTTP = a.inHTTP
			a.config.UserAgent = "ghostlight-kt/" + version()
			return a.configureWitnesses()
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.directory, "directory", os.Getenv("KT_DIRECTORY"), "base `URL` of the directory (default $KT_DIRECTORY, or the only trusted one)")
	flags.StringVar(&a.state, "state", "", "`folder` for state (default $XDG_STATE_HOME/ghostlight)")
	flags.BoolVar(&a.json, "json", false, "print JSON")
	flags.StringVar(&a.policy, "policy", "", "witness policy in this `file` (C2SP tlog-policy; - for standard input), instead of the stored one; trust stores it")
	flags.DurationVar(&a.delay, "witness-delay", 10*time.Minute, "how old a log entry may be before the witnesses have seen it")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "print what is done, to standard error")
	flags.BoolVar(&a.inHTTP, "insecure-http", false, "permit http to other machines, where everybody on the way sees the labels")
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.trustCommand(), a.lookupCommand(), a.publishCommand(), a.ownCommand(), a.watchCommand(), a.historyCommand(), a.proofCommand(),
		a.accountCommand(), a.rosterCommand(), a.groupCommand(), a.credentialCommand(), a.headsCommand(), a.evidenceCommand())
	return root
}

// commandName returns the name of a command for JSON, with its parent's if it has one.
func commandName(cmd *cobra.Command) string {
	_, name, _ := strings.Cut(cmd.CommandPath(), " ")
	return strings.ReplaceAll(name, " ", "-")
}

// noEmptyFlags refuses flags that are given an empty text, as by a variable of a shell
// that is not set: taken for absent ones, they would leave out a check, or a signature.
func noEmptyFlags(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.Type() == "string" && f.Value.String() == "" {
			err = &client.Error{
				Kind: client.Usage, Err: fmt.Errorf("--%s is given, but empty", f.Name),
				Hint: "is a variable not set? Without --" + f.Name + " is something else",
			}
		}
	})
	return err
}

// configureWitnesses takes over the flags about witnesses.
func (a *app) configureWitnesses() error {
	switch {
	case a.delay < 0:
		return usageError("--witness-delay is negative")
	case a.config.WaitWitnessed < 0:
		return usageError("--wait-witnessed is negative")
	case a.delay == 0:
		a.config.WitnessDelay = -1 // none
	default:
		a.config.WitnessDelay = a.delay
	}
	if a.policy == "" {
		return nil
	}
	var err error
	a.config.Policy, err = a.readInput("the policy", a.policy, checkpoint.MaxPolicySize)
	return err
}

// waitFlag is the name of the flag to wait for the witnesses.
const waitFlag = "wait-witnessed"

// addWaitFlag adds the flag to wait for the witnesses. Requires that cmd.Args is set.
func (a *app) addWaitFlag(cmd *cobra.Command) {
	const name = waitFlag
	flags := cmd.Flags()
	flags.DurationVar(&a.config.WaitWitnessed, name, 0, "wait until the witnesses have seen what the result rests on, for 2m at most, or as long as --wait-witnessed=`TIME` says")
	flags.Lookup(name).NoOptDefVal = "2m"
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if i := slices.IndexFunc(args, isDuration); err != nil && i >= 0 && flags.Changed(name) {
			return &client.Error{
				Kind: client.Usage, Err: fmt.Errorf("%s is taken for an argument: %w", args[i], err),
				Hint: fmt.Sprintf("write --%s=%s: the time follows an equals sign", name, args[i]),
			}
		}
		return err
	}
}

func isDuration(s string) bool {
	_, err := time.ParseDuration(s)
	return err == nil
}

// version returns the version of the module that this program was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// stateRoot returns the folder that holds a folder for each directory.
func (a *app) stateRoot() (string, error) {
	if a.state != "" {
		return a.state, nil
	}
	return client.DefaultStateDir()
}

// open returns the client for the directory that the flags name.
func (a *app) open() (*client.Client, error) {
	root, err := a.stateRoot()
	if err != nil {
		return nil, err
	}
	c, err := client.Open(root, a.directory, a.config)
	if err == nil {
		a.folder = c.StateDir()
	}
	return c, err
}

// warnOfDamage tells of state that was damaged, for as long as it is kept.
func (a *app) warnOfDamage() {
	if a.folder == "" {
		return
	}
	d, err := client.DamageIn(a.folder)
	switch {
	case err != nil:
		fmt.Fprintf(a.stderr, "kt: warning: %s\n", cli.Printable(err.Error()))
	case d != nil:
		fmt.Fprintf(a.stderr, "kt: warning: %s\n", cli.Printable(d.String()))
	}
}

// label returns the label that an argument stands for.
func label(arg string) (string, error) {
	l, err := labels.Normalize(arg)
	if err != nil {
		return "", usageError("the label: %v", err)
	}
	return l, nil
}

func usageError(format string, args ...any) error {
	return &client.Error{Kind: client.Usage, Err: fmt.Errorf(format, args...)}
}

func operationalError(step string, err error) error {
	return &client.Error{Kind: client.Operational, Step: step, Err: err}
}

// errorJSON is an error in JSON.
type errorJSON struct {
	Kind     string `json:"kind"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Evidence string `json:"evidence,omitempty"`
	// Report tells that the file proves nothing to others.
	Report bool `json:"report,omitempty"`
}

// printError tells of an error, and in JSON mode says so on standard output too.
func (a *app) printError(err error) {
	if a.json && a.command != "" {
		a.printErrorJSON("", err, true)
	}
	a.printErrorText("", err)
}

// errorOf returns the *client.Error in err, or one for it, with a word on what to do if
// nobody else has one.
func errorOf(err error) *client.Error {
	var e *client.Error
	if !errors.As(err, &e) {
		e = &client.Error{Kind: client.Operational, Err: err}
	}
	if e.Hint == "" && client.Unreached(err) {
		hinted := *e
		hinted.Hint = "see that the network and the directory's URL are right, and try again"
		return &hinted
	}
	return e
}

// printErrorJSON prints an error as the result of the running command. label may
// be empty.
func (a *app) printErrorJSON(label string, err error, indent bool) {
	e := errorOf(err)
	a.printJSON(struct {
		Label   string         `json:"label,omitempty"`
		Verdict client.Verdict `json:"verdict"`
		Error   errorJSON      `json:"error"`
	}{label, client.VerdictOf(err), errorJSON{e.Kind.String(), err.Error(), e.Hint, e.Evidence, e.Report}}, indent)
}

// printErrorText tells people of an error. about is what it is about, empty for
// the command as a whole.
func (a *app) printErrorText(about string, err error) {
	e := errorOf(err)
	fmt.Fprintf(a.stderr, "kt: error: %s%s\n", about, cli.Printable(err.Error()))
	if e.Kind == client.Misbehaved {
		fmt.Fprintf(a.stderr, "kt: %s\n", client.OutcomeMisbehaviour)
	}
	if e.Evidence != "" {
		fmt.Fprintf(a.stderr, "kt: %s: %s\n", evidenceWord(e), cli.Printable(e.Evidence))
	}
	if e.Hint != "" {
		fmt.Fprintf(a.stderr, "kt: hint: %s\n", cli.Printable(e.Hint))
	}
}
