package main

import (
	"encoding/base64"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// initOptions are the flags of init.
type initOptions struct {
	cfg                 instance.Config
	operator            instance.OperatorConfig
	role                instance.Role
	leafKey, auditorKey string // files
	json                *bool
}

func newInit() *cobra.Command {
	o := &initOptions{
		cfg: instance.DefaultConfig(), operator: instance.DefaultOperatorConfig(), role: instance.RoleDirectory,
	}
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Create the keys and the configuration of a new directory",
		Long: `Create the keys, the configuration and a first token of a new directory in DIR,
which must be empty or absent.

What the flags set is part of what users pin, and cannot be changed later, but for
--account-keys and --reset-wait. The other settings are in DIR/config.json; see
'ktd help config'.

DIR/signing.key, DIR/vrf.key and DIR/checkpoint.key are the directory's identity:
back them up, and show them to no one.

With --role, it is the operator or the manager of a log that a third party manages:
see 'ktd help roles'.

In the mode third-party-auditing, users accept the directory only with the
signature of the auditor whose key --auditor-key has; see docs/auditing.md.

--origin is the name of the public log in its checkpoints, by which witnesses know
it: a URL without a scheme, such as keys.example.org/log.

A label whose owner has published an account key takes only versions that this key
signed, and another key after an announced reset, --reset-wait later; see
docs/enforcement.md. With --account-keys off, that is up to those who look.`,
		Example: "  ktd init /var/lib/ghostlight --reasonable-monitoring-window 24h",
		Args:    arguments(1, 1),
	}
	o.addFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) }
	return cmd
}

func (o *initOptions) addFlags(cmd *cobra.Command) {
	cfg, f := &o.cfg, cmd.Flags()
	f.Var(&cfg.Suite, "suite", "cipher suite: ed25519 or p256")
	f.Var(&cfg.ReasonableMonitoringWindow, "reasonable-monitoring-window", "how often owners have to look")
	f.Var(&cfg.MaxAhead, "max-ahead", "how far the log may be ahead of a user's clock")
	f.Var(&cfg.MaxBehind, "max-behind", "how far the log may be behind a user's clock")
	f.Var(&cfg.MaximumLifetime, "maximum-lifetime", "how long log entries are kept, or none for ever")
	f.StringVar(&cfg.Mode, "mode", cfg.Mode, "deployment mode: contact-monitoring or third-party-auditing")
	f.StringVar(&o.auditorKey, "auditor-key", "", "`file` with the auditor's public key, as 'ktmon keygen' prints it")
	f.Var(&cfg.MaxAuditorLag, "max-auditor-lag", "how far the auditor may be behind the log (default: as --max-behind)")
	f.Lookup("max-auditor-lag").DefValue = "" // 0 stands for what the text says
	f.StringVar(&cfg.Origin, "origin", "", "name of the public log (default: one below ghostlight.invalid that nobody else has)")
	f.Var(&cfg.AccountKeys, "account-keys", "whether versions that a label's account key did not sign are refused: enforce or off")
	f.Var(&cfg.ResetWait, "reset-wait", "the time from the announcement of another account key to its reset (default 72h)")
	f.Lookup("reset-wait").DefValue = "" // 0 stands for the default
	f.Var((*roleFlag)(&o.role), "role", "what to create: a directory, or the manager or the operator of a managed log")
	f.StringVar(&o.leafKey, "leaf-key", "", "the operator's public key, its `file` leaf.pub; for a manager")
	f.StringVar(&o.operator.Manager, "manager", "", "the base `URL` of the manager; for an operator, can be set later")
	o.json = addJSON(cmd)
}

func (o *initOptions) run(cmd *cobra.Command, dir string) error {
	if err := checkInitFlags(cmd, o.role, o.leafKey, o.operator.Manager); err != nil {
		return err
	}
	if o.role == instance.RoleOperator {
		o.operator.Suite, o.operator.AccountKeys, o.operator.ResetWait = o.cfg.Suite, o.cfg.AccountKeys, o.cfg.ResetWait
		return initOperator(cmd, dir, o.operator, *o.json)
	}
	if err := o.readKeys(); err != nil {
		return err
	}
	created, err := instance.Init(dir, o.cfg)
	if err != nil {
		return err
	}
	out, err := describeInit(created)
	if err != nil {
		return err
	}
	if *o.json {
		return printJSON(cmd.OutOrStdout(), out)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), `Created a %[6]s in %[1]s (%[2]s).

%[7]s

The public log is %[4]s. In the policies of those who check it, it is
  log %[5]s

Start the %[6]s with:
  ktd serve %[1]s
`, created.Dir, out.Suite, created.TokenPath, out.Origin, out.VerifierKey, o.role, aboutToken(o.role, created))
	return err
}

// readKeys reads the public keys of others that the configuration has.
func (o *initOptions) readKeys() (err error) {
	if o.role == instance.RoleManager {
		o.cfg.Mode = instance.ModeThirdPartyManagement
		if o.cfg.LeafPublicKey, err = instance.ReadLeafKey(o.leafKey); err != nil {
			return err
		}
	}
	if o.auditorKey != "" {
		o.cfg.AuditorPublicKey, err = instance.ReadAuditorKey(o.auditorKey)
	}
	return err
}

