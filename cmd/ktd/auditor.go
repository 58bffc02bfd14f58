package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
)

func newAuditor() *cobra.Command {
	var (
		keyFile string
		maxLag  instance.Duration
		start   uint64
	)
	cmd := &cobra.Command{
		Use:   "auditor DIR",
		Short: "Change the auditor, or its terms",
		Long: `Make the directory in DIR, which must not be running, one with another auditor: who
verifies every change of the log from its beginning, and whose signature users
require. What the flags do not name stays as it is.

The auditor is part of what users pin. They refuse the directory until they have
accepted the new configuration (kt trust DIRECTORY --sha256 ...), and everybody until
the new auditor has signed a head. To repeat the command changes nothing.

--start-pos says that the new auditor did not process the entries before that one,
because it trusts the previous auditor. Users then refuse if the last head that they
know of the previous auditor has fewer entries: to keep everybody, it is 0.`,
		Example: "  ktd auditor /var/lib/ghostlight --auditor-key auditor.pub",
		Args:    arguments(1, 1),
	}
	f := cmd.Flags()
	f.StringVar(&keyFile, "auditor-key", "", "`file` with the auditor's public key, as 'ktmon keygen' prints it")
	f.Var(&maxLag, "max-auditor-lag", "how far the auditor may be behind the log (default: as before)")
	f.Lookup("max-auditor-lag").DefValue = "" // 0 stands for what the text says
	f.Uint64Var(&start, "start-pos", 0, "first log entry that the auditor processes")
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var change instance.AuditorChange
		if keyFile != "" {
			var err error
			if change.PublicKey, err = instance.ReadAuditorKey(keyFile); err != nil {
				return err
			}
		}
		if f.Changed("max-auditor-lag") {
			change.MaxLag = &maxLag
		}
		// A new auditor begins at the beginning unless it is said otherwise.
		if f.Changed("start-pos") || keyFile != "" {
			change.StartPos = &start
		}
		if change.PublicKey == nil && change.MaxLag == nil && change.StartPos == nil {
			return cli.Usage(cmd, "nothing to change; give --auditor-key, --max-auditor-lag or --start-pos")
		}
		return changeAuditor(cmd, args[0], change, *asJSON)
	}
	return cmd
}

// auditorOutput is what auditor --json prints.
type auditorOutput struct {
	SchemaVersion       int    `json:"schema_version"`
	Dir                 string `json:"dir"`
	Configuration       string `json:"configuration"`        // base64 of the encoded Configuration
	ConfigurationSHA256 string `json:"configuration_sha256"` // hexadecimal
}

func changeAuditor(cmd *cobra.Command, dir string, change instance.AuditorChange, asJSON bool) error {
	configuration, err := instance.ChangeAuditor(dir, change)
	if err != nil {
		return err
	}
	data, err := configuration.Marshal()
	if err != nil {
		return err
	}
	out := auditorOutput{
		SchemaVersion: schemaVersion, Dir: dir, Configuration: base64.StdEncoding.EncodeToString(data),
		ConfigurationSHA256: fmt.Sprintf("%x", sha256.Sum256(data)),
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), out)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), `Changed the auditor of the directory in %s.
Users and the auditor pin the new configuration, which has the SHA-256
  %s
`, dir, out.ConfigurationSHA256)
	return err
}
