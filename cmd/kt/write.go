package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

const (
	maxFile  = 16 << 20
	maxToken = 4 << 10

	maxSkipped = 20 // told one by one
)

func (a *app) publishCommand() *cobra.Command {
	var (
		tokenFile, accountKey string
		force                 bool
		source                valueSource
	)
	cmd := &cobra.Command{
		Use:   "publish LABEL FILE...",
		Short: "Publish keys as a new version of a label",
		Long: `Publish the public keys in files (OpenPGP, OpenSSH, age, X.509, PEM, JWK, MLS
KeyPackage, or raw; - for standard input) as a new version of a label, which has these
keys and no others. A file with a private key in it is refused, with --raw too, and
weak keys are named. kt becomes the label's owner if it is not yet. If the directory
holds versions that you did not publish, they are named, nothing is published, and the
exit code is 6. Only one of FILE, --token-file, --account-key and --policy can be
standard input.

--device names the device that has the keys, in the place of what the files call them,
and --purpose says what they are for. Both are shown to contacts, and tell kt roster
which keys to expect in a conversation.

With --account-key, the new version is signed with the account key in that file, and
the label has it from then on: contacts refuse versions that it did not sign, and so
does kt publish. Versions that you did not publish and it did not sign are named, and
what you publish takes their place. See kt account.

With --wait-witnessed, kt returns once the witnesses have seen the new version. If
they do not in time, the exit code is 5; the version is published all the same.`,
		Example: `  kt publish me@example.org mykey.asc --token-file ~/.config/ghostlight/token
  kt publish me@example.org mykey.asc --account-key account.pem --token-file token
  kt publish me@example.org phone.pub recipients.txt --device "my phone" --purpose messaging
  kt publish me@example.org mykey.asc --wait-witnessed=30s`,
		Args: labelAndFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := label(args[0])
			if err != nil {
				return err
			}
			a.warnOfLabel(name)
			token, err := a.readToken(tokenFile)
			if err != nil {
				return err
			}
			signer, err := a.readAccountKey("--account-key", accountKey)
			if err != nil {
				return err
			}
			value, err := a.readValue(args[1:], name, source)
			if err != nil {
				return err
			}
			c, err := a.open()
			if err != nil {
				return err
			}
			r, err := c.Publish(cmd.Context(), name, value, client.PublishOptions{Token: token, Force: force, Account: signer})
			if err != nil {
				return err
			}
			a.showPublished(r)
			return nil
		},
	}
	cmd.Flags().StringVar(&tokenFile, "token-file", "", "`file` with the token that the operator issued; - for standard input")
	cmd.Flags().StringVar(&accountKey, "account-key", "", "`file` with the account key to sign with; - for standard input")
	source.add(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "make a new version even if the value is the present one")
	a.addWaitFlag(cmd)
	return cmd
}

// labelAndFiles is the Args of publish. A file that is called like a time and is not
// there was meant for a flag.
func labelAndFiles(cmd *cobra.Command, args []string) error {
	if err := cobra.MinimumNArgs(2)(cmd, args); err != nil {
		return err
	}
	for _, path := range args[1:] {
		if _, err := os.Stat(path); err != nil && isDuration(path) {
			return fmt.Errorf("there is no file %s", path)
		}
	}
	return nil
}

// showPublished prints what became of a publication, as text or JSON.
func (a *app) showPublished(r *client.PublishResult) {
	a.finding = r.Kind()
	if a.json {
		a.printJSON(publishOutput{r, warningsOf(r.Label)}, true)
		return
	}
	a.printPublished(r)
}

func (a *app) printPublished(r *client.PublishResult) {
	switch {
	case r.Published:
		a.printf("published %s, version %d\n", cli.Printable(r.Label), *r.Version)
		if r.Changes != nil {
			a.printChanges(r.Changes)
		} else {
			a.printValue(r.Value, nil)
		}
	case len(r.Unexpected) == 0 && r.Version != nil:
		a.printf("%s is unchanged at version %d\n", cli.Printable(r.Label), *r.Version)
	}
	a.printAccount(r.Account)
	a.printUnexpected(r.Label, r.Unexpected)
	for i := range r.Answered {
		a.printf("ANSWERED: %s\n", &r.Answered[i])
		a.printChanges(r.Answered[i].Changes)
	}
	a.printVerdict(r.Verdict)
	a.printWitnessed(r.Witness)
	a.printHead(r.Head)
}

