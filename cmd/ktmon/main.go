// Command ktmon monitors the public log of a key directory, independently of the
// directory.
//
//	ktmon mirror URL DIR     follow the log, verify all of it, and keep a copy
//
// Data goes to standard output, everything else to standard error. It exits with
// 0 if all is verified, 1 after an operational error, 2 if it was called wrongly,
// 3 if the log's misbehaviour is proven and 5 if it could not decide.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/monitor"
)

// The exit codes.
const (
	exitOK           = 0
	exitOperational  = 1
	exitUsage        = 2
	exitMisbehaviour = 3
	exitUndecided    = 5
)

func main() {
	// A pipe that was closed is an error of the write.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run runs one command and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	printError(stderr, err)
	return exitCode(err)
}

// exitCode maps an error to an exit code.
func exitCode(err error) int {
	var u usageError
	switch {
	case errors.As(err, &u):
		return exitUsage
	case monitor.KindOf(err) == monitor.Usage:
		return exitUsage
	case monitor.KindOf(err) == monitor.Misbehaved:
		return exitMisbehaviour
	case monitor.KindOf(err) == monitor.Undecided:
		return exitUndecided
	}
	return exitOperational
}

// printError tells of an error and of what to do about it.
func printError(w io.Writer, err error) {
	fmt.Fprintf(w, "ktmon: error: %s\n", printable(err.Error()))
	var u usageError
	var e *monitor.Error
	hint := ""
	switch {
	case errors.As(err, &u):
		hint = fmt.Sprintf("usage: %s; see %s --help", u.cmd.UseLine(), u.cmd.CommandPath())
	case errors.As(err, &e):
		hint = e.Hint
		if e.Kind == monitor.Misbehaved {
			fmt.Fprintf(w, "ktmon: %s\n", outcomeOf(err))
		}
		if e.Evidence != "" {
			fmt.Fprintf(w, "ktmon: evidence: %s\n", printable(e.Evidence))
		}
	}
	if hint != "" {
		fmt.Fprintf(w, "ktmon: hint: %s\n", printable(hint))
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ktmon",
		Short: "Monitor the public log of a key directory",
		Long: `ktmon checks the public log of a key transparency directory, independently of
the directory. Data goes to standard output, everything else to standard error.

Exit codes: 0 verified, 1 operational error, 2 usage, 3 misbehaviour proven (the
evidence file is named), 5 could not decide.`,
		Example:       "  ktmon mirror https://keys.example.org/log mirror --policy policy.txt",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError{cmd, err} })
	root.Args = cobra.ArbitraryArgs
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			cmd.SetOut(cmd.ErrOrStderr())
			return errors.Join(cmd.Help(), usage(cmd, "which command?"))
		}
		if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
			return usage(cmd, "unknown command %q; did you mean %s?", args[0], strings.Join(s, " or "))
		}
		return usage(cmd, "unknown command %q", args[0])
	}
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(newMirror())
	return root
}

// usageError is the error for a wrong command line.
type usageError struct {
	cmd *cobra.Command
	err error
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usage(cmd *cobra.Command, format string, args ...any) error {
	return usageError{cmd, fmt.Errorf(format, args...)}
}

// version returns the version of the module that this program was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
