package main

import (
	"crypto"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// accountFlags are what the commands that change an account key have in common.
type accountFlags struct {
	key, newKey, tokenFile string
}

func (f *accountFlags) add(a *app, cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.newKey, "new-account-key", "", "`file` with the account key that is to be")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "`file` with the token that the operator issued; - for standard input")
	a.addWaitFlag(cmd)
}

// options reads the files that the flags name.
func (f *accountFlags) options(a *app) (opt client.PublishOptions, err error) {
	if f.newKey == "" {
		return opt, usageError("say where the new account key is, with --new-account-key FILE; kt account new makes one")
	}
	if opt.Token, err = a.readToken(f.tokenFile); err != nil {
		return opt, err
	}
	if opt.PreviousAccount, err = a.readAccountKey("--account-key", f.key); err != nil {
		return opt, err
	}
	if opt.Account, err = a.readAccountKey("--new-account-key", f.newKey); err != nil {
		return opt, err
	}
	return opt, differ(opt.PreviousAccount, opt.Account)
}

// differ refuses to change an account key to itself, which would be called unchanged,
// and look like a rotation that was made. previous may be nil.
func differ(previous, next crypto.Signer) error {
	if previous == nil {
		return nil
	}
	was, err := account.KeyOf(previous)
	if err != nil {
		return operationalError("reading the account key", err)
	}
	is, err := account.KeyOf(next)
	if err != nil {
		return operationalError("reading the account key", err)
	}
	if was == is {
		return usageError("--account-key and --new-account-key are the same key: kt account new makes another one")
	}
	return nil
}

func (a *app) accountRotateCommand() *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use:   "rotate LABEL",
		Short: "Give a label another account key, signed by the old one",
		Long: `Publish a label's keys as they are with another account key, signed by the old and the
new one. Contacts take the new one's signatures from then on.`,
		Example: "  kt account rotate me@example.org --account-key old.pem --new-account-key new.pem --token-file token",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.key == "" {
				return usageError("say where the label's account key is, with --account-key FILE; if it is lost, there is kt account reset")
			}
			name, c, opt, err := a.beginAccount(args[0], &f)
			if err != nil {
				return err
			}
			r, err := c.RotateAccount(cmd.Context(), name, opt)
			if err != nil {
				return err
			}
			a.showPublished(r)
			return nil
		},
	}
	cmd.Flags().StringVar(&f.key, "account-key", "", "`file` with the label's account key")
	f.add(a, cmd)
	return cmd
}

// beginAccount reads what a command that changes an account key was given.
func (a *app) beginAccount(arg string, f *accountFlags) (name string, c *client.Client, opt client.PublishOptions, err error) {
	if name, err = label(arg); err != nil {
		return "", nil, opt, err
	}
	a.warnOfLabel(name)
	if opt, err = f.options(a); err != nil {
		return "", nil, opt, err
	}
	c, err = a.open()
	return name, c, opt, err
}

// resetOutput is the result of a reset with what is to be said of its label.
type resetOutput struct {
	*client.ResetResult
	labelWarnings
}

func (a *app) accountResetCommand() *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use:   "reset LABEL",
		Short: "Give a label another account key without the old one, which is lost",
		Long: `Give a label another account key without a signature by the old one. The first call
announces the new one, and a later one, with the same file, completes the reset: a
directory refuses that until it has waited, 72 hours unless its operator decided
otherwise. Whoever has the old key can cancel the reset meanwhile with kt publish
--account-key. All contacts are told that it was a reset.`,
		Example: "  kt account reset me@example.org --new-account-key new.pem --token-file token",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, c, opt, err := a.beginAccount(args[0], &f)
			if err != nil {
				return err
			}
			r, err := c.ResetAccount(cmd.Context(), name, opt)
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			if a.json {
				a.printJSON(resetOutput{r, warningsOf(name)}, true)
				return nil
			}
			a.printReset(r)
			return nil
		},
	}
	f.add(a, cmd)
	return cmd
}

func (a *app) printReset(r *client.ResetResult) {
	switch {
	case r.Completed:
		a.printf("the reset is complete\n")
	case r.Published:
		a.printf("announced the account key in version %d of %s; nothing else has changed yet\n", r.Announced, cli.Printable(r.Label))
		a.printf("to complete the reset, run the same command from %s on, if the directory waits as long as they do by default\n", moment(r.Earliest))
		a.printf("whoever has the present account key can cancel it until then\n")
		if r.Superseded != nil {
			a.printf("ATTENTION: the account key %s, which was announced before, is announced no more: the waiting time begins anew\n", r.Superseded)
		}
	}
	a.printPublished(r.PublishResult)
}
