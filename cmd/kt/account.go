package main

import (
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// maxAccountKey is the size in bytes of the longest file with an account key.
const maxAccountKey = 16 << 10

func (a *app) accountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account",
		Short: "Sign your keys with an account key, so that others refuse what you did not sign",
		Long: `An account key is a key of yours that the directory does not have. Once your label has
one, it signs every version that you publish, and contacts refuse keys that it did
not sign, instead of merely seeing that something changed.

Keep its file where your devices' keys are not, and a copy of it elsewhere. If it is
lost, kt account reset gives the label another one: your contacts are told, and a
directory makes you wait, so that the real owner can object to somebody else's reset.
Use an account key in one directory only.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usageError("say what to do with an account key: new, show, rotate, reset, accept or attest")
		},
	}
	cmd.AddCommand(a.accountNewCommand(), a.accountShowCommand(), a.accountRotateCommand(), a.accountResetCommand(), a.accountAcceptCommand(), a.accountAttestCommand())
	return cmd
}

// accountKeyOutput is an account key in JSON.
type accountKeyOutput struct {
	File        string      `json:"file"`
	Key         account.Key `json:"account_key"`
	Fingerprint string      `json:"fingerprint"`
}

func (a *app) printAccountKey(path string, signer crypto.Signer) error {
	key, err := account.KeyOf(signer)
	if err != nil {
		return operationalError("reading the account key", err)
	}
	if a.json {
		a.printJSON(accountKeyOutput{path, key, key.Fingerprint()}, true)
		return nil
	}
	a.printf("account key %s\n  SHA-256 %s\n", key, key.Fingerprint())
	return nil
}

func (a *app) accountNewCommand() *cobra.Command {
	kind := account.Ed25519.String()
	cmd := &cobra.Command{
		Use:   "new FILE",
		Short: "Make an account key in a new file",
		Long: `Make an account key in a new file, which only you can read. The key in it is not
encrypted. Nothing is published: kt publish --account-key FILE does that, with --token-file
TOKEN where the directory asks for one.`,
		Example: "  kt account new ~/.config/ghostlight/account.pem",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			algorithm, err := account.ParseAlgorithm(kind)
			if err != nil {
				return usageError("--type: %w", err)
			}
			const step = "making an account key"
			signer, err := account.NewSigner(algorithm)
			if err != nil {
				return operationalError(step, err)
			}
			file, err := account.MarshalPrivate(signer)
			if err == nil {
				err = durable.Create(args[0], file)
			}
			if errors.Is(err, fs.ErrExist) {
				return usageError("%s exists already: an account key is not written over", args[0])
			}
			if err != nil {
				return operationalError(step, err)
			}
			return a.printAccountKey(args[0], signer)
		},
	}
	cmd.Flags().StringVar(&kind, "type", kind, "`algorithm`: ed25519 or p256")
	return cmd
}

// readAccountKey reads an account key's private file. flag is what named it.
func (a *app) readAccountKey(flag, path string) (crypto.Signer, error) {
	if path == "" {
		return nil, nil
	}
	data, err := a.readInput("the account key", path, maxAccountKey)
	if err != nil {
		return nil, err
	}
	signer, err := account.ParsePrivate(data)
	if err != nil {
		return nil, operationalError("reading the account key of "+flag, err)
	}
	if info, err := os.Stat(path); err == nil && path != "-" && info.Mode().Perm()&0o077 != 0 {
		fmt.Fprintf(a.stderr, "kt: warning: others can read the account key in %s: chmod 600\n", cli.Printable(path))
	}
	return signer, nil
}

func (a *app) accountShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE|LABEL",
		Short: "Show the account key in a file, or that of a label",
		Long: `Show the public part of the account key in a file, or, if there is no such file, look
up a label and show its account key, as kt lookup verifies it.`,
		Example: "  kt account show account.pem\n  kt account show alice@example.org",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := os.Stat(args[0]); err == nil || args[0] == "-" {
				signer, err := a.readAccountKey("FILE", args[0])
				if err != nil {
					return err
				}
				return a.printAccountKey(args[0], signer)
			}
			name, err := label(args[0])
			if err != nil {
				return err
			}
			a.warnOfLabel(name)
			c, err := a.open()
			if err != nil {
				return err
			}
			r, err := c.Lookup(cmd.Context(), name, nil)
			if e := (*client.Error)(nil); errors.As(err, &e) && e.Kind == client.Absent && e.Hint == "" {
				e.Hint = "there is no file of that name either"
			}
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			if a.json {
				r.Steps, r.Bytes = nil, nil
				a.printJSON(lookupOutput{r, warningsOf(name)}, true)
				return nil
			}
			a.printf("%s, version %d\n", cli.Printable(r.Label), r.Version)
			if r.Account == nil || r.Account.Key == nil && r.Account.Announced == nil {
				a.printf("  no account key\n")
			}
			a.printAccount(r.Account)
			a.printVerdict(r.Verdict)
			a.printWitnessed(r.Witness)
			a.printHead(r.Head)
			return nil
		},
	}
}

// printAccount prints what the account key says of a version.
func (a *app) printAccount(s *client.AccountStatus) {
	if s == nil {
		return
	}
	if s.Key != nil {
		a.printf("  account key %s, since version %d: %s\n", s.Key, s.Since, accountWord(s.Status))
	}
	if s.Announced != nil {
		a.printf("  announced is the account key %s\n", s.Announced)
	}
	for _, e := range s.Events {
		by := "whose value is not to be had"
		if !e.EntryTime.IsZero() {
			by = "in the log by " + moment(e.EntryTime)
		}
		a.printf("  version %d, %s: %s\n", e.Version, by, accountWord(e.Status))
	}
}

// accountWord is what people are told of a status.
func accountWord(s account.Status) string {
	switch s {
	case account.Established:
		return "the first one with an account key"
	case account.Rotated:
		return "another account key, signed by the old one"
	case account.Announced:
		return "another account key is announced"
	case account.Reset:
		return "IDENTITY RESET"
	case account.Unsigned:
		return "NOT SIGNED by the account key"
	case account.Unchecked:
		return "signed; what was before is not known"
	case account.Unconnected:
		return "signed by a key that does not follow from the one known before"
	}
	return string(s)
}

func (a *app) accountAcceptCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "accept LABEL VERSION",
		Short: "Begin anew with the account key of a contact",
		Long: `Begin anew with the account key of a contact's version that kt lookup refused because
the directory no longer has versions in between. Do so only if the owner told you, by
other means than the directory, that the account key is theirs.`,
		Example: "  kt account accept alice@example.org 7",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := label(args[0])
			if err != nil {
				return err
			}
			version, err := strconv.ParseUint(args[1], 10, 32)
			if err != nil {
				return usageError("there is no version %q", args[1])
			}
			c, err := a.open()
			if err != nil {
				return err
			}
			if err := c.AcceptAccount(cmd.Context(), name, uint32(version)); err != nil {
				return err
			}
			if a.json {
				a.printJSON(map[string]any{"label": name, "version": version}, true)
				return nil
			}
			a.printf("%s begins anew with the account key of version %d: kt lookup shows it\n", cli.Printable(name), version)
			return nil
		},
	}
}

func (a *app) accountAttestCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "attest LABEL",
		Short: "Sign that you watch your label, for your contacts",
		Long: `Monitor a label of yours as kt watch does, and if nothing is amiss print a line, signed
with the account key, that says so and what the directory showed you. An app gives it
to your contacts, whose clients compare it with what they are shown.`,
		Example: "  kt account attest me@example.org --account-key account.pem",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := label(args[0])
			if err != nil {
				return err
			}
			a.warnOfLabel(name)
			if path == "" {
				return usageError("say where the account key is, with --account-key FILE")
			}
			signer, err := a.readAccountKey("--account-key", path)
			if err != nil {
				return err
			}
			c, err := a.open()
			if err != nil {
				return err
			}
			r, err := c.Attest(cmd.Context(), name, signer)
			if err != nil {
				return err
			}
			if a.json {
				a.printJSON(r, true)
				return nil
			}
			a.printf("%s\n", r.Line)
			fmt.Fprintf(a.stderr, "kt: signed that you watch %s, version %d, in a log of %s\n", cli.Printable(r.Label), r.Version, entries(r.TreeSize))
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "account-key", "", "`file` with the label's account key")
	return cmd
}
