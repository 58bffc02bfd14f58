package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/web"
)

// roleFlag is the flag --role. It implements pflag.Value.
type roleFlag instance.Role

// String returns the role.
func (r *roleFlag) String() string { return string(*r) }

// Set parses a role.
func (r *roleFlag) Set(s string) error {
	switch role := instance.Role(s); role {
	case instance.RoleDirectory, instance.RoleManager, instance.RoleOperator:
		*r = roleFlag(role)
		return nil
	}
	return fmt.Errorf("%q is not directory, manager or operator", s)
}

// Type names the kind of value.
func (r *roleFlag) Type() string { return "role" }

// operatorFlags are the flags of init that an operator has, too.
var operatorFlags = []string{"role", "suite", "manager", "account-keys", "reset-wait", "json", "help"}

// checkInitFlags verifies that the flags of init go together.
func checkInitFlags(cmd *cobra.Command, role instance.Role, leafKey, manager string) error {
	switch {
	case role == instance.RoleManager && leafKey == "":
		return cli.Usage(cmd, "--role manager needs --leaf-key: the operator's %s", instance.LeafPublicKeyFile)
	case role != instance.RoleManager && leafKey != "":
		return cli.Usage(cmd, "--leaf-key is for --role manager")
	case role == instance.RoleManager && (cmd.Flags().Changed("account-keys") || cmd.Flags().Changed("reset-wait")):
		return cli.Usage(cmd, "--account-keys and --reset-wait are not for --role manager: the operator decides which versions there are")
	case role != instance.RoleOperator && manager != "":
		return cli.Usage(cmd, "--manager is for --role operator")
	case role != instance.RoleOperator:
		return nil
	}
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		for _, name := range operatorFlags {
			if f.Name == name {
				return
			}
		}
		err = cli.Usage(cmd, "--%s is not for --role operator: the manager's log decides", f.Name)
	})
	return err
}

// operatorInitOutput is what init --role operator --json prints.
type operatorInitOutput struct {
	SchemaVersion         int    `json:"schema_version"`
	Dir                   string `json:"dir"`
	Role                  string `json:"role"`
	Suite                 string `json:"suite"`
	RegistrationTokenFile string `json:"registration_token_file"`
	LeafPublicKeyFile     string `json:"leaf_public_key_file"`
	LeafPublicKey         string `json:"leaf_public_key"` // base64
	Manager               string `json:"manager"`
	Listen                string `json:"listen"`
}

func initOperator(cmd *cobra.Command, dir string, cfg instance.OperatorConfig, asJSON bool) error {
	c, err := instance.InitOperator(dir, cfg)
	if err != nil {
		return err
	}
	suite := keytrans.CipherSuite(c.Config.Suite).String()
	if asJSON {
		return printJSON(cmd.OutOrStdout(), operatorInitOutput{
			SchemaVersion: schemaVersion, Dir: c.Dir, Role: string(c.Config.Role), Suite: suite,
			RegistrationTokenFile: c.TokenPath, LeafPublicKeyFile: c.LeafPath, LeafPublicKey: c.LeafPublicKey,
			Manager: c.Config.Manager, Listen: c.Config.Listen,
		})
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), `Created an operator in %[1]s (%[2]s).

The registration token, with which labels are created, is in
  %[3]s

The manager needs the leaf public key, which is in
  %[4]s
  %[5]s

On the manager's machine, create the log with:
  ktd init DIR --role manager --suite %[6]s --leaf-key %[7]s
Then copy its %[8]s to %[1]s/%[8]s, set "manager" in %[1]s/config.json to
its URL, and start the operator with:
  ktd serve --role operator %[1]s
`, c.Dir, suite, c.TokenPath, c.LeafPath, c.LeafPublicKey, c.Config.Suite, instance.LeafPublicKeyFile, instance.LinkTokenFile)
	return err
}

// checkRole returns the role of a folder, which must be the given one if there is
// one.
func checkRole(dir string, want instance.Role) (instance.Role, error) {
	role, err := instance.RoleOf(dir)
	if err == nil && want != "" && role != want {
		return "", fmt.Errorf("%s has the role %s, not %s", dir, role, want)
	}
	return role, err
}

// serveOperator runs the operator in dir until ctx ends.
func serveOperator(ctx context.Context, dir string, opts serveOptions, logger *slog.Logger, stderr io.Writer) (err error) {
	tlsConfig, err := loadTLS(opts)
	if err != nil {
		return err
	}
	inst, err := instance.OpenOperator(ctx, dir, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inst.Close()) }()
	handler, err := inst.Handler()
	if err != nil {
		return err
	}
	listener, err := listen(opts, inst.Config.Listen)
	if err != nil {
		return err
	}
	listener = announce(stderr, listener, tlsConfig)
	ctx, stop := context.WithCancel(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()
	background.Go(func() { inst.Operator.Run(ctx) })
	err = web.Serve(ctx, listener, web.NewServer(handler, logger))
	if err == nil {
		fmt.Fprintln(stderr, "ktd: stopped")
	}
	return err
}

func newRolesHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "roles",
		Short: "The operator and the manager of a managed log",
		Long: `A log can be managed by a third party (KEYTRANS, "Third Parties"). Two processes,
best on two machines of two organisations, then make the directory:

  operator  whom users talk to. It decides who may write, signs each value for one
            version of its label with leaf.key, and forwards requests. It follows
            the log, and forwards no answer under a head that is not of it.
  manager   who keeps the log, signs its heads and serves it to the operator, who
            shows the link token. Without it, there is the public log only.

To set them up:

  operator$ ktd init DIR --role operator            # prints the leaf public key
  manager$  ktd init DIR --role manager --leaf-key leaf.pub
  operator$ # copy the manager's link-token to DIR/link-token
  operator$ # set "manager" in DIR/config.json to the manager's URL
  manager$  ktd serve --role manager DIR
  operator$ ktd serve --role operator DIR

Files of an operator's DIR:
  config.json         role, suite, manager, listen, max_value_bytes (as the manager's),
                      account_keys and reset_wait (see 'ktd help config')
  leaf.key            signs new values (mode 0600); leaf.pub is its public part
  link-token          a copy of the manager's (mode 0600)
  tokens              who may write; 'ktd token' adds to it
  db/                 what was signed: never put an older copy in its place, or two
                      values may be signed for one version
  configuration       of the manager's log, pinned at the first start
  evidence/           of the manager's misbehaviour; as long as there is some,
                      nothing is forwarded

ktd token on a manager's DIR makes another link token. docs/management.md has more.`,
	}
}
