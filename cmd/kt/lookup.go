package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// lookup is one run of kt lookup.
type lookup struct {
	*app
	number       uint32
	explain, raw bool
}

func (a *app) lookupCommand() *cobra.Command {
	l := &lookup{app: a}
	cmd := &cobra.Command{
		Use:   "lookup LABEL...",
		Short: "Look up the keys of a label, or of many",
		Long: `Look up the keys of a label and verify that they are in the directory's log. The
label is then a contact, which kt watch monitors as long as that is necessary.
The exit code is 6 if the keys are not the ones seen before, and 4 if the directory
proves that there is no such label or version. A directory that cannot prove that
is not believed: the exit code is 5.

Once a label has an account key, keys that it did not sign are refused: they are not
printed, the exit code is 6 each time, and what was seen last remains that. See kt
account.

Several labels are looked up with as few requests as the directory permits, all in
one state of its log; the exit code is that of the most serious result. With --json,
each has a line of its own.`,
		Example: `  kt lookup alice@example.org --explain
  kt lookup alice@example.org bob@example.org
  kt lookup alice@example.org --wait-witnessed=30s`,
		Args: lookupArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return l.run(cmd, args) },
	}
	cmd.Flags().Uint32Var(&l.number, "version", 0, "look up version `N` instead of the greatest one")
	cmd.Flags().BoolVar(&l.explain, "explain", false, "tell step by step how the answer was verified")
	cmd.Flags().BoolVar(&l.raw, "raw", false, "print the bytes of the value and nothing else")
	a.addWaitFlag(cmd)
	return cmd
}

// lookupArgs accepts labels. A time among several, after the flag that may be
// followed by one, is not meant to be a label.
func lookupArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 1 && cmd.Flags().Changed(waitFlag) && slices.ContainsFunc(args, isDuration) {
		return errors.New("it is no label")
	}
	return cobra.MinimumNArgs(1)(cmd, args)
}

func (l *lookup) run(cmd *cobra.Command, args []string) error {
	var names []string
	for _, arg := range args {
		name, err := label(arg)
		if err != nil {
			return err
		}
		l.warnOfLabel(name)
		names = append(names, name)
	}
	var version *uint32
	if cmd.Flags().Changed("version") {
		version = &l.number
	}
	switch {
	case l.raw && l.json:
		return usageError("--raw and --json exclude each other")
	case len(names) > 1 && (l.raw || version != nil):
		return usageError("--raw and --version are for one label")
	}
	c, err := l.open()
	if err != nil {
		return err
	}
	if len(names) == 1 {
		r, err := c.Lookup(cmd.Context(), names[0], version)
		return l.print(client.ManyResult{Label: names[0], Lookup: r, Err: err}, true)
	}
	results, err := c.LookupMany(cmd.Context(), names)
	if err != nil {
		return err
	}
	for i, r := range results {
		if i > 0 && !l.json {
			l.printf("\n")
		}
		if err := l.print(r, false); err != nil {
			l.printFailure(r.Label, err)
			l.finding = client.Worse(l.finding, client.KindOf(err))
		}
	}
	return nil
}

// print prints one result. The error is why there is none. alone tells that the
// result is the only one.
func (l *lookup) print(r client.ManyResult, alone bool) error {
	absence := client.AbsenceOf(r.Err)
	if r.Err != nil && absence == nil {
		return r.Err
	}
	l.finding = client.Worse(l.finding, r.Kind())
	switch {
	case absence != nil:
		l.printAbsence(absence, alone)
	case l.raw:
		if _, err := l.stdout.Write(r.Lookup.Bytes); err != nil {
			return operationalError("writing the value", err)
		}
	default:
		l.printLookup(r.Lookup, alone)
	}
	return nil
}

func (l *lookup) printLookup(r *client.LookupResult, alone bool) {
	if !l.explain {
		r.Steps = nil
	}
	if l.json {
		l.printJSON(lookupOutput{r, warningsOf(r.Label)}, alone)
		return
	}
	l.printf("%s, version %d\n", cli.Printable(r.Label), r.Version)
	l.printValue(r.Value, r.Bytes)
	if r.Changes != nil {
		l.printf("changed since version %d, seen on %s:\n", r.Before.Version, moment(r.Before.At))
		l.printChanges(r.Changes)
	}
	l.printAccount(r.Account)
	l.printSteps(r.Steps)
	l.printVerdict(r.Verdict)
	l.printWitnessed(r.Witness)
	l.printHead(r.Head)
}

// printAbsence prints what is proven not to exist. With --raw, standard output is
// for values.
func (l *lookup) printAbsence(r *client.AbsenceResult, alone bool) {
	if !l.explain {
		r.Steps = nil
	}
	switch {
	case l.json:
		l.printJSON(r, alone)
		return
	case l.raw:
		fmt.Fprintf(l.stderr, "kt: %s\n", cli.Printable(r.Verdict.String()))
		return
	case r.Version == nil:
		l.printf("%s does not exist\n", cli.Printable(r.Label))
	default:
		l.printf("%s has no version %d\n", cli.Printable(r.Label), *r.Version)
	}
	l.printSteps(r.Steps)
	l.printVerdict(r.Verdict)
	l.printWitnessed(r.Witness)
	l.printHead(r.Head)
}

func (l *lookup) printSteps(steps []client.Step) {
	for i, step := range steps {
		l.printf("%2d. %s\n", i+1, cli.Printable(step.Text))
	}
}

// printFailure prints why one of several labels has no result.
func (l *lookup) printFailure(label string, err error) {
	if l.json {
		l.printErrorJSON(label, err, false)
	} else {
		l.printf("%s\n", cli.Printable(label))
		l.printVerdict(client.VerdictOf(err))
	}
	l.printErrorText(fmt.Sprintf("%s: ", cli.Printable(label)), err)
}
