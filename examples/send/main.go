// Command send encrypts a message to the people in an address book, with the keys that
// the address book has, if the key directory proves them: it shows how an app uses
// client.Gate.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"filippo.io/age"

	"github.com/ghostlight-kt/ghostlight/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	exitSent    = 0
	exitFailed  = 1 // nothing was written
	exitUsage   = 2
	exitRefused = 6 // a key is not proven; nothing was written, unless --partial is given
)

// run encrypts standard input to standard output and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	flags.SetOutput(stderr)
	state := flags.String("state", "", "`folder` with the state of kt, in which a directory is trusted")
	book := flags.String("book", "", "address book: a `file` with a label and an age recipient on each line")
	partial := flags.Bool("partial", false, "send to the proven keys if others are not")
	flags.Usage = func() {} // it is printed below
	if err := flags.Parse(args); err != nil || *state == "" || *book == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "usage: send --state FOLDER --book FILE [--partial] < MESSAGE > MESSAGE.age")
		return exitUsage
	}
	recipients, err := readBook(*book)
	if err != nil {
		return failed(stderr, err)
	}
	c, err := client.Open(*state, "", client.Config{UserAgent: "ghostlight-example-send"})
	if err != nil {
		return failed(stderr, err)
	}
	// Before anything is encrypted: which of the keys does the directory prove?
	proven, err := c.Gate(ctx, recipients, client.GateOptions{})
	code := exitSent
	var refused *client.GateError
	switch {
	case errors.As(err, &refused):
		code = exitRefused
		for _, r := range refused.Refused {
			fmt.Fprintf(stderr, "send: NOT to %q: %s: %s\n", r.Label, r.Code, r.Reason)
		}
		if !*partial || len(proven) == 0 {
			fmt.Fprintln(stderr, "send: nothing was sent")
			return code
		}
	case err != nil:
		return failed(stderr, err)
	}
	if err := seal(stdout, stdin, proven); err != nil {
		return failed(stderr, err)
	}
	return code
}

func failed(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "send: %v\n", err)
	return exitFailed
}

// seal encrypts a message to the keys of recipients, which are proven, and to no
// others.
func seal(out io.Writer, message io.Reader, proven []client.Recipient) error {
	var keys []age.Recipient
	for _, r := range proven {
		for _, key := range r.Keys {
			recipient, err := parseRecipient(string(key.Data)) // as the directory has it
			if err != nil {
				return fmt.Errorf("a key of %q: %w", r.Label, err)
			}
			keys = append(keys, recipient)
		}
	}
	w, err := age.Encrypt(out, keys...)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, message); err != nil {
		return err
	}
	return w.Close()
}