// aboutToken says what the first token is for.
func aboutToken(role instance.Role, c *instance.Created) string {
	if role == instance.RoleManager {
		return fmt.Sprintf(`The link token, by which the operator is known, is in
  %s
Copy it to the operator's folder, over a way that nobody else can read.`, c.TokenPath)
	}
	return fmt.Sprintf(`The registration token, with which labels are created, is in
  %s
Give it to those who may write, or make one for each with: ktd token %s NAME`, c.TokenPath, c.Dir)
}

// initOutput is what init --json prints.
type initOutput struct {
	SchemaVersion         int    `json:"schema_version"`
	Dir                   string `json:"dir"`
	Suite                 string `json:"suite"`
	RegistrationTokenFile string `json:"registration_token_file,omitempty"`
	LinkTokenFile         string `json:"link_token_file,omitempty"` // of a manager
	Listen                string `json:"listen"`
	Configuration         string `json:"configuration"` // base64 of the encoded Configuration
	Origin                string `json:"origin"`        // of the public log
	VerifierKey           string `json:"verifier_key"`  // of its checkpoints, a vkey
}

func describeInit(c *instance.Created) (*initOutput, error) {
	configuration, err := c.Configuration.Marshal()
	if err != nil {
		return nil, err
	}
	out := &initOutput{
		SchemaVersion: schemaVersion,
		Dir:           c.Dir,
		Suite:         keytrans.CipherSuite(c.Config.Suite).String(),
		Listen:        c.Config.Listen,
		Configuration: base64.StdEncoding.EncodeToString(configuration),
		Origin:        c.Config.Origin,
		VerifierKey:   c.VerifierKey,
	}
	if c.Config.Mode == instance.ModeThirdPartyManagement {
		out.LinkTokenFile = c.TokenPath
	} else {
		out.RegistrationTokenFile = c.TokenPath
	}
	return out, nil
}

func newConfigHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "The settings in config.json",
		Long: `DIR/config.json is a JSON object. Unknown keys are refused; a key that is absent
has its default. Durations are strings such as "1h30m", in whole milliseconds.

Part of what users pin; a change makes a different log, which 'ktd serve' refuses:
  suite                         "ed25519" or "p256"
  mode                          "contact-monitoring", "third-party-auditing", or
                                "third-party-management"
  leaf_public_key               base64, of the operator; third-party-management only
  reasonable_monitoring_window  how often owners have to look (24h)
  max_ahead, max_behind         how far the newest log entry may be ahead of and
                                behind a user's clock (5m, 1h)
  maximum_lifetime              of log entries, more than the window; or "none"

In the mode third-party-auditing, also part of it; 'ktd auditor' changes them:
  auditor_public_key            base64, as 'ktmon keygen' prints it
  max_auditor_lag               how far the auditor may be behind the log, more
                                than heartbeat (max_behind)
  auditor_start_pos             the first log entry that the auditor processed (0)

What witnesses know the log by; cannot be changed either:
  origin                        of its checkpoints, such as keys.example.org/log

May be changed; takes effect at the next start:
  version            of this format: 1
  listen             where 'ktd serve' listens (127.0.0.1:8480)
  heartbeat          the longest time between two log entries, less than
                     max_behind (a quarter of it)
  account_keys       "enforce": versions that a label's account key did not sign
                     are refused; or "off" (enforce). A manager's is off
  reset_wait         the time from the announcement of another account key to its
                     reset, less than maximum_lifetime (72h, or half of that)
  max_value_bytes    size of the largest value (131072)
  max_epoch          the most labels with new versions in one log entry (10000);
                     with an auditor, it has at most 255 new versions besides
  tree_cache_bytes   memory for the prefix tree (134217728)
  key_cache_bytes    memory for VRF proofs (67108864)
  store_cache_bytes  memory for the store's blocks (67108864)
  view               the audit view, the pages below /audit: serve (true), name (what
                     the operator calls the directory; default: the origin), and
                     monitors, a list of name and url, that the pages link to and that
                     visitors' browsers may ask ([])

The process takes up to about twice the sum of the caches. GOGC and GOMEMLIMIT
in the environment are heeded.`,
	}
}

func newPolicyHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "policy",
		Short: "The witnesses in the file policy",
		Long: `DIR/policy names the witnesses that 'ktd serve' asks to cosign the checkpoints of
the public log, in the format of C2SP tlog-policy. Without it, none is asked. It
takes effect at the next start. A line is one of:

  witness NAME VKEY URL          a witness, its public key, and where it is asked:
                                 URL/add-checkpoint (C2SP tlog-witness)
  group NAME all|any|K NAME...   witnesses, or groups, of which all, one, or K
                                 make the group
  quorum NAME                    the witness or group that is enough, or none
  log VKEY                       this log, as those who check it need it; not needed here
  # ...                          a comment

The checkpoint at /log/checkpoint is the newest that has the quorum. While there
is none, /readyz and /metrics say so, and nothing else stops. How each witness
does is at /api/v1/log/publication.

The operator of a witness has to add the log first, and needs its line, which
'ktd init' printed and /api/v1/log/publication has: log VKEY.`,
	}
}
