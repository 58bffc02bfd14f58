// Command ktd runs a Ghostlight key directory.
//
//	ktd init DIR             create keys and configuration
//	ktd serve DIR            run the directory
//	ktd token DIR NAME       admit somebody who may write
//	ktd auditor DIR          change the auditor, or its terms
//	ktd import DIR FILE...   publish the keys of keyrings
//	ktd export-log DIR OUT   write the public log as files
//	ktd prune DIR            remove what has passed the maximum lifetime
//	ktd erase DIR LABEL      delete values for good
//	ktd bench publish|lookup measure
//
// Data goes to standard output, everything else to standard error. The exit
// code is 0 if all went well, 1 if something failed, and 2 if the command line
// is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
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
	fmt.Fprintf(stderr, "ktd: error: %v\n", err)
	if hint := hintFor(err); hint != "" {
		fmt.Fprintf(stderr, "ktd: hint: %s\n", hint)
	}
	if u := (cli.UsageError{}); errors.As(err, &u) {
		return exitUsage
	}
	return exitFailed
}
