package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/witness"
)

// suites are the cipher suites by their short names.
var suites = map[string]keytrans.CipherSuite{
	"ed25519": keytrans.KT_128_SHA256_Ed25519,
	"p256":    keytrans.KT_128_SHA256_P256,
}

// keyJSON is what ktmon keygen made, in JSON.
type keyJSON struct {
	SchemaVersion int    `json:"schema_version"`
	KeyFile       string `json:"key_file"`
	Suite         string `json:"cipher_suite"`
	PublicKey     []byte `json:"public_key"` // base64
}

func newKeygen() *cobra.Command {
	var suite, name string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "keygen DIR|FILE",
		Short: "Make the key of an auditor or a witness, and print the public key",
		Long: `Make the key of an auditor, DIR/auditor.key, and print the public key, which the
operator of the directory names with 'ktd init --auditor-key' or 'ktd auditor'. The
suite must be that of the directory.

With --witness NAME, make the key of the witness of that name in a new FILE, and print
the verifier key (C2SP signed-note) that policies name. NAME is a URL without its scheme.`,
		Example: `  ktmon keygen audit > auditor.pub
  ktmon keygen --witness example.org/witness witness.key > witness.vkey`,
		Args: exactArgs(1),
	}
	cmd.Flags().StringVar(&name, "witness", "", "make the key of the witness of this `name`")
	cmd.Flags().StringVar(&suite, "suite", "ed25519", "cipher suite: ed25519 or p256")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on standard output")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("witness") {
			return makeWitnessKey(cmd, args[0], name, asJSON)
		}
		s, ok := suites[suite]
		if !ok {
			return cli.Usage(cmd, "--suite: %q is not ed25519 or p256", suite)
		}
		key, err := monitor.CreateAuditorKey(args[0], s)
		if err != nil {
			return err
		}
		if asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(keyJSON{schemaVersion, filepath.Join(args[0], "auditor.key"), s.String(), key})
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), base64.StdEncoding.EncodeToString(key))
		return err
	}
	return cmd
}

// witnessKeyJSON is the key of a witness that ktmon keygen made, in JSON.
type witnessKeyJSON struct {
	SchemaVersion int    `json:"schema_version"`
	KeyFile       string `json:"key_file"`
	VerifierKey   string `json:"verifier_key"`
}

func makeWitnessKey(cmd *cobra.Command, path, name string, asJSON bool) error {
	key, err := witness.CreateKey(path, name)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(witnessKeyJSON{schemaVersion, path, key})
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), key)
	return err
}

// exactArgs requires n arguments.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return cli.Usage(cmd, "%s: an argument is missing", cmd.CommandPath())
		case len(args) > n:
			return cli.Usage(cmd, "%s: %q is one argument too many", cmd.CommandPath(), args[n])
		}
		return nil
	}
}
