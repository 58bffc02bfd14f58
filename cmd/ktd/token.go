package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
)

func newToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token DIR NAME",
		Short: "Admit somebody who may write",
		Long: `Create a token, admit it in DIR/tokens under NAME, and print it, once: the
directory keeps a hash of it only. A running server admits it within a second.

Whoever has the token can create labels, and update those that were created with
it. To withdraw it delete its line from DIR/tokens. The tokens of a manager are
those of its operator, by which requests are known; see 'ktd help roles'.`,
		Example: "  ktd token /var/lib/ghostlight alice --out alice.token",
		Args:    arguments(2, 2),
	}
	out := cmd.Flags().String("out", "", "write the token to this new file (mode 0600) instead of standard output")
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, name := args[0], args[1]
		err := instance.AddToken(dir, name, func(token string) error {
			return deliverToken(cmd, name, token, *out, *asJSON)
		})
		if errors.Is(err, instance.ErrTokenName) {
			return cli.UsageError{Cmd: cmd, Err: err}
		}
		if err == nil && *out != "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "ktd: the token of %s is in %s\n", name, *out)
		}
		return err
	}
	return cmd
}

// tokenOutput is what token --json prints.
type tokenOutput struct {
	SchemaVersion int    `json:"schema_version"`
	Name          string `json:"name"`
	Token         string `json:"token,omitempty"`
	File          string `json:"file,omitempty"`
}

// deliverToken writes the token to the file or prints it.
func deliverToken(cmd *cobra.Command, name, token, file string, asJSON bool) error {
	if file != "" {
		if err := instance.WriteToken(file, token); err != nil {
			return err
		}
		token = ""
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), tokenOutput{SchemaVersion: schemaVersion, Name: name, Token: token, File: file})
	}
	if token == "" {
		return nil
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), token)
	return err
}
