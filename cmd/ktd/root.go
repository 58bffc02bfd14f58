package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/exporter"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/directory/publisher"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:     "ktd",
		Short:   "A key directory that cannot lie quietly",
		Long:    "ktd runs a Ghostlight key directory: it publishes users' keys and proves every answer.",
		Example: "  ktd init /var/lib/ghostlight\n  ktd serve /var/lib/ghostlight",
	}
	cli.Prepare(root)
	root.AddCommand(newInit(), newServe(), newToken(), newAuditor(), newImport(), newDemo(), newBench(), newExportLog(), newPrune(), newErase(), newConfigHelp(), newPolicyHelp(), newRolesHelp())
	return root
}

// arguments requires at least min and, unless it is -1, at most max arguments.
func arguments(min, max int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < min:
			return cli.Usage(cmd, "%s: an argument is missing", cmd.CommandPath())
		case max >= 0 && len(args) > max:
			return cli.Usage(cmd, "%s: %q is one argument too many", cmd.CommandPath(), args[max])
		}
		return nil
	}
}

// hintFor says what to do about an error, if that is known.
func hintFor(err error) string {
	var u cli.UsageError
	var perm *instance.PermissionError
	switch {
	case errors.As(err, &u):
		return u.Hint()
	case errors.As(err, &perm):
		return fmt.Sprintf("if no one else has read it, chmod 600 %s", perm.Path)
	case errors.Is(err, instance.ErrNotInstance):
		return "create a directory with: ktd init DIR"
	case errors.Is(err, instance.ErrOperator), errors.Is(err, instance.ErrManager), errors.Is(err, instance.ErrNoLink):
		return "ktd help roles has who does what"
	case errors.Is(err, operator.ErrManager):
		return "at the first start the manager has to answer; is it running at the URL in config.json, and is link-token a copy of its?"
	case errors.Is(err, instance.ErrNotEmpty):
		return "choose another name; if an earlier 'ktd init' was interrupted there, remove what it left"
	case errors.Is(err, instance.ErrNoCheckpointKey):
		return "its store has no public log either: make a new directory with ktd init, and publish its labels there"
	case errors.Is(err, errNoCheckpoint):
		return "run 'ktd serve' for a moment, which signs one"
	case errors.Is(err, exporter.ErrOther):
		return "choose another folder, or remove what is in it if it is not needed"
	case errors.Is(err, publisher.ErrHistory):
		return "was the directory restored from an old backup? To sign on would prove to everybody that it shows two histories: restore the latest state"
	case errors.Is(err, directory.ErrNoLifetime):
		return "a maximum lifetime is chosen with 'ktd init --maximum-lifetime', when a directory is made: users pin it"
	case errors.Is(err, directory.ErrAuditorStart):
		return "leave --start-pos out, and have the new auditor process the log from its beginning"
	case errors.Is(err, directory.ErrUnauthenticated):
		return "admit a token with: ktd token DIR NAME --out FILE"
	case errors.Is(err, directory.ErrCorrupt):
		return "restore the directory from a backup, and keep this one for examination"
	case errors.Is(err, os.ErrPermission):
		return "run ktd as the user who owns the directory"
	}
	return ""
}

// addJSON adds the --json flag.
func addJSON(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print one JSON object on standard output")
}

// schemaVersion is that of every JSON object ktd prints. It changes if a field
// changes its meaning or goes; fields can be added at any time.
const schemaVersion = 1

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
