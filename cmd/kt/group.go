package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

func (a *app) groupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "group",
		Short: "Keep a group's members, so that nobody but a member can add one",
		Long: `A group can own a label. Its value is the list of the members, each with the account
key that they act with, and each version is signed by a member. The directory can
publish a version of any label, but not one that a member signed: who was put into the
group by the directory shows, and is disregarded. See docs/groups.md.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usageError("say what to do with a group: create, add, remove, rekey or verify")
		},
	}
	cmd.AddCommand(a.groupCreateCommand(), a.groupAddCommand(), a.groupRemoveCommand(), a.groupRekeyCommand(), a.groupVerifyCommand())
	return cmd
}

// groupFlags are what the commands that make a version of a group have in common.
type groupFlags struct {
	as, key, tokenFile string
}

func (f *groupFlags) add(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.as, "as", "", "your `label`")
	flags.StringVar(&f.key, "account-key", "", "`file` with your account key; - for standard input")
	flags.StringVar(&f.tokenFile, "token-file", "", "`file` with the token that the operator issued; - for standard input")
	a.addWaitFlag(cmd)
}

func (f *groupFlags) options(a *app) (opt client.GroupPublishOptions, err error) {
	if f.as == "" || f.key == "" {
		return opt, usageError("say who you are, with --as LABEL and --account-key FILE")
	}
	if opt.As, err = label(f.as); err != nil {
		return opt, err
	}
	if opt.Token, err = a.readToken(f.tokenFile); err != nil {
		return opt, err
	}
	opt.Account, err = a.readAccountKey("--account-key", f.key)
	return opt, err
}

// groupLabels normalises the label of a group and those of people, and warns of them.
func (a *app) groupLabels(args []string) (name string, people []string, err error) {
	for _, arg := range args {
		l, err := label(arg)
		if err != nil {
			return "", nil, err
		}
		a.warnOfLabel(l)
		people = append(people, l)
	}
	return people[0], people[1:], nil
}

// publishGroup makes a version of a group.
func (a *app) publishGroup(args []string, f *groupFlags, publish func(c *client.Client, name string, people []string, opt client.GroupPublishOptions) (*client.GroupPublishResult, error)) error {
	name, people, err := a.groupLabels(args)
	if err != nil {
		return err
	}
	opt, err := f.options(a)
	if err != nil {
		return err
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	r, err := publish(c, name, people, opt)
	if err != nil {
		return err
	}
	a.finding = r.Kind()
	if a.json {
		a.printJSON(r, true)
		return nil
	}
	a.printGroupPublished(r)
	return nil
}

func (a *app) groupCreateCommand() *cobra.Command {
	var f groupFlags
	cmd := &cobra.Command{
		Use:   "create GROUP [LABEL...]",
		Short: "Found a group",
		Long: `Found a group under a label that has no version yet: with you and others. Each of you
must have a label with an account key. Every member may add and remove everybody.`,
		Example: "  kt group create '#team@example.org' bob@example.org --as me@example.org --account-key account.pem --token-file token",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.publishGroup(args, &f, func(c *client.Client, name string, people []string, opt client.GroupPublishOptions) (*client.GroupPublishResult, error) {
				return c.CreateGroup(cmd.Context(), name, people, opt)
			})
		},
	}
	f.add(a, cmd)
	return cmd
}

func (a *app) groupAddCommand() *cobra.Command {
	var f groupFlags
	cmd := &cobra.Command{
		Use:   "add GROUP LABEL...",
		Short: "Add members to a group that you are in",
		Long: `Add members to a group that you are in. What other members did meanwhile is taken in;
a version that no member made is named and stops you, with exit code 6. If you know
of it, kt own GROUP --accept N takes note, and your next change takes its place.`,
		Example: "  kt group add '#team@example.org' carol@example.org --as me@example.org --account-key account.pem --token-file token",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.publishGroup(args, &f, func(c *client.Client, name string, people []string, opt client.GroupPublishOptions) (*client.GroupPublishResult, error) {
				return c.ChangeGroup(cmd.Context(), name, client.GroupChanges{Add: people}, opt)
			})
		},
	}
	f.add(a, cmd)
	return cmd
}

func (a *app) groupRemoveCommand() *cobra.Command {
	var f groupFlags
	cmd := &cobra.Command{
		Use:     "remove GROUP LABEL...",
		Short:   "Remove members from a group that you are in, or leave it",
		Long:    `Remove members from a group that you are in. Remove yourself to leave it.`,
		Example: "  kt group remove '#team@example.org' bob@example.org --as me@example.org --account-key account.pem --token-file token",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.publishGroup(args, &f, func(c *client.Client, name string, people []string, opt client.GroupPublishOptions) (*client.GroupPublishResult, error) {
				return c.ChangeGroup(cmd.Context(), name, client.GroupChanges{Remove: people}, opt)
			})
		},
	}
	f.add(a, cmd)
	return cmd
}

func (a *app) groupRekeyCommand() *cobra.Command {
	var f groupFlags
	var newKey string
	cmd := &cobra.Command{
		Use:   "rekey GROUP",
		Short: "Act in a group with the account key that yours was rotated to",
		Long: `Act in a group with another account key from now on: the one to which that of your
