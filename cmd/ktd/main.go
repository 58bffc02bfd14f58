// Command ktd runs a Ghostlight key directory.
//
//	ktd init DIR             create keys and configuration
//	ktd serve DIR            run the directory
//	ktd token DIR NAME       admit somebody who may write
//	ktd import DIR FILE...   publish the keys of keyrings
//	ktd export-log DIR OUT   write the public log as files
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
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	// A pipe that was closed is an error of the write, and no reason to leave
	// temporary files behind.
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
	fmt.Fprintf(stderr, "ktd: error: %v\n", err)
	if hint := hintFor(err); hint != "" {
		fmt.Fprintf(stderr, "ktd: hint: %s\n", hint)
	}
	if u := (usageError{}); errors.As(err, &u) {
		return exitUsage
	}
	return exitFailed
}
