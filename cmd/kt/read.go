package main

import (
	"encoding/base64"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

func (a *app) trustCommand() *cobra.Command {
	var fingerprint string
	cmd := &cobra.Command{
		Use:   "trust URL",
		Short: "Pin the configuration of a directory",
		Long: `Pin the configuration of a directory. From then on, every answer must be signed
with the keys that it names. The first contact is taken on faith, unless you got
the configuration's SHA-256 from elsewhere and give it with --sha256.

With --policy, the witness policy in the file is stored, too, in the place of the
one that was stored before. It has to name the directory's log; take it from
somebody you trust, who need not be the operator.`,
		Example: `  kt trust https://keys.example.org --sha256 8d3f...
  kt trust https://keys.example.org --policy witnesses.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, err := a.stateRoot()
			if err != nil {
				return err
			}
			r, err := client.Trust(cmd.Context(), root, args[0], fingerprint, a.config)
			if err != nil {
				return err
			}
			a.finding, a.folder = r.Kind(), r.StateDir
			if a.json {
				a.printJSON(r, true)
				return nil
			}
			a.printTrusted(r)
			return nil
		},
	}
	cmd.Flags().StringVar(&fingerprint, "sha256", "", "the configuration must have this SHA-256, in `hex`")
	return cmd
}

func (a *app) printTrusted(r *client.TrustResult) {
	verb := "now trusted"
	switch {
	case r.AlreadyTrusted:
		verb = "trusted already"
	case r.AuditorChanged:
		verb = "trusted with another auditor from now on"
	}
	a.printf("%s is %s\n", cli.Printable(r.Directory), verb)
	a.printf("  configuration SHA-256 %s (%s)\n", r.ConfigurationSHA256, r.Suite)
	a.printSigners(&r.Signers)
	a.printf("  state in %s\n", cli.Printable(r.StateDir))
	if r.MaxAhead > 0 {
		a.printf("  WARNING: the directory may date its log entries up to %v ahead, and pass old ones off as new for as long\n", r.MaxAhead)
	}
	if p := r.Policy; p != nil {
		verb := "witness policy"
		switch {
		case r.PolicyReplaced:
			verb = "new witness policy, which replaces the one before"
		case r.PolicyStored:
			verb = "new witness policy"
		}
		a.printf("  %s: log %s at %s, witnesses %s, quorum %s\n", verb, cli.Printable(p.Origin), cli.Printable(p.URL), names(p.Witnesses), cli.Printable(p.Quorum))
	}
	a.printVerdict(r.Verdict)
	a.printWitnessed(r.Witness)
	a.printHead(r.Head)
}

// printSigners prints who signs, in a directory that is not one organisation's.
func (a *app) printSigners(s *client.Signers) {
	switch s.Mode {
	case client.ModeThirdPartyManagement:
		a.printf("  managed by a third party, which signs the log with the key   %s\n", base64.StdEncoding.EncodeToString(s.SignatureKey))
		a.printf("  for an operator, who signs each value with the key           %s\n", base64.StdEncoding.EncodeToString(s.LeafKey))
	case client.ModeThirdPartyAuditing:
		a.printf("  the operator signs the log with the key                      %s\n", base64.StdEncoding.EncodeToString(s.SignatureKey))
		a.printf("  a third party audits it, and signs with the key              %s\n", base64.StdEncoding.EncodeToString(s.AuditorKey))
	}
}

func (a *app) historyCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:     "history LABEL",
		Short:   "Show every version of a label, as a diff",
		Example: "  kt history alice@example.org --limit 5",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := label(args[0])
			if err != nil {
				return err
			}
			a.warnOfLabel(name)
			if limit < 0 {
				return usageError("--limit is negative")
			}
			c, err := a.open()
			if err != nil {
				return err
			}
			h, err := c.History(cmd.Context(), name, limit)
			if err != nil {
				return err
			}
			a.finding = h.Kind()
			if a.json {
				a.printJSON(h, true)
				return nil
			}
			a.printHistory(h)
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "show the newest `N` versions (default all)")
	return cmd
}

func (a *app) printMissing(v *client.HistoryVersion) {
	if v.Proven() {
		a.printf("version %d: %s, which is proven\n", v.Version, strings.ToUpper(v.Missing))
		return
	}
	a.printf("version %d: %s, says the directory\n", v.Version, strings.ToUpper(v.Missing))
}

func (a *app) printHistory(h *client.HistoryResult) {
	a.printf("%s, newest version first\n", cli.Printable(h.Label))
	for _, v := range h.Versions {
		if v.Value == nil {
			a.printMissing(&v)
			continue
		}
		a.printf("version %d, no later than log entry %d of %s%s\n", v.Version, v.LogEntry, moment(v.EntryTime), historyAccount(v.Account))
		if v.Changes == nil {
			a.printValue(*v.Value, nil)
			continue
		}
		a.printChanges(v.Changes)
	}
	if h.More {
		a.printf("older versions were left out\n")
	}
	a.printVerdict(h.Verdict)
	a.printWitnessed(h.Witness)
	a.printHead(h.Head)
}

// historyAccount says what the account key says of a version.
func historyAccount(s *client.AccountStatus) string {
	if s == nil {
		return ""
	}
	return ": " + accountWord(s.Status)
}
