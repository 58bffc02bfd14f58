// Command ktmon monitors a key directory, independently of the directory.
//
//	ktmon init CONFIG        write a configuration with comments
//	ktmon check CONFIG       check it
//	ktmon run CONFIG         do all of it for any number of directories, and tell people
//	ktmon expect LABEL FILE  announce the next version of a label that is watched
//	ktmon ack ID...          acknowledge alerts
//	ktmon mirror URL DIR     follow the log, verify all of it, and keep a copy
//	ktmon keygen DIR|FILE    make the key of an auditor or a witness
//	ktmon audit URL DIR      be the directory's third-party auditor
//	ktmon bench URL          audit a directory from scratch, and measure it
//
// Data goes to standard output, everything else to standard error. It exits with
// 0 if all is verified, 1 after an operational error, 2 if it was called wrongly,
// 3 if the log's misbehaviour is proven, 5 if it could not decide and 6 if somebody has
// to look.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// The exit codes.
const (
	exitOK           = 0
	exitOperational  = 1
	exitUsage        = 2
	exitMisbehaviour = 3
	exitUndecided    = 5
	exitAttention    = 6
)

func main() { cli.Main(run) }

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
	if v := verdictError(""); !errors.As(err, &v) { // of which everything is said
		printError(stderr, err)
	}
	return exitCode(err)
}

// exitCode maps an error to an exit code.
func exitCode(err error) int {
	var u cli.UsageError
	var v verdictError
	switch {
	case errors.As(err, &v):
		return v.code()
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
	fmt.Fprintf(w, "ktmon: error: %s\n", cli.Printable(err.Error()))
	var u cli.UsageError
	var e *monitor.Error
	hint := ""
	switch {
	case errors.As(err, &u):
		hint = u.Hint()
	case errors.As(err, &e):
		hint = e.Hint
		if e.Kind == monitor.Misbehaved {
			fmt.Fprintf(w, "ktmon: %s\n", outcomeOf(err))
		}
		if e.Evidence != "" {
			fmt.Fprintf(w, "ktmon: evidence: %s\n", cli.Printable(e.Evidence))
		}
	}
	if hint != "" {
		fmt.Fprintf(w, "ktmon: hint: %s\n", cli.Printable(hint))
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ktmon",
		Short: "Monitor a key directory",
		Long: `ktmon checks a key transparency directory, independently of the directory. Data
goes to standard output, everything else to standard error.

Exit codes: 0 verified, 1 operational error, 2 usage, 3 misbehaviour proven (the
evidence file is named), 5 could not decide, 6 needs your attention.`,
		Example: "  ktmon init ktmon.yaml --directory https://keys.example.org\n  ktmon run ktmon.yaml",
		Version: version(),
	}
	cli.Prepare(root)
	root.AddCommand(newRun(), newInit(), newCheck(), newExpect(), newAck(), newMirror(), newKeygen(), newAudit(), newBench())
	return root
}

// version returns the version of the module that this program was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
