package main

import (
	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

func (a *app) credentialCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "credential",
		Short: "Prove a label's keys to others who need not ask the directory, and verify such proofs",
		Long: `A credential proves the keys of a label. Who receives one verifies it against the
recent distinguished heads of the log that their own client retains, so the directory
does not learn of it. A standard credential is verified at once. A provisional one is
of a version so new that no distinguished log entry has it: it is verified, and
still being monitored, until one does.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usageError("say what to do with a credential: create, verify or update")
		},
	}
	cmd.AddCommand(a.credentialCreateCommand(), a.credentialVerifyCommand(), a.credentialUpdateCommand())
	return cmd
}

func (a *app) credentialCreateCommand() *cobra.Command {
	var (
		opt client.CredentialOptions
		out string
	)
	cmd := &cobra.Command{
		Use:   "create LABEL",
		Short: "Make a credential of a label that you own or looked up",
		Long: `Make a credential of a label that you own or looked up: a standard one if the newest
distinguished log entry has the label's version, and a provisional one if not. It goes
to standard output, or to a new file with --output.

With --provisional, a provisional one is made in any case, from an older distinguished
log entry: for receivers whose clients may not know of the newest one yet.`,
		Example: "  kt credential create me@example.org --output me.ktcred",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := label(args[0])
			if err != nil {
				return err
			}
			c, err := a.open()
			if err != nil {
				return err
			}
			r, err := c.CreateCredential(cmd.Context(), name, opt)
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			return a.handOut("the credential", out, r.File, r, func() {
				a.printf("%s, version %d: %s credential in %s\n", cli.Printable(r.Label), r.Version, r.Type, cli.Printable(out))
				a.printf("  relies on distinguished log entry %d of %s\n", r.Position, moment(r.Time))
				a.printVerdict(r.Verdict)
				a.printWitnessed(r.Witness)
				a.printHead(r.Head)
			})
		},
	}
	cmd.Flags().BoolVar(&opt.Provisional, "provisional", false, "make a provisional credential in any case")
	cmd.Flags().StringVar(&out, "output", "", "write the credential to this `file`, which must not exist")
	return cmd
}

// handOut writes a file that is the product of a command, and tells of it by print,
// or in JSON. Without the path of a file it goes to standard output.
func (a *app) handOut(what, path string, file []byte, result any, print func()) error {
	if path != "" {
		if err := writeNew(what, path, file); err != nil {
			return err
		}
	}
	switch {
	case a.json:
		a.printJSON(result, true)
	case path != "":
		print()
	default:
		if _, err := a.stdout.Write(file); err != nil {
			return operationalError("writing "+what, err)
		}
	}
	return nil
}

func (a *app) credentialVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify a credential without asking anybody",
		Long: `Verify a credential (- for standard input) against the recent distinguished heads
that kt watch, kt heads and kt trust have retained. Nothing is asked of anybody, and
nothing changes but what is retained of the credential itself, if it is provisional.

The exit code is 5 if the credential has expired or relies on a log entry that this
client has not heard of. If you receive credentials, let kt watch run regularly.`,
		Example: "  kt credential verify alice.ktcred",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := a.readInput("the credential", args[0], client.MaxCredentialSize)
			if err != nil {
				return err
			}
			c, err := a.open()
			if err != nil {
				return err
			}
			r, err := c.VerifyCredential(cmd.Context(), file)
			if err != nil {
				return err
			}
			return a.printCredential(r)
		},
	}
}

func (a *app) printCredential(r *client.CredentialResult) error {
	if a.json {
		a.printJSON(r, true)
		return nil
	}
	a.printf("%s, version %d\n", cli.Printable(r.Label), r.Version)
	a.printValue(r.Value, r.Bytes)
	if r.Newer != nil {
		a.printf("NOT THE NEWEST: this client has seen version %d\n", *r.Newer)
	}
	a.printf("%s credential, relies on distinguished log entry %d of %s\n", r.Type, r.Position, moment(r.Time))
	a.printVerdict(r.Verdict)
	return nil
}

func (a *app) credentialUpdateCommand() *cobra.Command {
	var (
		credential, out string
		fetch           bool
	)
	cmd := &cobra.Command{
		Use:   "update FILE",
		Short: "Verify a provisional credential finally, or make what that takes",
		Long: `What this does depends on FILE (- for standard input).

If it is a provisional credential, the directory is asked for its update, once a
distinguished log entry covers the credential's version: whoever sent the credential
sends the update after it. Without --output, it goes to standard output. A receiver to
whom no update comes uses --fetch, which verifies and writes nothing; then the
directory learns that somebody has the credential.

If it is an update, the credential that it is of is verified finally, without
asking anybody. An update that comes early waits for kt watch. If the credential has
not been verified before, give it with --credential.`,
		Example: `  kt credential update me.ktcred --output me.ktupdate
  kt credential update alice.ktupdate
  kt credential update alice.ktcred --fetch`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := a.readInput("the credential", args[0], client.MaxCredentialSize)
			if err != nil {
				return err
			}
			update, err := client.IsCredentialUpdate(file)
			switch {
			case err != nil:
				return err
			case update && (fetch || out != ""):
				return usageError("%s is an update already: --fetch and --output are for a credential", args[0])
			case !update && credential != "":
				return usageError("%s is a credential: --credential is for an update", args[0])
			case fetch && out != "":
				return usageError("--fetch and --output exclude each other")
			case update:
				return a.receiveUpdate(cmd, file, credential)
			}
			return a.fetchUpdate(cmd, file, out, fetch)
		},
	}
	cmd.Flags().StringVar(&credential, "credential", "", "the credential that the update is of, in this `file`")
	cmd.Flags().StringVar(&out, "output", "", "write the update to this `file`, which must not exist")
	cmd.Flags().BoolVar(&fetch, "fetch", false, "get the update from the directory and verify the credential with it")
	return cmd
}

func (a *app) receiveUpdate(cmd *cobra.Command, update []byte, path string) error {
	var credential []byte
	if path != "" {
		var err error
		if credential, err = a.readInput("the credential", path, client.MaxCredentialSize); err != nil {
			return err
		}
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	r, err := c.UpdateCredential(cmd.Context(), update, credential)
	if err != nil {
		return err
	}
	return a.printCredential(r)
}

func (a *app) fetchUpdate(cmd *cobra.Command, credential []byte, out string, fetch bool) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	r, err := c.FetchCredentialUpdate(cmd.Context(), credential)
	if err != nil {
		return err
	}
	if fetch || r.File == nil {
		if !fetch && !a.json {
			a.printErrf("no update is needed: whoever has the credential verifies it finally as soon as their client knows log entry %d", *r.Terminal)
		}
		return a.printCredential(&r.CredentialResult)
	}
	return a.handOut("the update", out, r.File, r, func() {
		a.printf("%s, version %d: update of the credential in %s\n", cli.Printable(r.Label), r.Version, cli.Printable(out))
		a.printVerdict(r.Verdict)
	})
}
