// Package cli has what the commands share: how they begin and end, errors for wrong
// command lines, and text that is safe to print.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs a command with this process's arguments and streams and exits with the
// code that it returns. The context ends with the first SIGINT or SIGTERM; the next
// one ends the process at once.
func Main(run func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int) {
	// A pipe that was closed is an error of the write, and no reason to leave
	// temporary files behind.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// UsageError is the error for a wrong command line.
type UsageError struct {
	// Cmd is the command that was called wrongly.
	Cmd *cobra.Command
	Err error
}

// Error says what is wrong.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e UsageError) Unwrap() error { return e.Err }

// Hint tells how the command is called.
func (e UsageError) Hint() string {
	return fmt.Sprintf("usage: %s; see %s --help", e.Cmd.UseLine(), e.Cmd.CommandPath())
}

// Usage makes a UsageError of what an argument validator or a command found.
func Usage(cmd *cobra.Command, format string, args ...any) error {
	return UsageError{cmd, fmt.Errorf(format, args...)}
}

// Prepare makes root the root of a command whose caller prints the errors: wrong
// flags are usage errors, and so is to call it without a subcommand.
func Prepare(root *cobra.Command) {
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return UsageError{cmd, err} })
	Group(root)
}

// Group makes cmd one that only has subcommands: to call it by itself, or with
// a name that it does not know, is a usage error.
func Group(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			cmd.SetOut(cmd.ErrOrStderr())
			return errors.Join(cmd.Help(), Usage(cmd, "which command?"))
		}
		if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
			return Usage(cmd, "unknown command %q; did you mean %s?", args[0], strings.Join(s, " or "))
		}
		return Usage(cmd, "unknown command %q", args[0])
	}
	cmd.SuggestionsMinimumDistance = 2
}
