package main

import (
	"encoding/hex"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mlsroster"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// mlsFlags are the flags of kt roster about MLS groups.
type mlsFlags struct {
	on          bool
	tree, group string
	suite       uint16
	me          string
}

func (f *mlsFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.on, "mls", false, "the file is an MLS group (RFC 9420): a GroupInfo, or a ratchet tree; binary, hexadecimal or base64")
	flags.StringVar(&f.tree, "mls-tree", "", "the group's ratchet tree is in this `file`, for a GroupInfo without one")
	flags.StringVar(&f.group, "mls-group-id", "", "`id` of the group in hexadecimal, for a ratchet tree without a GroupInfo")
	flags.Uint16Var(&f.suite, "mls-cipher-suite", 0, "`number` of the group's cipher suite, for a ratchet tree without a GroupInfo")
	flags.StringVar(&f.me, "me", "", "your own `label`, for --mls")
}

// check refuses flags that go with --mls only, and --mls without the one that it needs.
func (f *mlsFlags) check() error {
	if f.on && f.me == "" {
		return usageError("say which member you are, with --me LABEL: an MLS group does not tell")
	}
	if !f.on && (f.tree != "" || f.group != "" || f.suite != 0 || f.me != "") {
		return usageError("--me and the flags that begin with --mls- are for --mls")
	}
	return nil
}

// mlsRoster reads an MLS group and makes a roster of it, as of the present.
func (a *app) mlsRoster(path string, f mlsFlags) (*roster.Roster, error) {
	now := time.Now
	if a.config.Now != nil {
		now = a.config.Now
	}
	opt := mlsroster.Options{Seen: now()}
	if f.me != "" {
		var err error
		if opt.Me, err = label(f.me); err != nil {
			return nil, err
		}
	}
	message, err := a.readMLS("the MLS group", path)
	if err != nil {
		return nil, err
	}
	var r *roster.Roster
	switch {
	case message.GroupInfo != nil:
		r, err = a.groupInfoRoster(message.GroupInfo, f, opt)
	case message.Tree != nil:
		r, err = treeRoster(message.Tree, f, opt)
	default:
		return nil, usageError("a KeyPackage is one client's offer to be added, not a group")
	}
	return r, mlsError(err)
}

func (a *app) groupInfoRoster(g *mls.GroupInfo, f mlsFlags, opt mlsroster.Options) (*roster.Roster, error) {
	if f.group != "" || f.suite != 0 {
		return nil, usageError("a GroupInfo says its group id and cipher suite itself")
	}
	switch {
	case f.tree != "":
		message, err := a.readMLS("the ratchet tree", f.tree)
		if err != nil {
			return nil, err
		}
		if message.Tree == nil {
			return nil, usageError("what --mls-tree names is not a ratchet tree")
		}
		g.Tree = message.Tree
	case g.Tree == nil:
		return nil, &client.Error{
			Kind: client.Usage, Err: errors.New("the GroupInfo has no ratchet tree"),
			Hint: "export it with its ratchet_tree extension, or name the tree's file with --mls-tree",
		}
	}
	return mlsroster.OfGroupInfo(g, opt)
}

func treeRoster(t *mls.RatchetTree, f mlsFlags, opt mlsroster.Options) (*roster.Roster, error) {
	id, err := hex.DecodeString(f.group)
	switch {
	case f.tree != "":
		return nil, usageError("--mls-tree is for a GroupInfo; the file is a ratchet tree itself")
	case f.suite == 0:
		return nil, &client.Error{
			Kind: client.Usage, Err: errors.New("a ratchet tree does not say its cipher suite and its group"),
			Hint: "give its GroupInfo as well, and the tree with --mls-tree: then it is known to be complete, too; or --mls-cipher-suite and --mls-group-id",
		}
	case f.group == "":
		return nil, usageError("say the group's id in hexadecimal, with --mls-group-id: leaves are signed for it")
	case err != nil:
		return nil, usageError("--mls-group-id is not hexadecimal")
	}
	return mlsroster.OfTree(t, mls.CipherSuite(f.suite), id, opt)
}

func (a *app) readMLS(what, path string) (*mls.Message, error) {
	data, err := a.readInput(what, path, 2*mls.MaxSize)
	if err != nil {
		return nil, err
	}
	message, err := mls.Parse(data)
	if err != nil {
		return nil, usageError("%s: %w", what, err)
	}
	return message, nil
}

// mlsError says what it means that there is no roster of a group.
func mlsError(err error) error {
	const step = "reading the MLS group"
	var told *client.Error
	switch {
	case err == nil || errors.As(err, &told):
		return err
	case errors.Is(err, mls.ErrNotVerified):
		return &client.Error{
			Kind: client.Attention, Step: step, Err: err,
			Hint: "this is not the group that its members agreed on; export it from your own client, and do not use this one",
		}
	case errors.Is(err, mlsroster.ErrNoLabel):
		return &client.Error{
			Kind: client.Attention, Step: step, Err: err,
			Hint: "the credential of such a leaf names nobody whom the directory knows; docs/mls.md tells which do",
		}
	case errors.Is(err, mls.ErrUnknownCipherSuite):
		return &client.Error{Kind: client.Undecided, Step: step, Err: err}
	}
	return usageError("the MLS group: %w", err)
}