label was rotated with kt account rotate. Until you do so, it is the old one that acts.`,
		Example: "  kt group rekey '#team@example.org' --as me@example.org --account-key old.pem --new-account-key new.pem --token-file token",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if newKey == "" {
				return usageError("say where the new account key is, with --new-account-key FILE")
			}
			signer, err := a.readAccountKey("--new-account-key", newKey)
			if err != nil {
				return err
			}
			return a.publishGroup(args, &f, func(c *client.Client, name string, _ []string, opt client.GroupPublishOptions) (*client.GroupPublishResult, error) {
				return c.ChangeGroup(cmd.Context(), name, client.GroupChanges{NewKey: signer}, opt)
			})
		},
	}
	cmd.Flags().StringVar(&newKey, "new-account-key", "", "`file` with your new account key")
	f.add(a, cmd)
	return cmd
}

func (a *app) groupVerifyCommand() *cobra.Command {
	var opt client.GroupOptions
	var batch bool
	cmd := &cobra.Command{
		Use:   "verify GROUP",
		Short: "Tell who is in a group, and who added them",
		Long: `Look up a group, follow all its versions from the first one, and hold each member's
account key against that of their label. Versions that no member made are named, and
the members are those of the last version that a member made.

Exit codes: 0 verified, 3 the directory contradicted itself, 4 there is no such label,
5 could not decide, 6 there are versions that no member made, or a member with an
account key that is not theirs.`,
		Example: "  kt group verify '#team@example.org'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, _, err := a.groupLabels(args)
			if err != nil {
				return err
			}
			if opt.Versions < 1 {
				return usageError("--versions: %d is less than one version", opt.Versions)
			}
			c, err := a.open()
			if err != nil {
				return err
			}
			opt.OneByOne = !batch
			r, err := c.VerifyGroup(cmd.Context(), name, opt)
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			if a.json {
				a.printJSON(r, true)
			} else {
				a.printGroup(r)
			}
			a.printLabelEvidence(r.Evidence)
			return nil
		},
	}
	cmd.Flags().IntVar(&opt.Versions, "versions", client.DefaultGroupVersions, "follow `N` versions of the group, at most")
	cmd.Flags().BoolVar(&batch, "batch", true, "ask for many versions and labels at once, if the directory permits")
	return cmd
}

// printGroup prints a verified group for people.
func (a *app) printGroup(r *client.GroupResult) {
	a.printf("%s, version %d\n", cli.Printable(r.Group), r.Version)
	if r.Stood != r.Version {
		a.printf("THE MEMBERS ARE THOSE OF VERSION %d: what came after was made by no member\n", r.Stood)
	}
	a.printGroupMembers(r.Members)
	for i := range r.Versions {
		if v := &r.Versions[i]; v.Status != client.GroupStands {
			a.printf("%s: version %d, in log entry %d of %s: %s\n", strings.ToUpper(v.Status), v.Version, v.LogEntry, moment(v.EntryTime), cli.Printable(v.Why))
		}
	}
	a.printGroupNews(r)
	for _, f := range r.Findings {
		a.printf("FINDING %s: %s: %s\n", f.Code, cli.Printable(f.Label), cli.Printable(f.Message))
	}
	a.printVerdict(r.Verdict)
	a.printWitnessed(r.Witness)
	a.printHead(r.Head)
}

func (a *app) printGroupMembers(members []client.GroupMember) {
	for _, m := range members {
		a.printf("  %s, added by %s at version %d\n    account key %s\n", cli.Printable(m.Label), cli.Printable(m.AddedBy), m.AddedAt, m.Key)
	}
}

// printGroupNews prints what members did since this client last looked.
func (a *app) printGroupNews(r *client.GroupResult) {
	if r.Seen == nil {
		return
	}
	for i := range r.Versions {
		v := &r.Versions[i]
		if v.Version <= *r.Seen || v.Status != client.GroupStands {
			continue
		}
		a.printf("new: version %d, by %s", v.Version, cli.Printable(v.Actor))
		a.printGroupChange(v.Added, v.Removed)
		if v.Rekeyed {
			a.printf("; has another account key")
		}
		a.printf("\n")
	}
}

// printGroupChange goes on in a line, with whom a version added and removed.
func (a *app) printGroupChange(added, removed []string) {
	for _, part := range []struct {
		verb   string
		labels []string
	}{{"added", added}, {"removed", removed}} {
		if len(part.labels) > 0 {
			a.printf("; %s %s", part.verb, cli.Printable(strings.Join(part.labels, ", ")))
		}
	}
}

func (a *app) printGroupPublished(r *client.GroupPublishResult) {
	switch {
	case r.Published:
		a.printf("published %s, version %d", cli.Printable(r.Group), *r.Version)
		a.printGroupChange(r.Added, r.Removed)
		a.printf("\n")
	case len(r.Unexpected) == 0 && r.Version != nil:
		a.printf("%s is unchanged at version %d\n", cli.Printable(r.Group), *r.Version)
	}
	a.printGroupMembers(r.Members)
	a.printUnexpected(r.Group, r.Unexpected)
	for i := range r.Answered {
		a.printf("ANSWERED: %s\n", &r.Answered[i])
	}
	a.printVerdict(r.Verdict)
	a.printWitnessed(r.Witness)
	a.printHead(r.Head)
}

// printGroupAnswer prints how a member answers a version that no member made.
func (a *app) printGroupAnswer(label string, u *client.Unexpected) {
	label = cli.Printable(label)
	a.printf("  %s\n", cli.Printable(u.Group))
	a.printf("  whoever verifies the group disregards it; the members without it: kt group verify %s\n", label)
	a.printf("  to go on, take note of it, and your next change takes its place: kt own %s --accept %d\n", label, u.Version)
}

// printLabelEvidence names the evidence files about labels.
func (a *app) printLabelEvidence(evidence map[string]string) {
	for _, label := range slices.Sorted(maps.Keys(evidence)) {
		path, about := evidence[label], ""
		if label != "" {
			about = cli.Printable(label) + ": "
		}
		if path == "" {
			path = "none could be written"
		}
		a.printErrf("%s%s: evidence: %s", about, client.OutcomeMisbehaviour, cli.Printable(path))
	}
}