// readInput reads what is called what from a file, or from standard input for "-". It
// does not wait for a terminal or a pipe once the user has interrupted kt.
func (a *app) readInput(what, path string, limit int64) ([]byte, error) {
	if path == "-" {
		if a.stdinIs != "" {
			return nil, usageError("standard input can be read only once, and - stands for %s and for %s", a.stdinIs, what)
		}
		a.stdinIs = what
	}
	var data []byte
	var err error
	read := make(chan struct{})
	go func() {
		data, err = a.readFile(path, limit)
		close(read)
	}()
	select {
	case <-read:
	case <-a.interrupted:
		return nil, operationalError("reading a file", fmt.Errorf("%s: interrupted", path))
	}
	if err != nil {
		return nil, operationalError("reading a file", err)
	}
	return data, nil
}

func (a *app) readFile(path string, limit int64) ([]byte, error) {
	in := a.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, err
}

func (a *app) readToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := a.readInput("the token", path, maxToken)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	bad := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }
	if token == "" || strings.ContainsFunc(token, bad) {
		return "", operationalError("reading the token", fmt.Errorf("%s does not hold a token", path))
	}
	return token, nil
}

func (a *app) ownCommand() *cobra.Command {
	var accept []uint
	var anew bool
	cmd := &cobra.Command{
		Use:   "own LABEL",
		Short: "Own a label: watch everything that happens to it",
		Long: `Own a label. What is in the log when you take ownership is accepted as it is: look
at it. From then on, kt watch reports every version that you did not publish with
kt here, until you accept it.

With --anew, what was monitored of a label that you own is given up, and it is taken
over from the log's present state: that is for owners who did not look for longer
than log entries live, or before a version was erased.`,
		Example: "  kt own me@example.org\n  kt own me@example.org --accept 3\n  kt own me@example.org --anew",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := label(args[0])
			if err != nil {
				return err
			}
			a.warnOfLabel(name)
			c, err := a.open()
			if err != nil {
				return err
			}
			if anew && len(accept) > 0 {
				return usageError("--anew and --accept exclude each other")
			}
			r, err := a.own(cmd, c, name, accept, anew)
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			if a.json {
				a.printJSON(ownOutput{r, warningsOf(name)}, true)
				return nil
			}
			a.printOwned(r)
			return nil
		},
	}
	cmd.Flags().BoolVar(&anew, "anew", false, "take a label over anew that you own already")
	cmd.Flags().UintSliceVar(&accept, "accept", nil, "answer for unexpected version `N` (can be repeated)")
	cmd.Flags().Lookup("accept").DefValue = "" // or the help would call it []
	return cmd
}

// own accepts versions, or takes ownership and monitors if there are none to
// accept.
func (a *app) own(cmd *cobra.Command, c *client.Client, name string, accept []uint, anew bool) (r *client.OwnResult, err error) {
	if anew {
		return c.OwnAnew(cmd.Context(), name)
	}
	if len(accept) == 0 {
		return c.Own(cmd.Context(), name)
	}
	for _, v := range accept {
		if uint64(v) > 1<<32-1 {
			return nil, usageError("there is no version %d", v)
		}
		if r, err = c.Accept(cmd.Context(), name, uint32(v)); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (a *app) printOwned(r *client.OwnResult) {
	verb := "you own"
	if r.TakenOver {
		verb = "you now own"
	}
	a.printf("%s %s", verb, cli.Printable(r.Label))
	switch {
	case r.Greatest == nil:
		a.printf(", which has no version yet\n")
	case r.Value == nil:
		a.printf(", at version %d, whose value is no longer to be had\n", *r.Greatest)
	default:
		a.printf(", at version %d:\n", *r.Greatest)
		a.printValue(*r.Value, nil)
	}
	a.printAccount(r.Account)
	a.printUnexpected(r.Label, r.Unexpected)
	a.printVerdict(r.Verdict)
	a.printWitnessed(r.Witness)
	a.printHead(r.Head)
}
