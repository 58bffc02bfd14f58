package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	labels "github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/directory"
)

func newErase() *cobra.Command {
	var number uint32
	cmd := &cobra.Command{
		Use:   "erase DIR LABEL",
		Short: "Delete values for good",
		Long: `Delete the values of a label, or of one of its versions, and what opens the
commitments to them, from the directory in DIR: the commitments stay in the log, and
nobody can open them any more. This cannot be undone. If 'ktd serve' runs, it does
this, and serves meanwhile.

Lookups of an erased version are told that it was erased. Other versions, and the
monitoring of owners and contacts, are not affected. An owner who has not yet been
told of an erased version has to take the label over anew (kt own LABEL --anew).

It is gone from the store's tables, but may be in the write-ahead log in DIR/db until
later writes have replaced that, or ktd was started anew. It stays in backups, in
copies of the file system, on the medium as far as that keeps what was overwritten,
and with whoever looked it up.`,
		Example: "  ktd erase /var/lib/ghostlight alice@example.org --version 3\n  ktd erase /var/lib/ghostlight alice@example.org",
		Args:    arguments(2, 2),
	}
	cmd.Flags().Uint32Var(&number, "version", 0, "erase only version `N`")
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		label, err := labels.Normalize(args[1])
		if err != nil {
			return cli.Usage(cmd, "the label: %v", err)
		}
		q := eraseRequest{Label: []byte(label)}
		if cmd.Flags().Changed("version") {
			q.Version = &number
		}
		var done directory.Erased
		if err := operate(cmd.Context(), args[0], commandErase, q, nil, &done); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), eraseOutput{schemaVersion, done.Versions, done.Before, done.Compacted})
		}
		return printErased(cmd.OutOrStdout(), done)
	}
	return cmd
}

// eraseRequest is the request of the command.
type eraseRequest struct {
	Label   []byte  `json:"label"`
	Version *uint32 `json:"version"` // nil for all
}

// eraseOutput is what erase --json prints.
type eraseOutput struct {
	SchemaVersion int  `json:"schema_version"`
	Erased        int  `json:"erased"`
	Before        int  `json:"erased_before"`
	Compacted     bool `json:"compacted"` // the store's tables do not have them either
}

func printErased(w io.Writer, e directory.Erased) error {
	versions := "1 version was"
	if e.Versions != 1 {
		versions = fmt.Sprintf("%d versions were", e.Versions)
	}
	_, err := fmt.Fprintf(w, "%s erased", versions)
	if err == nil && e.Before > 0 {
		_, err = fmt.Fprintf(w, ", %d had been before", e.Before)
	}
	if err == nil {
		_, err = fmt.Fprintln(w)
	}
	return err
}
