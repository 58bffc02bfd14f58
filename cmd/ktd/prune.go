package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/progress"
	"github.com/ghostlight-kt/ghostlight/directory"
)

func newPrune() *cobra.Command {
	var q pruneRequest
	cmd := &cobra.Command{
		Use:   "prune DIR",
		Short: "Remove what has passed the maximum lifetime",
		Long: `Remove from the directory in DIR what is older than the maximum lifetime in its
configuration and is needed for no answer: old versions of the prefix tree. All
proofs stay verifiable. If 'ktd serve' runs, it does this, and serves meanwhile.
Interrupted, it can be run again; run it as often as you like, for instance daily.

Users who have not monitored for longer than the lifetime have to look labels up
anew (kt lookup), and owners to take theirs over anew (kt own LABEL --anew).

The public log, below /log, stays whole, so that anybody can still verify all of it
from its beginning. With --public-log, its expired entries and their changes go, too,
in whole bundles of 256, except for the few entries that proofs need. Nobody can then
start a mirror but from a copy of another, and users who were away for longer than
the lifetime have to pin the directory anew. Announce that, and for how long you keep
entries, before the first time: it cannot be undone. Hashes of the tree stay, so that
every entry's inclusion, and consistency with every size, can be proven for ever.`,
		Example: "  ktd prune /var/lib/ghostlight\n  ktd prune /var/lib/ghostlight --public-log --keep 4380h",
		Args:    arguments(1, 1),
	}
	f := cmd.Flags()
	f.DurationVar(&q.Keep, "keep", 0, "keep everything for this `time` beyond the maximum lifetime")
	f.BoolVar(&q.PublicLog, "public-log", false, "also remove expired entries and changes from the public log")
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if q.Keep < 0 {
			return cli.Usage(cmd, "--keep is negative")
		}
		var done directory.Pruned
		show, clear := showPruning(cmd.ErrOrStderr())
		err := operate(cmd.Context(), args[0], commandPrune, q, show, &done)
		clear()
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), newPruneOutput(done))
		}
		return printPruned(cmd.OutOrStdout(), done)
	}
	return cmd
}

// pruneRequest is the request of the command.
type pruneRequest struct {
	Keep      time.Duration `json:"keep_ns"`
	PublicLog bool          `json:"public_log"`
}

// pruneOutput is what prune --json prints.
type pruneOutput struct {
	SchemaVersion int    `json:"schema_version"`
	TreeSize      uint64 `json:"tree_size"`
	FirstVersion  uint64 `json:"first_prefix_tree"` // the first log entry whose prefix tree is left
	FirstEntry    uint64 `json:"first_entry"`       // of the public log: C2SP's minimum index
	Removed       uint64 `json:"records_removed"`
	Compacted     bool   `json:"compacted"` // their space was given up
}

func newPruneOutput(p directory.Pruned) pruneOutput {
	return pruneOutput{schemaVersion, p.TreeSize, p.Versions, p.Entries, p.Removed, p.Compacted}
}

func printPruned(w io.Writer, p directory.Pruned) error {
	_, err := fmt.Fprintf(w, "%d of %d log entries have expired: %d records were removed\nthe public log begins with entry %d\n",
		p.Versions, p.TreeSize, p.Removed, p.Entries)
	return err
}

// showPruning returns what draws how far pruning is, and what clears that.
func showPruning(stderr io.Writer) (show func(json.RawMessage), clear func()) {
	var bar *progress.Bar
	show = func(p json.RawMessage) {
		var done directory.Pruned
		if json.Unmarshal(p, &done) != nil {
			return
		}
		if bar == nil {
			bar = progress.New(stderr, "pruning", 0, func(n int64) string { return fmt.Sprintf("%d records examined", n) })
		}
		bar.Set(int64(done.Examined))
	}
	return show, func() { bar.Clear() }
}
